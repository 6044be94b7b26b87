"""One message after another: its delivery is taken and removed from the bucket, or set aside with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from audience.errors import DeliveryGone, DeliveryRefused, FacesRefused, HouselightsError, SheetRejected
from audience.sheets.delivery import read_key
from audience.store import Heartbeat
from ingest_lambda.bucket import Deliveries
from ingest_lambda.dead_letters import DeadLetters
from ingest_lambda.ingest import Ingest, Taken
from ingest_lambda.message import ObjectCreated, read_message


class Reporter(Protocol):
    """Is told of everything that happens, once a message."""

    def taken(self, taken: Taken, *, delay_ms: int, clock_error_ms: int | None) -> None:
        """A delivery is recorded.

        Args:
            taken: what became of it.
            delay_ms: milliseconds from the earliest instant it tells of until it was recorded.
            clock_error_ms: by how much the camera's clock is ahead; None where it does not say when it sent it.
        """
        ...

    def beat(self, heartbeat: Heartbeat, *, clock_error_ms: int | None) -> None:
        """A camera's status is recorded."""
        ...

    def gone_but_taken(self, key: str) -> None:
        """A delivery came again that was recorded and removed."""
        ...

    def refused(self, what: str, problem: HouselightsError) -> None:
        """A message is not taken, and was set aside unless it is a status.

        Args:
            what: the delivery's key, or what the message is.
            problem: why. Of a `SheetRejected` the text may quote what a stranger wrote.
        """
        ...

    def failed(self, problem: Exception) -> None:
        """A message could not be worked on now, and will come again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Works on messages.

    Attributes:
        ingest: takes deliveries and statuses.
        deliveries: where deliveries lie.
        dead_letters: where messages go that can never be taken.
        reporter: is told.
        keep_deliveries: whether they stay in the bucket, for its own rules to remove.
        now_ms: the wall clock, milliseconds since the epoch.
    """

    ingest: Ingest
    deliveries: Deliveries
    dead_letters: DeadLetters
    reporter: Reporter
    keep_deliveries: bool
    now_ms: Callable[[], int]

    def work(self, body: str) -> None:
        """Works on one message; when this returns it is done with, one way or another.

        Raises:
            Exception: it is not, and is to come again; the reporter was told.
        """
        try:
            self._work(body)
        except Exception as problem:
            self.reporter.failed(problem)
            raise

    def _work(self, body: str) -> None:
        what = "message"
        try:
            message = read_message(body)
            if isinstance(message, Heartbeat):
                self._beat(message)
            else:
                what = message.key
                self._take(message)
        except (SheetRejected, DeliveryRefused, DeliveryGone) as problem:
            self.dead_letters.put(body, str(problem))
            self.reporter.refused(what, problem)

    def _beat(self, heartbeat: Heartbeat) -> None:
        try:
            self.ingest.beat(heartbeat, now_ms=self.now_ms())
        except DeliveryRefused as problem:
            # Not set aside: put back later it would be taken for how the camera is then.
            self.reporter.refused("status", problem)
            return
        received_ms = heartbeat.received_ms
        self.reporter.beat(heartbeat, clock_error_ms=None if received_ms is None else heartbeat.at_ms - received_ms)

    def _take(self, created: ObjectCreated) -> None:
        key = read_key(created.key)
        try:
            self.ingest.permit(key, now_ms=self.now_ms())
            try:
                found = self.deliveries.read(created.bucket, created.key)
            except DeliveryGone:
                if not self.ingest.was_taken(key):
                    raise
                self.reporter.gone_but_taken(created.key)
                return
            taken = self.ingest.take(created.key, found.data, delivered_ms=found.delivered_ms, now_ms=self.now_ms())
        except FacesRefused:
            self.deliveries.remove(created.bucket, created.key)
            raise
        self.reporter.taken(
            taken,
            delay_ms=self.now_ms() - taken.captured_ms,
            clock_error_ms=None if found.sent_ms is None else found.sent_ms - found.delivered_ms,
        )
        if not self.keep_deliveries:
            self.deliveries.remove(created.bucket, created.key)
