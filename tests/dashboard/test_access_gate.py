"""Who may ask at all, before any page or route is asked."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.access import identity as asking
from dashboard.access.gate import Gate
from dashboard.access.headers import headers, policy
from dashboard.access.link_route import link_routes
from dashboard.access.login_redirect import LoginRedirect
from dashboard.access.secrets import SHARE_VARIABLE
from tests.dashboard.logins import SECRET, as_header, login_cookies
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
    gate: Gate | LoginRedirect,
    path: str,
    *,
    peer: str | None = "127.0.0.1",
    kind: str = "http",
    forwarded: str = "",
    root_path: str = "",
    method: str = "GET",
    **headers: str,
) -> list[Any]:
    """What the gate sends to one request; `forwarded` may be several lines."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    told = [(b"x-forwarded-for", line.encode()) for line in forwarded.splitlines()]
    told += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    client = None if peer is None else (peer, 4711)
    scope = {
        "type": kind,
        "path": path,
        "headers": told,
        "client": client,
        "method": method,
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


ACCESS = """
address = "https://a.example"
contact = "Ada"
proxies = ["10.0.0.1"]

[[people]]
subject = "anna"
role = "analyst"
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The access settings of a server behind a proxy."""
    file = tmp_path / "access.toml"
    file.write_text(ACCESS)
    monkeypatch.setenv(asking.VARIABLE, str(file))
    monkeypatch.setattr("dashboard.access.signed_in.get_cookie_secret", lambda: SECRET)
    return file


def login(sub: str = "anna", **claims: Any) -> str:
    """The cookies of somebody who has just signed in, as a browser sends them."""
    return as_header(login_cookies("https://a.example", sub=sub, **claims))


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


def test_each_of_several_servers_lets_an_address_have_its_part(gate: Gate, settings: Path) -> None:
    def until_refused() -> int:
        peer = "192.0.2.4" if "processes" in settings.read_text() else "192.0.2.3"
        return next(count for count in range(10_000) if status(asked(gate, "/live/fest", peer=peer)) == 429)

    alone = until_refused()
    settings.write_text(f"processes = 4\n{ACCESS}")
    assert until_refused() == alone // 4


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
    sent = asked(gate, "/_stcore/stream", kind="websocket", host="a.example", origin=origin, cookie=login())
    assert sent[0]["type"] == answer


def test_what_is_no_page_connects_without_an_origin(gate: Gate, settings: Path) -> None:
    sent = asked(gate, "/_stcore/stream", kind="websocket", host="a.example", cookie=login())
    assert sent[0]["type"] == "websocket.accept"


@pytest.mark.parametrize(
    "cookie", ["", login("eve"), login(iat=1), login().replace("_streamlit_user=", "_streamlit_user=x")]
)
def test_before_login_there_is_a_door_and_nothing_is_run(gate: Gate, settings: Path, cookie: str) -> None:
    for path in ("/", "/session", "/operate"):
        sent = asked(gate, path, cookie=cookie)
        assert status(sent) == 200
        assert b"said" not in sent[1]["body"]
        assert b"<form" in sent[1]["body"]
        assert b"script" not in sent[1]["body"]
    for path in ("/static/js/x.js", "/manifest.json", "/_stcore/host-config", "/component/x/y.js"):
        assert status(asked(gate, path, cookie=cookie)) == 404
    assert asked(gate, "/_stcore/stream", kind="websocket", cookie=cookie)[0]["type"] == "websocket.close"
    assert asked(gate, "/", cookie=login())[1]["body"] == b"said"


def test_the_door_says_who_somebody_is_and_whom_to_ask_and_nothing_of_what_they_say_is_markup(
    gate: Gate, settings: Path
) -> None:
    body = asked(gate, "/", cookie=login("<b>eve</b>"))[1]["body"].decode()
    assert "&lt;b&gt;eve&lt;/b&gt;" in body
    assert "<b>" not in body
    assert "Ada" in body
    assert (
        'action="/below/auth/logout"'
        in asked(gate, "/below/", root_path="/below", cookie=login("eve"))[1]["body"].decode()
    )


NOWHERE = [
    "/live/a/b",
    "/live/",
    "/live/fest-1/x.json",
    "/live/fest-1/",
    "/live/a\0b",
    "/live/\ufffd",
    "/live/..",
    f"/live/{'a' * 65}",
    "/nowhere",
    "//elsewhere.example",
    "//elsewhere.example/",
    "/\\elsewhere.example/",
    "/session/../operate",
    "/session//",
    "/sessions/x",
    "/static/../secrets.toml",
    "/.streamlit/secrets.toml",
    "/recordings/",
    "/recordings/a/b",
    "/_stcore/stream",
    "/_stcore/script-health-check",
    "/_stcore/agent/mcp",
    "/_stcore/upload_file/a",
    "/auth/login/",
    "/auth/",
    "/link/",
    "/link/a/b",
    f"/{'a' * 100_000}",
]


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("path", NOWHERE, ids=[path[:30].encode("ascii", "replace").decode() for path in NOWHERE])
def test_whatever_is_not_there_is_404(
    gate: Gate, settings: Path, monkeypatch: pytest.MonkeyPatch, path: str, served: bool
) -> None:
    if not served:
        monkeypatch.delenv(asking.VARIABLE)
    for method in ("GET", "POST", "OPTIONS", "TRACE"):
        sent = asked(gate, path, cookie=login(), method=method)
        assert status(sent) == 404
        told = dict(sent[0]["headers"])
        assert {b"content-security-policy", b"x-content-type-options", b"permissions-policy"} <= told.keys()
        assert b"location" not in told


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/live/fest-1", b"GET, HEAD"),
        ("/live/fest-1/live.json", b"GET, HEAD"),
        ("/", b"GET, HEAD"),
        ("/session", b"GET, HEAD"),
        ("/recordings/f00d", b"GET, HEAD"),
        ("/link/x", b"GET, HEAD"),
        ("/auth/login", b"GET"),
        ("/_stcore/upload_file/a/b", b"PUT, DELETE, OPTIONS"),
    ],
)
def test_another_method_is_405_and_says_which_there_are(
    gate: Gate, settings: Path, monkeypatch: pytest.MonkeyPatch, path: str, allow: bytes, served: bool
) -> None:
    if not served:
        monkeypatch.delenv(asking.VARIABLE)
    for method in ("POST", "TRACE", "PROPFIND"):
        sent = asked(gate, path, cookie=login(), method=method)
        assert status(sent) == 405
        assert dict(sent[0]["headers"])[b"allow"] == allow
        assert b"content-security-policy" in dict(sent[0]["headers"])


