"""The corrected share: how many faces show an expression, once the scorer's errors are taken into account.

Counting the faces at or over a threshold is biased: some faces that do not smile score as if they did, and it is the
same few people second after second. The estimate here rests on what a scorer's confidences look like on faces whose
expression is known (`ScoreTable`), and on each track's own resting level:

- A window's share is the maximum-likelihood share of a mixture of faces that show the expression and others
  (expectation-maximisation for a changed share: Saerens, Latinne and Decaestecker, "Adjusting the outputs of a
  classifier to new a priori probabilities", Neural Computation 14, 2002).
- How much a confidence says depends on the track. The scores of a face at rest vary around a level of its own, which
  is a random effect with a known spread (Laird and Ware, "Random-effects models for longitudinal data", Biometrics 38,
  1982). Its posterior is kept on a grid and updated window by window: the confidence of a face that always scores high
  says little, while the same confidence of a face that usually scores low says much.
- Resting levels are learned only while most of the room is at rest, from faces that probably are. So a room that laughs
  throughout stays one, and long smiles of single people do not become their resting level.

`ShareEstimator` works on windows as they arrive. docs/method.md describes the method, decision 0046 its figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.faces import FaceRecord
from audience.windows import Tally

Floats = NDArray[np.float64]

_LEVELS: Final = np.linspace(-2.5, 2.5, 11)
"""Resting levels that are considered, standard deviations of their spread."""

_OWN_PART: Final = 0.75
"""Part of the variance of resting scores that belongs to a track. Two photos of one person at rest share .16 to .34
of it; a track also shares its pose, its light and its camera from second to second. Chosen on casts of the validation
people with a table of the held-out ones, and the other way round (decision 0046)."""

_AT_REST: Final = 0.25
"""Levels are learned in windows of a smaller share than this, the more the smaller it is."""

_EVIDENCE_PER_S: Final = 0.2
"""How much of a second's evidence about a resting level is new: faces hardly change within some five seconds."""

_FORGET_S: Final = 120.0
"""Time constant with which a resting level is forgotten: heads turn, the light changes, glasses come off."""

_GONE_MS: Final = 600_000
"""A track not seen for so long is forgotten."""

_PRIOR_FACES: Final = 1.0
"""Weight of the share of the last minute in a window's share, as a number of faces: it decides in windows of few."""

_PRIOR_S: Final = 30.0
"""Time constant of that share."""

