"""Liveliness: how much the faces at each stage of a session show, now or at any instant before.

A figure is made in three steps, each a pure function of the windows before it:

1. The level of the last 60 s (`liveliness_sums`).
2. Shrunk toward the mean of all stages, (n y + K μ) / (n + K), the fewer faces the more: the credibility estimate of
   H. Bühlmann and E. Straub, "Glaubwürdigkeit für Schadensätze" (Mitteilungen der Vereinigung schweizerischer
   Versicherungsmathematiker 70, 1970), which is the empirical Bayes estimate of a normal model (C. N. Morris, JASA 78,
   1983). K and μ are told from the stages themselves.
3. An exponential average over the last 20 s, cut off there, so that a figure depends on a bounded past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audience.liveliness_sums import MINUTE_MS, StageSums, stretches

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

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
