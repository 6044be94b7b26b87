"""Sending what waits in the outbox, in order, in a thread of its own, for as long as it takes."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from audience.deliveries.delivery import Delivery
from audience.errors import HouselightsError, UploadRefused
from edge_lambda.back_off import BackOff
from edge_lambda.delivery.outbox import Outbox, OutboxStatus

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
"""Seconds between two tries, after one failure and after many."""

STOPS_WITHIN_S: Final = 1.5
"""Seconds that what waits may still be sent in when the sending is to end."""

_LOOK_EVERY_S = 0.1  # how long a delivery lies in an idle outbox


class Bucket(Protocol):
    """Where deliveries go."""

    def put(self, delivery: Delivery) -> None:
        """Puts the delivery under its key; when this returns, it is there for good.

        Raises:
            UploadFailed: it may not be there; trying again may help.
            UploadRefused: it will never be taken.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadStatus:
    """How the way to S3 is.

    Attributes:
        outbox: what waits.
        sent: deliveries that S3 took since the start.
        last_error: why the latest try failed, in one line without secrets; "" where it did not.
    """

    outbox: OutboxStatus
    sent: int
    last_error: str


class Uploader:
    """Sends the deliveries of an outbox, the oldest first.

    A delivery leaves the outbox only when S3 has said yes. Where it could not be sent, it is tried again after a wait
    that doubles up to `LONGEST_WAIT_S`, of which a random half is left out so that the cameras of a stage do not come
    back all at once. One that S3 refuses for good is set aside, so that it holds up none behind it.
    """

    def __init__(
        self, outbox: Outbox, bucket: Bucket, *, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        """Sends nothing yet; see `start`.

        Args:
            outbox: what to send; taken from by nobody else.
            bucket: where to.
            uniform: a random number between two others.
        """
        self._outbox, self._bucket, self._uniform = outbox, bucket, uniform
        self._back_off = BackOff(first_s=FIRST_WAIT_S, longest_s=LONGEST_WAIT_S)
        self._sent = 0
        self._last_error = ""
        self._leaving, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="upload", daemon=True)

    def start(self) -> None:
        """Begins to send, in a thread."""
        self._thread.start()

    def stop(self, *, within_s: float = STOPS_WITHIN_S) -> bool:
        """Ends the thread: once nothing waits, at the first failure, or when the time is over.

        What was not sent stays in the outbox.

        Args:
            within_s: how long to wait for it, seconds.

        Returns:
            Whether the thread has ended. Where it has not, it ends with its try, and at the latest with the process:
            a delivery cut off is sent again, under the same key.
        """
        self._leaving.set()
        self._thread.join(within_s)
        self._stopping.set()
        return not self._thread.is_alive()

    def status(self) -> UploadStatus:
        """How it is now."""
        return UploadStatus(outbox=self._outbox.status(), sent=self._sent, last_error=self._last_error)

    def send_next(self) -> float:
        """Tries once to send the oldest delivery.

        Returns:
            Seconds to wait before the next try: 0 where one was sent.
        """
        try:
            taken = self._outbox.oldest()
            if taken is None:
                return _LOOK_EVERY_S
            number, delivery = taken
            try:
                self._bucket.put(delivery)
            except UploadRefused as refused:
                self._outbox.set_aside(number)
                self._last_error = str(refused)
                return 0.0
            self._outbox.remove(number)
        except HouselightsError as problem:
            return self._failed(str(problem))
        except Exception as problem:  # a thread that died of it would leave everything waiting for good, and not say so
            return self._failed(f"sending failed unexpectedly ({type(problem).__name__})")
        self._sent += 1
        self._back_off.reset()
        self._last_error = ""
        return 0.0

    def _failed(self, why: str) -> float:
        self._last_error = why
        wait_s = self._back_off.next_s()
        return self._uniform(wait_s / 2, wait_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            wait_s = self.send_next()
            if wait_s and self._leaving.is_set():
                return
            self._leaving.wait(wait_s)
