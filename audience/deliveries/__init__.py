"""The format of deliveries through S3: contact sheets and window files, shared by sender and receiver.

`edge_lambda` draws sheets and `ingest_lambda` scores them; this package is all they share. Nothing here decodes a
picture.
"""
