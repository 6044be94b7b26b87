"""What a festival needs: the same arithmetic for functions, quotas, cost and the stack's parameters."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from audience.errors import InvalidValue
from audience.monitoring import plan as monitoring_plan
from audience.monitoring.cost import day_cost
from audience.monitoring.plan import (
    BOARD_EVERY_S,
    BOARD_GB,
    BOARD_PART_CAMERAS,
    LIVE_PART,
    Festival,
    plan_of,
    usual_step,
)
from audience.monitoring.prices import DETECT_FACES_TIERS, Tiers
from ingest_lambda.board import EVERY_MS, PART_CAMERAS
from ingest_lambda.handler import AT_ONCE, LIVE_SHARE
from tests.infra.template import properties, template

README = Festival(stages=10, cameras=3, hours=8)
LARGE = Festival(stages=200, cameras=20, hours=12)


def test_the_festival_of_the_readme_needs_no_more_than_the_defaults_and_a_new_account() -> None:
    plan = plan_of(README, usual_step(README))
    assert plan.step == "live"
    assert plan.quotas == ()
    usual = {name: str(parameter.get("Default")) for name, parameter in template()["Parameters"].items()}
    settings = {name: value for name, value in plan.parameters.items() if name != "TableReadsPerSecond"}
    assert settings == {name: usual[name] for name in settings}


@pytest.mark.parametrize("step", ["live", "thrifty", "device"])
@pytest.mark.parametrize("festival", [README, LARGE, replace(LARGE, stages=300, faces=90)])
def test_every_parameter_is_one_of_the_stack_and_within_its_limits(festival, step) -> None:
    for name, value in plan_of(festival, step).parameters.items():
        of_stack = template()["Parameters"][name]
        assert value in of_stack.get("AllowedValues", [value])
        if of_stack["Type"] == "Number":
            assert of_stack["MinValue"] <= int(value) <= of_stack["MaxValue"], name


def test_four_thousand_cameras_get_the_calls_and_copies_that_their_sheets_need() -> None:
    plan = plan_of(replace(LARGE, faces=10), "live")
    assert plan.calls_per_s == 4000 / 2
    assert int(plan.parameters["DetectFacesPerSecond"]) * LIVE_PART >= plan.calls_per_s
    assert int(plan.parameters["MostAtOnce"]) * AT_ONCE >= plan.calls_per_s
    assert any("DetectFaces" in line and "2,500" in line for line in plan.quotas)
    assert any("Lambda" in line for line in plan.quotas)
    assert (LIVE_PART, monitoring_plan.AT_ONCE) == (LIVE_SHARE, AT_ONCE), "one number, in rooms that import no other"


def test_a_large_festival_scores_on_its_devices_unless_told_otherwise() -> None:
    assert usual_step(LARGE) == "device"
    plan = plan_of(LARGE, "device")
    assert plan.dollars <= 60
    assert plan.parts["Rekognition"] == 0
    assert int(plan.parameters["TableWritesPerSecond"]) > 4000
    assert plan.parameters["KeepFacesDays"] == "0"


def test_a_day_costs_about_what_the_operators_page_says() -> None:
    """Which leaves out logs, metrics, reads and connections, and takes one delivery after the other."""
    for step, scoring, interval_s in (("live", "cloud", 2.0), ("thrifty", "cloud", 12.0)):
        plan = plan_of(README, step)
        day = day_cost(cameras=30, hours=8, faces=20, scoring=scoring, interval_s=interval_s)
        assert plan.parts["Rekognition"] == pytest.approx(day.detect_faces)
        assert plan.dollars == pytest.approx(day.dollars, rel=0.05)


def test_more_of_everything_costs_more() -> None:
    for more in ({"stages": 11}, {"cameras": 4}, {"hours": 9.0}, {"faces": 60}, {"phones": 1000}):
        assert plan_of(replace(README, **more), "live").dollars > plan_of(README, "live").dollars


def test_a_board_is_planned_where_phones_watch_it() -> None:
    without, watched = (
        plan_of(LARGE, "device", interval_s=12),
        plan_of(replace(LARGE, phones=1), "device", interval_s=12),
    )
    assert (LARGE.board_parts, replace(LARGE, phones=1).board_parts, replace(README, phones=1).board_parts) == (
        0,
        20,
        0,
    )
    assert watched.copies["the board"] == 21
    assert int(watched.parameters["TableReadsPerSecond"]) > int(without.parameters["TableReadsPerSecond"]) + 3_000
    assert 20 < watched.dollars - without.dollars < 40
    assert (BOARD_PART_CAMERAS, BOARD_EVERY_S) == (PART_CAMERAS, EVERY_MS / 1000), "as the function has them"
    assert properties("Board")["MemorySize"] / 1000 == BOARD_GB


def test_a_price_falls_with_the_amount_of_the_month() -> None:
    tiers = Tiers(((0, 1.0), (10, 0.5)))
    assert tiers.cost(25) == 10 + 7.5
    assert tiers.cost(5, used=8) == 2 + 1.5
    assert tiers.cost(5, used=100) == 2.5
    assert DETECT_FACES_TIERS.cost(5e6) == pytest.approx(1000 + 3200)


@pytest.mark.parametrize(
    "wrong", [{"stages": 0}, {"cameras": 0}, {"hours": 25.0}, {"hours": math.nan}, {"faces": -1}, {"stages": 10**6}]
)
def test_what_cannot_be_is_refused(wrong) -> None:
    with pytest.raises(InvalidValue, match="use"):
        replace(README, **wrong)
    with pytest.raises(InvalidValue, match="score on the devices"):
        plan_of(replace(LARGE, stages=1000), "live")
    with pytest.raises(InvalidValue, match="use 1 to 600"):
        plan_of(README, "live", interval_s=math.inf)
