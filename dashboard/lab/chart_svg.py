"""A chart as an SVG file, drawn without a browser from the very options the page hands to ECharts.

So the file's figures are the screen's. Drawn is what the lab's charts are made of: lines with their bands, points,
bars, heat maps, marked areas, titles and legends on value, time and category axes. Another series is refused, not left
out.
Never imports Streamlit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from xml.etree import ElementTree as ET

from dashboard.charts.theme import LIGHT
from dashboard.lab.chart_frame import Axis, Options, Plot
from dashboard.lab.chart_marks import Mark, between, cut, marks_of, reached

_FONT = '"Source Sans 3", "Source Sans Pro", "Helvetica Neue", Arial, sans-serif'
_SCALE_LEFT = 56
# Of a legend: how wide a letter is taken to be, what stands between two names with the line of one, and its rows.
_LETTER_PX, _BESIDE_PX, _ROW_PX = 6.5, 50, 16
_SVG = "http://www.w3.org/2000/svg"
# The two characters that a title may hold and XML may not.
_NOT_IN_XML = str.maketrans("", "", "\ufffe\uffff")
_RGBA = re.compile(r"rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)")


def chart_svg(options: Options, *, width: int, height: int, alt: str) -> bytes:
    """The chart as an SVG file, on white paper.

    Args:
        options: of ECharts, as the page draws them in the colours of `palette.LIGHT`.
        width, height: pixels.
        alt: says what the chart shows, to those who cannot see it.

    Raises:
        ValueError: the options hold a series that cannot be drawn here.
    """
    root = ET.Element(
        "svg",
        {
            "xmlns": _SVG,
            "width": str(width),
            "height": str(height),
            "viewBox": f"0 0 {width} {height}",
            "font-family": _FONT,
            "font-size": "12",
            "role": "img",
        },
    )
    ET.SubElement(root, "title").text = alt
    _put(root, Mark(kind="rect", at=((0, 0), (width, height)), fill=LIGHT.paper))
    plots = [Plot.of(grid, width, height) for grid in _list(options.get("grid", {}))]
    series = _list(options.get("series", ()))
    axes_x = list(_axes(options, series, plots, upright=False))
    axes_y = list(_axes(options, series, plots, upright=True))
    for axis in (*axes_x, *axes_y):
        for mark in _axis_marks(axis, LIGHT.quiet):
            _put(root, mark)
    for mark in marks_of(options, series, axes_x, axes_y, LIGHT.ink):
        _put(root, mark)
    around = (_title_marks(options, LIGHT.ink), _legend_marks(options, series, width, LIGHT.ink), _scale_marks(options))
    for mark in chain.from_iterable(around):
        _put(root, mark)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode").translate(_NOT_IN_XML).encode()


def _axes(options: Options, series: Sequence[Options], plots: Sequence[Plot], *, upright: bool) -> Iterator[Axis]:
    name, index = ("yAxis", "yAxisIndex") if upright else ("xAxis", "xAxisIndex")
    for place, axis in enumerate(_list(options.get(name, {}))):
        own = [one for one in series if one.get(index, 0) == place]
        values = [] if axis.get("type") == "category" else reached(options, own, upright)
        yield Axis.of(axis, plots, upright, values)


def _axis_marks(axis: Axis, quiet: str) -> Iterator[Mark]:
    plot, label = axis.plot, axis.options.get("axisLabel", {})
    colour = label.get("color", quiet)
    rule = axis.options.get("splitLine", {})
    for tick in axis.ticks():
        at = axis.at(tick)
        ends = ((plot.left, at), (plot.left + plot.width, at))
        if not axis.upright:
            ends = ((at, plot.top), (at, plot.top + plot.height))
        if rule.get("show", axis.upright and not axis.categories):
            yield Mark(kind="line", at=ends, stroke=rule.get("lineStyle", {}).get("color", quiet), stroke_px=1)
        if not label.get("show", True):
            continue
        words = cut(axis.label(tick), label.get("width", math.inf), label.get("fontSize", 12))
        if axis.upright and axis.options.get("position") == "right":
            where = (plot.left + plot.width + 8, at + 4)
            yield Mark(kind="text", at=(where,), fill=colour, text=words, anchor="start")
        elif axis.upright:
            yield Mark(kind="text", at=((plot.left - 8, at + 4),), fill=colour, text=words, anchor="end")
        else:
            above = axis.options.get("position") == "top"
            below_px = -8 if above else plot.height + 18
            yield Mark(kind="text", at=((at, plot.top + below_px),), fill=colour, text=words)
    if not axis.upright and axis.options.get("axisLine", {}).get("show", True):
        foot = plot.top + plot.height
        yield Mark(kind="line", at=((plot.left, foot), (plot.left + plot.width, foot)), stroke=quiet, stroke_px=1)
    if name := axis.options.get("name"):
        at_px = (plot.left, plot.top - 10) if axis.upright else (plot.left + plot.width, plot.top + plot.height + 36)
        yield Mark(kind="text", at=(at_px,), fill=colour, text=name, anchor="start" if axis.upright else "end")


def _title_marks(options: Options, ink: str) -> Iterator[Mark]:
    for title in _list(options.get("title", ())):
        style = title.get("textStyle", {})
        size = style.get("fontSize", 18)
        at = (float(title.get("left", 0)), float(title.get("top", 0)) + size)
        yield Mark(
            kind="text", at=(at,), fill=style.get("color", ink), text=title.get("text", ""), anchor="start", size=size
        )


def _legend_marks(options: Options, series: Sequence[Options], width: int, ink: str) -> Iterator[Mark]:
    """The names that the legend lists beside their lines' colours, from the right edge.

    Several stand in one row where they fit, else in two, cut to what fits.
    """
    legend = options.get("legend", {})
    names, top = legend.get("data", ()), float(legend.get("top", 6))
    named = {one.get("name"): one for one in reversed(series)}
    room = width - 26.0
    needed = sum(_LETTER_PX * len(name) + _BESIDE_PX for name in names)
    rows = 1 if len(names) < 2 or needed <= room else 2
    a_row = math.ceil(len(names) / rows)
    most = math.inf if rows == 1 else room / a_row - _BESIDE_PX
    for row in range(rows):
        right, y = room, top + _ROW_PX * row
        for name in reversed(names[row * a_row : (row + 1) * a_row]):
            words = cut(name, most, 12)
            left = right - _LETTER_PX * len(words)
            yield Mark(kind="text", at=((left, y + 11),), fill=ink, text=words, anchor="start")
            yield Mark(
                kind="line",
                at=((left - 30, y + 7), (left - 6, y + 7)),
                stroke=_colour(named[name], ink),
                stroke_px=2.5,
                dash=named[name].get("lineStyle", {}).get("type", "solid"),
            )
            right = left - _BESIDE_PX


def _scale_marks(options: Options) -> Iterator[Mark]:
    """The colours of a heat map from its lowest to its highest value, with the words at both ends."""
    scale = options.get("visualMap")
    if not scale:
        return
    high, low = scale["text"]
    yield Mark(kind="text", at=((_SCALE_LEFT - 8, 14),), fill=LIGHT.quiet, text=low, anchor="end")
    yield Mark(kind="text", at=((_SCALE_LEFT + 128, 14),), fill=LIGHT.quiet, text=high, anchor="start")
    for step in range(12):
        fill = between(scale["inRange"]["color"], step / 11)
        yield Mark(kind="rect", at=((_SCALE_LEFT + 10 * step, 5), (10, 10)), fill=fill)


def _colour(series: Options, ink: str) -> str:
    return str(series.get("lineStyle", {}).get("color") or series.get("itemStyle", {}).get("color") or ink)


def _put(root: ET.Element, mark: Mark) -> None:
    if mark.kind == "text":
        (x, y), *_ = mark.at
        style = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": mark.anchor, "font-size": f"{mark.size:g}"}
        ET.SubElement(root, "text", style | _paint("fill", mark.fill)).text = mark.text
        return
    style = _paint("fill", mark.fill)
    if mark.stroke != "none":
        style |= {**_paint("stroke", mark.stroke), "stroke-width": f"{mark.stroke_px:g}", "stroke-linejoin": "round"}
    if mark.dash != "solid":
        style["stroke-dasharray"] = "6 4" if mark.dash == "dashed" else "1.5 3.5"
    if mark.opacity < 1:
        style["opacity"] = f"{mark.opacity:g}"
    if mark.kind == "rect":
        (x, y), (wide, high) = mark.at
        shape = {"x": f"{x:.2f}", "y": f"{y:.2f}", "width": f"{wide:.2f}", "height": f"{high:.2f}"}
        ET.SubElement(root, "rect", shape | style)
    elif mark.kind == "dot":
        (x, y), *_ = mark.at
        shape = {"cx": f"{x:.2f}", "cy": f"{y:.2f}", "r": f"{mark.size:g}"}
        ET.SubElement(root, "circle", shape | style)
    else:
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in mark.at)
        ET.SubElement(root, "polygon" if mark.kind == "area" else "polyline", {"points": points} | style)


def _paint(name: str, colour: str) -> dict[str, str]:
    """A colour as SVG 1.1 has it, which drawing programs read: transparency apart from it."""
    if found := _RGBA.fullmatch(colour):
        red, green, blue, opacity = found.groups()
        return {name: f"rgb({red},{green},{blue})", f"{name}-opacity": opacity}
    return {name: colour}


def _list(value: Any) -> list[Options]:
    return [value] if isinstance(value, Mapping) else list(value)
