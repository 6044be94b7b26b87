"""Findings: at most three things about a session that are worth saying first, as far as the statistics carry them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from statistics import NormalDist
from typing import Literal

from audience.disclosure import share_text
from audience.faces import LEAD_EXPRESSION
from audience.language import N_, gettext, ngettext, whole
from audience.percents import percent
from audience.reaction.curve import StageWindows
from audience.reaction.headline import did, where_text
from audience.reaction.moments import Moment
from audience.reaction.segments import SegmentRow
from audience.time import clock_text

Kind = Literal["peak", "dip", "turn", "strongest part", "quietest part"]

MOST = 3
_ERROR = 0.05  # probability that a segment is named although none differs from the session


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing worth saying first.

    Attributes:
        kind: what it is about: a moment, or a segment that differs from the session.
        title: a phrase that says so.
        figure: its share, as text.
        sentence: a description in one sentence.
        segment: index of its segment in the first timeline; -1 for none.
        moment: number of its moment; 0 for a segment.
    """

    kind: Kind
    title: str
    figure: str
    sentence: str
    segment: int
    moment: int


_TITLES: dict[Kind, str] = {
    "peak": N_("The strongest moment"),
    "dip": N_("The deepest dip"),
    "turn": N_("The sharpest turn"),
    "strongest part": N_("The strongest part"),
    "quietest part": N_("The quietest part"),
}


def findings(
    windows: StageWindows, expression: str, moments: Sequence[Moment], segments: Sequence[SegmentRow]
) -> tuple[Finding, ...]:
    """Chooses the findings of a stage.

    A moment counts as it is: it stood out of chance. A segment counts only if its change from the session is beyond
    chance although the most extreme of all segments was picked: its 95 % interval is widened to all of them
    (Bonferroni), so that segments of a session that never changes are named in at most 5 of 100 sessions.

    Args:
        windows: the stage's windows.
        expression: the expression.
        moments: of the stage.
        segments: of the first timeline, against the whole session.

    Returns:
        At most `MOST`, the most telling first. Several segments come before several findings on one.
    """
    found = [*_in_order(windows, expression, moments, segments)]
    first: list[Finding] = []
    for one in found:
        if one.segment < 0 or one.segment not in {other.segment for other in first}:
            first.append(one)
    return tuple([*first, *(one for one in found if one not in first)][:MOST])


def _in_order(
    windows: StageWindows, expression: str, moments: Sequence[Moment], segments: Sequence[SegmentRow]
) -> Iterator[Finding]:
    peaks = sorted((one for one in moments if one.kind == "peak"), key=lambda one: -one.share)
    dips = sorted((one for one in moments if one.kind == "dip"), key=lambda one: one.change)
    turns = [one for one in moments if one.kind == "turn"]
    told = _beyond_chance(segments)
    best = max((row for row in told if row.change > 0), key=lambda row: row.change, default=None)
    worst = min((row for row in told if row.change < 0), key=lambda row: row.change, default=None)
    first = gettext("The biggest smile") if expression == LEAD_EXPRESSION else ""
    yield from (_of_moment(windows, expression, one, first) for one in peaks[:1])
    if best is not None:
        yield _of_segment(expression, best)
    if worst is not None:
        yield _of_segment(expression, worst)
    yield from (_of_moment(windows, expression, one) for one in (*dips[:1], *turns))
    yield from (_of_moment(windows, expression, one, gettext("Another strong moment")) for one in peaks[1:])
    yield from (_of_moment(windows, expression, one, gettext("Another dip")) for one in dips[1:])


def _beyond_chance(segments: Sequence[SegmentRow]) -> list[SegmentRow]:
    """The segments whose change is beyond chance, for how many were looked at."""
    known = [row for row in segments if not isnan(row.change) and not isnan(row.change_low)]
    if len(known) < 2:
        return []
    normal = NormalDist()
    wider = normal.inv_cdf(1 - _ERROR / 2 / len(known)) / normal.inv_cdf(1 - _ERROR / 2)

    def reach(row: SegmentRow) -> float:
        return row.change - row.change_low if row.change > 0 else row.change_high - row.change

    return [row for row in known if abs(row.change) > wider * reach(row) and percent(abs(row.change)) >= 1]


def _of_moment(windows: StageWindows, expression: str, moment: Moment, title: str = "") -> Finding:
    share = share_text(moment.share, moment.share_low, moment.share_high)
    points = percent(abs(moment.change))
    values = {
        "share": share,
        "faces": whole(round(moment.faces)),
        "did": did(expression),
        "where": where_text(windows, moment.place),
    }
    if moment.kind == "turn":
        sentence = moment.sentence
    elif moment.change > 0:
        sentence = ngettext(
            "{share} of {faces} faces {did} {where}: {count} point above the minutes around it.",
            "{share} of {faces} faces {did} {where}: {count} points above the minutes around it.",
            points,
            **values,
        )
    else:
        sentence = ngettext(
            "{share} of {faces} faces {did} {where}: {count} point below the minutes around it.",
            "{share} of {faces} faces {did} {where}: {count} points below the minutes around it.",
            points,
            **values,
        )
    return Finding(
        kind=moment.kind,
        title=title or gettext(_TITLES[moment.kind]),
        figure=share,
        sentence=sentence[0].upper() + sentence[1:],
        segment=int(windows.segment[moment.place]),
        moment=moment.number,
    )


def _of_segment(expression: str, row: SegmentRow) -> Finding:
    share = share_text(row.share, row.share_low, row.share_high)
    kind: Kind = "strongest part" if row.change > 0 else "quietest part"
    points = percent(abs(row.change))
    values = {
        "title": row.title,
        "begin": clock_text(row.start_s),
        "end": clock_text(row.end_s),
        "share": share,
        "did": did(expression),
    }
    if row.change > 0:
        sentence = ngettext(
            "“{title}”, {begin} to {end}: {share} of the faces {did} on average, {count} point more than in the "
            "session as a whole.",
            "“{title}”, {begin} to {end}: {share} of the faces {did} on average, {count} points more than in the "
            "session as a whole.",
            points,
            **values,
        )
    else:
        sentence = ngettext(
            "“{title}”, {begin} to {end}: {share} of the faces {did} on average, {count} point less than in the "
            "session as a whole.",
            "“{title}”, {begin} to {end}: {share} of the faces {did} on average, {count} points less than in the "
            "session as a whole.",
            points,
            **values,
        )
    return Finding(
        kind=kind, title=gettext(_TITLES[kind]), figure=share, sentence=sentence, segment=row.index, moment=0
    )
