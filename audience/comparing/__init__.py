"""Comparing screenings: aligned cuts, tests, sample sizes, scenes over many audiences, synchrony and norms."""
