"""Serves moto, an emulation of AWS, over real HTTP in this process."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import sqs_backends
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

_FORGET_EVERY_S: Final = 1.0

_Response = tuple[str, list[tuple[str, str]], list[bytes]]


class _AttributeSerializer(JSONSerializer):
    """Writes DynamoDB's attribute values as they are.

    moto looks each of their ten members up under several names, which doubles the time of a query.
    """

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict):
            self._default_serialize(serialized, _attribute(value), shape, key)
        else:
            super()._serialize_type_structure(serialized, value, shape, key)


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute value, such as {"N": "1"}, with its bytes in base64."""
    ((kind, content),) = value.items()
    if kind == "M":
        content = {name: _attribute(one) for name, one in content.items()}
    elif kind == "L":
        content = [_attribute(one) for one in content]
    elif kind == "B":
        content = base64.b64encode(content).decode()
    elif kind == "BS":
        content = [base64.b64encode(one).decode() for one in content]
    return {kind: content}


SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": _AttributeSerializer}


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
    ignored: a receiver that names none does not wait. Messages are forgotten after their queue's retention period.
    """
    condition = threading.Condition()
    forgot_at_s = 0.0

    def respond(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        # Read the body before taking the lock: a stalled sender must not block others.
        length = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        if len(body) < length:
            # The sender hung up. Unlike AWS, moto would store the incomplete object.
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        nonlocal forgot_at_s
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        with condition:
            if time.monotonic() - forgot_at_s >= _FORGET_EVERY_S:
                _forget_messages()
                forgot_at_s = time.monotonic()
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


def _forget_messages() -> None:
    """Removes the messages that are older than their queue's retention period.

    moto would only not hand them out, and goes through all messages of a queue with each that is sent to it.
    """
    now_s = time.time()
    for regions in sqs_backends.values():
        for backend in regions.values():
            for queue in backend.queues.values():
                # moto sets an attribute for each of SQS's.
                retention_s = int(queue.message_retention_period)  # type: ignore[attr-defined]
                sent_from_ms = 1000 * (now_s - retention_s)
                queue._messages = [one for one in queue._messages if (one.sent_timestamp or 0) > sent_from_ms]


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
