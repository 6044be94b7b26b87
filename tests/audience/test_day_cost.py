"""What a day costs: the same arithmetic as the bench's, with what it assumes beside it."""

from __future__ import annotations

import pytest

from audience.day_cost import day_cost
from audience.errors import InvalidValue
from audience.prices import DETECT_FACES
from ingest_lambda.rekognition import CALL_DOLLARS


def test_scoring_in_the_cloud_costs_a_call_a_sheet_and_little_else() -> None:
    cost = day_cost(cameras=2, hours=8, faces=20, scoring="cloud", interval_s=12)
    assert cost.detect_faces == pytest.approx(2 * 8 * 300 * 0.001)
    assert cost.detect_faces < cost.dollars < cost.detect_faces + 0.3


def test_more_faces_than_a_sheet_has_places_need_more_sheets() -> None:
    one, three = (day_cost(cameras=1, hours=1, faces=faces, scoring="cloud", interval_s=2) for faces in (100, 201))
    assert three.detect_faces == pytest.approx(3 * one.detect_faces)


def test_scoring_on_the_device_needs_no_call_and_scoring_here_costs_nothing() -> None:
    device = day_cost(cameras=30, hours=8, faces=60, scoring="device", interval_s=2)
    assert device.detect_faces == 0
    assert 0 < device.dollars < 20
    assert day_cost(cameras=30, hours=8, faces=60, scoring="here", interval_s=2).dollars == 0


def test_what_it_rests_on_is_said() -> None:
    told = " ".join(day_cost(cameras=3, hours=6.5, faces=40, scoring="cloud", interval_s=2).assumes)
    assert "3 cameras at work for 6.5 hours, with 40 faces in view of each" in told
    assert "without the free tier" in told


@pytest.mark.parametrize("wrong", [{"cameras": -1}, {"hours": 25}, {"faces": -1}, {"interval_s": 0}])
def test_a_day_that_cannot_be_is_refused(wrong) -> None:
    usual = {"cameras": 1, "hours": 1.0, "faces": 1, "scoring": "cloud", "interval_s": 2.0}
    with pytest.raises(InvalidValue, match="make no day"):
        day_cost(**(usual | wrong))


def test_a_call_of_detect_faces_has_one_price() -> None:
    assert DETECT_FACES == CALL_DOLLARS
