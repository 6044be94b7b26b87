"""Contrast of everything that charts and the player's canvas draw, from the colours they are drawn in.

WCAG 2.2, 1.4.3 and 1.4.11: text needs 4.5 to 1, marks 3 to 1. A band may be paler where its edge is not, or where words
say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bench.figures import Figure
from dashboard.charts.theme import DARK, LIGHT, SPARK_CURVE, SPARK_FACES, Palette

Rgb = tuple[float, float, float]

TEXT: Final = 4.5
MARK: Final = 3.0


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def laid(*colours: str) -> Rgb:
    """Colours as CSS writes them, each laid over those before it; the first is opaque."""
    seen: Rgb = (0.0, 0.0, 0.0)
    for colour in colours:
        red, green, blue, opacity = _parts(colour)
        of = (red, green, blue)
        seen = tuple(opacity * new + (1 - opacity) * old for new, old in zip(of, seen, strict=True))  # type: ignore[assignment]
    return seen


def pairs(palette: Palette) -> Iterator[tuple[str, float, float]]:
    """What is drawn on what: in words, its contrast, and the least it needs."""
    ground, shaded = (palette.ground,), (palette.ground, palette.segment)
    grey, hatched = (palette.ground, palette.unseen), (palette.ground, palette.withheld)

    def against(what: str, colour: str, on: str, under: tuple[str, ...], least: float) -> tuple[str, float, float]:
        return f"{what} on {on}", contrast(laid(*under, colour), laid(*under)), least

    for on, under in (("the page", ground), ("a segment", shaded), ("grey", grey), ("hatching", hatched)):
        yield against("small print", palette.quiet, on, under, TEXT)
        yield against("text", palette.ink, on, under, TEXT)
        yield against("the edge of a gap", palette.quiet, on, under, MARK)
    yield against("a segment's name", palette.ink, "its strip", (palette.rule,), TEXT)
    yield against("text", palette.ink, "a found difference", (palette.ground, palette.band), TEXT)
    yield against("a moment's number", palette.paper, "its mark", (palette.curve,), TEXT)
    for colour in (*palette.shares, *palette.changes):
        yield against("a figure", palette.ink, f"a cell {colour}", (colour,), TEXT)
    for on, under in (("the page", ground), ("a segment", shaded), ("paper", (palette.paper,))):
        yield against("a grid line", palette.grid, on, under, MARK)
        yield against("the edge of a band", palette.edge, on, under, MARK)
        yield against("the faces in view", palette.faces, on, under, MARK)
        yield against("a small curve", SPARK_CURVE, on, under, MARK)
        yield against("a small curve of faces", SPARK_FACES, on, under, MARK)
        for colour in {palette.curve, *palette.beside, *palette.lines}:
            yield against(f"line {colour}", colour, on, under, MARK)
    for colour in {palette.curve, *palette.beside}:
        yield against(f"line {colour}", colour, "the band on a segment", (*shaded, palette.band), MARK)


def figures() -> Iterator[Figure]:
    """How many things are too pale, in light and dark."""
    found = [one for palette in (LIGHT, DARK) for one in pairs(palette)]
    for least, what in ((TEXT, "text"), (MARK, "marks")):
        of = [ratio for _, ratio, needed in found if needed == least]
        yield Figure(
            name=f"{what} of charts under {least:g}:1, canvas included",
            value=sum(ratio < least for ratio in of),
            unit=f"of {len(of)}",
            reach=0,
            direction="exactly",
        )
        yield Figure(name=f"lowest contrast of {what} in charts", value=min(of), unit=":1", reach=least)


def _parts(colour: str) -> tuple[float, float, float, float]:
    if colour.startswith("#"):
        red, green, blue = (float(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
        return red, green, blue, 1.0
    red, green, blue, opacity = (float(number) for number in re.findall(r"[\d.]+", colour))
    return red, green, blue, opacity


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (one / 255 for one in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
