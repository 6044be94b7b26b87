"""What to look at next: the few sentences about a talk that hold beside the speaker's earlier talks.

Each kind of sentence has its own test, and of the talks in which nothing differs at most 5 % get any sentence: .5 %
each one on the opening, on the rest and on the breaks, and 1 % one on slides, up to 3.5 % where shares wander steeply
(decision 62). Where nothing holds, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.comparing.earlier import comparable
from audience.comparing.slides import LEAST_TALKS, slide_results, slide_scores
from audience.disclosure import bounded, is_bounded
from audience.language import N_, gettext
from audience.percents import percent, percent_text
from audience.reaction.changes import Counts
from audience.reaction.curve import StageWindows, stage_windows, wilson
from audience.reaction.headline import did
from audience.reaction.independence import variance_over
from audience.reaction.steps import STRETCH, Steps
from audience.sessions import Kind as SessionKind
from audience.sessions import Session, Stage
from audience.store import Store
from audience.time import clock_text

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Kind = Literal["slide low", "slide high", "opening", "rest", "whole", "break"]

MOST_TALKS: Final = 12
"""Earlier talks that are looked at, the latest."""

MOST_SENTENCES: Final = 5

_ERROR_OF_ONE = 0.005
_OPENING_S = 300.0
_LEAST_BREAK_S, _LONGEST_BREAK_S, _AROUND_BREAK_S = 120.0, 3 * 3600.0, 600.0
_LEAST_POINTS = 3  # percent points: a smaller difference is nothing to look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One thing to look at.

    Attributes:
        kind: what it is about.
        sentence: what was seen, in one sentence.
        session_s: where to look, seconds from this session's start.
    """

    kind: Kind
    sentence: str
    session_s: float


def suggestions(windows: StageWindows, earlier: Sequence[StageWindows], expression: str) -> tuple[Suggestion, ...]:
    """What holds of a talk beside earlier ones; empty if nothing does.

    Args:
        windows: the stage's windows.
        earlier: stages of earlier talks of the same deck or series, the latest first; those of another scorer are left
            out.
        expression: the expression.
    """
    if expression not in windows.expressions or not windows.table.scored.any():
        return ()
    talks = [one for one in comparable(windows, list(earlier))[0] if expression in one.expressions][:MOST_TALKS]
    steps = [Steps.of(one, expression) for one in (windows, *talks)]
    said = [
        *_breaks(windows, steps[0], expression),
        *_against_usual([windows, *talks], steps, expression),
        *_slides([windows, *talks], steps, expression),
    ]
    return tuple(said[:MOST_SENTENCES])


def earlier_sessions(session: Session, sessions: Iterable[Session]) -> list[Session]:
    """The sessions before this one in which the same may have been given: of its kind, and of its film or talk and cut.

    Args:
        session: this one.
        sessions: the latest first, as all sessions of a store.
    """
    return [one for one in sessions if one.started_at < session.started_at and _series(one) == _series(session)]


def earlier_givings(store: Store, session: Session, stage: Stage, among: Iterable[Session]) -> list[StageWindows]:
    """The latest earlier sessions in which the same was given, at most `MOST_TALKS`, the latest first.

    The same is a film or talk of one name in one cut; where it has no name, slides of one name.

    Args:
        store: the store of the sessions.
        session: this one.
        stage: its stage.
        among: `earlier_sessions`.
    """
    slides = stage.timelines[0].title if stage.timelines else ""
    if not session.film and not slides:
        return []
    found: list[StageWindows] = []
    for other in among:
        if len(found) == MOST_TALKS:
            break
        stages = store.stages(other.session_id)
        if session.film:
            same = next((one for one in stages if one.stage_id == stage.stage_id), stages[0] if stages else None)
        else:
            same = next((one for one in stages if one.timelines and one.timelines[0].title == slides), None)
        if same is not None:
            cameras = store.cameras(other.session_id, same.stage_id)
            found.append(stage_windows(other, same, cameras, store.windows(other.session_id, same.stage_id)))
    return found


def _series(session: Session) -> tuple[str, bool, str, str, str]:
    return session.kind, session.simulated, session.mode, session.film, session.cut


