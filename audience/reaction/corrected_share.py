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

`ShareEstimator` works on windows as they arrive. A finished recording also says how a face rests after a window:
`WholeEstimator` estimates it once more from both sides. docs/method.md describes the method, decision 0046 its figures.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.faces import FaceRecord, WindowFaces
from audience.windows import Tally

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEVELS: Final = np.linspace(-2.5, 2.5, 11)
"""Resting levels that are considered, standard deviations of their spread."""

_PRIOR: Final = -(_LEVELS**2) / 2  # log weights of the levels of a track of which nothing is known, less a constant

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

_SHARE_TO: Final = 1e-9  # a share is found to so much

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
                found[name] = _estimated(tallies[name], *expression.estimate(*_scores(faces, name), start_ms))
        return found


class WholeEstimator:
    """Corrects the tallies of one camera's finished recording, each from what came before its window and after it.

    Two-filter smoothing (Fraser and Potter, "The optimum linear smoother as a combination of two optimum linear
    filters", AIAA Journal 7, 1969): the filter that `ShareEstimator` is runs once from the end to the beginning, and
    once as usual. What the first knows of a track's resting level when it comes to a window is added to what the second
    knows, to estimate this window; nothing is learned from it, so that no second counts twice.

    The recording is given in blocks, twice: to `look_back` from the last to the first, then to `corrected` from the
    first to the last. Between them only what was known at the end of each block is kept.
    """

    def __init__(self, tables: Mapping[str, ScoreTable]) -> None:
        """Creates an estimator that has seen nothing.

        Args:
            tables: by expression; others keep their tallies as they are.
        """
        self._forward = {name: _Expression(table) for name, table in tables.items()}
        self._back = {name: _Expression(table) for name, table in tables.items()}
        self._after: list[dict[str, _Expression]] = []

    def look_back(self, block: Sequence[WindowFaces]) -> None:
        """Reads the block of windows before the one that was read last.

        Args:
            block: the faces of its windows, one after another.
        """
        self._after.append({name: expression.copied() for name, expression in self._back.items()})
        for name, expression in self._back.items():
            for seen in reversed(block):
                expression.estimate(*_scores(seen.faces, name), -seen.start_ms)  # time runs backwards

    def corrected(self, tallies: Sequence[Mapping[str, Tally]], block: Sequence[WindowFaces]) -> list[dict[str, Tally]]:
        """Estimates the next block, as `look_back` read it.

        Args:
            tallies: of each window; an estimate in them is replaced.
            block: the faces of each window.
        """
        found = [dict(one) for one in tallies]
        for name, back in self._after.pop().items():
            scores = [_scores(seen.faces, name) for seen in block]
            messages = []
            for seen, (tracks, confidences) in zip(reversed(block), reversed(scores), strict=True):
                messages.append(back.known(tracks, -seen.start_ms))
                back.estimate(tracks, confidences, -seen.start_ms)
            forward = self._forward[name]
            for one, seen, scored in zip(found, block, scores, strict=True):
                result = forward.estimate(*scored, seen.start_ms, beside=messages.pop())
                if name in one:
                    one[name] = _estimated(one[name], *result)
        return found


def _scores(faces: Sequence[FaceRecord], name: str) -> tuple[list[str], Floats]:
    """The tracks that have a score of an expression, and their confidences."""
    scored = [face for face in faces if name in face.confidences]
    return [face.track_id for face in scored], np.array([face.confidences[name] for face in scored])


