"""Scores recordings into the store."""
