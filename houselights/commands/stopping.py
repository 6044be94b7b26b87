"""Ending a command that goes on until it is told to stop."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LOOK_S = 0.2


@contextmanager
def stopped_by_signal() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set instead of ending the process, for as long as the context lasts."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        # By another thread: this one may hold the event's lock, and would wait for itself.
        threading.Thread(target=stop.set).start()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for(process: subprocess.Popen[bytes], stop: threading.Event) -> int:
    """Waits for a program, and ends it once `stop` is set; returns its exit code, 0 where a signal ended it."""
    try:
        # Looked at again and again: a signal that another thread of this process was given ends no wait.
        while process.poll() is None and not stop.wait(_LOOK_S):
            pass
    finally:
        process.terminate()
    return max(0, process.wait())
