"""Whether the interval of a segment's change holds none where there is none.

Nothing is shown that anybody reacts to: people keep their faces for 3 to 60 s, and the share stands still or wanders.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from audience.segment_table import segment_rows
from bench.figures import Figure, rate
from tests.builders import a_cue, a_stage, a_timeline
from tests.crowds import crowds, from_counts, wandering

SESSIONS: Final = 100
LAYOUTS: Final = {
    "slides of 2 to 10 min": (120, 120, 300, 300, 600, 600),
    "slides of 5 min": (300,) * 12,
    "slides of 2 min": (120,) * 5,
}
CROWDS: Final = ((46, 0.2), (6, 0.3), (300, 0.5), (24, 0.03))
"""Faces, and the share that smile; the first of them in every layout, all in the first."""
LASTS_S: Final = (3, 10, 20, 30, 60)
WANDERS: Final = ((600, False), (600, True), (1200, False), (2400, False), (2400, True))
SWING: Final = 0.3


def run() -> Iterator[Figure]:
    """By how long people keep a face, and by how the share wanders; the worst of the layouts and crowds."""
    for name, lengths in LAYOUTS.items():
        crowds_here = CROWDS if lengths == LAYOUTS["slides of 2 to 10 min"] else CROWDS[:1]
        for lasts_s in LASTS_S:
            held, of = min((_held(lengths, crowd, lasts_s) for crowd in crowds_here), key=lambda one: one[0] / one[1])
            yield rate(
                f"{name}, faces kept {lasts_s} s: intervals of a change that hold it",
                held,
                of,
                reach=0.92,
                direction="at least",
            )
        for every_s, irregular in WANDERS:
            held, of = _held(lengths, CROWDS[0], 4, every_s=every_s, irregular=irregular)
            yield rate(
                f"{name}, wandering {'irregularly ' * irregular}in {every_s} s: intervals of a change that hold it",
                held,
                of,
                reach=0.92,
                direction="at least",
            )


def _held(
    lengths: tuple[int, ...], crowd: tuple[int, float], lasts_s: int, *, every_s: int = 0, irregular: bool = False
) -> tuple[int, int]:
    """How many intervals hold 0, or are not told, and of how many."""
    people, share = crowd
    edges = np.cumsum((0, *lengths))
    titles = [(str(number), float(begin), float(end)) for number, (begin, end) in enumerate(pairwise(edges))]
    stage = a_stage(timelines=[a_timeline(*titles)], cues=[a_cue(0, 0)])
    true = wandering(
        np.full(SESSIONS, share),
        int(edges[-1]),
        every_s=np.full(SESSIONS, float(every_s)),
        swing=SWING,
        irregular=irregular,
        seed=lasts_s,
    )
    counts = crowds(
        true, np.full(SESSIONS, people), lasts_s=np.full(SESSIONS, float(lasts_s)), in_view=1 - 1e-9, seed=lasts_s
    )
    rows = [
        row
        for session in range(SESSIONS)
        for row in segment_rows(from_counts(*(count[:, session] for count in counts), stage=stage), "smile", seed=1)
    ]
    return sum(not (row.change_low > 0 or row.change_high < 0) for row in rows), len(rows)
