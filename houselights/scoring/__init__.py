"""Scores recordings: a recording in, windows in the store."""
