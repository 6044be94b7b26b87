"""Liveliness: how much the faces at each stage of a session show, now or at any instant before.

A figure is made in three steps, each a pure function of the windows before it:

1. The level of the last 60 s: the mean over the faces of the largest of three confidences. Records hold sums by
   expression, not each face's largest, so it is computed from the sums (docs/decisions/0017-liveliness.md says what
   that costs).
2. Shrunk toward the mean of all stages, (n y + K μ) / (n + K), the fewer faces the more: the credibility estimate of
   H. Bühlmann and E. Straub, "Glaubwürdigkeit für Schadensätze" (Mitteilungen der Vereinigung schweizerischer
   Versicherungsmathematiker 70, 1970), which is the empirical Bayes estimate of a normal model (C. N. Morris, JASA 78,
   1983). K and μ are estimated from the stages themselves.
3. An exponential average over the last 20 s, cut off there, so that a figure depends on a bounded past.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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


UPDATE_MS = 2_000
"""Figures are made anew at every multiple of it since the epoch, so that everybody sees the same ones."""

LOOKS = 4.0
"""As how many looks at different faces a minute of looking at one counts: an assumption, on the careful side."""

LEAST_K, MOST_K = 2.0, 60.0
"""K is kept within these, in faces: few stages tell little of how far stages differ."""

POOLED_MS = 300_000
"""How stages differ is told from so long."""

AVERAGED_MS = 20_000
MEMORY_MS = 5_000
"""The exponential average: how far it reaches back, and after how long a figure counts 1/e."""

Z = 1.39
"""Intervals of this many standard errors overlap unless the two differ at about 5 % (H. Goldstein and M. J. R. Healy,
"The Graphical Presentation of a Collection of Means", JRSS A 158, 1995)."""

NEEDED_MS = POOLED_MS + AVERAGED_MS + MINUTE_MS
"""A figure is a function of the windows of so long before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveliness:
    """Figures of s stages at u instants, `UPDATE_MS` apart; (u, s) unless said otherwise, NaN where there is none.

    Attributes:
        at_ms: (u,) the instants.
        figure: 0..1.
        low, high: its interval; two that do not overlap differ, 19 times in 20.
        level: mean confidence over the last minute, as it was measured.
        n: faces behind it, as many as were in view at once.
        lead: index into `LIVELY` of the expression shown most; -1 where there is none.
        faces: in view at once over the last minute, whether or not a figure may be shown; NaN where no camera looked.
        mean: (u,) what figures are shrunk toward.
        k: (u,) how many faces the mean counts as.
    """

    at_ms: Ints
    figure: Floats
    low: Floats
    high: Floats
    level: Floats
    n: Floats
    lead: Ints
    faces: Floats
    mean: Floats
    k: Floats


