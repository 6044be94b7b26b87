"""The pages served to others: a real provider, a real browser, and what each role is shown."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from audience.stores import open_store
from dashboard.access.share_links import ShareLink
from tests.builders import a_progress
from tests.dashboard.conftest import READY, fill
from tests.dashboard.test_recordings import a_recording
from tests.routes_server import Answer
from tests.ticking import exit_code, until

pytestmark = pytest.mark.browser

DOOR = "main > .message"
SECRET = "a secret of share links, long enough"
PEOPLE = {
    "vera": {"email": "vera@example.org", "email_verified": True},
    "anna": {"email": "anna@example.org", "groups": ["researchers"]},
    "otto": {},
    "ada": {"email": "ada@example.org", "email_verified": True},
    "eve": {"email": "ada@example.org", "email_verified": False},
}
ACCESS = """
address = "http://127.0.0.1:{port}"
contact = "Ada, extension 12"
proxies = ["127.0.0.1"]
withdrawn_links = ["withdrawn"]

[[people]]
email = "vera@example.org"
role = "viewer"
sessions = ["talk-1"]

[[people]]
group = "researchers"
role = "analyst"

[[people]]
subject = "otto"
role = "operator"

[[people]]
email = "ada@example.org"
role = "admin"
"""
PROVIDER = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{cookie}"
client_id = "houselights"
client_secret = "of no importance here"
server_metadata_url = "http://127.0.0.1:{provider}/.well-known/openid-configuration"
"""


class Served:
    """A server of pages for others.

    Attributes:
        port: it listens at on 127.0.0.1.
        recordings: fingerprints of the recordings of two sessions, "talk-1" and "nasty-1".
    """

    def __init__(self, port: int, recordings: dict[str, str]) -> None:
        self.port, self.recordings = port, recordings

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return Answer(("127.0.0.1", self.port), path, method, **headers)


def link(session_id: str = "talk-1", *, link_id: str = "k1", days: float = 1, recording: bool = False) -> str:
    """A share link's last part."""
    until = datetime.now(UTC) + timedelta(days=days)
    made = ShareLink(link_id=link_id, session_id=session_id, until_s=int(until.timestamp()), recording=recording)
    return made.signed(SECRET)


