"""What a camera delivers through S3: contact sheets and window files, as both ends of the way read and write them.

The sending end draws sheets in `edge_lambda`, the receiving end scores them in `ingest_lambda`; neither knows the
other, and this is all they share. Nothing here decodes a picture.
"""
