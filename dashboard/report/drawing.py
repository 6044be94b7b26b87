"""Pictures as lines and areas of a PDF."""

from __future__ import annotations

import re

from reportlab.graphics.shapes import Circle, Drawing, Polygon, PolyLine, Rect, Shape, String
from reportlab.lib.colors import Color, HexColor

from dashboard.report import typefaces
from dashboard.report.marks import Area, Box, Disc, Line, Mark, Picture, Points

_RGBA = re.compile(r"rgba\((\d+), (\d+), (\d+), ([\d.]+)\)")


def drawing(picture: Picture, scale: float) -> Drawing:
    """A picture, its pixels `scale` points each."""
    drawn = Drawing(picture.width, picture.height)
    for mark in picture.marks:
        drawn.add(_shape(mark, picture.height))
    drawn.scale(scale, scale)
    drawn.width, drawn.height = picture.width * scale, picture.height * scale
    return drawn


def _shape(mark: Mark, height: float) -> Shape:
    """A mark; what counts from above counts from below in a PDF."""
    if isinstance(mark, Box):
        y = height - mark.y - mark.height
        return Rect(mark.x, y, mark.width, mark.height, fillColor=_colour(mark.fill), strokeColor=None)
    if isinstance(mark, Area):
        return Polygon(_flat(mark.points, height), fillColor=_colour(mark.fill), strokeColor=None)
    if isinstance(mark, Line):
        return PolyLine(_flat(mark.points, height), strokeColor=_colour(mark.colour), strokeWidth=mark.width)
    if isinstance(mark, Disc):
        return Circle(mark.x, height - mark.y, mark.radius, fillColor=_colour(mark.fill), strokeColor=None)
    return String(
        mark.x,
        height - mark.y,
        typefaces.drawable(mark.text),
        fontName=typefaces.BOLD if mark.bold else typefaces.TEXT,
        fontSize=mark.size,
        fillColor=_colour(mark.colour),
        textAnchor=mark.anchor,
    )


def _flat(points: Points, height: float) -> list[float]:
    return [coordinate for x, y in points for coordinate in (x, height - y)]


def _colour(css: str) -> Color:
    found = _RGBA.fullmatch(css)
    if found is None:
        return HexColor(css)
    red, green, blue = (int(part) / 255 for part in found.groups()[:3])
    return Color(red, green, blue, alpha=float(found[4]))
