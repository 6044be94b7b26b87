"""Makes public boards as the functions of the cloud do (`ingest_lambda/board_handler.py`), and serves them.

The functions run in a process of their own: they read their settings from the environment, and what they do there takes
no time from the emulated AWS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from werkzeug.wrappers import Request, Response

from audience.errors import HouselightsError
from board_page.page import page
from houselights.local_cloud.cloud import LocalCloud
from houselights.local_cloud.serving import serving
from ingest_lambda.board_objects import NO_BOARD_KEY, PAGE_KEY, PREFIX

FIND_EVERY_S: Final = 60.0
"""How often festivals are looked up, seconds; as the template's schedule."""

_WAIT_S: Final = 3
"""How long a request waits for a message, seconds; shorter than the read timeout of `quick_client`."""

_AGAIN_S: Final = 1.0

_Function = Callable[[dict[str, Any], Any], None]


@contextmanager
def making_boards(cloud: LocalCloud, *, port: int = 0) -> Iterator[str]:
    """Makes the boards of the store's festivals until the context ends, and yields the address of their pages.

    A festival's page is at `/live/<session>` there, as on the cloud's distribution.

    Args:
        cloud: the local cloud.
        port: port on 127.0.0.1; 0 picks a free one.

    Raises:
        InvalidValue: the port is in use.
    """
    command = [sys.executable, "-m", "houselights.local_cloud.boards"]
    with (
        serving(_pages(cloud), port=port) as address,
        # Its input is open for as long as it is to run, so that it also ends when this process is killed.
        subprocess.Popen(
            command, env=os.environ | cloud.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as functions,
    ):
        try:
            yield address
        finally:
            functions.terminate()


def _pages(cloud: LocalCloud) -> Callable[..., Any]:
    """What the distribution does: one page for all boards, their snapshots, and nothing else."""
    s3, bucket = cloud.client("s3"), cloud.stack.boards

    @Request.application
    def respond(request: Request) -> Response:
        inside = request.path.removeprefix(f"/{PREFIX}")
        if request.method not in ("GET", "HEAD"):
            return Response(status=405)
        key = PAGE_KEY if inside != request.path and inside and "/" not in inside else request.path[1:]
        try:
            found, status = s3.get_object(Bucket=bucket, Key=key), 200
        except ClientError:
            try:
                found, status = s3.get_object(Bucket=bucket, Key=NO_BOARD_KEY), 404
            except ClientError:  # the functions have only begun
                return Response(status=404)
        headers = {
            "Cache-Control": found["CacheControl"],
            "Content-Security-Policy": page().policy,
            "ETag": found["ETag"],
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        answer = Response(found["Body"].read(), status, headers, content_type=found["ContentType"])
        return answer.make_conditional(request) if status == 200 else answer

    return respond


def _find(find: _Function, stop: threading.Event) -> None:
    while True:
        _repeatable(lambda: find({}, None))
        if stop.wait(FIND_EVERY_S):
            return


def _make(make: _Function, queue_url: str, stop: threading.Event) -> None:
    """Has every message of the queue processed in a thread of its own, as a copy of the function would."""
    sqs = boto3.client("sqs")

    def process(message: dict[str, Any]) -> None:
        if _repeatable(lambda: make({"Records": [{"body": message["Body"]}]}, None)):
            _repeatable(lambda: sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"]))

    def receive() -> None:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_S)
        for message in answer.get("Messages", ()):
            threading.Thread(target=process, args=(message,), name="board", daemon=True).start()

    while not stop.is_set():
        if not _repeatable(receive):
            stop.wait(_AGAIN_S)


def _repeatable(work: Callable[[], object]) -> bool:
    """Does something that is done again later if it fails; returns whether it succeeded."""
    try:
        work()
    except (HouselightsError, ClientError, BotoCoreError) as problem:
        Console(stderr=True).print(f"board not made, trying again: {problem}", markup=False)
        return False
    return True


def main() -> None:
    """Runs the functions, with the settings of `LocalCloud.environment`, until the standard input is closed."""
    from ingest_lambda.board_handler import find, make

    stop = threading.Event()
    for target, arguments in ((_find, (find,)), (_make, (make, os.environ["HOUSELIGHTS_BOARD_QUEUE"]))):
        threading.Thread(target=target, args=(*arguments, stop), name="boards", daemon=True).start()
    sys.stdin.buffer.read()
    stop.set()


if __name__ == "__main__":
    main()
