"""What comes over a connection, and for how long: a real server, and clients that speak to it by the byte."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from dashboard.access import connections, http_connection
from dashboard.access.http_connection import LARGEST_HEAD
from dashboard.access.uvicorn_connections import bounded
from tests.ticking import limit_s

ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Server:
    """A server that answers everything with what it was sent, and what it has handed to its app."""

    def __init__(self) -> None:
        self.port = 0
        self.is_proxys = False
        self.uvicorn = uvicorn.Server(uvicorn.Config(self, log_config=None, timeout_graceful_shutdown=1))
        self.messages: list[int] = []
        self.reading = threading.Event()
        self.reading.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            async with bounded(receive, lambda _: self.is_proxys):
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while True:
                while not self.reading.is_set():
                    await asyncio.sleep(0.01)
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                self.messages.append(len(message.get("bytes") or b""))
        elif scope["path"] == "/large":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(2000):
                await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            size, more = 0, True
            while more:
                message = await receive()
                size += len(message.get("body", b""))
                more = message.get("more_body", False)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
            await send({"type": "http.response.body", "body": b"%07d" % size})

    @contextmanager
    def open(self, first: bytes = b"") -> Iterator[socket.socket]:
        """A connection over which something was sent."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=limit_s())) as opened:
            opened.sendall(first)
            yield opened

    def answer(self, ask: bytes) -> bytes:
        """The first line of an answer; b"" where the server hangs up."""
        with self.open(ask) as opened:
            return first_line(opened)


