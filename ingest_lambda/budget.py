"""Shares a quota of requests a second fairly among stages, without asking anybody, and spaces out writes.

Each copy of the function gets an equal part of the quota. Messages reach the copies at random, so each of them sees a
sample of what all stages deliver, and what is fair among the stages in that sample is fair altogether. The rule is that
of approximate fair dropping (Pan, Breslau, Prabhakar and Shenker, "Approximate fairness through differential dropping",
ACM SIGCOMM CCR 33(2), 2003), with a token bucket in place of a queue.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from audience.errors import StoreUnavailable

MEMORY_S: Final = 10.0
"""Time constant of the counts of each stage, seconds."""

BURST_S: Final = 2.0
"""For how many seconds of the rate unused requests are saved up."""

_FORGOTTEN = 0.05  # a stage with a smaller count is not active any more


@dataclass(slots=True)
class _Stage:
    at_s: float
    asked: float = 0.0
    served: float = 0.0

    def fade(self, now_s: float) -> None:
        factor = math.exp(-max(0.0, now_s - self.at_s) / MEMORY_S)
        self.asked, self.served, self.at_s = self.asked * factor, self.served * factor, now_s


class FairBudget:
    """A number of requests a second, shared among stages by need up to an equal part. Thread-safe.

    A stage that asks for less than an equal part gets all of it. What is left goes to the others, the less the more
    they had.
    """

    def __init__(self, rate_s: float) -> None:
        """Starts with a full burst.

        Args:
            rate_s: requests a second, over 0.
        """
        self._rate_s = rate_s
        self._most = max(2.0, rate_s * BURST_S)
        self._tokens, self._at_s = self._most, 0.0
        self._stages: dict[tuple[str, str], _Stage] = {}
        self._lock = threading.Lock()

    def admits(self, stage: tuple[str, str], now_s: float) -> bool:
        """Whether a stage may make a request now; if so, it is counted.

        Args:
            stage: session and stage id.
            now_s: the current time, seconds; never earlier than before.
        """
        with self._lock:
            self._tokens = min(self._most, self._tokens + max(0.0, now_s - self._at_s) * self._rate_s)
            self._at_s = now_s
            own = self._seen(stage, now_s)
            if self._tokens < self._needed(own):
                return False
            self._tokens -= 1
            own.served += 1
            return True

    def _seen(self, stage: tuple[str, str], now_s: float) -> _Stage:
        own = self._stages.setdefault(stage, _Stage(at_s=now_s))
        for one in self._stages.values():
            one.fade(now_s)
        own.asked += 1
        self._stages = {name: one for name, one in self._stages.items() if one.asked > _FORGOTTEN}
        return own

    def _needed(self, own: _Stage) -> float:
        """The tokens that must be there for a stage: one up to its equal part, and more the further it is over."""
        equal = max(1.0, self._rate_s * MEMORY_S / len(self._stages))
        if own.served < equal:
            return 1.0
        return min(self._most, self._most / 2 * own.served / equal)


class WritePacer:
    """Spaces out writes so that they stay under a number of units a second. Thread-safe.

    What works off a backlog would else take the table's capacity away from what is live.
    """

    def __init__(self, units_per_s: float, *, wait: Callable[[float], None] = time.sleep) -> None:
        """Starts without a wait.

        Args:
            units_per_s: write units a second, over 0.
            wait: sleeps for a number of seconds.
        """
        self._units_per_s, self._wait = units_per_s, wait
        self._free_s = 0.0
        self._lock = threading.Lock()

    def take(self, units: float, *, most_s: float) -> None:
        """Waits until some units may be written.

        Args:
            units: write units.
            most_s: the longest wait, seconds.

        Raises:
            StoreUnavailable: it would take longer; nothing was taken.
        """
        with self._lock:
            now_s = time.monotonic()
            wait_s = max(0.0, self._free_s - now_s)
            if wait_s > most_s:
                raise StoreUnavailable("the table's capacity for the backlog is used up: this is recorded later")
            self._free_s = now_s + wait_s + units / self._units_per_s
        if wait_s:
            self._wait(wait_s)