_MOST_OF_SESSIONS: Final = N_(
    "In {often} of {talks} sessions “{title}” was among the third of slides at which the most faces {did}."
)
_FEWEST_OF_SESSIONS: Final = N_(
    "In {often} of {talks} sessions “{title}” was among the third of slides at which the fewest faces {did}."
)
_USUAL_OF_SESSIONS: Final = N_("{where} {share} of the faces {did}, in {count} earlier sessions {before}.")
_MOST: Final[dict[SessionKind, str]] = {
    "talk": N_("In {often} of {talks} talks “{title}” was among the third of slides at which the most faces {did}."),
    "screening": N_(
        "In {often} of {talks} screenings “{title}” was among the third of slides at which the most faces {did}."
    ),
    "festival": _MOST_OF_SESSIONS,
    "panel": _MOST_OF_SESSIONS,
}
_FEWEST: Final[dict[SessionKind, str]] = {
    "talk": N_("In {often} of {talks} talks “{title}” was among the third of slides at which the fewest faces {did}."),
    "screening": N_(
        "In {often} of {talks} screenings “{title}” was among the third of slides at which the fewest faces {did}."
    ),
    "festival": _FEWEST_OF_SESSIONS,
    "panel": _FEWEST_OF_SESSIONS,
}
_USUAL: Final[dict[SessionKind, str]] = {
    "talk": N_("{where} {share} of the faces {did}, in {count} earlier talks {before}."),
    "screening": N_("{where} {share} of the faces {did}, in {count} earlier screenings {before}."),
    "festival": _USUAL_OF_SESSIONS,
    "panel": _USUAL_OF_SESSIONS,
}


# Slides of several talks


def _slides(talks: Sequence[StageWindows], steps: Sequence[Steps], expression: str) -> list[Suggestion]:
    windows = talks[0]
    scores = [slide_scores(talk, one) for talk, one in zip(talks, steps, strict=True)]
    said: list[tuple[float, Suggestion]] = []
    for result in slide_results(scores):
        if result.title not in scores[0]:
            continue
        kind: Kind = "slide low" if result.is_low else "slide high"
        if result.is_low or result.is_high:
            p_value, often = (result.p_low, result.low) if result.is_low else (result.p_high, result.high)
            index = next(n for n, one in enumerate(windows.stage.timelines[0].segments) if one.title == result.title)
            begins = float(windows.session_s[np.flatnonzero(windows.segment == index)[0]])
            sentence = gettext(
                (_FEWEST if result.is_low else _MOST)[windows.session.kind],
                often=often,
                talks=result.talks,
                title=result.title,
                did=did(expression),
            )
            said.append((p_value, Suggestion(kind=kind, sentence=sentence, session_s=begins)))
    return [one for _, one in sorted(said, key=lambda one: one[0])]


# The whole talk and its opening against the usual


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """The share over some steps of a talk, on the arcsine scale, where its variance does not depend on it.

    Attributes:
        share, faces: the share, and how many faces it is of on average.
        seconds: of figures.
        angle, variance: arcsine of its root, and its variance by chance.
    """

    share: float
    faces: float
    seconds: float
    angle: float
    variance: float

    @classmethod
    def of(cls, windows: StageWindows, steps: Steps, inside: Bools) -> _Stretch | None:
        inside = inside & (steps.known > 0)
        seconds = float(steps.known[inside].sum()) * windows.width_ms / 1000
        if seconds < 60:
            return None
        over, faces = float(steps.over[inside].sum()), float(steps.faces[inside].sum())
        people = faces / float(steps.known[inside].sum())
        lasting = variance_over(max(steps.persistence * STRETCH / inside.sum(), 1e-3))
        independent = people / lasting
        share = over / faces
        # F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data", Biometrika 35, 1948.
        angle = np.arcsin(np.sqrt((share * independent + 3 / 8) / (independent + 3 / 4)))
        return cls(share=share, faces=people, seconds=seconds, angle=float(angle), variance=0.25 / (independent + 0.5))

    def text(self, windows: StageWindows) -> str:
        """The share in percent; "" in a small room that has no exact figure."""
        low, high = wilson(np.array([self.share * self.faces]), np.array([self.faces]))
        figures = bounded(
            np.array([self.share]), low, high, faces=self.faces, min_faces=windows.min_faces, seconds=self.seconds
        )
        return "" if is_bounded(*figures)[0] else percent_text(self.share)


