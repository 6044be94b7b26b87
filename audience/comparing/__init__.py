"""Comparing screenings: cuts on one axis, tests, plans, scenes over many audiences, synchrony and norms."""
