"""Synchrony: how similarly the faces of an audience move, by segment.

Each track is correlated with the mean of all others in view at the time, and the correlations are averaged (the
leave-one-out form of inter-subject correlation: S. A. Nastase et al., "Measuring shared responses across subjects using
intersubject correlation", Social Cognitive and Affective Neuroscience 14, 2019). The null distribution comes from
shifting every track circularly within the segment by a random length: each keeps its own dynamics, and what they have
in common is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.comparing.tracks import Tracks
from audience.reaction.curve import StageWindows

Floats = NDArray[np.float64]

LEAST_TRACKS = 8
LEAST_S = 30.0  # length of a segment, and of a track in it
MOST_TRACKS = 100  # per segment; more would take longer for the same result

_LEAST_OTHERS = 4  # other tracks in view, so that a mean covers at least five
_SHIFTS = 199
_LEAST_SHIFTS = 99  # usable shifts for a band


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchrony:
    """The synchrony of one segment; figures are NaN where there is not enough data.

    Attributes:
        index: index of the segment in the stage's first timeline.
        title: title of the segment.
        tracks: number of tracks in view for long enough; at most `MOST_TRACKS`, those in view the longest.
        seconds: seconds of the segment with figures of faces.
        correlation: mean correlation of a track with the others, -1..1.
        chance_low, chance_high: the middle 95 % of the null distribution.
        p_value: fraction of shifts with at least this correlation, including the observed data; unusable shifts are not
            counted.
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
        """Whether there is enough data for a figure."""
        return not np.isnan(self.correlation)


def synchrony(windows: StageWindows, tracks: Tracks, *, seed: int) -> tuple[Synchrony, ...]:
    """The synchrony of each segment of a stage's first timeline.

    Args:
        windows: the stage's windows.
        tracks: one expression of its tracks, on the same axis.
        seed: seed of the shifts.

    Returns:
        One per segment, in the timeline's order; none if the stage has no timeline.
    """
    if not windows.stage.timelines:
        return ()
    count = len(windows.stage.timelines[0].segments)
    return tuple(segment_synchrony(windows, tracks, index, seed=seed) for index in range(count))


def segment_synchrony(windows: StageWindows, tracks: Tracks, index: int, *, seed: int) -> Synchrony:
    """The synchrony of one segment.

    Args:
        windows: the stage's windows.
        tracks: one expression of its tracks; those in view in the segment suffice, so that a long session can be read
            in parts.
        index: index of the segment in the stage's first timeline.
        seed: seed of the shifts.
    """
    rng = np.random.default_rng([seed, index])
    values = tracks.at(np.flatnonzero(windows.segment == index))
    # Only windows with faces, so that no track is shifted into a gap of the recording.
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
    """The mean correlation of tracks (t, w), and that of each usable shift.

    NaN and an empty array if too few tracks can be correlated, or too few shifts are usable.
    """
    known = ~np.isnan(values)
    usual = np.nanmean(values, axis=1, keepdims=True)
    centred = np.where(known, values - usual, 0.0).astype(np.float32)
    seen = known.astype(np.float32)
    observed = _mean_correlation(centred, seen, least)
    if np.isnan(observed):
        return observed, np.zeros(0)
    count, length = values.shape
    # In a doubled track, a circular shift is a slice: ten times faster than indexing.
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

    The others' mean is (S - x) / (n - 1), where S and n are the sum and the number in view. Its sums follow from those
    of x, x² and 1 against functions of S and n alone, which are matrix products.

    Args:
        values: (t, w) confidences less each track's mean; 0 where it is not in view.
        seen: (t, w) 1 where a track is in view.
        least: windows that a track must share with `_LEAST_OTHERS` others.

    Returns:
        NaN if fewer than `LEAST_TRACKS` tracks can be correlated.
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
    # A constant track has no correlation.
    usable = (n >= least) & (spread > 1e-9 * n**4)
    if np.count_nonzero(usable) < LEAST_TRACKS:
        return float("nan")
    correlations = (n * products - own * others)[usable] / np.sqrt(spread[usable])
    return float(np.clip(correlations, -1, 1).mean())
