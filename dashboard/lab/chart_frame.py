"""Plots and axes of a chart's options in pixels, for drawing it without a browser."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from audience.time import EPOCH

Options = Mapping[str, Any]
Point = tuple[float, float]

_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
_MOST_TICKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Where a plot lies, pixels."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, grid: Options, width: float, height: float) -> Plot:
        """The plot of a grid in a chart of some size; what the grid leaves out is 60 pixels, as in ECharts."""
        left, top = float(grid.get("left", 60)), float(grid.get("top", 60))
        return cls(
            left=left,
            top=top,
            width=float(grid.get("width", width - left - grid.get("right", 60))),
            height=float(grid.get("height", height - top - grid.get("bottom", 60))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of a plot.

    Attributes:
        plot: its plot.
        options: as ECharts has them.
        upright: whether it is the y axis.
        low, high: what lies at its ends; for categories -0.5 and their number less 0.5.
    """

    plot: Plot
    options: Options
    upright: bool
    low: float
    high: float

    @classmethod
    def of(cls, options: Options, plots: Sequence[Plot], upright: bool, values: Sequence[float]) -> Axis:
        """An axis that reaches over all `values`, where its options do not say how far it reaches."""
        plot = plots[options.get("gridIndex", 0)]
        if options.get("type") == "category":
            return cls(plot=plot, options=options, upright=upright, low=-0.5, high=len(options["data"]) - 0.5)
        low, high = options.get("min"), options.get("max")
        if low is None:
            low = min([0.0, *values]) if options["type"] == "value" else min(values, default=0.0)
        if high is None:
            high = max(values, default=1.0)
            if options["type"] == "value":
                step = _value_step(high - low)
                high = math.ceil(high / step) * step
        return cls(plot=plot, options=options, upright=upright, low=float(low), high=max(float(high), low + 1e-9))

    @property
    def categories(self) -> Sequence[str]:
        """Their names; empty where it counts."""
        return self.options["data"] if self.options.get("type") == "category" else ()

    def number(self, value: Any) -> float:
        """A value of the data as a number on the axis; NaN where there is none."""
        if isinstance(value, str) and value in self.categories:
            return float(self.categories.index(value))
        try:
            return float(value)
        except (TypeError, ValueError):
            return math.nan

    def at(self, number: float) -> float:
        """Where a number lies, pixels, no further out than the plot."""
        part = (min(max(number, self.low), self.high) - self.low) / (self.high - self.low)
        # Pixels count downwards, so that an upright axis runs against them unless it is inverse.
        along = 1 - part if self.upright != bool(self.options.get("inverse")) else part
        if self.upright:
            return self.plot.top + along * self.plot.height
        return self.plot.left + along * self.plot.width

    def ticks(self) -> list[float]:
        """Numbers to label, rising."""
        if self.categories:
            return [float(place) for place in range(len(self.categories))]
        if self.options["type"] == "time":
            span_s = (self.high - self.low) / 1000
            step: float = 1000 * next((step for step in _TIME_STEPS_S if span_s / step <= _MOST_TICKS), 86400)
        else:
            step = self.options.get("interval") or _value_step(self.high - self.low, self.options.get("splitNumber", 5))
        first = math.ceil(self.low / step - 1e-9)
        return [count * step for count in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def label(self, tick: float) -> str:
        """What stands at a tick."""
        if self.categories:
            return str(self.categories[round(tick)])
        formatter = self.options.get("axisLabel", {}).get("formatter", "{value}")
        if self.options["type"] == "time":
            return _clock(formatter, tick)
        return str(formatter).replace("{value}", f"{round(tick, 6):g}")


def _value_step(span: float, parts: int = 5) -> float:
    """A round step that cuts a span into about so many parts."""
    if span <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(span / parts))
    return next((times * power for times in (1, 2, 5) if span / (times * power) <= parts + 1), 10 * power)


def _clock(formatter: str, ms: float) -> str:
    """A time label from ECharts' template, of the instant so many milliseconds after 1970 in UTC."""
    at = EPOCH + timedelta(milliseconds=ms)
    parts = {"{d}": f"{at.day}", "{H}": f"{at.hour}", "{m}": f"{at.minute}", "{s}": f"{at.second}"}
    parts |= {"{HH}": f"{at.hour:02d}", "{mm}": f"{at.minute:02d}", "{ss}": f"{at.second:02d}"}
    for name, text in parts.items():
        formatter = formatter.replace(name, text)
    return formatter