def _estimated(tally: Tally, estimate: float, variance: float) -> Tally:
    most = tally.faces**2 / 4  # rounding must not pass what a tally can have
    return replace(tally, estimate=round(estimate, 3), variance=min(_rounded(variance), most))


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
        self._levels = _Levels()
        self._late_ms = 0
        self._late = float("nan")

    def copied(self) -> Self:
        """The same state, which goes its own way from here."""
        found = copy.copy(self)
        found._levels = self._levels.copied()
        return found

    def known(self, tracks: Sequence[str], start_ms: int) -> Floats:
        """(n, levels) log likelihood of the resting levels of some tracks, by what was learned until now."""
        return self._levels.known(self._levels.rows(tracks, start_ms), start_ms)

    def estimate(
        self, tracks: Sequence[str], confidences: Floats, start_ms: int, *, beside: Floats | float = 0.0
    ) -> tuple[float, float]:
        """How many of some faces show the expression, and the variance of that number.

        Args:
            tracks: n of them.
            confidences: (n,) of their faces.
            start_ms: later than at the call before.
            beside: (n, levels) log likelihood of their resting levels by anything else; it is not learned.
        """
        n = len(tracks)
        if n == 0:
            return 0.0, 0.0
        from scipy.special import ndtri

        logit = _logit(confidences)
        place = np.clip(np.searchsorted(self._edges, logit, side="right") - 1, 0, len(self._log_ratio) - 1)
        log_ratio = self._log_ratio[place]
        resting = np.clip(ndtri(np.interp(logit, self._edges, self._below)), -_CUT, _CUT)
        rows = self._levels.rows(tracks, start_ms)
        known = self._levels.known(rows, start_ms)
        # Density of each score at each resting level, over its density among all faces that do not show it.
        spread = 1 - _OWN_PART
        log_own = (resting[:, None] ** 2 - (resting[:, None] - self._means) ** 2 / spread - math.log(spread)) / 2
        weights = _PRIOR + known + beside
        expected = np.exp(weights - weights.max(axis=1, keepdims=True))
        expected /= expected.sum(axis=1, keepdims=True)
        ratio = np.exp(log_ratio) / np.sum(expected * np.exp(log_own), axis=1)
        share = self._share(ratio, start_ms)
        shows = share * ratio / (share * ratio + 1 - share)
        total = float(shows.sum())
        # Without own levels, so that what was learned does not confirm itself.
        at_rest = (1 - share) / (1 - share + share * np.exp(log_ratio)) * max(0.0, 1 - share / _AT_REST)
        self._levels.learn(rows, known, at_rest[:, None] * log_own, start_ms)
        self._remember(total / n, start_ms)
        return total, self._variance(total, n)

    def _share(self, ratio: Floats, start_ms: int) -> float:
        """The most likely share, from (n,) likelihood ratios, by Newton's method: its log likelihood is concave."""
        late = 0.5 if math.isnan(self._late) else self._late
        add_showing, add_others = _PRIOR_FACES * late, _PRIOR_FACES * (1 - late)
        low, high = 1e-6, 1 - 1e-6
        share = min(max(late, low), high)
        excess = ratio - 1
        for _ in range(40):
            each = excess / (1 + share * excess)
            slope = float(each.sum()) + add_showing / share - add_others / (1 - share)
            bend = float(each @ each) + add_showing / share**2 + add_others / (1 - share) ** 2
            low, high = (share, high) if slope > 0 else (low, share)
            nearer = share + slope / bend
            nearer = nearer if low < nearer < high else (low + high) / 2
            moved, share = abs(nearer - share), nearer
            if moved < _SHARE_TO:
                break
        return share

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


class _Levels:
    """What was learned of each track's resting level: the log likelihood of each level, forgotten with time."""

    def __init__(self) -> None:
        self._row: dict[str, int] = {}
        self._learned: Floats = np.empty((0, len(_LEVELS)))
        self._seen_ms: Ints = np.empty(0, dtype=np.int64)

    def copied(self) -> _Levels:
        """The same, which goes its own way from here."""
        found = _Levels()
        found._row, found._learned, found._seen_ms = dict(self._row), self._learned.copy(), self._seen_ms.copy()
        return found

    def rows(self, tracks: Sequence[str], start_ms: int) -> Ints:
        """(n,) where some tracks are; new ones come in, as if seen a second ago."""
        new = [track for track in tracks if track not in self._row]
        if new:
            if len(self._row) > 2 * len(tracks) + 100:
                self._forget(start_ms, set(tracks))
            self._row.update(zip(new, range(len(self._row), len(self._row) + len(new)), strict=True))
            self._learned = np.concatenate([self._learned, np.zeros((len(new), len(_LEVELS)))])
            self._seen_ms = np.concatenate([self._seen_ms, np.full(len(new), start_ms - 1000)])
        return np.array([self._row[track] for track in tracks], dtype=np.int64)

    def known(self, rows: Ints, start_ms: int) -> Floats:
        """(n, levels) what is left of it by now."""
        kept = np.exp((self._seen_ms[rows] - start_ms) / 1000 / _FORGET_S)
        known: Floats = kept[:, None] * self._learned[rows]
        return known

    def learn(self, rows: Ints, known: Floats, evidence: Floats, start_ms: int) -> None:
        """Adds the evidence of a second to what is known."""
        since_s = np.maximum(start_ms - self._seen_ms[rows], 0) / 1000
        self._learned[rows] = known + np.minimum(1.0, _EVIDENCE_PER_S * since_s)[:, None] * evidence
        self._seen_ms[rows] = start_ms

    def _forget(self, start_ms: int, needed: set[str]) -> None:
        """Drops tracks that were not seen for long."""
        late = start_ms - self._seen_ms <= _GONE_MS
        kept = [(track, row) for track, row in self._row.items() if late[row] or track in needed]
        rows = np.array([row for _, row in kept], dtype=np.int64)
        self._row = {track: place for place, (track, _) in enumerate(kept)}
        self._learned, self._seen_ms = self._learned[rows], self._seen_ms[rows]


def _logit(confidences: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        found: Floats = np.clip(np.log(confidences) - np.log1p(-confidences), -_END, _END)
    return found


def _rounded(variance: float) -> float:
    """Three significant digits."""
    return float(f"{variance:.3g}")
