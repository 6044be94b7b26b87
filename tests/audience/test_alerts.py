"""When an alert begins, that it is one as long as it lasts, and when it is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.alerts import OVER_AFTER_MS, Alert, AlertMark, AlertRule, Finding, alert_changes, default_rules
from audience.errors import InvalidValue
from tests.builders import an_alert

DARK = AlertRule(rule_id="camera-1", what="camera", for_s=60)
STEP_MS = 5_000


def finding(holds: bool | None, camera_id: str = "cam-1", rule: AlertRule = DARK) -> Finding:
    return Finding(rule=rule, stage_id="main", camera_id=camera_id, holds=holds, message=f"camera {camera_id} is dark")


def played(*holds: bool | None, rule: AlertRule = DARK) -> dict[str, Alert]:
    """The alerts of a camera after evaluations five seconds apart."""
    book: dict[str, Alert] = {}
    for look, one in enumerate(holds):
        changes = alert_changes([finding(one, rule=rule)], book.values(), look * STEP_MS)
        book |= {alert.alert_id: alert for alert in changes.put}
        for alert in changes.drop:
            del book[alert.alert_id]
    return book


def test_an_alert_begins_once_its_condition_has_held_for_long_enough() -> None:
    assert [alert.is_on for alert in played(*[True] * 12).values()] == [False]
    (alert,) = played(*[True] * 13).values()
    assert (alert.since_ms, alert.began_ms, alert.is_on) == (0, 60_000, True)


def test_a_rule_without_a_length_is_met_at_once() -> None:
    (alert,) = played(True, rule=replace(DARK, for_s=0)).values()
    assert alert.is_on


def test_a_condition_that_passes_before_its_time_leaves_nothing_behind() -> None:
    assert played(*[True] * 12, False) == {}
    assert played(*[True] * 12, None) == {}
    (alert,) = played(*[True] * 12, False, *[True] * 5).values()
    assert (alert.since_ms, alert.is_on) == (65_000, False)


def test_an_alert_is_one_as_long_as_it_lasts_even_where_its_condition_flickers() -> None:
    (alert,) = played(*[True] * 13, False, True, False, False, True, None, True).values()
    assert (alert.began_ms, alert.well_ms, alert.ended_ms) == (60_000, None, None)


def test_an_alert_is_over_once_all_has_been_well_for_a_while() -> None:
    (alert,) = played(*[True] * 13, *[False] * 4).values()
    assert (alert.ended_ms, alert.is_on) == (65_000 + OVER_AFTER_MS, False)


def test_an_unknown_condition_ends_no_alert() -> None:
    (alert,) = played(*[True] * 13, *[None] * 50).values()
    assert alert.is_on


def test_the_next_time_is_another_alert() -> None:
    first, second = played(*[True] * 13, *[False] * 4, *[True] * 13).values()
    assert not first.is_on
    assert second.is_on


def test_a_rule_or_camera_that_is_taken_away_ends_its_alert_and_drops_what_had_not_begun() -> None:
    changes = alert_changes([], [an_alert(), an_alert(camera_id="cam-2", began_s=None)], 9_000_000_000_000)
    assert [(alert.camera_id, alert.ended_ms) for alert in changes.put] == [("cam-1", 9_000_000_000_000)]
    assert [alert.camera_id for alert in changes.drop] == ["cam-2"]


def test_alerts_of_one_evaluation_have_different_ids_whatever_their_places_are_called() -> None:
    alert = an_alert()
    places = [("hall", "2.cam"), ("hall.2", "cam")]
    assert len({replace(alert, stage_id=stage, camera_id=camera).alert_id for stage, camera in places}) == 2


def test_evaluating_twice_at_the_same_instant_changes_nothing() -> None:
    book = list(played(*[True] * 13).values())
    changes = alert_changes([finding(True)], book, 60_000)
    assert changes.put == changes.drop == []


@given(holds=st.lists(st.sampled_from([True, False, None]), max_size=80))
def test_a_camera_never_has_two_alerts_on_at_once_and_none_that_did_not_hold_for_its_time(holds) -> None:
    alerts = list(played(*holds).values())
    assert len([alert for alert in alerts if alert.ended_ms is None]) <= 1
    for alert in alerts:
        if alert.began_ms is not None:
            held = holds[alert.since_ms // STEP_MS : alert.began_ms // STEP_MS + 1]
            assert held == [True] * 13


@given(holds=st.lists(st.sampled_from([True, False, None]), max_size=60), cut=st.integers(0, 60))
def test_a_watcher_that_takes_over_continues_without_a_difference(holds, cut) -> None:
    """Only the alerts carry over from one evaluation to the next, so there is nothing else to lose; two who look at the
    same instant say the same."""
    book = played(*holds[:cut])
    once = alert_changes([finding(True)], book.values(), cut * STEP_MS)
    assert alert_changes([finding(True)], book.values(), cut * STEP_MS) == once


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"rule_id": "a b"}, "rule id 'a b' is not allowed"),
        ({"what": "mood"}, "a rule on 'mood' is unknown: use one of camera, delay, faces, share, liveliness"),
        ({"stage_id": "#"}, "stage id '#' is not allowed"),
        ({"for_s": -1.0}, "-1 s is not allowed as the duration of a rule: use 0 to 3600"),
        ({"for_s": float("nan")}, "nan s is not allowed as the duration"),
        ({"what": "share", "limit": 1.5}, "1.5 is not a valid limit for a rule on share"),
        ({"what": "faces"}, "0 is not a valid limit for a rule on faces"),
        ({"what": "delay", "limit": float("inf")}, "inf is not a valid limit"),
        ({"limit": 3.0}, "3 is not a valid limit for a rule on camera"),
    ],
)
def test_an_invalid_rule_is_refused(wrong, why) -> None:
    with pytest.raises(InvalidValue, match=why):
        replace(DARK, **wrong)


def test_the_default_rules_are_for_unusable_cameras_and_late_figures() -> None:
    assert [(rule.what, rule.for_s, rule.limit) for rule in default_rules()] == [("camera", 60, 0), ("delay", 30, 10)]


@pytest.mark.parametrize("name", ["", "   ", "two\nlines"])
def test_an_alert_is_acknowledged_by_a_name(name: str) -> None:
    with pytest.raises(InvalidValue):
        AlertMark(alert_id="x", kind="acknowledged", by=name, at_ms=0)
