"""What the operator's table is sent, of few cameras and of many."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audience.alerts import AlertBook
from audience.monitoring.cameras import CameraStatus, State
from audience.monitoring.situation import Situation, StageNow
from audience.sessions import Stage
from audience.store import DeliveryStep
from dashboard.pages.operate.camera_rows import summary
from dashboard.pages.operate.stage_table.packing import MOST_OPEN, packed, unanswered
from tests.builders import a_heartbeat, a_session, an_alert

AT = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
NAMES = ("Barn", "Mill", "Tent", "Circus ring", "Harbour stage")


def camera(stage_id: str, number: int, state: State = "ok", step: DeliveryStep = "live") -> CameraStatus:
    beat = a_heartbeat("fest-1", stage_id, f"cam-{number}")
    return CameraStatus(
        stage_id=stage_id,
        camera_id=f"cam-{number}",
        state=state,
        seen_s=300.0 if state == "dead" else 2.0,
        delay_s=1.5,
        heartbeat=replace(beat, step=step, detector="centerface-1", scorer="expressionnet-2", version="0.9.1"),
        device=f"edge-{stage_id}-{number:02d}",
    )


def a_situation(stages: int, cameras: int, *others: CameraStatus) -> Situation:
    """A festival whose cameras are well, but for some others."""
    session = replace(a_session("fest-1", started_at=AT - timedelta(hours=1)), kind="festival")
    places = {(one.stage_id, one.camera_id): one for one in others}
    ids = [f"stage-{number}" for number in range(stages)]
    return Situation(
        session=session,
        stages=[Stage(stage_id=one, title=f"{NAMES[at % 5]} {at // 5 + 1}") for at, one in enumerate(ids)],
        cameras=[
            places.get((one, f"cam-{number}")) or camera(one, number) for one in ids for number in range(1, cameras + 1)
        ],
        now={one: StageNow(stage_id=one, faces=228.0, share=None, n=0.0) for one in ids},
        recorded=True,
        book=AlertBook(),
    )


def table(now: Situation, **looks_at: Any) -> dict[str, Any]:
    return dict(json.loads(json.dumps(packed(now, AT, UTC, **looks_at))))


def test_all_cameras_are_counted_by_state_the_worst_first() -> None:
    now = a_situation(3, 4, camera("stage-1", 2, "late"), camera("stage-2", 1, "dead"), camera("stage-0", 3, "dead"))
    assert table(now)["totals"] == [["dead", 2], ["late", 1], ["ok", 9]]


def test_a_row_names_three_cameras_of_a_state_as_people_count_and_says_how_many_there_are() -> None:
    now = a_situation(1, 12, *(camera("stage-0", number, "dark") for number in (2, 3, 10, 11, 12)))
    (dark, ok) = table(now)["rows"][0]["cameras"]
    assert (dark[:2], [one for one, _ in dark[3]]) == (["dark", 5], ["cam-2", "cam-3", "cam-10"])
    assert ok == ["ok", 7, 2, []]


def test_an_open_stage_says_of_each_camera_its_step_models_and_device() -> None:
    now = a_situation(6, 2, camera("stage-1", 1, step="thrifty"), camera("stage-1", 2, "dead", step="device"))
    assert table(now)["open"] == {}
    opened = table(now, opened=["stage-1", "gone"])["open"]
    assert list(opened) == ["stage-1"]
    (first, second) = opened["stage-1"]["lines"]
    assert [(one["id"], one["state"]) for one in (first, second)] == [("cam-2", "dead"), ("cam-1", "ok")]
    assert "on its device" in first["facts"]
    for fact in ("12 s", "centerface-1", "expressionnet-2", "0.9.1", "edge-stage-1-01"):
        assert fact in second["facts"].replace("\N{NO-BREAK SPACE}", " ")


def test_of_many_open_stages_the_last_ones_are_shown() -> None:
    ids = [f"stage-{number}" for number in range(6)]
    assert list(table(a_situation(6, 1), opened=ids)["open"]) == ids[-MOST_OPEN:]


@pytest.mark.parametrize(
    ("words", "stages"),
    [
        ("", {}),
        ("barn", {"stage-0": [0, []], "stage-5": [0, []]}),
        ("HARBOUR stage-9", {"stage-9": [0, []]}),
        ("cam-3 mill", {"stage-1": [1, ["cam-3"]], "stage-6": [1, ["cam-3"]]}),
        ("edge-stage-4-02", {"stage-4": [1, ["cam-2"]]}),
        ("nowhere", {}),
    ],
)
def test_stages_are_found_by_themselves_and_by_their_cameras_and_devices(words: str, stages: dict[str, Any]) -> None:
    assert table(a_situation(10, 3), words=words)["found"] == {"words": words, "stages": stages}


def test_of_four_thousand_cameras_of_which_a_tenth_needs_somebody_little_is_sent() -> None:
    bad = [camera(f"stage-{number}", at, "dead") for number in range(200) for at in (3, 13)]
    now = a_situation(200, 20, *bad)
    alerts = [replace(an_alert(), stage_id=one.stage_id, camera_id=one.camera_id) for one in bad]
    now = replace(now, book=AlertBook(alerts=tuple(alerts)))
    data = table(now, opened=[f"stage-{number}" for number in range(MOST_OPEN)], words="cam")
    assert len(json.dumps(data)) < 78_000
    assert (data["alerts_on"], data["alerts_unanswered"]) == (400, 400)
    assert len(data["alerts"]) < 50
    assert len(unanswered(now, 0)) == 400


def test_the_line_above_says_how_many_spare_the_cloud() -> None:
    sparing = [camera("stage-0", 1, step="thrifty"), camera("stage-0", 2, step="thrifty")]
    said = summary(a_situation(1, 4, *sparing, camera("stage-0", 3, step="device")).cameras, {"stage-0": "Barn"})
    assert "2 deliver every 12 s" in said
    assert "1 scores on its device" in said
    assert "spare" not in summary(a_situation(1, 4).cameras, {"stage-0": "Barn"})


def test_the_sentence_about_all_cameras_does_not_leave_out_those_that_are_late() -> None:
    now = a_situation(1, 4, camera("stage-0", 1, "late"), camera("stage-0", 2, "late"))
    said = summary(now.cameras, {"stage-0": "Barn"})
    assert "2 of 4" in said
    assert "2 are late" in said
