"""The contract of roll-ups, of the list of sessions and of what changed, on every store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audience.errors import InvalidValue
from audience.rollups import SURE_FACES, TEN_MINUTES_MS
from audience.sessions import DAY_MS, MINUTE_MS, Session
from audience.store import SessionPage, Store
from audience.stores import dynamo, open_store, overviews
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_client import DynamoAddress, client_for
from audience.stores.rollup_renewal import renew
from audience.window_table import WindowTable
from tests.builders import (
    BEGAN_MS,
    a_camera,
    a_head_count,
    a_session,
    a_stage,
    a_transcript,
    a_window,
    after,
    an_alert,
    an_exclusion,
)

NOW_MS = BEGAN_MS + 10 * MINUTE_MS


@pytest.fixture(params=["sqlite", "moto", "dynalite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of every kind."""
    new_table: Callable[[str], str]
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/houselights.db"
    else:
        new_table = request.getfixturevalue("new_table")
        url = new_table(request.getfixturevalue(request.param))
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def stream(store: Store) -> Callable[[], Store]:
    """Brings what changed since the last call to the function that the table's stream calls, as keys."""
    seen: dict[tuple[str, str], object] = {}

    def flow() -> Store:
        if isinstance(store, DynamoStore):
            address = DynamoAddress.of(store.url)
            client = client_for(address.region, address.endpoint, local=True)
            pages = client.get_paginator("scan").paginate(TableName=address.table)
            now = {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}
            changed = {key for key in now.keys() | seen.keys() if now.get(key) != seen.get(key)}
            renew(store, changed, lambda: NOW_MS)
            seen.clear()
            seen.update(now)
        return store

    return flow


def columns(table: WindowTable) -> dict[str, object]:
    names = ("start_ms", "faces", "expected", "spans", "scored", "over", "total", "squares", "scored_spans")
    return {
        "measures": table.measures,
        "width": table.width_ms,
        **{name: getattr(table, name).tolist() for name in names},
    }


def both(store: Store) -> list[dict[str, object]]:
    return [
        columns(store.rollups("talk-1", "main", width_ms=MINUTE_MS)),
        columns(store.rollups("talk-1", "main", width_ms=TEN_MINUTES_MS)),
    ]


def set_up(store: Store, **stage: object) -> None:
    store.put_session(a_session())
    store.put_stage("talk-1", a_stage(**stage))
    store.put_camera("talk-1", "main", a_camera())