_END: Final = 14.0  # confidences are clipped to logits of ±14: .999999
_CUT: Final = 3.5  # normal scores are clipped to ±3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """What a scorer's confidences of one expression look like on faces whose expression is known.

    Measured on people whom the scorer was not trained on, `training.score_table` makes it.

    Attributes:
        edges: (k + 1,) ends of the intervals of confidence, ascending from 0 to 1.
        showing: (k,) fraction of the faces showing the expression in each interval; over 0, adds up to 1.
        others: (k,) the same of the other faces. `showing` / `others` never falls from one interval to the next.
        people_showing, people_others: number of people behind `showing` and `others`, for the uncertainty of the table.
    """

    edges: tuple[float, ...]
    showing: tuple[float, ...]
    others: tuple[float, ...]
    people_showing: int
    people_others: int

    def __post_init__(self) -> None:
        k = len(self.showing)
        if k < 2 or len(self.others) != k or len(self.edges) != k + 1:
            raise InvalidValue("a score table needs two intervals or more, and a fraction of both kinds for each")
        if (self.edges[0], self.edges[-1]) != (0, 1) or any(np.diff(self.edges) <= 0):
            raise InvalidValue("the intervals of a score table must ascend from 0 to 1")
        for fractions in (self.showing, self.others):
            if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-3:
                raise InvalidValue("the fractions of a score table must be over 0 and add up to 1")
        ratio = np.asarray(self.showing) / np.asarray(self.others)
        if any(np.diff(ratio) < -1e-4 * ratio[:-1]):
            raise InvalidValue("a higher confidence must never speak less for the expression")
        if min(self.people_showing, self.people_others) < 1:
            raise InvalidValue("a score table needs people who show the expression, and others")

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> ScoreTable:
        """Reads a table from the JSON object in a model file.

        Raises:
            InvalidValue: a field is missing or a value is not allowed.
        """
        try:
            return cls(
                edges=tuple(map(float, fields["edges"])),
                showing=tuple(map(float, fields["showing"])),
                others=tuple(map(float, fields["others"])),
                people_showing=int(fields["people_showing"]),
                people_others=int(fields["people_others"]),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise InvalidValue(f"a score table is damaged: {problem}") from None


class ShareEstimator:
    """Corrects the tallies of one camera's windows, in the order in which they arrive."""

    def __init__(self, tables: Mapping[str, ScoreTable]) -> None:
        """Creates an estimator that has seen nothing.

        Args:
            tables: by expression; others keep their raw counts only.
        """
        self._by_expression = {name: _Expression(table) for name, table in tables.items()}

    def corrected(self, tallies: Mapping[str, Tally], faces: Sequence[FaceRecord], start_ms: int) -> dict[str, Tally]:
        """Adds an estimate to the tallies of a window.

        Args:
            tallies: raw tallies of the window (`audience.windows.tallies_of`).
            faces: the faces that they count.
            start_ms: start of the window, milliseconds since the epoch; later than that of the window before.
        """
        found = dict(tallies)
        for name, expression in self._by_expression.items():
            if name in tallies:
                tracks = [face.track_id for face in faces if name in face.confidences]
                confidences = np.array([face.confidences[name] for face in faces if name in face.confidences])
                estimate, variance = expression.estimate(tracks, confidences, start_ms)
                most = tallies[name].faces ** 2 / 4  # rounding must not pass what a tally can have
                found[name] = replace(
                    tallies[name], estimate=round(estimate, 3), variance=min(_rounded(variance), most)
                )
        return found