def test_every_path_that_is_not_there_is_charged_like_a_board_that_is_not(gate: Gate, settings: Path) -> None:
    for path, method in (("/nowhere", "GET"), ("/live/a/b", "GET"), ("/live/fest", "POST"), ("/media/x.pdf", "GET")):
        peer = f"192.0.2.{len(path)}"
        assert 429 in [status(asked(gate, path, peer=peer, method=method)) for _ in range(60)]


def test_what_streamlits_page_asks_for_to_find_its_server_is_not_charged(gate: Gate, settings: Path) -> None:
    statuses = {status(asked(gate, "/session/_stcore/health", peer="192.0.2.1")) for _ in range(200)}
    assert statuses == {404}


def test_thousands_of_parts_of_a_recording_are_not_served(gate: Gate, settings: Path) -> None:
    parts = ",".join(f"{start}-{start}" for start in range(0, 4000, 2))
    assert status(asked(gate, "/recordings/f00d", cookie=login(), range=f"bytes={parts}")) == 416
    assert status(asked(gate, "/recordings/f00d", cookie=login(), range="bytes=0-99")) == 200


@pytest.mark.parametrize("served", [True, False])
def test_cookies_that_take_seconds_to_read_are_not_read(
    gate: Gate, settings: Path, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    if not served:
        monkeypatch.delenv(asking.VARIABLE)
    escaped = 'a="' + '\\"' * 300 + '"'
    for path in ("/", "/_stcore/health", "/live/fest-1"):
        assert status(asked(gate, path, cookie=escaped)) == 400


@pytest.mark.parametrize("served", [True, False])
def test_whatever_fails_behind_the_gate_is_an_answer_with_its_headers_and_one_line_that_names_nobody(
    settings: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, served: bool
) -> None:
    async def failing(_scope: Any, _receive: Any, _send: Any) -> None:
        raise KeyError("ada@example.org")

    if not served:
        monkeypatch.delenv(asking.VARIABLE)
    sent = asked(Gate(failing), "/live/ada-s-talk")
    assert status(sent) == 500
    assert b"content-security-policy" in dict(sent[0]["headers"])
    assert len(caplog.messages) == 1
    assert "KeyError" in caplog.text
    assert "ada" not in caplog.text


def test_cookies_are_for_encrypted_connections_alone_where_the_pages_are(settings: Path) -> None:
    async def setting(_scope: Any, _receive: Any, send: Any) -> None:
        told = [
            (b"set-cookie", b"a=1; Path=/"),
            (b"Set-Cookie", b"b=secure; HttpOnly"),
            (b"set-cookie", b"c=1; Secure"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await send({"type": "http.response.body", "body": b""})

    def cookies() -> list[bytes]:
        sent = asked(Gate(setting), "/_stcore/health")
        return [value for name, value in sent[0]["headers"] if name.lower() == b"set-cookie"]

    assert [value.count(b"; Secure") for value in cookies()] == [1, 1, 1]
    settings.write_text('address = "http://127.0.0.1:8501"\ncontact = "Ada"\n')
    assert [value.count(b"; Secure") for value in cookies()] == [0, 0, 1]


def test_signing_out_ends_the_login_for_every_copy_of_its_cookie_and_for_no_other(gate: Gate, settings: Path) -> None:
    theirs, later = login(), login(nonce="another")
    assert asked(gate, "/", cookie=theirs)[1]["body"] == b"said"
    asked(gate, "/auth/logout", cookie=theirs)
    assert b"<form" in asked(gate, "/", cookie=theirs)[1]["body"]
    assert b"<form" in asked(Gate(app), "/", cookie=theirs)[1]["body"], "another process, or this one started anew"
    assert asked(gate, "/_stcore/stream", kind="websocket", cookie=theirs)[0]["type"] == "websocket.close"
    assert status(asked(gate, "/recordings/f00d", cookie=theirs)) == 404
    assert asked(gate, "/", cookie=later)[1]["body"] == b"said"


def test_a_page_of_another_site_signs_nobody_out(gate: Gate, settings: Path) -> None:
    assert status(asked(gate, "/auth/logout", cookie=login(), sec_fetch_site="cross-site")) == 403
    assert asked(gate, "/", cookie=login())[1]["body"] == b"said"


def test_where_a_login_cannot_be_ended_nobody_is_told_that_it_was(gate: Gate, settings: Path) -> None:
    settings.write_text(f'ended_logins = "nowhere/ended"\n{ACCESS}')
    assert status(asked(gate, "/auth/logout", cookie=login())) == 503


def test_while_the_settings_are_broken_nobody_is_let_in_and_nothing_is_told(gate: Gate, settings: Path) -> None:
    settings.write_text("address = ")
    sent = asked(gate, "/")
    assert status(sent) == 503
    assert str(settings) not in str(sent)
    assert b"content-security-policy" in dict(sent[0]["headers"])
    settings.unlink()
    assert status(asked(gate, "/")) == 503
    # Whoever starts servers anew where they are not well would start one that reads the same.
    assert status(asked(gate, "/_stcore/health")) == 200


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
