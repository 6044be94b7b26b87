"""Detection of outliers in a share that always fluctuates, against a null model of independent people.

The share is averaged over a moving stretch. A *deviation* is the mean of a stretch against the usual share of the
minutes around it; a *turn* is the mean of the stretch after an instant against that of the stretch before. The null
model has as many people, who show the expression as often and for as long, independently (`reaction.independence`).
With few faces or a rare expression it fluctuates widely, with many faces hardly at all. Its share and persistence are
estimated from the session. Real audiences drift and move together, so scores are also divided by the session's own
standard deviation if that is over 1.

The p-value of the maximum over a session follows from how often such a line crosses a height (Rice's formula), which
accounts for the many places tested. Outliers are removed from the standard deviation and the detection is repeated,
until nothing more is found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.reaction.independence import Of, crossing_rate, normal_scores, variance_of_sum, variance_over
from audience.reaction.steps import BESIDE, SHORTEST, STRETCH, Steps, neighbour_sums, stretch_sums

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NoMomentsReason = Literal["", "too short", "too few faces"]
"""Why no moment can be detected; "" if one can."""

# Significance levels. They add up to less than 5 %, as a reserve for sessions unlike the simulated ones.
_SIGNIFICANCE: dict[Of, float] = {"stretch": 0.03, "turn": 0.01}
_ROUNDS = 3
# The standard deviation of a session is estimated from the 80th percentile of absolute scores (1.28 for a normal
# variable), which moments in a tenth of a session hardly change.
_QUANTILE = 0.8
_QUANTILE_OF_NORMAL = 1.2816
# Bounds the usual share away from 0 and 1, in faces per step.
_LEAST_USUAL_FACES = 0.02
# Scores beyond this, in standard deviations, are clipped where they enter the means of neighbours.
_CLIP_AT = 3.0
_MANY = 1e6  # as good as infinite


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """A deviation or turn beyond chance.

    Attributes:
        step: the middle of the stretch; of a turn, the first step after it.
        first, last: the steps where the deviation is at least half of its maximum; of a turn, both stretches.
        sign: 1 up, -1 down.
        p_value: probability that any place reaches this score in such a session under the null model.
    """

    step: int
    first: int
    last: int
    sign: int
    p_value: float


def no_outliers_reason(steps: Steps) -> NoMomentsReason:
    """Why no outlier can be detected: too few figures, or so few faces that all of them together could be chance."""
    if np.count_nonzero(steps.known) < SHORTEST:
        return "too short"
    line = _Line.deviations(steps)
    possible = replace(line, short=True).p_value(line.largest_possible()) <= _SIGNIFICANCE["stretch"]
    return "" if possible else "too few faces"


def find_outliers(steps: Steps) -> tuple[list[Outlier], Outlier | None]:
    """Finds the significant deviations, largest first, and the steepest turn if it is significant.

    Args:
        steps: the session in steps.

    Returns:
        Deviations that do not overlap, and the turn, which is None for a short session. Nothing if fewer than
        `SHORTEST` steps have a figure.
    """
    if np.count_nonzero(steps.known) < SHORTEST:
        return [], None
    deviations = _Line.deviations(steps)
    # In a short session the usual share covers all of it, so there are no contrasts.
    contrasts = None if steps.short else _Line.contrasts(steps)
    found: list[Outlier] = []
    free = steps.known > 0
    for _ in range(_ROUNDS):
        new = _largest_deviations(deviations, contrasts, free)
        found += new
        for one in new:
            free[_neighbourhood(one)] = False
        if not new or np.count_nonzero(free) < SHORTEST:
            break
    # The significance of turns depends on the persistence, which a short session cannot give.
    return found, None if steps.short else _steepest(_Line.turns(steps), free)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Scores of deviations, contrasts or turns along the steps.

    Attributes:
        of: the kind of mean.
        people: (s,) effective number of people behind each mean; NaN where too little is known.
        usual: (s,) usual share, 0 < usual < 1.
        persistence: how long people keep an expression, in stretches.
        stretch_count: number of stretches in the session.
        short: whether the session is too short to estimate its own standard deviation, see `Steps.short`.
        scores: (s,) normal score under the null model; NaN where too little is known.
    """

    of: Of
    people: Floats
    usual: Floats
    persistence: float
    stretch_count: float
    short: bool
    scores: Floats

    @classmethod
    def deviations(cls, steps: Steps) -> Self:
        """Scores of the mean of the stretch around each step."""
        known, over, faces = (stretch_sums(values)[0] for values in (steps.known, steps.over, steps.faces))
        enough = (known >= steps.windows_per_step * STRETCH / 2) & (steps.known > 0)
        people = np.where(enough, faces / np.maximum(known, 1), np.nan)
        return cls._of("stretch", steps, over / np.maximum(faces, 1), people)

    @classmethod
    def turns(cls, steps: Steps) -> Self:
        """Scores of the mean of the stretch that begins with each step, less that of the stretch before it."""
        known, over, faces = (stretch_sums(values)[1:] for values in (steps.known, steps.over, steps.faces))
        enough = np.minimum(*known) >= steps.windows_per_step * STRETCH / 2
        before, after = (count / np.maximum(of, 1) for count, of in zip(over, faces, strict=True))
        # The variance of a difference of two means depends on the harmonic mean of the group sizes.
        each = (np.maximum(of, 1) / np.maximum(windows, 1) for of, windows in zip(faces, known, strict=True))
        people = np.where(enough, 2 / sum(1 / crowd for crowd in each), np.nan)
        return cls._of("turn", steps, after - before, people)

    @classmethod
    def contrasts(cls, steps: Steps) -> Self:
        """Scores of the mean of the stretch around each step, less that of its neighbours on one or both sides."""
        line = cls.deviations(steps)
        there = ~np.isnan(line.people)
        over, faces = (stretch_sums(values)[0] for values in (steps.over, steps.faces))
        share = np.where(there, over / np.maximum(faces, 1), 0.0)
        # Clip outliers, so that they do not make their neighbours outliers with the opposite sign.
        excess = np.maximum(np.abs(line.standardised(there)) / _CLIP_AT, 1.0)
        clipped = np.where(there, line.usual + (share - line.usual) / excess, 0.0)
        near, far = BESIDE
        sides, shares = np.zeros(len(share)), np.zeros(len(share))
        for known, total in zip(neighbour_sums(there.astype(np.float64)), neighbour_sums(clipped), strict=True):
            enough = known >= (far - near) / 2
            sides += enough
            shares += np.where(enough, total / np.maximum(known, 1), 0)
        mean = share - shares / np.maximum(sides, 1)
        weights = np.zeros((2, 2 * far - 1))
        weights[:, far - 1 - STRETCH // 2 : far + STRETCH // 2] = 1 / STRETCH
        weights[:, : far - near] = [[-1 / (far - near)], [-0.5 / (far - near)]]
        weights[1, near - far :] = -0.5 / (far - near)
        of_one, of_two = (variance_of_sum(of_sides, steps.persistence * STRETCH) for of_sides in weights)
        chance = line.usual * (1 - line.usual) / line.people * np.where(sides == 1, of_one, of_two)
        # Fluctuations grow with the share, so scale the variance where it is above its mean.
        variance = line.usual * (1 - line.usual)
        chance *= np.maximum(variance / variance[there].mean(), 1) if there.any() else 1
        return replace(line, scores=np.where(there & (sides > 0), mean / np.sqrt(chance), np.nan))

    @classmethod
    def _of(cls, of: Of, steps: Steps, mean: Floats, people: Floats) -> Self:
        people = people / (1 + np.maximum(people - 1, 0) * steps.correlation)
        # Keep the usual share away from 0 and 1.
        least = _LEAST_USUAL_FACES / (np.where(np.isnan(people), 1, people) * STRETCH)
        usual = np.clip(steps.usual, least, 1 - least)
        return cls(
            of=of,
            people=people,
            usual=usual,
            persistence=steps.persistence,
            stretch_count=float(steps.known.sum()) / (steps.windows_per_step * STRETCH),
            short=steps.short,
            scores=_scores(mean, people, usual, steps.persistence, of) / _inflation(steps, people, usual, of),
        )

    def standardised(self, free: Bools) -> Floats:
        """(s,) scores divided by the standard deviation of the free ones, if over 1; 0 where there is no score."""
        spread = 1.0
        sizes = np.sort(np.abs(self.scores[free & ~np.isnan(self.scores)]))
        if len(sizes) and not self.short:
            spread = max(spread, sizes[int(_QUANTILE * (len(sizes) - 1))] / _QUANTILE_OF_NORMAL)
        measured: Floats = np.nan_to_num(self.scores / spread)
        return measured

    @property
    def freedom(self) -> float:
        """Degrees of freedom: the effective number of independent stretches.

        A standard deviation from few stretches may be too small, so scores follow Student's t (K. J. Worsley, "Local
        maxima and the expected Euler characteristic of excursion sets of χ², F and t fields", Advances in Applied
        Probability 26, 1994).
        """
        return _MANY if self.short else max(2.0, self.stretch_count / (1 + 2 * self.persistence))

    def p_value(self, reach: float) -> float:
        """The probability that any place of a session exceeds this score in either direction."""
        passes = (
            self.stretch_count
            * crossing_rate(self.persistence, self.of)
            * (1 + reach**2 / self.freedom) ** ((1 - self.freedom) / 2)
        )
        return float(min(1.0, 2 * (passes + special.stdtr(self.freedom, -reach))))

    def largest_possible(self) -> float:
        """The largest possible score: a stretch in which everybody, or nobody, shows it."""
        ends = [
            _scores(np.full(len(self.people), end), self.people, self.usual, self.persistence, self.of)
            for end in (0.0, 1.0)
        ]
        return float(np.nanmax(np.abs(ends))) if not np.isnan(self.people).all() else 0.0


def _inflation(steps: Steps, people: Floats, usual: Floats, of: Of) -> Floats:
    """(s,) factor by which the uncertainty of the usual share widens chance; 1 for turns, which hardly depend on it."""
    if of == "turn":
        return np.ones(len(people))
    chance = usual * (1 - usual) / people * variance_over(steps.persistence)
    wider: Floats = np.sqrt(1 + steps.usual_error**2 / chance)
    return wider


def _scores(mean: Floats, people: Floats, usual: Floats, persistence: float, of: Of) -> Floats:
    enough = ~np.isnan(people)
    scores = np.full(len(mean), np.nan)
    scores[enough] = normal_scores(mean[enough], people[enough], usual[enough], persistence, of)
    return scores


def _largest_deviations(line: _Line, contrasts: _Line | None, free: Bools) -> list[Outlier]:
    """The significant deviations among the free steps, largest first and without overlaps.

    A contrast limits the score of its place, and sets it to 0 if the signs differ.
    """
    reach = line.standardised(free)
    if contrasts is not None:
        nearer = contrasts.standardised(free) * np.sign(reach)
        reach = np.sign(reach) * np.clip(nearer, 0, np.abs(reach))
    left = np.where(free, np.abs(reach), 0.0)
    found = []
    while (p_value := line.p_value(float(left.max()))) <= _SIGNIFICANCE[line.of]:
        step = int(left.argmax())
        half = reach * np.sign(reach[step]) >= left[step] / 2
        first, last = _run(half, step)
        found.append(Outlier(step=step, first=first, last=last, sign=int(np.sign(reach[step])), p_value=p_value))
        left[_neighbourhood(found[-1])] = 0
    return found


def _steepest(line: _Line, free: Bools) -> Outlier | None:
    reach = np.where(free, line.standardised(free), 0.0)
    step = int(np.abs(reach).argmax())
    p_value = line.p_value(float(abs(reach[step])))
    if p_value > _SIGNIFICANCE[line.of]:
        return None
    sign = int(np.sign(reach[step]))
    return Outlier(step=step, first=max(0, step - STRETCH), last=step + STRETCH - 1, sign=sign, p_value=p_value)


def _neighbourhood(one: Outlier) -> slice:
    """The steps of an outlier and one stretch on either side, which smoothing affects."""
    return slice(max(0, one.first - STRETCH), one.last + STRETCH + 1)


def _run(where: Bools, place: int) -> tuple[int, int]:
    """The first and last place of the run of true values around `place`, bridging false runs of up to one stretch."""
    there = np.flatnonzero(where)
    breaks = np.flatnonzero(np.diff(there) > STRETCH)
    first, last = np.append(0, breaks + 1), np.append(breaks, len(there) - 1)
    run = int(np.searchsorted(there[first], place, side="right")) - 1
    return int(there[first[run]]), int(there[last[run]])
