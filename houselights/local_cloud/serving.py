"""Serves a WSGI application over real HTTP in this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from typing import Any, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from audience.errors import InvalidValue

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_HOST = "127.0.0.1"


@contextmanager
def serving(application: Application, *, port: int = 0) -> Iterator[str]:
    """Serves an application until the context ends, and yields its URL.

    Args:
        application: must be thread-safe.
        port: port on 127.0.0.1; 0 picks a free one.

    Raises:
        InvalidValue: the port is in use.
    """
    try:
        listening = socket.create_server((_HOST, port))
    except OSError as problem:
        raise InvalidValue(f"port {port} cannot be used ({problem.strerror}): choose another") from None
    with listening:
        server = make_server(
            _HOST, port, application, threaded=True, request_handler=_QuietHandler, fd=listening.fileno()
        )
    thread = threading.Thread(target=server.serve_forever, name="local-cloud")
    thread.start()
    try:
        yield f"http://{_HOST}:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(MotoRequestHandler):
    """moto's request handler, which keeps the case of S3 metadata names, without a log line for each request.

    Drops the request of a client that hung up within its headers; Python's handler would process it with those it got.
    """

    def setup(self) -> None:
        super().setup()
        self._lines = _Lines(self.rfile)
        self.rfile = cast(BufferedIOBase, self._lines)

    def parse_request(self) -> bool:
        self._lines.ended = False
        if super().parse_request() and not self._lines.ended:
            return True
        self.close_connection = True
        return False

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def log_error(self, format: str, *args: Any) -> None:
        pass


class _Lines:
    """A stream that notes when `readline` reaches its end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.ended = False

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._stream.readline(size)
        self.ended |= not line
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
