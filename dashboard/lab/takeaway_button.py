"""Takes a page away: nothing is built before a file is asked for, and the page does not run again for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from dashboard import markup
from dashboard.lab.takeaway import Takeaway, file_names, zipped

_CONTENTS = (
    "The figures on the screen with their units (CSV, Parquet), the chart (SVG), and a manifest that says how they "
    "came about. The arrow that shows over the chart saves it as it looks now (PNG)."
)
_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "svg": "image/svg+xml"}


def address(page: str) -> str:
    """Where a page opens with all that is chosen on it now.

    Args:
        page: the name it has in addresses.
    """
    return f"{page}?{urlencode([(name, value) for name in st.query_params for value in st.query_params.get_all(name)])}"


def offer(build: Callable[[], Takeaway], *, page: str, tables: Sequence[str], pictures: Sequence[str]) -> None:
    """Offers what a page shows, all in one zip or file by file.

    Args:
        build: makes it when a file is asked for, in a thread of its own: it must not ask Streamlit for anything.
        page: as the takeaway's; names the zip.
        tables, pictures: the names of those it will have.
    """
    with st.popover("Take away", key="takeaway"):
        st.html(markup.note(_CONTENTS))
        st.download_button(
            "Everything (.zip)",
            partial(_everything, build),
            f"houselights-{page}.zip",
            "application/zip",
            key="takeaway-zip",
            on_click="ignore",
            type="primary",
        )
        for name in file_names(tables, pictures):
            st.download_button(
                name,
                partial(_one, build, name),
                f"houselights-{name}",
                _TYPES[name.rsplit(".", 1)[1]],
                key=f"takeaway-{name}",
                on_click="ignore",
                type="tertiary",
            )


def _everything(build: Callable[[], Takeaway]) -> bytes:
    now = datetime.now(UTC)
    return zipped(build().files(now), now)


def _one(build: Callable[[], Takeaway], name: str) -> bytes:
    return build().file(name)
