"""Uploads the outbox's deliveries in order, in a thread, and retries until they succeed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from audience.deliveries.delivery import Delivery
from audience.errors import HouselightsError, UploadRefused
from edge_lambda.backoff import Backoff
from edge_lambda.delivery.outbox import Outbox, OutboxStatus

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
"""Seconds before a retry, after one failure and after many."""

STOPS_WITHIN_S: Final = 1.5
"""Default time for remaining uploads after a stop request, seconds."""

_LOOK_EVERY_S = 0.1  # how often an empty outbox is checked


class Bucket(Protocol):
    """The destination of deliveries."""

    def put(self, delivery: Delivery) -> None:
        """Stores the delivery under its key; when this returns, it is stored durably.

        Raises:
            UploadFailed: it may not be stored; a retry may help.
            UploadRefused: it will never be accepted.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadStatus:
    """State of the uploads.

    Attributes:
        outbox: state of the outbox.
        sent: deliveries that S3 accepted since the start.
        last_error: why the latest upload failed, in one line without secrets; "" if it did not.
    """

    outbox: OutboxStatus
    sent: int
    last_error: str


class Uploader:
    """Sends the deliveries of an outbox, oldest first.

    A delivery leaves the outbox only when S3 has accepted it. A failed upload is retried after a backoff that doubles
    up to `LONGEST_WAIT_S`, randomly shortened by up to half so that the cameras of a stage do not retry all at once.
    A delivery that S3 refuses for good is quarantined, so that it does not block those behind it.
    """

    def __init__(
        self, outbox: Outbox, bucket: Bucket, *, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        """Creates the object without I/O; see `start`.

        Args:
            outbox: the deliveries to send; no one else takes from it.
            bucket: their destination.
            uniform: returns a random number between two others.
        """
        self._outbox, self._bucket, self._uniform = outbox, bucket, uniform
        self._backoff = Backoff(first_s=FIRST_WAIT_S, longest_s=LONGEST_WAIT_S)
        self._sent = 0
        self._last_error = ""
        self._leaving, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="upload", daemon=True)

    def start(self) -> None:
        """Starts the upload thread."""
        self._thread.start()

    def stop(self, *, within_s: float = STOPS_WITHIN_S) -> bool:
        """Ends the thread: once nothing waits, at the first failure, or after the timeout.

        Unsent deliveries stay in the outbox.

        Args:
            within_s: timeout, seconds.

        Returns:
            Whether the thread has ended. If not, it ends after its current upload or with the process; an interrupted
            delivery is sent again under the same key.
        """
        self._leaving.set()
        self._thread.join(within_s)
        self._stopping.set()
        return not self._thread.is_alive()

    def status(self) -> UploadStatus:
        """The current state."""
        return UploadStatus(outbox=self._outbox.status(), sent=self._sent, last_error=self._last_error)

    def send_next(self) -> float:
        """Tries once to send the oldest delivery.

        Returns:
            Seconds to wait before the next call; 0 if one was sent.
        """
        try:
            taken = self._outbox.oldest()
            if taken is None:
                return _LOOK_EVERY_S
            number, delivery = taken
            try:
                self._bucket.put(delivery)
            except UploadRefused as refused:
                self._outbox.quarantine(number)
                self._last_error = str(refused)
                return 0.0
            self._outbox.remove(number)
        except HouselightsError as problem:
            return self._failed(str(problem))
        except Exception as problem:  # otherwise the thread would die silently and nothing would be sent
            return self._failed(f"the upload failed unexpectedly ({type(problem).__name__})")
        self._sent += 1
        self._backoff.reset()
        self._last_error = ""
        return 0.0

    def _failed(self, why: str) -> float:
        self._last_error = why
        wait_s = self._backoff.next_s()
        return self._uniform(wait_s / 2, wait_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            wait_s = self.send_next()
            if wait_s and self._leaving.is_set():
                return
            self._leaving.wait(wait_s)
