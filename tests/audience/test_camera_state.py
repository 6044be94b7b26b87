"""Camera states, from the newest heartbeat and the newest record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audience.monitoring.cameras import (
    LONGEST_INTERVAL_S,
    RETRY_S,
    STATES,
    UNUSABLE,
    CameraStatus,
    camera_status,
    camera_statuses,
    is_receiving,
)
from audience.store import Heartbeat
from edge_lambda.backoff import Backoff
from tests.builders import a_camera, a_heartbeat, a_session, after, after_ms

CLEAR = {"brightness": 0.6, "sharpness": 0.6}


def beat(at_s: float = 0, **changed: object) -> Heartbeat:
    return replace(a_heartbeat(at_s=at_s), **{**CLEAR, **changed})  # type: ignore[arg-type]


def seen(heartbeat: Heartbeat | None, at_s: float = 1, recorded_until_s: float | None = None) -> CameraStatus:
    until = None if recorded_until_s is None else after_ms(recorded_until_s)
    return camera_status("main", "cam-1", heartbeat, until, after_ms(at_s))


def test_a_camera_with_a_recent_heartbeat_and_a_clear_picture_is_ok() -> None:
    status = seen(beat(), 1.5)
    assert (status.state, status.why, status.seen_s, status.delay_s) == ("ok", "", 1.5, 0.2)


def test_a_camera_that_never_connected_is_expected_and_not_dead() -> None:
    assert (seen(None).state, seen(None).seen_s) == ("expected", None)


@pytest.mark.parametrize(("at_s", "state"), [(12, "ok"), (39, "ok"), (41, "late")])
def test_a_camera_without_heartbeats_is_judged_by_its_records(at_s: float, state: str) -> None:
    status = seen(None, at_s, recorded_until_s=10)
    assert (status.state, status.seen_s, status.delay_s) == (state, at_s - 10, at_s - 10)
    assert status.why.startswith("sends no status; its figures ")


@pytest.mark.parametrize(("silent_s", "state"), [(9, "ok"), (11, "late"), (29, "late"), (31, "dead"), (9e5, "dead")])
def test_silence_makes_a_camera_late_and_then_dead(silent_s: float, state: str) -> None:
    assert seen(beat(), silent_s).state == state


def test_a_camera_with_a_frame_a_minute_may_be_silent_for_longer() -> None:
    slow = beat(frames_per_s=1 / 60, lag_s=0.1)
    assert [seen(slow, silent_s).state for silent_s in (60, 115, 125, 175, 185)] == ["ok", "ok", "late", "late", "dead"]


def test_a_camera_that_claims_a_tiny_frame_rate_is_dead_eventually() -> None:
    assert seen(beat(frames_per_s=1e-310), 3 * LONGEST_INTERVAL_S + 1).state == "dead"


@pytest.mark.parametrize(("said", "state"), [("waiting", "away"), ("failed", "failed")])
def test_a_camera_that_is_tried_again_twice_a_minute_is_not_dead_in_between(said: str, state: str) -> None:
    assert [seen(beat(state=said, detail="no device"), silent_s).state for silent_s in (45, 61)] == [state, "dead"]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"state": "starting"}, "starting"),
        ({"state": "ready"}, "starting"),
        ({"state": "waiting", "detail": "no device"}, "away"),
        ({"state": "failed", "detail": "the disk is full"}, "failed"),
        ({"state": "stopped"}, "ended"),
        ({"state": "finished"}, "ended"),
        ({"brightness": 0.01}, "dark"),
        ({"sharpness": 0.2}, "blurred"),
        ({"brightness": 0.01, "sharpness": 0.0}, "dark"),
        ({"brightness": None, "sharpness": None}, "ok"),
        ({"lag_s": 12.0}, "late"),
    ],
)
def test_the_state_follows_from_the_heartbeat_and_the_picture(said: dict[str, object], state: str) -> None:
    status = seen(beat(**said))
    assert status.state == state
    assert str(said.get("detail", "")) in status.why


def test_a_camera_that_stopped_and_one_that_failed_long_ago_differ() -> None:
    assert seen(beat(state="stopped"), 3600).state == "ended"
    assert seen(beat(state="failed", detail="the disk is full"), 3600).state == "dead"
    assert "“failed”: the disk is full" in seen(beat(state="failed", detail="the disk is full"), 3600).why


def test_a_camera_whose_records_arrive_late_is_late_and_its_outbox_is_named() -> None:
    status = seen(beat(at_s=60, waiting=7), 61, recorded_until_s=30)
    assert (status.state, status.delay_s) == ("late", 31)
    assert status.why == "figures arrive 31 s after capture; 7 deliveries wait in its outbox"


def test_a_clock_error_is_reported_and_changes_neither_delay_nor_silence() -> None:
    ahead = beat(at_s=3600, received_ms=after_ms(0))
    status = seen(ahead, 2, recorded_until_s=3599)
    assert (status.state, status.why) == ("ok", "its clock is 3,600 s ahead")
    assert (status.seen_s, status.delay_s, status.clock_error_s) == (2, 3, 3600)
    behind = seen(replace(ahead, received_ms=after_ms(3660)), 3661, recorded_until_s=3599)
    assert (behind.why, behind.delay_s) == ("its clock is 60 s behind", 2)


def test_a_heartbeat_from_the_future_is_no_negative_age() -> None:
    assert seen(beat(at_s=5), 0).seen_s == 0


def test_what_is_tried_again_is_tried_again_within_the_time_it_is_given() -> None:
    waits = Backoff()
    assert max(waits.next_s() for _ in range(20)) == RETRY_S


def test_cameras_are_sorted_by_urgency() -> None:
    cameras = {"a": [a_camera("1"), a_camera("2")], "b": [a_camera("1"), a_camera("2")]}
    beats = [
        replace(beat(), stage_id="a", camera_id="1"),
        replace(beat(brightness=0.0), stage_id="a", camera_id="2"),
        replace(beat(at_s=-99), stage_id="b", camera_id="2"),
        replace(beat(), stage_id="c", camera_id="9"),
    ]
    found = camera_statuses(cameras, beats, {("a", "1"): after_ms(0)}, after_ms(1))
    assert [(one.stage_id, one.camera_id, one.state) for one in found] == [
        ("b", "2", "dead"),
        ("a", "2", "dark"),
        ("b", "1", "expected"),
        ("a", "1", "ok"),
    ]


def test_a_session_that_has_ended_has_no_dead_camera_and_shows_those_that_still_speak() -> None:
    cameras = {"a": [a_camera(one) for one in ("dead", "never", "silent", "speaks", "away")]}
    beats = [
        replace(beat(at_s=-900), stage_id="a", camera_id="dead"),
        replace(beat(), stage_id="a", camera_id="speaks"),
        replace(beat(state="waiting"), stage_id="a", camera_id="away"),
    ]
    recorded_until = {("a", "silent"): after_ms(-600)}
    found = camera_statuses(cameras, beats, recorded_until, after_ms(1), over=True)
    assert {one.camera_id: one.state for one in found} == {
        "away": "away",
        "speaks": "ok",
        "dead": "ended",
        "never": "ended",
        "silent": "ended",
    }


def test_every_state_that_shows_nothing_of_use_comes_before_those_that_do() -> None:
    assert set(STATES[: len(UNUSABLE)]) == UNUSABLE


def test_a_session_is_receiving_until_it_ends_or_no_camera_sends_heartbeats() -> None:
    running = a_session()
    assert is_receiving(running, [beat(0)], after_ms(60))
    assert is_receiving(running, [beat(0), beat(100)], after_ms(120))
    assert not is_receiving(running, [beat(0)], after_ms(120))
    assert not is_receiving(running, [], after_ms(0))
    assert not is_receiving(a_session(ended_at=after(300)), [beat(0)], after_ms(1))


def test_receiving_follows_from_arrival_times_and_not_from_the_cameras_clocks() -> None:
    behind, ahead = (beat(error_s, received_ms=after_ms(0)) for error_s in (-3600, 3600))
    assert is_receiving(a_session(), [behind], after_ms(10))
    assert not is_receiving(a_session(), [ahead], after_ms(600))
