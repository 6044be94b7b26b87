"""The board: the order and rows of stages at one instant, reproducible for any past instant."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.board import reader as reader_module
from audience.board.board import Board, BoardRow, board, reads_from_ms
from audience.board.changes import notes_text
from audience.board.liveliness import UPDATE_MS, StageSums, stage_sums
from audience.board.ranking import CHAIN_MS, HOLD_MS, RENEW_MS
from audience.board.reader import FIRST_MS, RECENT_MS, WHOLE_MS, BoardReader, read_sums
from audience.sessions import MINUTE_MS
from audience.store import Store
from audience.stores import open_store
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from tests.builders import (
    SCORER,
    a_camera,
    a_cue,
    a_face,
    a_head_count,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    after,
    after_ms,
    an_exclusion,
    counted,
)
from tests.examples import examples

LENGTH_S = 1800
AT = after_ms(LENGTH_S)


def stage_of(stage_id: str, windows: Sequence[WindowRecord], *, timelines=(), cues=()) -> StageSums:
    return stage_sums(a_stage(stage_id, timelines=timelines, cues=cues), [], WindowTable.of(windows))


def smiles(at_s: int, stage_id: str, smiling: int, of: int, scorer: str = SCORER) -> WindowRecord:
    """A window without single faces behind it: a board needs thousands of them."""
    return WindowRecord(
        session_id="talk-1",
        stage_id=stage_id,
        camera_id="cam-1",
        start_ms=after_ms(at_s),
        faces=of,
        expected=of,
        tallies={"smile": counted(smiling, of)},
        scorer=scorer,
    )


def steady(
    stage_id: str, smiling: int, of: int, *, from_s: int = 0, until_s: int = LENGTH_S, scorer: str = SCORER
) -> list[WindowRecord]:
    return [smiles(at, stage_id, smiling, of, scorer) for at in range(from_s, until_s)]


def four() -> list[StageSums]:
    """Lively, middling, nearly as middling, and three people."""
    found = {"hill": (30, 50), "barn": (20, 50), "mill": (19, 50), "bench": (3, 3)}
    return [stage_of(stage, steady(stage, smiling, of)) for stage, (smiling, of) in found.items()]


def row(found: Board, stage_id: str) -> BoardRow:
    return next(one for one in found.rows if one.stage_id == stage_id)


def ids(found: Board) -> list[str]:
    return [one.stage_id for one in found.rows]


def test_the_liveliest_stage_is_on_top_and_too_few_faces_come_last():
    found = board(a_session(), four(), AT)
    assert ids(found) == ["hill", "barn", "mill", "bench"]
    assert [one.rank for one in found.rows] == [1, 2, 2, None]
    assert row(found, "hill").figure == pytest.approx(59, abs=2)
    assert row(found, "hill").faces == 50


def test_stages_whose_intervals_overlap_are_one_group():
    found = board(a_session(), four(), AT)
    assert [one.tied for one in found.rows] == [False, True, True, False]


def test_of_three_people_only_the_number_is_shown():
    few = row(board(a_session(), four(), AT), "bench")
    assert (few.state, few.faces) == ("too few", 3)
    assert (few.figure, few.low, few.high, few.rank, few.over_5_min, few.notes) == (None, None, None, None, None, ())
    assert set(few.sparkline) == {None}


@pytest.mark.parametrize(("of", "state"), [(4, "too few"), (8, "too few"), (20, "too few"), (21, "live")])
def test_a_board_has_figures_of_more_than_twenty_faces_only(of, state):
    found = row(board(a_session(), [stage_of("bench", steady("bench", of, of)), *four()[:3]], AT), "bench")
    assert (found.state, found.faces) == (state, of)
    assert (found.rank is None) == (found.figure is None) == (found.over_5_min is None) == (state == "too few")
    assert (set(found.sparkline) == {None}) == (state == "too few")


def test_four_people_and_some_seconds_of_a_crowd_are_not_ranked():
    crowd = [smiles(at, "bench", 30 if at % 5 == 0 else 4, 30 if at % 5 == 0 else 4) for at in range(LENGTH_S)]
    assert row(board(a_session(), [stage_of("bench", crowd), *four()[:3]], AT), "bench").rank is None


def test_a_stage_with_silent_cameras_becomes_stale_and_then_loses_its_figure():
    stages = [stage_of("hill", steady("hill", 30, 50, until_s=LENGTH_S - 20)), *four()[1:]]
    found = board(a_session(), stages, AT)
    assert ids(found) == ["barn", "mill", "hill", "bench"]
    stale = row(found, "hill")
    assert (stale.state, stale.rank, stale.age_s) == ("stale", None, 20.0)
    assert stale.figure == pytest.approx(59, abs=2)
    assert row(board(a_session(), stages, AT - 5_000), "hill").state == "live"
    gone = row(board(a_session(), stages, AT + 60_000), "hill")
    assert (gone.state, gone.figure, gone.faces, gone.age_s) == ("silent", None, None, 80.0)


def test_a_camera_whose_clock_is_ahead_is_believed_when_its_time_has_come():
    ahead = steady("hill", 5, 50) + steady("hill", 50, 50, from_s=LENGTH_S, until_s=LENGTH_S + 100)
    found = board(a_session(), [stage_of("hill", ahead), *four()[1:]], AT)
    assert row(found, "hill").age_s == 0
    assert row(found, "hill").figure < 20


def test_the_trend_is_against_five_and_fifteen_minutes_ago():
    rising = steady("hill", 10, 50, until_s=LENGTH_S - 600) + steady("hill", 40, 50, from_s=LENGTH_S - 600)
    found = row(board(a_session(), [stage_of("hill", rising), *four()[1:]], AT), "hill")
    assert found.over_5_min.direction == "steady"
    assert found.over_15_min.direction == "up"
    assert found.over_15_min.change == pytest.approx(57, abs=4)
    begun = [stage_of("hill", steady("hill", 10, 50, from_s=LENGTH_S - 400)), *four()[1:]]
    assert row(board(a_session(), begun, AT), "hill").over_15_min is None


def test_changes_are_described_in_a_phrase():
    sets = a_timeline(("Slow Tide", 0, LENGTH_S - 200), ("Marrow", LENGTH_S - 200, 9000))
    rising = steady("hill", 10, 50, until_s=LENGTH_S - 200) + steady("hill", 40, 50, from_s=LENGTH_S - 200)
    found = row(board(a_session(), [stage_of("hill", rising, timelines=[sets]), *four()[1:]], AT), "hill")
    assert notes_text(found.notes) == "more faces smile, “Marrow” began"
    assert found.playing == "Marrow"
    assert row(board(a_session(), four(), AT), "hill").notes == ()


def test_surprise_and_a_crowd_that_leaves_are_described_too():
    def seen(smile: float, surprised: float, of: int) -> list:
        return [a_face(f"t{one}", confidences={"smile": smile, "surprised": surprised}) for one in range(of)]

    windows = [a_window(at, seen=seen(0.2, 0.1, 60), stage_id="hill") for at in range(LENGTH_S - 200)]
    windows += [a_window(at, seen=seen(0.2, 0.8, 30), stage_id="hill") for at in range(LENGTH_S - 200, LENGTH_S)]
    found = row(board(a_session(), [stage_of("hill", windows), *four()[1:]], AT), "hill")
    assert notes_text(found.notes) == "more faces look surprised, fewer faces in view (30, 60 five minutes ago)"


def test_the_current_set_follows_from_the_stages_cues():
    sets = a_timeline(("Slow Tide", 0, 600), ("Marrow", 900, 1500))
    stage = stage_of("hill", steady("hill", 10, 50), timelines=[sets], cues=[a_cue(300, 0)])
    at = {
        second: row(board(a_session(), [stage], after_ms(second)), "hill").playing for second in (200, 400, 1000, 1300)
    }
    assert at == {200: "", 400: "Slow Tide", 1000: "", 1300: "Marrow"}
    begun_with_the_session = stage_of("hill", [], timelines=[sets])
    assert board(a_session(), [begun_with_the_session], after_ms(100)).rows[0].playing == "Slow Tide"


def test_the_sparkline_is_the_last_minute_and_a_gap_is_a_gap():
    last = steady("hill", 10, 50, until_s=LENGTH_S - 30) + steady("hill", 40, 50, from_s=LENGTH_S - 20)
    line = row(board(a_session(), [stage_of("hill", last), *four()[1:]], AT), "hill").sparkline
    assert len(line) == 12
    assert line[6:8] == (None, None)
    assert max(line[:6]) < 30 < 70 < min(line[8:])


def test_a_head_count_has_no_liveliness_and_says_why():
    heads = stage_sums(
        a_stage("hall"), [], WindowTable.of([a_head_count(at, heads=20) for at in range(1700, LENGTH_S)])
    )
    session = replace(a_session(mode="head count"), mode_reason="Only heads are counted.")
    found = board(session, [heads], AT)
    assert (found.rows[0].state, found.rows[0].figure, found.rows[0].faces) == ("heads only", None, 20)
    assert found.caution == "Only heads are counted."


def test_a_head_count_has_none_even_where_somebody_stored_scores():
    assert {one.figure for one in board(a_session(mode="head count"), four(), AT).rows} == {None}


def test_a_minute_that_somebody_left_out_says_so_and_has_no_figure():
    stage = a_stage("hill", exclusions=[an_exclusion(LENGTH_S - 100, LENGTH_S + 100)])
    hill = stage_sums(stage, [], WindowTable.of(steady("hill", 30, 50)))
    found = row(board(a_session(), [hill, *four()[1:]], AT), "hill")
    assert (found.state, found.figure, found.faces) == ("left out", None, 50)


def test_stages_of_different_scorers_carry_a_caution():
    other = stage_of("mill", steady("mill", 19, 50, scorer="rekognition 1"))
    assert "must not be compared" in board(a_session(), [*four()[:2], other], AT).caution
    assert board(a_session(), four(), AT).caution == ""


def test_a_session_without_stages_or_records_is_a_board():
    assert board(a_session(), [], AT).rows == ()
    (silent,) = board(a_session(), [stage_of("hill", [])], AT).rows
    assert (silent.state, silent.age_s) == ("silent", None)


def wavering(seed: int, stages: int = 4, length_s: int = 2400) -> dict[str, list[WindowRecord]]:
    """Stages whose smiles wander, and so their order."""
    rng = np.random.default_rng(seed)
    found = {}
    for number in range(stages):
        share = 0.35 + 0.1 * np.cumsum(rng.normal(0, 0.12, length_s // 60 + 1)).clip(-2.5, 2.5)
        found[f"stage-{number}"] = [
            smiles(at, f"stage-{number}", int(rng.binomial(30, share[at // 60])), 30) for at in range(length_s)
        ]
    return found


@pytest.fixture(scope="module")
def wandering() -> dict[str, list[WindowRecord]]:
    return wavering(3)


def test_places_stand_for_half_a_minute_also_where_every_board_is_made_by_a_process_that_just_started(wandering):
    stages = [stage_of(stage, windows) for stage, windows in wandering.items()]
    since: dict[str, tuple[object, int]] = {}
    changes = []
    for at_ms in range(after_ms(1830), after_ms(2190), UPDATE_MS):
        found = board(a_session(), stages, at_ms)
        assert at_ms - found.ranked_at_ms <= RENEW_MS
        figures = [round(one.figure) for one in found.rows if one.state == "live"]
        assert figures == sorted(figures, reverse=True)
        for place, one in enumerate(found.rows):
            label, changed_ms = since.get(one.stage_id, ((place, one.tied, one.figure), 0))
            if label != (place, one.tied, one.figure):
                changes.append(at_ms - changed_ms)
                changed_ms = at_ms
            since[one.stage_id] = (place, one.tied, one.figure), changed_ms
    assert min(changes) >= HOLD_MS
    assert len(changes) > 4, "places or figures should have changed, or nothing was tried"


def test_a_stage_that_just_began_says_so_and_has_a_place_within_half_a_minute():
    stages = [*four()[:3], stage_of("yard", steady("yard", 25, 50, from_s=LENGTH_S, until_s=LENGTH_S + 100))]
    for stage in range(3):
        more = steady(stages[stage].stage.stage_id, 20, 50, until_s=LENGTH_S + 100)
        stages[stage] = stage_of(stages[stage].stage.stage_id, more)
    seen = {}
    for at_s in range(LENGTH_S, LENGTH_S + 60, 2):
        seen[at_s] = row(board(a_session(), stages, after_ms(at_s)), "yard")
    states = list(dict.fromkeys(one.state for one in seen.values()))
    assert states in (["silent", "too few", "new", "live"], ["silent", "too few", "live"])
    assert all(one.figure is None and one.rank is None for one in seen.values() if one.state != "live")
    first_s = min(at_s for at_s, one in seen.items() if one.state in ("new", "live"))
    assert seen[first_s + 32].state == "live"


def test_the_next_set_follows_from_the_cues_and_a_pause_puts_it_off():
    sets = a_timeline(("Slow Tide", 0, 600), ("Marrow", 900, 1500))
    playing = stage_of("hill", steady("hill", 10, 50), timelines=[sets], cues=[a_cue(300, 0)])
    (found,) = board(a_session(), [playing], after_ms(400)).rows
    assert (found.coming, found.coming_at_ms) == ("Marrow", after_ms(1200))
    held_up = stage_of("hill", [], timelines=[sets], cues=[a_cue(300, 0), a_cue(1000, 500)])
    assert board(a_session(), [held_up], after_ms(400)).rows[0].coming_at_ms == after_ms(1400)
    assert board(a_session(), [playing], after_ms(1300)).rows[0].coming == ""


def test_a_board_of_the_past_is_the_one_that_was_shown(wandering):
    """CompareView: with only the windows that there were. Told again: out of the whole day's."""
    whole = [stage_of(stage, windows) for stage, windows in wandering.items()]
    orders = set()
    for at_ms in range(after_ms(1500), after_ms(2300), 80_000):
        then = [
            stage_of(stage, [one for one in windows if one.start_ms + 1000 <= at_ms])
            for stage, windows in wandering.items()
        ]
        shown = board(a_session(), then, at_ms)
        assert board(a_session(), whole, at_ms) == shown
        orders.add(tuple(ids(shown)))
    assert len(orders) > 2, "the order should have changed, or nothing was tried"


