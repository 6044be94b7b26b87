"""Whole audiences as counts, made fast: many sessions at once, of which a test knows what was really there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from audience.reaction.curve import StageWindows, stage_windows
from audience.sessions import Stage
from audience.window_table import WindowTable
from tests.builders import BEGAN_MS, SCORER, a_session, a_stage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def crowds(
    true_share: Floats, people: Ints, *, lasts_s: Floats, looks_s: float = 15.0, in_view: float = 0.9, seed: int
) -> tuple[Ints, Ints]:
    """How many faces smile, and how many are in view, second by second, of several audiences at once.

    Everybody goes on as before until, every `lasts_s` on average, their expression is drawn anew; so do they look up
    or away every `looks_s`. Of an audience of equals that is a Markov chain of three counts.

    Args:
        true_share: (T, sessions) probability with which an expression that is drawn anew is a smile.
        people: (sessions,) how many people sit there.
        lasts_s: (sessions,) how long an expression lasts.
        looks_s: how long somebody looks up or away.
        in_view: how much of an audience looks up.
        seed: of all that is drawn.

    Returns:
        Smiling and in view, (T, sessions) each.
    """
    rng = np.random.default_rng(seed)
    seen = rng.binomial(people, in_view)
    smiling = rng.binomial(seen, true_share[0])
    counts = np.empty((2, *true_share.shape), dtype=np.int64)
    for second, share in enumerate(true_share):
        # Who looks away takes their expression along; who looks up has one that was drawn meanwhile.
        plain = seen - smiling
        away = people - seen
        back = rng.binomial(away, in_view / looks_s)
        smiling -= rng.binomial(smiling, (1 - in_view) / looks_s)
        plain -= rng.binomial(plain, (1 - in_view) / looks_s)
        stops = rng.binomial(smiling, (1 - share) / lasts_s)
        starts = rng.binomial(plain, share / lasts_s)
        back_smiling = rng.binomial(back, share)
        smiling += starts - stops + back_smiling
        plain += stops - starts + back - back_smiling
        seen = smiling + plain
        counts[0, second], counts[1, second] = smiling, seen
    return counts[0], counts[1]


def from_counts(
    smiling: Ints,
    faces: Ints,
    *,
    looked: NDArray[np.bool_] | None = None,
    stage: Stage | None = None,
    session_id: str = "talk-1",
    scorer: str = SCORER,
) -> StageWindows:
    """A stage whose faces were counted second by second; windows in which no camera `looked` are not there."""
    looked = np.ones(len(faces), dtype=bool) if looked is None else looked
    some = np.flatnonzero(looked)
    over, of = smiling[some], faces[some]
    column = of[:, None].astype(np.int64)
    table = WindowTable(
        start_ms=BEGAN_MS + 1000 * some,
        width_ms=1000,
        record_width_ms=1000,
        camera=np.zeros(len(some), dtype=np.int64),
        cameras=("cam-1",),
        faces=of,
        expected=of,
        covered=of,
        measures=("smile",),
        scored=column,
        total=over[:, None].astype(np.float64),
        squares=over[:, None].astype(np.float64),
        over=over[:, None],
        estimate=np.full(column.shape, np.nan),
        variance=np.full(column.shape, np.nan),
        spans=np.ones(len(some), dtype=np.int64),
        scored_spans=(column > 0).astype(np.int64),
        scorers=(scorer,),
    )
    return stage_windows(a_session(session_id), stage or a_stage(), [], table)


def drifting(rng: np.random.Generator, length_s: int, sessions: int) -> Floats:
    """True shares at which nothing happens: (length_s, sessions), a level of its own each, drifting slowly."""
    level = rng.uniform(-2.9, -0.4, sessions)
    swing = rng.uniform(0, 0.6, sessions)
    turns = length_s / rng.uniform(1200, 5400, sessions)
    phase = rng.uniform(0, 2 * np.pi, sessions)
    slope = rng.uniform(-0.5, 0.5, sessions)
    along = np.linspace(0, 1, length_s)[:, None]
    odds = np.exp(level + slope * along + swing * np.sin(2 * np.pi * turns * along + phase))
    return odds / (1 + odds)


def uneventful(length_s: int, sessions: int) -> Iterator[StageWindows]:
    """Sessions in which nothing happens: 24 to 300 people who keep their faces for 3 to 10 s, slow drift, and gaps.

    Args:
        length_s: of each, which is also the seed.
        sessions: how many.
    """
    rng = np.random.default_rng(length_s)
    share = drifting(rng, length_s, sessions)
    share[:, ::5] /= 8  # hardly anybody, in every fifth
    people, lasts_s = rng.integers(24, 301, sessions), rng.uniform(3, 10, sessions)
    smiling, faces = crowds(share, people, lasts_s=lasts_s, seed=length_s)
    for session in range(sessions):
        looked = np.ones(length_s, dtype=bool)
        if session % 2:
            begins = rng.integers(0, length_s)
            looked[begins : begins + round(rng.uniform(5, length_s / 5))] = False
        yield from_counts(smiling[:, session], faces[:, session], looked=looked)


def planted(length_s: int, *events: tuple[float, float, float], usual: float = 0.2) -> Floats:
    """True shares (length_s, 1) of events (middle, seconds, share), rising and falling within 8 s."""
    seconds = np.arange(length_s) + 0.5
    share = np.full(length_s, usual)
    for middle, lasts, height in events:
        ramp = np.clip((lasts / 2 + 4 - np.abs(seconds - middle)) / 8, 0, 1)
        share += (height - usual) * ramp
    return share[:, None]


def screenings(count: int, *, seed: int, people: int = 40, lift: float = 0.0) -> Floats:
    """(count, 120) shares of screenings of ten minutes in cells of 5 s, each with a level of its own.

    Args:
        count: of screenings.
        seed: of all that is drawn.
        people: at each.
        lift: how many more smile in the fifth and sixth minute.
    """
    rng = np.random.default_rng(seed)
    share = 0.2 + 0.1 * np.sin(np.arange(600) / 60)[:, None] + rng.normal(0, 0.03, count)
    share[240:360] += lift
    smiling, faces = crowds(np.clip(share, 0.01, 0.99), np.full(count, people), lasts_s=np.full(count, 5.0), seed=seed)
    cells: Floats = smiling.reshape(120, 5, count).sum(axis=1) / faces.reshape(120, 5, count).sum(axis=1)
    return cells.T


def wandering(
    shares: Floats,
    length_s: int,
    *,
    every_s: Floats,
    swing: float = 0.6,
    irregular: bool = False,
    rough: bool = False,
    seed: int,
) -> Floats:
    """True shares at which nothing happens, each wandering slowly around a share of its own.

    Args:
        shares: (sessions,) around which, 0..1 and neither.
        length_s: how long.
        every_s: (sessions,) how long it takes them there and back again; 0 for those that stand still.
        swing: how far, in log odds.
        irregular: whether no two waves are alike (Gaussian noise smoothed over a quarter of `every_s`).
        rough: whether they wander on all scales at once, as a random walk does that is drawn back within `every_s` (an
            Ornstein-Uhlenbeck process with a standard deviation of `swing`).
        seed: of the waves' beginnings, or of the noise.

    Returns:
        (length_s, sessions).
    """
    rng = np.random.default_rng(seed)
    away = np.zeros((length_s, len(shares)))
    for session in np.flatnonzero(every_s > 0):
        if rough:
            keeps = np.exp(-1 / every_s[session])
            steps = rng.normal(0, np.sqrt(1 - keeps**2), length_s)
            steps[0] = rng.normal()
            away[:, session] = signal.lfilter([1], [1, -keeps], steps)
        elif irregular:
            reach = round(every_s[session] / 2)
            kernel = np.exp(-((np.arange(-reach, reach + 1) / (every_s[session] / 4)) ** 2))
            noise = rng.normal(0, 1, length_s + 2 * reach)
            away[:, session] = np.convolve(noise, kernel / np.sqrt((kernel**2).sum()), "valid") / np.sqrt(2)
        else:
            away[:, session] = np.sin(2 * np.pi * (np.arange(length_s) / every_s[session] + rng.random()))
    odds = shares / (1 - shares) * np.exp(swing * away)
    return odds / (1 + odds)
