"""The page of the public board, for whoever serves it: the dashboard's own server, or a bucket in the cloud."""
