"""Many sessions side by side: their curves on one axis, group against group, and a table of all."""

from __future__ import annotations

import streamlit as st

from dashboard import markup
from dashboard.lab.choosing import chosen_selection

st.html(markup.page_title("Compare"))
if (selection := chosen_selection()) is not None:
    st.html(markup.note(", ".join(screening.name for screening in selection.screenings)))
