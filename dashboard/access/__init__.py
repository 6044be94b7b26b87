"""Access: who may see what, where the pages are served to others than the person at this machine."""
