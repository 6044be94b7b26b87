"""Shares as whole percents."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from audience.percents import percent, percent_text


def test_every_share_of_up_to_two_hundred_faces_is_rounded_exactly_and_halves_to_even() -> None:
    shares = [Fraction(k, n) for n in range(5, 201) for k in range(n + 1)]
    assert [percent(float(share)) for share in shares] == [round(100 * share) for share in shares]


def test_a_half_with_a_rounding_error_is_still_a_half() -> None:
    assert 100 * 0.575 < 57.5
    assert percent_text(np.float64(0.575)) == "58 %"


def test_a_change_is_rounded_alike_up_and_down() -> None:
    assert (percent(-0.575), percent(0.575)) == (-58, 58)