def liveliness(stages: Sequence[StageSums], from_ms: int, until_ms: int) -> Liveliness:
    """The figures at every multiple of `UPDATE_MS` in [from_ms, until_ms].

    Args:
        stages: their windows from `from_ms - NEEDED_MS` on; later ones than an instant do not move its figures.
        from_ms, until_ms: milliseconds since the epoch.
    """
    first = -(-from_ms // UPDATE_MS) * UPDATE_MS
    averaged, pooled = AVERAGED_MS // UPDATE_MS, POOLED_MS // UPDATE_MS
    at_ms = np.arange(first - (averaged + pooled) * UPDATE_MS, until_ms + 1, UPDATE_MS, dtype=np.int64)
    minutes = [stretches(stage, at_ms) for stage in stages]

    def columns(name: str) -> Floats:
        return np.stack([getattr(minute, name) for minute in minutes], axis=1) if minutes else np.empty((len(at_ms), 0))

    level, n = columns("level"), columns("n")
    look_variance, k = between_stages(level, columns("spread"), n, pooled)
    level, n, k, look_variance = level[pooled:], n[pooled:], k[pooled:], look_variance[pooled:]
    mean, shrunk = shrink(level, n, k)
    figure = averaged_of(shrunk, averaged)
    level, n, k, mean = level[averaged:], n[averaged:], k[averaged:], mean[averaged:]
    figure = np.where(np.isnan(level), np.nan, figure)
    half = Z * np.sqrt(look_variance[averaged:, None] / LOOKS / (n + k[:, None]))
    since = averaged + pooled
    return Liveliness(
        at_ms=at_ms[since:],
        figure=figure,
        low=np.clip(figure - half, 0, 1),
        high=np.clip(figure + half, 0, 1),
        level=level,
        n=n,
        lead=columns("lead")[since:].astype(np.int64),
        faces=columns("faces")[since:],
        mean=mean,
        k=k,
    )


def between_stages(level: Floats, spread: Floats, n: Floats, pooled: int) -> tuple[Floats, Floats]:
    """How much chance moves a face, and how much of a stage's figure is to be told by the others.

    With N = Σn, y̅ the mean over faces and σ² the variance from face to face within stages (one look at each), the
    variance between stages is, by moments,

        τ² = (Σ n (y - y̅)² - (s - 1) σ²/L) / (N - Σ n²/N),    K = σ² / (L τ²),

    Bühlmann and Straub's estimator; with weights known it is R. DerSimonian and N. Laird's (Controlled Clinical Trials
    7, 1986). Numerator and denominator are each summed over the last `pooled` instants before they are divided.

    Args:
        level, spread, n: (u, s) of each stage's minute; NaN where there is none.
        pooled: instants to sum over besides each one's own.

    Returns:
        σ² and K at each instant, (u,) each; K is within `LEAST_K` and `MOST_K`.
    """
    faces = np.nan_to_num(n)
    total = faces.sum(axis=1)
    stages = (faces > 0).sum(axis=1)
    level, spread = np.nan_to_num(level), np.nan_to_num(spread)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        look_variance = _of_late((faces * spread).sum(axis=1), pooled) / _of_late(total, pooled)
        mean = (faces * level).sum(axis=1) / total
        apart = np.nan_to_num((faces * (level - mean[:, None]) ** 2).sum(axis=1))
        weight = np.nan_to_num(total - (faces**2).sum(axis=1) / total)
        degrees = _of_late(np.maximum(stages - 1, 0).astype(np.float64), pooled)
        between = (_of_late(apart, pooled) - degrees * look_variance / LOOKS) / _of_late(weight, pooled)
        k = np.where(between > 0, look_variance / LOOKS / between, MOST_K)
    return np.nan_to_num(look_variance), np.clip(np.nan_to_num(k, nan=MOST_K), LEAST_K, MOST_K)


def shrink(level: Floats, n: Floats, k: Floats) -> tuple[Floats, Floats]:
    """The mean of the stages and their levels shrunk toward it.

    A stage counts in the mean by how much of it is told by its own faces, n / (n + K).

    Args:
        level, n: (u, s); NaN where there is none.
        k: (u,) over 0.

    Returns:
        (u,) μ and (u, s) (n y + K μ) / (n + K); NaN where there is none.
    """
    own = n / (n + k[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(own * level, axis=1) / np.nansum(own, axis=1)
    return mean, shrink_toward(level, n, mean[:, None], k[:, None])


def shrink_toward(level: Floats, n: Floats, mean: Floats | float, k: Floats | float) -> Floats:
    """(n y + K μ) / (n + K); NaN where there is no level."""
    return np.asarray((n * level + k * mean) / (n + k), dtype=np.float64)


def averaged_of(values: Floats, reach: int) -> Floats:
    """An exponential average over each instant and the `reach` before it, of those that there are.

    Args:
        values: (u, s) `UPDATE_MS` apart; NaN where there is none.
        reach: how many instants before.

    Returns:
        (u - reach, s), NaN where none of them is known.
    """
    weights = np.exp(-np.arange(reach, -1, -1) * UPDATE_MS / MEMORY_MS)
    known = ~np.isnan(values)
    # Rather than what is not known, what is counts for more.
    sums = sliding_window_view(np.where(known, values, 0.0), reach + 1, axis=0) @ weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / (sliding_window_view(known, reach + 1, axis=0) @ weights), dtype=np.float64)


def _of_late(values: Floats, pooled: int) -> Floats:
    """(u,) the sum over each instant and the `pooled` before it, as far as there are."""
    padded = np.concatenate([np.zeros(pooled), values])
    return np.asarray(sliding_window_view(padded, pooled + 1).sum(axis=1), dtype=np.float64)
