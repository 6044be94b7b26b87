"""This session beside others of its kind: which, their shares, and why some of them cannot be held against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isnan

import numpy as np
import streamlit as st

from audience.comparing.earlier import LEAST_FOR_A_RANGE, StageSummary, comparable, mean_along, usual_range
from audience.disclosure import interval_text, share_text
from audience.language import gettext, ngettext
from audience.language import whole as whole_text
from audience.percents import percent_text
from audience.reaction.curve import StageWindows, smoothed_curve
from audience.reaction.review import Review
from audience.reaction.segments import shape_of
from audience.sessions import Session, Stage
from dashboard import data, markup
from dashboard.charts.theme import SPARK_CURVE
from dashboard.clock import date_text, viewer_zone
from dashboard.pages.session.choices import View
from dashboard.player.player import Line, Range

MOST_AT_FIRST = 3
_POINTS = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What this session is held against.

    Attributes:
        stages: one of each session that was chosen and can be compared.
        refused: why others cannot, one line each.
    """

    stages: Sequence[StageWindows] = ()
    refused: Sequence[str] = ()


def choose_earlier(reader: data.Reader, windows: StageWindows) -> Earlier:
    """The sessions the viewer chose; at first the latest that gave the same film or talk before."""
    session = windows.session
    others = {
        one.session_id: one
        for one in data.sessions()
        if one.kind == session.kind and one.mode == "expressions" and one.session_id != session.session_id
    }
    if not others:
        return Earlier()
    st.header(gettext("Compared with earlier sessions"), anchor=False)
    zone = viewer_zone(st.context.timezone)
    chosen = st.multiselect(
        gettext("Compare with"),
        list(others),
        default=earlier_of(session, list(others.values())),
        format_func=lambda one: f"{others[one].name}, {date_text(others[one].started_at, zone)}",
        key=f"earlier-{session.session_id}",
        placeholder=ngettext("Choose the only one of this kind", "Choose among {count} of this kind", len(others)),
    )
    files = [reader.file(session_id) for session_id in chosen]
    stages = [reader.windows(file, _same_stage(file, windows.stage)) for file in files if file.stages]
    can, refused = comparable(windows, stages)
    return Earlier(stages=can, refused=refused)


def earlier_of(session: Session, others: Sequence[Session]) -> list[str]:
    """The ids of the latest sessions in which the same was shown before, in the same cut."""
    before = [
        one
        for one in others
        if session.film and (one.film, one.cut) == (session.film, session.cut) and one.started_at < session.started_at
    ]
    before.sort(key=lambda one: one.started_at, reverse=True)
    return [one.session_id for one in before[:MOST_AT_FIRST]]


def shares_by_title(
    reader: data.Reader, stages: Sequence[StageWindows], expression: str
) -> dict[str, tuple[float, int]]:
    """By title of the segment: its mean share in other sessions, and in how many it has one."""
    shares: dict[str, list[float]] = defaultdict(list)
    for windows in stages:
        file = reader.file(windows.session.session_id)
        for row in reader.review(file, windows.stage, expression).segments("whole talk"):
            if row.enough:
                shares[row.title].append(row.share)
    return {title: (sum(known) / len(known), len(known)) for title, known in shares.items()}


def mean_line(review: Review, view: View, earlier: Earlier) -> Line | None:
    """The mean of the other sessions along what was shown in this one; None where there are none."""
    if review.expression is None or not earlier.stages:
        return None
    smooth, raw = (
        mean_along(review.windows, earlier.stages, review.expression, over_s) for over_s in (view.smoothing_s, 0)
    )
    name = ngettext("Earlier session", "Mean of {count} earlier sessions", len(earlier.stages))
    return Line(name=name, kind="earlier", smooth=smooth, raw=raw)


def usual_band(review: Review, view: View, earlier: Earlier) -> Range | None:
    """The usual range of the other sessions along what was shown; None where it was not asked for, or they are few."""
    if not view.usual or review.expression is None or len(earlier.stages) < LEAST_FOR_A_RANGE:
        return None
    low, high = usual_range(review.windows, earlier.stages, review.expression, view.smoothing_s)
    return Range(name=_range_name(len(earlier.stages)), low=low, high=high)


def _range_name(count: int) -> str:
    return ngettext("Range of {count} earlier session", "Range of {count} earlier sessions", count)


def show_earlier(review: Review, view: View, earlier: Earlier) -> None:
    """This session and the others, one line each, their curves on one scale."""
    if review.expression is None:
        return
    if earlier.stages:
        wholes = [StageSummary.of(one, review.expression) for one in (review.windows, *earlier.stages)]
        shapes = [
            shape_of(smoothed_curve(one.windows, review.expression, view.smoothing_s).share, _POINTS) for one in wholes
        ]
        highest = np.nanmax([0.1, *(value for shape in shapes for value in shape)])
        rows = "".join(
            _row(whole, [None if isnan(value) else float(value / highest) for value in shape], this=not number)
            for number, (whole, shape) in enumerate(zip(wholes, shapes, strict=True))
        )
        names = (gettext("Session"), gettext("Curve"), gettext("Share"), gettext("Faces"), gettext("Coverage"))
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
        st.html(f'<table class="hl-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')
        line = gettext(
            "All curves have the same scale. A difference may come from the audiences, not from what was shown."
        )
        st.html(markup.note(line))
    for line in earlier.refused:
        st.html(markup.note(line))


def _row(whole: StageSummary, shape: list[float | None], *, this: bool) -> str:
    session = whole.windows.session
    date = date_text(session.started_at, viewer_zone(st.context.timezone))
    name = (
        f"<strong>{escape(session.name)}</strong>"
        if this
        else f'<a href="?session={escape(session.session_id)}" target="_self">{escape(session.name)}</a>'
    )
    share = escape(gettext("not enough data"))
    if not isnan(whole.share):
        figures = whole.share, whole.low, whole.high
        share = f"{share_text(*figures)}<small>{interval_text(*figures)}</small>"
    faces = "" if isnan(whole.faces) else whole_text(round(whole.faces))
    coverage = "" if isnan(whole.coverage) else percent_text(whole.coverage)
    picture = markup.sparkline(shape, gettext("Share along “{session}”", session=session.name), SPARK_CURVE)
    cells = "".join(f"<td>{cell}</td>" for cell in (picture, share, faces, coverage))
    small = gettext("{date}, this session", date=date) if this else date
    return f'<tr><th scope="row">{name}<small>{escape(small)}</small></th>{cells}</tr>'


def _same_stage(file: data.SessionFile, stage: Stage) -> Stage:
    return next((one for one in file.stages if one.stage_id == stage.stage_id), file.stages[0])
