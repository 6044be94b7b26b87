"""A WSGI application behind real HTTP on this machine, in this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

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
    """moto's own handler, which keeps the names of S3's metadata, without a line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
