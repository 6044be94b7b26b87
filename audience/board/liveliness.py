"""Liveliness: how expressive the faces at each stage of a session are, at any instant.

A figure is computed in three steps, each a pure function of earlier windows:

1. The level of the last 60 s: the mean over the faces of the largest of three confidences. Records hold sums by
   expression, not each face's largest, so it is computed from the sums (docs/decisions/0017-liveliness.md gives the
   error).
2. Shrunk toward the mean of all stages, (n y + K μ) / (n + K), the fewer faces the more: the credibility estimate of H.
   Bühlmann and E. Straub, "Glaubwürdigkeit für Schadensätze" (Mitteilungen der Vereinigung schweizerischer
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
"""The expressions that contribute to liveliness."""

MINUTE_MS = 60_000
SHORTEST_MS = 10_000
"""The shortest total of figures in a minute for it to have a figure."""

_LARGEST_Z = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSums:
    """A stage's windows, summed over its cameras, sorted by end; (n,) or (n, 3) by `LIVELY`.

    Attributes:
        stage: the stage.
        width_ms: width of each window.
        end_ms: (n,) end of the window, milliseconds since the epoch.
        faces: (n,) faces in view, also where figures are withheld.
        scored: (n, 3) faces behind the figures; 0 where they are withheld or excluded.
        total: (n, 3) Σ confidence.
        squares: (n, 3) Σ confidence².
        scorers: names of the scorers.
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
    """Means over stretches that end at some instants; (u,) each, NaN where there is no figure.

    Attributes:
        level: mean over the faces of the largest confidence, 0..1.
        spread: its variance between faces.
        n: mean number of faces behind the figure.
        lead: index into `LIVELY` of the strongest expression; -1 without a figure.
        faces: mean number of faces in view; NaN if no camera recorded.
    """

    level: Floats
    spread: Floats
    n: Floats
    lead: Ints
    faces: Floats


def stage_sums(stage: Stage, cameras: Sequence[Camera], table: WindowTable) -> StageSums:
    """Sums a stage's windows over its cameras, of which overlapping ones count once.

    Records of fewer than five faces and excluded windows lose their figures first.

    Before figures are shown, small rooms must be removed too (`without_small_rooms`).

    Args:
        stage: the stage.
        cameras: its cameras, which name those they overlap with.
        table: its windows from the store, of any stretch.
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


def without_small_rooms(sums: StageSums) -> StageSums:
    """Removes the figures of windows with twenty faces or fewer, which a board may not show.

    A board covers some minutes only, so it cannot keep to one number of faces as a session's page does
    (`disclosure.shown_cells`): in a small room it would reveal each person who comes or goes.
    """
    few = sums.scored <= SMALL_ROOM
    return replace(
        sums,
        scored=np.where(few, 0, sums.scored),
        total=np.where(few, 0.0, sums.total),
        squares=np.where(few, 0.0, sums.squares),
    )


def stretches(sums: StageSums, until_ms: Ints, length_ms: int = MINUTE_MS, shortest_ms: int = SHORTEST_MS) -> Stretches:
    """Means over the stretches [until - length, until], of windows that lie completely within.

    Args:
        sums: the stage's windows.
        until_ms: (u,) ends of the stretches, milliseconds since the epoch.
        length_ms: length of each stretch.
        shortest_ms: the least time with figures for a stretch to have a figure.
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
        # Rounding may push a sum of confidences past its maximum.
        level = np.where(windows > 0, np.clip(within(sums.total) / scored, 0, 1), np.nan)
        spread = np.maximum(within(sums.squares) / scored - level**2, 0.0)
        n = np.where(windows > 0, scored / windows, np.nan)
        faces = np.where(last > first, within(sums.faces) / (last - first), np.nan)
    # Most scorers treat smile and happy alike, so the one with the higher level represents both.
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
    """Mean and variance of the larger of two confidences, from the mean and variance of each.

    Assumes independent normal variables (C. E. Clark, "The Greatest of a Finite Set of Random Variables", Operations
    Research 9, 1961): with θ² = σ₁² + σ₂² and a = (μ₁ - μ₂) / θ the mean is μ₁ Φ(a) + μ₂ Φ(-a) + θ φ(a).

    Args:
        one, other: (u,) means; if one is NaN, the other is returned.
        one_spread, other_spread: (u,) variances.

    Returns:
        (u,) each; NaN if both are. The mean is clipped to 1.
    """
    theta = np.sqrt(one_spread + other_spread)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        alpha = np.where(theta > 0, (one - other) / theta, np.where(one >= other, np.inf, -np.inf))
    # Beyond this Φ is exactly 0 or 1 in floating point, and a larger square may overflow.
    alpha = np.clip(alpha, -_LARGEST_Z, _LARGEST_Z)
    first, density = _normal_cdf(alpha), np.exp(-(alpha**2) / 2) / np.sqrt(2 * np.pi)
    second = 1 - first
    mean = one * first + other * second + theta * density
    square = (one_spread + one**2) * first + (other_spread + other**2) * second + (one + other) * theta * density
    alone, alone_spread = (np.where(np.isnan(other), *pair) for pair in ((one, other), (one_spread, other_spread)))
    both = ~np.isnan(one) & ~np.isnan(other)
    return np.where(both, np.minimum(mean, 1.0), alone), np.where(both, np.maximum(square - mean**2, 0.0), alone_spread)