class TestRollups:
    def test_a_minute_is_the_sum_of_its_windows_and_ten_that_of_ten_minutes(self, store, stream):
        set_up(store)
        store.put_windows([a_window(at, smiling=10, of=40, width_ms=10_000) for at in range(0, 720, 10)])
        minutes = stream().rollups("talk-1", "main", width_ms=MINUTE_MS)
        tens = store.rollups("talk-1", "main", width_ms=TEN_MINUTES_MS)
        assert minutes.start_ms.tolist() == [BEGAN_MS + at * MINUTE_MS for at in range(12)]
        assert set(minutes.spans.tolist()) == {6}
        assert tens.start_ms.tolist() == [BEGAN_MS, BEGAN_MS + TEN_MINUTES_MS]
        assert (tens.spans.tolist(), tens.record_width_ms) == ([60, 12], 10_000)
        smile = tens.measures.index("smile")
        assert (tens.over[:, smile] / tens.scored[:, smile]).tolist() == [0.25, 0.25]
        assert tens.scored[:, smile].tolist() == [2400, 480]

    def test_late_doubled_and_corrected_windows_leave_what_all_at_once_would(self, store, stream):
        set_up(store)
        right = [a_window(5 * at, smiling=at, of=30, width_ms=5000) for at in range(20)]
        store.put_windows(right)
        expected = both(stream())
        store.put_windows([replace(right[5], faces=60, expected=60), replace(right[18], faces=70, expected=70)])
        assert both(stream()) != expected
        store.put_windows(right[::-1])
        store.put_windows(right[4:9])
        assert both(stream()) == expected

    def test_figures_over_fewer_faces_are_left_out_and_their_faces_are_not(self, store, stream):
        set_up(store)
        counts = [SURE_FACES, SURE_FACES - 1, 3, 0]
        store.put_windows([a_window(at, smiling=0, of=count) for at, count in enumerate(counts)])
        minute = stream().rollups("talk-1", "main", width_ms=MINUTE_MS)
        assert (minute.faces.tolist(), minute.spans.tolist()) == ([sum(counts)], [4])
        assert (minute.scored[0].max(), minute.scored_spans[0].max()) == (SURE_FACES, 1)

    def test_heads_are_counted(self, store, stream):
        set_up(store)
        store.put_windows([a_head_count(at, heads=7) for at in range(60)])
        minute = stream().rollups("talk-1", "main", width_ms=MINUTE_MS)
        assert (minute.faces.tolist(), minute.measures) == ([420], ())

    def test_cameras_that_overlap_count_once_also_where_that_is_said_later(self, store, stream):
        set_up(store)
        store.put_windows([a_window(at, of=30, camera_id="cam-1") for at in range(10)])
        store.put_windows([a_window(at, of=50, camera_id="wide") for at in range(10)])
        assert stream().rollups("talk-1", "main", width_ms=MINUTE_MS).faces.tolist() == [800]
        store.put_camera("talk-1", "main", a_camera("wide", overlaps=["cam-1"]))
        assert stream().rollups("talk-1", "main", width_ms=MINUTE_MS).faces.tolist() == [500]
        assert store.rollups("talk-1", "main", width_ms=TEN_MINUTES_MS).faces.tolist() == [500]

    def test_what_is_deleted_is_gone_from_them(self, store, stream):
        set_up(store)
        store.put_windows([a_window(at, of=30) for at in range(50, 70)])
        store.put_windows([a_window(at, of=50, camera_id="other") for at in range(10)])
        stream()
        store.delete_camera_records("talk-1", "main", "cam-1")
        for width_ms in (MINUTE_MS, TEN_MINUTES_MS):
            assert stream().rollups("talk-1", "main", width_ms=width_ms).faces.tolist() == [500]
        store.delete_session("talk-1")
        store.put_session(a_session())
        for width_ms in (MINUTE_MS, TEN_MINUTES_MS):
            assert len(store.rollups("talk-1", "main", width_ms=width_ms)) == 0

    def test_what_expired_and_was_pruned_is_gone_from_them(self, store, stream):
        set_up(store)
        store.put_windows([a_window(at, of=30, expires_ms=5000 if at < 5 else None) for at in range(10)])
        assert stream().rollups("talk-1", "main", width_ms=MINUTE_MS).spans.tolist() == [10]
        assert store.prune(6000) == 5
        assert stream().rollups("talk-1", "main", width_ms=MINUTE_MS).spans.tolist() == [5]

    def test_a_part_of_them_is_read(self, store, stream):
        set_up(store)
        store.put_windows([a_window(at, of=30) for at in range(0, 300, 10)])
        stream()
        from_ms, until_ms = BEGAN_MS + MINUTE_MS, BEGAN_MS + 3 * MINUTE_MS
        some = store.rollups("talk-1", "main", width_ms=MINUTE_MS, from_ms=from_ms, until_ms=until_ms)
        assert some.start_ms.tolist() == [from_ms, from_ms + MINUTE_MS]
        assert len(store.rollups("talk-1", "main", width_ms=MINUTE_MS, from_ms=5, until_ms=5)) == 0

    def test_windows_of_two_widths_are_summed_by_neither(self, store, stream):
        set_up(store)
        store.put_windows([a_window(0, of=30), a_window(4, of=30, width_ms=2000)])
        assert len(stream().rollups("talk-1", "main", width_ms=MINUTE_MS)) == 0

    def test_they_do_not_change_what_else_is_read(self, store, stream):
        set_up(store)
        store.put_windows([a_window(at, of=30) for at in range(50, 70)])
        before = [store.window_count("talk-1", "main"), store.faces("talk-1", "main"), store.recordings("talk-1")]
        stream()
        assert [
            store.window_count("talk-1", "main"),
            store.faces("talk-1", "main"),
            store.recordings("talk-1"),
        ] == before