class _Expression:
    """The state of one expression: the resting level of each track, and the share of late."""

    def __init__(self, table: ScoreTable) -> None:
        self._table = table
        showing, others = np.asarray(table.showing), np.asarray(table.others)
        edges = _logit(np.asarray(table.edges))
        self._edges = edges
        self._below = np.concatenate([[0.0], np.cumsum(others)])
        self._log_ratio = np.log(showing / others)
        ratio = showing / others
        at = np.linspace(0.0, 1.0, 101)
        mixed = at[:, None] * showing + (1 - at[:, None]) * others
        self._at = at
        # Fisher information of one face about the share, by share.
        self._information = np.sum(mixed * ((ratio - 1) / (at[:, None] * ratio + 1 - at[:, None])) ** 2, axis=1)
        self._means = math.sqrt(_OWN_PART) * _LEVELS
        prior = np.exp(-(_LEVELS**2) / 2)
        self._prior: Floats = np.log(prior / prior.sum())
        self._weights: dict[str, Floats] = {}
        self._seen_ms: dict[str, int] = {}
        self._late_ms = 0
        self._late = float("nan")

    def estimate(self, tracks: Sequence[str], confidences: Floats, start_ms: int) -> tuple[float, float]:
        """How many of some faces show the expression, and the variance of that number."""
        n = len(tracks)
        if n == 0:
            return 0.0, 0.0
        from scipy.special import ndtri

        logit = _logit(confidences)
        place = np.clip(np.searchsorted(self._edges, logit, side="right") - 1, 0, len(self._log_ratio) - 1)
        log_ratio = self._log_ratio[place]
        resting = np.clip(ndtri(np.interp(logit, self._edges, self._below)), -_CUT, _CUT)
        weights = np.stack([self._known(track, start_ms) for track in tracks])
        # Density of each score at each resting level, over its density among all faces that do not show it.
        spread = 1 - _OWN_PART
        own = np.exp((resting[:, None] ** 2 - (resting[:, None] - self._means) ** 2 / spread) / 2) / math.sqrt(spread)
        expected = np.exp(weights)
        expected /= expected.sum(axis=1, keepdims=True)
        ratio = np.exp(log_ratio) / np.sum(expected * own, axis=1)
        share = self._share(ratio, start_ms)
        shows = share * ratio / (share * ratio + 1 - share)
        total = float(shows.sum())
        # Without own levels, so that what was learned does not confirm itself.
        at_rest = (1 - share) / (1 - share + share * np.exp(log_ratio)) * max(0.0, 1 - share / _AT_REST)
        self._learn(tracks, weights, at_rest[:, None] * np.log(own), start_ms)
        self._remember(total / n, start_ms)
        return total, self._variance(total, n)

    def _known(self, track: str, start_ms: int) -> Floats:
        """(levels,) log weights of a track's resting level."""
        weights = self._weights.get(track)
        if weights is None:
            return self._prior
        kept = math.exp(-(start_ms - self._seen_ms[track]) / 1000 / _FORGET_S)
        known: Floats = self._prior + kept * (weights - self._prior)
        return known

    def _share(self, ratio: Floats, start_ms: int) -> float:
        """The most likely share, from (n,) likelihood ratios; found by bisection, as its likelihood has one peak."""
        late = 0.5 if math.isnan(self._late) else self._late
        add_showing, add_others = _PRIOR_FACES * late, _PRIOR_FACES * (1 - late)
        low, high = 1e-6, 1 - 1e-6
        for _ in range(40):
            share = (low + high) / 2
            slope = float(np.sum((ratio - 1) / (share * ratio + 1 - share)))
            slope += add_showing / share - add_others / (1 - share)
            low, high = (share, high) if slope > 0 else (low, share)
        return (low + high) / 2

    def _learn(self, tracks: Sequence[str], weights: Floats, evidence: Floats, start_ms: int) -> None:
        for place, track in enumerate(tracks):
            since_s = (start_ms - self._seen_ms.get(track, start_ms - 1000)) / 1000
            new = weights[place] + min(1.0, _EVIDENCE_PER_S * max(since_s, 0.0)) * evidence[place]
            self._weights[track] = new - new.max()
            self._seen_ms[track] = start_ms
        if len(self._weights) > 2 * len(tracks) + 100:
            for track in [track for track, seen_ms in self._seen_ms.items() if start_ms - seen_ms > _GONE_MS]:
                del self._weights[track], self._seen_ms[track]

    def _remember(self, share: float, start_ms: int) -> None:
        kept = math.exp(-max(0, start_ms - self._late_ms) / 1000 / _PRIOR_S)
        self._late = share if math.isnan(self._late) else kept * self._late + (1 - kept) * share
        self._late_ms = start_ms

    def _variance(self, total: float, n: int) -> float:
        """Variance of an estimate because of the scorer's errors, and of the table's own uncertainty, faces².

        The share's whole variance is 1 / (n I) with I the Fisher information of a face; what is left without that of
        a sample of n people is the scorer's. A table of few people moves every estimate: by as much as the share of
        as many faces that all show the expression, or none of which does, is uncertain.
        """
        share = (total + 0.5) / (n + 1)
        information = float(np.interp(share, self._at, self._information))
        of_scorer = max(0.0, n / information - n * share * (1 - share))
        at_none, at_all = float(self._information[0]), float(self._information[-1])
        of_table = (1 - share) ** 2 / (at_none * self._table.people_others) + share**2 / (
            at_all * self._table.people_showing
        )
        return min(of_scorer + n * n * of_table, n * n / 4)


def _logit(confidences: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        found: Floats = np.clip(np.log(confidences) - np.log1p(-confidences), -_END, _END)
    return found


def _rounded(variance: float) -> float:
    """Three significant digits."""
    return float(f"{variance:.3g}")
