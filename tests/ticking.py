"""How long something waited, and how long to wait for it, on a machine that may stand still or do other work meanwhile.

A test that waits goes on as long as what it waits for moves, and gives up when nothing has moved for long. Seconds are
those of a machine that does nothing else: where many processes want a processor, they count for less.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil

Found = TypeVar("Found")

STILL_S = 60.0
"""Nothing has moved for so long: it hangs."""
LONGEST_S = 240.0
"""However much moves: it will not come."""

_TICK_S = 0.01
_LOOK_S = 0.5
# A server that has nothing to do takes a hundredth of a processor; one that works takes this much in no time.
_WORK_S = 1.0


@contextmanager
def ticking() -> Iterator[Callable[[], float]]:
    """Gives the seconds counted since, by a thread that sleeps and counts.

    What waits lets it count at its pace. A process that gets no turn counts nothing, and where several want each
    processor a second counts for as much less, so no test fails because a machine was slow.
    """
    over = threading.Event()
    counted_s = 0.0

    def count() -> None:
        nonlocal counted_s
        while not over.wait(_TICK_S):
            counted_s += _TICK_S / _crowd()

    counting = threading.Thread(target=count, name="ticking")
    counting.start()
    try:
        yield lambda: counted_s
    finally:
        over.set()
        counting.join()


def slowdown(over_s: float = 60) -> float:
    """How many times as long things take as on a machine that does nothing else, 1 or more.

    That is how many processes wanted a processor, for each processor: over the last minute, or the last five.
    """
    load = os.getloadavg()[0 if over_s <= 120 else 1]
    return max(1.0, load / (os.cpu_count() or 1))


def _crowd() -> float:
    """How many processes want each processor at this moment, 1 or more. `slowdown` sees a minute, and learns late."""
    try:
        wanting = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return slowdown()  # no Linux
    return max(1.0, wanting / (os.cpu_count() or 1))


def limit_s(alone_s: float = STILL_S) -> float:
    """Seconds to wait at most where one number has to be given, as to a socket."""
    return alone_s * slowdown()


class Patience:
    """Runs out when what is waited for has not moved for `STILL_S`, or has not come within `LONGEST_S`."""

    def __init__(self, moving: Callable[[], object] = lambda: None) -> None:
        """Begins to wait.

        Args:
            moving: gives another value whenever something has moved, as how many lines were said. Besides, everything
                moves that takes processor time: processes that were started from here, and threads beside this one.
        """
        self._moving = moving
        self._looked_at = time.monotonic()
        self._waited_s = self._still_s = 0.0
        self._seen = self._state()

    def check(self) -> None:
        """To be called again and again while waiting.

        Raises:
            AssertionError: patience has run out.
        """
        now = time.monotonic()
        if now - self._looked_at < _LOOK_S:
            return
        # What is far over the time between two looks was no time at all for a machine that stood still.
        passed_s = min(now - self._looked_at, 2 * _LOOK_S) / slowdown()
        self._looked_at = now
        self._waited_s += passed_s
        self._still_s += passed_s
        state = self._state()
        if state[:2] != self._seen[:2] or abs(state[2] - self._seen[2]) >= _WORK_S:
            self._seen, self._still_s = state, 0.0
        assert self._still_s < STILL_S, f"waited in vain: nothing has moved for {STILL_S:.0f} s"
        assert self._waited_s < LONGEST_S, f"waited in vain for {LONGEST_S:.0f} s, although something moved"

    def _state(self) -> tuple[object, frozenset[int], float]:
        """What was said, which processes there are, and the processor seconds of all but this thread."""
        pids, work_s = [], time.process_time() - time.thread_time()
        for child in psutil.Process().children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.Error:
                continue  # it has just ended
            pids.append(child.pid)
            work_s += times.user + times.system
        return self._moving(), frozenset(pids), work_s


def until(holds: Callable[[], Found], *, moving: Callable[[], object] = lambda: None, every_s: float = 0.05) -> Found:
    """Waits until something holds, and gives it.

    Raises:
        AssertionError: patience has run out; see `Patience`.
    """
    patience = Patience(moving)
    while not (found := holds()):
        patience.check()
        time.sleep(every_s)
    return found


def last_words(process: subprocess.Popen[Any], say: Any = None) -> tuple[Any, Any]:
    """Waits until a process has ended; gives what it wrote to its pipes, as `communicate` does."""
    patience = Patience()
    while True:
        try:
            return process.communicate(say, timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            say = None
            patience.check()


def exit_code(process: subprocess.Popen[Any]) -> int:
    """Waits until a process has ended whose output is read elsewhere, or is short."""
    until(lambda: process.poll() is not None)
    return int(process.returncode)


def ran(command: Sequence[str], *, say: str | None = None, **how: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, as `subprocess.run` does with what it writes captured as text.

    Args:
        command: the program and its arguments.
        say: written to its input.
        how: as `Popen` takes it.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe if say is not None else None, stdout=pipe, stderr=pipe, text=True, **how
    ) as process:
        try:
            out, err = last_words(process, say)
        finally:
            process.kill()
    return subprocess.CompletedProcess(list(command), process.returncode, out, err)
