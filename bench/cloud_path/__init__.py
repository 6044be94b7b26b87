"""What `python -m bench cloud` measures, a part a file."""
