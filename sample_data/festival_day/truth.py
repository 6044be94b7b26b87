"""Ground truth of a simulated stage: its sets, and the shares of people who smile or look surprised.

A set has its own level, rises toward its end, drifts by an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein, Physical
Review 36, 1930) with a memory of minutes, and is livelier at the end of each song. Comedy surprises too. Between sets
hardly anybody smiles. The ranges are assumptions, because no festival has been measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.timelines import Segment
from sample_data.crowd import largest_confidence

Floats = NDArray[np.float64]

STEP_S = 10
"""Step of the curves, seconds, with linear interpolation."""

_DRIFT_MEMORY_S, _DRIFT = 360.0, 0.06
_FIRST = (
    "Night",
    "Paper",
    "Copper",
    "Quiet",
    "Seven",
    "Little",
    "Brass",
    "Velvet",
    "Salt",
    "Northern",
    "Glass",
    "Late",
)
_SECOND = ("Ferries", "Looms", "Parade", "Harbour", "Owls", "Orchestra", "Lanterns", "Saints", "Weather", "Trains")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCurves:
    """One stage's day, (n,) each, at every `STEP_S` from 0 to the day's end.

    Attributes:
        at_s: seconds of the day.
        smiling: share of its people who smile, 0..1.
        surprised: share who look surprised, 0..1.
        presence: share of its people who are there, 0..1.
        sets: the sets, in seconds of the day.
    """

    at_s: Floats
    smiling: Floats
    surprised: Floats
    presence: Floats
    sets: tuple[Segment, ...]

    def share(self, day_s: Floats) -> Floats:
        """The share of its people who smile or look surprised at some seconds of the day, 0..1."""
        smiling, surprised = self._at(day_s)
        return np.asarray(1 - (1 - smiling) * (1 - surprised), dtype=np.float64)

    def liveliness(self, day_s: Floats) -> Floats:
        """The true liveliness at some seconds of the day, 0..1.

        It is the expected largest confidence in smile, happy and surprised, over all its people.
        """
        smiling, surprised = self._at(day_s)
        return np.asarray(
            (1 - smiling) * (1 - surprised) * largest_confidence(smiles=False, surprised=False)
            + smiling * (1 - surprised) * largest_confidence(smiles=True, surprised=False)
            + (1 - smiling) * surprised * largest_confidence(smiles=False, surprised=True)
            + smiling * surprised * largest_confidence(smiles=True, surprised=True),
            dtype=np.float64,
        )

    def _at(self, day_s: Floats) -> tuple[Floats, Floats]:
        return np.interp(day_s, self.at_s, self.smiling), np.interp(day_s, self.at_s, self.surprised)


def act_titles(rng: np.random.Generator) -> Iterator[str]:
    """Yields invented names of acts, endlessly; none repeats before all were used."""
    while True:
        for number in rng.permutation(len(_FIRST) * len(_SECOND)).tolist():
            first, second = divmod(number, len(_SECOND))
            yield f"The {_FIRST[first]} {_SECOND[second]}"


def true_curves(length_s: int, *, comedy: bool, titles: Iterator[str], rng: np.random.Generator) -> TrueCurves:
    """Generates one stage's day.

    Args:
        length_s: length of the day.
        comedy: whether people are surprised too.
        titles: names of acts.
        rng: random generator.
    """
    at_s = np.arange(0, length_s + STEP_S, STEP_S, dtype=np.float64)
    smiling = np.full(len(at_s), rng.uniform(0.06, 0.12))
    surprised = np.full(len(at_s), 0.02)
    presence = np.full(len(at_s), 0.4)
    sets = []
    begins = rng.uniform(0, 1500)
    while begins < length_s - 60:
        ends = min(begins + rng.uniform(2400, 4500), float(length_s))
        sets.append(Segment(title=next(titles), start_s=round(begins), end_s=round(ends)))
        during = (at_s >= begins) & (at_s < ends)
        within = at_s[during]
        level = rng.uniform(0.12, 0.5) * (0.85 + 0.3 * (within - begins) / (ends - begins))
        smiling[during] = level + _DRIFT * _drift(len(within), rng) + _applause(within, begins, ends, rng)
        if comedy:
            surprised[during] = 0.1 + 0.05 * _drift(len(within), rng)
        presence[during] = 1.0
        begins = ends + rng.uniform(720, 1500)
    # Smoothed, because crowds do not change within ten seconds.
    return TrueCurves(
        at_s=at_s,
        smiling=_smoothed(np.clip(smiling, 0.03, 0.92)),
        surprised=_smoothed(np.clip(surprised, 0.01, 0.4)),
        presence=_smoothed(presence),
        sets=tuple(sets),
    )


def _drift(n: int, rng: np.random.Generator) -> Floats:
    """(n,) steps of a stationary process with mean 0 and standard deviation 1."""
    decay = np.exp(-STEP_S / _DRIFT_MEMORY_S)
    steps = rng.standard_normal(n)
    values = np.empty(n)
    value = steps[0] if n else 0.0
    for place in range(n):
        value = decay * value + np.sqrt(1 - decay**2) * steps[place]
        values[place] = value
    return values


def _applause(at_s: Floats, begins: float, ends: float, rng: np.random.Generator) -> Floats:
    songs = np.cumsum(rng.uniform(180, 360, int((ends - begins) / 180) + 1)) + begins
    loud = [(song, 0.06, 15.0) for song in songs if song < ends - 90] + [(ends - 30, 0.15, 40.0)]
    rises = [height * np.exp(-(((at_s - at) / width) ** 2)) for at, height, width in loud]
    return np.asarray(np.sum(rises, axis=0), dtype=np.float64)


def _smoothed(values: Floats) -> Floats:
    """The moving mean over 50 s."""
    return np.convolve(np.pad(values, 2, mode="edge"), np.full(5, 0.2), mode="valid")
