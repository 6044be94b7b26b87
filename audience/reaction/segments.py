"""Segment by segment: how many faces showed it, against a baseline, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import bounded, is_bounded
from audience.reaction.baseline import BaselineChoice, baseline, pre_roll
from audience.reaction.changes import Counts
from audience.reaction.curve import StageWindows, reaction_curve, wilson
from audience.reaction.steps import Steps

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_S = 10.0  # of figures in a segment, for a share
SPARKS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment; figures are NaN where there is not enough data for them.

    Attributes:
        index: of the segment in the stage's first timeline.
        title, start_s, end_s: as its timeline has them.
        share, share_low, share_high: share over its windows, and the 95 % Wilson interval over the people present; of
            a small room the range that the share lies in, where that is all that may be told (`disclosure.bounded`).
        level: mean confidence; NaN where the share is a range.
        change: its share less that of the baseline; NaN where either is a range.
        change_low, change_high: the 95 % interval of the change over time.
        faces: mean number of faces in view while a camera looked; NaN where none did.
        coverage: mean coverage; NaN where none is known.
        figures_s: seconds of windows that have a figure.
        sparkline: at most `SPARKS` shares from its beginning to its end, NaN where there is a gap.
    """

    index: int
    title: str
    start_s: float
    end_s: float
    share: float
    share_low: float
    share_high: float
    level: float
    change: float
    change_low: float
    change_high: float
    faces: float
    coverage: float
    figures_s: float
    sparkline: tuple[float, ...]

    @property
    def enough(self) -> bool:
        """Whether there is a share; else the table says "not enough data"."""
        return not np.isnan(self.share)

    @property
    def is_range(self) -> bool:
        """Whether all that may be told of the share is the range it lies in."""
        return bool(is_bounded(self.share, self.share_low, self.share_high))


def segment_rows(
    windows: StageWindows, expression: str, *, intervals: bool = True, against: BaselineChoice = "whole talk"
) -> tuple[SegmentRow, ...]:
    """The segments of a stage's first timeline, in its order.

    The interval of a change says how far the seconds that happened to be seen may move it, the people being these
    (`reaction.changes`). It also reaches over the part of the change that may be a drift of the share; a moving median
    follows a drift, and is taken as it is.

    Args:
        windows: the stage's windows.
        expression: which.
        intervals: whether changes have an interval.
        against: the baseline of the changes.

    Returns:
        One row a segment; none where the stage has no timeline.
    """
    if not windows.stage.timelines:
        return ()
    sums = _Sums.of(windows, expression)
    curve = reaction_curve(windows, expression)
    held_against = baseline(windows, expression, against)
    usual = held_against.share
    untold = is_bounded(usual, held_against.share_low, held_against.share_high)
    inside_of = [windows.segment == index for index in range(len(windows.stage.timelines[0].segments))]
    ranges = [(np.nan, np.nan)] * len(inside_of)
    if intervals and expression in windows.expressions:
        ranges = _change_intervals(windows, expression, sums, usual, inside_of, against)
    rows = []
    for index, segment in enumerate(windows.stage.timelines[0].segments):
        inside = inside_of[index]
        figures_s = float(sums.spans[inside].sum()) * windows.table.record_width_ms / 1000
        enough = figures_s >= LEAST_S
        share, low, high, level = sums.shares(inside) if enough else (np.nan,) * 4
        change = share - sums.mean(usual, inside) if enough else np.nan
        change_low, change_high = ranges[index] if enough else (np.nan,) * 2
        share, low, high, is_range = sums.as_shown(share, low, high, inside, figures_s, windows.min_faces)
        if is_range:
            level = np.nan
        if is_range or untold[inside].any():
            change = change_low = change_high = np.nan
        rows.append(
            SegmentRow(
                index=index,
                title=segment.title,
                start_s=segment.start_s,
                end_s=segment.end_s,
                share=share,
                share_low=low,
                share_high=high,
                level=level,
                change=change,
                change_low=change_low,
                change_high=change_high,
                faces=mean_known(windows.faces[inside]),
                coverage=mean_known(windows.coverage[inside]),
                figures_s=figures_s,
                sparkline=shape_of(curve.share[inside], SPARKS) if enough else (),
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """One expression's sums on the axis, 0 where there is no figure; (n,) each."""

    over: Floats
    scored: Floats
    total: Floats
    spans: Floats

    @classmethod
    def of(cls, windows: StageWindows, expression: str) -> _Sums:
        table = windows.table
        columns = {"over": table.over, "scored": table.scored, "total": table.total, "spans": table.scored_spans}
        placed = {name: np.zeros(len(windows.start_ms)) for name in columns}
        if expression in table.expressions:
            for name, values in columns.items():
                placed[name][windows.place] = values[:, table.expressions.index(expression)]
        return cls(**placed)

    def shares(self, inside: Bools) -> tuple[float, float, float, float]:
        """Share, its bounds and the level of some windows."""
        over, scored, total, spans = (
            values[inside].sum() for values in (self.over, self.scored, self.total, self.spans)
        )
        low, high = wilson(over / spans, scored / spans)
        return float(over / scored), float(low), float(high), float(total / scored)

    def as_shown(
        self, share: float, low: float, high: float, inside: Bools, figures_s: float, min_faces: int
    ) -> tuple[float, float, float, bool]:
        """A share of some windows with its bounds as they may be shown, and whether that is a range only."""
        if np.isnan(share):
            return share, low, high, False
        faces = float(self.scored[inside].sum() / self.spans[inside].sum())
        share, low, high = map(float, bounded(share, low, high, faces=faces, min_faces=min_faces, seconds=figures_s))
        return share, low, high, bool(is_bounded(share, low, high))

    def mean(self, usual: Floats, inside: Bools) -> float:
        """A baseline's mean over some windows, those with more faces counting for more."""
        return float((usual[inside] * self.scored[inside]).sum() / self.scored[inside].sum())


def _change_intervals(
    windows: StageWindows,
    expression: str,
    sums: _Sums,
    usual: Floats,
    inside_of: Sequence[Bools],
    against: BaselineChoice,
) -> list[tuple[float, float]]:
    """The interval of each segment's change, NaN where there is not enough data."""
    looks = np.zeros(len(windows.start_ms))
    looks[windows.place] = windows.table.spans
    counts = Counts.of(
        over=sums.over,
        scored=sums.scored,
        looks=looks,
        width_s=windows.width_ms / 1000,
        steps=Steps.of(windows, expression),
    )
    held_against = {
        "whole talk": np.ones(len(usual), dtype=bool),
        "pre-roll": pre_roll(windows),
        "moving median": None,
    }[against]
    reaches = counts.reaches(inside_of, held_against)
    changes = np.array(
        [
            np.nan if np.isnan(reach) else sums.shares(inside)[0] - sums.mean(usual, inside)
            for reach, inside in zip(reaches, inside_of, strict=True)
        ]
    )
    low, high = np.maximum(changes - reaches, -1), np.minimum(changes + reaches, 1)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def mean_known(values: Floats) -> float:
    """The mean of the values there are; NaN where there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def shape_of(share: Floats, points: int) -> tuple[float, ...]:
    """Means over as many equal stretches of a line, for a small picture of it; NaN where there is no figure.

    Args:
        share: (n,) NaN where there is none.
        points: how many at most; no more than n.
    """
    return tuple(mean_known(part) for part in np.array_split(share, min(points, len(share)))) if len(share) else ()
