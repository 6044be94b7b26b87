"""Time offsets between two recordings, from their sound or from two audiences' reactions to the same film.

Each recording becomes rows of features along time, and the proposed offset maximises their cross-correlation. It is
trusted if it fits clearly better than any other offset, and better than the best offsets of shuffled data, whose pieces
were shifted against each other: that keeps everything but a common offset.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import uniform_filter1d

from audience.errors import InvalidValue

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

SOUND_RATE = 8000  # samples a second
SOUND_STEP_S = 0.04
_HOP = round(SOUND_RATE * SOUND_STEP_S)
_SPAN = 2 * _HOP
# Eight bands that contain speech and music and that small speakers and microphones still reproduce.
_BAND_EDGES_HZ = np.geomspace(200.0, 3600.0, 9)
# Loudness relative to the second around it, because rooms and microphones change loudness, but not its changes.
_AROUND_S = 1.0
_AROUND_REACTION_S = 60.0
_CLIPPED = 3.0  # standard deviations, so that one clap does not outweigh a minute

PIECES = 16
SHUFFLES = 99
LEAST_OVERLAP_SOUND_S = 20.0
LEAST_OVERLAP_REACTION_S = 300.0
# One in twenty unrelated recordings reaches this margin; fewer than one in a hundred also beats all its shuffles.
LEAST_MARGIN = 1.3
_PEAK_S = 2.0  # offsets this close to the best belong to the same peak


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """The offset at which two recordings fit best.

    Attributes:
        offset_s: second of the first recording at which the second begins; negative if it began earlier.
        overlap_s: how long both ran at this offset, seconds.
        margin: fit relative to the next best offset, 1 or more.
        chance: share of shuffled data with an offset that fits as well, at least 1 / (`SHUFFLES` + 1).
    """

    offset_s: float
    overlap_s: float
    margin: float
    chance: float

    @property
    def sure(self) -> bool:
        """Whether the offset can be trusted."""
        return self.margin >= LEAST_MARGIN and self.chance * (SHUFFLES + 1) < 1.5


def align_sound(audience: Singles, original: Singles, *, seed: int = 0) -> Alignment | None:
    """Finds where the original began in a recording of the audience, from the sound of both.

    Args:
        audience, original: results of `sound_features`.
        seed: seed of the shuffling.

    Returns:
        The best offset; None if one of them is shorter than 20 s or silent.
    """
    return _aligned(audience, original, SOUND_STEP_S, LEAST_OVERLAP_SOUND_S, seed)


def align_reactions(share: Floats, other: Floats, step_s: float, *, seed: int = 0) -> Alignment | None:
    """Finds where another audience's reaction to the same film began in this one's.

    Args:
        share, other: (n,) and (m,) a share or level along time, `step_s` apart; NaN where there is no figure.
        step_s: seconds from one value to the next, over 0.
        seed: seed of the shuffling.

    Returns:
        The best offset; None if one of them has figures for less than five minutes, or never changes.

    Raises:
        InvalidValue: `step_s` is not over 0.
    """
    if not 0 < step_s < np.inf:
        raise InvalidValue(f"figures {step_s:g} s apart cannot be aligned: give a step over 0 s")
    ours, theirs = (_normalised(values, round(_AROUND_REACTION_S / step_s))[None] for values in (share, other))
    return _aligned(ours, theirs, step_s, LEAST_OVERLAP_REACTION_S, seed)


def sound_features(blocks: Iterable[NDArray[np.float32]]) -> Singles:
    """Loudness features of a recording's sound.

    Args:
        blocks: one channel at `SOUND_RATE` samples a second, -1..1, in blocks of any length.

    Returns:
        (bands, n) loudness relative to the second around it, `SOUND_STEP_S` apart. Memory is proportional to these.
    """
    loudness = list(_loudness(blocks))
    if not loudness:
        return np.zeros((len(_BAND_EDGES_HZ) - 1, 0), dtype=np.float32)
    rows = np.concatenate(loudness).T
    return np.stack([_normalised(row, round(_AROUND_S / SOUND_STEP_S)) for row in rows])


def _loudness(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Singles]:
    """Yields the log energy in each band, (frames, bands) per block."""
    window = np.hanning(_SPAN).astype(np.float32)
    bins = np.searchsorted(np.fft.rfftfreq(_SPAN, 1 / SOUND_RATE), _BAND_EDGES_HZ)
    rest = np.zeros(0, dtype=np.float32)
    for block in blocks:
        samples = np.concatenate([rest, block])
        count = max(0, (len(samples) - _SPAN) // _HOP + 1)
        rest = samples[count * _HOP :]
        if count:
            frames = np.lib.stride_tricks.sliding_window_view(samples, _SPAN)[: count * _HOP : _HOP]
            power = np.abs(rfft(frames * window, axis=1)) ** 2
            energy = np.add.reduceat(power, bins[:-1], axis=1)
            yield np.log(energy + 1e-6).astype(np.float32)


def _normalised(values: NDArray[np.floating], around: int) -> Singles:
    """Values less the mean of those around them, in standard deviations, clipped; NaN stays NaN."""
    known = ~np.isnan(values)
    size = 2 * (around // 2) + 1
    sums = uniform_filter1d(np.where(known, values, 0.0).astype(np.float64), size, mode="constant")
    counts = uniform_filter1d(known.astype(np.float64), size, mode="constant")
    out = np.where(known, values - sums / np.maximum(counts, 1e-12), np.nan)
    spread = np.nanstd(out) if known.any() else 0.0
    # A constant has no information, and neither has its rounding error.
    if not spread > 1e-9:
        return np.where(known, 0.0, np.nan).astype(np.float32)
    clipped = np.clip(out / spread, -_CLIPPED, _CLIPPED)
    return np.asarray(clipped - np.nanmean(clipped), dtype=np.float32)


def _aligned(first: Singles, second: Singles, step_s: float, least_overlap_s: float, seed: int) -> Alignment | None:
    least = least_overlap_s / step_s
    if min(_known(first), _known(second)) < least or not (np.any(first) and np.any(second)):
        return None
    products, overlaps = _pieces(first, second)
    fit = _fit(products.sum(axis=0), overlaps.sum(axis=0), least)
    best = int(np.argmax(fit))
    if not np.isfinite(fit[best]) or fit[best] <= 0:
        return None
    reach = round(_PEAK_S / step_s)
    elsewhere = np.roll(fit, -best)[reach + 1 : len(fit) - reach]
    margin = fit[best] / max(float(elsewhere.max()), 1e-12)
    lag = best + _peak_shift(fit[best - 1], fit[best], fit[(best + 1) % len(fit)])
    if best > first.shape[1]:
        lag -= len(fit)
    return Alignment(
        offset_s=lag * step_s,
        overlap_s=float(overlaps.sum(axis=0)[best]) * step_s,
        margin=max(1.0, float(margin)),
        chance=_chance(products, overlaps, least, float(fit[best]), seed),
    )


def _known(rows: Singles) -> int:
    return int((~np.isnan(rows[0])).sum())


def _pieces(first: Singles, second: Singles) -> tuple[Singles, Singles]:
    """For each piece of the first and each lag: the products summed over rows and time, and their number."""
    n = first.shape[1]
    size = next_fast_len(n + second.shape[1], real=True)
    spectra = np.conj(rfft(np.nan_to_num(second), size, axis=1))
    mask = np.conj(rfft((~np.isnan(second[0])).astype(np.float32), size))
    products = np.empty((PIECES, size), dtype=np.float32)
    overlaps = np.empty((PIECES, size), dtype=np.float32)
    edges = np.linspace(0, n, PIECES + 1).astype(int)
    for piece, (begin, end) in enumerate(itertools.pairwise(edges)):
        alone = np.full_like(first, np.nan)
        alone[:, begin:end] = first[:, begin:end]
        together = sum(rfft(np.nan_to_num(row), size) * spectrum for row, spectrum in zip(alone, spectra, strict=True))
        products[piece] = irfft(together, size)
        overlaps[piece] = irfft(rfft((~np.isnan(alone[0])).astype(np.float32), size) * mask, size)
    return products, overlaps


def _fit(products: Singles, overlaps: Singles, least: float) -> Singles:
    """The fit at each lag: the products over the square root of the overlap, as unrelated rows vary with that."""
    enough = overlaps >= least
    return np.where(enough, products / np.sqrt(np.where(enough, overlaps, 1.0)), -np.inf).astype(np.float32)


def _chance(products: Singles, overlaps: Singles, least: float, best: float, seed: int) -> float:
    """The share of shuffled data, including the data itself, whose best offset fits at least as well."""
    random = np.random.default_rng(seed)
    size = products.shape[1]
    as_good = 1
    for _ in range(SHUFFLES):
        shifts = random.integers(0, size, len(products))
        total, overlap = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
        for piece, shift in enumerate(shifts):
            total += np.roll(products[piece], shift)
            overlap += np.roll(overlaps[piece], shift)
        as_good += bool(_fit(total, overlap, least).max() >= best)
    return as_good / (SHUFFLES + 1)


def _peak_shift(before: float, at: float, after: float) -> float:
    """Position of a peak's maximum between its neighbours, -0.5..0.5 (parabola through three points)."""
    bend = before - 2 * at + after
    return float(0.5 * (before - after) / bend) if np.isfinite(bend) and bend < 0 else 0.0
