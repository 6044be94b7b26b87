"""Entry point of AWS Lambda: messages of three queues, and once a minute the measurement of how far behind they are.

The live queue has each delivery at once, and forgets it within a minute or two; the queue of all deliveries has it a
minute later, and until it is recorded. So after an outage of any length the newest come first, and nothing is lost
(docs/decisions/0072-live-before-backlog.md). Statuses have a queue of their own.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import boto3
from aws_lambda_powertools import Tracer

from audience.errors import DeliveriesUnavailable, HouselightsError, InvalidValue
from audience.stores import open_store
from ingest_lambda.bucket import BucketDeliveries, quick_client
from ingest_lambda.budget import FairBudget, WritePacer
from ingest_lambda.dead_letters import DeadLetterQueue
from ingest_lambda.ingest import Ingest
from ingest_lambda.pressure import write_pressure
from ingest_lambda.rekognition import RekognitionScorer, rekognition_client
from ingest_lambda.reporting import CloudReporter
from ingest_lambda.settings import Settings
from ingest_lambda.worker import Worker

Event = dict[str, Any]

ONE_MESSAGE_S: Final = 33.0
"""The longest time for one message when a service stalls, seconds: all attempts of its client and the waits between
them. A test checks it against the clients and the function's timeout."""

AT_ONCE: Final = 10
"""Deliveries that one copy of the function processes at once: nearly all of their time they wait for services."""

LIVE_SHARE: Final = 0.8
"""Part of the scorer's quota for live deliveries; the rest works off the backlog, so that it always gets shorter."""

MEASURE: Final = "pressure"
"""What the schedule's event asks for, under the key `houselights`."""


def handler(event: Event, context: Any) -> Event:
    """Processes the messages of an SQS event, or measures the pressure.

    Returns:
        `batchItemFailures`, the messages for SQS to deliver again (the event source mapping needs
        `ReportBatchItemFailures`).

    Raises:
        InvalidValue: an environment variable is missing or wrong, or the event is of another kind.
        DeliveriesUnavailable: the pressure could not be measured.
    """
    return _function()(event, context)


def process_event(
    event: Event,
    worker: Worker,
    context: Any = None,
    *,
    live_queue_arn: str = "",
    at_once: int = 1,
    in_thread: Callable[[], None] = lambda: None,
) -> Event:
    """Processes the messages of an SQS event with a worker; see `handler`. Failed messages do not delay the others.

    Args:
        context: Lambda's context object; None if there is no time limit. A message that may not finish before Lambda
            ends the call is left for a retry.
        live_queue_arn: the live queue; "" for none.
        at_once: how many messages are processed at once.
        in_thread: called first in each thread.
    """
    records = event.get("Records")
    if not records or any("body" not in record for record in records):
        raise InvalidValue("the event has no messages of a queue: the function takes those of SQS")

    def failed(record: Mapping[str, Any]) -> bool:
        attributes = record.get("attributes", {})
        try:
            # If Lambda ends the call, SQS delivers the whole batch again, finished messages included.
            if context is not None and context.get_remaining_time_in_millis() < 1000 * ONE_MESSAGE_S:
                problem = DeliveriesUnavailable("no time was left in this call of the function: the message is retried")
                worker.reporter.failed(problem)
                return True
            if live_queue_arn and record.get("eventSourceARN") == live_queue_arn:
                worker.process_live(record["body"], sent_ms=int(attributes["SentTimestamp"]))
            else:
                worker.process(record["body"], receives=int(attributes.get("ApproximateReceiveCount", 1)))
        except Exception:  # the worker has reported it
            return True
        return False

    if at_once == 1:
        outcomes = list(map(failed, records))
    else:
        with ThreadPoolExecutor(at_once, initializer=in_thread) as pool:
            outcomes = list(pool.map(failed, records))
    again = [record["messageId"] for record, bad in zip(records, outcomes, strict=True) if bad]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


@functools.cache
def _function() -> Callable[[Event, Any], Event]:
    """The state that the function instance keeps between calls, created before the first."""
    settings = Settings.of(os.environ)
    tracer = Tracer(service=settings.service)
    session = boto3.Session()
    reporter = CloudReporter(namespace=settings.namespace, service=settings.service, by_stage=settings.metrics_by_stage)
    s3, sqs = quick_client(session, "s3"), quick_client(session, "sqs")

    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    worker = Worker(
        ingest=Ingest(open_store(settings.store_url), RekognitionScorer(rekognition_client(session)), settings.keep),
        deliveries=BucketDeliveries(s3),
        dead_letters=DeadLetterQueue(sqs, settings.dead_letters_url),
        reporter=reporter,
        keep_deliveries=settings.keep_crops_days > 0,
        now_ms=now_ms,
        live_budget=FairBudget(LIVE_SHARE * settings.calls_per_s / settings.live_copies),
        backlog_budget=FairBudget((1 - LIVE_SHARE) * settings.calls_per_s / settings.backlog_copies),
        backlog_writes=WritePacer(settings.backlog_writes_per_s / settings.backlog_copies)
        if settings.backlog_writes_per_s
        else None,
    )

    # Responses and errors stay out of traces: they may quote a delivery.
    @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
    def function(event: Event, context: Any) -> Event:
        if event.get("houselights") == MEASURE:
            write_pressure(
                sqs,
                s3,
                queue_url=settings.queue_url,
                bucket=settings.bucket,
                calls_per_s=settings.calls_per_s,
                now_ms=now_ms(),
            )
            reporter.flush()
            return {}
        source = next((record.get("eventSourceARN") for record in event.get("Records") or ()), None)
        try:
            return process_event(
                event,
                worker,
                context,
                live_queue_arn=settings.live_queue_arn,
                # Of two statuses of one camera the newer is to be recorded last.
                at_once=1 if source is not None and source == settings.statuses_arn else AT_ONCE,
                in_thread=_traced_like_this_thread(tracer),
            )
        finally:
            reporter.flush()

    traced: Callable[[Event, Any], Event] = function
    return traced


def _traced_like_this_thread(tracer: Tracer) -> Callable[[], None]:
    """What a new thread calls so that its requests belong to the same trace."""
    if tracer.disabled:
        return lambda: None
    # X-Ray's recorder keeps the open segment by thread.
    recorder: Any = tracer.provider
    parent = recorder.get_trace_entity()
    return lambda: recorder.set_trace_entity(parent)


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE"):
    # While a copy starts it has a whole processor whatever its memory, and AWS may start it before there is a message.
    # A wrong setting is for the first call to report: an error here would only make AWS start the copy again.
    with contextlib.suppress(HouselightsError):
        _function()
