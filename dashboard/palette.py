"""The colours of charts, for a light and for a dark page.

The curve and the faces differ in lightness and in hue (amber against slate blue), so they stay apart for every kind of
colour blindness and in print; nothing is told by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours as CSS writes them.

    `ground` is the page's own, for charts that are saved as pictures; `beside` is of up to three more lines, which
    differ in their dashes too.
    """

    ground: str
    ink: str
    quiet: str
    rule: str
    paper: str
    curve: str
    band: str
    faces: str
    segment: str
    unseen: str
    withheld: str
    beside: tuple[str, str, str]


# Of pictures that are the same on light and on dark pages.
SPARK_CURVE = "#c27217"
SPARK_FACES = "#7286b0"

LIGHT = Palette(
    ground="#fbf9f5",
    ink="#221d28",
    quiet="#625a6b",
    rule="#e3ddd2",
    paper="#ffffff",
    curve="#a3500b",
    band="rgba(214, 128, 32, 0.26)",
    faces="#54698f",
    segment="rgba(84, 72, 100, 0.065)",
    unseen="rgba(90, 84, 100, 0.16)",
    withheld="rgba(84, 105, 143, 0.20)",
    beside=("#1f6f78", "#8a3b78", "#4d6b1f"),
)
DARK = Palette(
    ground="#16131b",
    ink="#ece7f0",
    quiet="#b0a7bb",
    rule="#332d3b",
    paper="#221e29",
    curve="#f4b958",
    band="rgba(240, 179, 84, 0.27)",
    faces="#93a9d6",
    segment="rgba(220, 205, 240, 0.06)",
    unseen="rgba(200, 190, 215, 0.16)",
    withheld="rgba(147, 169, 214, 0.22)",
    beside=("#6fd0d8", "#e79bd5", "#b5d66f"),
)


def palette_of(theme: str | None) -> Palette:
    """The palette of a page whose theme is "light" or "dark"; light where that is not known yet."""
    return DARK if theme == "dark" else LIGHT