def test_a_board_needs_the_windows_of_a_bounded_past_and_no_more(wandering):
    at_ms = after_ms(2399)
    cut = [
        stage_of(stage, [one for one in windows if one.start_ms >= reads_from_ms(at_ms)])
        for stage, windows in wandering.items()
    ]
    whole = [stage_of(stage, windows) for stage, windows in wandering.items()]
    assert board(a_session(), cut, at_ms) == board(a_session(), whole, at_ms)
    assert at_ms - reads_from_ms(at_ms) <= 2 * CHAIN_MS + 400_000


@settings(max_examples=examples(5))
@given(st.integers(0, 2**32 - 1))
def test_the_order_in_which_windows_arrive_changes_no_board(wandering, seed):
    at_ms = after_ms(2300)
    chance = random.Random(seed)
    shuffled = [stage_of(stage, chance.sample(windows, len(windows))) for stage, windows in wandering.items()]
    found = board(a_session(), [stage_of(stage, windows) for stage, windows in wandering.items()], at_ms)
    assert board(a_session(), shuffled, at_ms) == found


def test_between_two_updates_only_ages_move(wandering):
    stages = [stage_of(stage, windows) for stage, windows in wandering.items()]
    at_ms = after_ms(2000)
    earlier, later = (board(a_session(), stages, at_ms + wait_ms) for wait_ms in (0, UPDATE_MS - 1))
    assert [replace(one, age_s=None) for one in earlier.rows] == [replace(one, age_s=None) for one in later.rows]
    assert board(a_session(), stages, at_ms + UPDATE_MS).rows[0].sparkline != earlier.rows[0].sparkline


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'board.db'}") as store:
        store.put_session(a_session(started_at=after(0)))
        for stage in ("stage-0", "stage-1", "stage-2", "stage-3"):
            store.put_stage("talk-1", a_stage(stage))
            store.put_camera("talk-1", stage, a_camera())
        yield store


