"""Liveliness of stages: the level of a minute, shrinkage, averaging and the stable order."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audience.board.liveliness import (
    LEAST_K,
    LIVELY,
    MOST_K,
    NEEDED_MS,
    UPDATE_MS,
    StageSums,
    between_stages,
    liveliness,
    mean_of_larger,
    shrink,
    stage_sums,
    stretches,
)
from audience.sessions import Camera
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from tests.builders import a_camera, a_face, a_stage, a_window, after_ms, an_exclusion

AT = after_ms(600)


def sums_of(windows: Sequence[WindowRecord], *, cameras: Sequence[Camera] = (), exclusions=()) -> StageSums:
    return stage_sums(a_stage(exclusions=exclusions), cameras, WindowTable.of(windows))


def watched(smiling: int, of: int, *, from_s: float = 0, until_s: float = 600, **options) -> list[WindowRecord]:
    return [a_window(second, smiling=smiling, of=of, **options) for second in range(int(from_s), int(until_s))]


def minute(sums: StageSums, at_ms: int = AT):
    return stretches(sums, np.array([at_ms]))


def test_a_minute_is_the_mean_confidence_of_the_faces_that_were_in_view():
    result = minute(sums_of(watched(9, 30)))
    assert result.level[0] == pytest.approx(0.3)
    assert result.n[0] == 30
    assert result.spread[0] == pytest.approx(0.3 * 0.7)


def test_the_strongest_expression_determines_a_minute():
    faces = [a_face(f"t{one}", confidences={"smile": 0.2, "happy": 0.25, "surprised": 0.6}) for one in range(8)]
    result = minute(sums_of([a_window(second, seen=faces) for second in range(540, 600)]))
    assert LIVELY[result.lead[0]] == "surprised"
    assert result.level[0] == pytest.approx(0.6)


def test_people_who_smile_and_people_who_are_surprised_add_up():
    """Of twenty faces eight smile and four others look surprised, each with confidence 1."""
    faces = [a_face(f"t{one}", confidences={"smile": one < 8, "surprised": 8 <= one < 12}) for one in range(20)]
    result = minute(sums_of([a_window(second, seen=faces) for second in range(540, 600)]))
    assert LIVELY[result.lead[0]] == "smile"
    assert result.level[0] == pytest.approx(12 / 20, abs=0.08)


confidence = st.tuples(st.floats(0, 1), st.floats(0, 0.25))


@given(confidence, confidence)
@example((0.0, 0.0), (1.0, 2.225e-311))
def test_the_larger_of_two_is_the_same_from_either_side_and_no_less_than_either(one, other):
    (a, a_spread), (b, b_spread) = ([np.array([value]) for value in pair] for pair in (one, other))
    mean, spread = mean_of_larger(a, a_spread, b, b_spread)
    again, spread_again = mean_of_larger(b, b_spread, a, a_spread)
    assert mean[0] == pytest.approx(again[0], abs=1e-9)
    assert spread[0] == pytest.approx(spread_again[0], abs=1e-9)
    assert mean[0] >= max(a[0], b[0]) - 1e-9
    assert spread[0] <= a_spread[0] + b_spread[0] + 1e-9


def test_the_larger_of_two_is_that_of_faces_drawn_one_by_one():
    rng = np.random.default_rng(2)
    one, other = rng.normal(0.45, 0.3, 200_000), rng.normal(0.3, 0.2, 200_000)
    mean, spread = mean_of_larger(*(np.array([value]) for value in (0.45, 0.09, 0.3, 0.04)))
    assert mean[0] == pytest.approx(np.maximum(one, other).mean(), abs=0.003)
    assert spread[0] == pytest.approx(np.maximum(one, other).var(), abs=0.003)


def test_faces_that_nearly_all_smile_and_look_surprised_are_no_livelier_than_can_be():
    """Of normal distributions the larger would have a mean of 1.07."""
    mean, _ = mean_of_larger(*(np.array([value]) for value in (0.99, 0.0099, 0.95, 0.0475)))
    assert mean == 1


def test_one_that_is_not_known_leaves_the_other():
    nan, some = np.array([np.nan]), np.array([0.4])
    assert mean_of_larger(some, some, nan, nan) == (0.4, 0.4)
    assert mean_of_larger(nan, nan, some, some) == (0.4, 0.4)
    assert np.isnan(mean_of_larger(nan, nan, nan, nan)[0][0])


def test_a_sad_face_makes_nothing_lively():
    faces = [a_face(f"t{one}", confidences={"sad": 0.9}) for one in range(8)]
    assert np.isnan(minute(sums_of([a_window(second, seen=faces) for second in range(600)])).level[0])


def test_windows_of_fewer_than_five_faces_count_in_no_figure():
    windows = watched(4, 4, until_s=570) + watched(2, 10, from_s=570)
    result = minute(sums_of(windows))
    assert result.level[0] == pytest.approx(0.2)
    assert result.n[0] == 10
    assert result.faces[0] == 7


def test_a_few_seconds_of_figures_make_no_figure():
    assert np.isnan(minute(sums_of(watched(5, 10, from_s=592))).level[0])
    assert minute(sums_of(watched(5, 10, from_s=590))).level[0] == 0.5


def test_cameras_add_up_and_of_those_that_overlap_the_fuller_one_counts():
    windows = watched(10, 10, camera_id="a") + watched(0, 30, camera_id="b")
    apart = minute(sums_of(windows, cameras=[a_camera("a"), a_camera("b")]))
    assert (apart.level[0], apart.n[0]) == (0.25, 40)
    overlapping = minute(sums_of(windows, cameras=[a_camera("a"), a_camera("b", overlaps=["a"])]))
    assert (overlapping.level[0], overlapping.n[0]) == (0.0, 30)


def test_what_somebody_left_out_counts_in_no_figure():
    result = minute(sums_of(watched(9, 10), exclusions=[an_exclusion(0, 590)]))
    assert result.n[0] == 10
    assert np.isnan(minute(sums_of(watched(9, 10), exclusions=[an_exclusion(500, 600)])).level[0])


@given(st.integers(0, 2**32 - 1))
def test_neither_order_of_arrival_nor_sending_twice_changes_anything(seed):
    chance = random.Random(seed)
    windows = [
        a_window(second, smiling=chance.randint(0, 5), of=5 + chance.randint(0, 3), camera_id=camera)
        for second in range(540, 600)
        for camera in ("a", "b")
    ]
    once = minute(sums_of(windows))
    # A store keeps one record under a key, whichever came last and however often.
    arrived = windows + chance.sample(windows, 40)
    chance.shuffle(arrived)
    kept = {(one.camera_id, one.start_ms): one for one in arrived}
    again = minute(sums_of(list(kept.values())))
    assert again.level[0] == once.level[0]
    assert again.n[0] == once.n[0]


levels = st.lists(st.tuples(st.floats(0, 1), st.floats(5, 500)), min_size=1, max_size=12)


@given(levels, st.floats(LEAST_K, MOST_K))
def test_a_shrunk_level_lies_between_its_own_and_the_mean_of_all(result, k):
    level, n = (np.array([column]) for column in zip(*result, strict=True))
    mean, shrunk = shrink(level, n, np.array([k]))
    assert level.min() - 1e-9 <= mean[0] <= level.max() + 1e-9
    assert (shrunk >= np.minimum(level, mean[0]) - 1e-9).all()
    assert (shrunk <= np.maximum(level, mean[0]) + 1e-9).all()


def test_fewer_faces_are_drawn_further_to_the_mean():
    level, n = np.array([[0.7, 0.7, 0.2, 0.3]]), np.array([[6.0, 200.0, 80.0, 80.0]])
    _, shrunk = shrink(level, n, np.array([5.0]))
    assert shrunk[0, 0] < shrunk[0, 1] < 0.7


def test_stages_that_differ_by_chance_alone_are_taken_for_alike_and_stages_that_differ_are_not():
    rng = np.random.default_rng(4)
    n = np.full((200, 10), 40.0)
    spread = np.full((200, 10), 0.08)
    by_chance = rng.normal(0.4, np.sqrt(0.08 / 4 / 40), (200, 10))
    _, alike = between_stages(by_chance, spread, n, 150)
    _, apart = between_stages(by_chance + np.linspace(-0.1, 0.1, 10), spread, n, 150)
    assert alike[-1] > 40
    # 0.02 of chance a face over 0.0041 between stages.
    assert apart[-1] == pytest.approx(0.02 / 0.0041, rel=0.2)


def festival(smiling: Sequence[int], of: Sequence[int], until_s: int = 600) -> list[StageSums]:
    return [sums_of(watched(k, n, until_s=until_s)) for k, n in zip(smiling, of, strict=True)]


def test_figures_lie_in_their_intervals_and_few_faces_have_wide_ones():
    result = liveliness(festival([3, 30, 10], [6, 60, 60]), AT, AT)
    assert result.at_ms.tolist() == [AT]
    assert (result.low <= result.figure).all()
    assert (result.figure <= result.high).all()
    width = (result.high - result.low)[0]
    assert width[0] > 2 * width[1]


def test_a_figure_needs_only_the_windows_of_a_bounded_past():
    whole = liveliness(festival([3, 30, 10], [6, 60, 60]), AT, AT)
    late = [sums_of(watched(k, n, from_s=600 - NEEDED_MS / 1000)) for k, n in ((3, 6), (30, 60), (10, 60))]
    assert liveliness(late, AT, AT).figure == pytest.approx(whole.figure, abs=1e-12)


def test_windows_from_after_an_instant_do_not_move_it():
    before = liveliness(festival([3, 30], [6, 60]), AT, AT)
    more = [sums_of(watched(k, n) + watched(n, n, from_s=600, until_s=700)) for k, n in ((3, 6), (30, 60))]
    assert liveliness(more, AT, AT).figure == pytest.approx(before.figure, abs=1e-12)


def test_one_stage_alone_is_not_shrunk_toward_others():
    result = liveliness(festival([12], [40]), AT, AT)
    assert result.figure[0, 0] == pytest.approx(0.3)


def test_no_stages_and_no_records_are_allowed():
    assert liveliness([], AT, AT).figure.shape == (1, 0)
    assert np.isnan(liveliness([sums_of([])], AT, AT).figure).all()


def test_figures_are_made_at_the_same_instants_for_everybody():
    result = liveliness(festival([3, 30], [6, 60]), AT - 9_500, AT + 1_300)
    assert (result.at_ms % UPDATE_MS == 0).all()
    assert (result.at_ms[0], result.at_ms[-1]) == (AT - 8_000, AT)
