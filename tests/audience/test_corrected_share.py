"""The corrected share: how many faces show an expression, from confidences that are sometimes wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit, ndtr

from audience.errors import InvalidValue
from audience.faces import WindowFaces
from audience.reaction.corrected_share import ScoreTable, ShareEstimator, WholeEstimator
from audience.reaction.curve import corrected_interval, is_corrected, reaction_curve, smoothed_curve, stage_windows
from audience.window_table import WindowTable
from audience.windows import Tally, tallies_of
from tests.builders import a_face, a_session, a_stage, a_window

THRESHOLD = 0.5
TABLE = ScoreTable(
    edges=(0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
    showing=(0.01, 0.02, 0.03, 0.05, 0.12, 0.25, 0.52),
    others=(0.5, 0.2, 0.12, 0.08, 0.05, 0.03, 0.02),
    people_showing=400,
    people_others=500,
)


def scores(rng: np.random.Generator, shows: np.ndarray) -> np.ndarray:
    """Confidences of faces, as the table says that they are."""
    edges = np.array(TABLE.edges)
    found = np.zeros(len(shows))
    for kind, fractions in ((True, TABLE.showing), (False, TABLE.others)):
        some = shows == kind
        place = rng.choice(len(fractions), size=some.sum(), p=fractions)
        found[some] = rng.uniform(edges[place], edges[place + 1])
    return found


def estimated(estimator: ShareEstimator, confidences: np.ndarray, second: int = 0) -> Tally:
    """The tally of one window."""
    seen = [a_face(f"t{at}", smile=float(value)) for at, value in enumerate(confidences)]
    tallies = tallies_of(seen, {"smile": THRESHOLD})
    return estimator.corrected(tallies, seen, 1_700_000_000_000 + 1000 * second)["smile"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_share_is_right_on_average_where_counting_is_not(share):
    rng = np.random.default_rng(1)
    shows = np.arange(200) < 200 * share
    windows = [estimated(ShareEstimator({"smile": TABLE}), scores(rng, shows)) for _ in range(10)]
    corrected = np.mean([tally.estimate for tally in windows]) / 200
    raw = np.mean([tally.over for tally in windows]) / 200
    assert corrected == pytest.approx(share, abs=0.03)
    assert abs(raw - share) > 0.04 or share == 0.5


@pytest.mark.parametrize("n", [5, 24, 200])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.3, 0.97, 1.0])
def test_the_interval_holds_the_share_of_those_who_are_there(n, share):
    """It holds sampling and the scorer's errors: the share of the people in view lies in it 95 times of 100."""
    rng = np.random.default_rng([n, round(100 * share)])
    inside = []
    for _ in range(60):
        shows = rng.random(n) < share
        tally = estimated(ShareEstimator({"smile": TABLE}), scores(rng, shows))
        low, high = corrected_interval(*(np.array([value]) for value in (tally.estimate, tally.variance, float(n))))
        inside.append(low[0] - 1e-9 <= shows.mean() <= high[0] + 1e-9)
    assert np.mean(inside) >= 0.93


def test_a_face_that_always_scores_high_is_learned_and_still_seen_to_smile():
    estimator = ShareEstimator({"smile": TABLE})
    at_rest, smiling = np.full(24, 0.05), np.full(24, 0.95)
    at_rest[:3] = 0.7
    first = estimated(estimator, at_rest).estimate
    for second in range(1, 40):
        last = estimated(estimator, at_rest, second).estimate
    assert last < 0.5 * first or last < 0.2
    assert estimated(estimator, smiling, 40).estimate > 23


def test_a_smile_is_counted_in_the_second_in_which_it_comes_and_gone_in_the_one_after():
    estimator = ShareEstimator({"smile": TABLE})
    smiles = np.where(np.arange(24) < 12, 0.95, 0.05)
    shares = [estimated(estimator, smiles if 30 <= s < 33 else np.full(24, 0.05), s).estimate / 24 for s in range(36)]
    assert shares[29] < 0.02
    assert shares[30] == pytest.approx(0.5, abs=0.1)
    assert shares[33] < 0.05


@pytest.mark.parametrize(("confidence", "share"), [(0.97, 1.0), (0.01, 0.0)])
def test_a_room_that_laughs_throughout_is_not_flattened_and_one_at_rest_gets_no_smiles(confidence, share):
    estimator = ShareEstimator({"smile": TABLE})
    last = [estimated(estimator, np.full(30, confidence), second).estimate / 30 for second in range(100)]
    assert last == pytest.approx([share] * 100, abs=0.05)


def test_an_empty_room_has_an_estimate_of_nobody():
    assert ShareEstimator({"smile": TABLE}).corrected({}, [], 0) == {}


@pytest.mark.parametrize("n", [65, 66, 205, 1_403])
def test_a_table_that_says_next_to_nothing_makes_any_room_as_uncertain_as_it_can_be(n):
    poor = replace(
        TABLE, edges=(0.0, 0.5, 1.0), showing=(0.45, 0.55), others=(0.55, 0.45), people_showing=3, people_others=3
    )
    tally = estimated(ShareEstimator({"smile": poor}), np.arange(n) % 7 / 6)
    assert tally.variance == pytest.approx(n * n / 4, rel=0.005)


def test_an_expression_without_a_table_keeps_its_raw_count_only():
    seen = [a_face(confidences={"smile": 0.9, "sad": 0.2})]
    found = ShareEstimator({"smile": TABLE}).corrected(tallies_of(seen, {"smile": 0.5, "sad": 0.5}), seen, 0)
    assert found["smile"].estimate is not None
    assert found["sad"].estimate is None


