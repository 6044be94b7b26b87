"""A simulated festival day: stages whose true liveliness is known, and cameras that fail as real ones do.

Nothing here was recorded of anybody. The crowd and its scorer are those of the sample sessions (`sample_data.crowd`).
"""
