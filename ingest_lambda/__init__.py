"""What cameras delivered, from the bucket into the store: contact sheets are scored, window files taken as they are.

handler.py      the function AWS Lambda calls: one batch of queue messages, what fails of it comes again
worker.py       one message: reads the object, has it taken, removes it; sets aside what can never be taken
ingest.py       the work itself: a sheet or window file becomes records
rekognition.py  the scorer of sheets in the cloud
"""
