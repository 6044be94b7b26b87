"""What the viewer chose to see; every choice stands in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from audience.language import N_, gettext
from audience.reaction.baseline import BASELINES, BaselineChoice
from audience.reaction.curve import StageWindows, default_smoothing_s
from dashboard.choices import choose, choose_expression, put_several_into_address, take_several_from_address
from dashboard.data import SessionFile
from dashboard.wording import AGAINST, expression_name

SMOOTHINGS = {0.0: N_("Raw"), 5.0: N_("Over 5 s"), 15.0: N_("Over 15 s"), 60.0: N_("Over 1 min")}
MOST_BESIDE = 3  # lines; more could not be distinguished
_WIDTH = 175


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a stage is shown.

    Attributes:
        expression: the leading one; None where no expression was scored, or nothing is to be shown.
        beside: other measures, laid beside it.
        against: the baseline.
        smoothing_s: what figures are averaged over; 0 for nothing.
        usual: whether the range of earlier sessions is drawn behind it.
    """

    expression: str | None = None
    beside: tuple[str, ...] = ()
    against: BaselineChoice = "whole talk"
    smoothing_s: float = 0.0
    usual: bool = False


def choose_view(file: SessionFile, windows: StageWindows) -> View:
    """The expression, and behind a button what is chosen less often."""
    if file.session.mode != "expressions" or not windows.expressions or not windows.table.scored.any():
        return View()
    scorers = [file.scorers[name] for name in windows.table.scorers if name in file.scorers]
    experimental = {name for scorer in scorers for name in scorer.experimental}

    def measure_name(name: str) -> str:
        return expression_name(name, experimental=name in experimental)

    measures, expressions = list(windows.measures), list(windows.expressions)
    expression = choose_expression(expressions, experimental, width=_WIDTH)
    with st.popover(gettext("Curve options"), key="curve-options", width=_WIDTH):
        take_several_from_address("beside", measures, MOST_BESIDE, measure_name)
        beside = st.multiselect(
            gettext("Other curves"),
            measures,
            format_func=measure_name,
            max_selections=MOST_BESIDE,
            key="beside",
            on_change=put_several_into_address,
            args=("beside",),
            placeholder=gettext("None"),
        )
        against = choose(gettext("Compare with"), BASELINES, key="against", usual=BASELINES[0], name=_against_name)
        suits = default_smoothing_s(windows.length_s)
        smoothing_s = choose(gettext("Average"), list(SMOOTHINGS), key="smoothing", usual=suits, name=_smoothing_name)
        ranged = st.toggle(
            gettext("Range of earlier sessions"),
            key="usual",
            bind="query-params",
            help=gettext("Drawn behind the curve where at least three earlier sessions are chosen to compare with."),
        )
    return View(
        expression=expression,
        beside=tuple(name for name in beside if name != expression),
        against=against,
        smoothing_s=smoothing_s,
        usual=ranged,
    )


def _against_name(against: BaselineChoice) -> str:
    return gettext(AGAINST[against])


def _smoothing_name(smoothing_s: float) -> str:
    return gettext(SMOOTHINGS[smoothing_s])
