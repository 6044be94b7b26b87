"""A DynamoDB in trouble: an HTTP server between boto3 and an engine that answers some requests itself."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.http_server import QuietHandler, http_server

Answer = tuple[int, dict[str, Any]]
# Given an operation and its request: the answer, or None to have the engine give it. It may change the request.
Trouble = Callable[[str, dict[str, Any]], Answer | None]


def refusal(code: str, message: str = "") -> Answer:
    """How DynamoDB refuses a request."""
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}


def _no_trouble(operation: str, request: dict[str, Any]) -> Answer | None:
    return None


def _as_it_is(answer: dict[str, Any]) -> dict[str, Any]:
    return answer


@dataclass
class FaultyEngine:
    """What stands between.

    Attributes:
        address: where boto3 finds it.
        trouble: what it does to requests; nothing until a test says so. Called in the request's own thread.
        amend: what it does to the engine's answers, in the same thread.
        delay_s: how far away the engine is: every request takes so much longer.
        operations: all that were asked for, in order.
        most_at_once: requests on their way at the same time, the most there were.
    """

    address: str = ""
    trouble: Trouble = _no_trouble
    amend: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is
    delay_s: float = 0
    operations: list[str] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def calm_down(self) -> None:
        """Ends all trouble."""
        self.trouble, self.amend = _no_trouble, _as_it_is

    def answer(self, engine: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Answers a request, or has the engine answer it."""
        operation, request = headers["X-Amz-Target"].partition(".")[2], json.loads(body)
        with self._lock:
            self.operations.append(operation)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            own = self.trouble(operation, request)
            time.sleep(self.delay_s)
            if own is not None:
                return own[0], json.dumps(own[1]).encode()
            status, answer = _ask(engine, headers, json.dumps(request).encode())
            return status, json.dumps(self.amend(json.loads(answer))).encode()
        finally:
            with self._lock:
                self._at_once -= 1


@contextmanager
def faulty_engine(engine: str) -> Iterator[FaultyEngine]:
    """Stands before the engine at an address; ends with the context."""
    between = FaultyEngine()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, answer = between.answer(engine, dict(self.headers), self.body())
            self.answer(status, answer, Content_Type="application/x-amz-json-1.0")

    with http_server(Handler) as between.address:
        yield between


def _ask(engine: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    address = urlsplit(engine)
    passed_on = {name: headers[name] for name in ("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")}
    with closing(http.client.HTTPConnection(str(address.hostname), address.port)) as connection:
        connection.request("POST", "/", body, passed_on)
        answer = connection.getresponse()
        return answer.status, answer.read()
