"""A simulated household: the same evening for the same seed, and minutes that are right."""

from __future__ import annotations

import numpy as np

from audience.identity.presence import household_presence
from audience.time import to_ms
from sample_data.household import BEGINS_AT, MINUTES, TWINS, simulate_panel

BEGINS_MS = to_ms(BEGINS_AT)


def test_the_same_seed_gives_the_same_evening():
    (one,), (again,), (other,) = (list(simulate_panel(1, seed=seed)) for seed in (1, 1, 2))
    assert (one.taps, one.minutes) == (again.taps, again.minutes)
    assert np.array_equal(one.there, again.there)
    assert one.minutes != other.minutes


def test_minutes_are_right_and_those_alike_are_never_told_apart():
    right = said = 0
    for seed in range(5):
        (one,) = simulate_panel(1, seed=seed)
        found = household_presence(
            one.household,
            one.members,
            one.taps,
            one.minutes,
            from_ms=BEGINS_MS,
            until_ms=BEGINS_MS + MINUTES * 60_000,
        )
        known = ~np.isnan(found.in_room)
        said += known.sum()
        right += (known & (found.in_room == one.truth())).sum()
        twins = found.in_room[:, TWINS]
        assert not (twins.min(axis=1) < twins.max(axis=1)).any()
        assert found.unsure[:, TWINS].any()
    assert right / said >= 0.95
