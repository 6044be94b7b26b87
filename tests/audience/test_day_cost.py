"""The cost of a day: the same arithmetic as the bench's, with its assumptions."""

from __future__ import annotations

import math

import pytest

from audience.errors import InvalidValue
from audience.monitoring.cost import day_cost
from audience.monitoring.prices import DETECT_FACES
from tests.edge.test_sheet_builder import seen, sheets_of


def test_scoring_in_the_cloud_costs_a_call_a_sheet_and_little_else() -> None:
    cost = day_cost(cameras=2, hours=8, faces=8, scoring="cloud", interval_s=12)
    assert cost.detect_faces == pytest.approx(2 * 8 * 300 * 0.001)
    assert cost.detect_faces < cost.dollars < cost.detect_faces + 0.3


@pytest.mark.parametrize(
    ("faces", "interval_s"), [(8, 12.0), (24, 12.0), (30, 2.0), (45, 12.0), (100, 2.0), (201, 2.0), (7, 0.5), (7, 2.5)]
)
def test_there_are_as_many_calls_as_a_camera_makes_sheets(faces: int, interval_s: float) -> None:
    """A face takes a tile in every window, so sheets of many faces fill up early."""
    seconds = 24
    sheets = sheets_of(*(seen(at, faces) for at in range(seconds)), interval_s=interval_s)
    cost = day_cost(cameras=1, hours=seconds / 3600, faces=faces, scoring="cloud", interval_s=interval_s)
    assert cost.detect_faces == pytest.approx(len(sheets) * DETECT_FACES, rel=0.11)


def test_where_nobody_is_in_view_there_is_nothing_to_call_for() -> None:
    assert day_cost(cameras=1, hours=1, faces=0, scoring="cloud", interval_s=2).detect_faces == 0


def test_scoring_on_the_device_needs_no_call_and_scoring_here_costs_nothing() -> None:
    device = day_cost(cameras=30, hours=8, faces=60, scoring="device", interval_s=2)
    assert device.detect_faces == 0
    assert 0 < device.dollars < 20
    assert day_cost(cameras=30, hours=8, faces=60, scoring="here", interval_s=2).dollars == 0


def test_the_assumptions_are_listed() -> None:
    assumptions = " ".join(day_cost(cameras=3, hours=6.5, faces=40, scoring="cloud", interval_s=2).assumes)
    assert "3 cameras running for 6.5 hours, with 40 faces in view of each" in assumptions
    assert "without the free tier" in assumptions


@pytest.mark.parametrize(
    "wrong", [{"cameras": -1}, {"hours": 25}, {"faces": -1}, {"interval_s": 0}, {"interval_s": math.inf}]
)
def test_a_day_out_of_range_is_refused(wrong) -> None:
    usual = {"cameras": 1, "hours": 1.0, "faces": 1, "scoring": "cloud", "interval_s": 2.0}
    with pytest.raises(InvalidValue, match="are not allowed: use"):
        day_cost(**(usual | wrong))
