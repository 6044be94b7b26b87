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

from training.measures import error_rate_threshold, matched_share_threshold

Floats = NDArray[np.float64]

PRIOR_WEIGHT: Final = 1.0
"""Weight of the prior that pulls offsets to 0, in units of log-likelihood: a class with a dozen validation faces gives
a poor estimate of its own offset."""

MISSES_A_FALSE: Final = {"happy": 3.0, "calm": 1.0}
"""Of the expressions about as common as their absence: how many times the rate of misses is that of false alarms.

For a smile three: on photographs from elsewhere a scorer sees twice the false smiles of home, and misses no more.
The balanced accuracy at home is the same between one and three.
"""


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
    """Chooses the threshold of each expression: by `MISSES_A_FALSE`, or so that the share over it is the true one.

    Args:
        confidences: n x classes.
        label: n, the name of what each shows; "" where people disagree, which counts for no expression.
        weight: n, at least 0.
        expressions: the names of the classes.
    """
    clear = label != ""

    def chosen(name: str, confidence: Floats) -> float:
        shows = (label == name)[clear]
        if name in MISSES_A_FALSE:
            return error_rate_threshold(shows, confidence, weight[clear], MISSES_A_FALSE[name])
        return matched_share_threshold(shows, confidence, weight[clear])

    return {name: chosen(name, confidences[clear, at]) for at, name in enumerate(expressions)}
