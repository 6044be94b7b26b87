"""Confidences that mean what they say."""

import numpy as np
import pytest
from scipy.special import softmax

from training.calibration import fit_calibration, thresholds
from training.measures import calibration_error


def faces(count: int = 8_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three classes, the last one rare, and labels drawn from exactly those chances."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (count, 3)) + np.array([1.0, 1.0, -2.0])
    chances = softmax(logits, axis=1)
    return logits, (chances.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)


def test_logits_twice_too_sure_and_shifted_are_put_right() -> None:
    logits, label = faces()
    shift = np.array([0.0, 0.5, 1.5])
    found = fit_calibration(2 * logits + shift, label, expected_offset=np.zeros(3))
    assert found.slope == pytest.approx(0.5, abs=0.03)
    confidences = found.confidences(2 * logits + shift)
    assert calibration_error(label == 0, confidences[:, 0], np.ones(len(label))) < 0.02
    assert confidences.mean(axis=0) == pytest.approx(np.bincount(label) / len(label), abs=0.005)


def test_a_class_nobody_shows_keeps_about_the_offset_that_was_expected() -> None:
    logits, label = faces(300)
    cached = label != 2
    found = fit_calibration(logits[cached], label[cached], expected_offset=np.array([0.0, 0.0, -1.0]))
    assert np.isfinite(found.offset).all()
    assert found.offset[2] < found.offset[0]


def test_confidences_sum_to_1() -> None:
    logits, label = faces(100)
    assert fit_calibration(logits, label, np.zeros(3)).confidences(logits).sum(axis=1) == pytest.approx(1)


def test_common_expressions_get_equal_errors_and_rare_ones_their_share() -> None:
    logits, label = faces()
    confidences = softmax(logits, axis=1)
    limits = thresholds(confidences, label, ("happy", "calm", "fear"))
    smile, wrongly = label == 0, confidences[:, 0] >= limits["happy"]
    assert (~wrongly[smile]).mean() == pytest.approx(wrongly[~smile].mean(), abs=0.005)
    assert (confidences[:, 2] >= limits["fear"]).sum() == pytest.approx((label == 2).sum(), abs=2)
