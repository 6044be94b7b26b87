"""Fingerprints of recordings, and options that keep FFmpeg from opening anything but the given file.

A file with any extension may be a playlist or a stream description, and FFmpeg would open what it refers to: other
files on this machine, and other hosts.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from audience.errors import RecordingUnreadable

_BYTES = 1 << 20


def fingerprint(file: BinaryIO) -> str:
    """A hash that identifies a recording without reading all of it: of its size, first and last megabyte.

    Args:
        file: the recording, open for reading; its position changes.

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


def isolated_open_options(path: Path) -> dict[str, Any]:
    """Options for `av.open(file, **isolated_open_options(path))`, where `file` is open in binary mode.

    FFmpeg then reads that file through Python and has no protocol to open another. If it tries to, `av.open` raises
    RecordingUnreadable.

    Args:
        path: path of the file, for messages.
    """

    def refuse(_url: str, _flags: int, _options: dict[str, str]) -> NoReturn:
        raise RecordingUnreadable(
            f"{path} is a list of other files or addresses, which are not opened: give a video file"
        )

    return {
        "mode": "r",
        "metadata_errors": "replace",
        "options": {"protocol_whitelist": "none"},
        "io_open": refuse,
    }
