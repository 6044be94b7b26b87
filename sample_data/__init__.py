"""Sample sessions: scripts of what was shown and how many people smiled, and a simulated crowd that follows them.

Nothing here was recorded from real people. Every session is marked as simulated, also in its title.
"""
