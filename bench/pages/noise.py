"""How often an audience that does not show an expression is taken for one that does, and what a real share must be.

Faces differ: the scorer errs on the same few people second after second. So each face has a false rate of its own,
drawn from a beta distribution around the scorer's; that rate itself is known from a sample of other people only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.comparing.comparison import mean_over
from audience.comparing.scenes import Scene, SceneFigure, is_noise
from audience.reaction.curve import wilson
from audience.scorers import FalseRate
from bench.figures import Figure, rate

Floats = NDArray[np.float64]

TRIES: Final = 400
MEASURED_ON: Final = 2000
LOOKS: Final = 12
"""Independent looks at a face in a scene of a minute."""

FALSE: Final = (0.01, 0.03, 0.1)
PEOPLE: Final = (12, 30, 60, 200)
SCREENINGS: Final = (1, 3, 12)
ALIKE: Final = (0.2, 0.75)
"""Part of the variance of a scorer's errors that belongs to the face: two photos of one person, and one track."""

SHOWING: Final = (0.02, 0.05, 0.1, 0.15, 0.2)
_HITS: Final = 0.8


def figures() -> Iterator[Figure]:
    """False alarms over all audiences, the worst kind of them, and what is found."""
    rng = np.random.default_rng(0)
    wrong = {
        (false, people, screenings, alike): sum(
            not is_noise(*_cell(rng, false, people, screenings, alike, 0.0)) for _ in range(TRIES)
        )
        for false in FALSE
        for people in PEOPLE
        for screenings in SCREENINGS
        for alike in ALIKE
    }
    yield rate(
        "audiences that show nothing, taken for more than noise", sum(wrong.values()), TRIES * len(wrong), reach=0.05
    )
    yield Figure(
        name="the same, of the kind of audience in which it happens most",
        value=max(wrong.values()) / TRIES,
        reach=0.1,
        direction="at most",
    )
    for showing in SHOWING:
        found = sum(not is_noise(*_cell(rng, 0.03, 60, 1, 0.75, showing)) for _ in range(TRIES))
        yield rate(f"60 faces, false rate .03: {showing:.0%} show it, and that is told from noise", found, TRIES)


def _cell(
    rng: np.random.Generator, false: float, people: int, screenings: int, alike: float, showing: float
) -> tuple[SceneFigure, FalseRate]:
    """A scene in some screenings, of whose people a part shows the expression, and what is known of the scorer."""
    size = 1 / alike - 1
    own = rng.beta(false * size, (1 - false) * size, (screenings, people))
    shows = rng.random((screenings, people)) < showing
    chance = np.where(shows, _HITS, own)
    share = rng.binomial(LOOKS, chance).mean(axis=1) / LOOKS
    mean, low, high = float(share.mean()), float("nan"), float("nan")
    if screenings == 1:
        bounds = wilson(share * people, np.array([float(people)]))
        low, high = (float(bound[0]) for bound in bounds)
    else:
        _, means, lows, highs = mean_over(share[:, None])
        mean, low, high = float(means[0]), float(lows[0]), float(highs[0])
    known = FalseRate(false=int(rng.binomial(MEASURED_ON, false)), of=MEASURED_ON)
    return _figure(mean, low, high, screenings, people), known


def _figure(share: float, low: float, high: float, screenings: int, people: int) -> SceneFigure:
    nothing = float("nan")
    return SceneFigure(
        scene=Scene(title="Scene"),
        start_s=0,
        length_s=60,
        expression="angry",
        shown=screenings,
        screenings=screenings,
        faces=float(screenings * people),
        coverage=nothing,
        figures_s=60.0 * screenings,
        share=share,
        low=low,
        high=high,
        change=nothing,
        change_low=nothing,
        change_high=nothing,
        lack="",
        change_lack="no baseline",
    )
