"""The speaker's view: one number and one line, big and calm, for a tablet on the lectern. The address keeps it."""

from __future__ import annotations

from html import escape
from typing import Final

import numpy as np
import streamlit as st

from audience.disclosure import share_text
from audience.faces import LEAD_EXPRESSION
from audience.language import decimal, gettext, ngettext, whole
from audience.reaction.headline import second_text
from audience.reaction.review import Review
from audience.reaction.segments import shape_of
from audience.sessions import Stage
from dashboard import data
from dashboard.charts.axes import share_ticks
from dashboard.charts.theme import SPARK_CURVE
from dashboard.markup import sparkline_source
from dashboard.pages.session.notes import offer_mark
from dashboard.wording import doing, stage_names

VIEW: Final = "speaker"
_OVER_S: Final = 15.0
_LINE_S: Final = 600
_POINTS: Final = 120
# A figure older than this is not of now.
_NOW_S: Final = 30


def is_speakers() -> bool:
    """Whether the address asks for the speaker's view."""
    return st.query_params.get("view") == VIEW


def link_to_speaker(session_id: str, stage: Stage) -> None:
    """Leads to the speaker's view of a stage."""
    query = {"session": session_id, "stage": stage.stage_id, "view": VIEW}
    st.page_link("session/page.py", label=gettext("Speaker's view"), icon=":material/podium:", query_params=query)


def show_speaker(reader: data.Reader, file: data.SessionFile) -> None:
    """One stage's share now, the last ten minutes as a line, and a button to mark the moment."""
    stage = _stage(file)
    asked = st.query_params.get("expression", LEAD_EXPRESSION)
    windows = reader.windows(file, stage)
    review = reader.review(file, stage, asked if asked in windows.measures else LEAD_EXPRESSION)
    figure, of = now_text(review)
    st.html(
        f'<div class="hl-speaker"><p class="hl-speaker-figure">{escape(figure)}</p>'
        f'<p class="hl-speaker-of">{escape(of)}</p>{_line(review)}'
        f'<p class="hl-speaker-when">{escape(_when(review))}</p></div>'
    )
    with st.container(horizontal=True, vertical_alignment="center", key="speaker-bar"):
        if file.live:
            offer_mark(review)
        back = {"session": file.session.session_id, "stage": stage.stage_id}
        st.page_link("session/page.py", label=gettext("Whole page"), query_params=back)


def now_text(review: Review) -> tuple[str, str]:
    """The share now, and what it is of; where there is none now, a dash and why.

    Of a session that has ended, "now" is its last half minute.
    """
    windows = review.windows
    if review.expression is None or not review.length_s:
        return "\N{EN DASH}", gettext("No figure yet.")
    curve = review.curve(_OVER_S)
    latest = slice(max(0, len(windows.start_ms) - _NOW_S * 1000 // windows.width_ms), None)
    known = np.flatnonzero(~np.isnan(curve.share[latest]))
    if not len(known):
        why = gettext("No figure for the last {seconds} s: nobody, or too few faces, in view.", seconds=_NOW_S)
        return "\N{EN DASH}", why
    place = int(known[-1]) + (latest.start or 0)
    share = share_text(*(float(of[place]) for of in (curve.share, curve.share_low, curve.share_high)))
    return share, ngettext(
        "of {count} face {doing}",
        "of {count} faces {doing}",
        round(float(windows.faces[place])),
        doing=doing(review.expression),
    )


def _line(review: Review) -> str:
    """The last ten minutes as a picture, from nought at its foot to a round share at its top."""
    if review.expression is None or not review.length_s:
        return ""
    share = review.curve(_OVER_S).share[-_LINE_S * 1000 // review.windows.width_ms :]
    highest = float(np.nanmax(share, initial=0.0))
    top = share_ticks(max(20.0, 100 * highest))[-1]
    shape = [None if np.isnan(value) else float(100 * value / top) for value in shape_of(share, _POINTS)]
    says = escape(gettext("The last minutes, from 0 to {top} %", top=whole(round(top))))
    return f'<img alt="{says}" title="{says}" src="{sparkline_source(shape, SPARK_CURVE, stroke=0.6)}">'


def _when(review: Review) -> str:
    windows = review.windows
    if not review.length_s:
        return windows.session.name
    until_s = float(windows.session_s[-1]) + windows.width_ms / 1000
    title = windows.segment_title(int(windows.segment[-1]))
    words = [title] if title else []
    return " · ".join(
        [second_text(windows, until_s), *words, gettext("averaged over {seconds} s", seconds=decimal(_OVER_S, 1))]
    )


def _stage(file: data.SessionFile) -> Stage:
    """The stage the address names, by its id or by what it is called; else the first."""
    asked, names = st.query_params.get("stage"), stage_names(file.stages)
    return next((one for one in file.stages if asked in (one.stage_id, names[one.stage_id])), file.stages[0])
