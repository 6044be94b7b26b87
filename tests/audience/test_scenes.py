"""Scenes over one and several screenings, with planted shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from audience.comparing.norms import ArchivedScenes, scenes_besides
from audience.comparing.scenes import Scene, SceneFigure, at_most, is_noise, scene_figures, scenes_of, screened_scenes
from audience.reaction.baseline import BaselineChoice, baseline
from audience.reaction.curve import StageWindows
from audience.reaction.segments import segment_rows
from audience.scorers import FALSE_RATES, SHIPPED, FalseRate
from audience.timelines import Timeline
from tests.builders import SCORER, a_stage, a_timeline, an_exclusion
from tests.crowds import from_counts

FILM = a_timeline(("Quay", 0, 60), ("Dog", 60, 120))


def a_screening(
    *smiling: int,
    of: int = 20,
    timeline: Timeline = FILM,
    film: str = "Ferry",
    session_id: str = "s1",
    **options: object,
) -> StageWindows:
    """A minute for each number of smiling faces."""
    faces = np.full(60 * len(smiling), of)
    windows = from_counts(
        np.repeat(smiling, 60), faces, stage=a_stage(timelines=[timeline], **options), session_id=session_id
    )
    return replace(windows, session=replace(windows.session, film=film))


def figures_of(stages: Sequence[StageWindows], expressions: Sequence[str], choice: BaselineChoice) -> list[SceneFigure]:
    alone = len(stages) == 1
    return list(
        scene_figures(
            [screened_scenes(windows, expressions, choice, intervals=alone) for windows in stages], expressions
        )
    )


def by_title(figures: Sequence[SceneFigure]) -> dict[str, SceneFigure]:
    return {figure.scene.name: figure for figure in figures}


def test_one_screening_has_the_figures_of_its_segment_table():
    windows = a_screening(5, 10)
    figures = figures_of([windows], ["smile"], "whole talk")
    for figure, row in zip(figures, segment_rows(windows, "smile"), strict=True):
        assert (figure.share, figure.low, figure.high) == pytest.approx((row.share, row.share_low, row.share_high))
        assert (figure.change, figure.change_low, figure.change_high) == (row.change, row.change_low, row.change_high)
        assert (figure.faces, figure.coverage, figure.figures_s) == (row.faces, row.coverage, row.figures_s)
        assert (figure.scene.name, figure.start_s, figure.shown, figure.screenings) == (row.title, row.start_s, 1, 1)


def test_of_several_screenings_each_counts_once_and_the_interval_is_over_them():
    shares = np.array([0.1, 0.2, 0.2, 0.3, 0.5])
    stages = [a_screening(2, int(40 * share), of=40, session_id=f"s{place}") for place, share in enumerate(shares)]
    dog = by_title(figures_of(stages, ["smile"], "whole talk"))["Dog"]
    reach = stats.t.ppf(0.975, 4) * shares.std(ddof=1) / np.sqrt(5)
    assert (dog.share, dog.low, dog.high) == pytest.approx((0.26, 0.26 - reach, 0.26 + reach))
    assert dog.change == pytest.approx(np.mean(shares - (0.05 + shares) / 2))
    assert (dog.screenings, dog.faces) == (5, 200)


def test_under_five_screenings_there_is_a_mean_and_no_interval():
    figures = by_title(figures_of([a_screening(2, 4), a_screening(4, 8)], ["smile"], "whole talk"))
    assert figures["Dog"].share == pytest.approx(0.3)
    assert np.isnan([figures["Dog"].low, figures["Dog"].high, figures["Dog"].change_high]).all()


def test_an_interval_leads_past_neither_0_nor_1():
    stages = [a_screening(0, smiling, session_id=f"s{place}") for place, smiling in enumerate([20, 20, 20, 20, 9])]
    dog = by_title(figures_of(stages, ["smile"], "whole talk"))["Dog"]
    assert dog.high == 1


def test_the_interval_over_screenings_holds_the_true_share():
    """Audiences differ by .05 about a share of .3; 95 of 100 are promised."""
    rng = np.random.default_rng(3)
    (dog,) = screened_scenes(
        a_screening(6, timeline=a_timeline(("Dog", 0, 60))), ["smile"], "whole talk", intervals=False
    )
    held = 0
    for _ in range(500):
        shown = [replace(dog, rows=(replace(dog.rows[0], share=share),)) for share in rng.normal(0.3, 0.05, 8).tolist()]
        (figure,) = scene_figures([[scene] for scene in shown], ["smile"])
        held += figure.low <= 0.3 <= figure.high
    assert 0.93 <= held / 500 <= 0.97


def test_cuts_meet_in_the_scenes_they_share_wherever_these_stand():
    other = a_timeline(("Fog", 0, 60), ("Dog", 60, 120))
    figures = figures_of([a_screening(2, 4), a_screening(6, 8, timeline=other)], ["smile"], "whole talk")
    assert [(one.scene.name, one.shown, round(one.share, 3)) for one in figures] == [
        ("Fog", 1, 0.3),
        ("Quay", 1, 0.1),
        ("Dog", 2, 0.3),
    ]


def test_scenes_of_one_title_are_distinguished_by_their_order():
    twice = a_timeline(("Dog", 0, 60), ("Dog", 60, 120))
    assert scenes_of(twice) == (Scene(title="Dog"), Scene(title="Dog", number=1))
    figures = figures_of([a_screening(2, 4, timeline=twice)] * 2, ["smile"], "whole talk")
    assert [(one.scene.name, round(one.share, 3)) for one in figures] == [("Dog", 0.1), ("Dog (2)", 0.2)]


def test_a_change_is_against_the_baseline_that_was_chosen():
    windows = a_screening(2, 10)
    dog = by_title(figures_of([windows], ["smile"], "moving median"))["Dog"]
    usual = baseline(windows, "smile", "moving median").share[60:]
    assert dog.change == pytest.approx(0.5 - usual.mean())
    without = by_title(figures_of([windows], ["smile"], "pre-roll"))["Dog"]
    assert np.isnan(without.change)
    assert (without.enough, without.change_lack) == (True, "no baseline")


@pytest.mark.parametrize(
    ("windows", "lack"),
    [
        (a_screening(1, 1, of=3), "too few faces"),
        (a_screening(1, 0, of=0), "nobody in view"),
        (a_screening(1, 1, exclusions=[an_exclusion(55, 130)]), "left out"),
        (a_screening(1, 1, exclusions=[an_exclusion(66, 130)]), "too short"),
        (a_screening(1), "no camera"),
    ],
)
def test_a_scene_without_a_share_says_why(windows: StageWindows, lack: str):
    figure = by_title(figures_of([windows], ["smile"], "whole talk"))["Dog"]
    assert (figure.enough, figure.lack, figure.screenings) == (False, lack, 0)
    assert np.isnan([figure.share, figure.low, figure.change, figure.change_low]).all()


def test_an_expression_nobody_was_scored_for_says_so():
    assert {one.lack for one in figures_of([a_screening(1, 1)], ["fear"], "whole talk")} == {"not scored"}


def test_a_scene_is_compared_with_every_other_one_once_and_never_with_itself():
    archive = [
        ArchivedScenes.of(windows)
        for windows in (
            a_screening(2, 4, session_id="s1"),
            a_screening(4, 8, session_id="s2"),
            a_screening(10, 12, film="", session_id="s3"),
            a_screening(10, 12, film="", session_id="s4"),
        )
    ]
    besides = scenes_besides(archive, "Ferry", expression="smile", scorer=SCORER, simulated=False)
    assert sorted(besides[Scene(title="Dog")].tolist()) == pytest.approx([0.15, 0.5, 0.5, 0.6, 0.6])
    assert len(besides[None]) == 6
    for other in ({"scorer": "another"}, {"simulated": True}, {"expression": "fear"}):
        options = {"expression": "smile", "scorer": SCORER, "simulated": False} | other
        assert len(scenes_besides(archive, "Ferry", **options)[None]) == 0


# Noise.

RATE = FalseRate(false=60, of=2000)  # 3 %, at most 3.8 %


def a_share(windows: StageWindows) -> SceneFigure:
    return figures_of([windows], ["smile"], "whole talk")[0]


def test_a_share_that_the_scorers_errors_explain_is_noise_and_one_far_over_them_is_not():
    assert is_noise(a_share(a_screening(2, of=60)), RATE)
    assert not is_noise(a_share(a_screening(20, of=60)), RATE)


def test_a_share_half_of_which_may_be_errors_is_noise_however_many_faces_it_rests_on():
    assert is_noise(a_share(a_screening(35, of=500)), RATE)
    assert not is_noise(a_share(a_screening(60, of=500)), RATE)


def test_one_share_is_noise_where_it_rests_on_few_faces_and_none_where_it_rests_on_many():
    assert is_noise(a_share(a_screening(3, of=30)), RATE)
    assert not is_noise(a_share(a_screening(26, of=200)), RATE)


def test_screenings_too_few_for_an_interval_are_judged_by_all_their_faces():
    few = figures_of([a_screening(12, of=40, session_id=f"s{number}") for number in range(2)], ["smile"], "whole talk")
    assert np.isnan(few[0].low)
    assert not is_noise(few[0], RATE)
    less = figures_of([a_screening(2, of=40, session_id=f"s{number}") for number in range(2)], ["smile"], "whole talk")
    assert is_noise(less[0], RATE)


def test_of_a_scorer_whose_errors_nobody_measured_nothing_is_called_noise():
    assert not is_noise(a_share(a_screening(2, of=60)), None)


def test_every_measured_scorer_ships_and_has_a_rate_for_what_it_gives():
    for name, rates in FALSE_RATES.items():
        assert rates.keys() == SHIPPED[name].thresholds.keys()
        assert all(0 < rate.false / rate.of < at_most(rate) < 0.15 for rate in rates.values())