@pytest.mark.parametrize(
    "changes",
    [
        {"edges": (0.0, 0.5, 0.4, 0.5, 0.6, 0.7, 0.9, 1.0)},
        {"edges": (0.0, 1.0)},
        {"showing": (0.5, 0.2, 0.12, 0.08, 0.05, 0.03, 0.02), "others": (0.01, 0.02, 0.03, 0.05, 0.12, 0.25, 0.52)},
        {"showing": (0.0, 0.03, 0.03, 0.05, 0.12, 0.25, 0.52)},
        {"people_others": 0},
    ],
)
def test_a_table_that_cannot_be_is_refused(changes):
    with pytest.raises(InvalidValue):
        replace(TABLE, **changes)


def test_a_damaged_table_of_a_model_file_is_one_clear_error():
    with pytest.raises(InvalidValue, match="score table is damaged"):
        ScoreTable.of({"edges": [0, 1]})


# A finished recording, from both sides


def live_and_whole(confidences: np.ndarray, *, block: int = 50) -> tuple[list[float], list[float]]:
    """The share of each second as its window arrives, and again over the whole recording: (seconds, faces)."""
    live = ShareEstimator({"smile": TABLE})
    windows = [
        WindowFaces(
            session_id="talk",
            stage_id="main",
            camera_id="cam-1",
            start_ms=1_700_000_000_000 + 1000 * second,
            part="0",
            scorer="",
            faces=tuple(a_face(f"t{at}", smile=float(value)) for at, value in enumerate(row)),
        )
        for second, row in enumerate(confidences)
    ]
    raw = [tallies_of(seen.faces, {"smile": THRESHOLD}) for seen in windows]
    first = [live.corrected(one, seen.faces, seen.start_ms) for one, seen in zip(raw, windows, strict=True)]
    whole = WholeEstimator({"smile": TABLE})
    places = [slice(at, at + block) for at in range(0, len(windows), block)]
    for place in reversed(places):
        whole.look_back(windows[place])
    again = [one for place in places for one in whole.corrected(first[place], windows[place])]
    faces = confidences.shape[1]
    return [one["smile"].estimate / faces for one in first], [one["smile"].estimate / faces for one in again]


def test_a_smile_half_seen_at_the_start_is_counted_from_the_start_once_the_whole_is_known():
    """The same three seconds at the start: faces that smile a little, and others that always look so."""
    scores_of = np.full((120, 12), 0.02)
    scores_of[:3, :3] = 0.6
    live, again = live_and_whole(scores_of)
    assert max(live[:3]) < 0.2
    assert again[:3] == pytest.approx([0.25] * 3, abs=0.05)
    scores_of[:, :3] = 0.6
    live, again = live_and_whole(scores_of)
    assert live[0] > 0.05
    assert max(again[:3]) < 0.01


def moving_cast(seed: int, *, seconds: int = 60, faces: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Who smiles, and what each face scores: at rest around a level of its own, as the table's others do."""
    rng = np.random.default_rng(seed)
    at = np.arange(seconds)
    likely = 0.05 + sum(0.7 * np.exp(-(((at - joke) / 5) ** 2)) for joke in (4, 30, 56))
    tendency = np.repeat(rng.random((seconds // 5, faces)), 5, axis=0)
    shows = tendency < likely[:, None]
    level = math.sqrt(0.75) * rng.normal(size=faces) + 0.5 * np.repeat(
        rng.normal(size=(seconds // 5, faces)), 5, axis=0
    )
    below = np.concatenate([[0.0], np.cumsum(TABLE.others)])
    edges = np.clip(logit(TABLE.edges), -14, 14)
    at_rest = expit(np.interp(ndtr(level), below, edges))
    smiling = scores(rng, np.ones(seconds * faces // 5, dtype=bool)).reshape(-1, faces).repeat(5, axis=0)
    return shows, np.where(shows, smiling, at_rest)


def test_a_recording_estimated_over_its_whole_is_nearer_to_the_truth_than_live():
    errors = []
    for seed in range(8):
        shows, confidences = moving_cast(seed)
        truth = shows.mean(axis=1)
        errors.append([np.abs(np.array(shares) - truth).mean() for shares in live_and_whole(confidences)])
    live, again = np.mean(errors, axis=0)
    assert again < 0.9 * live


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_how_a_recording_is_cut_into_blocks_changes_nothing(block):
    _, confidences = moving_cast(1, seconds=60)
    assert live_and_whole(confidences, block=block) == live_and_whole(confidences)


# On pages


def windows_with(*estimates: float | None):
    """A stage of 40 faces a second, half of which are over the threshold."""
    records = []
    for second, estimate in enumerate(estimates):
        record = a_window(second, smiling=20, of=40)
        variance = None if estimate is None else 4.0
        tally = replace(record.tallies["smile"], estimate=estimate, variance=variance)
        records.append(replace(record, tallies={"smile": tally}))
    return stage_windows(a_session(), a_stage(), [], WindowTable.of(records))


def test_a_curve_is_corrected_with_a_wider_band_and_the_raw_share_stays():
    windows = windows_with(16.0, 24.0)
    curve, raw = reaction_curve(windows, "smile"), reaction_curve(windows, "smile", corrected=False)
    assert curve.share.tolist() == [0.4, 0.6]
    assert raw.share.tolist() == [0.5, 0.5]
    assert ((curve.share_high - curve.share_low) > (raw.share_high - raw.share_low)).all()
    assert "scorer's errors" in curve.band_allows_for
    assert raw.band_allows_for == ("people seen",)
    assert smoothed_curve(windows, "smile", 3).share == pytest.approx([0.5, 0.5])


def test_a_curve_of_which_a_window_has_no_estimate_is_raw_throughout():
    windows = windows_with(16.0, None)
    assert not is_corrected(windows, "smile")
    assert reaction_curve(windows, "smile").share.tolist() == [0.5, 0.5]
