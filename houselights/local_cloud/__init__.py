"""Emulates the cloud on one machine: moto for AWS and a small server for Amazon Rekognition, both over real HTTP.

For tests, benches and trials on a laptop. All data is in memory, and nothing is sent to AWS.
"""
