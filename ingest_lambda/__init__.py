"""Records what cameras delivered: scores contact sheets, reads window files, and writes both to the store.

handler.py      entry point of AWS Lambda: one batch of queue messages; failed ones are retried
worker.py       one message: reads the object, records it, removes it; sends hopeless ones to the dead letters
ingest.py       turns a sheet or window file into records
rekognition.py  the scorer of sheets in the cloud
"""
