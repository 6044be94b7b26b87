"""Baselines that a share is compared with: the whole talk, a moving median, or the pre-roll."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audience.disclosure import bounded
from audience.errors import InvalidValue
from audience.reaction.curve import (
    ReactionCurve,
    StageWindows,
    difference_interval,
    is_corrected,
    smoothed_curve,
    wilson,
)
from audience.time import to_ms

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BaselineChoice = Literal["whole talk", "moving median", "pre-roll"]
BASELINES: tuple[BaselineChoice, ...] = get_args(BaselineChoice)

MEDIAN_S = 300.0  # longer than any single reaction, shorter than fatigue over an evening
LEAST_S = 10.0  # of figures: a shorter baseline would be mostly noise
_STRETCH_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline share along the axis; every array is (n,), NaN where there is not enough data.

    Attributes:
        choice: how it was computed.
        share: the baseline, 0..1.
        share_low, share_high: its 95 % Wilson interval over the people present.
    """

    choice: BaselineChoice
    share: Floats
    share_low: Floats
    share_high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The difference of a curve from a baseline, in shares, -1..1.

    Every array is (n,), NaN where the curve or the baseline has no figure; `low` and `high` bound its 95 % interval.
    """

    change: Floats
    low: Floats
    high: Floats


def baseline(
    windows: StageWindows,
    expression: str,
    choice: BaselineChoice,
    *,
    pre_roll_s: float | None = None,
    corrected: bool = True,
) -> Baseline:
    """Computes the baseline of a stage's share.

    Args:
        windows: the stage's windows.
        expression: the expression.
        choice: "whole talk", the share over all windows; "moving median", the median of the smoothed share in the five
            minutes around each window; "pre-roll", the share before anything was shown.
        pre_roll_s: length of the pre-roll from the first window, seconds; None takes the time before the first cue.
        corrected: whether the share is corrected if it can be; False for the raw share.

    Returns:
        The baseline; NaN throughout if it would cover less than `LEAST_S` of figures.

    Raises:
        InvalidValue: the choice is unknown, or the pre-roll is not over 0.
    """
    if choice not in BASELINES:
        raise InvalidValue(f"baseline {choice!r} is unknown: use one of {', '.join(BASELINES)}")
    if pre_roll_s is not None and not pre_roll_s > 0:
        raise InvalidValue(f"a pre-roll of {pre_roll_s:g} s is not allowed: give more than 0 s")
    if expression not in windows.expressions:
        share = faces = np.full(len(windows.start_ms), np.nan)
    elif choice == "moving median":
        share = moving_median(
            smoothed_curve(windows, expression, _STRETCH_S, corrected=corrected).share,
            round(MEDIAN_S * 500 / windows.width_ms),
        )
        faces = np.where(np.isnan(share), np.nan, _mean_faces(windows, expression))
    else:
        within = pre_roll(windows, pre_roll_s) if choice == "pre-roll" else None
        corrected = corrected and is_corrected(windows, expression)
        share, faces = _constant(windows, expression, within, corrected=corrected)
    low, high = wilson(share * faces, faces)
    share, low, high = bounded(share, low, high, faces=faces, min_faces=windows.min_faces, seconds=MEDIAN_S)
    return Baseline(choice=choice, share=share, share_low=low, share_high=high)


def pre_roll(windows: StageWindows, pre_roll_s: float | None = None) -> Bools:
    """Mask (n,) of the windows before anything was shown, or of the first `pre_roll_s` seconds."""
    return windows.start_ms < _pre_roll_end_ms(windows, pre_roll_s)


def change_against(curve: ReactionCurve, compared_with: Baseline) -> Change:
    """Computes the difference of a curve from a baseline, with its interval.

    The interval assumes two independent samples. Here both contain the same people, and what they have in common
    cancels, so the interval is too wide rather than too narrow.

    Args:
        curve: plain or smoothed.
        compared_with: a baseline of the same windows.
    """
    low, high = difference_interval(
        (curve.share, curve.share_low, curve.share_high),
        (compared_with.share, compared_with.share_low, compared_with.share_high),
    )
    return Change(change=curve.share - compared_with.share, low=low, high=high)


def moving_median(values: Floats, reach: int) -> Floats:
    """The moving median of the values up to `reach` places away on either side.

    It is computed at every `reach` / 10 places, and interpolated linearly in between.

    Args:
        values: (n,), NaN where there is none.
        reach: places on either side; 0 or more.

    Returns:
        (n,), also at places without a value; NaN throughout if there is no value at all.
    """
    if np.isnan(values).all():
        return np.full(len(values), np.nan)
    at = np.unique(np.append(np.arange(0, len(values), max(1, reach // 10)), len(values) - 1))
    padded = np.pad(values, reach, constant_values=np.nan)
    # Sorting puts NaN last: many times faster than `numpy.nanmedian`.
    around = np.sort(sliding_window_view(padded, 2 * reach + 1)[at], axis=1)
    count = np.count_nonzero(~np.isnan(around), axis=1)
    row = np.arange(len(at))
    medians = (around[row, np.maximum(count - 1, 0) // 2] + around[row, count // 2]) / 2
    some = count > 0
    between: Floats = np.interp(np.arange(len(values)), at[some], medians[some])
    return between


def _constant(
    windows: StageWindows, expression: str, within: Bools | None, *, corrected: bool
) -> tuple[Floats, Floats]:
    """Share and mean faces over some windows, or all, repeated at every place; NaN if there are too few figures."""
    table = windows.table
    column = table.expressions.index(expression)
    rows = np.ones(len(table), dtype=bool) if within is None else within[windows.place]
    scored, spans = int(table.scored[rows, column].sum()), int(table.scored_spans[rows, column].sum())
    everywhere = np.ones(len(windows.start_ms))
    if spans * table.record_width_ms < LEAST_S * 1000:
        return everywhere * np.nan, everywhere * np.nan
    counts = table.estimate if corrected else table.over
    return everywhere * (counts[rows, column].sum() / scored), everywhere * (scored / spans)


def _mean_faces(windows: StageWindows, expression: str) -> float:
    """The mean number of faces scored, in windows in which any were; NaN if none ever were."""
    column = windows.table.expressions.index(expression)
    spans = int(windows.table.scored_spans[:, column].sum())
    return int(windows.table.scored[:, column].sum()) / spans if spans else float("nan")


def _pre_roll_end_ms(windows: StageWindows, pre_roll_s: float | None) -> int:
    """The instant before which windows start that belong to the pre-roll."""
    if pre_roll_s is not None:
        return int(windows.start_ms[0] + pre_roll_s * 1000) if len(windows.start_ms) else 0
    begins_ms = min((to_ms(cue.at) for cue in windows.stage.cues), default=to_ms(windows.session.started_at))
    # The window that contains the first cue is not part of the pre-roll.
    return begins_ms - windows.width_ms + 1
