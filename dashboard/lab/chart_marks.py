"""The series of a chart's options as marks: lines, areas, dots, rectangles and texts in pixels."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dashboard.lab.chart_frame import Axis, Options, Point

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing to draw.

    Attributes:
        kind: what; a rectangle's second point is its width and height.
        at: its points, pixels.
        fill, stroke: colours as CSS writes them, or "none".
        stroke_px: width of its line.
        dash: of its line.
        opacity: 0..1.
        text: of a text.
        anchor: where a text lies beside its point.
        size: of a text's letters, or a dot's radius, pixels.
    """

    kind: Literal["line", "area", "dot", "rect", "text"]
    at: tuple[Point, ...]
    fill: str = "none"
    stroke: str = "none"
    stroke_px: float = 1
    dash: Literal["solid", "dashed", "dotted"] = "solid"
    opacity: float = 1
    text: str = ""
    anchor: Literal["start", "middle", "end"] = "middle"
    size: float = 12


def reached(options: Options, series: Sequence[Options], upright: bool) -> list[float]:
    """How far some series reach along the y axis (upright) or the x axis; stacked ones on top of each other."""
    sums: dict[tuple[str, Any], float] = defaultdict(float)
    found = []
    for one in series:
        for x, y in _pairs(options, one):
            place, value = (x, _number(y)) if upright else (y, _number(x))
            if not math.isnan(value):
                if stack := one.get("stack"):
                    value = sums[stack, place] = sums[stack, place] + value
                found.append(value)
    return found


def marks_of(
    options: Options, series: Sequence[Options], axes_x: Sequence[Axis], axes_y: Sequence[Axis], ink: str
) -> Iterator[Mark]:
    """The marks of all series, those with a larger `z` above the others.

    Raises:
        ValueError: a series is of a type that is not drawn here.
    """
    sums: dict[tuple[str, float], float] = defaultdict(float)
    for one in sorted(series, key=lambda one: one.get("z", 2)):
        x, y = axes_x[one.get("xAxisIndex", 0)], axes_y[one.get("yAxisIndex", 0)]
        yield from _marked_areas(one.get("markArea", {}), x, y, ink)
        draw = _DRAWN.get(one["type"])
        if draw is None:
            raise ValueError(f"series of type {one['type']!r} cannot be drawn as SVG: draw it here, or use another")
        yield from draw(options, one, x, y, sums, ink)


def _line(
    options: Options, series: Options, x: Axis, y: Axis, sums: dict[tuple[str, float], float], ink: str
) -> Iterator[Mark]:
    runs: list[list[tuple[float, float, float]]] = [[]]  # x, upper end, lower end
    for at, value in _pairs(options, series):
        place, height = x.number(at), y.number(value)
        if math.isnan(place) or math.isnan(height):
            runs.append([])
            continue
        below = 0.0
        if stack := series.get("stack"):
            below = sums[stack, place]
            sums[stack, place] = height = below + height
        runs[-1].append((x.at(place), y.at(height), y.at(below)))
    colour = series.get("itemStyle", {}).get("color", ink)
    style = {"color": colour, "width": 2, **series.get("lineStyle", {})}
    for run in filter(None, runs):
        upper, lower = tuple((at, top) for at, top, _ in run), tuple((at, foot) for at, _, foot in run)
        if area := series.get("areaStyle"):
            yield Mark(kind="area", at=(*upper, *reversed(lower)), fill=area["color"])
        if opacity := style.get("opacity", 1):
            dash, width = style.get("type", "solid"), style["width"]
            yield Mark(kind="line", at=upper, stroke=style["color"], stroke_px=width, dash=dash, opacity=opacity)


def _dots(
    options: Options, series: Options, x: Axis, y: Axis, sums: dict[tuple[str, float], float], ink: str
) -> Iterator[Mark]:
    style = series.get("itemStyle", {})
    for at, value in _pairs(options, series):
        place, height = x.number(at), y.number(value)
        if not math.isnan(place) and not math.isnan(height) and style.get("color") != "transparent":
            yield Mark(
                kind="dot",
                at=((x.at(place), y.at(height)),),
                fill=style.get("color", ink),
                stroke=style.get("borderColor", "none"),
                stroke_px=style.get("borderWidth", 1),
                size=series.get("symbolSize", 10) / 2,
            )
    yield from _labels(options, series, x, y, ink)


