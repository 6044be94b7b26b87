"""A recording is one file: what FFmpeg is told, so that it opens that file and nothing that the file names.

Playlists, lists of parts and descriptions of streams are files too, whatever their names end in, and FFmpeg would open
what they name: other files of this machine, and other hosts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from audience.errors import RecordingUnreadable


def opening_alone(path: Path) -> dict[str, Any]:
    """What to open a file with: `av.open(file, **opening_alone(path))`, the file opened before in binary mode.

    FFmpeg then reads that file by Python, and has no protocol by which to open another. Where it asks for one,
    `av.open` raises RecordingUnreadable.

    Args:
        path: the file's, for messages.
    """

    def refuse(_url: str, _flags: int, _options: dict[str, str]) -> NoReturn:
        raise RecordingUnreadable(
            f"{path} is a list of other files or addresses, which are not opened; give a video file"
        )

    return {
        "mode": "r",
        "metadata_errors": "replace",
        "options": {"protocol_whitelist": "none"},
        "io_open": refuse,
    }
