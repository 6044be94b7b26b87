"""What to look at next: the few sentences about a talk that hold beside the speaker's earlier talks.

Each kind of sentence has its own test, and all of them together say something untrue of at most `ERROR` of the talks in
which nothing differs. Where nothing holds, nothing is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.comparing.earlier import comparable
from audience.disclosure import bounded, is_bounded
from audience.percents import percent, percent_text
from audience.reaction.changes import Counts
from audience.reaction.curve import StageWindows, stage_windows, wilson
from audience.reaction.headline import DID
from audience.reaction.independence import normal_scores, variance_over
from audience.reaction.steps import STRETCH, Steps
from audience.sessions import Session, Stage
from audience.store import Store
from audience.time import clock_text

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Kind = Literal["slide low", "slide high", "opening", "whole", "break"]

ERROR: Final = 0.05
"""Of the talks in which nothing differs from earlier ones, at most this part gets a sentence: .02 of them one on a
slide, and .01 each one on the opening, on the whole talk and on a break."""

LEAST_TALKS: Final = 3
"""Talks with a slide, this one included, and earlier talks for a usual share."""

MOST_TALKS: Final = 12
"""Earlier talks that are looked at, the latest."""

MOST_SENTENCES: Final = 5

_ERROR_OF_SLIDES, _ERROR_OF_ONE = 0.02, 0.01
_LEAST_SLIDES = 5
_LEAST_S = 10.0  # of figures at a slide
_DEALS = 4000
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


def earlier_givings(store: Store, session: Session, stage: Stage) -> list[StageWindows]:
    """The latest sessions before this one in which the same was given, at most `MOST_TALKS`, the latest first.

    The same is a film or talk of one name in one cut; where it has no name, slides of one name.

    Args:
        store: the store of the sessions.
        session: this one.
        stage: its stage.
    """
    slides = stage.timelines[0].title if stage.timelines else ""
    if not session.film and not slides:
        return []
    found: list[StageWindows] = []
    for other in store.sessions():
        if len(found) == MOST_TALKS:
            break
        if other.started_at >= session.started_at or _series(other) != _series(session):
            continue
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


def _names(windows: StageWindows) -> str:
    """What sessions of this kind are called in a sentence."""
    return {"talk": "talks", "screening": "screenings"}.get(windows.session.kind, "sessions")


# Slides of several talks


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideResult:
    """One slide over several talks.

    Attributes:
        title: its title.
        low, high: in how many talks it was among the third of slides with the lowest and the highest shares.
        talks: in how many talks it has a figure.
        p_low, p_high: probability that chance alone makes any slide of the deck stand so low, or so high.
    """

    title: str
    low: int
    high: int
    talks: int
    p_low: float
    p_high: float


def slide_results(talks: Sequence[dict[str, tuple[float, float]]], *, seed: int = 1) -> tuple[SlideResult, ...]:
    """Tests which slides stand lower or higher than the others in talk after talk.

    Within a talk the slides are ranked, after the line through them is taken out, because a share that rises or falls
    through a talk puts its last slides at an end. If slides do not differ, each order is as likely as any other, in
    each talk anew. The p-values are those of the lowest and the highest of all slides in so many deals (P. H. Westfall
    and S. S. Young, "Resampling-based multiple testing", 1993).

    Args:
        talks: for each talk, by title of the slide: its middle, seconds, and its normal score (`slide_scores`).
        seed: of the deals.

    Returns:
        The slides that at least `LEAST_TALKS` talks have; none where those are fewer than five.
    """
    counts = Counter(title for talk in talks for title in talk)
    titles = [title for title, count in counts.items() if count >= LEAST_TALKS]
    place = {title: number for number, title in enumerate(titles)}
    ranked = np.full((len(talks), len(titles)), np.nan)
    for row, talk in zip(ranked, talks, strict=True):
        known = [title for title in talk if title in place]
        if len(known) < _LEAST_SLIDES:
            continue
        at, score = (np.array(values) for values in zip(*(talk[title] for title in known), strict=True))
        row[[place[title] for title in known]] = _ranks(_without_line(at, score))
    often = np.count_nonzero(~np.isnan(ranked), axis=0)
    kept = often >= LEAST_TALKS
    ranked, often, titles = (
        ranked[:, kept],
        often[kept],
        [title for title, keep in zip(titles, kept, strict=True) if keep],
    )
    if len(titles) < _LEAST_SLIDES:
        return ()
    scores = special.ndtri(ranked)
    stands = np.nansum(scores, axis=0) / np.sqrt(often)
    lowest, highest = _dealt(scores, often, seed)
    return tuple(
        SlideResult(
            title=title,
            low=int((ranked[:, number] < 1 / 3).sum()),
            high=int((ranked[:, number] > 2 / 3).sum()),
            talks=int(often[number]),
            p_low=float((1 + (lowest <= stands[number] + 1e-9).sum()) / (1 + _DEALS)),
            p_high=float((1 + (highest >= stands[number] - 1e-9).sum()) / (1 + _DEALS)),
        )
        for number, title in enumerate(titles)
    )


def slide_scores(windows: StageWindows, steps: Steps) -> dict[str, tuple[float, float]]:
    """By title of a stage's slides: the middle, seconds, and how far the share stands off that of the whole talk.

    The latter is a standard normal score under the null model of independent people (`reaction.independence`), so
    that slides of all lengths vary alike. A title that several slides have is left out.
    """
    if not windows.stage.timelines:
        return {}
    middle = _middles(windows, steps)
    segment = np.where(steps.known > 0, windows.segment[middle], -1)
    titles = [one.title for one in windows.stage.timelines[0].segments]
    often = Counter(titles)
    step_s = steps.windows_per_step * windows.width_ms / 1000
    found = [
        index
        for index in np.unique(segment[segment >= 0]).tolist()
        if often[titles[index]] == 1 and (segment == index).sum() * step_s >= _LEAST_S
    ]
    if not found:
        return {}
    inside = [segment == index for index in found]
    over, faces, known = (
        np.array([values[mask].sum() for mask in inside]) for values in (steps.over, steps.faces, steps.known)
    )
    length = np.array([mask.sum() for mask in inside])
    whole = float((over.sum() + 0.5) / (faces.sum() + 1))
    scores = [
        float(
            normal_scores(
                np.array([one_over / one_faces]),
                np.array([one_faces / one_known]),
                np.array([whole]),
                max(steps.persistence * STRETCH / one_length, 1e-3),
            )[0]
        )
        for one_over, one_faces, one_known, one_length in zip(over, faces, known, length, strict=True)
    ]
    middles = [float(windows.session_s[middle[mask]].mean()) for mask in inside]
    return {titles[index]: (at, score) for index, at, score in zip(found, middles, scores, strict=True)}


def _slides(talks: Sequence[StageWindows], steps: Sequence[Steps], expression: str) -> list[Suggestion]:
    windows = talks[0]
    scores = [slide_scores(talk, one) for talk, one in zip(talks, steps, strict=True)]
    said: list[tuple[float, Suggestion]] = []
    for result in slide_results(scores):
        if result.title not in scores[0]:
            continue
        for kind, most, p_value, often in (
            ("slide low", "fewest", result.p_low, result.low),
            ("slide high", "most", result.p_high, result.high),
        ):
            if p_value > _ERROR_OF_SLIDES / 2:
                continue
            index = next(n for n, one in enumerate(windows.stage.timelines[0].segments) if one.title == result.title)
            begins = float(windows.session_s[np.flatnonzero(windows.segment == index)[0]])
            number = f"all {result.talks}" if often == result.talks else f"{often} of {result.talks}"
            sentence = (
                f"In {number} {_names(windows)} “{result.title}” was among the third of slides at which the {most} faces "
                f"{DID[expression]}."
            )
            said.append((p_value, Suggestion(kind=kind, sentence=sentence, session_s=begins)))
    return [one for _, one in sorted(said, key=lambda one: one[0])]


def _without_line(at: Floats, score: Floats) -> Floats:
    """Scores less the least-squares line through them."""
    return score - np.polyval(np.polyfit(at - at.mean(), score, 1), at - at.mean())


def _ranks(values: Floats) -> Floats:
    """Ranks within 0..1; equal values share theirs."""
    below = (values[:, None] > values[None, :]).sum(axis=1)
    equal = (values[:, None] == values[None, :]).sum(axis=1)
    return (below + equal / 2) / len(values)


def _dealt(scores: Floats, often: NDArray[np.int64], seed: int) -> tuple[Floats, Floats]:
    """(deals,) each: the lowest and the highest standing of any slide, where the order within each talk is chance."""
    rng = np.random.default_rng(seed)
    stands = np.zeros((_DEALS, scores.shape[1]))
    for row in scores:
        known = np.flatnonzero(~np.isnan(row))
        order = rng.random((_DEALS, len(known))).argsort(axis=1)
        stands[:, known] += row[known][order]
    stands /= np.sqrt(often)
    return stands.min(axis=1), stands.max(axis=1)


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


_PARTS: Final[tuple[tuple[Kind, float, str], ...]] = (
    ("whole", np.inf, "On the whole"),
    ("opening", _OPENING_S, "In the first five minutes"),
)


def _against_usual(talks: Sequence[StageWindows], steps: Sequence[Steps], expression: str) -> list[Suggestion]:
    """The whole talk against earlier ones, else its first minutes."""
    windows = talks[0]
    for kind, until_s, where in (
        ("whole", np.inf, "On the whole"),
        ("opening", _OPENING_S, "In the first five minutes"),
    ):
        if kind == "opening" and windows.length_s < 2 * _OPENING_S:
            continue
        found = [_Stretch.of(talk, one, _shown(talk, one, until_s)) for talk, one in zip(talks, steps, strict=True)]
        this, usual = found[0], [one for one in found[1:] if one is not None]
        if this is None or len(usual) < LEAST_TALKS:
            continue
        angles, variances = (
            np.array(values) for values in zip(*((one.angle, one.variance) for one in usual), strict=True)
        )
        if not is_unusual(this.angle, this.variance, angles, variances, _ERROR_OF_ONE):
            continue
        texts = [one.text(windows) for one in (this, *usual)]
        shares = [percent(one.share) for one in usual]
        if not all(texts) or min(abs(percent(this.share) - one) for one in (min(shares), max(shares))) < _LEAST_POINTS:
            continue
        sentence = (
            f"{where} {texts[0]} of the faces {DID[expression]}, in {len(usual)} earlier {_names(windows)} "
            f"{'about ' if min(shares) == max(shares) else f'{min(shares)} to '}{max(shares)} %."
        )
        begins = float(windows.session_s[np.flatnonzero(_shown_windows(windows, until_s))[0]])
        return [Suggestion(kind=kind, sentence=sentence, session_s=begins)]
    return []


def _shown_windows(windows: StageWindows, until_s: float) -> Bools:
    """(n,) the windows in which something was shown before a second of it; without a timeline, since the start."""
    own = windows.session_s if np.isnan(windows.timeline_s).all() else windows.timeline_s
    inside: Bools = (own >= 0) & (own < until_s)
    return inside


def _shown(windows: StageWindows, steps: Steps, until_s: float) -> Bools:
    """(s,) the steps of these windows."""
    inside: Bools = _shown_windows(windows, until_s)[_middles(windows, steps)]
    return inside


def _middles(windows: StageWindows, steps: Steps) -> NDArray[np.int64]:
    """(s,) the window in the middle of each step."""
    size = steps.windows_per_step
    return np.minimum(np.arange(len(steps.known)) * size + size // 2, len(windows.session_s) - 1)


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
        parts = [_Stretch.of(windows, steps, mask[_middles(windows, steps)]) for mask in (before, after)]
        texts = [one.text(windows) if one is not None else "" for one in parts]
        if all(texts):
            sentence = (
                f"After the break at {_end_text(windows, last)} {'fewer' if change < 0 else 'more'} faces "
                f"{DID[expression]} than before it: {texts[1]} in the ten minutes after, {texts[0]} in the ten before."
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