@contextmanager
def running(*command: str, port: int, folder: Path, **environment: str) -> Iterator[None]:
    """A program that listens on a port, as long as the context lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until(lambda: _listens(process, port))
            yield
        finally:
            process.terminate()
            exit_code(process)


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, f"{process.args} ended before it served"
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The pages, served to others by the command, with a provider to sign in at."""
    folder = tmp_path_factory.mktemp("others")
    port, provider = free_port(), free_port()
    (folder / "videos").mkdir()
    url = f"sqlite:///{folder / 'houselights.db'}"
    recordings = {}
    with open_store(url) as store:
        fill(store)
        for session_id in ("talk-1", "nasty-1"):
            print_ = a_recording(
                folder / "videos" / f"{session_id}.mp4", b"\0\0\0\x18ftypisom" + session_id.encode() * 99
            )
            recordings[session_id] = print_
            store.put_windows([], progress=replace(a_progress(session_id=session_id), fingerprint=print_))
    (folder / "access.toml").write_text(ACCESS.format(port=port))
    (folder / ".streamlit").mkdir()
    told = PROVIDER.format(port=port, provider=provider, cookie=secrets.token_hex(32))
    (folder / ".streamlit" / "secrets.toml").write_text(told)
    users = [word for sub, claims in PEOPLE.items() for word in ("--user-claims", json.dumps({"sub": sub, **claims}))]
    pages = ["houselights", "dashboard", "--access", "access.toml", "--port", str(port), "--videos", "videos"]
    with (
        running("oidc_provider_mock", "--port", str(provider), *users, port=provider, folder=folder),
        running(*pages, "--store", url, port=port, folder=folder, HOUSELIGHTS_SHARE_SECRET=SECRET),
    ):
        yield Served(port, recordings)


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """One browser for all, so that Streamlit's scripts are loaded once."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def visitor(window: BrowserContext) -> Iterator[BrowserContext]:
    """The browser of somebody who was never here."""
    window.clear_cookies()
    yield window
    for page in window.pages:
        page.close()


def opened(context: BrowserContext, address: str) -> Page:
    page = context.pages[0] if context.pages else context.new_page()
    page.goto(address)
    page.wait_for_selector(f"{READY}, {DOOR}")
    return page


def signed_in(context: BrowserContext, others: Served, name: str) -> Page:
    """The first page, as somebody sees it who has just signed in."""
    page = opened(context, others.address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_text("igned in as").wait_for()
    page.wait_for_selector(f"{READY}, {DOOR}")
    return page


def cookies_of(context: BrowserContext) -> str:
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in context.cookies())


def test_without_a_login_there_is_a_door_and_nothing_behind_it_is_told(others: Served, visitor: BrowserContext) -> None:
    for path in ("", "session?session=talk-1"):
        page = opened(visitor, f"{others.address}/{path}")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert "bridges" not in page.content()
        assert "Riverside" not in page.content()
        expect(page.get_by_role("link", name="Compare")).to_have_count(0)


def test_the_public_board_alone_is_open(others: Served) -> None:
    assert others.ask("/live/fest-1").status == 200
    assert b"Main stage" in others.ask("/live/fest-1/live.json").body
    assert others.ask("/live/talk-1/live.json").status == 404
    for print_ in others.recordings.values():
        assert others.ask(f"/recordings/{print_}").status == 404
        assert others.ask(f"/recordings/{print_}/still?t=1").status == 404
    assert others.ask("/_stcore/metrics").status == 404
    assert others.ask("/_stcore/upload_file/a/b", "PUT").status == 404


def test_a_viewer_sees_their_session_and_no_way_leads_to_another(others: Served, visitor: BrowserContext) -> None:
    page = signed_in(visitor, others, "vera")
    expect(page.get_by_text("Why bridges hum").first).to_be_visible()
    assert "Riverside" not in page.content()
    expect(page.get_by_role("link", name="Stages")).to_be_visible()
    expect(page.get_by_role("link", name="Operate")).to_have_count(0)

    page = opened(visitor, f"{others.address}/session?session=talk-1")
    expect(page.locator(".plot[data-curve]")).to_be_visible()
    page = opened(visitor, f"{others.address}/session?session=nasty-1")
    expect(page.get_by_text("There is no session “nasty-1” in this store.")).to_be_visible()
    assert "sqlite:" not in page.content()
    for path in ("operate?session=talk-1", "timeline?session=talk-1"):
        expect(
            opened(visitor, f"{others.address}/{path}").get_by_text("not part of what is open to you")
        ).to_be_visible()
    page = opened(visitor, f"{others.address}/compare?session=talk-1&session=fest-1&session=nasty-1")
    assert "Riverside" not in page.content()

    theirs, anothers = others.recordings["talk-1"], others.recordings["nasty-1"]
    cookie = cookies_of(visitor)
    assert others.ask(f"/recordings/{theirs}", Cookie=cookie).status == 200
    assert others.ask(f"/recordings/{anothers}", Cookie=cookie).status == 404
    assert others.ask(f"/recordings/{anothers}/still?t=1", Cookie=cookie).status == 404
    assert (
        others.ask(f"/recordings/{theirs}", Cookie=re.sub("_streamlit_user=.", "_streamlit_user=x", cookie)).status
        == 404
    )


@pytest.mark.parametrize(("name", "operates"), [("anna", False), ("otto", True)])
def test_the_other_roles_see_all_sessions_and_operators_operate(
    others: Served, visitor: BrowserContext, name: str, operates: bool
) -> None:
    page = signed_in(visitor, others, name)
    expect(page.get_by_text("Why bridges hum").first).to_be_visible()
    expect(page.get_by_text("Riverside").first).to_be_visible()
    expect(page.get_by_role("link", name="Operate")).to_have_count(int(operates))
    page = opened(visitor, f"{others.address}/timeline?session=talk-1")
    expect(page.get_by_role("heading", name="What was shown")).to_be_visible()


def test_who_signs_in_from_a_link_to_a_second_is_led_to_it(others: Served, visitor: BrowserContext) -> None:
    page = opened(visitor, f"{others.address}/session?session=talk-1&t=100")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="vera", exact=True).click()
    expect(page.get_by_role("slider", name="Position")).to_have_attribute("aria-valuenow", "100")
    assert page.url == f"{others.address}/session?session=talk-1&t=100"
    assert [cookie["name"] for cookie in visitor.cookies() if "back" in cookie["name"]] == []


def test_who_signs_out_is_before_the_door_again(others: Served, visitor: BrowserContext) -> None:
    page = signed_in(visitor, others, "ada")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r"/end_session"))
    page = opened(visitor, f"{others.address}/session?session=talk-1")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert others.ask(f"/recordings/{others.recordings['talk-1']}", Cookie=cookies_of(visitor)).status == 404


def test_a_stranger_and_who_claims_an_address_are_told_whom_to_ask(others: Served, visitor: BrowserContext) -> None:
    page = signed_in(visitor, others, "eve")
    expect(page.get_by_text("Ada, extension 12")).to_be_visible()
    expect(page.get_by_text("your provider has not verified")).to_be_visible()
    assert "bridges" not in page.content()


def test_a_link_opens_its_session_and_nothing_else(others: Served, visitor: BrowserContext) -> None:
    page = opened(visitor, f"{others.address}/link/{link()}")
    expect(page.locator(".plot[data-curve]")).to_be_visible()
    assert page.url.endswith("/session?session=talk-1"), "the link does not stay in the address"
    expect(page.get_by_text("does not show its recording")).to_be_visible()
    expect(page.get_by_role("button", name="Copy link to this second")).to_be_visible()
    expect(page.get_by_role("button", name="Write a note on this second")).to_have_count(0)
    expect(page.get_by_text("Change what was shown")).to_have_count(0)
    page = opened(visitor, others.address)
    expect(page.get_by_text("Why bridges hum").first).to_be_visible()
    assert "Riverside" not in page.content()
    page = opened(visitor, f"{others.address}/session?session=fest-1")
    expect(page.get_by_text("There is no session “fest-1”")).to_be_visible()
    page = opened(visitor, f"{others.address}/compare")
    expect(page.get_by_text("not part of what is open to you")).to_be_visible()


def test_a_links_recording_is_shown_if_it_says_so(others: Served, visitor: BrowserContext) -> None:
    page = opened(visitor, f"{others.address}/link/{link(recording=True)}")
    expect(page.locator("video")).to_be_attached()

    def asked(session_id: str, token: str) -> int:
        cookie = f"houselights_link_k1={token}"
        return others.ask(f"/recordings/{others.recordings[session_id]}", Cookie=cookie).status

    assert asked("talk-1", link(recording=True)) == 200
    assert asked("nasty-1", link(recording=True)) == 404
    for nothing in (link(), link(recording=True, days=-1), link(recording=True, link_id="withdrawn")):
        assert asked("talk-1", nothing) == 404
    assert asked("talk-1", link(recording=True)[:-2]) == 404


@pytest.mark.parametrize(
    ("token", "status", "line"),
    [
        (link(days=-1), 404, "This link was good until"),
        (link()[:-2], 404, "This link is not valid"),
        ("x", 404, "This link is not valid"),
        (link(link_id="withdrawn"), 410, "This link was withdrawn"),
    ],
    ids=["expired", "changed", "nonsense", "withdrawn"],
)
def test_a_link_that_opens_nothing_says_why(others: Served, token: str, status: int, line: str) -> None:
    answer = others.ask(f"/link/{token}")
    assert (answer.status, answer.headers["Set-Cookie"]) == (status, None)
    assert line in answer.body.decode()


def test_every_answer_tells_browsers_what_to_refuse(others: Served) -> None:
    paths = ["/", "/session", "/live/fest-1", "/live/fest-1/live.json", "/link/x", "/recordings/x", "/nowhere"]
    paths += ["/_stcore/health", "/_stcore/host-config", "/auth/login", "/_stcore/metrics", "/static/x.js"]
    for path in paths:
        headers = others.ask(path).headers
        framed = "frame-ancestors *" if path == "/live/fest-1" else "frame-ancestors 'none'"
        assert framed in headers["Content-Security-Policy"], path
        assert "unsafe-eval" not in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), path
        assert "camera=()" in headers["Permissions-Policy"], path


def test_no_page_breaks_the_policy_it_is_sent_with(others: Served, visitor: BrowserContext) -> None:
    expect(signed_in(visitor, others, "ada").get_by_role("link", name="Operate")).to_be_visible()
    said: list[str] = []
    page = visitor.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(f"Content Security Policy? {error}"))
    paths = [
        "",
        "session?session=talk-1",
        "timeline?session=talk-1",
        "compare",
        "scenes",
        "planner",
        "board",
        "operate",
    ]
    for path in [*paths, "live/fest-1"]:
        page.goto(f"{others.address}/{path}")
        page.wait_for_selector("main" if path.startswith("live/") else READY)
        if path.startswith("session"):
            page.wait_for_selector(".plot[data-curve]")
    assert [line for line in said if "Policy" in line] == []


def test_who_asks_too_often_waits_and_nobody_else_does(others: Served) -> None:
    def login(client: str) -> int:
        return others.ask("/auth/login", X_Forwarded_For=client).status

    assert login("203.0.113.9") != 429
    with ThreadPoolExecutor(30) as many:  # faster than tokens come back, on any machine
        assert 429 in many.map(login, ["203.0.113.9"] * 30)
    assert login("203.0.113.10") != 429