def _bars(
    options: Options, series: Options, x: Axis, y: Axis, sums: dict[tuple[str, float], float], ink: str
) -> Iterator[Mark]:
    style, thick = series.get("itemStyle", {}), series.get("barWidth", 12)
    for at, value in _pairs(options, series):
        place, length = (y.number(value), x.number(at)) if y.categories else (x.number(at), y.number(value))
        if math.isnan(place) or math.isnan(length):
            continue
        begin = 0.0
        if stack := series.get("stack"):
            begin = sums[stack, place]
            sums[stack, place] = length = begin + length
        fill, opacity = style.get("color", ink), style.get("opacity", 1)
        if not opacity or fill == "transparent":
            continue
        if y.categories:
            left, right = sorted((x.at(begin), x.at(length)))
            box = ((left, y.at(place) - thick / 2), (right - left, float(thick)))
        else:
            top, foot = sorted((y.at(begin), y.at(length)))
            box = ((x.at(place) - thick / 2, top), (float(thick), foot - top))
        yield Mark(kind="rect", at=box, fill=fill, opacity=opacity)


def _cells(
    options: Options, series: Options, x: Axis, y: Axis, sums: dict[tuple[str, float], float], ink: str
) -> Iterator[Mark]:
    scale = options["visualMap"]
    wide, high = x.plot.width / len(x.categories), y.plot.height / len(y.categories)
    for row in _rows(options, series):
        place, height, value = x.number(row[0]), y.number(row[1]), _number(row[2])
        if math.isnan(value):
            continue
        box = ((x.at(place) - wide / 2 + 1, y.at(height) - high / 2 + 1), (wide - 2, high - 2))
        part = (value - scale["min"]) / (scale["max"] - scale["min"])
        yield Mark(kind="rect", at=box, fill=between(scale["inRange"]["color"], part))
    yield from _labels(options, series, x, y, ink)


def _labels(options: Options, series: Options, x: Axis, y: Axis, ink: str) -> Iterator[Mark]:
    """The words beside points and on cells, where the series has any: `{@name}` of a dataset's column."""
    label = series.get("label", {})
    if not label.get("show"):
        return
    encode, told = series["encode"], label["formatter"].removeprefix("{@").removesuffix("}")
    size = label.get("fontSize", 12)
    for at, value, word in _columns(options, encode["x"], encode["y"], told):
        where = (x.at(x.number(at)), y.at(y.number(value)) + size / 3)
        yield Mark(kind="text", at=(where,), fill=label.get("color", ink), text=str(word), size=size)


def _marked_areas(areas: Options, x: Axis, y: Axis, ink: str) -> Iterator[Mark]:
    """Stretches of the x axis behind a plot, each with its name, cut to what fits."""
    label = areas.get("label", {})
    size = label.get("fontSize", 12)
    for begin, end in areas.get("data", ()):
        left, right = x.at(x.number(begin["xAxis"])), x.at(x.number(end["xAxis"]))
        colour = begin.get("itemStyle", {}).get("color", "transparent")
        if colour != "transparent":
            yield Mark(kind="rect", at=((left, y.plot.top), (right - left, y.plot.height)), fill=colour)
        words = cut(begin.get("name", ""), right - left, size)
        if not words or not label.get("show", True):
            continue
        at_foot = begin.get("label", {}).get("position") == "insideBottom"
        where = ((left + right) / 2, y.plot.top + (y.plot.height - 5 if at_foot else size + 3))
        yield Mark(kind="text", at=(where,), fill=label.get("color", ink), text=words, size=size)


def cut(words: str, width_px: float, size: float) -> str:
    """As much of some words as fits; nothing where not even two letters do."""
    fits = width_px / (0.55 * size)
    if fits < 2:
        return ""
    return words if len(words) <= fits else words[: int(fits) - 1] + "…"


def between(colours: Sequence[str], part: float) -> str:
    """The colour at a part of a row of `#rrggbb` colours."""
    if not all(_HEX.fullmatch(colour) for colour in colours):
        raise ValueError(f"colours of a heat map must be written as #rrggbb, not {', '.join(colours)}")
    at = min(max(part, 0.0), 1.0) * (len(colours) - 1)
    first = min(int(at), len(colours) - 2)
    mixed = []
    for byte in (1, 3, 5):
        one, other = (int(colours[first + step][byte : byte + 2], 16) for step in (0, 1))
        mixed.append(round(one + (at - first) * (other - one)))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _pairs(options: Options, series: Options) -> Iterator[tuple[Any, Any]]:
    for row in _rows(options, series):
        yield row[0], row[1]


def _rows(options: Options, series: Options) -> list[tuple[Any, ...]]:
    """The rows of a series: x, y and, of a heat map, the value."""
    if "data" in series:
        return [tuple(row) for row in series["data"]]
    encode = series["encode"]
    return _columns(options, encode["x"], encode["y"], *([encode["value"]] if "value" in encode else []))


def _columns(options: Options, *names: str) -> list[tuple[Any, ...]]:
    """The rows of some columns of the chart's dataset, which is a frame."""
    source = options["dataset"]["source"]
    return list(zip(*(source[name].tolist() for name in names), strict=True))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


_DRAWN: Mapping[str, Callable[..., Iterator[Mark]]] = {
    "line": _line,
    "scatter": _dots,
    "bar": _bars,
    "heatmap": _cells,
}
