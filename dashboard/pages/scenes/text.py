"""What is said of a scene's figures, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.scenes import Lack, SceneFigure
from audience.disclosure import interval_text, share_text
from audience.language import N_, decimal, gettext, ngettext, whole
from audience.percents import percent, percent_text
from audience.reaction.segments import LEAST_S
from audience.time import clock_text
from dashboard.wording import expression_name


@dataclass(frozen=True, slots=True, kw_only=True)
class LackWords:
    """Why there is no figure, in English: for a cell, and as a sentence; `full` has `{least}`, the least seconds."""

    brief: str
    full: str


LACKS: Mapping[Lack, LackWords] = {
    "left out": LackWords(brief=N_("left out"), full=N_("somebody left this stretch out, see below")),
    "no camera": LackWords(brief=N_("no camera"), full=N_("no camera was running")),
    "nobody in view": LackWords(brief=N_("nobody"), full=N_("nobody was in view")),
    "too few faces": LackWords(brief=N_("withheld"), full=N_("too few faces were in view for a figure")),
    "too short": LackWords(brief=N_("too short"), full=N_("not enough data: under {least} s have a figure")),
    "not scored": LackWords(brief=N_("not scored"), full=N_("its scorer does not give this expression")),
    "no baseline": LackWords(brief=N_("no baseline"), full=N_("not enough data for the baseline")),
}


NOISE = N_(
    "“Noise”, on a phone a dot: so few faces that most of them may be mistakes of the scorer, as often as it errs on "
    "faces it was not trained on."
)
NOT_ENOUGH = N_("not enough data")


def lack_brief(lack: Lack) -> str:
    """Why there is no figure, in a cell."""
    return gettext(LACKS[lack].brief)


def lack_full(lack: Lack) -> str:
    """Why there is no figure, in a sentence."""
    return gettext(LACKS[lack].full).format(least=decimal(LEAST_S, 1))


def capitalised(text: str) -> str:
    """Text with a capital letter at its beginning, and the others as they are."""
    return text[:1].upper() + text[1:]


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
        return lack_full(figure.change_lack)
    if figure.change_low != figure.change_low:
        return gettext("{change} points", change=plus(figure.change))
    return gettext(
        "{change} points ({low} to {high})",
        change=plus(figure.change),
        low=plus(figure.change_low),
        high=plus(figure.change_high),
    )


def number_of_faces(figure: SceneFigure) -> str:
    """How many faces of how many screenings, and how well they were covered."""
    faces = round(figure.faces)
    if figure.shown > 1:
        said = ngettext(
            "{count} face in {screenings} of {shown} screenings",
            "{count} faces in {screenings} of {shown} screenings",
            faces,
            screenings=figure.screenings,
            shown=figure.shown,
        )
    else:
        said = ngettext("{count} face", "{count} faces", faces)
    if figure.coverage != figure.coverage:
        return said
    return f"{said}, " + gettext("coverage {share}", share=percent_text(figure.coverage))


def faces_cell(figure: SceneFigure) -> str:
    """The mean number of faces, for a table."""
    return whole(round(figure.faces))


def counted_of(figure: SceneFigure) -> str:
    """How many of the screenings have a figure, for a table."""
    return gettext("{some} of {all}", some=figure.screenings, all=figure.shown)


def figure_name(figure: SceneFigure) -> str:
    """What a figure is of."""
    return f"{figure.scene.name} ({clock_text(figure.start_s)}), {expression_name(figure.expression)}"


def figure_words(figure: SceneFigure) -> str:
    """All there is to say of a figure, in one line."""
    name = figure_name(figure)
    if not figure.enough:
        return f"{name}: {lack_full(figure.lack)}"
    said = f"{name}: {ranged(figure.share, figure.low, figure.high)}, {changed(figure)}, {number_of_faces(figure)}"
    if figure.low != figure.low:
        said += "; " + gettext("a range needs {least} screenings", least=LEAST_UNITS)
    return said
