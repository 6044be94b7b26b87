"""Moments of nothing, and moments where there are some.

Sessions in which nothing happens are simulated over the whole range that moments are told in: few faces and many, rare
expressions and common ones, faces kept for 3 to 60 s, shares that stand still or wander in waves, irregularly, or
roughly as a random walk does, ten minutes to three hours, and clips under three minutes. A first look at every kind
finds those in which most is told; these are simulated anew, with other seeds, so that the worst figure is not the worst
of luck.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from audience.reaction.moments import Moment, moments
from bench.figures import Figure, rate
from tests.crowds import crowds, from_counts, planted, wandering

FACES: Final = (5, 6, 12, 24, 46, 300)
SHARES: Final = (0.005, 0.03, 0.1, 0.2, 0.5)
LASTS_S: Final = (3, 10, 30, 60)
HOW: Final = ("", "in waves", "irregularly", "roughly")
WANDERS: Final = ((0, 0), (600, 1), (600, 2), (600, 3))
"""Seconds there and back again, 0 for none; and how, as `HOW` has it."""

SESSIONS: Final = {600: 8, 3600: 3, 10_800: 1}
"""By seconds, how many sessions of each kind there are in the first look."""
CLIPS: Final = {50: 8, 100: 8, 170: 8}
WORST: Final = 4
AGAIN: Final = 600

PLANTED: Final = {
    (46, 25, 0.6, 4): 0.98,
    (120, 20, 0.45, 4): 0.98,
    (24, 30, 0.7, 4): 0.98,
    (46, 25, 0.45, 4): 0.78,
    (24, 25, 0.5, 4): 0.62,
    (46, 25, 0.6, 10): 0.81,
    (46, 25, 0.6, 20): 0.2,
}
"""Faces, seconds and height of a peak in 51 minutes whose usual share is .2, for how long people keep a face; and how
many are to be found at least."""
AT_S: Final = 1860
FOUND_OF: Final = 400

_AT_ONCE: Final = 400


@dataclass(frozen=True, slots=True)
class Kind:
    """Sessions in which nothing happens."""

    length_s: int
    faces: int
    share: float
    lasts_s: int
    every_s: int
    how: int

    def __str__(self) -> str:
        wanders = f", wandering {HOW[self.how]} within {self.every_s} s" if self.every_s else ""
        return f"{self.faces} faces, share {self.share:g}, kept {self.lasts_s} s, {self.length_s} s long{wanders}"


@dataclass(slots=True)
class Told:
    """In how many sessions any moment was told, and a very sure one."""

    sessions: int = 0
    any: int = 0
    sure: int = 0

    def add(self, found: Sequence[Moment]) -> None:
        self.sessions += 1
        self.any += bool(found)
        self.sure += any(moment.sure == "very sure" for moment in found)


def run() -> Iterator[Figure]:
    """What is told of nothing, and what is found."""
    yield from _of_nothing("10 min to 3 h", SESSIONS)
    yield from _of_nothing("clips", CLIPS)
    yield from _found()


def _of_nothing(name: str, sessions: Mapping[int, int]) -> Iterator[Figure]:
    kinds = [
        Kind(length_s, faces, share, lasts_s, *wanders)
        for length_s, faces, share, lasts_s, wanders in itertools.product(sessions, FACES, SHARES, LASTS_S, WANDERS)
    ]
    first = _told([kind for kind in kinds for _ in range(sessions[kind.length_s])], seed=1)
    told = sum(one.any for one in first.values())
    of = sum(one.sessions for one in first.values())
    yield rate(f"empty sessions, {name}, all kinds: showing a moment", told, of, reach=0.05)
    worst = sorted(kinds, key=lambda kind: (first[kind].any / first[kind].sessions, first[kind].any))[-WORST:]
    again = _told([kind for kind in worst for _ in range(AGAIN)], seed=2)
    kind, most = max(again.items(), key=lambda item: item[1].any)
    yield rate(f"empty sessions, {name}, worst kind ({kind}): showing a moment", most.any, most.sessions, reach=0.06)
    most = max(again.values(), key=lambda one: one.sure)
    yield rate(f"empty sessions, {name}, worst kind: a very sure one", most.sure, most.sessions, reach=0.01)


def _told(kinds: Sequence[Kind], *, seed: int) -> dict[Kind, Told]:
    """What is told of a session of each of these kinds."""
    told: dict[Kind, Told] = {}
    alike = sorted(kinds, key=lambda kind: (kind.length_s, kind.how))
    for (length_s, how), group in itertools.groupby(alike, lambda kind: (kind.length_s, kind.how)):
        of_group = list(group)
        for number in range(0, len(of_group), _AT_ONCE):
            some = of_group[number : number + _AT_ONCE]
            _, faces, share, lasts_s, every_s, _ = np.array([astuple(kind) for kind in some], dtype=np.float64).T
            true = wandering(
                share,
                length_s,
                every_s=every_s,
                irregular=HOW[how] == "irregularly",
                rough=HOW[how] == "roughly",
                seed=seed + number,
            )
            people = np.round(faces).astype(np.int64)
            # Nobody looks away: of five faces, fewer would be withheld.
            counts = crowds(true, people, lasts_s=lasts_s, in_view=1 - 1e-9, seed=seed + number)
            for session, kind in enumerate(some):
                windows = from_counts(*(count[:, session] for count in counts))
                told.setdefault(kind, Told()).add(moments(windows, "smile"))
    return told


def _found() -> Iterator[Figure]:
    """Peaks that were planted, found within 12 s; and whether they are told once."""
    for (people, lasts_s, height, kept_s), least in PLANTED.items():
        share = np.repeat(planted(3060, (AT_S, lasts_s, height)), FOUND_OF, axis=1)
        counts = crowds(share, np.full(FOUND_OF, people), lasts_s=np.full(FOUND_OF, float(kept_s)), seed=people)
        told = [moments(from_counts(*(count[:, number] for count in counts)), "smile") for number in range(FOUND_OF)]
        hits = [any(one.kind == "peak" and abs(one.session_s - AT_S) <= 12 for one in found) for found in told]
        name = f"a peak of {people} faces from .2 to {height:g} for {lasts_s} s, faces kept {kept_s} s"
        yield rate(f"{name}: found", sum(hits), FOUND_OF, reach=least, direction="at least")
        near = sum(any(abs(one.session_s - AT_S) <= 60 for one in found) for found in told)
        twice = sum(sum(abs(one.session_s - AT_S) <= 60 for one in found) > 1 for found in told)
        if near:
            yield rate(f"{name}: told twice", twice, near, reach=0.02)
