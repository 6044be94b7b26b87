"""The table of a comparison: a row a screening, over the stretch that is looked at; rows that are chosen stand out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from audience.comparing.comparison import ScreeningRow
from audience.disclosure import LEAST_SHARE, SMALL_ROOM, interval_text, share_text
from audience.language import N_, gettext
from audience.percents import percent_text
from audience.time import clock_text
from dashboard import markup
from dashboard.charts.theme import SPARK_CURVE
from dashboard.clock import date_text, viewer_zone
from dashboard.pages.compare.model import AlignedScreenings
from dashboard.pages.screenings import Screening

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

SPARKS = 60
NOT_ENOUGH = N_("not enough data")

_MARK = "mark"  # in the address: the keys of the rows that stand out


def marked_before(screenings: Sequence[Screening]) -> list[str]:
    """The keys of the screenings that stand out, as the table below them says, or the address at first."""
    state = st.session_state.get(_key(screenings))
    if state is None:
        asked = st.query_params.get_all(_MARK)
        return [one.key for one in screenings if one.key in asked]
    return [screenings[row].key for row in state["selection"]["rows"] if row < len(screenings)]


def show_table(laid: AlignedScreenings, rows: Sequence[ScreeningRow]) -> None:
    """Shows the table; its chosen rows stand in the address.

    Args:
        laid: the screenings, one a row.
        rows: their figures.
    """
    screenings = laid.screenings
    frame = pd.DataFrame([_cells(laid, one, row) for one, row in zip(screenings, rows, strict=True)])
    used = [name for name in frame.columns if frame[name].astype(str).str.len().any()]
    asked = st.query_params.get_all(_MARK)
    chosen = [number for number, one in enumerate(screenings) if one.key in asked]
    event = st.dataframe(
        frame[used],
        hide_index=True,
        key=_key(screenings),
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": chosen}},
        column_config=_columns(),
        height=min(36 * (len(frame) + 1) + 2, 470),
    )
    now = [screenings[row].key for row in event.selection.rows]
    if now != asked:
        st.query_params[_MARK] = now


def _cells(laid: AlignedScreenings, screening: Screening, row: ScreeningRow) -> Mapping[str, object]:
    session = screening.session
    return {
        "Screening": laid.names[screening.key],
        "Share": 100 * row.share if row.enough else None,
        "95 %": _interval(row) if row.enough else gettext(NOT_ENOUGH),
        "Highest": _highest(row) if row.enough else "",
        "Curve": _spark(row.shares) if row.enough else "",
        "Faces": None if np.isnan(row.faces) else round(row.faces),
        "Coverage": None if np.isnan(row.coverage) else 100 * row.coverage,
        "Cut": session.cut,
        "City": session.city,
        "Audience": ", ".join(session.tags),
        "Began": date_text(session.started_at, viewer_zone(st.context.timezone)),
    }


def _highest(row: ScreeningRow) -> str:
    """The highest share, and where; of few faces no nearer to none or all than may be shown."""
    values = {"share": percent_text(row.highest), "time": clock_text(row.highest_s)}
    if row.faces > SMALL_ROOM or LEAST_SHARE < row.highest < 1 - LEAST_SHARE:
        return gettext("{share} at {time}", **values)
    if row.highest <= LEAST_SHARE:
        return gettext("at most {share} at {time}", **values)
    return gettext("at least {share} at {time}", **values)


def _interval(row: ScreeningRow) -> str:
    """The interval of a share, or its bound where only that it is low or high may be shown."""
    figures = row.share, row.share_low, row.share_high
    return interval_text(*figures, unit=" %") or share_text(*figures)


def _spark(shares: NDArray[np.float64]) -> str:
    """A small picture of a curve, broken where it is: a column of charts would join its ends."""
    parts = min(SPARKS, len(shares))
    starts = np.arange(parts) * len(shares) // parts
    known = np.add.reduceat(~np.isnan(shares), starts, dtype=int)
    total = np.add.reduceat(np.nan_to_num(shares), starts)
    means = [float(part) / count if count else None for part, count in zip(total, known.tolist(), strict=True)]
    return markup.sparkline_source(means, SPARK_CURVE)


def _columns() -> dict[str, ColumnConfig | str | None]:
    column = st.column_config
    return {
        "Screening": column.TextColumn(gettext("Screening"), width="large"),
        "Share": column.NumberColumn(
            gettext("Share"), format="%.0f %%", help=gettext("Mean share of faces over the stretch that is looked at.")
        ),
        "95 %": column.TextColumn(
            help=gettext("Where the true share most likely lies, given how many faces were seen.")
        ),
        "Highest": column.TextColumn(
            gettext("Highest"),
            help=gettext(
                "The highest share of one step of the chart. It describes the curve; it does not say that the place "
                "stands out of chance."
            ),
        ),
        "Curve": column.ImageColumn(
            gettext("Curve"), help=gettext("From 0 to 100 %, along all that was shown."), width="medium"
        ),
        "Faces": column.NumberColumn(gettext("Faces"), format="%d", help=gettext("Mean number of faces in view.")),
        "Coverage": column.NumberColumn(
            gettext("Coverage"), format="%.0f %%", help=gettext("Faces in view of those expected, on average.")
        ),
        "Cut": gettext("Cut"),
        "City": gettext("City"),
        "Audience": gettext("Audience"),
        "Began": gettext("Began"),
    }


def _key(screenings: Sequence[Screening]) -> str:
    """The table's key: rows are known by number, so other screenings need another table."""
    keys = "\n".join(screening.key for screening in screenings)
    return f"table-{hashlib.sha256(keys.encode()).hexdigest()[:12]}"
