"""The line a list gives each session."""

from __future__ import annotations

from dataclasses import replace

from audience.reaction.curve import StageWindows, stage_windows
from audience.reaction.overview import POINTS, overview_of
from audience.window_table import WindowTable
from tests.builders import a_head_count, a_session, a_stage, a_window, after


def laid_out(stage_id: str, *counts: tuple[int, int]) -> StageWindows:
    table = WindowTable.of(a_window(at, smiling=count[0], of=count[1]) for at, count in enumerate(counts))
    return stage_windows(a_session(), a_stage(stage_id), [], table)


def test_faces_are_the_most_at_one_time_over_all_stages() -> None:
    overview = overview_of(a_session(), [laid_out("a", (0, 10), (0, 30)), laid_out("b", (0, 20), (0, 5))])
    assert overview.faces == 35


def test_the_length_is_what_was_recorded_until_the_session_has_ended() -> None:
    stages = [laid_out("a", *[(1, 10)] * 90)]
    assert overview_of(a_session(), stages).length_s == 90
    assert overview_of(a_session(ended_at=after(600)), stages).length_s == 600


def test_the_shape_is_that_of_the_smiles_and_its_highest_point_is_one() -> None:
    counts = [(2, 10)] * POINTS + [(8, 10)] * POINTS
    shape = overview_of(a_session(), [laid_out("a", *counts)]).shape
    assert len(shape) == POINTS
    assert (shape[0], shape[-1]) == (0.25, 1.0)


def test_the_shape_of_a_minute_has_no_gaps_of_its_own() -> None:
    shape = overview_of(a_session(), [laid_out("a", *[(2, 10)] * 60)]).shape
    assert shape == (1.0,) * 60


def test_the_shape_has_no_point_where_nobody_could_be_counted() -> None:
    counts = [(2, 10)] * POINTS + [(0, 0)] * POINTS + [(2, 3)] * POINTS + [(4, 10)] * POINTS
    shape = overview_of(a_session(), [laid_out("a", *counts)]).shape
    middle = shape[POINTS // 4 + 1 : 3 * POINTS // 4 - 1]
    assert set(middle) == {None}


def test_a_head_count_has_the_shape_of_its_heads() -> None:
    session = a_session(mode="head count")
    records = [a_head_count(at, heads=10 if at < POINTS else 40) for at in range(2 * POINTS)]
    windows = stage_windows(session, a_stage(), [], WindowTable.of(records))
    shape = overview_of(session, [windows]).shape
    assert (shape[0], shape[-1]) == (0.25, 1.0)


def test_a_session_without_windows_has_no_shape() -> None:
    assert overview_of(a_session(), []).shape == ()
    assert overview_of(replace(a_session(), ended_at=after(60)), [laid_out("a")]).faces == 0
