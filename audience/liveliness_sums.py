"""What a stage's windows say of any minute: sums over the faces that were in view, for the live board.

Three expressions make liveliness. Records hold sums over tracks, not each track's largest confidence, so a minute is
told by that one of the three that its faces showed most (docs/decisions/0017-liveliness.md says what that costs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import MIN_FACES, withheld
from audience.exclusions import excluded_windows
from audience.sessions import Camera, Stage
from audience.window_table import WindowTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LIVELY: tuple[str, ...] = ("smile", "happy", "surprised")
"""The expressions that make liveliness. Where they are equal the first is named."""

MINUTE_MS = 60_000
SHORTEST_MS = 10_000
"""A minute with a shorter stretch of figures than this has none: it would rest on a few looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSums:
    """A stage's windows, summed over its cameras, in the order of their ends; (n,) or (n, 3) by `LIVELY`.

    Attributes:
        stage: which stage.
        width_ms: of each window.
        end_ms: (n,) end of the window, milliseconds since the epoch.
        faces: (n,) in view, whether or not a figure may be shown of them.
        scored: (n, 3) faces behind the figures; 0 where they are withheld or left out.
        total: (n, 3) Σ confidence.
        squares: (n, 3) Σ confidence².
        scorers: behind the windows.
    """

    stage: Stage
    width_ms: int
    end_ms: Ints
    faces: Ints
    scored: Ints
    total: Floats
    squares: Floats
    scorers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """The stretches that end at some instants; (u,) each, NaN where there is no figure.

    Attributes:
        level: mean confidence of the expression that was shown most, 0..1.
        spread: variance of that confidence from face to face.
        n: faces behind the figure, as many as were in view at once on average.
        lead: index into `LIVELY` of that expression; -1 where there is no figure.
        faces: faces in view at once on average, NaN where no camera looked.
    """

    level: Floats
    spread: Floats
    n: Floats
    lead: Ints
    faces: Floats


def stage_sums(stage: Stage, cameras: Sequence[Camera], table: WindowTable) -> StageSums:
    """A stage's windows with what may be shown of them: windows of fewer than five faces, and those somebody left out,
    lose their figures before anything is summed; what is recorded twice or of overlapping cameras counts once.

    Args:
        stage: the stage.
        cameras: its cameras; those that overlap are told from it.
        table: its windows as the store gives them, of any stretch.
    """
    pairs = {frozenset({camera.camera_id, other}) for camera in cameras for other in camera.overlaps}
    windows = withheld(table.over_cameras(pairs), MIN_FACES)
    windows = windows.without_figures(excluded_windows(windows.start_ms, windows.width_ms, stage.exclusions)[:, None])
    shape = (len(windows), len(LIVELY))
    scored, total, squares = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape)
    for place, name in enumerate(LIVELY):
        if name in windows.expressions:
            column = windows.expressions.index(name)
            scored[:, place] = windows.scored[:, column]
            total[:, place] = windows.total[:, column]
            squares[:, place] = windows.squares[:, column]
    return StageSums(
        stage=stage,
        width_ms=windows.width_ms,
        end_ms=windows.start_ms + windows.width_ms,
        faces=windows.faces,
        scored=scored,
        total=total,
        squares=squares,
        scorers=windows.scorers,
    )


def stretches(sums: StageSums, until_ms: Ints, length_ms: int = MINUTE_MS, shortest_ms: int = SHORTEST_MS) -> Stretches:
    """The stretches [until - length, until], of windows that lie in them whole.

    Args:
        sums: the stage's windows.
        until_ms: (u,) ends of the stretches, milliseconds since the epoch.
        length_ms: of each stretch.
        shortest_ms: how much of a stretch must have figures for it to have one.
    """
    first = np.searchsorted(sums.end_ms, until_ms - length_ms + sums.width_ms, side="left")
    last = np.maximum(np.searchsorted(sums.end_ms, until_ms, side="right"), first)
    start, end = int(first.min(initial=len(sums.end_ms))), int(last.max(initial=0))

    def within(values: NDArray[np.int64] | Floats) -> Floats:
        upto = np.zeros((max(end - start, 0) + 1, *values.shape[1:]))
        np.cumsum(values[start:end], axis=0, out=upto[1:])
        return np.asarray(upto[last - start] - upto[first - start], dtype=np.float64)

    scored, windows = within(sums.scored), within((sums.scored > 0).astype(np.int64))
    windows[windows * sums.width_ms < min(shortest_ms, length_ms)] = 0
    known = windows > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        levels = np.where(known, within(sums.total) / scored, -1.0)
        lead = levels.argmax(axis=1)
        at = (np.arange(len(until_ms)), lead)
        some = known[at]
        level = np.where(some, levels[at], np.nan)
        spread = np.where(some, within(sums.squares)[at] / scored[at] - level**2, np.nan)
        n = np.where(some, scored[at] / windows[at], np.nan)
        faces = within(sums.faces) / (last - first)
    return Stretches(
        level=level,
        spread=np.maximum(spread, 0.0),
        n=n,
        lead=np.where(some, lead, -1),
        faces=np.where(last > first, faces, np.nan),
    )
