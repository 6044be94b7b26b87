"""What an untrusted file may make its reader do: functions for `run_isolated`."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

from audience.errors import RecordingUnreadable


def loop(_data: bytes) -> None:
    """Loops forever in Python."""
    while True:
        pass


def loop_in_c(_data: bytes) -> int:
    """Computes practically forever in C, where Python handles no signal."""
    return len(str(7**10_000_000))


def sleep(_data: bytes) -> None:
    """Sleeps forever, without CPU time."""
    while True:
        signal.pause()


def take_memory(_data: bytes) -> int:
    """Allocates 4 GiB."""
    return len(bytes(4 << 30))


def crash(_data: bytes) -> None:
    """Crashes as C code would."""
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(_data: bytes) -> None:
    """Raises one of the project's errors."""
    raise RecordingUnreadable("no such thing")


def size(data: bytes, *, times: int) -> int:
    """The length of the data."""
    return len(data) * times


def inherited(_data: bytes) -> dict[str, Any]:
    """What a reader inherits from the calling process: environment and open files."""
    files = []
    for one in [*Path("/proc/self/fd").iterdir()]:
        with contextlib.suppress(OSError):  # the folder itself is open while it is listed
            files.append(str(one.readlink()))
    return {"environment": Path("/proc/self/environ").read_text(), "files": files}


def write(_data: bytes) -> None:
    """Writes a file."""
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
