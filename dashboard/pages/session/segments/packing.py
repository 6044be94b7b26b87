"""The segment table's figures as words and as what they are sorted by. Never imports Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np

from audience.disclosure import interval_text, share_text
from audience.language import N_, gettext
from audience.language import whole as whole_text
from audience.percents import percent, percent_text
from audience.reaction.curve import StageWindows
from audience.reaction.segments import SegmentRow
from audience.time import clock_text

NOT_ENOUGH = N_("not enough data")
TOO_FEW_TO_SAY = N_("too few faces to say")


def packed(
    windows: StageWindows,
    rows: Sequence[SegmentRow],
    *,
    against: str,
    earlier: Mapping[str, tuple[float, int]],
    hrefs: Mapping[int, str],
) -> dict[str, Any]:
    """The table as JSON can write it. Titles go in as they are: the table shows them as text.

    Args:
        windows: the stage's windows.
        rows: its segments.
        against: the heading of the changes.
        earlier: by title, the mean share of the segment in other sessions, and in how many; empty for no such column.
        hrefs: by index of the segment, a link to its beginning; none for one that was never shown.
    """
    names = [gettext("Segment"), gettext("Share"), against, gettext("Faces"), gettext("Coverage")]
    highest = np.nanmax([0.0, *(value for row in rows for value in row.sparkline)])
    return {
        "columns": [*names, gettext("Earlier")] if earlier else names,
        "highest": max(float(highest), 0.1),
        "rows": [
            {
                "title": row.title,
                "when": _when(windows, row),
                "seek": _begins_s(windows, row.index),
                "href": hrefs.get(row.index),
                "spark": [None if isnan(value) else round(value, 3) for value in row.sparkline],
                "cells": [_share(row), _change(row), _faces(row), _coverage(row)]
                + ([_earlier(earlier.get(row.title))] if earlier else []),
            }
            for row in rows
        ],
    }


def points_text(change: float) -> str:
    """A change in percentage points, with its sign; 0 has none."""
    points = percent(change)
    sign = "+" if points > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(points)}" if points else "0"


def no_change_text(row: SegmentRow) -> str:
    """Why a row has no change; "" where it has no share either."""
    if not row.enough:
        return ""
    return gettext(TOO_FEW_TO_SAY) if row.is_range else gettext(NOT_ENOUGH)


def _when(windows: StageWindows, row: SegmentRow) -> str:
    ends = {"from_time": clock_text(row.start_s), "until_time": clock_text(row.end_s)}
    if windows.stage.timelines[0].segments[row.index].guessed:
        return gettext("{from_time} to {until_time}, draft", **ends)
    return gettext("{from_time} to {until_time}", **ends)


def _begins_s(windows: StageWindows, index: int) -> float | None:
    places = np.flatnonzero(windows.segment == index)
    return float(windows.session_s[places[0]]) if len(places) else None


def _cell(value: float, text: str, small: str = "") -> dict[str, Any]:
    """What a cell is sorted by, what it says, and what it says in small print."""
    return {"value": None if isnan(value) else value, "text": text, "small": small}


def _share(row: SegmentRow) -> dict[str, Any]:
    if not row.enough:
        return _cell(row.share, gettext(NOT_ENOUGH))
    figures = row.share, row.share_low, row.share_high
    return _cell(row.share, share_text(*figures), interval_text(*figures))


def _change(row: SegmentRow) -> dict[str, Any]:
    if isnan(row.change):
        return _cell(row.change, no_change_text(row))
    if isnan(row.change_low):
        return _cell(row.change, points_text(row.change), gettext("too short for a range"))
    reach = gettext("{low} to {high}", low=points_text(row.change_low), high=points_text(row.change_high))
    return _cell(row.change, points_text(row.change), reach)


def _faces(row: SegmentRow) -> dict[str, Any]:
    return _cell(row.faces, gettext("no camera") if isnan(row.faces) else whole_text(round(row.faces)))


def _coverage(row: SegmentRow) -> dict[str, Any]:
    return _cell(row.coverage, "" if isnan(row.coverage) else percent_text(row.coverage))


def _earlier(known: tuple[float, int] | None) -> dict[str, Any]:
    if known is None:
        return _cell(float("nan"), "")
    share, count = known
    return _cell(share, percent_text(share), gettext("in {count}", count=count))
