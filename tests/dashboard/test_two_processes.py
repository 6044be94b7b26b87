"""Two servers of the same pages behind a proxy: what one knows the other knows, and one may be killed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from audience.incoming import FRONT, PART, TAIL, IncomingRecordings
from audience.stores import open_store, recordings_folder
from bench.viewing import connected, drawn, drawn_again
from dashboard.access.share_links import ShareLink
from tests.dashboard.conftest import fill
from tests.dashboard.logins import as_header, login_cookies
from tests.ticking import limit_s, until
from tests.two_dashboards import COOKIE_SECRET, SHARE_SECRET, Pair, sign_in, two_dashboards

TALK = {"title": "Why bridges hum", "kind": "talk", "setting": "event", "country": "DE", "notice_given": True}


@pytest.fixture(scope="module")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'houselights.db'}"
    with open_store(url) as store:
        fill(store)
    return url


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Iterator[Pair]:
    with two_dashboards(tmp_path_factory.mktemp("pair"), store_url) as running:
        yield running


@pytest.fixture
def arrives() -> Iterator[Callable[..., httpx.Client]]:
    """Opens browsers without a window, with cookies or none."""
    with ExitStack() as ending:
        yield lambda **cookies: ending.enter_context(httpx.Client(timeout=limit_s(), cookies=cookies))


def sees(visitor: httpx.Client, address: str, path: str = "/") -> bool:
    """Whether a page is shown to a visitor, and not the door in its place."""
    return "main" not in visitor.get(f"{address}{path}").text.partition("<body>")[2][:200]


def test_who_begins_to_sign_in_at_one_server_comes_back_to_the_other_and_is_known_to_both(
    pair: Pair, arrives: Callable[..., httpx.Client]
) -> None:
    visitor = arrives()
    sign_in(visitor, lambda step: pair.servers[step])
    assert not sees(arrives(), pair.servers[0])
    assert all(sees(visitor, address) for address in (*pair.servers, pair.address))


def test_who_signs_out_at_one_server_is_signed_out_of_the_other(
    pair: Pair, arrives: Callable[..., httpx.Client]
) -> None:
    visitor = arrives()
    sign_in(visitor, lambda _: pair.servers[0])
    copy = arrives(**visitor.cookies)
    assert sees(copy, pair.servers[1])
    visitor.get(f"{pair.servers[0]}/auth/logout")
    assert not sees(copy, pair.servers[1])


def test_a_link_that_one_server_opened_is_open_at_the_other(pair: Pair, arrives: Callable[..., httpx.Client]) -> None:
    ends = int((datetime.now(UTC) + timedelta(days=1)).timestamp())
    link = ShareLink(link_id="k1", session_id="talk-1", until_s=ends, recording=False).signed(SHARE_SECRET)
    visitor = arrives()
    assert visitor.get(f"{pair.servers[0]}/link/{link}").status_code == 303
    assert sees(visitor, pair.servers[1], "/session?session=talk-1")


def test_both_servers_show_the_same_board(pair: Pair) -> None:
    boards = [httpx.get(f"{address}/live/fest-1/live.json", timeout=limit_s()).json() for address in pair.servers]
    assert boards[0]["stages"] == boards[1]["stages"] != []


def test_a_page_and_an_upload_go_on_when_their_server_is_killed(
    pair: Pair, store_url: str, arrives: Callable[..., httpx.Client]
) -> None:
    """The last test here: one server is gone after it."""
    visitor = arrives()
    sign_in(visitor, lambda _: pair.address)
    content = b"\0\0\0\x18ftypisom" + os.urandom(FRONT + TAIL + 2 * PART)
    form = {"file": {"name": "talk.mp4", "size": len(content), "modified_ms": 5}, "session": TALK}
    answer = visitor.post(f"{pair.address}/incoming", content=json.dumps(form)).json()

    def send(answer: dict[str, object]) -> dict[str, object]:
        first, last = answer["wanted"]  # type: ignore[misc]
        said = {"Content-Range": f"bytes {first}-{last - 1}/{len(content)}"}
        response = visitor.patch(f"{pair.address}/incoming/{answer['id']}", content=content[first:last], headers=said)
        response.raise_for_status()
        return dict(response.json())

    answer = send(answer)
    serving = pair.servers[["one", "two"].index(visitor.cookies["houselights_server"])]
    # A socket sends the cookies of its own; the proxy's says where it goes.
    own = login_cookies(pair.address, secret=COOKIE_SECRET, sub="otto")
    cookies = as_header({**own, "houselights_server": visitor.cookies["houselights_server"]})
    asked = BackMsg()
    asked.rerun_script.page_name = "session"
    asked.rerun_script.query_string = "session=talk-1"

    async def page_of_a_killed_server() -> None:
        page = await connected(pair.address, cookies)
        before = await drawn(page, asked)
        pair.kill(serving)
        await page.wait_closed()
        again, after, _ = await drawn_again(pair.address, cookies, asked)
        assert len(after) == len(before)
        await again.close()

    with ThreadPoolExecutor(1) as thread:  # a browser of another test may have its loop in this one
        thread.submit(asyncio.run, page_of_a_killed_server()).result()
    assert sees(visitor, pair.address)
    until(lambda: visitor.get(f"{pair.address}/incoming/{answer['id']}").status_code == 200)
    answer = visitor.get(f"{pair.address}/incoming/{answer['id']}").json()
    while answer["wanted"]:
        answer = send(answer)
    (recording,) = IncomingRecordings(recordings_folder(store_url)).all()
    assert recording.received is None
    assert Path(recording.path).read_bytes() == content
