"""moto, which stands in for AWS, behind real HTTP in this process."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from houselights.local_cloud.serving import Application, StartResponse, serving

_RECEIVE: Final = "AmazonSQS.ReceiveMessage"
_MAY_BRING_MESSAGES: Final = frozenset(
    {
        "AWSEvents.PutEvents",
        "AmazonSQS.ChangeMessageVisibility",
        "AmazonSQS.ChangeMessageVisibilityBatch",
        "AmazonSQS.SendMessage",
        "AmazonSQS.SendMessageBatch",
        "AmazonSQS.StartMessageMoveTask",
    }
)
_LONGEST_WAIT_S: Final = 20
_LOOK_AGAIN_S: Final = 0.25
"""How late a message that becomes visible by itself is seen by who waits for one, seconds."""

_Answer = tuple[str, list[tuple[str, str]], list[bytes]]


@contextmanager
def running_moto(*, port: int = 0) -> Iterator[str]:
    """The address of a stand-in for AWS; it ends with the context.

    What is in it belongs to the process: a second one beside or after the first has the same buckets, tables and
    queues, so give each thing a name of its own.

    Raises:
        InvalidValue: another program has the port.
    """
    with serving(one_at_a_time(DomainDispatcherApplication(create_backend_app)), port=port) as address:
        yield address


def one_at_a_time(application: Application) -> Application:
    """The same application, with a lock around it: DynamoDB writes one item whole, and moto's threads do not.

    Who waits for a message of SQS waits outside the lock, else nobody could send one. A queue's own default for that
    wait is not looked at: a receiver that names none does not wait.
    """
    turn = threading.Condition()

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        # Whole before its turn: a sender that stalls holds up nobody else.
        length = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        if len(body) < length:
            # Its sender hung up. moto would take half an object for a whole one, which AWS never does.
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        with turn:
            if target == _RECEIVE:
                status, headers, parts = _received(application, environ, body, turn)
            else:
                status, headers, parts = _asked(application, environ, body)
            # A put may be of an object in S3, of which EventBridge tells a queue.
            if target in _MAY_BRING_MESSAGES or environ["REQUEST_METHOD"] == "PUT":
                turn.notify_all()
        start_response(status, headers)
        return parts

    return answer


def _received(application: Application, environ: dict[str, Any], body: bytes, turn: threading.Condition) -> _Answer:
    """The answer to a receiver of messages, once there are some or its wait is over."""
    request = json.loads(body)
    wait_s = request.get("WaitTimeSeconds", 0)
    if not 0 <= wait_s <= _LONGEST_WAIT_S:
        return _asked(application, environ, body)  # moto says what is wrong with it
    at_once = json.dumps(request | {"WaitTimeSeconds": 0}).encode()
    until = time.monotonic() + wait_s
    while True:
        status, headers, parts = _asked(application, environ, at_once)
        left_s = until - time.monotonic()
        if left_s <= 0 or not status.startswith("200") or json.loads(b"".join(parts)).get("Messages"):
            return status, headers, parts
        turn.wait(min(left_s, _LOOK_AGAIN_S))


def _asked(application: Application, environ: dict[str, Any], body: bytes) -> _Answer:
    own = environ | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    parts, status, headers = run_wsgi_app(application, own, buffered=True)
    return status, headers.to_wsgi_list(), list(parts)
