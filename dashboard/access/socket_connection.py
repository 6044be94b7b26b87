"""uvicorn's WebSocket connection with limits on what is read ahead of the app: see `access.connections`.

Its parent is no promise of uvicorn's, so the version is pinned.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from dashboard.access.connections import STALLED_S, Connections

# A message that is cut into more parts, and more pings than this, are no browser's.
_MOST_FRAGMENTS: Final = 1000
_CONTROL_FRAMES: Final = 60
_CONTROL_FRAMES_A_SECOND: Final = 5.0
# So much is read at a time, and no more while messages lie there that the app has not taken.
_SLICE: Final = 4096
_AHEAD: Final = 8


class BoundedSocket(WebSocketsSansIOProtocol):
    """A WebSocket connection with limits."""

    connections_held: Connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes over from the HTTP connection that requested the upgrade."""
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self._unread = bytearray()
        self._control_frames, self._counted_at_s = 0.0, self.loop.time()
        self._closing_since_s: float | None = None
        self._stalled_since_s: float | None = None
        self.connections_held.opened(self)
        self.connections_held.works(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection."""
        self.connections_held.closed(self)
        self._unread.clear()
        super().connection_lost(exc)

    def overdue(self, now_s: float) -> str | None:
        """See `Connection`. Whether the client is still there, uvicorn checks by its own pings."""
        if self.transport.is_closing():
            self._closing_since_s = self._closing_since_s or now_s
            return "its end was not taken" if now_s - self._closing_since_s > STALLED_S else None
        if self._stalled_since_s is not None and now_s - self._stalled_since_s > STALLED_S:
            return "a page was not taken"
        return None

    def let_go(self) -> None:
        """See `Connection`."""
        self.transport.abort()

    def abort(self) -> None:
        """See `Connection`."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Reads no further ahead than the app has processed."""
        self._unread += data
        self._read()

    async def receive(self) -> Any:
        """The next message for the app; makes room for the one after it."""
        message = await self.queue.get()
        self._read()
        return message

    async def send(self, message: Any) -> None:
        """Passes on a message of the app; closes quietly where the app responds instead of accepting."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def pause_writing(self) -> None:
        """The client reads more slowly than the app writes."""
        self._stalled_since_s = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled_since_s = None
        super().resume_writing()

    def handle_ping(self) -> None:
        """Responds to a ping."""
        if self._is_counted():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Handles a pong, requested or not."""
        if self._is_counted():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Handles a continuation frame."""
        if len(self.frames) >= _MOST_FRAGMENTS:
            self._hang_up("a message in too many parts")
        else:
            super().handle_cont(event)

    def _read(self) -> None:
        while self._unread and self.queue.qsize() < _AHEAD and not self.transport.is_closing():
            part = bytes(self._unread[:_SLICE])
            del self._unread[:_SLICE]
            super().data_received(part)
        waits = bool(self._unread) or not self.queue.empty()
        if waits and not self.read_paused:
            self.transport.pause_reading()
        elif not waits and self.read_paused:
            self.transport.resume_reading()
        self.read_paused = waits

    def _is_counted(self) -> bool:
        """Counts a control frame; whether there were not too many."""
        now_s = self.loop.time()
        self._control_frames = 1 + max(
            0.0, self._control_frames - (now_s - self._counted_at_s) * _CONTROL_FRAMES_A_SECOND
        )
        self._counted_at_s = now_s
        if self._control_frames > _CONTROL_FRAMES:
            self._hang_up("too many pings")
        return not self.transport.is_closing()

    def _hang_up(self, why: str) -> None:
        """Closes the socket with a code for the cause."""
        if self.transport.is_closing():
            return
        self.connections_held.count(why)
        self.conn.fail(1008, why)
        self.handle_parser_exception()
