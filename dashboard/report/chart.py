"""A report's chart: the curve with its band along what was shown, its moments, and the faces in view under it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.reaction.curve import ReactionCurve, StageWindows
from audience.reaction.moments import Moment
from audience.time import clock_text
from dashboard.charts.theme import LIGHT, Palette
from dashboard.charts.thinning import thinned
from dashboard.report.contents import Report
from dashboard.report.marks import Area, Box, Disc, Line, Mark, Picture, Points, Words
from dashboard.stretches import FEW, SHOWN, runs, shown, states

Floats = NDArray[np.float64]

WIDE, NARROW = 960.0, 400.0
SPARK_WIDTH, SPARK_HEIGHT = 96.0, 30.0

_LEFT, _RIGHT, _TOP = 38.0, 18.0, 20.0
_CURVE, _FACES, _BETWEEN, _FOOT = 210.0, 44.0, 16.0, 36.0
_FACES_ALONE = 110.0
_TEXT, _TICK_EVERY = 11.0, 78.0
# How wide a letter is, of its height: a guess that cuts titles a little early rather than late.
_LETTER = 0.58
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def chart(
    windows: StageWindows,
    curve: ReactionCurve | None,
    moments: Sequence[Moment] = (),
    *,
    width: float = WIDE,
    palette: Palette = LIGHT,
) -> Picture:
    """The picture of a stage.

    Args:
        windows: of the stage; one at least.
        curve: its share; None leaves the faces alone.
        moments: to be numbered on the curve.
        width: in pixels.
        palette: its colours; on paper the light ones.
    """
    frame = _Frame.of(windows, curve, width, palette)
    marks: list[Mark] = [*_segments(windows, frame), *_unseen(windows, frame)]
    if curve is not None:
        marks += [*_share_axis(frame), *_curve(windows, curve, frame), *_numbers(windows, curve, moments, frame)]
    marks += [*_faces(windows, frame), *_time_axis(windows, frame)]
    return Picture(width=width, height=frame.bottom + _FOOT, marks=tuple(marks))


def sparkline(shares: Sequence[float], highest: float) -> Picture:
    """A segment's shares as a small line, 0 to `highest`; NaN leaves a gap."""
    step = (SPARK_WIDTH - 4) / max(1, len(shares) - 1)
    points = [(2 + place * step, 2 + (1 - share / highest) * (SPARK_HEIGHT - 4)) for place, share in enumerate(shares)]
    lines = [Line(points=run, colour=LIGHT.curve, width=1.4) for run in _unbroken(points)]
    floor = Line(points=((0, SPARK_HEIGHT - 1.5), (SPARK_WIDTH, SPARK_HEIGHT - 1.5)), colour=LIGHT.rule, width=1)
    return Picture(width=SPARK_WIDTH, height=SPARK_HEIGHT, marks=(floor, *lines))


def spark_scale(report: Report) -> float:
    """The share at the top of all the segments' small lines: the highest of them."""
    return max((share for row in report.segments for share in row.sparkline if not math.isnan(share)), default=0) or 1.0


