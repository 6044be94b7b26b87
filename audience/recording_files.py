"""A recording as one file: its fingerprint, and the options with which FFmpeg opens that file and nothing it names.

Playlists, lists of parts and descriptions of streams are files too, whatever their names end in, and FFmpeg would open
what they name: other files of this machine, and other hosts.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from audience.errors import RecordingUnreadable

_BYTES = 1 << 20


def fingerprint(file: BinaryIO) -> str:
    """Tells one recording from another without reading all of it: by its size, its first and its last megabyte.

    Args:
        file: the recording, open for reading; it is left at no known position.

    Returns:
        64 hexadecimal digits (SHA-256).
    """
    size = file.seek(0, os.SEEK_END)
    digest = hashlib.sha256(str(size).encode())
    file.seek(0)
    digest.update(file.read(_BYTES))
    file.seek(max(0, size - _BYTES))
    digest.update(file.read(_BYTES))
    return digest.hexdigest()


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
