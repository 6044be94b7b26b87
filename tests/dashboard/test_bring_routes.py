"""Recordings sent by HTTP: nothing is lost by a cut, nothing is taken that was not asked for, and nobody else's."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from audience.incoming import FRONT, PART, TAIL, IncomingRecordings, ScoringState
from audience.stores import open_store
from dashboard.access import identity as asking
from dashboard.access.gate import Gate
from dashboard.incoming_data import incoming, tidied
from dashboard.pages.bring.routes import incoming_routes
from tests.builders import a_session
from tests.dashboard.logins import SECRET, as_header, login_cookies
from tests.ticking import limit_s, until

HEAD = b"\0\0\0\x18ftypmp42"
TALK = {"setting": "event", "title": "Why bridges hum", "country": "DE"}
ACCESS = """
address = "http://127.0.0.1:8501"
contact = "Ada"

[[people]]
subject = "otto"
role = "operator"

[[people]]
subject = "olga"
role = "operator"

[[people]]
subject = "anna"
role = "analyst"
"""
UPLOADS = """
[uploads]
largest_gb = 0.02
person_gb = 0.03
all_gb = 0.05
free_gb = 0
"""


# Another server, in the middle of receiving a part.
ANOTHER = """
import sys
from pathlib import Path
from audience.incoming import IncomingRecordings

with IncomingRecordings(Path(sys.argv[1])).receiving(sys.argv[2]) as alone:
    print(alone, flush=True)
    sys.stdin.read()
"""


class Server:
    """The routes behind the gate, and those who send."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(*self.address, timeout=limit_s())
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        read = response.read()
        connection.close()
        is_json = response.headers.get("Content-Type") == "application/json"
        return response.status, json.loads(read) if is_json else read.decode()

    def bring(self, content: bytes, name: str = "talk.mp4", **headers: str) -> tuple[int, Any]:
        form = {"file": {"name": name, "size": len(content), "modified_ms": 5}, "session": TALK}
        return self.ask("POST", "/incoming", json.dumps(form).encode(), **headers)

    def send(self, answer: Any, content: bytes, **headers: str) -> tuple[int, Any]:
        """Sends the part that an answer wants."""
        first, until_ = answer["wanted"]
        said = {"Content_Range": f"bytes {first}-{until_ - 1}/{len(content)}"} | headers
        return self.ask("PATCH", f"/incoming/{answer['id']}", content[first:until_], **said)

    def send_all(self, answer: Any, content: bytes, **headers: str) -> Any:
        while answer["wanted"]:
            status, answer = self.send(answer, content, **headers)
            assert status == 200, answer
        return answer


