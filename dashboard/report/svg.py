"""Pictures as SVG, to stand in a page of HTML."""

from __future__ import annotations

from html import escape

from dashboard.report.marks import Area, Box, Disc, Line, Mark, Picture, Points


def svg(picture: Picture, says: str, css_class: str) -> str:
    """A picture as an element.

    Args:
        picture: what to draw.
        says: what it shows, for those who cannot see it.
        css_class: of the element.
    """
    marks = "".join(_element(mark) for mark in picture.marks)
    return (
        f'<svg class="{css_class}" role="img" aria-label="{escape(says)}" '
        f'viewBox="0 0 {picture.width:g} {picture.height:g}">{marks}</svg>'
    )


def _element(mark: Mark) -> str:
    if isinstance(mark, Box):
        return (
            f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" height="{mark.height:.1f}" '
            f'fill="{mark.fill}"/>'
        )
    if isinstance(mark, Area):
        return f'<polygon points="{_points(mark.points)}" fill="{mark.fill}"/>'
    if isinstance(mark, Line):
        return (
            f'<polyline points="{_points(mark.points)}" fill="none" stroke="{mark.colour}" '
            f'stroke-width="{mark.width:g}" stroke-linejoin="round"/>'
        )
    if isinstance(mark, Disc):
        return f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="{mark.radius:g}" fill="{mark.fill}"/>'
    weight = ' font-weight="600"' if mark.bold else ""
    return (
        f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{mark.size:g}" fill="{mark.colour}" '
        f'text-anchor="{mark.anchor}"{weight}>{escape(mark.text)}</text>'
    )


def _points(points: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
