"""What a page shows of an empty store: what Houselights does, in three steps, and the way to the first session."""

from __future__ import annotations

from html import escape
from typing import Final

import streamlit as st

from audience.language import N_, gettext
from dashboard import markup
from dashboard.access.entry import has_page, permit_here
from dashboard.wording import HOW_TO_SEE_SAMPLES, how_to_score

WHAT_IT_DOES: Final = N_(
    "Houselights shows how an audience reacted, second by second: at a talk, a screening or a festival."
)
STEPS: Final = (
    (
        N_("Film the audience"),
        N_(
            "A phone or a camera on the stage, facing the seats, is enough. Tell people first: “Room notice” on the "
            "page Operate prints the sheet."
        ),
    ),
    (
        N_("Score the recording"),
        N_("It is scored on this machine. What is kept are figures a second, not the video."),
    ),
    (
        N_("See what happened"),
        N_("A curve of visible expressions, the moments that stood out, and a report to send."),
    ),
)
"""What to do and what becomes of it, in order."""


def show_first_use(line: str, *commands: str) -> None:
    """Explains an empty store, and offers the upload where the viewer may use it.

    Args:
        line: what this page is waiting for.
        commands: of a terminal, that fill it; those that score a recording and show samples where none is given.
    """
    steps = "".join(_step(gettext(name), gettext(text)) for name, text in STEPS)
    st.html(f'<div class="hl-first-use">{markup.lead(gettext(WHAT_IT_DOES))}<ol>{steps}</ol></div>')
    if has_page(permit_here(), "bring"):
        upload = gettext("Score a recording of an audience")
        st.page_link("bring/page.py", label=f"**{upload}**", icon=":material/upload:")
    st.html(markup.empty(line, *(commands or (how_to_score(), HOW_TO_SEE_SAMPLES))))


def _step(name: str, text: str) -> str:
    return f"<li><strong>{escape(name)}</strong> {escape(text)}</li>"
