"""Quality measures of confidences: ranking, decisions and calibration, with bootstrap intervals.

Every measure takes a weight per face, so that a bootstrap over people only changes the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Measure = Callable[[Bools, Floats, Floats], float]

BINS: Final = 15
REPEATS: Final = 400


def auc(shows: Bools, confidence: Floats, weight: Floats) -> float:
    """Area under the ROC curve: the probability that a face with the expression scores higher than one without.

    Ties count half (Mann-Whitney). NaN if one of the two groups is empty.

    Args:
        shows: n, whether the face shows the expression.
        confidence: n.
        weight: n, at least 0.
    """
    positive, negative = float(weight[shows].sum()), float(weight[~shows].sum())
    if positive == 0 or negative == 0:
        return float("nan")
    _, level = np.unique(confidence, return_inverse=True)
    above = np.bincount(level, weights=np.where(shows, weight, 0))
    below = np.bincount(level, weights=np.where(shows, 0, weight))
    return float((above * (np.cumsum(below) - below / 2)).sum() / (positive * negative))


def balanced_accuracy(shows: Bools, decided: Bools, weight: Floats) -> float:
    """Mean of sensitivity and specificity; 0.5 is chance. NaN if one of the two groups is empty."""
    sides = [float(weight[side].sum()) for side in (shows, ~shows)]
    if 0 in sides:
        return float("nan")
    hit = float(weight[shows & decided].sum()) / sides[0]
    rejected = float(weight[~shows & ~decided].sum()) / sides[1]
    return (hit + rejected) / 2


def calibration_error(shows: Bools, confidence: Floats, weight: Floats) -> float:
    """Expected calibration error: the mean over faces of |share that shows it - mean confidence| of the face's bin.

    Fifteen bins of equal width on 0..1 (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).
    """
    total, right, confidence_sum = reliability(shows, confidence, weight)
    return float(np.abs(right - confidence_sum).sum() / total.sum())


def reliability(shows: Bools, confidence: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Per bin of `calibration_error`: the weight of its faces, of those that show it, and their summed confidence."""
    bin_of = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)

    def in_bins(values: Floats) -> Floats:
        return np.bincount(bin_of, weights=values, minlength=BINS).astype(np.float64)

    return in_bins(weight), in_bins(weight * shows), in_bins(weight * confidence)


def error_rate_threshold(shows: Bools, confidence: Floats, weight: Floats, misses_a_false: float = 1.0) -> float:
    """The threshold at which the rate of misses is so many times that of false alarms; independent of the base rate.

    With 1, both rates are some e, and at a true share p the share over the threshold is off by e(1 - 2p).
    """
    showing = float(weight[shows].sum()) * misses_a_false
    return _crossing(shows, confidence, weight, float(weight[~shows].sum()) / showing if showing else 1.0)


def matched_share_threshold(shows: Bools, confidence: Floats, weight: Floats) -> float:
    """The threshold at which false alarms equal misses, so that the share over it equals the true share.

    For rare expressions, whose false alarms would far outnumber them at equal error rates.
    """
    return _crossing(shows, confidence, weight, 1.0)


def _crossing(shows: Bools, confidence: Floats, weight: Floats, miss_costs: float) -> float:
    """The threshold, midway between two confidences, where misses times their cost equal false alarms."""
    order = np.argsort(confidence, kind="stable")
    missed = np.where(shows, weight, 0)[order]
    alarming = np.where(shows, 0, weight)[order]
    misses = np.cumsum(missed) * miss_costs
    alarms = alarming.sum() - np.cumsum(alarming)
    at = int(np.argmin(np.abs(misses - alarms)))
    pair = confidence[order][at : at + 2]
    return float(pair.mean())


def interval(
    measure: Callable[[Floats], float], people: Sequence[str], *, seed: int = 0, repeats: int = REPEATS
) -> tuple[float, float]:
    """The 95 % interval of a figure by a bootstrap over people, because faces of one person are correlated.

    Args:
        measure: computes the figure from a weight per face.
        people: n, the person of each face.
        seed: the same seed gives the same interval.
        repeats: number of bootstrap samples.

    Returns:
        The 2.5th and the 97.5th percentile (Efron & Tibshirani 1993); samples with an empty group are ignored.
    """
    names, person = np.unique(np.asarray(people), return_inverse=True)
    generator = np.random.default_rng(seed)
    drawn = [
        measure(
            np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))[person].astype(float)
        )
        for _ in range(repeats)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)
