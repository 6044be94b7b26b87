"""How alike people of one screening are, with a planted correlation."""

from __future__ import annotations

import numpy as np
import pytest

from audience.comparing.planning import alike_together, intraclass
from audience.reaction.curve import StageWindows
from tests.builders import a_stage, a_timeline
from tests.crowds import from_counts

FILM = a_timeline(("One", 0, 30), ("Two", 30, 60))


def screenings(alike: float, count: int, *, seed: int, share: float = 0.3, faces: int = 30) -> list[StageWindows]:
    """Screenings whose people smile by a share of their own, from a beta distribution that makes them so alike."""
    rng = np.random.default_rng(seed)
    parts = 1 / alike - 1 if alike else 1e9
    found = []
    for own in rng.beta(share * parts, (1 - share) * parts, count):
        smiling = rng.binomial(faces, own, 60)
        found.append(from_counts(smiling, np.full(60, faces), stage=a_stage(timelines=[FILM])))
    return found


@pytest.mark.parametrize("alike", [0.0, 0.02, 0.05, 0.1, 0.3])
def test_a_planted_correlation_is_found(alike: float):
    found = [alike_together(screenings(alike, 25, seed=seed), "smile") for seed in range(12)]
    assert np.mean(found) == pytest.approx(alike, abs=0.01 + alike / 10)


def test_groups_of_different_sizes_are_no_reason_for_a_correlation():
    rng = np.random.default_rng(1)
    members = rng.integers(5, 60, (20, 200)).astype(float)
    assert intraclass(rng.binomial(members.astype(int), 0.3).astype(float), members) < 0.005


def test_people_who_all_do_the_same_are_wholly_alike():
    yes = np.repeat([[10.0], [0.0], [10.0], [0.0], [10.0]], 4, axis=1)
    assert intraclass(yes, np.full((5, 4), 10.0)) == pytest.approx(1)


def test_instants_with_one_member_per_group_are_ignored():
    yes, members = np.array([[1.0, 0.0, 1.0, 0.0, 1.0]]).T, np.ones((5, 1))
    assert np.isnan(intraclass(yes, members))
    more = np.repeat([[8.0], [2.0], [7.0], [1.0], [9.0]], 4, axis=1)
    alone = intraclass(more, np.full((5, 4), 10.0))
    assert intraclass(np.hstack([more, yes]), np.hstack([np.full((5, 4), 10.0), members])) == alone > 0.1


def test_screenings_of_another_cut_do_not_count():
    other = a_stage(timelines=[a_timeline(("One", 0, 60))])
    shown = [*screenings(0.05, 8, seed=3), from_counts(np.full(60, 30), np.full(60, 30), stage=other)]
    assert alike_together(shown, "smile") == alike_together(shown[:-1], "smile")


def test_below_five_screenings_there_is_not_enough_data():
    assert np.isnan(alike_together(screenings(0.1, 4, seed=1), "smile"))
    assert np.isnan(alike_together([], "smile"))
    assert np.isnan(alike_together(screenings(0.1, 6, seed=1), "fear"))
