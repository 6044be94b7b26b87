"""What a picture is made of, before it is known whether it becomes SVG or a part of a PDF.

Lengths are in pixels of the picture (in a PDF a point each, scaled to the page), from its upper left corner. Colours
are as CSS writes them, `#rrggbb` or `rgba(r, g, b, a)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Points = tuple[tuple[float, float], ...]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A filled outline of three points at least."""

    points: Points
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through two points at least."""

    points: Points
    colour: str
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A filled circle."""

    x: float
    y: float
    radius: float
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of text; `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: Anchor = "start"
    bold: bool = False


Mark = Box | Area | Line | Disc | Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Marks, the first lying lowest."""

    width: float
    height: float
    marks: tuple[Mark, ...]
