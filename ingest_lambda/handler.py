"""What AWS Lambda calls with a batch of queue messages: what fails of it comes again, and holds up none of the rest."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from typing import Any, Final

import boto3
from aws_lambda_powertools import Tracer
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from audience.errors import DeliveriesUnavailable
from audience.stores import open_store
from ingest_lambda.bucket import BucketDeliveries, brief
from ingest_lambda.dead_letters import DeadLetterQueue
from ingest_lambda.ingest import Ingest
from ingest_lambda.rekognition import RekognitionScorer, rekognition_client
from ingest_lambda.reporting import CloudReporter
from ingest_lambda.settings import Settings
from ingest_lambda.worker import Worker

Event = dict[str, Any]

ONE_MESSAGE_S: Final = 33.0
"""The longest that one message takes where a service behind it stalls: all tries of its client, and the waits between
them. A test holds it against the clients and the function's timeout."""


def handler(event: Event, context: Any) -> Event:
    """Works on the messages of an SQS event.

    Returns:
        `batchItemFailures`, the messages that SQS is to bring again (the event source mapping must have
        `ReportBatchItemFailures`).

    Raises:
        InvalidValue: the function's environment is wrong.
    """
    return _function()(event, context)


def work_on(event: Event, worker: Worker, context: Any = None) -> Event:
    """Has a worker work on the messages of an SQS event; see `handler`.

    Args:
        context: what Lambda says of the call; None where nothing ends it. A message that may not be done with when
            Lambda ends the call is left to come again.
    """

    def work(record: SQSRecord) -> None:
        # Begun and cut off, it would take those that are done down with it: the whole load would come again.
        if context is not None and context.get_remaining_time_in_millis() < 1000 * ONE_MESSAGE_S:
            problem = DeliveriesUnavailable("no time was left in this call of the function: the message comes again")
            worker.reporter.failed(problem)
            raise problem
        worker.work(record.body)

    # Where all failed, all are named like some: an exception would hide which.
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, work, processor, context))


@functools.cache
def _function() -> Callable[[Event, Any], Event]:
    """Everything that outlives a call, made at the first."""
    settings = Settings.of(os.environ)
    tracer = Tracer(service=settings.service)
    session = boto3.Session()
    reporter = CloudReporter(namespace=settings.namespace, service=settings.service)
    worker = Worker(
        ingest=Ingest(open_store(settings.store_url), RekognitionScorer(rekognition_client(session)), settings.keep),
        deliveries=BucketDeliveries(brief(session, "s3")),
        dead_letters=DeadLetterQueue(brief(session, "sqs"), settings.dead_letters_url),
        reporter=reporter,
        keep_deliveries=settings.keep_crops_days > 0,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )

    # Neither answers nor errors go into traces: they may quote what was delivered.
    @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
    def function(event: Event, context: Any) -> Event:
        try:
            return work_on(event, worker, context)
        finally:
            reporter.flush()

    traced: Callable[[Event, Any], Event] = function
    return traced
