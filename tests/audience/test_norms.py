"""Norms: a scene's rank in the archive, with its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audience.comparing.norms import LEAST_SCENES, scene_shares, standing
from audience.reaction.curve import wilson
from audience.reaction.segments import segment_rows
from tests.builders import a_stage, a_timeline, an_exclusion
from tests.crowds import from_counts


def test_the_rank_is_the_part_of_scenes_with_a_lower_share_and_half_of_those_with_the_same():
    archive = np.array([0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    assert standing(0.35, 0.35, 0.35, archive).rank == pytest.approx(0.4)
    assert standing(0.3, 0.3, 0.3, archive).rank == pytest.approx(0.3)
    assert standing(1.0, 1.0, 1.0, archive).rank == 1


def test_an_uncertain_share_has_a_wider_rank_interval():
    archive = np.linspace(0, 1, 101)
    sure, unsure = standing(0.5, 0.5, 0.5, archive), standing(0.5, 0.3, 0.7, archive)
    assert unsure.low < sure.low < sure.rank < sure.high < unsure.high
    assert unsure.rank == sure.rank


def test_a_scene_without_an_interval_has_a_rank_without_one():
    place = standing(0.5, math.nan, math.nan, np.linspace(0, 1, 101))
    assert place.rank == pytest.approx(0.5, abs=0.01)
    assert np.isnan([place.low, place.high]).all()


def test_below_ten_scenes_there_is_not_enough_data():
    archive = np.full(LEAST_SCENES, 0.5)
    assert standing(0.6, 0.5, 0.7, archive).enough
    archive[0] = np.nan
    short = standing(0.6, 0.5, 0.7, archive)
    assert (short.enough, short.scenes) == (False, LEAST_SCENES - 1)
    assert not standing(math.nan, math.nan, math.nan, np.full(50, 0.5)).enough


def test_the_interval_holds_the_rank_in_an_endless_archive():
    """Scenes of even shares; the scene is seen by 40 faces. 95 of 100 are promised, and it is rather too wide."""
    rng = np.random.default_rng(1)
    held = 0
    for true in rng.random(500):
        seen = rng.binomial(40, true)
        low, high = wilson(np.array([float(seen)]), np.array([40.0]))
        place = standing(seen / 40, float(low[0]), float(high[0]), rng.random(30))
        held += place.low <= true <= place.high
    assert held >= 475


def test_the_shares_an_archive_is_made_of_are_those_of_the_segment_table():
    stage = a_stage(
        timelines=[a_timeline(("One", 0, 60), ("Two", 70, 90), ("Short", 90, 95))], exclusions=[an_exclusion(75, 79)]
    )
    windows = from_counts(np.arange(100) // 10, np.full(100, 10), stage=stage)
    rows = segment_rows(windows, "smile")
    assert scene_shares(windows, "smile") == pytest.approx(np.array([row.share for row in rows]), nan_ok=True)
    assert np.isnan(scene_shares(windows, "fear")).all()
    assert len(scene_shares(from_counts(np.full(9, 1), np.full(9, 9)), "smile")) == 0