def begun(at_s: float, session: Session, **fields: object) -> Session:
    return replace(session, started_at=after(at_s), **fields)


def ids(page: SessionPage) -> list[str]:
    return [one.session.session_id for one in page.sessions]


def all_pages(store: Store, limit: int = 2, **search: str) -> list[str]:
    found, after = [], None
    while True:
        page = store.session_page(after=after, limit=limit, **search)
        assert len(page.sessions) <= limit
        found += ids(page)
        if page.after is None:
            return found
        after = page.after


class TestSessionPage:
    def test_pages_hold_every_session_once_the_latest_first(self, store):
        days = [0, 40, 3, 3, 1, 80, 0]
        for number, day in enumerate(days):
            store.put_session(begun(86_400 * day, a_session(f"talk-{number}")))
        expected = [session.session_id for session in store.sessions()]
        assert expected == ["talk-5", "talk-1", "talk-2", "talk-3", "talk-4", "talk-0", "talk-6"]
        for limit in (1, 2, 7, 20):
            assert all_pages(store, limit) == expected

    def test_an_empty_store_has_an_empty_page(self, store):
        assert store.session_page() == store.session_page(words="talk") == replace(store.session_page(), sessions=())

    def test_a_page_after_something_else_is_refused(self, store):
        store.put_session(a_session())
        with pytest.raises(InvalidValue):
            store.session_page(after="nonsense")

    def test_a_search_finds_beginnings_of_words_in_any_order_and_case(self, store):
        store.put_session(replace(a_session("keynote", title="Größe und Licht"), tags=("students",)))
        store.put_session(begun(60, a_session("lights", title="The lightest lights"), city="Lisbon"))
        store.put_session(begun(90, a_session("other", title="Elsewhere"), film="Delight"))
        found = {words: sorted(all_pages(store, words=words)) for words in ("LIGHT", "und größ", "li", "stud", "zebra")}
        assert found == {
            "LIGHT": ["lights"],
            "und größ": ["keynote"],
            "li": ["keynote", "lights"],
            "stud": ["keynote"],
            "zebra": [],
        }
        assert all_pages(store, words="light li") == ["lights"]
        assert all_pages(store, words="talk", limit=1) == ["other", "lights", "keynote"]

    def test_sessions_of_a_film_are_found_by_its_whole_name(self, store):
        for number in range(5):
            film = "The Lamp | II" if number % 2 else "The Lamp"
            store.put_session(begun(number, a_session(f"s-{number}"), film=film))
        assert all_pages(store, film="The Lamp", limit=1) == ["s-4", "s-2", "s-0"]
        assert all_pages(store, film="The Lamp | II", limit=1) == ["s-3", "s-1"]

    def test_a_changed_session_is_found_as_it_is_now_and_a_deleted_one_is_not(self, store):
        store.put_session(begun(0, a_session("one", title="Before"), film="A film"))
        changed = replace(store.session("one"), title="Afterwards", film="", started_at=after(86_400 * 50))
        store.change_session(changed)
        assert (all_pages(store, words="before"), all_pages(store, film="A film")) == ([], [])
        assert all_pages(store) == all_pages(store, words="afterw") == ["one"]
        assert store.session_page().sessions[0].session == changed
        store.put_session(replace(changed, title="Once more", started_at=after(0)))
        assert all_pages(store) == all_pages(store, words="once") == ["one"]
        store.delete_session("one")
        assert all_pages(store) == all_pages(store, words="once") == []
        assert store.sessions() == []

    def test_the_overview_is_that_of_the_windows_once_a_short_session_has_ended(self, store, stream):
        set_up(store, title="Main hall")
        store.put_windows([a_window(at, smiling=2 if at < 60 else 8, of=10, width_ms=2000) for at in range(0, 120, 2)])
        stream()
        store.change_session(replace(store.session("talk-1"), ended_at=after(120)))
        overview = stream().session_page().sessions[0].overview
        assert overview is not None
        assert (overview.stage, overview.stages, overview.length_s, overview.faces) == ("Main hall", 1, 120, 10)
        assert (overview.shape[0], overview.shape[-1]) == (0.25, 1.0)
        store.put_stage("talk-1", a_stage(title="Main hall", exclusions=[an_exclusion(0, 60)]))
        shape = stream().session_page().sessions[0].overview.shape
        assert (shape[0], shape[-1]) == (None, 1.0)
        store.delete_camera_records("talk-1", "main", "cam-1")
        assert not stream().session_page().sessions[0].overview.recorded

    def test_the_overview_of_a_long_session_is_made_of_its_rollups(self, store, stream, monkeypatch):
        monkeypatch.setattr(overviews, "EXACT_RECORDS", 100)
        set_up(store)
        for camera_id in ("a", "b", "c"):
            store.put_camera("talk-1", "main", a_camera(camera_id))
        records = [a_window(at, smiling=20 if at < 600 else 10, of=40, width_ms=30_000) for at in range(0, 1200, 30)]
        store.put_windows([replace(one, camera_id=camera_id) for one in records for camera_id in ("a", "b", "c")])
        store.change_session(replace(store.session("talk-1"), ended_at=after(1200)))
        overview = stream().session_page().sessions[0].overview
        assert (overview.faces, overview.length_s) == (120, 1200)
        assert (overview.shape[0], overview.shape[-1], len(overview.shape)) == (1.0, 0.5, 20)


