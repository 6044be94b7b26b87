"""One message after another: its delivery is taken and removed from the bucket, or set aside with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from audience.errors import DeliveryGone, DeliveryRefused, FacesRefused, HouselightsError, SheetRejected
from audience.sheets.delivery import read_key
from audience.sheets.sheet import LARGEST_SHEET
from audience.sheets.window_file import LARGEST_WINDOW_FILE
from audience.store import Heartbeat
from ingest_lambda.ingest import Ingest, Taken
from ingest_lambda.message import ObjectCreated, read_message

KEPT: Final = "kept/"
"""What the keys of kept deliveries begin with. Those that are still to be recorded lie elsewhere, and are never removed
by the rule that removes what was kept for long enough."""

LARGEST: Final = max(LARGEST_SHEET, LARGEST_WINDOW_FILE)
"""Bytes of a delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A delivery where it lies.

    Attributes:
        data: its bytes.
        delivered_ms: since when it lies there, milliseconds since the epoch, by the clock of that place.
        sent_ms: when the device sent it, by its own clock; None where it does not say.
    """

    data: bytes
    delivered_ms: int
    sent_ms: int | None


class Deliveries(Protocol):
    """Where deliveries lie."""

    def read(self, bucket: str, key: str) -> Found:
        """Reads a delivery, unless it is larger than one can be.

        Raises:
            DeliveryGone: it is not there any more.
            SheetRejected: it is too large.
            DeliveriesUnavailable: trying again may help.
        """
        ...

    def remove(self, bucket: str, key: str) -> None:
        """Removes a delivery; one that is not there is no error.

        Raises:
            DeliveriesUnavailable: trying again may help.
        """
        ...

    def keep(self, bucket: str, key: str) -> None:
        """Moves a delivery that was recorded to `KEPT` and its key; one that is not there is no error.

        Raises:
            DeliveriesUnavailable: trying again may help.
        """
        ...


def check_size(size: int) -> None:
    """Rejects what has more bytes than any delivery, before it is read."""
    if size > LARGEST:
        raise SheetRejected(f"it has {size} bytes: a delivery has at most {LARGEST}")


class DeadLetters(Protocol):
    """Where messages go that can never be taken."""

    def put(self, body: str, reason: str) -> None:
        """Sets a message aside.

        Args:
            body: as it came, so that moving it back delivers it again.
            reason: why, in one line.

        Raises:
            DeliveriesUnavailable: it is not set aside.
        """
        ...


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
        keep_deliveries: whether they are kept once they are recorded, for the bucket's own rules to remove.
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
            taken = self.ingest.take(
                created.key,
                found.data,
                delivered_ms=found.delivered_ms,
                now_ms=self.now_ms(),
                sent_ms=found.sent_ms,
            )
        except FacesRefused:
            self.deliveries.remove(created.bucket, created.key)
            raise
        self.reporter.taken(
            taken,
            delay_ms=self.now_ms() - taken.captured_ms,
            clock_error_ms=None if found.sent_ms is None else found.sent_ms - found.delivered_ms,
        )
        done_with = self.deliveries.keep if self.keep_deliveries else self.deliveries.remove
        done_with(created.bucket, created.key)
