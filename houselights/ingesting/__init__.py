"""Runs the ingest function on this machine: on a folder of deliveries, or on a queue of AWS."""
