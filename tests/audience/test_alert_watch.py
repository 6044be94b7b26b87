"""Evaluating the rules of a stored session: which are met where, and what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audience.alerts import Alert, AlertRule
from audience.board.reader import BoardReader
from audience.monitoring.evaluate import WATCHED_MS, evaluate, is_watched
from audience.monitoring.situation import situation
from audience.sessions import Kind
from audience.store import Heartbeat, Store
from audience.stores import open_store
from audience.timelines import paused_now, start_cues
from tests.builders import (
    a_camera,
    a_head_count,
    a_heartbeat,
    a_session,
    a_stage,
    a_window,
    after,
    after_ms,
    an_exclusion,
)

AT_ONCE = {
    "camera": AlertRule(rule_id="camera", what="camera", for_s=0),
    "delay": AlertRule(rule_id="delay", what="delay", limit=10, for_s=0),
    "faces": AlertRule(rule_id="faces", what="faces", limit=8, for_s=0),
    "share": AlertRule(rule_id="share", what="share", limit=0.3, for_s=0),
    "liveliness": AlertRule(rule_id="liveliness", what="liveliness", limit=40, for_s=0),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A talk with one camera."""
    with open_store(f"sqlite:///{tmp_path}/houselights.db") as opened:
        opened.put_session(a_session())
        opened.put_stage("talk-1", a_stage())
        opened.put_camera("talk-1", "main", a_camera())
        yield opened


def beat(at_s: float, **changed: object) -> Heartbeat:
    return replace(a_heartbeat(at_s=at_s), **{"brightness": 0.5, "sharpness": 0.6, **changed})  # type: ignore[arg-type]


def on(store: Store, *rules: str, at_s: float = 100) -> list[str]:
    """Messages of the active alerts of these rules at an instant."""
    for rule in rules:
        store.alerting.put("talk-1", AT_ONCE[rule])
    return [alert.told for alert in evaluate(store, "talk-1", after_ms(at_s)).book.alerts if alert.is_on]


def test_a_camera_that_is_dark_for_a_minute_raises_an_alert_that_ends_when_there_is_light(store: Store) -> None:
    store.alerting.put("talk-1", AlertRule(rule_id="dark", what="camera", for_s=60))

    def alerts_at(at_s: float, brightness: float) -> tuple[Alert, ...]:
        store.put_heartbeat(beat(at_s, brightness=brightness))
        return evaluate(store, "talk-1", after_ms(at_s)).book.alerts

    assert alerts_at(0, 0.5) == ()
    for at_s in range(5, 65, 5):
        (alert,) = alerts_at(at_s, 0.01)
        assert not alert.is_on
    (alert,) = alerts_at(65, 0.01)
    assert (alert.is_on, alert.told) == (True, "camera cam-1 of stage main is dark")
    alerts_at(70, 0.5)
    (alert,) = alerts_at(85, 0.5)
    assert alert.ended_ms == after_ms(85)


@pytest.mark.parametrize(
    ("kind", "title", "named"),
    [
        ("festival", "Barn", "Barn"),
        ("festival", "x" * 200, "x" * 59 + "…"),
        ("festival", "Again", "Again (main)"),
        ("panel", "The Smiths", "stage main"),
    ],
)
def test_an_alert_names_its_stage_and_never_a_household(store: Store, kind: Kind, title: str, named: str) -> None:
    store.put_session(replace(a_session(), kind=kind))
    store.put_stage("talk-1", a_stage(title=title))
    store.put_stage("talk-1", a_stage("other", title="Again"))
    store.put_heartbeat(beat(100, brightness=0.0))
    assert on(store, "camera") == [f"camera cam-1 of {named} is dark"]


def test_a_device_that_keeps_its_deliveries_is_late_by_what_the_store_has(store: Store) -> None:
    store.put_windows([a_window(60, of=9)])
    store.put_heartbeat(beat(99, waiting=4))
    assert on(store, "delay") == ["figures of camera cam-1 of stage main arrive 39 s late (limit 10 s)"]


def test_a_record_of_the_future_does_not_hide_that_a_device_is_late(store: Store) -> None:
    store.put_windows([a_window(50, of=1), a_window(40_000, of=1)])
    store.put_heartbeat(beat(100, sent=9))
    (camera,) = situation(store, "talk-1", after_ms(100)).cameras
    assert camera.state == "late"


def test_a_device_of_which_nothing_was_recorded_for_long_is_late_by_that_at_least(store: Store) -> None:
    store.put_windows([a_window(0, of=9)])
    store.put_heartbeat(beat(999, sent=1, waiting=400))
    assert on(store, "delay", at_s=1000) == ["figures of camera cam-1 of stage main arrive 75 s late (limit 10 s)"]


def test_a_device_with_a_frame_a_minute_is_late_after_two_missed_intervals(store: Store) -> None:
    store.put_windows([a_window(0, of=9)])
    store.put_heartbeat(beat(110, sent=1, frames_per_s=1 / 60))
    assert on(store, "delay", at_s=119) == []
    assert on(store, at_s=130) == ["figures of camera cam-1 of stage main arrive 129 s late (limit 10 s)"]


def test_a_device_that_claims_a_tiny_frame_rate_is_late_eventually(store: Store) -> None:
    store.put_heartbeat(beat(100, frames_per_s=1e-310))
    assert on(store, "delay") == []


