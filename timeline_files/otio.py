"""OpenTimelineIO's own files (.otio).

The library that reads them is written in C++ and can be brought down by a file that is not as it expects (values of
another type in the place of a rate or a track, say). `timeline_files.reading` reads every file in a process of its own.
"""

from __future__ import annotations

import json

from audience.errors import InvalidValue
from timeline_files.extra import need
from timeline_files.parts import Part
from timeline_files.text import text_of


def read_otio(data: bytes) -> list[Part]:
    """The clips of a timeline's first video track (or its first track), gaps left out, nested clips as one.

    Positions in a track begin at 0; the timecode the timeline claims to begin at is left out.

    Raises:
        InvalidValue: it is no such file, or holds no timeline or several.
    """
    need("opentimelineio", "reading .otio files")
    from timeline_files.otio_clips import clips_of

    text = text_of(data)
    try:
        # Says in which line a mistake is, and refuses what is nested too deep.
        json.loads(text)
    except json.JSONDecodeError as problem:
        raise InvalidValue(f"line {problem.lineno}: is not JSON: {problem.msg}") from None
    except (RecursionError, ValueError) as problem:
        raise InvalidValue(f"is no OpenTimelineIO file ({problem}): export it anew") from None
    return clips_of(text)
