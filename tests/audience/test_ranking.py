"""The ranking: it stands for half a minute, newcomers and the dark included, and needs nothing but figures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.board.liveliness import UPDATE_MS
from audience.board.ranking import FIRST_MS, HOLD_MS, LEAD_UPDATES, RENEW_MS, Ranking, held_rankings, in_order
from tests.examples import examples

NAN = float("nan")
HALF = 0.02
HOLD, RENEW, FIRST = (length // UPDATE_MS for length in (HOLD_MS, RENEW_MS, FIRST_MS))


def rankings(*pieces: tuple[Sequence[float], int], half: float = HALF) -> list[Ranking]:
    """The rankings over pieces: figures of the stages, and for how many updates they stay so."""
    figure = np.array([figures for figures, updates in pieces for _ in range(updates)], dtype=float)
    return held_rankings(figure, np.full(figure.shape, half))


def orders(found: Sequence[Ranking]) -> list[tuple[int, ...]]:
    return [ranking.order for ranking in found]


def test_the_first_ranking_waits_for_stages_that_begin_a_moment_later():
    found = rankings(((0.4, NAN), 2), ((0.4, 0.5), FIRST))
    assert found[FIRST - 1].order == ()
    assert found[FIRST].order == (1, 0)


def test_a_new_leader_shows_at_once_where_the_ranking_has_stood_for_half_a_minute():
    found = orders(rankings(((0.5, 0.3), FIRST + 1 + HOLD), ((0.5, 0.6), LEAD_UPDATES)))
    assert found[-2:] == [(0, 1), (1, 0)]


def test_a_new_leader_waits_while_the_ranking_is_younger():
    found = orders(rankings(((0.5, 0.3), FIRST + 1), ((0.5, 0.6), HOLD)))
    assert set(found[FIRST:-1]) == {(0, 1)}
    assert found[-1] == (1, 0)


def test_a_lead_that_is_broken_off_changes_nothing():
    up_and_down = [((0.5, 0.6), LEAD_UPDATES - 1), ((0.5, 0.45), 1)]
    found = orders(rankings(((0.5, 0.3), FIRST + 1), *up_and_down * 20))
    assert set(found[FIRST:][:RENEW]) == {(0, 1)}


def test_stages_that_are_equal_keep_their_places_and_are_too_close_to_call():
    rng = np.random.default_rng(4)
    figure = 0.4 + 0.3 * HALF * rng.standard_normal((400, 6)).clip(-2, 2)
    figure[:, 0] = 0.6
    found = held_rankings(figure, np.full(figure.shape, HALF))[FIRST:]
    assert len(set(orders(found))) == 1
    assert {ranking.groups for ranking in found} == {(0, 1, 1, 1, 1, 1)}


def test_a_newcomer_waits_until_the_ranking_has_stood_for_half_a_minute():
    found = orders(rankings(((0.5, 0.3, NAN), FIRST + 3), ((0.5, 0.3, 0.4), HOLD)))
    assert found[-4] == (0, 1)
    assert found[-2] == (0, 2, 1)


def test_a_leader_that_goes_dark_is_followed_at_once():
    found = orders(rankings(((0.5, 0.4, 0.3), FIRST + 2), ((NAN, 0.4, 0.3), 1)))
    assert found[-2:] == [(0, 1, 2), (1, 2)]


def test_another_stage_that_goes_dark_moves_nobody():
    found = rankings(((0.5, 0.4, 0.3), FIRST + 2), ((0.5, NAN, 0.3), 5))
    assert found[-1] is found[FIRST]


def test_a_group_opens_and_closes_only_where_it_is_clear():
    apart, nearly, together = (0.5, 0.5 - 2.1 * HALF), (0.5, 0.5 - 1.9 * HALF), (0.5, 0.5 - 0.5 * HALF)
    found = rankings((apart, 60), (nearly, 60), (together, 60), (apart, 60), ((0.5, 0.5 - 4 * HALF), 60))
    assert [found[at].groups for at in (59, 119, 179, 239, 299)] == [(0, 1), (0, 1), (0, 0), (0, 0), (0, 1)]


def test_no_stages_and_no_figures_are_allowed():
    assert orders(held_rankings(np.empty((3, 0)), np.empty((3, 0)))) == [()] * 3
    assert orders(rankings(((NAN, NAN), 50))) == [()] * 50


figure_lists = st.lists(
    st.tuples(st.lists(st.floats(0, 1) | st.just(NAN), min_size=4, max_size=4), st.integers(1, 20)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=examples(60))
@given(figure_lists, st.floats(0.001, 0.2))
def test_a_ranking_stands_for_half_a_minute_unless_its_leader_is_gone(pieces, half):
    figure = np.array([figures for figures, updates in pieces for _ in range(updates)], dtype=float)
    found = held_rankings(figure, np.full(figure.shape, half))
    for update in range(1, len(found)):
        before, now = found[update - 1], found[update]
        known = np.flatnonzero(~np.isnan(figure[now.made_at]))
        assert sorted(now.order) in ([], known.tolist())
        if now is not before and before.order:
            gone = np.isnan(figure[update, before.order[0]])
            assert gone or (now.made_at - before.made_at) * UPDATE_MS >= HOLD_MS


@given(st.lists(st.floats(0, 100), max_size=30))
def test_figures_in_order_never_rise_and_keep_their_mean(figures):
    ordered = in_order(figures)
    assert all(later <= before + 1e-9 for before, later in pairwise(ordered))
    assert sum(ordered) == pytest.approx(sum(figures))
    assert in_order(sorted(figures, reverse=True)) == pytest.approx(sorted(figures, reverse=True))
