"""Cuts clips out of a recording into one file: by copying where the file lets it, else by encoding anew."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from av.error import FFmpegError

from audience.errors import ExportFailed, InvalidValue
from audience.private_files import new_private_file
from houselights.highlights.clips import Clip, CutClip
from houselights.highlights.copying import CannotCopy, copy_clips
from houselights.highlights.encoding import encode_clips

CONTAINERS: Final = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Kinds of file that are written, by the ending of their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutFile:
    """A file of clips.

    Attributes:
        path: where it lies.
        clips: what was cut.
        encoded_because: why it was encoded anew; "" where packets were copied.
    """

    path: Path
    clips: tuple[CutClip, ...]
    encoded_because: str = ""


def usual_ending(source: Path) -> str:
    """The ending of a file of clips where none is asked for: WebM stays WebM, and all else becomes MP4."""
    return ".webm" if source.suffix.lower() == ".webm" else ".mp4"


def cut_file(source: Path, clips: Sequence[Clip], target: Path, *, burn: bool = False) -> CutFile:
    """Writes clips into one file that only its owner can read; an existing one is replaced once it is complete.

    Args:
        source: the recording.
        clips: in order of time, one at least.
        target: the file.
        burn: whether captions are drawn into the picture, which encodes it anew; else they are a subtitle track.

    Raises:
        InvalidValue: the file's name has another ending than those of `CONTAINERS`, or it is the recording.
        RecordingUnreadable: the recording cannot be read.
        ExportFailed: the file cannot be written.
    """
    kind = CONTAINERS.get(target.suffix.lower())
    if kind is None:
        raise InvalidValue(f"{target} is none of {', '.join(CONTAINERS)}: give a file of such a kind with --to")
    if target.exists() and source.exists() and target.samefile(source):
        raise InvalidValue(f"{target} is the recording itself: give another file with --to")
    # The name has no ending that a list of recordings would show.
    part = target.with_name(f".{target.name}.part")
    because = "captions are drawn into the picture" if burn else ""
    try:
        os.close(new_private_file(part))
        cuts = None
        if not burn:
            try:
                cuts = copy_clips(source, clips, part, kind=kind)
            except CannotCopy as reason:
                because = str(reason)
            except FFmpegError as problem:
                because = f"its packets cannot be copied ({problem.strerror})"
        if cuts is None:
            cuts = encode_clips(source, clips, part, kind=kind, burn=burn)
        part.replace(target)
    except (FFmpegError, OSError) as problem:
        raise ExportFailed(f"{target} cannot be written: {problem.strerror or problem}; choose another --to") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return CutFile(path=target, clips=cuts, encoded_because=because)
