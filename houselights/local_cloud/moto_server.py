"""Serves moto, an emulation of AWS, over real HTTP in this process."""

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
_MAY_ADD_MESSAGES: Final = frozenset(
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
_POLL_S: Final = 0.25
"""How often a waiting receiver checks for messages whose visibility timeout is over, seconds."""

_Response = tuple[str, list[tuple[str, str]], list[bytes]]


@contextmanager
def running_moto(*, port: int = 0) -> Iterator[str]:
    """Runs an emulated AWS until the context ends, and yields its URL.

    moto's state is global to the process: a second server has the same buckets, tables and queues, so use unique
    names.

    Raises:
        InvalidValue: the port is in use.
    """
    with serving(serialised(DomainDispatcherApplication(create_backend_app)), port=port) as address:
        yield address


def serialised(application: Application) -> Application:
    """Wraps an application with a lock. DynamoDB writes an item atomically, which moto's threads do not.

    A receiver waits for SQS messages outside the lock, so that others can send some. A queue's own default wait time is
    ignored: a receiver that names none does not wait.
    """
    condition = threading.Condition()

    def respond(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        # Read the body before taking the lock: a stalled sender must not block others.
        length = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        if len(body) < length:
            # The sender hung up. Unlike AWS, moto would store the incomplete object.
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        with condition:
            if target == _RECEIVE:
                status, headers, parts = _receive_messages(application, environ, body, condition)
            else:
                status, headers, parts = _call(application, environ, body)
            # A PUT may create an S3 object, and EventBridge sends a message for it.
            if target in _MAY_ADD_MESSAGES or environ["REQUEST_METHOD"] == "PUT":
                condition.notify_all()
        start_response(status, headers)
        return parts

    return respond


def _receive_messages(
    application: Application, environ: dict[str, Any], body: bytes, condition: threading.Condition
) -> _Response:
    """The response to ReceiveMessage, once there are messages or the wait is over."""
    request = json.loads(body)
    wait_s = request.get("WaitTimeSeconds", 0)
    if not 0 <= wait_s <= _LONGEST_WAIT_S:
        return _call(application, environ, body)  # moto responds with an error
    without_wait = json.dumps(request | {"WaitTimeSeconds": 0}).encode()
    until = time.monotonic() + wait_s
    while True:
        status, headers, parts = _call(application, environ, without_wait)
        left_s = until - time.monotonic()
        if left_s <= 0 or not status.startswith("200") or json.loads(b"".join(parts)).get("Messages"):
            return status, headers, parts
        condition.wait(min(left_s, _POLL_S))


def _call(application: Application, environ: dict[str, Any], body: bytes) -> _Response:
    own = environ | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    parts, status, headers = run_wsgi_app(application, own, buffered=True)
    return status, headers.to_wsgi_list(), list(parts)
