"""OpenTimelineIO's own files (.otio).

The library that reads them is written in C++ and can be brought down by a file that is not as it expects (values of
another type in the place of a rate or a track, say). What strangers upload must not end the process that serves pages,
so it works in a process of its own, `timeline_files.otio_clips`.
"""

from __future__ import annotations

import json
import subprocess
import sys

from audience.errors import InvalidValue
from timeline_files.extra import need
from timeline_files.parts import Part
from timeline_files.text import text_of

# A file of the largest size allowed takes a second.
_PATIENCE_S = 30


def read_otio(data: bytes) -> list[Part]:
    """The clips of a timeline's first video track (or its first track), gaps left out, nested clips as one.

    Positions in a track begin at 0; the timecode the timeline claims to begin at is left out.

    Raises:
        InvalidValue: it is no such file, or holds no timeline or several.
    """
    need("opentimelineio", "reading .otio files")
    text = text_of(data)
    try:
        # Says in which line a mistake is, and refuses what is nested too deep.
        json.loads(text)
    except json.JSONDecodeError as problem:
        raise InvalidValue(f"line {problem.lineno}: is not JSON: {problem.msg}") from None
    except (RecursionError, ValueError) as problem:
        raise InvalidValue(f"is no OpenTimelineIO file ({problem}): export it anew") from None
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "timeline_files.otio_clips"],
            input=text.encode(),
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        raise InvalidValue(f"could not be read within {_PATIENCE_S} s: export it anew") from None
    if ran.returncode:
        raise InvalidValue("is no OpenTimelineIO file that can be read: export it anew")
    answer = json.loads(ran.stdout)
    if "refused" in answer:
        raise InvalidValue(answer["refused"])
    return [Part(**clip) for clip in answer["clips"]]
