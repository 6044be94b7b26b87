"""The comparison of scorers as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

import numpy as np
import pandas as pd

from audience.disclosure import MIN_FACES
from audience.time import clock_text
from dashboard.charts.compare import CompareFigures, compare_chart
from dashboard.charts.theme import LIGHT
from dashboard.markup import units_kept
from dashboard.report.html_page import document, figure, small_print
from dashboard.wording import NOT_FEELING
from houselights.comparing_scorers.figures import ComparedPair, ScorerComparison
from houselights.comparing_scorers.text import AGREEMENT_COLUMNS, agreement_rows, lead, method, side_by_side


def page_of(compared: ScorerComparison, *, recording: str, service: str, made_at: datetime) -> str:
    """The page.

    Args:
        compared: what to show.
        recording: the recording's name.
        service: where the cloud's calls went, in words; "" if there were none.
        made_at: when it was made.
    """
    title = f"Scorers compared on {recording}"
    seen = f"{compared.seconds} seconds · {compared.faces} faces of {compared.tracks} tracks"
    sections = [
        f'<header><h1 dir="auto">{escape(title)}</h1><p class="facts">{seen} · {compared.compared} scored by all</p>'
        f'<p class="lead">{escape(units_kept(lead(compared)))}</p></header>\n',
        _chart(compared),
        _table("Side by side", "", [one.name for one in compared.scorers], side_by_side(compared)),
        *(_pair(pair) for pair in compared.pairs),
        small_print("How to read this", method(compared, service)),
    ]
    return document(title, "".join(sections), f"Made by Houselights, {made_at:%Y-%m-%d %H:%M %Z}. {NOT_FEELING}")


def _pair(pair: ComparedPair) -> str:
    title = f"First {pair.first}, second {pair.second}"
    return _table(title, "Expression", AGREEMENT_COLUMNS, agreement_rows(pair))


def _table(title: str, corner: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in (corner, *columns))
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(
            f'<td data-is="{escape(column)}">{escape(units_kept(cell))}</td>'
            for column, cell in zip(columns, cells, strict=True)
        )
        + "</tr>"
        for name, cells in rows.items()
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<section><h2>{escape(title)}</h2>{table}</section>\n"


def _chart(compared: ScorerComparison) -> str:
    if not any(np.isfinite(share).any() for share in compared.shares.values()):
        return ""
    at_s = compared.at_s
    # A second without a figure between stretches that are apart, so that no line joins them.
    gaps = np.flatnonzero(np.diff(at_s) > 1.5) + 1
    cells = pd.DataFrame({"at_s": np.insert(at_s, gaps, at_s[gaps - 1] + 1)})
    for place, share in enumerate(compared.shares.values()):
        cells[f"line_{place}"] = 100 * np.insert(share, gaps, np.nan)
    first, second = list(compared.shares.values())[:2]
    apart = 100 * np.insert(second - first, gaps, np.nan)
    cells = cells.assign(difference=apart, difference_low=np.nan, difference_high=np.nan, said="")
    figures = CompareFigures(
        cells=cells,
        names=list(compared.shares),
        name="Share of faces that smile, second by second",
        ends_s=(float(at_s[0]) - 0.5, float(at_s[-1]) + 0.5),
        highest=float(cells.filter(like="line_").max().max()),
        segments=pd.DataFrame({"from_s": [], "until_s": [], "title": []}),
        difference=f"{compared.pairs[0].second} less {compared.pairs[0].first}, points",
        widest=float(np.nanmax(np.abs(apart))),
    )
    caption = [
        f"From {clock_text(float(at_s[0]))} to {clock_text(float(at_s[-1]))} of the recording, the same faces for all.",
        f"Seconds of fewer than {MIN_FACES} faces are left out, and of a small room those with another number of "
        "faces than usual.",
    ]
    return figure(compare_chart(figures, LIGHT), lead(compared), caption)