def axis_says(windows: StageWindows) -> str:
    """What the chart's time counts from."""
    return "time of what was shown" if shown(windows) else "time since the session began"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Where seconds and shares lie in the picture.

    Attributes:
        width: of the picture.
        from_s, until_s: the seconds of the session it shows.
        top: the share at the top of the curve: half or all, so that reports can be compared by eye.
        shaded: height of what is shaded behind, from `_TOP` on: the curve's, or that of the faces alone.
        faces_y: where the faces begin.
        bottom: where they end.
        palette: of everything in it.
    """

    width: float
    from_s: float
    until_s: float
    top: float
    shaded: float
    faces_y: float
    bottom: float
    palette: Palette

    @classmethod
    def of(cls, windows: StageWindows, curve: ReactionCurve | None, width: float, palette: Palette) -> _Frame:
        alone = curve is None
        faces_y = _TOP if alone else _TOP + _CURVE + _BETWEEN
        return cls(
            width=width,
            from_s=float(windows.session_s[0]),
            until_s=float(windows.session_s[-1]) + windows.width_ms / 1000,
            top=0.5 if _highest(curve) < 0.5 else 1.0,
            shaded=_FACES_ALONE if alone else _CURVE,
            faces_y=faces_y,
            bottom=faces_y + (_FACES_ALONE if alone else _FACES),
            palette=palette,
        )

    def x(self, session_s: float) -> float:
        part = (session_s - self.from_s) / (self.until_s - self.from_s)
        return _LEFT + part * (self.width - _LEFT - _RIGHT)

    def y(self, share: float) -> float:
        return _TOP + (1 - share / self.top) * _CURVE


def _highest(curve: ReactionCurve | None) -> float:
    return 0.0 if curve is None or np.isnan(curve.share_high).all() else float(np.nanmax(curve.share_high))


def _segments(windows: StageWindows, frame: _Frame) -> Iterator[Mark]:
    for index, first, last in runs(windows.segment):
        if index < 0:
            continue
        x, end = frame.x(windows.session_s[first]), frame.x(windows.session_s[last] + windows.width_ms / 1000)
        if index % 2 == 0:
            yield Box(x=x, y=_TOP, width=end - x, height=frame.shaded, fill=frame.palette.segment)
        if title := _cut(index + 1, windows.segment_title(index), end - x - 5):
            yield Words(x=x + 2, y=_TOP - 6, text=title, size=_TEXT, colour=frame.palette.quiet)


def _unseen(windows: StageWindows, frame: _Frame) -> Iterator[Mark]:
    for state, first, last in runs(states(windows)):
        if state != SHOWN:
            x, end = frame.x(windows.session_s[first]), frame.x(windows.session_s[last] + windows.width_ms / 1000)
            fill = frame.palette.withheld if state == FEW else frame.palette.unseen
            yield Box(x=x, y=_TOP, width=end - x, height=frame.shaded, fill=fill)


def _share_axis(frame: _Frame) -> Iterator[Mark]:
    for part in (0, 0.5, 1):
        share = part * frame.top
        y = frame.y(share)
        yield Line(points=((_LEFT, y), (frame.width - _RIGHT, y)), colour=frame.palette.rule, width=1)
        yield Words(
            x=_LEFT - 5, y=y + 4, text=f"{100 * share:.0f} %", size=_TEXT, colour=frame.palette.quiet, anchor="end"
        )


def _curve(windows: StageWindows, curve: ReactionCurve, frame: _Frame) -> Iterator[Mark]:
    drawn = thinned(curve.share, round(2 * frame.width))
    x = [frame.x(second + windows.width_ms / 2000) for second in windows.session_s[drawn]]
    over, under, line = (
        [(at, frame.y(share)) for at, share in zip(x, values[drawn], strict=True)]
        for values in (curve.share_high, curve.share_low, curve.share)
    )
    for upper, lower in zip(_unbroken(over), _unbroken(under), strict=True):
        yield Area(points=(*upper, *reversed(lower)), fill=frame.palette.band)
    for run in _unbroken(line):
        yield Line(points=run, colour=frame.palette.curve, width=1.6)


def _numbers(windows: StageWindows, curve: ReactionCurve, moments: Sequence[Moment], frame: _Frame) -> Iterator[Mark]:
    for moment in moments:
        # A turn's own share is that of the stretch after it, and its place may be in a gap.
        drawn = float(curve.share[moment.place])
        share = moment.share if math.isnan(drawn) else drawn
        at_x, at_y = frame.x(moment.session_s + windows.width_ms / 2000), frame.y(share)
        yield Disc(x=at_x, y=at_y, radius=8, fill=frame.palette.curve)
        yield Words(
            x=at_x,
            y=at_y + 4,
            text=str(moment.number),
            size=_TEXT,
            colour=frame.palette.paper,
            anchor="middle",
            bold=True,
        )


def _faces(windows: StageWindows, frame: _Frame) -> Iterator[Mark]:
    most = float(np.nanmax(windows.faces, initial=1.0))
    drawn = thinned(windows.faces, round(2 * frame.width))
    points = [
        (frame.x(second + windows.width_ms / 2000), frame.bottom - faces / most * (frame.bottom - frame.faces_y))
        for second, faces in zip(windows.session_s[drawn], windows.faces[drawn], strict=True)
    ]
    floor = frame.bottom
    for run in _unbroken(points):
        yield Area(points=((run[0][0], floor), *run, (run[-1][0], floor)), fill=frame.palette.withheld)
        yield Line(points=run, colour=frame.palette.faces, width=1)
    yield Line(points=((_LEFT, floor), (frame.width - _RIGHT, floor)), colour=frame.palette.quiet, width=1)
    for text, y in ((f"{most:.0f}", frame.faces_y + 5), ("faces", frame.faces_y + 19)):
        yield Words(x=_LEFT - 5, y=y, text=text, size=_TEXT, colour=frame.palette.faces, anchor="end")


def _time_axis(windows: StageWindows, frame: _Frame) -> Iterator[Mark]:
    room = (frame.width - _LEFT - _RIGHT) / _TICK_EVERY
    span_s = frame.until_s - frame.from_s
    days = math.ceil(span_s / room / _STEPS_S[-1])
    step = next((step for step in _STEPS_S if span_s / step <= room), days * _STEPS_S[-1])
    y = frame.bottom
    # What was shown stood still between two pieces of it; before the first and after the last its seconds count on.
    pieces = shown(windows) or [(0.0, 0.0, 0.0)]
    free = 0.0
    for number, (begins, ends, ahead) in enumerate(pieces):
        from_s = max(begins, frame.from_s) if number else frame.from_s
        until_s = min(ends, frame.until_s) if number < len(pieces) - 1 else frame.until_s
        for tick in range(math.ceil((from_s + ahead) / step), math.floor((until_s + ahead) / step) + 1):
            x, text = frame.x(tick * step - ahead), clock_text(tick * step)
            yield Line(points=((x, y), (x, y + 4)), colour=frame.palette.quiet, width=1)
            half = len(text) * _TEXT * _LETTER / 2
            if x - half < free:
                continue
            yield Words(x=x, y=y + 16, text=text, size=_TEXT, colour=frame.palette.quiet, anchor="middle")
            free = x + half
    middle = _LEFT + (frame.width - _LEFT - _RIGHT) / 2
    yield Words(x=middle, y=y + 32, text=axis_says(windows), size=_TEXT, colour=frame.palette.quiet, anchor="middle")


def _unbroken(points: Sequence[tuple[float, float]]) -> Iterator[Points]:
    """The runs of points that lie somewhere; a run of one gets a second beside it, so that it can be seen."""
    run: list[tuple[float, float]] = []
    for x, y in [*points, (0.0, math.nan)]:
        if not math.isnan(y):
            run.append((x, y))
        elif run:
            yield tuple(run) if len(run) > 1 else (run[0], (run[0][0] + 1, run[0][1]))
            run = []


def _cut(number: int, title: str, width: float) -> str:
    """A segment's number, with its title or the beginning of it where there is room; nothing where there is none."""
    letters = int(width / (_TEXT * _LETTER))
    numbered = f"{number} {title}"
    if len(numbered) <= letters:
        return numbered
    if letters < 10:
        return str(number) if len(str(number)) <= letters else ""
    return numbered[: letters - 1].rstrip() + "…"
