"""Runs the ingest function on this machine, for a folder of deliveries or an SQS queue."""
