"""Segment by segment: how many faces showed it, against a baseline, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.baseline import BaselineChoice, baseline, pre_roll
from audience.curve import StageWindows, reaction_curve
from audience.intervals import wilson

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_S = 10.0  # of figures in a segment, for a share
LEAST_BLOCKS = 4  # of a segment, for an interval of the change
SPARKS = 24

_BLOCK_S = 15.0  # longer than people keep an expression
_DRAWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment; figures are NaN where there is not enough data for them.

    Attributes:
        index: of the segment in the stage's first timeline.
        title, start_s, end_s: as its timeline has them.
        share, share_low, share_high: share over its windows, and the 95 % Wilson interval over the people present.
        level: mean confidence.
        change: its share less that of the baseline.
        change_low, change_high: the 95 % interval of the change over blocks of time.
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


def segment_rows(
    windows: StageWindows, expression: str, *, seed: int | None, against: BaselineChoice = "whole talk"
) -> tuple[SegmentRow, ...]:
    """The segments of a stage's first timeline, in its order.

    The interval of the change is a bootstrap over blocks of time (H. R. Künsch, Annals of Statistics 17, 1989): the
    blocks of each segment, and those between segments, or of the pre-roll, are drawn anew, as many as there are; a
    moving median is taken as it is. Of few blocks the percentiles are taken further out (T. C. Hesterberg, "What
    teachers should know about the bootstrap", The American Statistician 69, 2015). It says how far the seconds that
    happened to be seen may move the change, the people being these.

    Args:
        windows: the stage's windows.
        expression: which.
        seed: of the bootstrap; None draws nothing, and changes have no interval.
        against: the baseline of the changes.

    Returns:
        One row a segment; none where the stage has no timeline.
    """
    if not windows.stage.timelines:
        return ()
    sums = _Sums.of(windows, expression)
    curve = reaction_curve(windows, expression)
    usual = baseline(windows, expression, against).share
    inside_of = [windows.segment == index for index in range(len(windows.stage.timelines[0].segments))]
    intervals = [(np.nan, np.nan)] * len(inside_of)
    if seed is not None:
        intervals = _change_intervals(windows, sums, usual, inside_of, against, np.random.default_rng(seed))
    rows = []
    for index, segment in enumerate(windows.stage.timelines[0].segments):
        inside = inside_of[index]
        figures_s = float(sums.spans[inside].sum()) * windows.table.record_width_ms / 1000
        enough = figures_s >= LEAST_S
        share, low, high, level = sums.shares(inside) if enough else (np.nan,) * 4
        change = share - sums.mean(usual, inside) if enough else np.nan
        change_low, change_high = intervals[index] if enough else (np.nan,) * 2
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

    def mean(self, usual: Floats, inside: Bools) -> float:
        """A baseline's mean over some windows, those with more faces counting for more."""
        return float((usual[inside] * self.scored[inside]).sum() / self.scored[inside].sum())

    def less(self, usual: Floats) -> _Sums:
        """The faces over the threshold beyond those that a baseline would have."""
        return replace(self, over=self.over - usual * self.scored)

    def drawn(self, inside: Bools, width_ms: int, rng: np.random.Generator) -> tuple[int, Floats]:
        """How many blocks some windows make, and the sums of as many drawn with replacement.

        Returns:
            The number, and (draws, 2) faces over the threshold and faces scored; 0 where there is no block.
        """
        places = np.flatnonzero(inside & (self.scored > 0))
        if not len(places):
            return 0, np.zeros((_DRAWS, 2))
        first = np.arange(0, len(places), max(1, round(_BLOCK_S * 1000 / width_ms)))
        blocks = np.stack([np.add.reduceat(values[places], first) for values in (self.over, self.scored)], axis=1)
        times = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), size=_DRAWS)
        sums: Floats = times @ blocks
        return len(blocks), sums


def _change_intervals(
    windows: StageWindows,
    sums: _Sums,
    usual: Floats,
    inside_of: Sequence[Bools],
    against: BaselineChoice,
    rng: np.random.Generator,
) -> list[tuple[float, float]]:
    """The bootstrap of each segment."""
    over_usual = sums.less(usual) if against == "moving median" else sums
    drawn = [over_usual.drawn(inside, windows.width_ms, rng) for inside in inside_of]
    if against == "whole talk":
        between = sums.drawn(windows.segment < 0, windows.width_ms, rng)
        compared_with = np.sum([of_segment for _, of_segment in (*drawn, between)], axis=0)
    elif against == "pre-roll":
        blocks, compared_with = sums.drawn(pre_roll(windows), windows.width_ms, rng)
        if blocks < LEAST_BLOCKS:
            compared_with = np.full_like(compared_with, np.nan)
    else:
        compared_with = np.array([[0.0, 1.0]])
    return [_change_interval(*of_segment, compared_with) for of_segment in drawn]


def _change_interval(blocks: int, segment: Floats, compared_with: Floats) -> tuple[float, float]:
    """The 95 % interval of a segment's share less another, from (draws, 2) sums; NaN where blocks are too few."""
    if blocks < LEAST_BLOCKS:
        return np.nan, np.nan
    changes = segment[:, 0] / segment[:, 1] - compared_with[:, 0] / compared_with[:, 1]
    # The normal distribution at a quantile of Student's; scipy.stats has both too, and takes a second to import.
    further = special.ndtr(np.sqrt(blocks / (blocks - 1)) * special.stdtrit(blocks - 1, 0.025))
    low, high = np.quantile(changes, [further, 1 - further])
    return float(low), float(high)


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
