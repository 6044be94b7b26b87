"""The ingest function off Lambda, on a queue of AWS: its messages are worked on as Lambda hands them over."""

from __future__ import annotations

import re
import threading
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import DeliveriesUnavailable
from houselights.ingesting.local import FIRST_BACK_OFF_S, LONGEST_BACK_OFF_S
from ingest_lambda.handler import process_event
from ingest_lambda.worker import Worker

AT_ONCE: Final = 10
"""Messages received at once: as many as SQS gives."""

POLL_S: Final = 3
"""How long to wait for a message, seconds, and so the longest delay of a stop. Shorter than the read timeout of
`ingest_lambda.bucket.quick_client`: a message in a response that came too late stays hidden until its visibility
timeout."""

_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com")


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
        failed = process_event({"Records": [_record(message) for message in messages]}, worker)["batchItemFailures"]
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
