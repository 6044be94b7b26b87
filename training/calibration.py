"""Calibration of confidences, and choice of thresholds, on validation people.

The network is trained on classes and corpora drawn otherwise than they are met (`training.weighing`), so its raw
confidences overstate rare expressions. Vector scaling (Guo et al., ICML 2017) corrects that with one slope for all and
an offset per expression, stored in the ONNX file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from training.measures import equal_error_threshold, matched_share_threshold

Floats = NDArray[np.float64]

PRIOR_WEIGHT: Final = 1.0
"""Weight of the prior that pulls offsets to 0, in units of log-likelihood: a class with a dozen validation faces gives
a poor estimate of its own offset."""

COMMON: Final = frozenset({"happy", "calm"})
"""Expressions about as common as their absence, whose thresholds are set at equal error rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Calibration of logits: confidences are softmax(slope * logits + offset).

    Attributes:
        slope: over 0, the same for all classes.
        offset: one per class.
    """

    slope: float
    offset: Floats

    def confidences(self, logits: Floats) -> Floats:
        """Converts logits (n x classes) to confidences that sum to 1."""
        return np.asarray(softmax(logits * self.slope + self.offset, axis=1))


def fit_calibration(logits: Floats, shares: Floats, weight: Floats) -> Calibration:
    """Fits the calibration by maximum likelihood with a prior on the offsets.

    Args:
        logits: n x classes, of validation people.
        shares: n x classes, what was seen on each; rows sum to 1.
        weight: n, at least 0.
    """

    def loss(parameters: Floats) -> float:
        slope, offset = np.exp(parameters[0]), parameters[1:]
        likely = (shares * log_softmax(logits * slope + offset, axis=1)).sum(axis=1)
        return float(-(weight * likely).sum() + PRIOR_WEIGHT * np.square(offset).sum())

    found = minimize(loss, np.zeros(logits.shape[1] + 1), method="L-BFGS-B")
    return Calibration(slope=float(np.exp(found.x[0])), offset=found.x[1:] - found.x[1:].mean())


def thresholds(
    confidences: Floats, label: NDArray[np.str_], weight: Floats, expressions: Sequence[str]
) -> dict[str, float]:
    """Chooses the threshold of each expression so that shares are not biased.

    Args:
        confidences: n x classes.
        label: n, the name of what each shows; "" where people disagree, which counts for no expression.
        weight: n, at least 0.
        expressions: the names of the classes.
    """
    clear = label != ""
    return {
        name: (equal_error_threshold if name in COMMON else matched_share_threshold)(
            (label == name)[clear], confidences[clear, at], weight[clear]
        )
        for at, name in enumerate(expressions)
    }