@pytest.fixture
def server(store_url: str) -> Iterator[Server]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        routes = incoming_routes(["127.0.0.1"])
        app = Starlette(routes=routes, middleware=[Middleware(Gate)])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Server(listening.getsockname())
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def served(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The same with access settings that let operators bring recordings."""
    file = tmp_path / "access.toml"
    file.write_text(ACCESS + UPLOADS)
    monkeypatch.setenv(asking.VARIABLE, str(file))
    monkeypatch.setattr("dashboard.access.signed_in.get_cookie_secret", lambda: SECRET)
    return server


def cookie(sub: str) -> str:
    return as_header(login_cookies("http://127.0.0.1:8501", sub=sub))


def recording(size: int) -> bytes:
    return (HEAD + os.urandom(size))[:size]


def brought() -> IncomingRecordings:
    return incoming()


def test_a_recording_arrives_byte_for_byte_and_is_asked_about_after_a_restart(server: Server) -> None:
    content = recording(FRONT + TAIL + 2 * PART + 5)
    status, answer = server.bring(content)
    assert status == 201
    for _ in range(3):
        _, answer = server.send(answer, content)
    status, asked = server.ask("GET", f"/incoming/{answer['id']}")
    assert (status, asked) == (200, answer)
    status, again = server.bring(content)  # the same file chosen again, as after the browser was closed
    assert (again["id"], again["wanted"]) == (answer["id"], answer["wanted"])
    server.send_all(again, content)
    (one,) = brought().all()
    assert one.received is None
    assert one.path.read_bytes() == content
    assert one.request.session_id == "why-bridges-hum"
    assert (one.request.country, one.request.file_name) == ("DE", "talk.mp4")


def test_what_came_before_a_cut_is_not_sent_again(server: Server) -> None:
    content = recording(FRONT + TAIL + PART)
    _, answer = server.bring(content)
    _, answer = server.send(answer, content)
    first, until_ = answer["wanted"]
    head = (
        f"PATCH /incoming/{answer['id']} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {until_ - first}\r\n"
        f"Content-Range: bytes {first}-{until_ - 1}/{len(content)}\r\n\r\n"
    )
    with socket.create_connection(server.address) as line:
        line.sendall(head.encode() + content[first : first + 700_000])
        time.sleep(0.2)
    until(lambda: server.ask("GET", f"/incoming/{answer['id']}")[1]["count"] == FRONT + 700_000)
    server.send_all(server.ask("GET", f"/incoming/{answer['id']}")[1], content)
    assert brought().all()[0].path.read_bytes() == content


def test_two_tabs_that_send_the_same_recording_do_not_mix(server: Server) -> None:
    content = recording(FRONT + TAIL + PART)
    _, answer = server.bring(content)
    _, other = server.bring(content)
    assert other["id"] == answer["id"]
    _, answer = server.send(answer, content)
    first, until_ = answer["wanted"]
    with socket.create_connection(server.address) as line:
        said = f"Content-Length: {until_ - first}\r\nContent-Range: bytes {first}-{until_ - 1}/{len(content)}\r\n\r\n"
        line.sendall(f"PATCH /incoming/{answer['id']} HTTP/1.1\r\nHost: 127.0.0.1\r\n{said}x".encode())
        until(lambda: server.send(answer, content)[0] == 409)
    status, late = server.send(other, content)  # the first part once more
    assert (status, late["wanted"][0]) == (409, late["count"] + len(content) - TAIL - FRONT)


def test_of_two_servers_one_takes_a_recording_at_a_time(server: Server) -> None:
    content = recording(FRONT + TAIL + PART)
    _, answer = server.bring(content)
    another = subprocess.Popen(
        [sys.executable, "-c", ANOTHER, str(brought().folder), answer["id"]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with another:
        assert another.stdout is not None
        assert another.stdout.readline() == b"True\n"
        status, refused = server.send(answer, content)
        assert (status, refused["wanted"]) == (409, answer["wanted"])
        another.kill()
    server.send_all(answer, content)  # what a killed server held is free at once
    assert brought().all()[0].path.read_bytes() == content


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Content_Range": "bytes 0-1048576/99"}, 409),
        ({"Content_Range": "bytes 1-1048576/{size}"}, 409),
        ({"Content_Range": "bytes 0-{size}/{size}"}, 416),
        ({"Content_Range": "bytes 0-1048574/{size}"}, 400),  # one fewer than come
        ({"Content_Range": "everything"}, 400),
        ({"Content_Range": "bytes 0-1048575/{size}", "Origin": "https://elsewhere.example"}, 403),
        ({"Content_Range": "bytes 0-1048575/{size}", "Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
def test_bytes_that_were_not_asked_for_change_nothing(server: Server, change: dict[str, str], status: int) -> None:
    content = recording(FRONT + TAIL + PART)
    _, answer = server.bring(content)
    headers = {name: value.format(size=len(content)) for name, value in change.items()}
    given, said = server.send(answer, content, **headers)
    assert given == status
    assert len(said["problem"].splitlines()) == 1
    assert brought().all()[0].received.count == 0  # type: ignore[union-attr]


def test_what_is_no_recording_is_found_out_after_its_first_megabyte_and_removed(server: Server) -> None:
    content = b"%PDF-1.7" + bytes(FRONT + TAIL)
    _, answer = server.bring(content, "deck.mp4")
    status, said = server.send(answer, content)
    assert status == 415
    assert "PDF" in said["problem"]
    assert server.ask("GET", f"/incoming/{answer['id']}")[0] == 404
    assert brought().all() == []
    for name in ("deck.pdf", "../../x", ""):
        assert server.bring(recording(10), name)[0] == 422
    assert server.bring(b"", "empty.mp4")[0] == 422
    assert server.ask("POST", "/incoming", b"{")[0] == 422
    assert server.ask("POST", "/incoming", b" " * 20_000)[0] == 413
    assert server.ask("GET", "/incoming/../request.json")[0] == 404
    _, answer = server.bring(recording(10), "../../../etc/talk.mp4")
    assert brought().all()[0].path.parent.parent == brought().folder


def test_a_full_disk_is_said_and_what_arrived_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    content = recording(FRONT + TAIL + PART)
    _, answer = server.bring(content)
    _, answer = server.send(answer, content)
    with monkeypatch.context() as full:

        def no_room(*_: object) -> int:
            raise OSError(28, "No space left on device")

        full.setattr("audience.incoming.os.pwrite", no_room)
        status, said = server.send(answer, content)
    assert status == 507
    assert "full" in said["problem"]
    assert server.ask("GET", f"/incoming/{answer['id']}")[1] == answer
    server.send_all(answer, content)
    monkeypatch.setattr("dashboard.access.upload_room.shutil.disk_usage", lambda _: SimpleNamespace(free=10**9))
    assert server.bring(recording(100), "other.mp4")[0] == 413


def test_a_server_takes_recordings_from_those_alone_whom_its_settings_name(served: Server, tmp_path: Path) -> None:
    content = recording(1000)
    assert served.bring(content)[0] == 404
    assert served.bring(content, Cookie=cookie("anna"))[0] == 404
    status, answer = served.bring(content, Cookie=cookie("otto"))
    assert status == 201
    # Another operator has no part in it.
    for method, body in (("GET", None), ("PATCH", content)):
        assert served.ask(method, f"/incoming/{answer['id']}", body, Cookie=cookie("olga"))[0] == 404
    served.send_all(answer, content, Cookie=cookie("otto"))
    (tmp_path / "access.toml").write_text(ACCESS)
    assert served.bring(content, "other.mp4", Cookie=cookie("otto"))[0] == 404


def test_a_person_and_all_together_bring_as_much_as_the_settings_say(served: Server) -> None:
    ask = {"Cookie": cookie("otto")}
    assert served.bring(bytes(21_000_000), **ask)[0] == 413
    assert served.bring(bytes(19_000_000), **ask)[0] == 201
    status, said = served.bring(bytes(12_000_000), "second.mp4", **ask)
    assert status == 413
    assert "Yours" in said["problem"]
    assert served.bring(bytes(11_000_000), "second.mp4", **ask)[0] == 201
    other = {"Cookie": cookie("olga")}
    assert served.bring(bytes(19_000_000), "third.mp4", **other)[0] == 201
    assert "all people" in served.bring(bytes(10_000_000), "fourth.mp4", **other)[1]["problem"]


def test_the_recording_of_a_deleted_session_is_removed(server: Server, store_url: str) -> None:
    content = recording(1000)
    _, answer = server.bring(content)
    server.send_all(answer, content)
    with open_store(store_url) as store:
        store.put_session(a_session("why-bridges-hum"))
    brought().put_state(answer["id"], ScoringState(step="done"))
    tidied(10**13)
    assert len(brought().all()) == 1
    with open_store(store_url) as store:
        store.delete_session("why-bridges-hum")
    tidied(10**13)
    assert brought().all() == []
