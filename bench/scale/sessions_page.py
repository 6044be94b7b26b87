"""What the list of sessions costs at 50,000 sessions with a festival of 200 stages and 4,000 cameras among them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from audience.reaction.overview import POINTS
from audience.sessions import HOUR_MS, Session
from audience.store import Overview
from audience.stores import documents
from audience.stores.dynamo_index import entries_of
from audience.time import from_ms
from bench.figures import Figure
from bench.scale.keys import CountingTable, counted_table, open_counted

SESSIONS: Final = 50_000
PAGE: Final = 15
_BEGAN_MS: Final = 1_500_000_000_000
_TITLES: Final = ("Bridges that hum", "The lamp", "Small hours", "What rivers say", "Evening lecture", "A slow machine")


def figures() -> Iterator[Figure]:
    """Read units and processor time of the first page, of one in the middle, and of searches."""
    with counted_table() as table:
        _fill(table)
        store = open_counted()
        middle = store.session_page(limit=PAGE * 100).after
        for name, search, reach in (
            ("first page, with the festival", {}, True),
            ("page 101", {"after": middle}, True),
            ("search for a rare word", {"words": "festival-0"}, True),
            ("search for a word of most sessions", {"words": "talk"}, True),
            ("search for two words", {"words": "talk lamp"}, False),
        ):
            table.read.clear()
            began_s = time.process_time()
            page = store.session_page(limit=PAGE, **search)
            took_s = time.process_time() - began_s
            assert page.sessions
            assert all(one.overview is not None for one in page.sessions)
            units = table.read.total()
            what = f"{SESSIONS} sessions, {name}"
            yield Figure(name=f"{what}: read units", value=units, reach=30 if reach else None, direction="at most")
            yield Figure(name=f"{what}: processor", value=took_s, unit="s", reach=0.5, direction="at most")


def _fill(table: CountingTable) -> None:
    """Talks of an hour every two hours, and as the latest a festival; as the store writes them."""
    shape = tuple(round(0.2 + 0.8 * point / POINTS, 3) for point in range(POINTS))
    overview = Overview(stages=1, stage="Main hall", length_s=3600, recorded=True, faces=80, shape=shape)
    for number in range(SESSIONS):
        is_festival = number == 0
        session = Session(
            session_id=f"{'festival' if is_festival else 'talk'}-{number}",
            title=_TITLES[number % len(_TITLES)],
            kind="festival" if is_festival else "talk",
            started_at=from_ms(_BEGAN_MS - 2 * HOUR_MS * number),
        )
        made = replace(overview, stages=200, stage="", length_s=43_200, faces=4000) if is_festival else overview
        partition = f"D#{session.session_id}"
        items = [
            {"pk": {"S": partition}, "sk": {"S": "SESSION"}, "document": {"S": documents.to_json(session)}},
            {"pk": {"S": partition}, "sk": {"S": "SESSION#OVERVIEW"}, "document": {"S": documents.to_json(made)}},
            {"pk": {"S": "MONTHS"}, "sk": {"S": f"{session.started_at:%Y-%m}"}},
            *entries_of(session).values(),
        ]
        for item in items:
            table.items.setdefault(item["pk"]["S"], {})[item["sk"]["S"]] = item
