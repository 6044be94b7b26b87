"""How a draft lies along the reaction: what is typed is seen at once, before anything is saved."""

from __future__ import annotations

from base64 import b64encode

import streamlit as st

from audience.curve import StageWindows, retimed
from audience.expressions import LEAD_EXPRESSION
from audience.sessions import Stage
from audience.smoothing import default_smoothing_s, smoothed_curve
from dashboard import markup
from dashboard.charts.theme import palette_of
from dashboard.report.chart import NARROW, chart
from dashboard.report.svg import svg
from dashboard.wording import share_of

# Lower than a report's, so that the table under it is in sight.
_WIDE = 1300.0


def show_picture(windows: StageWindows, edited: Stage) -> None:
    """The curve and the faces, with the segments where the draft has them."""
    if not len(windows.start_ms):
        st.html(markup.note("No camera has recorded anything on this stage yet: there is no curve to lay it along."))
        return
    again = retimed(windows, edited)
    curve, says = None, "Faces in view"
    if LEAD_EXPRESSION in windows.expressions and windows.table.scored.any():
        over_s = default_smoothing_s(len(windows.start_ms) * windows.width_ms / 1000)
        curve, says = smoothed_curve(again, LEAD_EXPRESSION, over_s), share_of(LEAD_EXPRESSION, over_s)
    # Inline SVG is taken out of pages' HTML, so it comes as a picture; its narrow twin is for phones.
    palette = palette_of(st.context.theme.type)
    alt = f"{says}, with the segments as they are typed"
    images = []
    for kind, width in (("hl-wide", _WIDE), ("hl-narrow", NARROW)):
        drawn = svg(chart(again, curve, width=width, palette=palette), says, "")
        images.append(f'<img class="{kind}" src="{_source(drawn)}" alt="{alt}">')
    st.html(f'<div class="hl-laid">{"".join(images)}</div>')


def _source(drawn: str) -> str:
    whole = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" ', 1)
    return f"data:image/svg+xml;base64,{b64encode(whole.encode()).decode()}"
