"""A festival's day: from windows as the board showed it, and of very many cameras from sums of minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audience.board.day import read_day
from audience.board.liveliness import UPDATE_MS
from audience.sessions import MINUTE_MS, Session
from audience.store import Store
from audience.stores import open_store
from tests.builders import a_camera, a_session, a_stage, a_window, after, after_ms, an_exclusion

MINUTES = 12
UNTIL_MS = after_ms(60 * MINUTES)


def smiling_of_30(minute: int) -> int:
    """A wild minute in three, and calm ones."""
    return 24 if minute % 3 == 1 else 6


@pytest.fixture(scope="module")
def festival() -> Session:
    return replace(a_session("fete"), kind="festival", ended_at=after(60 * MINUTES))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, festival: Session) -> Iterator[Store]:
    """Three stages: a wild one, a calm one with two cameras, and one with ten people."""
    folder: Path = tmp_path_factory.mktemp("day")
    with open_store(f"sqlite:///{folder / 'day.db'}") as store:
        store.put_session(festival)
        of = {"session_id": "fete"}
        for stage_id in ("a-wild", "b-calm", "c-small"):
            store.put_stage("fete", a_stage(stage_id))
            store.put_camera("fete", stage_id, a_camera("cam-1"))
        store.put_camera("fete", "b-calm", a_camera("cam-2"))
        seconds = range(60 * MINUTES)
        store.put_windows(
            [a_window(at, smiling=smiling_of_30(at // 60), of=30, stage_id="a-wild", **of) for at in seconds]
        )
        for camera in ("cam-1", "cam-2"):
            store.put_windows(
                [a_window(at, smiling=9, of=30, stage_id="b-calm", camera_id=camera, **of) for at in seconds]
            )
        store.put_windows([a_window(at, smiling=5, of=10, stage_id="c-small", **of) for at in seconds])
        yield store


def test_a_day_of_minutes_has_the_levels_of_a_day_of_windows(store, festival):
    whole, rolled = read_day(store, festival, UNTIL_MS), read_day(store, festival, UNTIL_MS, most_windows=1000)
    assert not whole.minutes
    assert not rolled.sums
    assert (rolled.began_ms, rolled.until_ms) == (whole.began_ms, whole.until_ms)
    assert set(np.diff(rolled.figures.at_ms)) == {MINUTE_MS}
    at = np.searchsorted(whole.figures.at_ms, rolled.figures.at_ms)
    for stage, faces in ((0, 30), (1, 60)):
        np.testing.assert_allclose(rolled.figures.level[:, stage], whole.figures.level[at, stage], atol=1e-9)
        np.testing.assert_array_equal(rolled.figures.n[1:, stage], faces)
        lively = np.abs(rolled.figures.figure[2:, stage] - whole.figures.figure[at[2:], stage])
        assert lively.max() < 0.15, "what a board averages over 20 s is not averaged here"
    assert np.isnan(rolled.figures.figure[:, 2]).all(), "roll-ups hold nothing of few faces"
    assert not np.isnan(whole.figures.figure[-1, 2])


def test_a_board_out_of_minutes_ranks_as_the_one_out_of_windows(store, festival):
    whole, rolled = read_day(store, festival, UNTIL_MS), read_day(store, festival, UNTIL_MS, most_windows=1000)
    for minute in (7, 8, 11):
        at_ms = after_ms(60 * minute) // UPDATE_MS * UPDATE_MS
        boards = [day.board(at_ms) for day in (whole, rolled)]
        assert [row.stage_id for row in boards[0].rows] == [row.stage_id for row in boards[1].rows]
        by_stage = [{row.stage_id: row.figure for row in board.rows} for board in boards]
        for stage_id, figure in by_stage[0].items():
            assert by_stage[1][stage_id] == pytest.approx(figure, abs=3)


def test_a_minute_of_which_somebody_left_out_a_part_has_no_figure(store, festival):
    left_out = an_exclusion(200, 230)
    store.put_stage("fete", a_stage("a-wild", exclusions=[left_out]))
    rolled = read_day(store, festival, UNTIL_MS, most_windows=1000)
    store.put_stage("fete", a_stage("a-wild"))
    minute = (rolled.figures.at_ms - after_ms(0)) // MINUTE_MS
    missing = set(minute[np.isnan(rolled.figures.figure[:, 0]) & (minute > 0)])
    assert missing == {4}, "the minute that ends at 4:00"
