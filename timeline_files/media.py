"""Opens untrusted media files, and reads their chapters."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from audience.errors import RecordingUnreadable
from audience.recording_files import isolated_open_options
from timeline_files.optional import require
from timeline_files.parts import MOST_PARTS, Part

if TYPE_CHECKING:
    from av.container import InputContainer

_LARGEST_CHUNK: Final = 4 * 2**20


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Opens a media file, and closes it with the context.

    Raises:
        RecordingUnreadable: the file is missing, or is not a media file.
        InvalidValue: PyAV is not installed.
    """
    require("av", "reading films")
    if not path.is_file():
        raise RecordingUnreadable(f"{path} is not a file: check the name and the folder")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb", buffering=0))
        except OSError as problem:
            raise RecordingUnreadable(f"{path} cannot be opened as a film or sound ({problem})") from None
        yield stack.enter_context(_container(file, path))


@contextmanager
def _container(file: IO[bytes], path: Path) -> Iterator[InputContainer]:
    import av
    from av.error import FFmpegError

    with ExitStack() as stack:
        try:
            container = stack.enter_context(av.open(file, **isolated_open_options(path)))
        except (FFmpegError, OSError, UnicodeError) as problem:
            raise RecordingUnreadable(f"{path} cannot be opened as a film or sound ({problem})") from None
        yield container


def read_chapters(path: Path) -> tuple[list[Part], float | None]:
    """Reads the chapters of a media file, and its length in seconds (None if the file does not state it).

    A WAV file's cue points, with their labels, are its chapters.

    Raises:
        RecordingUnreadable: the file is missing, or is not a media file.
    """
    with open_media(path) as container:
        parts, length_s = _chapters(container)
    if not parts:
        with path.open("rb") as file:
            parts = _wav_cues(file)
    return parts, length_s


def read_chapters_in(data: bytes, name: str) -> tuple[list[Part], float | None]:
    """Reads the chapters of a media file in memory, as `read_chapters` does.

    Args:
        data: the whole file.
        name: its name, for messages.

    Raises:
        RecordingUnreadable: it is not a media file.
    """
    require("av", "reading films")
    with _container(io.BytesIO(data), Path(name)) as container:
        parts, length_s = _chapters(container)
    return parts or _wav_cues(io.BytesIO(data)), length_s


def _chapters(container: InputContainer) -> tuple[list[Part], float | None]:
    length_s = container.duration / 1_000_000 if container.duration else None
    parts = []
    for number, chapter in enumerate(container.chapters(), start=1):
        tick = chapter["time_base"] or 1
        start_s, end_s = round(float(chapter["start"] * tick), 6), round(float(chapter["end"] * tick), 6)
        title = chapter["metadata"].get("title") or f"Chapter {number}"
        # Some writers set the last end to its start.
        parts.append(
            Part(where=f"chapter {number}", title=title, start_s=start_s, end_s=end_s if end_s > start_s else None)
        )
    return parts, length_s


def _wav_cues(file: IO[bytes]) -> list[Part]:
    """The cue points of a WAV file with their labels (RIFF `cue ` and `LIST adtl`); empty if it has none."""
    if file.read(12)[:4] not in (b"RIFF", b"RF64"):
        return []
    rate = 0
    points: dict[int, int] = {}
    labels: dict[int, str] = {}
    lengths: dict[int, int] = {}
    end = file.seek(0, os.SEEK_END)
    at = file.seek(12)
    while at + 8 <= end:
        name, size = struct.unpack("<4sI", file.read(8))
        if name in (b"fmt ", b"cue ", b"LIST") and size <= _LARGEST_CHUNK:
            body = file.read(size)
            if name == b"fmt " and len(body) >= 8:
                rate = struct.unpack_from("<I", body, 4)[0]
            elif name == b"cue ":
                points = {
                    struct.unpack_from("<I", body, place)[0]: struct.unpack_from("<I", body, place + 20)[0]
                    for place in range(4, len(body) - 23, 24)
                }
            elif body[:4] == b"adtl":
                _labels(body, labels, lengths)
        at = file.seek(at + 8 + size + size % 2)
    parts = []
    for number, (key, sample) in enumerate(sorted(points.items(), key=lambda one: one[1])[: MOST_PARTS + 1], start=1):
        if not rate:
            return []
        start_s = round(sample / rate, 6)
        end_s = round((sample + lengths[key]) / rate, 6) if lengths.get(key) else None
        title = labels.get(key) or f"Marker {number}"
        parts.append(Part(where=f"marker {number}", title=title, start_s=start_s, end_s=end_s))
    return parts


def _labels(body: bytes, labels: dict[int, str], lengths: dict[int, int]) -> None:
    at = 4
    while at + 12 <= len(body):
        name, size, key = struct.unpack_from("<4sII", body, at)
        if name == b"labl":
            raw = body[at + 12 : at + 8 + size].split(b"\0")[0]
            try:
                labels[key] = raw.decode().strip()
            except UnicodeDecodeError:
                labels[key] = raw.decode("windows-1252", "replace").strip()
        elif name == b"ltxt" and size >= 8:
            lengths[key] = struct.unpack_from("<I", body, at + 12)[0]
        at += 8 + size + size % 2
