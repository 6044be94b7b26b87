"""What a stage's windows say of any minute: sums over the faces that were in view, for the live board.

Liveliness is the mean over the faces of the largest of three confidences. Records hold sums by expression, not each
face's largest, so that mean is worked out of the sums (docs/decisions/0017-liveliness.md says what that costs).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import MIN_FACES, SMALL_ROOM, withheld
from audience.exclusions import excluded_windows
from audience.sessions import Camera, Stage, overlapping
from audience.window_table import WindowTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LIVELY: tuple[str, ...] = ("smile", "happy", "surprised")
"""The expressions that make liveliness."""

MINUTE_MS = 60_000
SHORTEST_MS = 10_000
"""A minute with a shorter stretch of figures than this has none: it would rest on a few looks."""

_FAR_OUT = 40.0


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
        level: mean over the faces of the largest confidence, 0..1.
        spread: its variance from face to face.
        n: faces behind the figure, as many as were in view at once on average.
        lead: index into `LIVELY` of the expression that was shown most; -1 where there is no figure.
        faces: faces in view at once on average, NaN where no camera looked.
    """

    level: Floats
    spread: Floats
    n: Floats
    lead: Ints
    faces: Floats


def stage_sums(stage: Stage, cameras: Sequence[Camera], table: WindowTable) -> StageSums:
    """A stage's windows with what may be summed of them: records of fewer than five faces, and windows that somebody
    left out, lose their figures first; what is recorded twice or of overlapping cameras counts once.

    What others may see of the sums is less (`of_large_rooms`).

    Args:
        stage: the stage.
        cameras: its cameras; those that overlap are told from it.
        table: its windows as the store gives them, of any stretch.
    """
    windows = withheld(table, MIN_FACES).over_cameras(overlapping(cameras))
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


def of_large_rooms(sums: StageSums) -> StageSums:
    """The sums without the figures of windows over twenty faces or fewer, which a board may not show.

    A board looks back for minutes only, so it cannot keep to one number of faces as a session's page does
    (`disclosure.shown_cells`): of a small room, everybody who comes or goes could be told from it.
    """
    few = sums.scored <= SMALL_ROOM
    return replace(
        sums,
        scored=np.where(few, 0, sums.scored),
        total=np.where(few, 0.0, sums.total),
        squares=np.where(few, 0.0, sums.squares),
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
    with np.errstate(invalid="ignore", divide="ignore"):
        # Sums of confidences may be rounded past what so many faces can have.
        level = np.where(windows > 0, np.clip(within(sums.total) / scored, 0, 1), np.nan)
        spread = np.maximum(within(sums.squares) / scored - level**2, 0.0)
        n = np.where(windows > 0, scored / windows, np.nan)
        faces = np.where(last > first, within(sums.faces) / (last - first), np.nan)
    # To most scorers a smile and a happy face are one thing: the one with the higher level stands for both.
    smiling = np.where(_higher(level[:, 1], level[:, 0]), 1, 0)
    at = (np.arange(len(until_ms)), smiling)
    largest, spread_of_it = mean_of_larger(level[at], spread[at], level[:, 2], spread[:, 2])
    return Stretches(
        level=largest,
        spread=spread_of_it,
        n=np.fmax(n[at], n[:, 2]),
        lead=np.where(np.isnan(largest), -1, np.where(_higher(level[:, 2], level[at]), 2, smiling)),
        faces=faces,
    )


def mean_of_larger(one: Floats, one_spread: Floats, other: Floats, other_spread: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the larger of two confidences of a face, out of the mean and variance of each.

    As if the two were normal and independent (C. E. Clark, "The Greatest of a Finite Set of Random Variables",
    Operations Research 9, 1961): with θ² = σ₁² + σ₂² and a = (μ₁ - μ₂) / θ the mean is μ₁ Φ(a) + μ₂ Φ(-a) + θ φ(a).

    Args:
        one, other: (u,) means; NaN where one is not known, and then the other one is the larger.
        one_spread, other_spread: (u,) variances.

    Returns:
        (u,) each; NaN where neither is known. The mean is no more than 1, which a normal distribution knows nothing of.
    """
    theta = np.sqrt(one_spread + other_spread)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        alpha = np.where(theta > 0, (one - other) / theta, np.where(one >= other, np.inf, -np.inf))
    # So far out Φ is 0 or 1 to the last digit; the square of what lies further may be no number.
    alpha = np.clip(alpha, -_FAR_OUT, _FAR_OUT)
    first, density = _below(alpha), np.exp(-(alpha**2) / 2) / np.sqrt(2 * np.pi)
    second = 1 - first
    mean = one * first + other * second + theta * density
    square = (one_spread + one**2) * first + (other_spread + other**2) * second + (one + other) * theta * density
    alone, alone_spread = (np.where(np.isnan(other), *pair) for pair in ((one, other), (one_spread, other_spread)))
    both = ~np.isnan(one) & ~np.isnan(other)
    return np.where(both, np.minimum(mean, 1.0), alone), np.where(both, np.maximum(square - mean**2, 0.0), alone_spread)


def _below(z: Floats) -> Floats:
    """(u,) Φ(z): how often a standard normal is below. Without scipy, which what runs in the cloud has no room for."""
    return np.array(list(map(math.erfc, (-z / math.sqrt(2)).tolist())), dtype=np.float64) / 2


def _higher(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """(u,) whether one level is known and is not below the other, where that is known."""
    with np.errstate(invalid="ignore"):
        return np.asarray(~np.isnan(one) & ~(one <= other), dtype=bool)
