"""How every chart looks: colours for light and for dark pages, styles that tell lines apart, typeface and sizes.

The curve and the faces differ in lightness and in hue (amber against slate blue), so they stay apart for every kind of
colour blindness and in print; nothing is said by colour alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

FONT = "Source Sans, Source Sans Pro, sans-serif"
TEXT_PX, SMALL_PX = 12, 11
PHONE_PX = 520
"""A chart narrower than this is laid out for a phone."""

MOST_STYLES = 8
"""As many lines have a style of their own."""

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DASHES = ((1, 0), (6, 4), (1.5, 3.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours as CSS writes them.

    Attributes:
        ground: of the page.
        ink, quiet: of text.
        rule: behind the names of segments.
        grid: of grid lines; seen at 3:1, and drawn as dots so that they stay quiet.
        paper: of what lies above the page.
        curve, band, faces: of the reaction curve, its interval, and the faces in view.
        edge: of the interval, whose own colour is too pale to be seen by everybody.
        segment, unseen, withheld: behind a curve; seen through.
        beside: up to three more lines, which differ in their dashes too.
        lines: lines that are compared, as many as `MOST_STYLES`.
        shares, changes: a heat map's lowest, middle and highest colour; `ink` can be read on each.
    """

    ground: str
    ink: str
    quiet: str
    rule: str
    grid: str
    paper: str
    curve: str
    band: str
    edge: str
    faces: str
    segment: str
    unseen: str
    withheld: str
    beside: tuple[str, str, str]
    lines: tuple[str, ...]
    shares: tuple[str, str, str]
    changes: tuple[str, str, str]


# Of pictures that are the same on light and on dark pages.
SPARK_CURVE = "#c27217"
SPARK_FACES = "#7286b0"

# `lines` after Okabe and Ito, "Color Universal Design" (2008), made darker for paper and lighter for a dark page. Their
# first two are the project's own: amber and slate blue.
LIGHT = Palette(
    ground="#fbf9f5",
    ink="#221d28",
    quiet="#625a6b",
    rule="#e3ddd2",
    grid="#8c857c",
    paper="#ffffff",
    curve="#a3500b",
    band="rgba(214, 128, 32, 0.26)",
    edge="#b86a12",
    faces="#54698f",
    segment="rgba(84, 72, 100, 0.065)",
    unseen="rgba(90, 84, 100, 0.16)",
    withheld="rgba(84, 105, 143, 0.20)",
    beside=("#1f6f78", "#8a3b78", "#4d6b1f"),
    lines=("#a3500b", "#2f5fa8", "#0f7a5c", "#8a3f8f", "#4a4453", "#b3254e", "#0b7c92", "#6c6a10"),
    shares=("#fdf6ea", "#f3c98a", "#dd8f3a"),
    changes=("#8fa9d6", "#fbf9f5", "#e0a055"),
)
DARK = Palette(
    ground="#16131b",
    ink="#ece7f0",
    quiet="#b0a7bb",
    rule="#332d3b",
    grid="#6f6778",
    paper="#221e29",
    curve="#f4b958",
    band="rgba(240, 179, 84, 0.27)",
    edge="#a8762e",
    faces="#93a9d6",
    segment="rgba(220, 205, 240, 0.06)",
    unseen="rgba(200, 190, 215, 0.16)",
    withheld="rgba(147, 169, 214, 0.22)",
    beside=("#6fd0d8", "#e79bd5", "#b5d66f"),
    lines=("#f4b958", "#8fb4f5", "#5fd0a5", "#d9a0e2", "#c9c2d4", "#ff8fa8", "#6cd3e6", "#d6d15a"),
    shares=("#241f2b", "#5a3c20", "#95590f"),
    changes=("#3d5688", "#241f2b", "#8a5312"),
)


def palette_of(theme: str | None) -> Palette:
    """The palette of a page whose theme is "light" or "dark"; light where that is not known yet."""
    return DARK if theme == "dark" else LIGHT


def dash(number: int) -> list[float]:
    """The dash of line `number`, 0 for the first: lines differ in print and for every kind of colour blindness."""
    return list(_DASHES[number % MOST_STYLES % len(_DASHES)])


def drawable(text: str) -> str:
    """A text without the characters that XML, and so an SVG, has no place for."""
    return _NOT_IN_XML.sub("", text)


def see_through(colour: str) -> str:
    """A `#rrggbb` colour as that of a band, through which others can be seen."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.2)"


def config_of(palette: Palette) -> dict[str, Any]:
    """Vega-Lite's `config` for charts in these colours.

    Typefaces are named for every kind of text, as Streamlit sets its own where none is.
    """
    text = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": TEXT_PX, "titleFontSize": TEXT_PX + 1}
    text |= {"labelColor": palette.quiet, "titleColor": palette.quiet, "titleFontWeight": "normal"}
    return {
        "font": FONT,
        "background": palette.ground,
        "view": {"stroke": None},
        "axis": {
            **text,
            "gridColor": palette.grid,
            "gridDash": [1, 3],
            "domainColor": palette.quiet,
            "tickColor": palette.quiet,
            "labelFlush": False,
            "labelOverlap": "parity",
            "labelSeparation": 6,
        },
        "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
        "legend": {
            **text,
            "labelColor": palette.ink,
            "labelFontSize": TEXT_PX + 1,
            "symbolType": "stroke",
            "symbolSize": 500,
            "symbolStrokeWidth": 2.5,
            "columnPadding": 16,
            "offset": 8,
            "labelLimit": 260,
        },
        "title": {
            "font": FONT,
            "color": palette.quiet,
            "fontSize": TEXT_PX + 1,
            "fontWeight": "normal",
            "anchor": "start",
        },
        # Words are read out to those who cannot see them, marks are not: a chart's own text says what they show.
        "mark": {"tooltip": None, "aria": False},
        "text": {"aria": True, "font": FONT, "fontSize": TEXT_PX, "color": palette.ink},
    }
