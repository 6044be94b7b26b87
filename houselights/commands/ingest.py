"""`houselights ingest`: records the deliveries of devices in the store, without AWS Lambda."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from audience.errors import InvalidValue
from houselights.commands.extras import needing_extra
from houselights.commands.options import keep_options, store_at, store_option
from houselights.commands.stopping import stopped_by_signal

if TYPE_CHECKING:
    from ingest_lambda.scoring import SheetScorer

_SCORERS = ("expressionnet", "rekognition")


@click.command(short_help="Record what devices delivered.")
@click.option(
    "--local",
    "source",
    required=True,
    metavar="DIR|QUEUE_URL",
    help="The folder devices deliver to (their HOUSELIGHTS_BUCKET is dir:DIR), or the URL of the stack's SQS queue.",
)
@click.option(
    "--scorer",
    type=click.Choice(_SCORERS),
    default="expressionnet",
    show_default=True,
    help="Scorer of contact sheets: the included one, or Amazon Rekognition, which costs money.",
)
@click.option(
    "--dead-letters",
    "dead_letters_url",
    metavar="URL",
    envvar="HOUSELIGHTS_DEAD_LETTERS",
    help="With a queue: the dead-letter queue for refused deliveries. Also from HOUSELIGHTS_DEAD_LETTERS.",
)
@click.option("--once", is_flag=True, help="End when no deliveries are left, instead of waiting for more.")
@keep_options
@store_option
def ingest(
    source: str,
    scorer: str,
    dead_letters_url: str | None,
    once: bool,
    keep_windows_days: int,
    keep_faces_days: int,
    store_url: str | None,
) -> int:
    """Score sheets and record windows that devices delivered, until Ctrl-C or SIGTERM.

    Recorded deliveries are deleted. Refused ones are moved to DIR/refused/ with the reason, or to the dead-letter
    queue. Set up sessions, stages and cameras first, with `houselights prepare`.
    """
    from houselights.ingesting.delivery_folder import DeliveryFolder
    from houselights.ingesting.local import Progress, ingest_folder
    from ingest_lambda.ingest import Ingest, Keep
    from ingest_lambda.worker import DeadLetters, Deliveries, Worker

    def worker(deliveries: Deliveries, dead_letters: DeadLetters) -> Worker:
        return Worker(
            ingest=Ingest(store, sheet_scorer, keep),
            deliveries=deliveries,
            dead_letters=dead_letters,
            reporter=progress,
            keep_deliveries=False,
            now_ms=lambda: time.time_ns() // 1_000_000,
        )

    is_queue = source.startswith(("http://", "https://"))
    if is_queue and not dead_letters_url:
        raise InvalidValue("a queue needs a dead-letter queue for refused deliveries: give --dead-letters URL")
    keep = Keep(windows_days=keep_windows_days, faces_days=keep_faces_days)
    with store_at(store_url) as store, ExitStack() as stack, needing_extra("ingest"):
        folder = None if is_queue else DeliveryFolder(Path(source))
        sheet_scorer = _sheet_scorer(scorer)
        stop = stack.enter_context(stopped_by_signal())
        status = stack.enter_context(Console(stderr=True).status("waiting for deliveries"))
        progress = Progress(status.update)
        if folder is not None:
            ingest_folder(folder, worker(folder, folder), stop=stop, once=once)
        else:
            import boto3
            from botocore.exceptions import NoRegionError

            from houselights.ingesting.queue import ingest_queue, region_of
            from ingest_lambda.bucket import BucketDeliveries, quick_client
            from ingest_lambda.dead_letters import DeadLetterQueue

            session = boto3.Session(region_name=region_of(source))
            try:
                sqs = quick_client(session, "sqs")
            except NoRegionError as problem:
                raise InvalidValue(f"the queue {source} cannot be used: {problem}") from None
            dead_letters = DeadLetterQueue(sqs, str(dead_letters_url))
            in_bucket = worker(BucketDeliveries(quick_client(session, "s3")), dead_letters)
            ingest_queue(sqs, source, in_bucket, stop=stop, once=once)
    click.echo(progress.text)
    return 0


def _sheet_scorer(name: str) -> SheetScorer:
    if name == "rekognition":
        import boto3

        from ingest_lambda.rekognition import RekognitionScorer, rekognition_client

        return RekognitionScorer(rekognition_client(boto3.Session()))
    with needing_extra("edge"):
        from edge_lambda.detectors.load import load_detector
        from edge_lambda.scorers import load_scorer
        from houselights.ingesting.sheet_scoring import DeviceSheetScorer

        return DeviceSheetScorer(load_scorer(name), load_detector())
