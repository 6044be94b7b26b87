"""The Session page: one session as its presenter reads it."""
