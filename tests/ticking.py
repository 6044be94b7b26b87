"""How long something waited, on a machine that may stand still or do other work meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TICK_S = 0.01


@contextmanager
def ticking() -> Iterator[Callable[[], float]]:
    """Gives the seconds counted since, by a thread that sleeps and counts.

    What waits lets it count at its pace. A process that gets no turn counts nothing, so the seconds are never more
    than the clock's, and no test fails because a machine was slow.
    """
    over = threading.Event()
    ticks = 0

    def count() -> None:
        nonlocal ticks
        while not over.wait(_TICK_S):
            ticks += 1

    counting = threading.Thread(target=count, name="ticking")
    counting.start()
    try:
        yield lambda: ticks * _TICK_S
    finally:
        over.set()
        counting.join()
