"""Processes messages: records each delivery and removes it from the bucket, or sends it to the dead letters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from audience.deliveries.delivery import read_key
from audience.deliveries.sheet import LARGEST_SHEET
from audience.deliveries.strict_json import object_of, parse, text
from audience.deliveries.window_file import LARGEST_WINDOW_FILE
from audience.errors import (
    DeliveryGone,
    DeliveryRefused,
    FacesRefused,
    HouselightsError,
    ScorerUnavailable,
    SheetRejected,
)
from audience.monitoring.status import FORMAT, read_status
from audience.store import Heartbeat
from ingest_lambda.budget import FairBudget, WritePacer
from ingest_lambda.ingest import Ingest, IngestResult

KEPT: Final = "kept/"
"""Key prefix of kept deliveries. Deliveries not yet recorded have other prefixes, so the lifecycle rule that removes
kept ones never removes them."""

LIVE_S: Final = 10.0
"""Age from which a delivery is left to the queue of all deliveries: newer ones are of more use to who watches."""

BACKLOG_WAITS_S: Final = 8.0
"""How long a sheet of the backlog waits for its share of the scorer's quota before it goes back, seconds."""

MOST_FAULTS: Final = 5
"""How many times a message may end in an unexpected error. What is unavailable now is no such error."""

_LOOK_AGAIN_S = 0.25

