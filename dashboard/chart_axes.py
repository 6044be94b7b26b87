"""The axes of charts along time."""

from __future__ import annotations

from typing import Any

from dashboard.charts.theme import Palette

Options = dict[str, Any]

# Room beside the plots for the numbers of the axes, pixels.
LEFT_PX, RIGHT_PX = 44, 26
PHONE_LEFT_PX, PHONE_RIGHT_PX = 42, 20

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_STEPS_MS = tuple(1000 * seconds for seconds in (5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 21600))


def time_axis(at: int, span_ms: tuple[float, float], labelled: bool, palette: Palette) -> Options:
    """The axis of plot `at`, which counts from the session's beginning.

    Args:
        at: number of the plot.
        span_ms: from when to when; what a camera saw before the session began lies before 0.
        labelled: whether it is the lowest plot, which carries the labels for all.
        palette: its colours.
    """
    label: Options = {
        "show": labelled,
        "formatter": _label(span_ms[1]),
        "color": palette.quiet,
        "hideOverlap": True,
    }
    if span_ms[0] <= -1000:
        # Instants before 1970 would be labelled as the evening before: there the axis stays without labels.
        label["customValues"] = _ticks(span_ms[1])
    return {
        "type": "time",
        "gridIndex": at,
        "min": span_ms[0],
        "max": span_ms[1],
        "axisLabel": label,
        "axisLine": {"lineStyle": {"color": palette.quiet}, "onZero": True},
        "axisTick": {"show": labelled},
        "splitLine": {"show": False},
    }


def _label(end_ms: float) -> str:
    """How a time axis writes its ticks. They are instants from 1970 on, read as a duration."""
    if end_ms >= _DAY_MS:
        return "day {d}, {H}:{mm}"
    return "{H}:{mm}:{ss}" if end_ms >= _HOUR_MS else "{m}:{ss}"


def _ticks(end_ms: float) -> list[float]:
    """From 0 on, at most ten."""
    step = next((step for step in _STEPS_MS if end_ms / step <= 10), _DAY_MS)
    return [float(tick) for tick in range(0, int(end_ms) + 1, step)]


def share_axis(highest: float, palette: Palette) -> Options:
    """Percent, from 0 to 50 or to 100, so that sessions can be compared by eye.

    Args:
        highest: the highest bound of the band, percent; NaN where there is none.
        palette: its colours.
    """
    return {
        "type": "value",
        "gridIndex": 0,
        "min": 0,
        "max": 50 if highest < 50 else 100,
        "interval": 25,
        "axisLabel": {"formatter": "{value} %", "color": palette.quiet},
        "splitLine": {"lineStyle": {"color": palette.rule}},
    }
