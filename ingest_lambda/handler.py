"""Entry point of AWS Lambda for a batch of queue messages. Failed messages are retried and do not delay the others."""

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
from ingest_lambda.bucket import BucketDeliveries, quick_client
from ingest_lambda.dead_letters import DeadLetterQueue
from ingest_lambda.ingest import Ingest
from ingest_lambda.rekognition import RekognitionScorer, rekognition_client
from ingest_lambda.reporting import CloudReporter
from ingest_lambda.settings import Settings
from ingest_lambda.worker import Worker

Event = dict[str, Any]

ONE_MESSAGE_S: Final = 33.0
"""The longest time for one message when a service stalls, seconds: all attempts of its client and the waits between
them. A test checks it against the clients and the function's timeout."""


def handler(event: Event, context: Any) -> Event:
    """Processes the messages of an SQS event.

    Returns:
        `batchItemFailures`, the messages for SQS to deliver again (the event source mapping needs
        `ReportBatchItemFailures`).

    Raises:
        InvalidValue: an environment variable is missing or wrong.
    """
    return _function()(event, context)


def process_event(event: Event, worker: Worker, context: Any = None) -> Event:
    """Processes the messages of an SQS event with a worker; see `handler`.

    Args:
        context: Lambda's context object; None if there is no time limit. A message that may not finish before Lambda
            ends the call is left for a retry.
    """

    def process(record: SQSRecord) -> None:
        # If Lambda ends the call, SQS delivers the whole batch again, finished messages included.
        if context is not None and context.get_remaining_time_in_millis() < 1000 * ONE_MESSAGE_S:
            problem = DeliveriesUnavailable("no time was left in this call of the function: the message is retried")
            worker.reporter.failed(problem)
            raise problem
        worker.process(record.body)

    # Without an exception the response lists the failed messages, even if all of them failed.
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, process, processor, context))


@functools.cache
def _function() -> Callable[[Event, Any], Event]:
    """The state that the function instance keeps between calls, created in the first."""
    settings = Settings.of(os.environ)
    tracer = Tracer(service=settings.service)
    session = boto3.Session()
    reporter = CloudReporter(namespace=settings.namespace, service=settings.service)
    worker = Worker(
        ingest=Ingest(open_store(settings.store_url), RekognitionScorer(rekognition_client(session)), settings.keep),
        deliveries=BucketDeliveries(quick_client(session, "s3")),
        dead_letters=DeadLetterQueue(quick_client(session, "sqs"), settings.dead_letters_url),
        reporter=reporter,
        keep_deliveries=settings.keep_crops_days > 0,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )

    # Responses and errors stay out of traces: they may quote a delivery.
    @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
    def function(event: Event, context: Any) -> Event:
        try:
            return process_event(event, worker, context)
        finally:
            reporter.flush()

    traced: Callable[[Event, Any], Event] = function
    return traced
