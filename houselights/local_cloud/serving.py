"""A WSGI application behind real HTTP on this machine, in this process."""

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
    """The address of an application; it ends with the context.

    Args:
        application: asked from several threads at once.
        port: on 127.0.0.1; 0 for a free one.

    Raises:
        InvalidValue: another program has the port.
    """
    try:
        listening = socket.create_server((_HOST, port))
    except OSError as problem:
        raise InvalidValue(f"port {port} cannot be used ({problem.strerror}): choose another") from None
    with listening:
        server = make_server(
            _HOST, port, application, threaded=True, request_handler=_QuietHandler, fd=listening.fileno()
        )
    serving_it = threading.Thread(target=server.serve_forever, name="local-cloud")
    serving_it.start()
    try:
        yield f"http://{_HOST}:{server.port}"
    finally:
        server.shutdown()
        serving_it.join()
        server.server_close()


class _QuietHandler(MotoRequestHandler):
    """moto's own handler, which keeps the names of S3's metadata, without a line for each request.

    It asks nothing for a client that hung up in the middle of its headers: Python's own would take those that came for
    all there are.
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
    """A stream that knows whether it came to its end while it was read by lines."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.ended = False

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._stream.readline(size)
        self.ended |= not line
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
