"""Slides that stand lower or higher than those beside them, in talk after talk of the same deck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audience.reaction.curve import StageWindows
from audience.reaction.independence import normal_scores
from audience.reaction.steps import STRETCH, Steps

Floats = NDArray[np.float64]

LEAST_TALKS = 3
"""Talks with a slide, for a result."""

_ERROR = 0.01  # of decks in which nothing differs, the part of which some slide is said to stand low or high
# A slide at which everybody laughs in one talk and nobody in another is at an end of the order in each.
_ERROR_OF_EACH = 0.02
_LEAST_SLIDES = 5
_LEAST_S = 10.0  # of figures at a slide
_DEALS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideResult:
    """One slide over several talks.

    Attributes:
        title: its title.
        low, high: in how many talks it was among the third of all slides with the lowest and the highest scores.
        talks: in how many talks it has a figure.
        p_low, p_high: probability that chance alone makes any slide of the deck stand so low, or so high.
        p_each: probability that this slide stands so low by what it differs from talk to talk (Student, one-sided);
            near 1 where it stands high.
    """

    title: str
    low: int
    high: int
    talks: int
    p_low: float
    p_high: float
    p_each: float

    @property
    def is_low(self) -> bool:
        """Whether it stands lower than the others."""
        return self._stands(self.p_low, self.low, self.p_each)

    @property
    def is_high(self) -> bool:
        """Whether it stands higher than the others."""
        return self._stands(self.p_high, self.high, 1 - self.p_each)

    def _stands(self, p_value: float, often: int, p_each: float) -> bool:
        # The slides beside a low one stand higher than those beside them: that alone is nothing to look at.
        return p_value <= _ERROR / 2 and often >= 2 / 3 * self.talks and p_each <= _ERROR_OF_EACH


def slide_results(talks: Sequence[dict[str, tuple[float, float]]], *, seed: int = 1) -> tuple[SlideResult, ...]:
    """Tests which slides stand lower or higher than those beside them in talk after talk.

    Within a talk the slides are ranked by how far each stands off the slides before and after it (`_contrasts`),
    because a share that drifts through a talk would put its first or last slides at an end. If slides do not differ,
    each order is as likely as any other, in each talk anew. The p-values are those of the lowest and the highest of all
    slides in so many deals (P. H. Westfall and S. S. Young, "Resampling-based multiple testing", 1993).

    Args:
        talks: for each talk, by title of the slide: its middle, seconds, and its normal score (`slide_scores`).
        seed: of the deals.

    Returns:
        The slides that at least `LEAST_TALKS` talks have; none where those are fewer than five.
    """
    counts = Counter(title for talk in talks for title in talk)
    titles = [title for title, count in counts.items() if count >= LEAST_TALKS]
    place = {title: number for number, title in enumerate(titles)}
    plain, ranked, contrasts = np.full((3, len(talks), len(titles)), np.nan)
    for number, talk in enumerate(talks):
        known = [title for title in talk if title in place]
        if len(known) < _LEAST_SLIDES:
            continue
        at, score = (np.array(values) for values in zip(*(talk[title] for title in known), strict=True))
        columns = [place[title] for title in known]
        contrast = _contrasts(at, score)
        plain[number, columns], ranked[number, columns] = _ranks(score), _ranks(contrast)
        # Of talks with many faces scores are larger.
        contrasts[number, columns] = contrast / max(float(np.median(np.abs(contrast))), 1e-9)
    often = np.count_nonzero(~np.isnan(ranked), axis=0)
    kept = often >= LEAST_TALKS
    plain, ranked, contrasts, often = plain[:, kept], ranked[:, kept], contrasts[:, kept], often[kept]
    titles = [title for title, keep in zip(titles, kept, strict=True) if keep]
    if len(titles) < _LEAST_SLIDES:
        return ()
    scores = special.ndtri(ranked)
    stands = np.nansum(scores, axis=0) / np.sqrt(often)
    lowest, highest = _dealt(scores, often, seed)
    error = np.maximum(np.nanstd(contrasts, axis=0, ddof=1) / np.sqrt(often), 1e-9)
    each = special.stdtr(often - 1, np.nanmean(contrasts, axis=0) / error)
    return tuple(
        SlideResult(
            title=title,
            low=int((plain[:, number] < 1 / 3).sum()),
            high=int((plain[:, number] > 2 / 3).sum()),
            talks=int(often[number]),
            p_low=float((1 + (lowest <= stands[number] + 1e-9).sum()) / (1 + _DEALS)),
            p_high=float((1 + (highest >= stands[number] - 1e-9).sum()) / (1 + _DEALS)),
            p_each=float(each[number]),
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
    middle = steps.middles(len(windows.session_s))
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


def _contrasts(at: Floats, score: Floats) -> Floats:
    """How far each score stands off the line between the slides before and after it; at the ends, off the one beside.

    The line through all of them is taken out first, for the ends.

    Args:
        at: (k,) middles of the slides, each once.
        score: (k,) their scores.
    """
    order = np.argsort(at)
    at, left = at[order], score[order]
    left = left - np.polyval(np.polyfit(at - at.mean(), left, 1), at - at.mean())
    along = (at[1:-1] - at[:-2]) / (at[2:] - at[:-2])
    contrast = np.empty_like(left)
    contrast[order[1:-1]] = left[1:-1] - (1 - along) * left[:-2] - along * left[2:]
    # A difference of two varies more than that from a mean of two, if the share wanders.
    contrast[order[0]] = (left[0] - left[1]) / 2**0.5
    contrast[order[-1]] = (left[-1] - left[-2]) / 2**0.5
    return contrast


def _ranks(values: Floats) -> Floats:
    """Ranks within 0..1; equal values share theirs."""
    below = (values[:, None] > values[None, :]).sum(axis=1)
    equal = (values[:, None] == values[None, :]).sum(axis=1)
    ranks: Floats = (below + equal / 2) / len(values)
    return ranks


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
