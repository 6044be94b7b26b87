"""Reads timelines from files and films, and finds when a film or talk began.

Each file format has its own reader, which returns parts (`timeline_files.parts`). `timeline_files.reading` picks the
reader and builds the timeline.
"""