def test_a_live_page_shows_what_a_replay_shows_later(store: Store, wandering):
    """Windows arrive as time goes on, one camera's two seconds late and some of them twice."""
    reader = BoardReader("talk-1")
    store.put_windows([one for windows in wandering.values() for one in windows if one.start_ms < after_ms(1990)])
    shown = {}
    for at_ms in range(after_ms(2000), after_ms(2100), 2_000):
        for number, windows in enumerate(wandering.values()):
            late_ms = 2_000 if number == 0 else 0
            due = [one for one in windows if at_ms - 14_000 <= one.start_ms < at_ms - 1000 - late_ms]
            store.put_windows(due)
        shown[at_ms] = reader.board(store, at_ms)
    for stage, windows in wandering.items():
        if stage != "stage-0":
            store.put_windows([one for one in windows if one.start_ms < after_ms(2100)])
    whole = read_sums(store, "talk-1")
    for at_ms, then in shown.items():
        assert [one.stage_id for one in then.rows] == ids(board(a_session(started_at=after(0)), whole, at_ms))


def test_what_arrives_late_is_on_the_board_at_the_next_full_reading(store: Store):
    def put(stage: str, smiling: int, from_s: int, until_s: int) -> None:
        store.put_windows(steady(stage, smiling, 50, from_s=from_s, until_s=until_s))

    reader = BoardReader("talk-1", refresh_ms=30_000)
    for number, stage in enumerate(("stage-0", "stage-1", "stage-2")):
        put(stage, 10 + 5 * number, 0, 1000)
    assert reader.board(store, after_ms(1000)).rows[0].stage_id == "stage-2"
    put("stage-3", 45, 0, 980)  # out of an outbox
    soon = row(reader.board(store, after_ms(1002)), "stage-3")
    assert (soon.state, soon.over_5_min) == ("stale", None)
    found = reader.board(store, after_ms(1030))
    assert row(found, "stage-3").age_s == 50
    assert row(found, "stage-3").over_5_min.direction == "steady"


