"""uvicorn's HTTP connection with limits on size and time: see `access.connections`.

Its parent is no promise of uvicorn's, so the version is pinned.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dashboard.access.connections import BODY_BYTES_A_SECOND, BODY_S, HEAD_S, STALLED_S, Connections
from dashboard.access.headers import headers

# What people who sign in send is a tenth of it: the provider's word, in cookies of 4 kB each.
LARGEST_HEAD: Final = 64 * 1024
MOST_HEADERS: Final = 200
# Browsers wait for an answer before they ask on the same connection.
MOST_PIPELINED: Final = 8


class _TooMuch(Exception):
    """A request that exceeds a limit and is not read to its end."""


class BoundedHttp(HttpToolsProtocol):
    """An HTTP connection with limits."""

    connections_held: Connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts waiting for a request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.peer = self.client[0] if self.client else ""
        self._reads = "head"
        self._since_s = self.loop.time()
        self._bytes = self._head_bytes = self._body_bytes = 0
        self._stalled_since_s: float | None = None
        self._closing_since_s: float | None = None
        self.connections_held.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection."""
        self.connections_held.closed(self)
        super().connection_lost(exc)

    def overdue(self, now_s: float) -> str | None:
        """See `Connection`."""
        if self.transport.is_closing():
            self._closing_since_s = self._closing_since_s or now_s
            return "its end was not taken" if now_s - self._closing_since_s > STALLED_S else None
        if self._stalled_since_s is not None and now_s - self._stalled_since_s > STALLED_S:
            return "an answer was not taken"
        if self._reads == "head" and now_s - self._since_s > HEAD_S:
            return "half a request" if self._bytes else "nothing was asked"
        if self._reads == "body":
            if self.flow.read_paused:
                # It is the app that does not read.
                self._since_s = now_s - self._body_bytes / BODY_BYTES_A_SECOND
            elif now_s - self._since_s > BODY_S + self._body_bytes / BODY_BYTES_A_SECOND:
                return "half a body"
        return None

    def let_go(self) -> None:
        """See `Connection`."""
        if self.transport.is_closing() or self._stalled_since_s is not None or not self._is_idle():
            self.transport.abort()
            return
        if (
            self._bytes
        ):  # browsers connect beforehand at times, and would take this for the answer to what they ask next
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()

    def abort(self) -> None:
        """See `Connection`."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Reads bytes within the limits."""
        if self._reads == "nothing":
            self._reads, self._since_s = "head", self.loop.time()
        self._bytes += len(data)
        super().data_received(data)
        # Headers that never end, and bodies in parts of next to nothing.
        if self._bytes - self._body_bytes > LARGEST_HEAD + self._body_bytes and not self.transport.is_closing():
            self.send_400_response("That is too much of a header.")

    def send_400_response(self, msg: str) -> None:
        """Responds to an invalid request, with the headers of every other response."""
        self.connections_held.count("no request")
        if self._is_idle():
            body = f"{msg}\n".encode()
            fields = (*headers(local=False, encrypted=False), (b"content-type", b"text/plain; charset=utf-8"))
            lines = b"".join(b"%b: %b\r\n" % one for one in (*fields, (b"content-length", b"%d" % len(body))))
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\n%bconnection: close\r\n\r\n%b" % (lines, body))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Counts a request for an unsupported protocol."""
        self.connections_held.count("another protocol")

    def handle_websocket_upgrade(self) -> None:
        """Hands the connection over to a WebSocket."""
        self.connections_held.closed(self)
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise _TooMuch
        self._reads, self._since_s, self._head_bytes = "head", self.loop.time(), 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of the target was read."""
        self._read_of_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is read."""
        self._read_of_head(len(name) + len(value))
        if len(self.headers) >= MOST_HEADERS:
            raise _TooMuch
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers were read."""
        self._reads, self._since_s, self._body_bytes = "body", self.loop.time(), 0
        self.connections_held.works(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of the body was read."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._reads = "nothing"
        self._bytes = self._body_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The response is complete."""
        super().on_response_complete()
        if self._is_idle():
            self.connections_held.waits(self)

    def pause_writing(self) -> None:
        """The client reads more slowly than the response is written."""
        self._stalled_since_s = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled_since_s = None
        super().resume_writing()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _read_of_head(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > LARGEST_HEAD:
            raise _TooMuch
