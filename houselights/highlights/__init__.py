"""Highlights: a talk's own recording cut at the session's key moments, and its slides by reaction.

The recording is of the speaker or the screen. One of the audience is refused (`own_recording`).
"""