def test_older_windows_are_read_again_only_where_one_came_late_or_the_stage_is_another(store: Store, monkeypatch):
    at_ms = reads_from_ms(AT) + 2 * CHAIN_MS  # the past of a board begins anew later than any of the instants below
    at_s = (at_ms - after_ms(0)) // 1000
    for number, stage in enumerate(("stage-0", "stage-1", "stage-2")):
        until_s = at_s - 200 if stage == "stage-2" else at_s + 60
        store.put_windows(steady(stage, 10 + 10 * number, 50, from_s=at_s - 900, until_s=until_s))
    reader, read = BoardReader("talk-1", refresh_ms=8_000), store.windows
    read_again: set[str] = set()

    def windows(session_id: str, stage_id: str, *, from_ms: int, until_ms: int) -> WindowTable:
        if until_ms - from_ms > 300_000:
            read_again.add(stage_id)
        return read(session_id, stage_id, from_ms=from_ms, until_ms=until_ms)

    def stages_read_again(after_s: int) -> set[str]:
        read_again.clear()
        monkeypatch.setattr(store, "windows", windows)
        shown = reader.board(store, at_ms + 1000 * after_s)
        monkeypatch.setattr(store, "windows", read)
        anew = read_sums(store, "talk-1", from_ms=0, until_ms=at_ms + 1000 * after_s)
        assert shown == board(a_session(started_at=after(0)), anew, at_ms + 1000 * after_s)
        return set(read_again)

    assert stages_read_again(0) == {"stage-0", "stage-1", "stage-2", "stage-3"}
    assert stages_read_again(8) == stages_read_again(16) == set()
    store.put_windows(steady("stage-2", 30, 50, from_s=at_s - 200, until_s=at_s))  # out of an outbox
    assert stages_read_again(24) == {"stage-2"}
    store.put_stage("talk-1", replace(store.stages("talk-1")[1], exclusions=(an_exclusion(at_s - 300, at_s - 200),)))
    store.put_camera("talk-1", "stage-0", a_camera("cam-2"))
    assert stages_read_again(32) == {"stage-0", "stage-1"}
    store.delete_camera_records("talk-1", "stage-2", "cam-1")
    assert stages_read_again(40) == {"stage-2"}
    assert stages_read_again(48) == set()


