"""Stops long-running commands on Ctrl-C and SIGTERM, and what they do meanwhile."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_POLL_S = 0.2


@contextmanager
def stopped_by_signal() -> Iterator[threading.Event]:
    """Yields an event that Ctrl-C and SIGTERM set, instead of ending the process, within the context."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        # In another thread: this one may hold the event's lock, and would deadlock.
        threading.Thread(target=stop.set).start()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def working_beside(work: Callable[[threading.Event], object], *, name: str) -> Iterator[None]:
    """Does work in a thread for the duration of the context, and waits for its end.

    Args:
        work: returns soon after the event it is called with is set.
        name: of the thread.
    """
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_for(process: subprocess.Popen[bytes], stop: threading.Event) -> int:
    """Waits for a process, and terminates it when `stop` is set; returns its exit code, 0 if a signal ended it."""
    try:
        # Polled, as a signal handled in another thread does not interrupt a wait.
        while process.poll() is None and not stop.wait(_POLL_S):
            pass
    finally:
        process.terminate()
    return max(0, process.wait())
