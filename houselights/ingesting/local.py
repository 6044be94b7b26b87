"""Runs the ingest function without Lambda, on the deliveries of a folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from audience.errors import HouselightsError
from audience.store import Heartbeat
from houselights.ingesting.delivery_folder import DeliveryFolder
from houselights.wording import counted
from ingest_lambda.ingest import IngestResult
from ingest_lambda.worker import Worker

POLL_EVERY_S: Final = 0.5
"""How often an empty folder is checked, seconds."""

FIRST_BACKOFF_S: Final = 1.0
LONGEST_BACKOFF_S: Final = 30.0
"""Seconds before a retry, after one failure and after many."""


@dataclass(slots=True)
class Progress:
    """Implements `ingest_lambda.worker.Reporter` with counts.

    Attributes:
        on_change: called with the counts in one line.
        deliveries, faces, unmatched, statuses: counts recorded so far.
        refusals: messages refused so far.
        trouble: why the latest message will be retried; "" if it will not.
    """

    on_change: Callable[[str], None]
    deliveries: int = 0
    faces: int = 0
    unmatched: int = 0
    statuses: int = 0
    refusals: int = 0
    trouble: str = ""

    def recorded(self, result: IngestResult, *, delivery: str, delay_ms: int, clock_error_ms: int | None) -> None:
        self.deliveries += 1
        self.faces += result.faces
        self.unmatched += result.unmatched
        self._changed()

    def status(self, heartbeat: Heartbeat, *, clock_error_ms: int | None) -> None:
        self.statuses += 1
        self._changed()

    def duplicate(self, key: str) -> None:
        self._changed()

    def refused(self, what: str, problem: HouselightsError) -> None:
        self.refusals += 1
        self._changed()

    def postponed(self, problem: Exception | None) -> None:
        pass  # comes again from the other queue

    def failed(self, problem: Exception) -> None:
        self._changed(str(problem) if isinstance(problem, HouselightsError) else type(problem).__name__)

    @property
    def text(self) -> str:
        """The counts in one line."""
        counts = [
            counted(self.deliveries, "delivery"),
            counted(self.faces, "face"),
            counted(self.unmatched, "tile") + " unmatched",
        ]
        if self.statuses:
            counts.append(counted(self.statuses, "status"))
        if self.refusals:
            counts.append(f"{self.refusals} refused")
        return ", ".join(counts) + (f"; {self.trouble}" if self.trouble else "")

    def _changed(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.on_change(self.text)


def ingest_folder(folder: DeliveryFolder, worker: Worker, *, stop: threading.Event, once: bool) -> None:
    """Processes a folder's deliveries, and then new ones, until stopped.

    Args:
        folder: the folder; also keeps refused deliveries.
        worker: processes one delivery after the other.
        stop: set from any thread to end after the current delivery; the others stay.
        once: ends when the folder is empty.

    Raises:
        HouselightsError: with `once`, a delivery could not be processed now.
    """
    backoff_s = FIRST_BACKOFF_S
    while not stop.is_set():
        try:
            for body in folder.waiting():
                if stop.is_set():
                    return
                worker.process(body)
                backoff_s = FIRST_BACKOFF_S
        except HouselightsError:
            if once:
                raise
            stop.wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
            continue
        if once:
            return
        stop.wait(POLL_EVERY_S)
