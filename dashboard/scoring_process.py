"""Keeps the process running that scores recordings people brought; nothing is scored in the server itself.

It is `python -m houselights.scoring.queue`, a program of its own: it is started when there is something to score, or
somebody is about to bring something, and ends by itself. It ends with the server too, whose end closes its input.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from typing import Final

from audience.errors import HouselightsError
from audience.time import to_ms
from dashboard.data import store_url
from dashboard.incoming_data import incoming, tidied

_LOOK_S: Final = 1.0
_AFTER_A_CRASH_S: Final = 10.0
_TIDY_S: Final = 60.0
_END_WITHIN_S: Final = 15.0


def can_score() -> bool:
    """Whether what scoring needs is installed here."""
    return all(find_spec(name) is not None for name in ("houselights", "cv2", "pooch"))


class ScoringProcess:
    """Starts a process whenever there is work for it, and looks after the queue."""

    def __init__(self, command: Sequence[str], has_work: Callable[[], bool], tidy: Callable[[], None]) -> None:
        """Creates the object without I/O.

        Args:
            command: the process.
            has_work: whether there is something to score.
            tidy: called now and then.
        """
        self._command, self._has_work, self._tidy = [*command], has_work, tidy
        self._process: subprocess.Popen[bytes] | None = None
        self._woken, self._ending = threading.Event(), threading.Event()
        self._wanted = False

    def wake(self) -> None:
        """Has the process started now, if it is not running: something came, or is about to."""
        self._wanted = True
        self._woken.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Looks after the process for as long as the context lasts, and ends it then."""
        self._ending.clear()
        thread = threading.Thread(target=self._look_after, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._woken.set()
            thread.join()
            self._end()

    def _look_after(self) -> None:
        tidied_s = pause_s = 0.0
        while not self._ending.is_set():
            try:
                if tidied_s <= 0:
                    self._tidy()
                    tidied_s = _TIDY_S
                if self._process is not None and (code := self._process.poll()) is not None:
                    if code:
                        logging.getLogger("houselights").error("the process that scores recordings ended with %d", code)
                        pause_s = _AFTER_A_CRASH_S
                    self._process = None
                if self._process is None and pause_s <= 0 and can_score() and (self._wanted or self._has_work()):
                    self._process = subprocess.Popen(
                        self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
                    )
                self._wanted = False
            except (HouselightsError, OSError) as problem:
                logging.getLogger("houselights").error("the queue cannot be looked after: %s", type(problem).__name__)
                pause_s = _AFTER_A_CRASH_S
            self._woken.wait(_LOOK_S)
            self._woken.clear()
            tidied_s, pause_s = tidied_s - _LOOK_S, pause_s - _LOOK_S

    def _end(self) -> None:
        """Ends the process; what it scored is stored before."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@cache
def scoring() -> ScoringProcess:
    """The process of this server."""
    return ScoringProcess(
        [sys.executable, "-m", "houselights.scoring.queue", store_url()],
        lambda: incoming().has_work(),
        lambda: tidied(to_ms(datetime.now(UTC))),
    )
