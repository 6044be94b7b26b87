"""The figures that confidences are judged by."""

import numpy as np
import pytest

from training.measures import (
    auc,
    balanced_accuracy,
    calibration_error,
    error_rate_threshold,
    interval,
    matched_share_threshold,
)

SHOWS = np.array([True, True, True, False, False, False])


def ones(count: int) -> np.ndarray:
    return np.ones(count)


def drawn(count: int = 20_000, share: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Faces whose confidence is exactly the chance that they show the expression."""
    generator = np.random.default_rng(0)
    confidence = generator.beta(2 * share, 2 * (1 - share), count)
    return generator.random(count) < confidence, confidence


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.3, 0.2, 0.1], 1.0),
        ([0.1, 0.2, 0.3, 0.7, 0.8, 0.9], 0.0),
        ([0.5] * 6, 0.5),
        ([0.9, 0.8, 0.2, 0.3, 0.1, 0.0], 8 / 9),
    ],
)
def test_auc_is_the_chance_of_ranking_a_pair_rightly(confidence: list[float], expected: float) -> None:
    assert auc(SHOWS, np.array(confidence), ones(6)) == pytest.approx(expected)


def test_auc_of_one_side_only_is_no_number() -> None:
    assert np.isnan(auc(np.array([True, True]), np.array([0.1, 0.2]), ones(2)))


def test_a_weight_of_two_is_a_face_counted_twice() -> None:
    shows, confidence = drawn(200)
    weight = np.random.default_rng(1).integers(0, 4, 200)
    again = np.repeat(np.arange(200), weight)
    for measure in (auc, calibration_error):
        assert measure(shows, confidence, weight.astype(float)) == pytest.approx(
            measure(shows[again], confidence[again], ones(len(again)))
        )


def test_balanced_accuracy_counts_both_sides_alike() -> None:
    shows = np.array([True] + [False] * 9)
    assert balanced_accuracy(shows, np.zeros(10, dtype=bool), ones(10)) == 0.5
    assert balanced_accuracy(shows, shows, ones(10)) == 1


def test_confidences_that_mean_what_they_say_have_hardly_any_calibration_error() -> None:
    shows, confidence = drawn()
    assert calibration_error(shows, confidence, ones(len(shows))) < 0.015
    assert calibration_error(shows, np.sqrt(confidence), ones(len(shows))) > 0.1


def test_a_confidence_of_exactly_1_falls_into_the_last_bin() -> None:
    assert calibration_error(np.array([True]), np.array([1.0]), ones(1)) == 0


@pytest.mark.parametrize("times", [1.0, 3.0])
def test_misses_are_so_many_times_as_frequent_as_false_alarms(times: float) -> None:
    shows, confidence = drawn()
    decided = confidence >= error_rate_threshold(shows, confidence, ones(len(shows)), times)
    assert (~decided[shows]).mean() == pytest.approx(times * decided[~shows].mean(), abs=0.003)


def test_at_the_matched_threshold_as_many_faces_are_over_it_as_show_the_expression() -> None:
    shows, confidence = drawn(share=0.05)
    limit = matched_share_threshold(shows, confidence, ones(len(shows)))
    assert (confidence >= limit).sum() == pytest.approx(shows.sum(), abs=2)


def test_a_threshold_heeds_the_weights() -> None:
    shows, confidence = drawn()
    weight = np.where(shows, 1.0, 0.1)
    decided = confidence >= matched_share_threshold(shows, confidence, weight)
    assert weight[decided].sum() == pytest.approx(weight[shows].sum(), rel=0.01)


def test_an_interval_holds_the_figure_and_is_wider_where_faces_share_people() -> None:
    shows, confidence = drawn(400)

    def measure(weight: np.ndarray) -> float:
        return auc(shows, confidence, weight)

    alone = interval(measure, [str(number) for number in range(400)])
    assert alone[0] < measure(ones(400)) < alone[1]
    order = np.argsort(confidence)
    shows, confidence = shows[order], confidence[order]
    together = interval(measure, [str(number // 20) for number in range(400)])
    assert together[1] - together[0] > alone[1] - alone[0]


def test_the_same_seed_gives_the_same_interval() -> None:
    shows, confidence = drawn(100)
    people = [str(number % 30) for number in range(100)]
    first, second = (interval(lambda weight: auc(shows, confidence, weight), people, seed=3) for _ in range(2))
    assert first == second
