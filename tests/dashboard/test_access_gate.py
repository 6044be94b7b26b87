"""Who may ask at all, before any page or route is asked."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.access import asking
from dashboard.access.gate import Gate
from dashboard.access.headers import headers, policy
from dashboard.access.link_route import link_routes
from dashboard.access.secrets import SHARE_VARIABLE
from dashboard.access.way_back import WayBack
from tests.routes_server import Answer, serving


async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Answers everything, with a header of its own."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    own = [(b"referrer-policy", b"no-referrer")]
    await send(
        {"type": "http.response.start", "status": 404 if scope["path"].endswith("none") else 200, "headers": own}
    )
    await send({"type": "http.response.body", "body": b"said"})


def asked(
    gate: Gate | WayBack,
    path: str,
    *,
    peer: str | None = "127.0.0.1",
    kind: str = "http",
    forwarded: str = "",
    root_path: str = "",
    **headers: str,
) -> list[Any]:
    """What the gate sends to one request; `forwarded` may be several lines."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    told = [(b"x-forwarded-for", line.encode()) for line in forwarded.splitlines()]
    told += [(name.encode(), value.encode()) for name, value in headers.items()]
    client = None if peer is None else (peer, 4711)
    scope = {
        "type": kind,
        "path": path,
        "headers": told,
        "client": client,
        "method": "GET",
        "query_string": b"",
        "root_path": root_path,
    }
    # In a thread of its own: the browser's tests leave a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, gate(scope, receive, send)).result()
    return sent


def status(sent: list[Any]) -> int:
    return int(sent[0]["status"])


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate for whose clock everything happens at once."""
    monkeypatch.setattr("dashboard.access.gate.time", SimpleNamespace(monotonic=lambda: 0.0))
    return Gate(app)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The access settings of a server behind a proxy."""
    file = tmp_path / "access.toml"
    file.write_text('address = "https://a.example"\ncontact = "Ada"\nproxies = ["10.0.0.1"]\n')
    monkeypatch.setenv(asking.VARIABLE, str(file))
    return file


@pytest.mark.parametrize("peer", ["192.0.2.1", "172.17.0.1", "::ffff:192.0.2.1", "", None])
def test_without_settings_nobody_but_this_machine_is_served(gate: Gate, peer: str | None) -> None:
    assert status(asked(gate, "/", peer=peer)) == 403
    assert asked(gate, "/_stcore/stream", peer=peer, kind="websocket")[0]["type"] == "websocket.close"
    assert status(asked(gate, "/", peer="::1")) == 200


def test_at_ones_own_machine_nothing_is_counted(gate: Gate) -> None:
    assert {status(asked(gate, "/live/none")) for _ in range(200)} == {404}


def test_what_an_answer_says_itself_stays(gate: Gate) -> None:
    told = dict(asked(gate, "/")[0]["headers"])
    assert told[b"referrer-policy"] == b"no-referrer"
    assert told[b"x-content-type-options"] == b"nosniff"


def test_looking_for_boards_that_are_not_there_ends_soon(gate: Gate, settings: Path) -> None:
    statuses = [status(asked(gate, "/live/none", peer="192.0.2.1")) for _ in range(60)]
    assert statuses[0] == 404
    assert 429 in statuses
    assert status(asked(gate, "/live/fest", peer="192.0.2.2")) == 200


def test_behind_a_proxy_it_is_whom_the_proxy_names_that_is_counted(gate: Gate, settings: Path) -> None:
    for _ in range(60):
        asked(gate, "/live/none", peer="10.0.0.1", forwarded="203.0.113.9")
    assert status(asked(gate, "/live/fest", peer="10.0.0.1", forwarded="203.0.113.9")) == 429
    assert status(asked(gate, "/live/fest", peer="10.0.0.1", forwarded="203.0.113.10")) == 200
    assert status(asked(gate, "/live/fest", peer="192.0.2.1", forwarded="203.0.113.9")) == 200


def test_a_line_of_the_header_that_somebody_wrote_before_the_proxy_did_changes_nothing(
    gate: Gate, settings: Path
) -> None:
    for number in range(60):
        asked(gate, "/live/none", peer="10.0.0.1", forwarded=f"198.51.100.{number}\n203.0.113.9")
    assert status(asked(gate, "/live/fest", peer="10.0.0.1", forwarded="198.51.100.99\n203.0.113.9")) == 429


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        ("https://a.example", "websocket.accept"),
        ("https://elsewhere.example", "websocket.close"),
        ("https://a.example.elsewhere.example", "websocket.close"),
        ("http://localhost:8501", "websocket.close"),
        ("null", "websocket.close"),
        ("http://[", "websocket.close"),
        ("", "websocket.close"),
    ],
)
def test_a_page_of_another_site_does_not_connect(
    gate: Gate, settings: Path, monkeypatch: pytest.MonkeyPatch, served: bool, origin: str, answer: str
) -> None:
    if not served:
        monkeypatch.delenv(asking.VARIABLE)
    sent = asked(gate, "/_stcore/stream", kind="websocket", host="a.example", origin=origin)
    assert sent[0]["type"] == answer


def test_what_is_no_page_connects_without_an_origin(gate: Gate, settings: Path) -> None:
    assert asked(gate, "/_stcore/stream", kind="websocket", host="a.example")[0]["type"] == "websocket.accept"


def test_while_the_settings_are_broken_nobody_is_let_in_and_nothing_is_told(gate: Gate, settings: Path) -> None:
    settings.write_text("address = ")
    sent = asked(gate, "/")
    assert status(sent) == 503
    assert str(settings) not in str(sent)
    assert b"content-security-policy" in dict(sent[0]["headers"])
    settings.unlink()
    assert status(asked(gate, "/")) == 503


@pytest.mark.parametrize(
    "path",
    ["/recordings/f00d", "/recordings/f00d/still", "/media/a.pdf", "/_stcore/upload_file/a/b", "/_stcore/metrics"],
)
def test_what_pages_do_not_guard_themselves_is_not_there_for_a_stranger(gate: Gate, settings: Path, path: str) -> None:
    assert status(asked(gate, path)) == 404
    assert status(asked(gate, f"/below{path}", root_path="/below")) == 404
    assert status(asked(gate, "/")) == 200


@pytest.mark.parametrize("path", ["/recordings/f00d", "/media/a.pdf", "/_stcore/upload_file/a/b"])
def test_where_links_cannot_be_checked_they_open_nothing(
    gate: Gate, settings: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv(SHARE_VARIABLE, "short")
    assert status(asked(gate, path, cookie="houselights_link_k1=x")) == 404
    with serving(link_routes()) as address:
        answer = Answer(address, "/link/x")
    assert answer.status == 503
    assert b"short" not in answer.body


def test_browsers_come_back_encrypted_where_the_pages_are() -> None:
    assert b"strict-transport-security" in dict(headers(local=False, encrypted=True))
    assert b"strict-transport-security" not in dict(headers(local=False, encrypted=False))


def test_only_at_ones_own_machine_a_page_may_show_its_cameras() -> None:
    assert "http://127.0.0.1:*" in policy(local=True)
    assert "http://" not in policy(local=False)
