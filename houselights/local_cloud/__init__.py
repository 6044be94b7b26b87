"""The cloud on one machine: moto stands in for AWS, and a small server for Amazon Rekognition, both over real HTTP.

For tests, benches and trying it all on a laptop. Everything is kept in memory, and nothing is ever sent to AWS.
"""
