"""The public board over HTTP: made once for everybody, small, cacheable, and silent on everything else."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pytest

from audience.errors import StoreUnavailable
from board_page.page import page
from dashboard.pages.board.routes import board_routes
from dashboard.pages.board.snapshots import MOST_SESSIONS, Snapshot, Snapshots
from tests.routes_server import Answer, serving

Asking = Callable[..., Answer]

DOCUMENT = json.dumps({"title": "Fête & <b>Spiele</b>", "stages": []}).encode()


@dataclass
class Kitchen:
    """Makes documents, and counts them."""

    now_ms: int = 10_000
    made: list[tuple[str, int]] = field(default_factory=list)
    broken: bool = False

    def make(self, session_id: str, at_ms: int) -> bytes | None:
        self.made.append((session_id, at_ms))
        if self.broken:
            raise StoreUnavailable("/home/somebody/secret.db cannot be read")
        return DOCUMENT if session_id.startswith("fete") else None


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def asked(kitchen: Kitchen) -> Iterator[Asking]:
    with serving(board_routes(page(), Snapshots(kitchen.make, lambda: kitchen.now_ms), ["127.0.0.1"])) as address:
        yield partial(Answer, address)


def test_everybody_who_asks_within_an_update_gets_the_same_picture(kitchen, asked):
    answers = [asked("/live/fete/live.json") for _ in range(5)]
    assert {answer.body for answer in answers} == {DOCUMENT}
    assert kitchen.made == [("fete", 10_000)]
    kitchen.now_ms = 11_999
    asked("/live/fete/live.json")
    assert len(kitchen.made) == 1
    kitchen.now_ms = 12_000
    asked("/live/fete/live.json")
    assert kitchen.made[1:] == [("fete", 12_000)]


def test_who_has_the_picture_is_not_sent_it_again(asked):
    first = asked("/live/fete/live.json")
    again = asked("/live/fete/live.json", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_cache_in_between_may_answer_for_an_update_and_no_longer(asked):
    assert asked("/live/fete/live.json").headers["cache-control"] == (
        "public, max-age=0, s-maxage=2, stale-while-revalidate=10"
    )


def test_the_picture_is_packed_for_those_who_can_unpack_it(asked):
    packed = asked("/live/fete/live.json", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    plain = asked("/live/fete/live.json", accept_encoding="identity")
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body == DOCUMENT
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


def test_a_board_that_is_none_is_not_found_and_looked_for_once_an_update(kitchen, asked):
    assert [asked("/live/nothing/live.json").status for _ in range(3)] == [404, 404, 404]
    assert len(kitchen.made) == 1


def test_strangers_cannot_fill_the_memory_with_boards(kitchen):
    snapshots = Snapshots(kitchen.make, lambda: kitchen.now_ms)

    async def look_for(numbers: Iterable[int]) -> int:
        for number in numbers:
            assert await snapshots.newest(f"none-{number}") is None
        return len(kitchen.made)

    # In a thread of its own, because a browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, look_for(range(2 * MOST_SESSIONS))).result() == 2 * MOST_SESSIONS
        forgotten, kept = 0, 2 * MOST_SESSIONS - 1
        assert pool.submit(asyncio.run, look_for([forgotten, kept])).result() == 2 * MOST_SESSIONS + 1


def while_one_is_made(kitchen: Kitchen, before: int = 0) -> tuple[list[Snapshot | None], list[Snapshot | None]]:
    """What two more who ask are given at once while a picture is made, and what all three have in the end.

    Args:
        kitchen: makes it.
        before: updates that were made and shown before.
    """
    begun, may_end = threading.Event(), threading.Event()
    may_end.set()

    def slowly(session_id: str, at_ms: int) -> bytes | None:
        begun.set()
        assert may_end.wait(20)
        return kitchen.make(session_id, at_ms)

    async def asking() -> tuple[list[Snapshot | None], list[Snapshot | None]]:
        snapshots = Snapshots(slowly, lambda: kitchen.now_ms)
        for _ in range(before):
            await snapshots.newest("fete")
            kitchen.now_ms += 2_000
        begun.clear()
        may_end.clear()
        first = asyncio.create_task(snapshots.newest("fete"))
        await asyncio.to_thread(begun.wait, 20)
        others = [asyncio.create_task(snapshots.newest("fete")) for _ in range(2)]
        done, _ = await asyncio.wait(others, timeout=0.05)
        at_once = [task.result() for task in done]
        may_end.set()
        return at_once, list(await asyncio.gather(first, *others))

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asking()).result()


def test_who_asks_while_the_first_picture_is_made_waits_for_it(kitchen):
    at_once, in_the_end = while_one_is_made(kitchen)
    assert at_once == []
    assert [snapshot and snapshot.body for snapshot in in_the_end] == [DOCUMENT] * 3
    assert len(kitchen.made) == 1


def test_who_asks_while_the_next_picture_is_made_is_shown_the_last_one(kitchen):
    at_once, in_the_end = while_one_is_made(kitchen, before=1)
    assert [snapshot and snapshot.at_ms for snapshot in at_once] == [10_000, 10_000]
    assert in_the_end[0] is not None
    assert in_the_end[0].at_ms == 12_000
    assert len(kitchen.made) == 2


def test_a_store_that_fails_says_so_to_everybody_who_asks_and_is_asked_once_an_update(kitchen, asked):
    kitchen.broken = True
    assert [asked("/live/fete/live.json").status for _ in range(3)] == [503, 503, 503]
    assert len(kitchen.made) == 1
    kitchen.broken, kitchen.now_ms = False, 12_000
    assert asked("/live/fete/live.json").status == 200


def test_a_store_that_fails_leaves_the_last_picture(kitchen, asked):
    first = asked("/live/fete/live.json")
    kitchen.broken, kitchen.now_ms = True, 20_000
    assert asked("/live/fete/live.json").body == first.body


def test_strangers_are_told_nothing_of_the_store(kitchen, asked):
    kitchen.broken = True
    answer = asked("/live/fete/live.json")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert "secret" not in answer.body.decode()


def test_no_cookie_is_set_and_no_other_host_is_answered(asked):
    for address in ("/live/fete", "/live/fete/live.json"):
        assert "set-cookie" not in asked(address).headers
        assert asked(address, host="elsewhere.example").status == 400


def test_the_page_is_small_and_asks_for_nothing_of_others(asked):
    answer = asked("/live/fete")
    assert len(gzip.compress(answer.body)) < 14_000, "more than what a server sends before it waits for an answer"
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", answer.body.decode())
    assert not re.search(r"https?://\w", re.sub(r"http://www.w3.org/2000/svg", "", answer.body.decode()))


def test_the_page_may_run_its_own_script_only_and_stand_in_a_frame(asked):
    policy = asked("/live/fete").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; connect-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors *" in policy


def test_the_page_says_that_it_counts_groups_and_what_the_figure_is(asked):
    told = asked("/live/fete").body.decode()
    assert "Nobody is recognised" in told
    assert "not what people feel" in told
    assert "picture of a face is kept" not in told, "a cloud may be told to keep crops"
