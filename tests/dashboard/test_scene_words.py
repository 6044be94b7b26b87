"""What is said of scenes beside and over their figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audience.comparing.scenes import Lack, Scene, SceneFigure
from audience.percents import percent_text
from dashboard.pages.scenes.expressions import rests_on
from dashboard.pages.scenes.text import figure_words, plus, ranged

NAN = float("nan")


def a_figure(title: str = "Quay", *, share: float = 0.4, faces: float = 12.0, lack: Lack = "") -> SceneFigure:
    """One scene of one screening; of one that lacks a figure there is nothing but the reason."""
    known = NAN if lack else 1.0
    return SceneFigure(
        scene=Scene(title=title),
        start_s=30.0,
        length_s=60.0,
        expression="smile",
        shown=1,
        screenings=0 if lack else 1,
        faces=0.0 if lack else faces,
        coverage=known / 2,
        figures_s=0.0 if lack else 60.0,
        share=known * share,
        low=known * share - 0.1,
        high=known * share + 0.1,
        change=known * 0.05,
        change_low=NAN,
        change_high=NAN,
        lack=lack,
        change_lack=lack,
    )


def beside(figure: SceneFigure) -> list[dict[str, Any]]:
    """The cells of faces and coverage that stand beside a scene's row."""
    return rests_on([figure], row=0, column=1)


@pytest.mark.parametrize("share", np.arange(0, 1.0001, 0.0125).tolist())
def test_a_share_is_rounded_as_everywhere_else(share: float) -> None:
    assert ranged(share, NAN, NAN) == percent_text(share)
    assert ranged(share, share, share) == f"{percent_text(share)} ({percent_text(share)[:-2]} to {percent_text(share)})"


@pytest.mark.parametrize(("change", "said"), [(0.005, "0"), (-0.005, "0"), (0.015, "+2"), (-0.12, "−12"), (0.0, "0")])
def test_a_change_that_rounds_to_none_has_no_sign(change: float, said: str) -> None:
    assert plus(change) == said


def test_a_title_is_told_whole_whatever_is_in_it() -> None:
    faces, coverage = beside(a_figure("Part 2: The storm"))
    assert faces["said"] == coverage["said"] == "Part 2: The storm (0:30), Smile: 12 faces, coverage 50 %"


def test_what_a_row_rests_on_stands_beside_it() -> None:
    assert [cell["text"] for cell in beside(a_figure())] == ["12", "50 %"]


@pytest.mark.parametrize(
    ("lack", "faces"), [("nobody in view", "0"), ("no camera", ""), ("too few faces", ""), ("left out", "")]
)
def test_a_scene_without_a_figure_has_no_number_of_faces_but_where_nobody_was(lack: Lack, faces: str) -> None:
    figure = a_figure(lack=lack)
    told = beside(figure)
    assert [(cell["text"], cell["brief"]) for cell in told] == [(faces, faces), ("", "")]
    assert told[0]["said"] == figure_words(figure)
