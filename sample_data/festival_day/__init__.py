"""A simulated festival day: stages with known true liveliness, and cameras with realistic faults.

Nothing here was recorded from real people. The crowd and its scorer are those of the sample sessions
(`sample_data.crowd`).
"""
