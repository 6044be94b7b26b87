"""Segment by segment: how many faces showed it, against the whole talk, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from audience.curve import StageWindows, reaction_curve
from audience.intervals import wilson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_S = 10.0  # of figures in a segment, for a share
LEAST_BLOCKS = 4  # of a segment and of the rest, for an interval of the change
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
        change: its share less that of all windows of the stage.
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


def segment_rows(windows: StageWindows, expression: str, *, seed: int) -> tuple[SegmentRow, ...]:
    """The segments of a stage's first timeline, in its order.

    The interval of the change is a bootstrap over blocks of time (H. R. Künsch, Annals of Statistics 17, 1989): blocks
    of the segment and of the rest of the talk are drawn anew, each side's own number. Of few blocks the percentiles
    are taken further out (T. C. Hesterberg, "What teachers should know about the bootstrap", The American Statistician
    69, 2015). It says how far the seconds that happened to be seen may move the change, the people being these.

    Args:
        windows: the stage's windows.
        expression: which.
        seed: of the bootstrap.

    Returns:
        One row a segment; none where the stage has no timeline.
    """
    if not windows.stage.timelines:
        return ()
    rng = np.random.default_rng(seed)
    sums = _Sums.of(windows, expression)
    curve = reaction_curve(windows, expression)
    rows = []
    for index, segment in enumerate(windows.stage.timelines[0].segments):
        inside = windows.segment == index
        figures_s = float(sums.spans[inside].sum()) * windows.table.record_width_ms / 1000
        enough = figures_s >= LEAST_S
        share, low, high, level = sums.shares(inside) if enough else (np.nan,) * 4
        change, change_low, change_high = sums.change(inside, windows.width_ms, rng) if enough else (np.nan,) * 3
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
                faces=_mean(windows.faces[inside]),
                coverage=_mean(windows.coverage[inside]),
                figures_s=figures_s,
                sparkline=_sparkline(curve.share[inside]) if enough else (),
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

    def shares(self, inside: NDArray[np.bool_]) -> tuple[float, float, float, float]:
        """Share, its bounds and the level of some windows."""
        over, scored, total, spans = (
            values[inside].sum() for values in (self.over, self.scored, self.total, self.spans)
        )
        low, high = wilson(over / spans, scored / spans)
        return float(over / scored), float(low), float(high), float(total / scored)

    def change(self, inside: NDArray[np.bool_], width_ms: int, rng: np.random.Generator) -> tuple[float, float, float]:
        """How far the share of some windows lies from that of all, and its bounds, NaN where blocks are too few."""
        change = float(self.over[inside].sum() / self.scored[inside].sum() - self.over.sum() / self.scored.sum())
        size = max(1, round(_BLOCK_S * 1000 / width_ms))
        own, rest = self._blocks(inside, size), self._blocks(~inside, size)
        if len(own) < LEAST_BLOCKS or (len(rest) and len(rest) < LEAST_BLOCKS):
            return change, np.nan, np.nan
        drawn, others = _drawn(own, rng), _drawn(rest, rng) if len(rest) else np.zeros((_DRAWS, 2))
        talk = drawn + others
        changes = drawn[:, 0] / drawn[:, 1] - talk[:, 0] / talk[:, 1]
        further = stats.norm.cdf(np.sqrt(len(own) / (len(own) - 1)) * stats.t.ppf(0.025, len(own) - 1))
        low, high = np.quantile(changes, [further, 1 - further])
        return change, float(low), float(high)

    def _blocks(self, inside: NDArray[np.bool_], size: int) -> Floats:
        """(b, 2) faces over the threshold and faces scored, of each block of windows with a figure."""
        places = np.flatnonzero(inside & (self.scored > 0))
        if not len(places):
            return np.zeros((0, 2))
        first = np.arange(0, len(places), size)
        return np.stack([np.add.reduceat(values[places], first) for values in (self.over, self.scored)], axis=1)


def _drawn(blocks: Floats, rng: np.random.Generator) -> Floats:
    """(draws, 2) sums of as many blocks as there are, drawn with replacement."""
    counts = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), size=_DRAWS)
    sums: Floats = counts @ blocks
    return sums


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _sparkline(share: Floats) -> tuple[float, ...]:
    return tuple(_mean(part) for part in np.array_split(share, min(SPARKS, len(share))))
