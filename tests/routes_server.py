"""Routes of the dashboard's server over real HTTP, without the pages, and what they answer."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from tests.ticking import limit_s


@contextmanager
def serving(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, int]]:
    """A server with nothing but the routes; gives its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join()


class Answer:
    """What the server answered to one request."""

    def __init__(self, address: tuple[str, int], path: str, method: str = "GET", **headers: str) -> None:
        connection = http.client.HTTPConnection(*address, timeout=limit_s())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        response = connection.getresponse()
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        connection.close()
