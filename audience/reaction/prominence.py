"""What stands out of a share that changes all the time, further than an audience goes of which nobody heeds the others.

The share is looked at over a moving stretch. A *deviation* is its mean there, beside what is usual in the minutes
around it; a *turn* the mean of the stretch after an instant beside that of the stretch before it. Chance is what as
many people do who show the expression as often and keep it as long, each for themselves (`reaction.independence`): of
few faces, or of an expression that hardly anybody shows, that is many a leap, and of many faces next to nothing. How
often they show it and how long they keep it is told from the session. So is how much further its stretches go than such
people's do, because audiences drift and people move together all the time: places are measured in the session's own
spread where that is the wider one.

How likely any place of a session goes as far follows from how often such a line passes a height (Rice's formula), so
that looking at many places finds no more. What was found is left out of the spread, and the rest looked at again, until
nothing more is found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.reaction.independence import Of, looks, normal_scores, variance_of_sum, variance_over
from audience.reaction.steps import BESIDE, SHORTEST, STRETCH, Steps, beside, stretches

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Lack = Literal["", "too short", "too few faces"]
"""Why nothing can stand out, whatever happens."""

# Deviations and turns share the 5 %, and what is left over pays for sessions unlike those that were simulated.
_LEVELS: dict[Of, float] = {"stretch": 0.03, "turn": 0.01}
_ROUNDS = 3
# In spreads of a session: the size four fifths of what was measured stay below (a normal deviate's is 1.28), which
# moments over a tenth of a session hardly widen.
_SPREAD_RANK = 0.8
_SPREAD_AT_RANK = 1.2816
# Where nobody usually shows it, or everybody does: less than one look at one of them, in one step.
_LEAST_LOOK = 0.02
# What lies further than this from what is usual, in spreads, counts as so far in what lies beside it.
_FAR_OFF = 3.0
_MANY = 1e6  # as good as infinite


@dataclass(frozen=True, slots=True, kw_only=True)
class StandOut:
    """A place that stands out.

    Attributes:
        step: the middle of the stretch; of a turn the first step after it.
        first, last: the steps over which a deviation is at least half of what it is there; of a turn both stretches.
        sign: 1 up, -1 down.
        p_value: the probability that any place goes as far in such a session in which nothing happens.
    """

    step: int
    first: int
    last: int
    sign: int
    p_value: float


def lack(steps: Steps) -> Lack:
    """Why nothing can stand out: too little was seen, or so few faces that all of them together could be chance."""
    if np.count_nonzero(steps.known) < SHORTEST:
        return "too short"
    line = _Line.deviations(steps)
    possible = replace(line, short=True).p_value(line.furthest_possible()) <= _LEVELS["stretch"]
    return "" if possible else "too few faces"


def stand_outs(steps: Steps) -> tuple[list[StandOut], StandOut | None]:
    """The deviations that stand out, the furthest first, and the steepest turn if it does.

    Args:
        steps: of the session.

    Returns:
        Deviations whose extents do not overlap, and the turn, which is never told of a short session; nothing where
        fewer than `SHORTEST` steps have a figure.
    """
    if np.count_nonzero(steps.known) < SHORTEST:
        return [], None
    deviations = _Line.deviations(steps)
    # What is usual in a short session is all of it: nothing in it is nearer.
    contrasts = None if steps.short else _Line.contrasts(steps)
    found: list[StandOut] = []
    free = steps.known > 0
    for _ in range(_ROUNDS):
        new = _furthest(deviations, contrasts, free)
        found += new
        for one in new:
            free[_beside(one)] = False
        if not new or np.count_nonzero(free) < SHORTEST:
            break
    # How steep chance is hangs on how long people keep a face.
    return found, None if steps.short else _steepest(_Line.turns(steps), free)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Deviations, contrasts or turns along the steps.

    Attributes:
        of: what their means are.
        people: (s,) how many people's mean each is; NaN where too little is known.
        usual: (s,) what they usually show, within 0..1 and neither.
        keeps: how long they keep it, in stretches.
        stretches: how many a session has.
        short: whether the session's own spread is not told, as `Steps.short` has it.
        scores: (s,) how far each lies from what such people do, NaN where too little is known.
    """

    of: Of
    people: Floats
    usual: Floats
    keeps: float
    stretches: float
    short: bool
    scores: Floats

    @classmethod
    def deviations(cls, steps: Steps) -> Self:
        """The mean of the stretch around each step."""
        known, over, faces = (stretches(values)[0] for values in (steps.known, steps.over, steps.faces))
        enough = (known >= steps.windows_a_step * STRETCH / 2) & (steps.known > 0)
        people = np.where(enough, faces / np.maximum(known, 1), np.nan)
        return cls._of("stretch", steps, over / np.maximum(faces, 1), people)

    @classmethod
    def turns(cls, steps: Steps) -> Self:
        """The mean of the stretch that begins with each step less that of the stretch before it."""
        known, over, faces = (stretches(values)[1:] for values in (steps.known, steps.over, steps.faces))
        enough = np.minimum(*known) >= steps.windows_a_step * STRETCH / 2
        before, after = (count / np.maximum(of, 1) for count, of in zip(over, faces, strict=True))
        # The difference of means of two crowds varies as that of two crowds of the harmonic mean of their sizes.
        each = (np.maximum(of, 1) / np.maximum(looked, 1) for of, looked in zip(faces, known, strict=True))
        people = np.where(enough, 2 / sum(1 / crowd for crowd in each), np.nan)
        return cls._of("turn", steps, after - before, people)

    @classmethod
    def contrasts(cls, steps: Steps) -> Self:
        """The mean of the stretch around each step less that of what lies beside it, on both sides or on the one that
        is known."""
        line = cls.deviations(steps)
        there = ~np.isnan(line.people)
        over, faces = (stretches(values)[0] for values in (steps.over, steps.faces))
        share = np.where(there, over / np.maximum(faces, 1), 0.0)
        # What stands out must not make what lies beside it stand out the other way.
        far_off = np.maximum(np.abs(line.in_spread(there)) / _FAR_OFF, 1.0)
        drawn_in = np.where(there, line.usual + (share - line.usual) / far_off, 0.0)
        near, far = BESIDE
        sides, shares = np.zeros(len(share)), np.zeros(len(share))
        for known, total in zip(beside(there.astype(np.float64)), beside(drawn_in), strict=True):
            enough = known >= (far - near) / 2
            sides += enough
            shares += np.where(enough, total / np.maximum(known, 1), 0)
        mean = share - shares / np.maximum(sides, 1)
        weights = np.zeros((2, 2 * far - 1))
        weights[:, far - 1 - STRETCH // 2 : far + STRETCH // 2] = 1 / STRETCH
        weights[:, : far - near] = [[-1 / (far - near)], [-0.5 / (far - near)]]
        weights[1, near - far :] = -0.5 / (far - near)
        of_one, of_two = (variance_of_sum(of_sides, steps.keeps * STRETCH) for of_sides in weights)
        chance = line.usual * (1 - line.usual) / line.people * np.where(sides == 1, of_one, of_two)
        # A share that wanders in proportion to itself goes further where it is higher.
        looks = line.usual * (1 - line.usual)
        chance *= np.maximum(looks / looks[there].mean(), 1) if there.any() else 1
        return replace(line, scores=np.where(there & (sides > 0), mean / np.sqrt(chance), np.nan))

    @classmethod
    def _of(cls, of: Of, steps: Steps, mean: Floats, people: Floats) -> Self:
        people = people / (1 + np.maximum(people - 1, 0) * steps.alike)
        # Where nobody usually shows it, or everybody does: less than one look at one of them.
        least = _LEAST_LOOK / (np.where(np.isnan(people), 1, people) * STRETCH)
        usual = np.clip(steps.usual, least, 1 - least)
        return cls(
            of=of,
            people=people,
            usual=usual,
            keeps=steps.keeps,
            stretches=float(steps.known.sum()) / (steps.windows_a_step * STRETCH),
            short=steps.short,
            scores=_scores(mean, people, usual, steps.keeps, of) / _wider(steps, people, usual, of),
        )

    def in_spread(self, free: Bools) -> Floats:
        """(s,) the scores in the spread of the free ones where that is wider than chance; 0 where there is none."""
        spread = 1.0
        sizes = np.sort(np.abs(self.scores[free & ~np.isnan(self.scores)]))
        if len(sizes) and not self.short:
            spread = max(spread, sizes[int(_SPREAD_RANK * (len(sizes) - 1))] / _SPREAD_AT_RANK)
        measured: Floats = np.nan_to_num(self.scores / spread)
        return measured

    @property
    def freedom(self) -> float:
        """Of how many stretches that are as good as independent of each other the spread is told.

        A spread that is told from few may be too small: the fewer, the further chance goes in it, as Student's t does
        (K. J. Worsley, "Local maxima and the expected Euler characteristic of excursion sets of χ², F and t fields",
        Advances in Applied Probability 26, 1994).
        """
        return _MANY if self.short else max(2.0, self.stretches / (1 + 2 * self.keeps))

    def p_value(self, reach: float) -> float:
        """The probability that any place of a session goes so many spreads up or down."""
        passes = self.stretches * looks(self.keeps, self.of) * (1 + reach**2 / self.freedom) ** ((1 - self.freedom) / 2)
        return float(min(1.0, 2 * (passes + special.stdtr(self.freedom, -reach))))

    def furthest_possible(self) -> float:
        """How far a stretch would go in which everybody, or nobody, showed it."""
        ends = [
            _scores(np.full(len(self.people), end), self.people, self.usual, self.keeps, self.of) for end in (0.0, 1.0)
        ]
        return float(np.nanmax(np.abs(ends))) if not np.isnan(self.people).all() else 0.0


def _wider(steps: Steps, people: Floats, usual: Floats, of: Of) -> Floats:
    """(s,) how many times as far chance goes for what is usual being unsure; a turn has hardly any of that in it."""
    if of == "turn":
        return np.ones(len(people))
    chance = usual * (1 - usual) / people * variance_over(steps.keeps)
    wider: Floats = np.sqrt(1 + steps.unsure**2 / chance)
    return wider


def _scores(mean: Floats, people: Floats, usual: Floats, keeps: float, of: Of) -> Floats:
    enough = ~np.isnan(people)
    scores = np.full(len(mean), np.nan)
    scores[enough] = normal_scores(mean[enough], people[enough], usual[enough], keeps, of)
    return scores


def _furthest(line: _Line, contrasts: _Line | None, free: Bools) -> list[StandOut]:
    """The deviations beyond chance among the free steps, the furthest first, none within another's extent.

    Where there are contrasts, a place goes no further than its own, and nowhere if that points the other way.
    """
    reach = line.in_spread(free)
    if contrasts is not None:
        nearer = contrasts.in_spread(free) * np.sign(reach)
        reach = np.sign(reach) * np.clip(nearer, 0, np.abs(reach))
    left = np.where(free, np.abs(reach), 0.0)
    found = []
    while (p_value := line.p_value(float(left.max()))) <= _LEVELS[line.of]:
        step = int(left.argmax())
        half = reach * np.sign(reach[step]) >= left[step] / 2
        first, last = _run(half, step)
        found.append(StandOut(step=step, first=first, last=last, sign=int(np.sign(reach[step])), p_value=p_value))
        left[_beside(found[-1])] = 0
    return found


def _steepest(line: _Line, free: Bools) -> StandOut | None:
    reach = np.where(free, line.in_spread(free), 0.0)
    step = int(np.abs(reach).argmax())
    p_value = line.p_value(float(abs(reach[step])))
    if p_value > _LEVELS[line.of]:
        return None
    sign = int(np.sign(reach[step]))
    return StandOut(step=step, first=max(0, step - STRETCH), last=step + STRETCH - 1, sign=sign, p_value=p_value)


def _beside(one: StandOut) -> slice:
    """What it reaches over and a stretch on either side, into which its smoothing carries it."""
    return slice(max(0, one.first - STRETCH), one.last + STRETCH + 1)


def _run(where: Bools, place: int) -> tuple[int, int]:
    """First and last of the true places around `place`, with no more than a stretch of false ones in between."""
    there = np.flatnonzero(where)
    breaks = np.flatnonzero(np.diff(there) > STRETCH)
    first, last = np.append(0, breaks + 1), np.append(breaks, len(there) - 1)
    run = int(np.searchsorted(there[first], place, side="right")) - 1
    return int(there[first[run]]), int(there[last[run]])