class TestChangedSessions:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def test_sessions_that_changed_are_named_and_earlier_ones_are_not(self, store):
        store.put_session(a_session("a"))
        store.put_session(a_session("b"))
        assert store.changed_sessions(self.now_ms() - 1000) == ["a", "b"]
        assert store.changed_sessions(self.now_ms() + 600_000) == []

    @pytest.mark.parametrize(
        "change",
        [
            lambda store: store.put_windows([a_window(of=3)]),
            lambda store: store.put_stage("talk-1", a_stage()),
            lambda store: store.put_camera("talk-1", "main", a_camera()),
            lambda store: store.put_transcript("talk-1", "main", a_transcript((0, 1, "Hello."))),
            lambda store: store.delete_camera_records("talk-1", "main", "cam-1"),
            lambda store: store.change_session(replace(store.session("talk-1"), title="New")),
            lambda store: store.delete_session("talk-1"),
        ],
        ids=["windows", "stage", "camera", "transcript", "camera's records", "session", "deletion"],
    )
    def test_every_change_counts(self, store, change, monkeypatch):
        earlier_s = 2 * 86_400
        now_ns = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: now_ns() - earlier_s * 10**9)
        store.put_session(a_session())
        monkeypatch.setattr(time, "time_ns", now_ns)
        since_ms = self.now_ms()
        assert store.changed_sessions(since_ms) == []
        change(store)
        assert store.changed_sessions(since_ms) == ["talk-1"]

    def test_alerts_are_no_change_and_sessions_of_long_ago_are_all_named(self, store, monkeypatch):
        monkeypatch.setattr(dynamo, "DELETIONS_KNOWN_MS", 2 * DAY_MS)
        now_ns = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: now_ns() - 50 * 86_400 * 10**9)
        store.put_session(a_session())
        monkeypatch.setattr(time, "time_ns", now_ns)
        store.alerting.put("talk-1", an_alert())
        assert store.changed_sessions(self.now_ms()) == []
        assert store.changed_sessions(0) == ["talk-1"]


def test_a_rollup_of_a_stage_that_nobody_recorded_is_empty(store):
    set_up(store)
    for width_ms in (MINUTE_MS, TEN_MINUTES_MS):
        table = store.rollups("talk-1", "main", width_ms=width_ms)
        assert (len(table), table.width_ms) == (0, width_ms)
        assert np.array_equal(table.scored, np.empty((0, 0)))
