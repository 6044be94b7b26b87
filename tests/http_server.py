"""An HTTP server on this machine for as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests, and logs none."""

    disable_nagle_algorithm = True  # an answer is two writes, and the second would wait 40 ms

    def body(self) -> bytes:
        """What came with the request."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status: int, content: bytes = b"", **fields: str) -> None:
        """Sends an answer.

        Args:
            status: of HTTP.
            content: what it holds.
            fields: its header, with `_` for `-`.
        """
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def http_server(handler: Callable[..., Any], *, kind: type[ThreadingHTTPServer] = ThreadingHTTPServer) -> Iterator[str]:
    """Serves until the context is left.

    Args:
        handler: class of what answers each request.
        kind: class of the server.

    Yields:
        Its address: `http://127.0.0.1:12345`.
    """
    with kind(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True  # a client may keep its connections open
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
