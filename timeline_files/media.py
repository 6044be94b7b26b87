"""Opens untrusted media files, and reads their chapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from audience.errors import RecordingUnreadable
from audience.recording_files import isolated_open_options
from timeline_files.optional import require
from timeline_files.parts import Part

if TYPE_CHECKING:
    from av.container import InputContainer


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Opens a media file, and closes it with the context.

    Raises:
        RecordingUnreadable: the file is missing, or is not a media file.
        InvalidValue: PyAV is not installed.
    """
    require("av", "reading films")
    import av
    from av.error import FFmpegError

    if not path.is_file():
        raise RecordingUnreadable(f"{path} is not a file: check the name and the folder")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb", buffering=0))
            container = stack.enter_context(av.open(file, **isolated_open_options(path)))
        except (FFmpegError, OSError, UnicodeError) as problem:
            raise RecordingUnreadable(f"{path} cannot be opened as a film or sound ({problem})") from None
        yield container


def read_chapters(path: Path) -> tuple[list[Part], float | None]:
    """Reads the chapters of a media file, and its length in seconds (None if the file does not state it).

    Raises:
        RecordingUnreadable: the file is missing, or is not a media file.
    """
    with open_media(path) as container:
        length_s = container.duration / 1_000_000 if container.duration else None
        parts = []
        for number, chapter in enumerate(container.chapters(), start=1):
            tick = float(chapter["time_base"] or 1)
            start_s, end_s = round(chapter["start"] * tick, 6), round(chapter["end"] * tick, 6)
            title = chapter["metadata"].get("title") or f"Chapter {number}"
            # Some writers set the last end to its start.
            parts.append(
                Part(where=f"chapter {number}", title=title, start_s=start_s, end_s=end_s if end_s > start_s else None)
            )
    return parts, length_s