def first_line(opened: socket.socket) -> bytes:
    """The first line of what comes; b"" where the server hangs up."""
    try:
        return opened.recv(65536).partition(b"\r\n")[0]
    except ConnectionError:
        return b""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that has little patience and little room."""
    for name, value in (("HEAD_S", 0.6), ("BODY_S", 0.6), ("STALLED_S", 1.0)):
        monkeypatch.setattr(http_connection, name, value)
    monkeypatch.setattr(connections, "_LOOK_S", 0.1)
    monkeypatch.setattr(connections, "_TELL_S", 0.0)
    monkeypatch.setattr("dashboard.access.uvicorn_connections.most_connections", lambda: 40)
    app = Server()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.port = listening.getsockname()[1]
        running = app.uvicorn
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not running.started:
                time.sleep(0.01)
            yield app
        finally:
            running.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (b"", "nothing was asked"),
        (ASK[:-2], "half a request"),
        (b"\r\n", "half a request"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc", "half a body"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "half a body"),
    ],
)
def test_half_a_request_is_let_go_and_counted(
    server: Server, caplog: pytest.LogCaptureFixture, first: bytes, why: str
) -> None:
    with caplog.at_level(logging.WARNING), server.open(first) as opened:
        while opened.recv(1000) if not first.startswith(b"PUT") else first_line(opened):
            pass
        while why not in caplog.text:
            time.sleep(0.01)


def test_who_sends_a_line_of_a_header_now_and_then_is_let_go_all_the_same(server: Server) -> None:
    with server.open(ASK[:-2]) as opened:
        opened.settimeout(0.1)
        answer = None
        while answer is None:
            try:
                opened.sendall(b"X: 1\r\n")
                answer = first_line(opened)
            except TimeoutError:
                pass
            except ConnectionError:
                answer = b""
    assert answer in (b"HTTP/1.1 408 Request Timeout", b"")


def test_a_connection_that_asked_before_is_let_go_when_it_asks_by_half(server: Server) -> None:
    with server.open(ASK) as opened:
        answer = b""
        while not answer.endswith(b"0000000"):
            answer += opened.recv(1000)
        opened.sendall(ASK[:-2])
        assert first_line(opened) == b"HTTP/1.1 408 Request Timeout"


def test_a_slow_body_that_comes_on_is_taken_whole(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "BODY_BYTES_A_SECOND", 500)
    with server.open(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" + bytes(10000)) as opened:
        for _ in range(8):
            time.sleep(0.15)
            opened.sendall(bytes(10000))
        answer = b""
        while not answer.endswith(b"0090000"):
            answer += (part := opened.recv(65536))
            assert part, "all that was answered"


def test_who_takes_nothing_of_an_answer_is_let_go(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), server.open(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"):
        while "an answer was not taken" not in caplog.text:
            time.sleep(0.01)


@pytest.mark.parametrize(
    "ask",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * LARGEST_HEAD,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 300,
        b"GET /" + b"x" * LARGEST_HEAD + b" HTTP/1.1\r\n",
        b"\r\n" * LARGEST_HEAD,
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 300,
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\x01\x02\x03",
    ],
    ids=["a long header", "many headers", "a long path", "blank lines", "trailers", "a method", "a version", "bytes"],
)
def test_what_is_no_request_is_400_with_the_headers_of_every_answer(
    server: Server, caplog: pytest.LogCaptureFixture, ask: bytes
) -> None:
    with server.open() as opened:
        try:
            opened.sendall(ask)
            answer = opened.recv(65536)
        except ConnectionError:
            answer = b""  # hung up on while it was still sending
    if answer:
        assert answer.startswith(b"HTTP/1.1 400") or b"HTTP/1.1 200" in answer.splitlines()[0]
        assert b"content-security-policy" in answer or answer.startswith(b"HTTP/1.1 200")
    assert "Invalid HTTP request" not in caplog.text
    assert server.answer(ASK) == b"HTTP/1.1 200 OK"


def test_a_body_in_parts_of_a_byte_ends_soon(server: Server) -> None:
    with server.open(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") as opened:
        sent = 0
        try:
            while sent < 50_000_000:
                opened.sendall(b"1\r\nx\r\n" * 10_000)
                sent += 60_000
        except ConnectionError:
            pass
    assert sent < 50_000_000


def test_a_thousand_requests_at_once_are_not_read_to_the_end(server: Server) -> None:
    with server.open(ASK * 1000) as opened:
        opened.settimeout(limit_s())
        answers = b""
        try:
            while part := opened.recv(65536):
                answers += part
        except ConnectionError:
            pass
    assert answers.count(b"200 OK") <= 2 * http_connection.MOST_PIPELINED


def test_where_there_is_no_room_the_one_that_has_waited_longest_makes_it(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.is_proxys = True
    monkeypatch.setattr(http_connection, "HEAD_S", 300)  # nobody is let go for having asked nothing
    waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=limit_s()) for _ in range(60)]
    try:
        assert server.answer(ASK) == b"HTTP/1.1 200 OK"
        assert first_line(waiting[0]) == b"", "hung up on, and told nothing"
        while "no room for those that wait" not in caplog.text:
            assert "nothing was asked" not in caplog.text
            time.sleep(0.01)
        assert server.answer(ASK) == b"HTTP/1.1 200 OK"
    finally:
        for one in waiting:
            one.close()


def test_one_address_holds_half_of_the_room_at_most(server: Server) -> None:
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=limit_s()) for _ in range(30)]
    try:
        assert [first_line(one) for one in held[20:]] == [b""] * 10
        assert first_line(held[0]) == b"", "which is let go only later, as nothing was asked"
    finally:
        for one in held:
            one.close()


def test_a_socket_is_read_no_further_than_its_app_has_come(server: Server) -> None:
    server.reading.clear()
    with connect(f"ws://127.0.0.1:{server.port}/", compression=None) as page:
        page.socket.settimeout(2)
        assert _sent_until_it_is_full(page.socket, _frames(b"abc", 10_000)) < 200_000_000
        assert server.messages == []
        (open_page,) = server.uvicorn.server_state.connections
        assert open_page.queue.qsize() < 1000, "of what came in one piece not all is taken apart"  # type: ignore[union-attr]
        server.reading.set()
        while len(server.messages) < 20_000:
            time.sleep(0.01)
        page.socket.close()
    assert set(server.messages) == {3}


@pytest.mark.parametrize(
    "frames",
    [
        lambda: _frames(b"", 3000, Opcode.PING),
        lambda: _frames(b"x", 3000, Opcode.PONG),
        lambda: _frames(b"", 1, Opcode.BINARY, fin=False) + _frames(b"", 3000, Opcode.CONT, fin=False),
        lambda: _frames(bytes(1_100_000), 1),
        lambda: _frames(bytes(700_000), 1, fin=False) + _frames(bytes(700_000), 1, Opcode.CONT),
    ],
    ids=["pings", "pongs", "fragments", "a large message", "a large message in two"],
)
def test_what_no_browser_sends_on_a_socket_closes_it_with_a_code(server: Server, frames: Any) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/", compression=None, ping_interval=None) as page:
        page.socket.sendall(frames())
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(timeout=limit_s())
    assert closed.value.rcvd is None or closed.value.rcvd.code in (1008, 1009)
    assert server.messages == []
    assert server.answer(ASK) == b"HTTP/1.1 200 OK"


def test_messages_are_not_unpacked(server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/", compression="deflate") as page:
        assert page.protocol.extensions == []


def _sent_until_it_is_full(to: socket.socket, part: bytes) -> int:
    """How many bytes were sent until nobody took any more."""
    sent = 0
    try:
        while sent < 200_000_000:
            to.sendall(part)
            sent += len(part)
    except TimeoutError:
        pass
    return sent


def _frames(data: bytes, count: int, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True) * count
