"""How lines are told apart: by colour and by dash, so that it works for every kind of colour blindness and in print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboard.charts.theme import LIGHT, Palette

Dash = Literal["solid", "dashed", "dotted"]

MOST = 8  # lines told apart by a style of their own

# After Okabe and Ito, "Color Universal Design" (2008), made darker for paper and lighter for a dark page. The first two
# are the project's own: amber and slate blue.
_ON_LIGHT = ("#a3500b", "#2f5fa8", "#0f7a5c", "#8a3f8f", "#4a4453", "#b3254e", "#0b7c92", "#6c6a10")
_ON_DARK = ("#f4b958", "#8fb4f5", "#5fd0a5", "#d9a0e2", "#c9c2d4", "#ff8fa8", "#6cd3e6", "#d6d15a")
_DASHES: tuple[Dash, ...] = ("solid", "dashed", "dotted")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStyle:
    """A colour as CSS writes it, with the same one seen through for a band, and a dash."""

    colour: str
    band: str
    dash: Dash


def line_style(number: int, palette: Palette) -> LineStyle:
    """The style of line `number`, 0 for the first; after `MOST` they come again."""
    colour = (_ON_LIGHT if palette is LIGHT else _ON_DARK)[number % MOST]
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return LineStyle(
        colour=colour, band=f"rgba({red}, {green}, {blue}, 0.2)", dash=_DASHES[number % MOST % len(_DASHES)]
    )
