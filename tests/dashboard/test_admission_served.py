"""The pages served to others, and clients that ask for too much or stay too long: the real server, and no browser."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from audience.stores import open_store
from tests.dashboard.conftest import fill
from tests.dashboard.logins import SECRET, as_header, login_cookies
from tests.routes_server import Answer

ACCESS = """
address = "http://127.0.0.1:{port}"
contact = "Ada"

[[people]]
subject = "vera"
role = "viewer"
sessions = ["talk-1"]

[[people]]
subject = "anna"
role = "analyst"
"""
PROVIDER = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{secret}"
client_id = "houselights"
client_secret = "of no importance here"
server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
"""
RERUN = b"Z\x05\n\x03x=1"


class Served:
    """A server of pages for others, its log beside its settings."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return Answer(("127.0.0.1", self.port), path, method, **headers)

    def login(self, name: str, nonce: str = "n") -> dict[str, str]:
        """The cookies of somebody who has signed in."""
        return login_cookies(self.address, sub=name, nonce=nonce)

    def page(self, cookies: dict[str, str]) -> ClientConnection:
        """A page, opened as a browser does."""
        return connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=["streamlit", cookies.get(XSRF_COOKIE_NAME, "x")],  # type: ignore[list-item]
            origin=self.address,  # type: ignore[arg-type]
            additional_headers={"Cookie": as_header(cookies)},
            max_size=None,
            compression=None,
            open_timeout=60,
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Pages for others, served by the command."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"sqlite:///{folder / 'houselights.db'}"
    with open_store(url) as store:
        fill(store)
    (folder / "access.toml").write_text(ACCESS.format(port=port))
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(PROVIDER.format(port=port, secret=SECRET))
    command = [sys.executable, "-m", "houselights", "dashboard", "--access", "access.toml", "--port", str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([*command, "--store", url], cwd=folder, env={**os.environ}, stdout=log, stderr=log) as process,
    ):
        try:
            server = Served(port, folder)
            while True:
                assert process.poll() is None, (folder / "log").read_text()
                try:
                    if server.ask("/_stcore/health").status == 200:
                        break
                except OSError:
                    time.sleep(0.1)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=60)


def said(page: ClientConnection, until: str) -> list[ForwardMsg]:
    """What a page is told, until a message of a kind comes."""
    told: list[ForwardMsg] = []
    while not told or told[-1].WhichOneof("type") != until:
        data = page.recv(timeout=60)
        assert isinstance(data, bytes)
        told.append(ForwardMsg.FromString(data))
    return told


def runs(page: ClientConnection) -> bool:
    """Whether the app runs for a page, to its end."""
    page.send(RERUN)
    said(page, "script_finished")
    return True


def test_without_a_login_no_page_is_opened_and_the_door_is_all_there_is(served: Served) -> None:
    for cookies in ({}, served.login("eve"), {**served.login("anna"), "_streamlit_user": "x"}):
        with pytest.raises(InvalidStatus) as refused:
            served.page(cookies)
        assert refused.value.response.status_code == 404
        assert refused.value.response.headers["X-Content-Type-Options"] == "nosniff"
        answer = served.ask("/session", Cookie=as_header(cookies))
        assert b"<form" in answer.body
        assert b"<script" not in answer.body
        assert answer.headers["Set-Cookie"] is None


def test_a_page_that_is_opened_with_a_login_is_run(served: Served) -> None:
    with served.page(served.login("vera")) as page:
        assert runs(page)
        assert runs(page)


def test_who_asks_for_runs_without_end_gets_those_that_are_allowed_and_boards_go_on(served: Served) -> None:
    with served.page(served.login("vera", "flood")) as page:
        page.socket.settimeout(0.5)
        sent = 0
        try:
            while sent < 4_000_000:
                page.socket.sendall(_masked(RERUN) * 1000)
                sent += 1000
        except TimeoutError:
            pass  # the server reads no further
        assert sent < 4_000_000
        for _ in range(20):
            assert served.ask("/live/fest-1/live.json").status == 200
    with served.page(served.login("anna")) as page:
        assert runs(page)


def test_signing_out_closes_every_page_of_the_login_and_takes_back_every_copy_of_its_cookie(served: Served) -> None:
    cookies, later = served.login("anna", "first"), served.login("anna", "second")
    with served.page(cookies) as one, served.page(cookies) as copy, served.page(later) as another:
        assert runs(one)
        assert runs(copy)
        served.ask("/auth/logout", Cookie=as_header(cookies))
        for page in (one, copy):
            with pytest.raises(ConnectionClosed) as closed:
                said(page, "auth_redirect")  # which it is not told: the other messages come first
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
        assert runs(another)
    with pytest.raises(InvalidStatus):
        served.page(cookies)
    assert b"<form" in served.ask("/", Cookie=as_header(cookies)).body
    assert b"<form" not in served.ask("/", Cookie=as_header(later)).body
    assert b"anna" not in (served.folder / "access.toml.ended-logins").read_bytes()
    assert (served.folder / "access.toml.ended-logins").stat().st_mode & 0o777 == 0o600


def test_more_than_a_file_may_have_is_not_taken(served: Served) -> None:
    cookies = served.login("anna", "uploads")
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    told = {"Cookie": as_header(cookies), "X-Xsrftoken": cookies[XSRF_COOKIE_NAME]}
    with served.page(cookies) as page:
        page.send(RERUN)
        session_id = said(page, "new_session")[-1].new_session.initialize.session_id

        def parts() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
            for _ in range(100):
                yield bytes(1 << 20)

        try:
            connection.request(
                "PUT",
                f"/_stcore/upload_file/{session_id}/f",
                parts(),
                {**told, "Content-Type": "multipart/form-data; boundary=b"},
                encode_chunked=True,
            )
            status = connection.getresponse().status
        except ConnectionError:
            status = 413  # hung up on while it was still sending
        connection.close()
    assert status == 413


def test_half_a_request_is_let_go_within_seconds(served: Served) -> None:
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=60) as half,
        socket.create_connection(("127.0.0.1", served.port), timeout=60) as silent,
    ):
        half.sendall(b"GET /live/fest-1 HTTP/1.1\r\nHost: a\r\n")
        assert half.recv(1000).startswith(b"HTTP/1.1 408")
        assert silent.recv(1000) == b""


def test_no_answer_was_a_traceback_and_nobody_is_named_in_the_log(served: Served) -> None:
    for path in ("/live/a/b", "/nowhere", "//elsewhere.example/", "/live/%00", "/live/%ff", "/%2e%2e/x", "/session/"):
        for method in ("GET", "POST", "TRACE", "OPTIONS"):
            answer = served.ask(path, method, Cookie=as_header(served.login("anna")))
            assert answer.status in (301, 404, 405), path
            assert answer.headers["Location"] in (None, "/session")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    log = (served.folder / "log").read_text()
    assert "Traceback" not in log
    assert "anna" not in log
    assert len(log) < 10_000


def _masked(data: bytes) -> bytes:
    return bytes([0x82, 0x80 | len(data), 0, 0, 0, 0]) + data
