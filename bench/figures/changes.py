"""Whether the interval of a segment's change holds none where there is none, and tells one where there is.

Nothing is shown that anybody reacts to: people keep their faces for 3 to 60 s, and the share stands still or wanders.
Then segments differ, each by so much, and stand still within.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.reaction.segments import segment_rows
from bench.figures import Figure, mean_rate
from tests.builders import a_cue, a_stage, a_timeline
from tests.crowds import crowds, from_counts, wandering

SESSIONS: Final = 200
LAYOUTS: Final = {
    "slides of 2 to 10 min": (120, 120, 300, 300, 600, 600),
    "slides of 5 min": (300,) * 12,
    "slides of 2 min": (120,) * 5,
    "scenes of 1 min": (60,) * 15,
    "two halves of an hour": (1800, 1800),
}
CROWDS: Final = ((46, 0.2), (6, 0.3), (300, 0.5), (24, 0.03))
"""Faces, and the share that smile; the first of them in every layout, all in the first."""
LASTS_S: Final = (3, 10, 20, 30, 60)
WANDERS: Final = ((600, False), (600, True), (1200, False), (2400, False), (2400, True))
SWING: Final = 0.3
DIFFER: Final = 0.08
"""Standard deviation of what segments show on average, where they differ."""


def run() -> Iterator[Figure]:
    """By how long people keep a face, and by how the share wanders; the worst of the layouts and crowds."""
    for name, lengths in LAYOUTS.items():
        crowds_here = CROWDS if lengths == LAYOUTS["slides of 2 to 10 min"] else CROWDS[:1]
        for lasts_s in LASTS_S:
            held = min(
                (_held(lengths, people, _level(share, lengths), lasts_s) for people, share in crowds_here),
                key=lambda rates: float(np.mean(rates)),
            )
            yield _at_least(f"{name}, faces kept {lasts_s} s: intervals of a change that hold it", held)
        for every_s, irregular in WANDERS:
            people, share = CROWDS[0]
            wanders = wandering(
                np.full(SESSIONS, share),
                sum(lengths),
                every_s=np.full(SESSIONS, float(every_s)),
                swing=SWING,
                irregular=irregular,
                seed=4,
            )
            how = f"wandering {'irregularly ' * irregular}in {every_s} s"
            held = _held(lengths, people, wanders, 4)
            yield _at_least(f"{name}, {how}: intervals of a change that hold it", held)
        steps = np.random.default_rng(4).normal(0, DIFFER, (len(lengths), SESSIONS))
        true = np.clip(0.3 + np.repeat(steps, lengths, axis=0), 0.01, 0.99)
        told = [1 - one for one in _held(lengths, CROWDS[0][0], true, 4)]
        yield mean_rate(f"{name}, differing by {DIFFER:g}: changes that are told apart from none", told)


def _at_least(name: str, rates: Sequence[float]) -> Figure:
    return mean_rate(name, rates, reach=0.92, direction="at least")


def _level(share: float, lengths: Sequence[int]) -> NDArray[np.float64]:
    return np.full((sum(lengths), SESSIONS), share)


def _held(lengths: Sequence[int], people: int, true: NDArray[np.float64], lasts_s: int) -> list[float]:
    """Of each session the part of its intervals that hold 0."""
    edges = np.cumsum((0, *lengths))
    titles = [(str(number), float(begin), float(end)) for number, (begin, end) in enumerate(pairwise(edges))]
    stage = a_stage(timelines=[a_timeline(*titles)], cues=[a_cue(0, 0)])
    counts = crowds(
        true, np.full(SESSIONS, people), lasts_s=np.full(SESSIONS, float(lasts_s)), in_view=1 - 1e-9, seed=lasts_s
    )
    held = []
    for session in range(SESSIONS):
        rows = segment_rows(from_counts(*(count[:, session] for count in counts), stage=stage), "smile")
        held.append(float(np.mean([row.change_low <= 0 <= row.change_high for row in rows])))
    return held