def _normal_cdf(z: Floats) -> Floats:
    """(u,) Φ(z), the normal distribution function, without scipy, which is too large for the Lambda package."""
    return np.array(list(map(math.erfc, (-z / math.sqrt(2)).tolist())), dtype=np.float64) / 2


def _higher(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """(u,) whether the first level is known and greater than the second, or the second is unknown."""
    with np.errstate(invalid="ignore"):
        return np.asarray(~np.isnan(one) & ~(one <= other), dtype=bool)


UPDATE_MS = 2_000
"""Figures are updated at every multiple of this since the epoch, so that everybody sees the same ones."""

INDEPENDENT_LOOKS = 4.0
"""The assumed number of independent observations in a minute of one face; conservative."""

LEAST_K, MOST_K = 2.0, 60.0
"""Bounds of K, in faces, because few stages give a poor estimate of their variance."""

POOLED_MS = 300_000
"""The period over which differences between stages are estimated."""

AVERAGED_MS = 20_000
MEMORY_MS = 5_000
"""The exponential average: its length, and its time constant."""

Z = 1.39
"""Intervals of this many standard errors overlap unless the two differ at about 5 % (H. Goldstein and M. J. R. Healy,
"The Graphical Presentation of a Collection of Means", JRSS A 158, 1995)."""

NEEDED_MS = POOLED_MS + AVERAGED_MS + MINUTE_MS
"""How far back the windows reach that a figure depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveliness:
    """Figures of s stages at u instants, `UPDATE_MS` or another time apart; (u, s) unless noted, NaN where none.

    Attributes:
        at_ms: (u,) the instants.
        figure: 0..1.
        low, high: its interval; figures whose intervals do not overlap differ at the 5 % level.
        level: mean confidence over the last minute, as measured.
        n: mean number of faces behind it.
        lead: index into `LIVELY` of the strongest expression; -1 for none.
        faces: mean number of faces in view over the last minute, also where figures are withheld; NaN if no camera
            recorded.
        mean: (u,) the mean that figures are shrunk toward.
        k: (u,) weight of the mean, in faces.
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


def liveliness(stages: Sequence[StageSums], from_ms: int, until_ms: int, *, every_ms: int = UPDATE_MS) -> Liveliness:
    """Computes the figures at every multiple of `every_ms` in [from_ms, until_ms].

    Args:
        stages: their windows from `from_ms - NEEDED_MS` on; windows after an instant do not affect its figures.
        from_ms, until_ms: milliseconds since the epoch.
        every_ms: `UPDATE_MS`; or the width of wider windows, of which one makes a figure: over `AVERAGED_MS`, so that
            nothing is averaged over time.
    """
    first = -(-from_ms // every_ms) * every_ms
    averaged, pooled = AVERAGED_MS // every_ms, POOLED_MS // every_ms
    at_ms = np.arange(first - (averaged + pooled) * every_ms, until_ms + 1, every_ms, dtype=np.int64)
    minutes = [stretches(stage, at_ms) for stage in stages]

    def columns(name: str) -> Floats:
        return np.stack([getattr(minute, name) for minute in minutes], axis=1) if minutes else np.empty((len(at_ms), 0))

    level, n = columns("level"), columns("n")
    face_variance, k = between_stages(level, columns("spread"), n, pooled)
    level, n, k, face_variance = level[pooled:], n[pooled:], k[pooled:], face_variance[pooled:]
    mean, shrunk = shrink(level, n, k)
    figure = exponential_average(shrunk, averaged)
    level, n, k, mean = level[averaged:], n[averaged:], k[averaged:], mean[averaged:]
    figure = np.where(np.isnan(level), np.nan, figure)
    half = Z * np.sqrt(face_variance[averaged:, None] / INDEPENDENT_LOOKS / (n + k[:, None]))
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
    """The variance between faces, and the weight of the other stages in a stage's figure.

    With N = Σn, y̅ the mean over faces and σ² the variance between faces within stages (one observation each), the
    variance between stages is, by moments,

        τ² = (Σ n (y - y̅)² - (s - 1) σ²/L) / (N - Σ n²/N),    K = σ² / (L τ²),

    Bühlmann and Straub's estimator; with weights known it is R. DerSimonian and N. Laird's (Controlled Clinical Trials
    7, 1986). Numerator and denominator are each summed over the last `pooled` instants before they are divided.

    Args:
        level, spread, n: (u, s) of each stage's minute; NaN where there is none.
        pooled: number of earlier instants to sum over.

    Returns:
        σ² and K at each instant, (u,) each; K is within `LEAST_K` and `MOST_K`.
    """
    faces = np.nan_to_num(n)
    total = faces.sum(axis=1)
    stages = (faces > 0).sum(axis=1)
    level, spread = np.nan_to_num(level), np.nan_to_num(spread)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        face_variance = _trailing_sum((faces * spread).sum(axis=1), pooled) / _trailing_sum(total, pooled)
        mean = (faces * level).sum(axis=1) / total
        apart = np.nan_to_num((faces * (level - mean[:, None]) ** 2).sum(axis=1))
        weight = np.nan_to_num(total - (faces**2).sum(axis=1) / total)
        degrees = _trailing_sum(np.maximum(stages - 1, 0).astype(np.float64), pooled)
        between = (_trailing_sum(apart, pooled) - degrees * face_variance / INDEPENDENT_LOOKS) / _trailing_sum(
            weight, pooled
        )
        k = np.where(between > 0, face_variance / INDEPENDENT_LOOKS / between, MOST_K)
    return np.nan_to_num(face_variance), np.clip(np.nan_to_num(k, nan=MOST_K), LEAST_K, MOST_K)


def shrink(level: Floats, n: Floats, k: Floats) -> tuple[Floats, Floats]:
    """The mean of the stages, and their levels shrunk toward it.

    A stage's weight in the mean is n / (n + K).

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


def exponential_average(values: Floats, reach: int) -> Floats:
    """An exponential average over each instant and the `reach` before it, ignoring NaN.

    Args:
        values: (u, s), `UPDATE_MS` apart; NaN where there is none.
        reach: number of earlier instants.

    Returns:
        (u - reach, s); NaN where all are NaN.
    """
    weights = np.exp(-np.arange(reach, -1, -1) * UPDATE_MS / MEMORY_MS)
    known = ~np.isnan(values)
    # Renormalise the weights over the known values.
    sums = sliding_window_view(np.where(known, values, 0.0), reach + 1, axis=0) @ weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / (sliding_window_view(known, reach + 1, axis=0) @ weights), dtype=np.float64)


def _trailing_sum(values: Floats, pooled: int) -> Floats:
    """(u,) the sum over each instant and the `pooled` before it; fewer at the start."""
    padded = np.concatenate([np.zeros(pooled), values])
    return np.asarray(sliding_window_view(padded, pooled + 1).sum(axis=1), dtype=np.float64)
