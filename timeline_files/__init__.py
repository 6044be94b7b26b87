"""Timelines out of files: what was shown, as others have written it down, and as the recording itself tells it.

Each kind of file has a reader of its own, which gives back parts (`timeline_files.parts`); `timeline_files.reading`
chooses the reader and makes the timeline.
"""
