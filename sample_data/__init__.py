"""Sample sessions: scripts that say what was shown and how many smiled, and the crowd that acts them out.

Nothing here was recorded of anybody. Every session is marked as simulated and says so in its title.
"""