def test_few_faces_and_few_smiles_of_the_last_minute_are_named_with_their_figures(store: Store) -> None:
    store.put_windows([a_window(second, smiling=1, of=6) for second in range(41, 100)])
    assert on(store, "faces", "share") == [
        "6 faces in view on stage main (limit 8)",
        "17 % of about 6 faces on stage main smiled in the last minute (limit 30 %)",
    ]


def test_a_share_of_too_few_faces_never_appears_in_a_message(store: Store) -> None:
    store.put_windows([a_window(second, smiling=0, of=4) for second in range(41, 100)])
    assert on(store, "share") == []
    assert situation(store, "talk-1", after_ms(100)).now["main"].share is None


def test_a_stage_is_little_lively_by_the_figure_of_the_board(store: Store) -> None:
    def put(seconds: range, smiling: int) -> None:
        store.put_windows([a_window(second, smiling=smiling, of=30) for second in seconds])

    put(range(-400, 40), 21)
    assert on(store, "liveliness", at_s=40) == []
    put(range(40, 200), 3)
    (message,) = on(store, at_s=200)
    shown = BoardReader("talk-1").board(store, after_ms(200)).rows[0].figure
    assert shown is not None
    assert message == f"liveliness of stage main is {shown:.0f} (limit 40)"


def test_a_stage_that_is_set_up_during_an_evaluation_waits_for_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_windows([a_window(second, of=30) for second in range(-400, 100)])
    store.put_windows([a_window(second, of=30, stage_id="tent") for second in range(-400, 100)])
    both = [a_stage(), a_stage("tent")]
    answers = iter([both[:1], both])
    monkeypatch.setattr(store, "stages", lambda session_id: next(answers))
    assert len(on(store, "liveliness")) == 1


def test_few_faces_are_neither_lively_nor_dull(store: Store) -> None:
    store.put_windows([a_window(second, of=4) for second in range(-400, 100)])
    assert on(store, "liveliness") == []


def test_a_head_count_has_faces_and_no_share(store: Store) -> None:
    store.put_windows([a_head_count(second, heads=3) for second in range(41, 100)])
    assert on(store, "faces", "share") == ["3 faces in view on stage main (limit 8)"]


def test_a_stage_without_records_raises_no_alert(store: Store) -> None:
    assert on(store, "faces", "share") == []


def test_an_intermission_without_smiles_raises_no_alert(store: Store) -> None:
    store.put_stage("talk-1", a_stage(cues=paused_now(start_cues(after(0)), after(50))))
    store.put_windows([a_window(second, smiling=0, of=9) for second in range(41, 100)])
    assert on(store, "share") == []


def test_what_somebody_left_out_is_no_figure(store: Store) -> None:
    store.put_stage("talk-1", a_stage(exclusions=[an_exclusion(0, 200)]))
    store.put_windows([a_window(second, smiling=0, of=9) for second in range(41, 100)])
    assert on(store, "share", "liveliness") == []


def test_cameras_that_see_the_same_people_count_them_once(store: Store) -> None:
    store.put_windows([a_window(second, of=5, camera_id=camera) for second in range(41, 100) for camera in "ab"])
    store.put_camera("talk-1", "main", a_camera("a", overlaps=["b"]))
    assert situation(store, "talk-1", after_ms(100)).now["main"].faces == 5


def test_close_views_in_a_wide_one_stand_side_by_side(store: Store) -> None:
    seen = {"left": 6, "right": 6, "wide": 5}
    store.put_windows(
        [a_window(second, of=seen[camera], camera_id=camera) for second in range(41, 100) for camera in seen]
    )
    store.put_camera("talk-1", "main", a_camera("wide", overlaps=["left", "right"]))
    assert situation(store, "talk-1", after_ms(100)).now["main"].faces == 12


def test_a_rule_of_one_stage_leaves_the_others_alone(store: Store) -> None:
    store.put_stage("talk-1", a_stage("tent"))
    for stage in ("main", "tent"):
        store.put_windows([a_window(second, of=3, stage_id=stage) for second in range(41, 100)])
    store.alerting.put("talk-1", replace(AT_ONCE["faces"], stage_id="tent"))
    assert on(store) == ["3 faces in view on stage tent (limit 8)"]


def test_a_camera_that_never_connected_or_was_stopped_raises_no_alert(store: Store) -> None:
    assert on(store, "camera", "delay") == []
    store.put_heartbeat(beat(0, state="stopped"))
    assert on(store) == []


def test_a_session_that_has_ended_has_no_alerts_on(store: Store) -> None:
    store.put_heartbeat(beat(0))
    assert on(store, "camera") == ["camera cam-1 of stage main is dead"]
    store.put_session(a_session(ended_at=after(100)))
    assert on(store, at_s=101) == []
    assert evaluate(store, "talk-1", after_ms(102)).book.alerts[0].ended_ms == after_ms(101)


def test_an_unnamed_reader_leaves_the_evaluation_to_an_active_watcher(store: Store) -> None:
    store.put_heartbeat(beat(0))
    evaluate(store, "talk-1", after_ms(99), "laptop")
    assert on(store, "camera") == []
    later_ms = after_ms(99) + WATCHED_MS
    assert [alert.is_on for alert in evaluate(store, "talk-1", later_ms).book.alerts] == [True]


def test_a_watcher_is_known_by_its_name(store: Store) -> None:
    book = evaluate(store, "talk-1", after_ms(1), "laptop").book
    assert not is_watched(book, after_ms(2))
    book = store.alerting.book("talk-1")
    assert is_watched(book, after_ms(2))
    assert not is_watched(book, after_ms(2), but="laptop")
    assert is_watched(book, after_ms(2), but="server")
