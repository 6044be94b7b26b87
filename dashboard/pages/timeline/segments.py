"""Edits the timelines of a stage in a table: titles and times, typed in place."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from audience.errors import HouselightsError
from audience.export.files import csv_bytes
from audience.ids import LONGEST_TITLE
from audience.language import N_, gettext, ngettext
from audience.timelines import LONGEST_NOTES
from dashboard import markup
from dashboard.pages.timeline.desk import Desk
from dashboard.pages.timeline.draft import Row, Sheet, table_of
from dashboard.wording import plain

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

TIMES = N_("Times are written as 75, 1:15 or 0:01:15.5. An empty end is where the next segment begins.")
# A column that is not shown: the times as they were when they were guessed, which typing another confirms.
_GUESS = "guess"
_TEXTS = ("title", "start", "end", "notes", "picture")
_COLUMNS = ("title", "start", "end", "notes", "guessed", "picture", _GUESS)


def edit_segments(desk: Desk, length_s: float | None) -> None:
    """Shows the chooser of timelines and the table of the chosen one.

    Args:
        desk: what is being edited.
        length_s: how long what was shown lasted, for a last segment without an end; None where that is not known.
    """
    if desk.editing.now.sheets:
        _choose(desk)
        _edit(desk, length_s)
    else:
        st.html(markup.empty(gettext("This stage has no timeline yet. Import a file, find scenes, or type one in:")))
    if st.button(gettext("New timeline"), icon=":material/add:"):
        titles = {sheet.title for sheet in desk.editing.now.sheets}
        names = (gettext("Timeline {number}", number=number) for number in range(1, 1000))
        title = next(name for name in names if name not in titles)
        sheet = Sheet(title=title, rows=(Row(title=gettext("Opening"), start="0:00"),))
        desk.take(replace(desk.editing.now, sheets=(*desk.editing.now.sheets, sheet)))
        desk.choose(len(desk.editing.now.sheets) - 1)
        st.rerun()


def _choose(desk: Desk) -> None:
    sheets = desk.editing.now.sheets
    if len(sheets) < 2:
        return

    def name_of(at: int) -> str:
        title = plain(sheets[at].title)
        return title if at else gettext("{title} (leads)", title=title)

    place = st.segmented_control(
        gettext("Timeline"),
        range(len(sheets)),
        default=desk.place,
        required=True,
        format_func=lambda at: (
            plain(sheets[at].title) if at else gettext("{title} (leads)", title=plain(sheets[0].title))
        ),
        key=f"timeline-{desk.layout}",
        label_visibility="collapsed",
    )
    if place is not None and place != desk.place:
        desk.choose(place)
        st.rerun()


def _edit(desk: Desk, length_s: float | None) -> None:
    draft, laid = desk.editing.now, desk.laid.sheets[desk.place]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input(
            gettext("Title"), laid.title, max_chars=LONGEST_TITLE, key=f"called-{desk.layout}", width=320
        )
        if desk.place and st.button(
            gettext("Use as main timeline"), help=gettext("Pages and exports use the first timeline.")
        ):
            desk.take(draft.led_by(desk.place))
            desk.choose(0)
            st.rerun()
        if st.button(
            gettext("Remove"),
            icon=":material/delete:",
            help=gettext("Removes this timeline; undo brings it back."),
        ):
            desk.take(draft.without_sheet(desk.place))
            st.rerun()
        _offer_csv(draft.sheets[desk.place], length_s)
    rows = [{**asdict(row), _GUESS: f"{row.start} {row.end}"} for row in laid.rows]
    drafted = any(row.guessed for row in laid.rows)
    if drafted:
        line = ngettext(
            "Draft: the time of {guessed} of {count} segment is a guess.",
            "Draft: the times of {guessed} of {count} segments are a guess.",
            len(laid.rows),
            guessed=sum(row.guessed for row in draft.sheets[desk.place].rows),
        )
        st.html(markup.note(line))
    typed = st.data_editor(
        pd.DataFrame(rows, columns=list(_COLUMNS), index=pd.RangeIndex(1, len(rows) + 1)),
        num_rows="dynamic",
        hide_index=False,
        column_config=_columns(drafted=drafted),
        key=f"segments-{desk.layout}",
        height="auto" if len(rows) <= 12 else 480,
        alt=gettext("Segments: title, start and end of each"),
    )
    st.html(markup.note(gettext(TIMES)))
    sheet = Sheet(title=title, rows=tuple(_rows(typed)))
    fewer = len(sheet.rows) < len(draft.sheets[desk.place].rows)
    desk.editing = desk.editing.then(draft.with_sheet(desk.place, sheet))
    if fewer:
        # The numbers of the rows that are left are those of the table again.
        desk.lay_out()
        st.rerun()


def _columns(*, drafted: bool) -> dict[str, ColumnConfig | str | None]:
    column = st.column_config
    guessed = column.CheckboxColumn(
        gettext("Draft"), width="small", help=gettext("Nobody has confirmed these times yet.")
    )
    return {
        "title": column.TextColumn(gettext("Title"), required=True, max_chars=LONGEST_TITLE),
        "start": column.TextColumn(gettext("Begins"), required=True, width="small"),
        "end": column.TextColumn(gettext("Ends"), width="small"),
        "notes": column.TextColumn(gettext("Speaker notes"), max_chars=LONGEST_NOTES),
        "guessed": guessed if drafted else None,
        "picture": None,
        _GUESS: None,
    }


def _rows(typed: pd.DataFrame) -> list[Row]:
    rows = []
    for cells in typed.to_dict("records"):
        title, start, end, notes, picture = (text_of(cells[name]) for name in _TEXTS)
        guessed = text_of(cells["guessed"]) == "True" and text_of(cells[_GUESS]) == f"{start} {end}"
        if (title + start + end).strip():
            rows.append(Row(title=title, start=start, end=end, notes=notes, guessed=guessed, picture=picture))
    return rows


def text_of(value: Any) -> str:
    """A cell as text; "" for an empty one."""
    return "" if pd.isna(value) else str(value)


def _offer_csv(sheet: Sheet, length_s: float | None) -> None:
    """A download of the timeline as it is typed, where it makes sense."""
    try:
        timeline = sheet.timeline(length_s)
    except HouselightsError:
        return
    st.download_button(
        "CSV",
        lambda: csv_bytes(table_of(timeline)),
        f"{timeline.title}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
