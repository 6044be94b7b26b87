"""The room notice: a sheet that tells people what a session's cameras do, in several languages, as PDF and HTML."""
