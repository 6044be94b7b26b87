"""The Sessions page: the list of all sessions."""
