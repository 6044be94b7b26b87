"""The segment table: shares by segment, and their changes from a baseline with intervals."""

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
SPARKLINE_POINTS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment; figures are NaN where there is not enough data.

    Attributes:
        index: index of the segment in the stage's first timeline.
        title, start_s, end_s: as in the timeline.
        share, share_low, share_high: share over its windows, and the 95 % Wilson interval over the people present; of a
            small room, the range if the share was clipped (`disclosure.bounded`).
        level: mean confidence; NaN if the share was clipped.
        change: its share less that of the baseline; NaN if either was clipped.
        change_low, change_high: the 95 % interval of the change over time.
        faces: mean number of faces in view while a camera recorded; NaN if none did.
        coverage: mean coverage; NaN if unknown.
        figures_s: seconds of windows that have a figure.
        sparkline: at most `SPARKLINE_POINTS` shares from its beginning to its end, NaN in gaps.
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
        """Whether there is enough data for a share."""
        return not np.isnan(self.share)

    @property
    def is_range(self) -> bool:
        """Whether the share was clipped, so that only its range is shown."""
        return bool(is_bounded(self.share, self.share_low, self.share_high))


def segment_rows(
    windows: StageWindows, expression: str, *, intervals: bool = True, against: BaselineChoice = "whole talk"
) -> tuple[SegmentRow, ...]:
    """Computes the rows of a stage's first timeline, in its order.

    The interval of a change covers the variation over time, for this group of people (`reaction.changes`), and the part
    of the change that may be a drift of the share. A moving median follows a drift and is taken as exact.

    Args:
        windows: the stage's windows.
        expression: the expression.
        intervals: whether to compute the intervals of changes.
        against: the baseline of the changes.

    Returns:
        One row per segment; none if the stage has no timeline.
    """
    if not windows.stage.timelines:
        return ()
    sums = _Sums.of(windows, expression)
    # Raw counts throughout: the changes' intervals come from what independent people do, and estimates are not that.
    curve = reaction_curve(windows, expression, corrected=False)
    base = baseline(windows, expression, against, corrected=False)
    usual = base.share
    base_is_range = is_bounded(usual, base.share_low, base.share_high)
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
        share, low, high, is_range = sums.bounded(share, low, high, inside, figures_s, windows.min_faces)
        if is_range:
            level = np.nan
        if is_range or base_is_range[inside].any():
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
                sparkline=shape_of(curve.share[inside], SPARKLINE_POINTS) if enough else (),
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
        """The share, its bounds and the level over some windows."""
        over, scored, total, spans = (
            values[inside].sum() for values in (self.over, self.scored, self.total, self.spans)
        )
        low, high = wilson(over / spans, scored / spans)
        return float(over / scored), float(low), float(high), float(total / scored)

    def bounded(
        self, share: float, low: float, high: float, inside: Bools, figures_s: float, min_faces: int
    ) -> tuple[float, float, float, bool]:
        """The share and bounds over some windows, clipped for small rooms, and whether the share was clipped."""
        if np.isnan(share):
            return share, low, high, False
        faces = float(self.scored[inside].sum() / self.spans[inside].sum())
        share, low, high = map(float, bounded(share, low, high, faces=faces, min_faces=min_faces, seconds=figures_s))
        return share, low, high, bool(is_bounded(share, low, high))

    def mean(self, usual: Floats, inside: Bools) -> float:
        """A baseline's mean over some windows, weighted by faces."""
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
    observations = np.zeros(len(windows.start_ms))
    observations[windows.place] = windows.table.spans
    counts = Counts.of(
        over=sums.over,
        scored=sums.scored,
        observations=observations,
        width_s=windows.width_ms / 1000,
        steps=Steps.of(windows, expression),
    )
    base = {
        "whole talk": np.ones(len(usual), dtype=bool),
        "pre-roll": pre_roll(windows),
        "moving median": None,
    }[against]
    margins = counts.margins(inside_of, base)
    changes = np.array(
        [
            np.nan if np.isnan(reach) else sums.shares(inside)[0] - sums.mean(usual, inside)
            for reach, inside in zip(margins, inside_of, strict=True)
        ]
    )
    low, high = np.maximum(changes - margins, -1), np.minimum(changes + margins, 1)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def mean_known(values: Floats) -> float:
    """The mean of the values that are not NaN; NaN if all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def shape_of(share: Floats, points: int) -> tuple[float, ...]:
    """Downsamples a line for a sparkline: means over equal stretches, NaN where there is no figure.

    Args:
        share: (n,), NaN where there is no figure.
        points: the most points; at most n are returned.
    """
    return tuple(mean_known(part) for part in np.array_split(share, min(points, len(share)))) if len(share) else ()