LARGEST: Final = max(LARGEST_SHEET, LARGEST_WINDOW_FILE)
"""Largest size of a delivery, bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCreated:
    """A new object in S3: the name of its bucket, and its key."""

    bucket: str
    key: str


def read_message(body: str) -> ObjectCreated | Heartbeat:
    """Parses the body of a message.

    Args:
        body: an S3 event from EventBridge, or a camera's status from the AWS IoT rule.

    Raises:
        SheetRejected: it is neither.
    """
    data = body.encode(errors="replace")
    document = object_of(parse(data, "the message"), "the message")
    if document.get("format") == FORMAT:
        heartbeat = read_status(data)
        if heartbeat.received_ms is None:
            raise SheetRejected("the status does not say on which topic it came")
        return heartbeat
    if document.get("source") != "aws.s3" or document.get("detail-type") != "Object Created":
        raise SheetRejected("the message is neither an S3 event for a new object nor a camera's status")
    detail = object_of(document.get("detail"), "the event's detail")
    bucket, created = object_of(detail.get("bucket"), "the bucket"), object_of(detail.get("object"), "the object")
    # EventBridge events have plain keys, S3's own notifications URL-encoded ones. Our keys are the same either way.
    return ObjectCreated(
        bucket=text(bucket.get("name"), "the bucket's name"), key=text(created.get("key"), "the object's key")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedDelivery:
    """A delivery, read from its bucket or folder.

    Attributes:
        data: its bytes.
        delivered_ms: when it was put there, by the receiver's clock, milliseconds since the epoch.
        sent_ms: when the device sent it, by its own clock; None if not stated.
    """

    data: bytes
    delivered_ms: int
    sent_ms: int | None


class Deliveries(Protocol):
    """Storage of deliveries: a bucket or a folder."""

    def read(self, bucket: str, key: str) -> ReceivedDelivery:
        """Reads a delivery, unless it is too large.

        Raises:
            DeliveryGone: it is not there any more.
            SheetRejected: it is too large.
            DeliveriesUnavailable: a retry may help.
        """
        ...

    def remove(self, bucket: str, key: str) -> None:
        """Removes a delivery, if it exists.

        Raises:
            DeliveriesUnavailable: a retry may help.
        """
        ...

    def keep(self, bucket: str, key: str) -> None:
        """Moves a recorded delivery under the prefix `KEPT`, if it exists.

        Raises:
            DeliveriesUnavailable: a retry may help.
        """
        ...


def check_size(size: int) -> None:
    """Rejects a delivery that is too large, before it is read."""
    if size > LARGEST:
        raise SheetRejected(f"it has {size} bytes: a delivery has at most {LARGEST}")


class DeadLetters(Protocol):
    """Storage of messages that can never be recorded."""

    def put(self, body: str, reason: str) -> None:
        """Stores a message with its reason.

        Args:
            body: the unchanged body, so the message can be moved back for another try.
            reason: the reason, in one line.

        Raises:
            DeliveriesUnavailable: the message is not stored.
        """
        ...


class Reporter(Protocol):
    """Receives one call for each message processed."""

    def recorded(self, result: IngestResult, *, delivery: str, delay_ms: int, clock_error_ms: int | None) -> None:
        """A delivery was recorded.

        Args:
            result: its summary.
            delivery: the `content_id` in its key: the same on the device, in the bucket, in queues and in lines.
            delay_ms: milliseconds from its earliest capture to its record.
            clock_error_ms: how far the camera's clock is ahead, milliseconds; None if the delivery has no send time.
        """
        ...

    def status(self, heartbeat: Heartbeat, *, clock_error_ms: int | None) -> None:
        """A camera's status was recorded."""
        ...

    def duplicate(self, key: str) -> None:
        """A message repeats a delivery that was recorded and removed before."""
        ...

    def refused(self, what: str, problem: HouselightsError) -> None:
        """A message was refused. Unless it is a status, it is in the dead letters.

        Args:
            what: the delivery's key, or the kind of message.
            problem: the reason. The text of a `SheetRejected` may quote untrusted text.
        """
        ...

    def failed(self, problem: Exception) -> None:
        """A message could not be processed now and will be retried."""
        ...

    def postponed(self, problem: Exception | None) -> None:
        """A live delivery was left to the queue of all deliveries.

        Args:
            problem: why; None if it was too old for the live queue.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Processes messages.

    Attributes:
        ingest: records deliveries and statuses.
        deliveries: storage of deliveries.
        dead_letters: storage of messages that can never be recorded.
        reporter: receives the outcome of each message.
        keep_deliveries: whether recorded deliveries are kept until the bucket's lifecycle rule removes them.
        now_ms: the wall clock, milliseconds since the epoch.
        live_budget, backlog_budget: sheets that may be scored from the live queue and from that of all deliveries;
            None for no limit.
        backlog_writes: spaces out the writes of the queue of all deliveries; None for no limit.
        wait: sleeps for a number of seconds.
    """

    ingest: Ingest
    deliveries: Deliveries
    dead_letters: DeadLetters
    reporter: Reporter
    keep_deliveries: bool
    now_ms: Callable[[], int]
    live_budget: FairBudget | None = None
    backlog_budget: FairBudget | None = None
    backlog_writes: WritePacer | None = None
    wait: Callable[[float], None] = field(default=time.sleep)

    def process(self, body: str, *, receives: int = 1) -> None:
        """Processes one message. Once this returns, delete the message from the queue.

        A message that meets an unexpected error again and again goes to the dead letters; one that meets a service that
        is busy or away never does.

        Args:
            body: the message.
            receives: how many times the queue has handed it out.

        Raises:
            Exception: the message must be retried; the reporter was notified.
        """
        try:
            self._process(body)
        except HouselightsError as problem:
            self.reporter.failed(problem)
            raise
        except Exception as problem:
            self.reporter.failed(problem)
            if receives < MOST_FAULTS:
                raise
            self.dead_letters.put(body, f"an unexpected {type(problem).__name__}, {receives} times")

    def process_live(self, body: str, *, sent_ms: int) -> None:
        """Processes one message of the live queue, if it is new enough. Delete the message afterwards, in any case.

        Every delivery is announced to the queue of all deliveries too, a minute later: what is refused or fails here is
        dealt with there, once.

        Args:
            body: the message.
            sent_ms: when it was put into the queue, milliseconds since the epoch.
        """
        if self.now_ms() - sent_ms > 1000 * LIVE_S:
            self.reporter.postponed(None)
            return
        try:
            created = read_message(body)
            if isinstance(created, ObjectCreated):
                self._record_delivery(created, live=True)
        except Exception as problem:
            self.reporter.postponed(problem)

    def _process(self, body: str) -> None:
        what = "message"
        try:
            message = read_message(body)
            if isinstance(message, Heartbeat):
                self._record_status(message)
            else:
                what = message.key
                try:
                    self._record_delivery(message, live=False)
                except FacesRefused:
                    self.deliveries.remove(message.bucket, message.key)
                    raise
        except (SheetRejected, DeliveryRefused, DeliveryGone) as problem:
            self.dead_letters.put(body, str(problem))
            self.reporter.refused(what, problem)

    def _record_status(self, heartbeat: Heartbeat) -> None:
        try:
            self.ingest.record_status(heartbeat, now_ms=self.now_ms())
        except DeliveryRefused as problem:
            # Not a dead letter: moved back later, it would pass for the camera's status at that time.
            self.reporter.refused("status", problem)
            return
        received_ms = heartbeat.received_ms
        self.reporter.status(heartbeat, clock_error_ms=None if received_ms is None else heartbeat.at_ms - received_ms)

    def _record_delivery(self, created: ObjectCreated, *, live: bool) -> None:
        key = read_key(created.key)
        self.ingest.permit(key, now_ms=self.now_ms())
        try:
            delivery = self.deliveries.read(created.bucket, created.key)
        except DeliveryGone:
            if not self.ingest.is_recorded(key):
                raise
            self.reporter.duplicate(created.key)
            return
        budget = self.live_budget if live else self.backlog_budget
        if budget is not None and key.kind == "sheets":
            self._take(budget, (key.session_id, key.stage_id), 0.0 if live else BACKLOG_WAITS_S)
        result = self.ingest.record(
            created.key,
            delivery.data,
            delivered_ms=delivery.delivered_ms,
            now_ms=self.now_ms(),
            sent_ms=delivery.sent_ms,
            before_writing=None if live or self.backlog_writes is None else self._pace,
        )
        self.reporter.recorded(
            result,
            delivery=key.content,
            delay_ms=self.now_ms() - result.captured_ms,
            clock_error_ms=None if delivery.sent_ms is None else delivery.sent_ms - delivery.delivered_ms,
        )
        keep_or_remove = self.deliveries.keep if self.keep_deliveries else self.deliveries.remove
        keep_or_remove(created.bucket, created.key)

    def _pace(self, records: int) -> None:
        assert self.backlog_writes is not None
        self.backlog_writes.take(records, most_s=BACKLOG_WAITS_S)

    def _take(self, budget: FairBudget, stage: tuple[str, str], waits_s: float) -> None:
        """Takes one request from a budget, and waits for it up to some seconds."""
        until_s = time.monotonic() + waits_s
        while not budget.admits(stage, time.monotonic()):
            if time.monotonic() + _LOOK_AGAIN_S > until_s:
                raise ScorerUnavailable("the scorer's quota is used up by other sheets: this one is scored later")
            self.wait(_LOOK_AGAIN_S)
