"""Alignment of two cuts of a film, or two versions of a talk: which seconds of A and B correspond."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.reaction.curve import StageWindows
from audience.timelines import Timeline

Cut = Literal["A", "B"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CELL_S = 5.0

_SAME_S = 1e-6  # tolerance for rounding errors in sums of seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A stretch that both cuts share.

    Attributes:
        start_a_s: its start in cut A, timeline seconds.
        start_b_s: its start in cut B, timeline seconds.
        length_s: its length in both, seconds.
    """

    start_a_s: float
    start_b_s: float
    length_s: float

    def __post_init__(self) -> None:
        starts = (self.start_a_s, self.start_b_s)
        if not (min(starts) >= 0 and max(starts) < math.inf and 0 < self.length_s < math.inf):
            raise InvalidValue(
                f"edit {self.start_a_s:g}, {self.start_b_s:g}, {self.length_s:g} is not allowed: give its start "
                "in A and in B, 0 s or later, and a length over 0 s"
            )

    def start_s(self, cut: Cut) -> float:
        """Its start in a cut, timeline seconds."""
        return self.start_a_s if cut == "A" else self.start_b_s


def edits_by_title(a: Timeline, b: Timeline) -> tuple[Edit, ...]:
    """Matches segments of the same title, in order of occurrence.

    Args:
        a, b: timelines of the two cuts.

    Returns:
        Edits in A's order, each as long as the shorter segment.

    Raises:
        InvalidValue: no title is in both.
    """
    met: Counter[str] = Counter()
    starts_b = {}
    for segment in b.segments:
        starts_b[segment.title, met[segment.title]] = segment
        met[segment.title] += 1
    met.clear()
    edits = []
    for segment in a.segments:
        other = starts_b.get((segment.title, met[segment.title]))
        met[segment.title] += 1
        if other is not None:
            length_s = min(segment.end_s - segment.start_s, other.end_s - other.start_s)
            edits.append(Edit(start_a_s=segment.start_s, start_b_s=other.start_s, length_s=length_s))
    if not edits:
        raise InvalidValue(
            "the two cuts have no segment of the same title: give them the same titles, or give an edit list"
        )
    return tuple(edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAxis:
    """The shared stretches of two cuts, divided into cells of a few seconds.

    Attributes:
        edits: sorted by start in A; they overlap in neither cut.
        cell_s: length of a cell, seconds; the last of each edit may be shorter.
        edit: (c,) index of the edit of each cell.
        start_a_s, start_b_s: (c,) start of each cell in A and B, timeline seconds.
    """

    edits: tuple[Edit, ...]
    cell_s: float
    edit: Ints
    start_a_s: Floats
    start_b_s: Floats

    @classmethod
    def of_one(cls, edits: Sequence[Edit], until_s: float, cell_s: float = CELL_S) -> Self:
        """The axis of the whole of A up to `until_s`: cells of the shared stretches, and cells between them.

        So a curve of the whole of A and one of B's shared stretches use the same cells.

        Args:
            edits: the shared stretches; none for an axis of A alone.
            until_s: end of A, timeline seconds, over 0.
            cell_s: length of a cell, seconds.
        """
        own, reached_s = [], 0.0
        for edit in sorted(edits, key=lambda edit: edit.start_a_s):
            if edit.start_a_s > reached_s + _SAME_S:
                own.append((reached_s, edit.start_a_s))
            reached_s = edit.start_a_s + edit.length_s
            own.append((edit.start_a_s, reached_s))
        if until_s > reached_s + _SAME_S:
            own.append((reached_s, until_s))
        return cls.of([Edit(start_a_s=start, start_b_s=start, length_s=end - start) for start, end in own], cell_s)

    @classmethod
    def of(cls, edits: Sequence[Edit], cell_s: float = CELL_S) -> Self:
        """Builds the axis of some edits.

        Raises:
            InvalidValue: there are none, or two overlap in A or in B.
        """
        if not edits:
            raise InvalidValue("there is no edit: give at least one stretch that both cuts share")
        ordered = tuple(sorted(edits, key=lambda edit: edit.start_a_s))
        for cut in get_args(Cut):
            spans = sorted((edit.start_s(cut), edit.start_s(cut) + edit.length_s) for edit in ordered)
            for (_, end), (start, _) in pairwise(spans):
                if start < end - _SAME_S:
                    raise InvalidValue(
                        f"two edits overlap in {cut}: one begins at {start:g} s, where another ends at {end:g} s"
                    )
        cells = [max(1, math.ceil((edit.length_s - _SAME_S) / cell_s)) for edit in ordered]
        within = np.concatenate([np.arange(count) * cell_s for count in cells])
        edit = np.repeat(np.arange(len(ordered)), cells)
        return cls(
            edits=ordered,
            cell_s=cell_s,
            edit=edit,
            start_a_s=np.array([one.start_a_s for one in ordered])[edit] + within,
            start_b_s=np.array([one.start_b_s for one in ordered])[edit] + within,
        )

    def __len__(self) -> int:
        return len(self.edit)

    def cells(self, timeline_s: Floats, cut: Cut) -> Ints:
        """The cell of each timeline second of a cut; -1 if it is not shared, and for NaN."""
        cells = np.full(len(timeline_s), -1, dtype=np.int64)
        first = np.searchsorted(self.edit, np.arange(len(self.edits)))
        last = np.append(first[1:], len(self)) - 1
        for number, edit in enumerate(self.edits):
            after_s = timeline_s - edit.start_s(cut)
            inside = (after_s >= 0) & (after_s < edit.length_s)
            place = first[number] + (after_s[inside] // self.cell_s).astype(np.int64)
            cells[inside] = np.minimum(place, last[number])
        return cells

    @property
    def length_s(self) -> Floats:
        """(c,) length of each cell, seconds."""
        ends = np.array([edit.start_a_s + edit.length_s for edit in self.edits])[self.edit]
        lengths: Floats = np.minimum(self.cell_s, ends - self.start_a_s)
        return lengths

    def of_windows(self, windows: StageWindows, cut: Cut) -> Ints:
        """(n,) the cell that contains the middle of each window; -1 if it is not shared."""
        return self.cells(windows.timeline_s + windows.width_ms / 2000, cut)


def one_scorer(stages: Iterable[StageWindows]) -> str:
    """The one scorer of all these stages; "" if none was scored.

    Raises:
        InvalidValue: there are several. Each has its own thresholds and errors, so that a difference between scorers
            would look like a difference between audiences.
    """
    scorers = sorted({scorer for windows in stages for scorer in windows.table.scorers})
    if len(scorers) > 1:
        raise InvalidValue(
            f"these sessions were scored by {' and '.join(scorers)}, which are not calibrated against each other: "
            "compare sessions of one scorer, or score the recordings again"
        )
    return scorers[0] if scorers else ""