def test_an_update_reads_from_the_oldest_of_its_cameras_newest_windows(store: Store, monkeypatch):
    """One camera delivers four seconds after the other. All is read again at times, for what came out of order."""
    quick = steady("stage-0", 20, 50, from_s=500, until_s=1100)
    slow = [replace(one, camera_id="cam-2") for one in steady("stage-0", 30, 50, from_s=500, until_s=1100)]
    store.put_camera("talk-1", "stage-0", a_camera("cam-2"))
    store.put_windows([one for one in quick if one.start_ms < after_ms(999)])
    store.put_windows([one for one in slow if one.start_ms < after_ms(995)])
    reader, read, lengths = BoardReader("talk-1", refresh_ms=60_000), store.windows, []

    def windows(session_id: str, stage_id: str, *, from_ms: int, until_ms: int) -> WindowTable:
        if stage_id == "stage-0":
            lengths.append((until_ms - from_ms) // 1000)
        return read(session_id, stage_id, from_ms=from_ms, until_ms=until_ms)

    missing = []
    for at_s in range(1000, 1040):
        store.put_windows([one for one in quick if one.start_ms == after_ms(at_s - 1) and at_s != 1010])
        store.put_windows([one for one in slow if one.start_ms == after_ms(at_s - 5)])
        if at_s == 1020:
            store.put_windows([one for one in quick if one.start_ms == after_ms(1009)])
        with monkeypatch.context() as patch:
            patch.setattr(store, "windows", windows)
            shown = reader.sums(store, after_ms(at_s))[0]
        anew = read_sums(store, "talk-1", from_ms=after_ms(500), until_ms=after_ms(at_s))[0]
        if (shown.faces[-60:] != anew.faces[-60:]).any():
            missing.append(at_s)
    assert set(missing) <= set(range(1020, 1020 + WHOLE_MS // 1000))
    assert lengths.count(6) == 37, "all but the first, and two that read all of it"


def test_a_past_of_many_cameras_begins_with_roll_ups_and_shows_the_same_places(store: Store, monkeypatch):
    for number, stage in enumerate(("stage-0", "stage-1", "stage-2", "stage-3")):
        store.put_windows(steady(stage, 8 + 8 * number, 50, from_s=0, until_s=1700))
        store.put_windows(steady(stage, 12 + 8 * number, 50, from_s=1700, until_s=2500))
    store.put_stage("talk-1", replace(store.stages("talk-1")[0], exclusions=(an_exclusion(1800, 2400),)))
    at_ms = after_ms(2500)
    exact = BoardReader("talk-1").board(store, at_ms)
    read, oldest = store.windows, [at_ms]

    def windows(session_id: str, stage_id: str, *, from_ms: int, until_ms: int) -> WindowTable:
        oldest.append(from_ms)
        return read(session_id, stage_id, from_ms=from_ms, until_ms=until_ms)

    monkeypatch.setattr(reader_module, "MOST_WINDOWS", 0)
    reader = BoardReader("talk-1", by_rollups=True, at_once=4)
    with monkeypatch.context() as patch:
        patch.setattr(store, "windows", windows)
        same_places(reader.board(store, at_ms), exact)
        assert min(oldest) == at_ms - FIRST_MS
        for later_ms in range(1000, WHOLE_MS + 1, 1000):
            shown = reader.board(store, at_ms + later_ms)
    assert at_ms - RECENT_MS - MINUTE_MS <= min(oldest) <= at_ms - RECENT_MS
    same_places(shown, BoardReader("talk-1").board(store, at_ms + WHOLE_MS))


def same_places(shown: Board, exact: Board) -> None:
    assert ids(shown) == ids(exact)
    for one, other in zip(shown.rows, exact.rows, strict=True):
        assert (one.state, one.rank, one.faces) == (other.state, other.rank, other.faces)
        assert one.figure == pytest.approx(other.figure, abs=0.5)
        assert [trend and trend.direction for trend in (one.over_5_min, one.over_15_min)] == [
            trend and trend.direction for trend in (other.over_5_min, other.over_15_min)
        ]
