"""Cut A against cut B: a difference that was planted is found, and one that is not there is not."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import optimize, special, stats

from audience.comparing.comparison import LEAST_UNITS, compare
from audience.comparing.cuts import Edit, SharedAxis
from audience.comparing.permutation import clusters
from audience.comparing.planning import Plan
from tests.architecture.sources import ROOT
from tests.crowds import Floats, screenings

POWERS = np.linspace(0.06, 0.995, 200)
AXIS = SharedAxis.of([Edit(start_a_s=0, start_b_s=0, length_s=600)])


def test_two_cuts_that_are_received_alike_differ_in_at_most_5_of_100_comparisons():
    """300 comparisons of 12 screenings each, some with gaps; 5 % and three standard errors of them are 26."""
    rng = np.random.default_rng(1)
    false = 0
    for number, units in enumerate(screenings(300 * 24, seed=1).reshape(300, 24, 120)):
        for unit in units[::3]:
            begins = rng.integers(0, 100)
            unit[begins : begins + 20] = np.nan
        found = compare(units[:12], units[12:], AXIS, seed=number).clusters
        false += bool(found) and found[0].p_value <= 0.05
    assert false <= 26


def of_spreads(units_a: int, units_b: int, wider: float, *, seed: int) -> tuple[Floats, Floats]:
    """Screenings of five minutes, alike on average; those of A differ so many times as much among themselves."""
    rng = np.random.default_rng(seed)
    groups = []
    for units, spread in ((units_a, wider), (units_b, 1.0)):
        share = 0.3 + rng.normal(0, 0.03 * spread, (units, 1)) + rng.normal(0, 0.04 * spread, (units, 62))
        groups.append((share[:, :-2] + 2 * share[:, 1:-1] + share[:, 2:]) / 4)
    return groups[0], groups[1]


@pytest.mark.parametrize(("units_a", "units_b", "wider"), [(5, 5, 3), (5, 20, 3), (5, 20, 1 / 3), (10, 30, 3)])
def test_cuts_whose_screenings_differ_more_among_themselves_do_not_differ_significantly(units_a, units_b, wider):
    """5 % of 60 comparisons and three standard errors of them are 8; of five against twenty it was once 28."""
    axis = SharedAxis.of([Edit(start_a_s=0, start_b_s=0, length_s=300)])
    false = 0
    for seed in range(60):
        a, b = of_spreads(units_a, units_b, wider, seed=seed)
        false += any(one.p_value <= 0.05 for one in compare(a, b, axis, seed=seed).clusters)
    assert false <= 8


def test_few_screenings_are_permuted_exhaustively():
    """Of 462 assignments of eleven screenings, this one separates them best."""
    a, b = of_spreads(5, 6, 1, seed=1)
    group = np.zeros(60, dtype=np.int64)
    for seed in (1, 2):
        assert clusters(a + 0.5, b, group, seed=seed)[0].p_value == pytest.approx(1 / 462)


def test_a_cell_in_which_hardly_anybody_differs_does_not_decide_it_all():
    a, b = of_spreads(8, 8, 1, seed=4)
    for units, share in ((a, 0.3), (b, 0.3001)):
        units[:, 30] = share
    group = np.zeros(60, dtype=np.int64)
    assert not any(one.first <= 30 <= one.last and one.p_value <= 0.05 for one in clusters(a, b, group, seed=1))


@pytest.mark.parametrize(("units_a", "units_b", "wider"), [(5, 5, 1), (5, 20, 3), (5, 50, 3), (5, 50, 1 / 3)])
def test_the_interval_of_an_effect_holds_it_whatever_the_spreads(units_a, units_b, wider):
    rng = np.random.default_rng(units_b)
    true, axis = 1.0, SharedAxis.of([Edit(start_a_s=0, start_b_s=0, length_s=5)])
    held = 0
    for _ in range(200):
        a = rng.normal(0.5 + 0.01 * true * np.sqrt((wider**2 + 1) / 2), 0.01 * wider, (units_a, 1))
        compared = compare(a, rng.normal(0.5, 0.01, (units_b, 1)), axis, seed=1)
        held += compared.effect_low <= true <= compared.effect_high
    assert held >= 180


def test_a_difference_that_was_planted_is_found_where_it_is():
    """12 screenings of 40 faces each, .1 more in two minutes: found in at least 95 of 100."""
    lifted = screenings(100 * 12, seed=1, lift=0.1).reshape(100, 12, 120)
    plain = screenings(100 * 12, seed=2).reshape(100, 12, 120)
    hits = 0
    for a, b in zip(lifted, plain, strict=True):
        hits += any(
            one.p_value <= 0.05 and one.difference > 0 and one.first < 72 and one.last >= 48
            for one in compare(a, b, AXIS, seed=1).clusters
        )
    assert hits >= 95


def test_the_intervals_hold_the_difference_there_is():
    lifted = screenings(100 * 12, seed=3, lift=0.1).reshape(100, 12, 120)
    plain = screenings(100 * 12, seed=4).reshape(100, 12, 120)
    compared = [compare(a, b, AXIS, seed=1) for a, b in zip(lifted, plain, strict=True)]
    inside = [one.low[60] <= 0.1 <= one.high[60] for one in compared]
    # Two minutes of ten, so a fifth of it overall.
    overall = [one.overall_low <= 0.02 <= one.overall_high for one in compared]
    assert 88 <= sum(inside) <= 100
    assert 88 <= sum(overall) <= 100
    assert np.mean([one.difference[60] for one in compared]) == pytest.approx(0.1, abs=0.015)


def test_people_who_come_and_go_can_be_compared_too():
    rng = np.random.default_rng(3)
    false = 0
    for number in range(100):
        people = np.full((80, 120), np.nan)
        for track in people:
            begins = rng.integers(-40, 110)
            seen = slice(max(0, begins), max(1, begins + rng.integers(10, 60)))
            walk = np.convolve(rng.normal(0, 0.2, 130), np.ones(6) / 6, "same")[:120] + rng.uniform(0.1, 0.5)
            track[seen] = np.clip(walk[seen], 0, 1)
        found = compare(people[:45], people[45:], AXIS, seed=number).clusters
        false += bool(found) and found[0].p_value <= 0.05
    assert false <= 11, "5 % and three standard errors"


def test_what_one_group_alone_saw_does_not_make_the_difference_over_all_smaller():
    """Of ten minutes B saw the first five, and some of A missed a few: A is higher by .1 all along."""
    rng = np.random.default_rng(2)
    plain = np.linspace(0.1, 0.6, 120)
    a, b = (plain + lift + rng.normal(0, 0.01, (8, 1)) + np.zeros((8, 120)) for lift in (0.1, 0.0))
    b[:, 60:] = np.nan
    a[:3, 10:40] = np.nan
    b[0, 20:] = np.nan
    only_late = plain + 0.3
    only_late[:60] = np.nan
    compared = compare(np.vstack([a, only_late]), b, AXIS, seed=1)
    assert compared.overall == pytest.approx(0.1, abs=0.01)
    assert compared.overall_low < 0.1 < compared.overall_high
    assert compared.units_a == 8, "who saw nothing that B saw is not compared"


def test_groups_that_saw_nothing_in_common_are_not_enough_data():
    early, late = screenings(8, seed=1), screenings(8, seed=2)
    early[:, 60:] = np.nan
    late[:, :60] = np.nan
    assert not compare(early, late, AXIS, seed=1).enough


def test_too_few_units_are_not_enough_data():
    units = screenings(2 * LEAST_UNITS, seed=1)
    compared = compare(units[: LEAST_UNITS - 1], units[LEAST_UNITS:], AXIS, seed=1)
    assert not compared.enough
    assert (compared.units_a, compared.units_b) == (LEAST_UNITS - 1, LEAST_UNITS)
    assert math.isnan(compared.overall)
    assert np.isnan(compared.difference).all()
    assert compare(units[:LEAST_UNITS], units[LEAST_UNITS:], AXIS, seed=1).enough


def test_a_unit_without_any_figure_is_ignored():
    units = screenings(12, seed=1)
    units[0] = np.nan
    assert compare(units[:6], units[6:], AXIS, seed=1).units_a == 5


def test_a_difference_of_one_standard_deviation_is_an_effect_of_one():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.6, 0.1, (400, 1)) + np.zeros(120), rng.normal(0.5, 0.1, (400, 1)) + np.zeros(120)
    compared = compare(a, b, AXIS, seed=1)
    assert compared.effect == pytest.approx(1, abs=0.15)
    assert compared.effect_low < 1 < compared.effect_high
    assert compared.overall == pytest.approx(0.1, abs=0.02)


def test_units_that_are_all_alike_have_no_effect_size():
    flat = np.full((6, 120), 0.25)
    assert math.isnan(compare(flat, flat, AXIS, seed=1).effect)
    assert compare(flat, flat, AXIS, seed=1).overall == 0


def test_the_interval_of_a_cell_is_scipys_own():
    a, b = screenings(9, seed=1), screenings(6, seed=2)
    a[:4, 7] = np.nan
    compared = compare(a, b, AXIS, seed=1)
    for cell in (3, 7):
        of_a = a[~np.isnan(a[:, cell]), cell]
        interval = stats.ttest_ind(of_a, b[:, cell], equal_var=False).confidence_interval(0.95)
        assert (compared.low[cell], compared.high[cell]) == pytest.approx((interval.low, interval.high))


def test_quantiles_are_those_of_scipys_distributions():
    """They are had without them: to import `scipy.stats` takes a page a second."""
    freedom = np.concatenate([np.arange(1.0, 400), np.random.default_rng(1).uniform(1, 400, 1000)])
    assert np.array_equal(special.stdtrit(freedom, 0.975), stats.t.ppf(0.975, freedom))
    assert np.array_equal(special.ndtri(POWERS), stats.norm.ppf(POWERS))


def test_pages_do_not_import_scipys_distributions():
    heavy = {"scipy.stats", "scipy.optimize"}
    modules = (
        "audience.comparing.comparison, audience.comparing.comparison, audience.comparing.planning, sample_data.crowd"
    )
    program = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert {"audience.comparing.comparison", "scipy.special"} <= set(loaded.stdout.split())
    assert not heavy & set(loaded.stdout.split())


def test_swapping_the_cuts_swaps_the_signs():
    a, b = screenings(8, seed=1, lift=0.2), screenings(9, seed=2)
    one, other = compare(a, b, AXIS, seed=1), compare(b, a, AXIS, seed=1)
    assert one.difference == pytest.approx(-other.difference)
    assert one.low == pytest.approx(-other.high)
    assert one.effect == pytest.approx(-other.effect)
    assert [(run.first, run.last) for run in one.clusters] == [(run.first, run.last) for run in other.clusters]


def test_a_cluster_does_not_run_from_one_edit_into_the_next():
    a, b = screenings(8, seed=1, lift=0.4), screenings(8, seed=2)
    whole = clusters(a, b, np.zeros(120, dtype=np.int64), seed=1)[0]
    assert whole.first < 60 <= whole.last
    parted = clusters(a, b, np.repeat([0, 1], 60), seed=1)
    assert not any(run.first < 60 <= run.last for run in parted)
    assert whole.p_value == 1 / 2000


def test_where_no_cell_has_enough_units_there_is_no_cluster():
    a = np.full((6, 120), np.nan)
    a[np.arange(6), np.arange(6)] = 0.5
    assert clusters(a, a + 0.2, AXIS.edit, seed=1) == ()


class TestPlanner:
    def test_the_formula_gives_the_textbooks_number(self):
        """Fleiss, Levin and Paik (2003), table 4.2: 60 % against 70 %, power .8."""
        assert Plan(share=0.6).faces(0.1) == pytest.approx(356, abs=1)

    def test_with_so_many_faces_the_difference_is_found_at_the_promised_power(self):
        rng = np.random.default_rng(1)
        n = Plan(share=0.2).faces(0.1)
        a, b = rng.binomial(n, 0.3, 20_000) / n, rng.binomial(n, 0.2, 20_000) / n
        mean = (a + b) / 2
        found = np.abs(a - b) / np.sqrt(2 * mean * (1 - mean) / n) > 1.96
        assert found.mean() == pytest.approx(0.8, abs=0.02)

    def test_people_who_laugh_because_others_do_count_for_less(self):
        plan = Plan(share=0.2, faces_a_screening=40, alike_together=0.02)
        assert plan.design_effect == pytest.approx(1.78)
        assert plan.faces(0.1) == pytest.approx(1.78 * Plan(share=0.2).faces(0.1), abs=2)
        assert plan.screenings(0.1) == math.ceil(plan.faces(0.1) / 40)

    def test_more_seconds_help_as_far_as_they_are_independent(self):
        assert Plan(share=0.2, looks=10, alike_over_time=1).design_effect == 1
        assert Plan(share=0.2, looks=10, alike_over_time=0).design_effect == pytest.approx(0.1)
        assert Plan(share=0.2, looks=10, alike_over_time=0.5).design_effect == pytest.approx(0.55)

    @pytest.mark.parametrize("difference", [0.02, 0.1, 0.5])
    def test_both_directions_agree(self, difference):
        plan = Plan(share=0.2, faces_a_screening=30, alike_together=0.05, power=0.9)
        faces = plan.faces(difference)
        assert plan.difference(faces) <= difference
        assert plan.difference(faces - 1) > difference

    @pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
    def test_the_smallest_rise_is_the_root_of_the_formula(self, share):
        """At 10 to 100,000 faces, as scipy's root finder has it."""
        plan = Plan(share=share, faces_a_screening=20, alike_together=0.1)
        faces = [count for count in np.geomspace(10, 100_000, 20).astype(int) if plan._faces(1 - share) < count]
        found = [plan.difference(count) for count in faces]
        roots = [optimize.brentq(lambda r, n=n: plan._faces(r) - n, 1e-6, 1 - share, xtol=1e-12) for n in faces]
        assert found == pytest.approx(roots, abs=2e-9)

    def test_what_no_rise_could_show_is_not_enough(self):
        assert math.isnan(Plan(share=0.9).difference(5))

    @pytest.mark.parametrize(
        "wrong",
        [{"share": 0}, {"share": 1.2}, {"share": 0.2, "power": 1}, {"share": 0.2, "looks": 0},
         {"share": 0.2, "alike_together": 2}],
    )  # fmt: skip
    def test_invalid_assumptions_are_refused(self, wrong):
        with pytest.raises(ValueError, match="not allowed"):
            Plan(**wrong)

    def test_a_difference_must_lead_somewhere(self):
        for difference in (0, 0.9, -0.3):
            with pytest.raises(ValueError, match="another share"):
                Plan(share=0.2).faces(difference)
        with pytest.raises(ValueError, match="1 or more"):
            Plan(share=0.2).difference(0)