def is_unusual(angle: float, variance: float, usual: Floats, variances: Floats, error: float) -> bool:
    """Whether a talk's figure is outside the prediction interval of earlier ones.

    Args:
        angle, variance: the figure, and its variance by chance within the talk.
        usual, variances: (k,) those of earlier talks, k at least `LEAST_TALKS`.
        error: how often a talk like the others is said to be unusual.
    """
    spread = float(usual.var(ddof=1))
    # What is noisier than the earlier talks, as with fewer faces, varies by that much more.
    expected = spread * (1 + 1 / len(usual)) + max(variance - float(variances.mean()), 0.0)
    # Talks that happen to be alike say little about how talks differ: chance within them is the least there is.
    least = variance + float(variances.mean()) / len(usual)
    reach = special.stdtrit(len(usual) - 1, 1 - error / 2) * np.sqrt(max(expected, least))
    return bool(abs(angle - usual.mean()) > reach)


def _against_usual(talks: Sequence[StageWindows], steps: Sequence[Steps], expression: str) -> list[Suggestion]:
    """The first minutes and the rest against those of earlier talks; where both differ alike, the whole."""
    whole = _PartOfTalk(kind="whole", where=N_("On the whole"), from_s=0, until_s=np.inf)
    parts = [whole]
    if talks[0].length_s >= 2 * _OPENING_S:
        parts = [
            _PartOfTalk(kind="opening", where=N_("In the first five minutes"), from_s=0, until_s=_OPENING_S),
            _PartOfTalk(kind="rest", where=N_("After the first five minutes"), from_s=_OPENING_S, until_s=np.inf),
        ]
    signs = [part.sign(talks, steps) for part in parts]
    if len(parts) > 1 and signs[0] == signs[1] != 0:
        parts, signs = [whole], [signs[0]]
    said = [part.suggestion(talks, steps, expression) for part, sign in zip(parts, signs, strict=True) if sign]
    return [one for one in said if one is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PartOfTalk:
    """The seconds [from_s, until_s) of what was shown; without a timeline, of the session."""

    kind: Kind
    where: str
    from_s: float
    until_s: float

    def inside(self, windows: StageWindows) -> Bools:
        """(n,) its windows."""
        own = windows.session_s if np.isnan(windows.timeline_s).all() else windows.timeline_s
        inside: Bools = (own >= self.from_s) & (own < self.until_s)
        return inside

    def stretches(
        self, talks: Sequence[StageWindows], steps: Sequence[Steps]
    ) -> tuple[_Stretch | None, list[_Stretch]]:
        """Its figures in this talk, and in earlier ones that have any."""
        this, *earlier = (
            _Stretch.of(talk, one, self.inside(talk)[one.middles(len(talk.session_s))])
            for talk, one in zip(talks, steps, strict=True)
        )
        return this, [one for one in earlier if one is not None]

    def sign(self, talks: Sequence[StageWindows], steps: Sequence[Steps]) -> int:
        """1 where more than usual, -1 where less, 0 where that is not certain."""
        this, usual = self.stretches(talks, steps)
        if this is None or len(usual) < LEAST_TALKS:
            return 0
        angles, variances = np.array([one.angle for one in usual]), np.array([one.variance for one in usual])
        if not is_unusual(this.angle, this.variance, angles, variances, _ERROR_OF_ONE):
            return 0
        return 1 if this.angle > angles.mean() else -1

    def suggestion(self, talks: Sequence[StageWindows], steps: Sequence[Steps], expression: str) -> Suggestion | None:
        """The sentence; None where a figure is withheld, or the difference is under three points."""
        windows, (this, usual) = talks[0], self.stretches(talks, steps)
        if this is None:
            return None
        texts = [one.text(windows) for one in (this, *usual)]
        shares = [percent(one.share) for one in usual]
        lowest, highest = min(shares), max(shares)
        if not all(texts) or min(abs(percent(this.share) - one) for one in (lowest, highest)) < _LEAST_POINTS:
            return None
        if lowest == highest:
            alike = f"{lowest} %"
            before = gettext("about {share}", share=alike)
        else:
            before = gettext("{low} to {high}", low=lowest, high=highest) + " %"
        sentence = gettext(
            _USUAL[windows.session.kind],
            where=gettext(self.where),
            share=texts[0],
            did=did(expression),
            count=len(usual),
            before=before,
        )
        begins = float(windows.session_s[np.flatnonzero(self.inside(windows))[0]])
        return Suggestion(kind=self.kind, sentence=sentence, session_s=begins)


# Before and after a break


def _breaks(windows: StageWindows, steps: Steps, expression: str) -> list[Suggestion]:
    """The ten minutes after each break against the ten before it."""
    breaks = list(_breaks_of(windows))
    said: list[Suggestion] = []
    for last, first in breaks:
        before = _within(windows, windows.session_s[last] - _AROUND_BREAK_S, windows.session_s[last])
        after = _within(windows, windows.session_s[first], windows.session_s[first] + _AROUND_BREAK_S)
        change, margin = _change(windows, steps, expression, before, after, error=_ERROR_OF_ONE / len(breaks))
        # NaN, where there is not enough data, is no change.
        if not abs(change) > margin or percent(abs(change)) < _LEAST_POINTS:
            continue
        parts = [_Stretch.of(windows, steps, mask[steps.middles(len(windows.session_s))]) for mask in (before, after)]
        texts = [one.text(windows) if one is not None else "" for one in parts]
        if all(texts):
            values = {
                "time": _end_text(windows, last),
                "did": did(expression),
                "before": texts[0],
                "after": texts[1],
            }
            if change < 0:
                sentence = gettext(
                    "After the break at {time} fewer faces {did} than before it: {after} in the ten minutes after, "
                    "{before} in the ten before.",
                    **values,
                )
            else:
                sentence = gettext(
                    "After the break at {time} more faces {did} than before it: {after} in the ten minutes after, "
                    "{before} in the ten before.",
                    **values,
                )
            said.append(Suggestion(kind="break", sentence=sentence, session_s=float(windows.session_s[first])))
    return said


def _end_text(windows: StageWindows, place: int) -> str:
    """Where a window ends, in the timeline."""
    return clock_text(round(float(windows.timeline_s[place]) + windows.width_ms / 1000, 3))


def _breaks_of(windows: StageWindows) -> list[tuple[int, int]]:
    """The last window before each break, and the first after it."""
    shown = np.flatnonzero(~np.isnan(windows.timeline_s))
    lengths = np.diff(windows.session_s[shown])
    return [
        (int(shown[place]), int(shown[place + 1]))
        for place in np.flatnonzero((lengths >= _LEAST_BREAK_S) & (lengths <= _LONGEST_BREAK_S))
    ]


def _within(windows: StageWindows, from_s: float, until_s: float) -> Bools:
    """(n,) the windows of a stretch in which something was shown."""
    inside: Bools = (windows.session_s >= from_s) & (windows.session_s <= until_s) & ~np.isnan(windows.timeline_s)
    return inside


def _change(
    windows: StageWindows, steps: Steps, expression: str, before: Bools, after: Bools, *, error: float
) -> tuple[float, float]:
    """The share after less that before, and the half-width of its interval; NaN where there is not enough data."""
    table, column = windows.table, windows.table.expressions.index(expression)
    over, scored, observations = np.zeros((3, len(windows.start_ms)))
    over[windows.place] = table.over[:, column]
    scored[windows.place] = table.scored[:, column]
    observations[windows.place] = table.spans
    counts = Counts.of(
        over=over, scored=scored, observations=observations, width_s=windows.width_ms / 1000, steps=steps
    )
    ((margin,),) = (counts.margins([after], before),)
    if np.isnan(margin):
        return np.nan, np.nan
    wider = special.stdtrit(counts.freedom, 1 - error / 2) / special.stdtrit(counts.freedom, 0.975)
    change = over[after].sum() / scored[after].sum() - over[before].sum() / scored[before].sum()
    return float(change), margin * float(wider)
