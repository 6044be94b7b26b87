"""Monitoring: how each camera is, which rules of a session are broken, and what a day costs."""
