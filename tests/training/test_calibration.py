"""Confidences that mean what they say."""

import numpy as np
import pytest
from scipy.special import softmax

from training.calibration import fit_calibration, thresholds
from training.measures import calibration_error

NAMES = np.array(["happy", "calm", "fear"])


def faces(count: int = 8_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three classes, the last one rare, and labels drawn from exactly those chances."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (count, 3)) + np.array([1.0, 1.0, -2.0])
    chances = softmax(logits, axis=1)
    return logits, (chances.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)


def test_logits_twice_too_sure_and_shifted_are_put_right() -> None:
    logits, label = faces()
    shift = np.array([0.0, 0.5, 1.5])
    found = fit_calibration(2 * logits + shift, np.eye(3)[label], np.ones(len(label)))
    assert found.slope == pytest.approx(0.5, abs=0.03)
    confidences = found.confidences(2 * logits + shift)
    assert calibration_error(label == 0, confidences[:, 0], np.ones(len(label))) < 0.02
    assert confidences.mean(axis=0) == pytest.approx(np.bincount(label) / len(label), abs=0.005)


def test_a_class_nobody_shows_gets_an_offset_that_is_a_number() -> None:
    logits, label = faces(300)
    kept = label != 2
    found = fit_calibration(logits[kept], np.eye(3)[label[kept]], np.ones(int(kept.sum())))
    assert np.isfinite(found.offset).all()
    assert found.offset[2] < found.offset[0]


def test_votes_calibrate_as_well_as_one_label_a_face() -> None:
    logits, _ = faces()
    found = fit_calibration(2 * logits, softmax(logits, axis=1), np.ones(len(logits)))
    assert found.slope == pytest.approx(0.5, abs=0.01)


def test_faces_without_weight_do_not_count() -> None:
    logits, label = faces()
    weight = np.ones(len(label))
    weight[::2] = 0
    wrong = np.where(weight > 0, label, 2)
    found = fit_calibration(2 * logits, np.eye(3)[wrong], weight)
    assert found.slope == pytest.approx(0.5, abs=0.04)


def test_confidences_sum_to_1() -> None:
    logits, label = faces(100)
    found = fit_calibration(logits, np.eye(3)[label], np.ones(100))
    assert found.confidences(logits).sum(axis=1) == pytest.approx(1)


def test_common_expressions_get_a_ratio_of_errors_and_rare_ones_their_share() -> None:
    logits, label = faces()
    confidences = softmax(logits, axis=1)
    limits = thresholds(confidences, NAMES[label], np.ones(len(label)), tuple(NAMES))
    for at, times in ((0, 3), (1, 1)):
        shows, decided = label == at, confidences[:, at] >= limits[NAMES[at]]
        assert (~decided[shows]).mean() == pytest.approx(times * decided[~shows].mean(), abs=0.005)
    assert (confidences[:, 2] >= limits["fear"]).sum() == pytest.approx((label == 2).sum(), abs=2)
