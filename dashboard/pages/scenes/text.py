"""What is said of a scene's figures, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.scenes import Lack, SceneFigure
from audience.disclosure import interval_text, share_text
from audience.percents import percent, percent_text
from audience.reaction.segments import LEAST_S
from audience.time import clock_text
from dashboard.wording import expression_name


@dataclass(frozen=True, slots=True, kw_only=True)
class LackWords:
    """Why there is no figure: for a cell, and in a sentence."""

    brief: str
    full: str


LACKS: Mapping[Lack, LackWords] = {
    "left out": LackWords(brief="left out", full="somebody left this stretch out, see below"),
    "no camera": LackWords(brief="no camera", full="no camera was running"),
    "nobody in view": LackWords(brief="nobody", full="nobody was in view"),
    "too few faces": LackWords(brief="withheld", full="too few faces were in view for a figure"),
    "too short": LackWords(brief="too short", full=f"not enough data: under {LEAST_S:g} s have a figure"),
    "not scored": LackWords(brief="not scored", full="its scorer does not give this expression"),
    "no baseline": LackWords(brief="no baseline", full="not enough data for the baseline"),
}


NOISE = (
    "“Noise”, on a phone a dot: so few faces that most of them may be mistakes of the scorer, as often as it errs on "
    "faces it was not trained on."
)


def signed(text: str) -> str:
    """Figures with a minus sign where they have a hyphen."""
    return text.replace("-", "\N{MINUS SIGN}")


def plus(value: float) -> str:
    """A change in points, as `+12`; what rounds to none has no sign."""
    points = percent(value)
    return signed(f"{points:+d}") if points else "0"


def ranged(value: float, low: float, high: float) -> str:
    """A share with its interval, where it has one."""
    interval = interval_text(value, low, high, unit=" %")
    return share_text(value, low, high) + (f" ({interval})" if interval else "")


def changed(figure: SceneFigure) -> str:
    """A change with its interval, where it has one, or why there is none."""
    if figure.change_lack:
        return LACKS[figure.change_lack].full
    if figure.change_low != figure.change_low:
        return f"{plus(figure.change)} points"
    return f"{plus(figure.change)} points ({plus(figure.change_low)} to {plus(figure.change_high)})"


def number_of_faces(figure: SceneFigure) -> str:
    """How many faces of how many screenings, and how well they were covered."""
    said = f"{figure.faces:.0f} faces"
    if figure.shown > 1:
        said += f" in {figure.screenings} of {figure.shown} screenings"
    return said if figure.coverage != figure.coverage else f"{said}, coverage {percent_text(figure.coverage)}"


def figure_name(figure: SceneFigure) -> str:
    """What a figure is of."""
    return f"{figure.scene.name} ({clock_text(figure.start_s)}), {expression_name(figure.expression).lower()}"


def figure_words(figure: SceneFigure) -> str:
    """All there is to say of a figure, in one line."""
    name = figure_name(figure)
    if not figure.enough:
        return f"{name}: {LACKS[figure.lack].full}"
    said = f"{name}: {ranged(figure.share, figure.low, figure.high)}, {changed(figure)}, {number_of_faces(figure)}"
    if figure.low != figure.low:
        said += f"; a range needs {LEAST_UNITS} screenings"
    return said
