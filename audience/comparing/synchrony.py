"""Synchrony: how alike the faces of an audience move, segment by segment.

Each track is correlated with the mean of all others in view at the time, and the correlations are averaged (the
leave-one-out form of inter-subject correlation: S. A. Nastase et al., "Measuring shared responses across subjects using
intersubject correlation", Social Cognitive and Affective Neuroscience 14, 2019). Chance is what comes out when every
track is shifted in time by a length of its own, round and round within the segment: each keeps its ups and downs and
how long they last, and what they have in common is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.comparing.tracks import Tracks
from audience.reaction.curve import StageWindows

Floats = NDArray[np.float64]

LEAST_TRACKS = 8
LEAST_S = 30.0  # of a segment, and of a track in it
MOST_TRACKS = 100  # of a segment; more would only make the same figure slower

_LEAST_OTHERS = 4  # in view with a track, so that a mean is over five at least
_SHIFTS = 199
_LEAST_SHIFTS = 99  # that leave tracks enough together, for a band


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchrony:
    """How alike the tracks of one segment move; figures are NaN where there is not enough data.

    Attributes:
        index: of the segment in the stage's first timeline.
        title: as its timeline has it.
        tracks: how many were in view for long enough; of more than `MOST_TRACKS` those in view the longest.
        seconds: of the segment in which faces have figures.
        correlation: mean correlation of a track with the others, -1..1.
        chance_low, chance_high: the middle 95 % of what shifted tracks give.
        p_value: the part of shifts that give as much, these tracks counted among them; shifts that leave too few tracks
            together are none.
    """

    index: int
    title: str
    tracks: int
    seconds: float
    correlation: float
    chance_low: float
    chance_high: float
    p_value: float

    @property
    def enough(self) -> bool:
        """Whether there is a figure; else the page says "not enough data"."""
        return not np.isnan(self.correlation)


def synchrony(windows: StageWindows, tracks: Tracks, *, seed: int) -> tuple[Synchrony, ...]:
    """The synchrony of each segment of a stage's first timeline.

    Args:
        windows: the stage's windows.
        tracks: one expression of its tracks, on the same axis.
        seed: of the shifts.

    Returns:
        One a segment, in the timeline's order; none where the stage has no timeline.
    """
    if not windows.stage.timelines:
        return ()
    count = len(windows.stage.timelines[0].segments)
    return tuple(segment_synchrony(windows, tracks, index, seed=seed) for index in range(count))


def segment_synchrony(windows: StageWindows, tracks: Tracks, index: int, *, seed: int) -> Synchrony:
    """The synchrony of one segment.

    Args:
        windows: the stage's windows.
        tracks: one expression of its tracks; those in view in the segment are enough, so that a long session can be
            read part by part.
        index: of the segment in the stage's first timeline.
        seed: of the shifts.
    """
    rng = np.random.default_rng([seed, index])
    values = tracks.at(np.flatnonzero(windows.segment == index))
    # Shifts run over the time somebody was seen in, so that nobody is shifted into a gap of the camera's.
    values = values[:, ~np.isnan(values).all(axis=0)]
    seconds = values.shape[1] * windows.width_ms / 1000
    least = LEAST_S * 1000 / windows.width_ms
    seen = np.count_nonzero(~np.isnan(values), axis=1)
    longest = np.argsort(-seen, kind="stable")[: min(MOST_TRACKS, int(np.count_nonzero(seen >= least)))]
    enough = seconds >= LEAST_S and len(longest) >= LEAST_TRACKS
    observed, shifted = _against_shifts(values[longest], least, rng) if enough else (np.nan, np.zeros(0))
    low, high = np.quantile(shifted, [0.025, 0.975]) if len(shifted) else (np.nan, np.nan)
    return Synchrony(
        index=index,
        title=windows.stage.timelines[0].segments[index].title,
        tracks=len(longest),
        seconds=seconds,
        correlation=observed,
        chance_low=float(low),
        chance_high=float(high),
        p_value=(1 + np.count_nonzero(shifted >= observed)) / (1 + len(shifted)) if len(shifted) else np.nan,
    )


def _against_shifts(values: Floats, least: float, rng: np.random.Generator) -> tuple[float, Floats]:
    """The mean correlation of tracks (t, w), and that of each shift that leaves enough of them together.

    NaN and none where too few tracks can be correlated, or too few shifts say what chance gives.
    """
    known = ~np.isnan(values)
    usual = np.nanmean(values, axis=1, keepdims=True)
    centred = np.where(known, values - usual, 0.0).astype(np.float32)
    seen = known.astype(np.float32)
    observed = _mean_correlation(centred, seen, least)
    if np.isnan(observed):
        return observed, np.zeros(0)
    count, length = values.shape
    # Twice over, a shifted track is a stretch of itself; copied so, it takes a tenth of the time of indexing.
    twice = np.tile(np.stack([centred, seen]), 2)
    moved = np.empty((2, count, length), dtype=np.float32)
    shifted = np.empty(_SHIFTS)
    for shift in range(_SHIFTS):
        for track, by in enumerate(rng.integers(0, length, size=(count,)).tolist()):
            moved[:, track] = twice[:, track, by : by + length]
        shifted[shift] = _mean_correlation(moved[0], moved[1], least)
    known = shifted[~np.isnan(shifted)]
    return (observed, known) if len(known) >= _LEAST_SHIFTS else (float("nan"), np.zeros(0))


def _mean_correlation(values: NDArray[np.float32], seen: NDArray[np.float32], least: float) -> float:
    """The mean over tracks of their correlation with the mean of the others.

    The others' mean is (S - x) / (n - 1) with S and n the sum and the number in view. Its sums are worked out from
    those of x, x² and 1 against functions of S and n alone, which is a product of matrices instead of a table of the
    others' means for every track.

    Args:
        values: (t, w) less each track's mean, 0 where it is not in view.
        seen: (t, w) 1 where it is.
        least: windows that a track must share with `_LEAST_OTHERS` others.

    Returns:
        NaN where fewer than `LEAST_TRACKS` tracks can be correlated.
    """
    total, count = values.sum(axis=0), seen.sum(axis=0)
    counts = (count > _LEAST_OTHERS).astype(np.float32)
    part = counts / np.maximum(count - 1, 1)
    mean = total * part
    of_seen = (seen @ np.stack([counts, mean, mean * mean], axis=1)).astype(np.float64)
    of_values = (values @ np.stack([counts, part, mean, mean * part], axis=1)).astype(np.float64)
    of_squares = ((values * values) @ np.stack([counts, part, part * part], axis=1)).astype(np.float64)
    n, own, own_squares = of_seen[:, 0], of_values[:, 0], of_squares[:, 0]
    others = of_seen[:, 1] - of_values[:, 1]
    others_squares = of_seen[:, 2] - 2 * of_values[:, 3] + of_squares[:, 2]
    products = of_values[:, 2] - of_squares[:, 1]
    spread = (n * own_squares - own**2) * (n * others_squares - others**2)
    # A face that never moves is neither alike nor unlike.
    usable = (n >= least) & (spread > 1e-9 * n**4)
    if np.count_nonzero(usable) < LEAST_TRACKS:
        return float("nan")
    correlations = (n * products - own * others)[usable] / np.sqrt(spread[usable])
    return float(np.clip(correlations, -1, 1).mean())
