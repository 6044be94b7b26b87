"""What the viewer chose to see; every choice stands in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from audience.faces import LEAD_EXPRESSION
from audience.language import N_, gettext
from audience.reaction.baseline import BASELINES, BaselineChoice
from audience.reaction.curve import StageWindows, default_smoothing_s
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
    measures = {name: expression_name(name, experimental=name in experimental) for name in windows.measures}
    names = {name: measures[name] for name in windows.expressions}
    expression = st.selectbox(
        gettext("Expression"),
        list(names),
        index=list(names).index(LEAD_EXPRESSION) if LEAD_EXPRESSION in names else 0,
        format_func=names.__getitem__,
        key="expression",
        bind="query-params",
        label_visibility="collapsed",
        width=_WIDTH,
    )
    with st.popover(gettext("Curve options"), key="curve-options", width=_WIDTH):
        beside = st.multiselect(
            gettext("Other curves"),
            list(measures),
            format_func=measures.__getitem__,
            max_selections=MOST_BESIDE,
            key="beside",
            bind="query-params",
            placeholder=gettext("None"),
        )
        against = st.selectbox(
            gettext("Compare with"),
            BASELINES,
            format_func=lambda one: gettext(AGAINST[one]),
            key="against",
            bind="query-params",
        )
        suits = default_smoothing_s(windows.length_s)
        smoothing_s = st.selectbox(
            gettext("Average"),
            list(SMOOTHINGS),
            index=list(SMOOTHINGS).index(suits),
            format_func=lambda one: gettext(SMOOTHINGS[one]),
            key="smoothing",
            bind="query-params",
        )
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
