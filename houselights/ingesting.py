"""The ingest function off Lambda: the deliveries of a folder or of a queue are worked on as they are in the cloud."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import DeliveriesUnavailable, HouselightsError
from audience.store import Heartbeat
from houselights.delivery_folder import DeliveryFolder
from ingest_lambda.handler import work_on
from ingest_lambda.ingest import Taken
from ingest_lambda.worker import Worker

AT_ONCE: Final = 10
"""Messages received at once: as many as SQS gives."""

POLL_S: Final = 5
"""How long to wait for a message, seconds; so long a stop may take."""

LOOK_EVERY_S: Final = 0.5
"""How often an emptied folder is looked at."""

FIRST_BACK_OFF_S: Final = 1.0
LONGEST_BACK_OFF_S: Final = 30.0
"""Seconds until what could not be done is tried again, after one failure and after many."""

_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com")


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

    def taken(self, taken: Taken, *, delay_ms: int, clock_error_ms: int | None) -> None:
        self.deliveries += 1
        self.faces += taken.faces
        self.unmatched += taken.unmatched
        self._changed()

    def beat(self, heartbeat: Heartbeat, *, clock_error_ms: int | None) -> None:
        self.statuses += 1
        self._changed()

    def gone_but_taken(self, key: str) -> None:
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
                worker.work(body)
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


def ingest_queue(client: Any, queue_url: str, worker: Worker, *, stop: threading.Event, once: bool) -> None:
    """Works on the messages of a queue as Lambda does: what failed is left to the queue, which brings it again.

    Args:
        client: of SQS.
        queue_url: the queue's.
        worker: works on the messages.
        stop: set from anywhere to end after the messages at hand.
        once: ends when no message comes for `POLL_S`.

    Raises:
        DeliveriesUnavailable: the queue cannot be used; where it could be before, only with `once`.
    """
    back_off_s, used = FIRST_BACK_OFF_S, False
    while not stop.is_set():
        try:
            found = _work_on_next(client, queue_url, worker)
        except (ClientError, BotoCoreError) as problem:
            code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else type(problem).__name__
            unavailable = DeliveriesUnavailable(
                f"queue {queue_url} cannot be used ({code}): check the URL, the credentials and AWS_ENDPOINT_URL"
            )
            if once or not used:
                raise unavailable from None
            worker.reporter.failed(unavailable)
            stop.wait(back_off_s)
            back_off_s = min(2 * back_off_s, LONGEST_BACK_OFF_S)
            continue
        back_off_s, used = FIRST_BACK_OFF_S, True
        if once and not found:
            return


def _work_on_next(client: Any, queue_url: str, worker: Worker) -> int:
    """Waits for messages, works on them and deletes those that are done with; returns how many came."""
    messages = client.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=POLL_S, AttributeNames=["All"]
    ).get("Messages", [])
    if messages:
        failed = work_on({"Records": [_record(message) for message in messages]}, worker)["batchItemFailures"]
        again = {one["itemIdentifier"] for one in failed}
        done = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
            for index, message in enumerate(messages)
            if message["MessageId"] not in again
        ]
        if done:
            client.delete_message_batch(QueueUrl=queue_url, Entries=done)
    return len(messages)


def region_of(queue_url: str) -> str | None:
    """The region a queue's URL names; None where it is a local cloud's."""
    named = _REGION.match(queue_url)
    return named[1] if named else None


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """A message as Lambda's event source mapping hands it over."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }
