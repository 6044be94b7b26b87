"""Making confidences mean what they say, and choosing the thresholds, on validation people.

The network is trained as if expressions were less uneven than they are (logit adjustment), so its raw confidences
overstate the rare ones. Vector scaling (Guo et al., ICML 2017) puts that right with one slope for all and an offset
for each expression, and lands inside the ONNX file.
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

HOLD: Final = 1.0
"""How hard offsets are held to the ones expected from the training labels, in faces' log-likelihood: a class with a
dozen validation faces says little about its own offset."""

COMMON: Final = frozenset({"happy", "calm"})
"""Expressions about as common as their absence: their thresholds are set at equal error rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What turns logits into confidences: softmax(slope * logits + offset).

    Attributes:
        slope: over 0, the same for all classes.
        offset: one per class.
    """

    slope: float
    offset: Floats

    def confidences(self, logits: Floats) -> Floats:
        """n x classes logits to confidences that sum to 1."""
        return np.asarray(softmax(logits * self.slope + self.offset, axis=1))


def fitted(logits: Floats, label: NDArray[np.intp], expected_offset: Floats) -> Calibration:
    """The calibration under which the labels of validation people are likeliest.

    Args:
        logits: n x classes, of people the network was not trained on.
        label: n, the class of each.
        expected_offset: classes, what the offsets should be if training went as meant.
    """

    def loss(parameters: Floats) -> float:
        slope, offset = np.exp(parameters[0]), parameters[1:]
        likely = log_softmax(logits * slope + offset, axis=1)[np.arange(len(label)), label]
        return float(-likely.sum() + HOLD * np.square(offset - expected_offset).sum())

    found = minimize(loss, np.concatenate([[0.0], expected_offset]), method="L-BFGS-B")
    return Calibration(slope=float(np.exp(found.x[0])), offset=found.x[1:] - found.x[1:].mean())


def thresholds(confidences: Floats, label: NDArray[np.intp], expressions: Sequence[str]) -> dict[str, float]:
    """For each expression the confidence from which a face counts as showing it, such that shares are not biased."""
    return {
        name: (equal_error_threshold if name in COMMON else matched_share_threshold)(label == at, confidences[:, at])
        for at, name in enumerate(expressions)
    }
