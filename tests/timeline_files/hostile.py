"""What a file from a stranger may make its reader do, as functions that `confined` calls in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

from audience.errors import RecordingUnreadable


def reckon(_data: bytes) -> None:
    """Goes on for ever, in Python."""
    while True:
        pass


def reckon_in_c(_data: bytes) -> int:
    """Goes on for ever, as near as makes no difference, in C: nothing of Python's is asked meanwhile."""
    return len(str(7**10_000_000))


def sleep(_data: bytes) -> None:
    """Goes on for ever and costs nothing."""
    while True:
        signal.pause()


def take_memory(_data: bytes) -> int:
    """Takes 4 GiB."""
    return len(bytes(4 << 30))


def crash(_data: bytes) -> None:
    """Ends as a mistake in C does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(_data: bytes) -> None:
    """Says that it cannot."""
    raise RecordingUnreadable("no such thing")


def size(data: bytes, *, times: int) -> int:
    """How long the data is."""
    return len(data) * times


def inherited(_data: bytes) -> dict[str, Any]:
    """What a reader finds of the process that asked for it: its environment, and what its open files are."""
    files = []
    for one in [*Path("/proc/self/fd").iterdir()]:
        with contextlib.suppress(OSError):  # the folder itself is open while it is looked through
            files.append(str(one.readlink()))
    return {"environment": Path("/proc/self/environ").read_text(), "files": files}


def write(_data: bytes) -> None:
    """Writes a file."""
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
