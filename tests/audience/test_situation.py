"""Reading the state of a session with many cameras again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audience.alerts import AlertRule
from audience.monitoring import situation
from audience.monitoring.evaluate import evaluate
from audience.monitoring.situation import ROUND_MS, Situation, SituationReader
from audience.store import Store
from audience.stores import open_store
from tests.builders import a_camera, a_heartbeat, a_session, a_stage, a_window, after_ms

STAGES = [f"stage-{number:02d}" for number in range(6)]
EVERY_S = 5


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A festival of six stages with two cameras each, which are many here."""
    monkeypatch.setattr(situation, "MANY_CAMERAS", 5)
    with open_store(f"sqlite:///{tmp_path}/houselights.db") as opened:
        opened.put_session(a_session())
        for stage_id in STAGES:
            opened.put_stage("talk-1", a_stage(stage_id))
            for camera_id in ("cam-1", "cam-2"):
                opened.put_camera("talk-1", stage_id, a_camera(camera_id))
        yield opened


def put(store: Store, at_s: int, *, recorded_s: int = 5, late_s: int = 0, but: str = "", **changed: object) -> None:
    """What all cameras report and have recorded at an instant; of stage `but`, no records."""
    for stage_id in STAGES:
        for camera_id in ("cam-1", "cam-2"):
            beat = replace(a_heartbeat(stage_id=stage_id, camera_id=camera_id, at_s=at_s), faces=7, sent=3)
            store.put_heartbeat(replace(beat, **changed))  # type: ignore[arg-type]
    store.put_windows(
        [
            a_window(at_s - late_s - second, of=30, stage_id=stage_id, camera_id=camera_id)
            for stage_id in STAGES
            if stage_id != but
            for camera_id in ("cam-1", "cam-2")
            for second in range(1, recorded_s + 1)
        ]
    )


def watched(store: Store, reader: SituationReader, from_s: int, until_s: int, *, but: str = "") -> Situation:
    """The last reading of those every five seconds, while all cameras but those of a stage record."""
    for at_s in range(from_s, until_s + 1, EVERY_S):
        put(store, at_s, but=but)
        found = reader.read(store, after_ms(at_s))
    return found


def states(found: Situation, state: str) -> set[str]:
    return {one.stage_id for one in found.cameras if one.state == state}


def test_each_reading_looks_at_a_part_of_the_stages_and_a_round_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    real = store.windows

    def counted(session_id: str, stage_id: str, **stretch: int) -> object:
        looked.append(stage_id)
        return real(session_id, stage_id, **stretch)

    monkeypatch.setattr(store, "windows", counted)
    put(store, 100, recorded_s=80)
    reader = SituationReader("talk-1")
    reader.read(store, after_ms(100))
    assert len(looked) == 1
    watched(store, reader, 105, 100 + ROUND_MS // 1000)
    assert set(looked) == set(STAGES)
    assert len(looked) == 1 + ROUND_MS // 1000 // EVERY_S  # the fewest a reading can look at


def test_every_camera_is_known_from_the_first_reading_with_the_faces_it_reports(store: Store) -> None:
    put(store, 100, recorded_s=80)
    store.put_camera("talk-1", STAGES[3], a_camera("cam-3"))
    store.put_camera("talk-1", STAGES[5], a_camera("cam-1", overlaps=["cam-2"]))
    found = SituationReader("talk-1").read(store, after_ms(100))
    assert [one.state for one in found.cameras].count("ok") == 2 * len(STAGES)
    assert states(found, "expected") == {STAGES[3]}
    assert found.now[STAGES[0]].faces == 14
    assert found.now[STAGES[5]].faces == 7  # two cameras that see the same people


def test_a_stage_whose_figures_stop_is_late_within_a_round_and_dead_cameras_at_once(store: Store) -> None:
    reader = SituationReader("talk-1")
    put(store, 95, recorded_s=80)
    assert states(watched(store, reader, 100, 130), "late") == set()
    found = watched(store, reader, 135, 175, but=STAGES[4])
    assert states(found, "late") == {STAGES[4]}
    delays = [one.delay_s for one in found.cameras if one.stage_id == STAGES[4]]
    assert all(delay is not None and 15 <= delay <= 80 for delay in delays)
    assert states(reader.read(store, after_ms(210)), "dead") == set(STAGES)


def test_between_two_looks_a_camera_that_is_on_time_does_not_grow_late(store: Store) -> None:
    reader = SituationReader("talk-1")
    found = watched(store, reader, 100, 160)
    assert states(found, "ok") == set(STAGES)
    assert max(one.delay_s or 0.0 for one in found.cameras) < 10


def test_who_comes_back_after_a_while_begins_anew(store: Store) -> None:
    reader = SituationReader("talk-1")
    watched(store, reader, 100, 160)
    store.put_camera("talk-1", STAGES[0], a_camera("cam-3"))
    put(store, 900)
    found = reader.read(store, after_ms(900))
    assert states(found, "expected") == {STAGES[0]}
    assert states(found, "ok") == set(STAGES)


def test_where_a_rule_needs_figures_they_are_those_of_the_windows(store: Store) -> None:
    store.alerting.put("talk-1", AlertRule(rule_id="share", what="share", limit=0.3, for_s=0))
    put(store, 95, recorded_s=80)
    found = watched(store, SituationReader("talk-1"), 100, 130)
    assert {round(one.faces or 0) for one in found.now.values()} == {60}
    assert all(one.share is not None for one in found.now.values())


def test_liveliness_of_many_cameras_comes_from_roll_ups(store: Store) -> None:
    store.alerting.put("talk-1", AlertRule(rule_id="lively", what="liveliness", limit=40, for_s=0))
    put(store, 600, recorded_s=590)
    found = watched(store, SituationReader("talk-1"), 605, 635)
    assert all(one.liveliness is not None for one in found.now.values())


def test_an_outage_of_all_cameras_is_stored_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audience.monitoring.evaluate.MOST_CHANGES", 5)
    store.alerting.put("talk-1", AlertRule(rule_id="dead", what="camera", for_s=0))
    put(store, 100)
    reader = SituationReader("talk-1")
    seen = [len(evaluate(store, "talk-1", after_ms(at_s), reader=reader).book.alerts) for at_s in (200, 205, 210)]
    assert seen == [5, 10, 12]
