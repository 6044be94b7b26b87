"""The ingest function off Lambda: deliveries of a folder are worked on as those of a bucket are in the cloud."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from audience.errors import HouselightsError
from audience.store import Heartbeat
from houselights.ingesting.delivery_folder import DeliveryFolder
from ingest_lambda.ingest import IngestResult
from ingest_lambda.worker import Worker

LOOK_EVERY_S: Final = 0.5
"""How often an emptied folder is looked at."""

FIRST_BACK_OFF_S: Final = 1.0
LONGEST_BACK_OFF_S: Final = 30.0
"""Seconds until what could not be done is tried again, after one failure and after many."""


@dataclass(slots=True)
class Progress:
    """Implements `ingest_lambda.worker.Reporter` by counting.

    Attributes:
        on_change: told of the counts in one line.
        deliveries, faces, unmatched, statuses: taken so far.
        refusals: messages refused so far.
        trouble: why the latest message has to come again; "" where it has not.
    """

    on_change: Callable[[str], None]
    deliveries: int = 0
    faces: int = 0
    unmatched: int = 0
    statuses: int = 0
    refusals: int = 0
    trouble: str = ""

    def recorded(self, result: IngestResult, *, delay_ms: int, clock_error_ms: int | None) -> None:
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

    def failed(self, problem: Exception) -> None:
        self._changed(str(problem) if isinstance(problem, HouselightsError) else type(problem).__name__)

    @property
    def text(self) -> str:
        """What was done so far, in one line."""
        counts = [f"{self.deliveries} deliveries", f"{self.faces} faces", f"{self.unmatched} tiles unmatched"]
        if self.statuses:
            counts.append(f"{self.statuses} statuses")
        if self.refusals:
            counts.append(f"{self.refusals} refused")
        return ", ".join(counts) + (f"; {self.trouble}" if self.trouble else "")

    def _changed(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.on_change(self.text)


def ingest_folder(folder: DeliveryFolder, worker: Worker, *, stop: threading.Event, once: bool) -> None:
    """Works on what lies in a folder, and then on what comes, until it is told to stop.

    Args:
        folder: what the worker reads from and sets aside in.
        worker: works on one delivery after another.
        stop: set from anywhere to end after the delivery at hand; the others stay.
        once: ends when the folder is empty.

    Raises:
        HouselightsError: with `once`, what could not be worked on now.
    """
    back_off_s = FIRST_BACK_OFF_S
    while not stop.is_set():
        try:
            for body in folder.waiting():
                if stop.is_set():
                    return
                worker.process(body)
                back_off_s = FIRST_BACK_OFF_S
        except HouselightsError:
            if once:
                raise
            stop.wait(back_off_s)
            back_off_s = min(2 * back_off_s, LONGEST_BACK_OFF_S)
            continue
        if once:
            return
        stop.wait(LOOK_EVERY_S)
