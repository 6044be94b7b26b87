"""The welcome desk: who of those that checked in comes in now."""
