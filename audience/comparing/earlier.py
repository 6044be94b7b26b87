"""Comparison of a session with earlier ones: overall shares, and the mean curve along the same timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from audience.comparing.cuts import edits_by_title, one_scorer
from audience.errors import InvalidValue
from audience.language import gettext
from audience.reaction.baseline import baseline
from audience.reaction.curve import StageWindows, is_corrected, smoothed_curve

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSummary:
    """The overall figures of one stage; NaN where there is none.

    Attributes:
        windows: its windows.
        share, low, high: the share over all windows that are shown, and its 95 % Wilson interval over the people
            present.
        faces: mean number of faces in view while somebody was.
        coverage: mean coverage in that time.
    """

    windows: StageWindows
    share: float
    low: float
    high: float
    faces: float
    coverage: float

    @classmethod
    def of(cls, windows: StageWindows, expression: str) -> Self:
        """Computes the overall figures of a stage for one expression."""
        all_of_it = baseline(windows, expression, "whole talk")
        share, low, high = (
            float(line[0]) if len(line) else float("nan")
            for line in (all_of_it.share, all_of_it.share_low, all_of_it.share_high)
        )
        somebody = np.nan_to_num(windows.faces) > 0
        faces, coverage = (
            float(np.nanmean(line[somebody])) if somebody.any() else float("nan")
            for line in (windows.faces, windows.coverage)
        )
        return cls(windows=windows, share=share, low=low, high=high, faces=faces, coverage=coverage)


def comparable(windows: StageWindows, others: Sequence[StageWindows]) -> tuple[list[StageWindows], list[str]]:
    """Splits other stages into those comparable with this one, and reasons for the rest.

    Returns:
        The comparable stages, and one line for each of the others.
    """
    can, refused = [], []
    for other in others:
        try:
            one_scorer([windows, other])
        except InvalidValue as problem:
            refused.append(gettext("“{name}” is left out: {reason}", name=other.session.name, reason=problem))
        else:
            can.append(other)
    return can, refused


def mean_along(windows: StageWindows, others: Sequence[StageWindows], expression: str, over_s: float) -> Floats:
    """The mean share of other sessions at the same point of the content, for each window of this one.

    Segments of the same title are aligned, each for the length of the shorter. If neither session has a timeline,
    seconds since the start are aligned. Each session counts once.

    Args:
        windows: of this session.
        others: of other sessions, by the same scorer.
        expression: the expression.
        over_s: smoothing of each curve, seconds.

    Returns:
        (n,); NaN where no other session has a figure.
    """
    shares = _along(windows, others, expression, over_s)
    known = np.count_nonzero(~np.isnan(shares), axis=0)
    mean: Floats = np.nansum(shares, axis=0) / np.where(known > 0, known, np.nan)
    return mean


LEAST_FOR_A_RANGE: Final = 3
"""Sessions with a figure at a point, for a usual range there."""

_ALL_UP_TO = 9
_PERCENTILES = (10, 90)


def usual_range(
    windows: StageWindows, others: Sequence[StageWindows], expression: str, over_s: float
) -> tuple[Floats, Floats]:
    """The range of other sessions' shares at the same point of the content, aligned as in `mean_along`.

    From the lowest to the highest of up to nine sessions; of more, from the 10th to the 90th percentile. It describes
    these sessions, and is no interval.

    Returns:
        (n,) each: its lower and upper end; NaN where fewer than `LEAST_FOR_A_RANGE` sessions have a figure.
    """
    shares = _along(windows, others, expression, over_s)
    low, high = np.full((2, shares.shape[1]), np.nan)
    enough = np.count_nonzero(~np.isnan(shares), axis=0) >= LEAST_FOR_A_RANGE
    if enough.any():
        ends = (0, 100) if len(others) <= _ALL_UP_TO else _PERCENTILES
        low[enough], high[enough] = np.nanpercentile(shares[:, enough], ends, axis=0)
    return low, high


def _along(windows: StageWindows, others: Sequence[StageWindows], expression: str, over_s: float) -> Floats:
    """(others, n) their shares at the same point of the content; NaN where there is none."""
    # All lines of one chart are corrected, or none is.
    corrected = all(is_corrected(one, expression) for one in (windows, *others))
    curves = [smoothed_curve(other, expression, over_s, corrected=corrected) for other in others]
    resampled = [_resampled(windows, other, curve.share) for other, curve in zip(others, curves, strict=True)]
    return np.array(resampled).reshape(len(others), len(windows.start_ms))


def _resampled(windows: StageWindows, other: StageWindows, share: Floats) -> Floats:
    """Resamples a line of another session to this one's axis."""
    nothing = np.full(len(windows.start_ms), np.nan)
    if bool(windows.stage.timelines) != bool(other.stage.timelines):
        return nothing
    if windows.stage.timelines:
        second_of_other, at = _by_title(windows, other), other.timeline_s
    else:
        second_of_other, at = windows.session_s, other.session_s
    order = np.argsort(at, kind="stable")  # NaN comes last
    order = order[: np.count_nonzero(~np.isnan(at))]
    wanted = np.flatnonzero(~np.isnan(second_of_other))
    if not len(order) or not len(wanted):
        return nothing
    width_s = other.width_ms / 1000
    # The window that contains the second, if any.
    before = np.searchsorted(at[order], second_of_other[wanted] + 1e-6, side="right") - 1
    found = order[np.maximum(before, 0)]
    inside = (before >= 0) & (second_of_other[wanted] - at[found] < width_s)
    nothing[wanted[inside]] = share[found[inside]]
    return nothing


def _by_title(windows: StageWindows, other: StageWindows) -> Floats:
    """(n,) the matching second of the other's timeline for each window of this one; NaN if there is none."""
    second = np.full(len(windows.start_ms), np.nan)
    try:
        edits = edits_by_title(windows.stage.timelines[0], other.stage.timelines[0])
    except InvalidValue:
        return second  # no segment has the same title
    for edit in edits:
        into = windows.timeline_s - edit.start_a_s
        inside = (into >= 0) & (into < edit.length_s)
        second[inside] = edit.start_b_s + into[inside]
    return second
