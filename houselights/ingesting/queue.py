"""Runs the ingest function without Lambda, on the messages of an SQS queue."""

from __future__ import annotations

import re
import threading
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import DeliveriesUnavailable
from houselights.ingesting.local import FIRST_BACKOFF_S, LONGEST_BACKOFF_S
from ingest_lambda.handler import process_event
from ingest_lambda.worker import Worker

AT_ONCE: Final = 10
"""Messages per request: the maximum of SQS."""

POLL_S: Final = 3
"""How long to wait for a message, seconds; also the longest delay of a stop. Shorter than the read timeout of
`ingest_lambda.bucket.quick_client`, as a message in a response that arrives too late stays hidden until its visibility
timeout."""

_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com")


def ingest_queue(client: Any, queue_url: str, worker: Worker, *, stop: threading.Event, once: bool) -> None:
    """Processes the messages of a queue as Lambda does: failed messages stay in the queue, which delivers them again.

    Args:
        client: boto3 SQS client.
        queue_url: URL of the queue.
        worker: processes the messages.
        stop: set from any thread to end after the current messages.
        once: ends when no message arrives within `POLL_S`.

    Raises:
        DeliveriesUnavailable: the queue cannot be used, and never could, or `once` is set.
    """
    backoff_s, used = FIRST_BACKOFF_S, False
    while not stop.is_set():
        try:
            found = _process_next(client, queue_url, worker)
        except (ClientError, BotoCoreError) as problem:
            code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else type(problem).__name__
            unavailable = DeliveriesUnavailable(
                f"queue {queue_url} cannot be used ({code}): check the URL, the credentials and AWS_ENDPOINT_URL"
            )
            if once or not used:
                raise unavailable from None
            worker.reporter.failed(unavailable)
            stop.wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
            continue
        backoff_s, used = FIRST_BACKOFF_S, True
        if once and not found:
            return


def _process_next(client: Any, queue_url: str, worker: Worker) -> int:
    """Waits for messages, processes them and deletes the completed ones; returns how many were received."""
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
    """The region in a queue's URL; None for a local cloud."""
    named = _REGION.match(queue_url)
    return named[1] if named else None


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """A message in the format of Lambda's event source mapping."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }
