"""Synchrony: faces that follow one signal are found to, and faces that each go their own way are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audience.comparing.synchrony import LEAST_TRACKS, MOST_TRACKS, Synchrony, synchrony
from audience.comparing.tracks import Tracks
from audience.reaction.curve import StageWindows
from tests.builders import a_stage, a_timeline
from tests.crowds import Floats, from_counts


def laid_out(length: int, *, segments=None) -> StageWindows:
    timeline = a_timeline(*(segments or [("Scene", 0, length)]))
    return from_counts(np.full(length, 5), np.full(length, 10), stage=a_stage(timelines=[timeline]))


def tracks_from(values: Floats) -> Tracks:
    """Tracks of (tracks, windows), NaN where not in view."""
    track, place = np.nonzero(~np.isnan(values))
    return Tracks(count=len(values), track=track, place=place, confidence=values[track, place])


def faces_of(count: int, length: int, *, seed: int, common: float = 0.0, come_and_go: bool = True) -> Floats:
    """Confidences that each wander for about 5 s at a time, of which `common` is what everybody sees."""
    rng = np.random.default_rng(seed)

    def wandering(shape: tuple[int, ...]) -> Floats:
        steps = rng.normal(0, np.sqrt(1 - 0.8**2), shape)
        walk = np.zeros(shape)
        walk[..., 0] = rng.normal(size=shape[:-1])
        for at in range(1, shape[-1]):
            walk[..., at] = 0.8 * walk[..., at - 1] + steps[..., at]
        return walk

    moving = common * wandering((length,)) + np.sqrt(1 - common**2) * wandering((count, length))
    values: Floats = 1 / (1 + np.exp(-moving + rng.normal(0, 1, (count, 1))))
    if come_and_go:
        for row in values:
            begins, lasts = rng.integers(-length // 4, length // 2), rng.integers(length // 3, length)
            away = np.ones(length, dtype=bool)
            away[max(0, begins) : begins + lasts] = False
            row[away | (rng.random(length) < 0.1)] = np.nan
    return values


def of_one_scene(values: Floats, *, seed: int = 1) -> Synchrony:
    (one,) = synchrony(laid_out(values.shape[1]), tracks_from(values), seed=seed)
    return one


def test_independent_faces_are_significant_in_at_most_5_of_100_scenes():
    """200 scenes of two minutes; 5 % and two standard errors of them are 16."""
    found = [of_one_scene(faces_of(30, 120, seed=seed), seed=seed) for seed in range(200)]
    assert all(one.enough for one in found)
    assert sum(one.p_value <= 0.05 for one in found) <= 16
    assert abs(np.mean([one.correlation for one in found])) < 0.02


def test_a_common_signal_is_found_though_each_face_shows_but_little_of_it():
    """A tenth of what moves each of 30 faces: found in at least 90 of 100 scenes of two minutes."""
    found = [of_one_scene(faces_of(30, 120, seed=seed, common=np.sqrt(0.1)), seed=seed) for seed in range(100)]
    assert sum(one.p_value <= 0.05 for one in found) >= 90
    assert np.mean([one.correlation > one.chance_high for one in found]) >= 0.85


def test_the_correlation_is_the_mean_of_each_track_with_the_mean_of_the_others():
    values = faces_of(16, 90, seed=3, common=0.6)
    values = values[np.count_nonzero(~np.isnan(values), axis=1) >= 30]
    expected = []
    for number, own in enumerate(values):
        others = np.delete(values - np.nanmean(values, axis=1, keepdims=True), number, axis=0)
        together = ~np.isnan(own) & (np.count_nonzero(~np.isnan(others), axis=0) >= 4)
        if np.count_nonzero(together) >= 30:
            expected.append(np.corrcoef(own[together], np.nanmean(others[:, together], axis=0))[0, 1])
    assert len(expected) >= LEAST_TRACKS
    assert of_one_scene(values).correlation == pytest.approx(np.mean(expected), abs=1e-4)


def test_an_audience_that_arrives_one_by_one_is_not_alike_for_that():
    """People of different resting faces who come later and later change the mean, and nobody's face."""
    rng = np.random.default_rng(5)
    alike = 0
    for seed in range(60):
        values = faces_of(30, 120, seed=seed, come_and_go=False)
        for row, begins in zip(values, np.sort(rng.integers(0, 80, 30)), strict=True):
            row[:begins] = np.nan
        alike += of_one_scene(values, seed=seed).p_value <= 0.05
    assert alike <= 7


def test_each_segment_has_its_own_figure():
    values = np.concatenate(
        [faces_of(20, 100, seed=1, come_and_go=False), faces_of(20, 100, seed=2, common=0.8, come_and_go=False)], axis=1
    )
    windows = laid_out(200, segments=[("Calm", 0, 100), ("Joke", 100, 200)])
    calm, joke = synchrony(windows, tracks_from(values), seed=1)
    assert (calm.title, joke.title) == ("Calm", "Joke")
    assert (joke.tracks, joke.seconds) == (20, 100)
    assert calm.correlation < calm.chance_high
    assert joke.correlation > 0.4 > joke.chance_high
    assert joke.p_value == 1 / 200


def test_too_few_tracks_or_seconds_are_not_enough_data():
    few = of_one_scene(faces_of(LEAST_TRACKS - 1, 120, seed=1, common=0.9, come_and_go=False))
    assert not few.enough
    assert few.tracks == LEAST_TRACKS - 1
    assert math.isnan(few.p_value)
    assert not of_one_scene(faces_of(20, 29, seed=1, common=0.9, come_and_go=False)).enough
    passing = faces_of(20, 120, seed=1, common=0.9, come_and_go=False)
    passing[:, 20:] = np.nan
    assert not of_one_scene(passing).enough


def test_tracks_that_hardly_meet_once_shifted_are_not_enough_data():
    """Ten people are in view for the same 40 s of 120, so that shifted ones are seldom in view with four others."""
    found = []
    for seed in range(40):
        values = faces_of(10, 120, seed=seed, come_and_go=False)
        values[:, :40], values[:, 80:] = np.nan, np.nan
        passing = faces_of(40, 120, seed=seed + 1000, come_and_go=False)
        for row, begins in zip(passing, np.random.default_rng(seed).integers(0, 100, 40), strict=True):
            row[:begins], row[begins + 20 :] = np.nan, np.nan
        found.append(of_one_scene(np.concatenate([values, passing]), seed=seed))
    assert {one.tracks for one in found} == {10}
    assert not any(one.enough for one in found)


def test_p_counts_usable_shifts_only():
    """Twelve people are in view for the same 48 s of 120: six shifts of ten leave enough of them together."""
    values = faces_of(12, 120, seed=1, common=0.9, come_and_go=False)
    values[:, :30], values[:, 78:] = np.nan, np.nan
    passing = faces_of(12, 120, seed=2, come_and_go=False)
    for row, begins in zip(passing, range(0, 120, 10), strict=True):
        row[:begins], row[begins + 20 :] = np.nan, np.nan
    found = of_one_scene(np.concatenate([values, passing]))
    assert found.correlation > found.chance_high
    assert 1 / 140 < found.p_value < 1 / 100, "no shift gives as much, of some 120 that say anything"


def test_faces_that_never_move_are_not_enough_data():
    assert not of_one_scene(np.full((20, 120), 0.3)).enough


def test_a_scene_nobody_was_seen_in_is_not_enough_data():
    nobody = Tracks(
        count=0, **{name: np.zeros(0, dtype=np.int64) for name in ("track", "place")}, confidence=np.zeros(0)
    )
    (one,) = synchrony(laid_out(120), nobody, seed=1)
    assert (one.enough, one.tracks, one.seconds) == (False, 0, 0)


def test_of_very_many_tracks_those_in_view_the_longest_count():
    values = faces_of(MOST_TRACKS + 50, 60, seed=1, common=0.5, come_and_go=False)
    values[:50, :25] = np.nan
    assert of_one_scene(values).correlation == pytest.approx(of_one_scene(values[50:]).correlation, abs=1e-6)


def test_a_stage_without_a_timeline_has_no_synchrony():
    windows = from_counts(np.full(60, 5), np.full(60, 10))
    assert synchrony(windows, tracks_from(faces_of(10, 60, seed=1)), seed=1) == ()
