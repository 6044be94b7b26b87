"""What the statistics promise, on simulated audiences: how often nothing is told of, and what was planted is found."""

from __future__ import annotations

from typing import Final

import numpy as np

from audience.comparing.comparison import compare
from audience.comparing.cuts import Edit, SharedAxis
from audience.reaction.moments import moments
from bench.figures import Figure
from tests.crowds import crowds, from_counts, planted, screenings, uneventful

EMPTY: Final = ((300, 500), (1200, 300), (3600, 160), (10_800, 40))
"""Seconds, and how many sessions in which nothing happens are of that length: 1,000 in all."""

AT_S: Final = 1860
LASTS_S: Final = 25
FACES: Final = 46

ALIKE: Final = 600
DIFFERING: Final = 200
UNITS: Final = 12
_AXIS: Final = SharedAxis.of([Edit(start_a_s=0, start_b_s=0, length_s=600)])


def moments_told() -> list[Figure]:
    """False moments, and whether one planted at 31:00 is found."""
    shown = sum(
        bool(moments(windows, "smile"))
        for length_s, sessions in EMPTY
        for number, windows in enumerate(uneventful(length_s, sessions))
    )
    share = np.repeat(planted(3060, (AT_S, LASTS_S, 0.6)), 100, axis=1)
    smiling, faces = crowds(share, np.full(100, FACES), lasts_s=np.full(100, 4.0), seed=7)
    found = sum(
        any(
            one.kind == "peak" and abs(one.session_s - AT_S) <= 12
            for one in moments(from_counts(smiling[:, number], faces[:, number]), "smile")
        )
        for number in range(100)
    )
    empty = sum(sessions for _, sessions in EMPTY)
    return [
        Figure(
            name=f"{empty:,} sessions in which nothing happens: showing a moment",
            value=shown / empty,
            reach=0.05,
            direction="at most",
        ),
        Figure(
            name=f"a moment planted at 31:00, {FACES} faces, from .2 to .6 for {LASTS_S} s: found within 12 s",
            value=found / 100,
            reach=0.95,
        ),
    ]


def cuts_told_apart() -> list[Figure]:
    """False differences between cuts that are received alike, and the power to find one that is there."""
    pairs = screenings(ALIKE * 2 * UNITS, seed=1).reshape(ALIKE, 2 * UNITS, -1)
    false = 0
    for number, units in enumerate(pairs):
        clusters = compare(units[:UNITS], units[UNITS:], _AXIS, seed=number).clusters
        false += any(one.p_value <= 0.05 for one in clusters)
    figures = [
        Figure(
            name=f"two cuts received alike, {UNITS} screenings of 40 faces each: said to differ",
            value=false / ALIKE,
            reach=0.05,
            direction="at most",
        )
    ]
    plain = screenings(DIFFERING * UNITS, seed=2).reshape(DIFFERING, UNITS, -1)
    for lift, promised in ((0.05, None), (0.07, 0.9), (0.1, 0.95)):
        lifted = screenings(DIFFERING * UNITS, seed=3, lift=lift).reshape(DIFFERING, UNITS, -1)
        found = sum(
            any(
                one.p_value <= 0.05 and one.difference > 0 and one.first < 72 and one.last >= 48
                for one in compare(a, b, _AXIS, seed=1).clusters
            )
            for a, b in zip(lifted, plain, strict=True)
        )
        figures.append(
            Figure(
                name=f"two minutes of {lift:g} more, {UNITS} screenings of 40 faces each: found",
                value=found / DIFFERING,
                reach=promised,
            )
        )
    return figures
