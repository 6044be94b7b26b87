"""The end of a session: with its last camera, or for a festival when a person ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audience.session_setup import SessionSetup, end_with_last_camera
from audience.sessions import LONGEST_MS, Kind
from audience.store import CameraState, Store
from audience.stores import open_store
from tests.builders import a_camera, a_heartbeat, a_progress, a_session, a_stage, after, after_ms

ENDS_S = 600


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A session of one stage and one camera, which has just ended."""
    with open_store(f"sqlite:///{tmp_path / 'houselights.db'}") as store:
        store.put_session(a_session())
        store.put_stage("talk-1", a_stage())
        store.put_camera("talk-1", "main", a_camera())
        yield store


def of_kind(store: Store, kind: Kind) -> None:
    store.put_session(replace(store.session("talk-1"), kind=kind))


def ends(store: Store, camera_id: str = "cam-1", *, at_s: float = ENDS_S, now_s: float | None = None, **live) -> bool:
    """One camera ends; whether the session has."""
    setup = SessionSetup(session_id="talk-1", camera_id=camera_id)
    now_ms = after_ms(at_s if now_s is None else now_s)
    ended = end_with_last_camera(store, setup, end_ms=after_ms(at_s), now_ms=now_ms, **live)
    assert ended == (store.session("talk-1").ended_at is not None)
    return ended


def says(store: Store, stage_id: str, camera_id: str, state: CameraState, at_s: float = ENDS_S) -> None:
    store.put_heartbeat(replace(a_heartbeat(camera_id=camera_id), stage_id=stage_id, state=state, at_ms=after_ms(at_s)))


def test_a_session_of_one_camera_ends_with_it(store: Store) -> None:
    assert ends(store)
    assert store.session("talk-1").ended_at == after(ENDS_S)


@pytest.mark.parametrize("state", ["starting", "ready", "running", "waiting", "failed"])
@pytest.mark.parametrize("silent_s", [0, 5, 7200])
def test_a_session_goes_on_while_another_of_its_cameras_may_deliver(
    store: Store, state: CameraState, silent_s: float
) -> None:
    """A camera that is silent for two hours may have lost its network and kept its records."""
    store.put_stage("talk-1", a_stage("tent"))
    store.put_camera("talk-1", "tent", a_camera("cam-1"))
    says(store, "tent", "cam-1", state, ENDS_S - silent_s)
    assert not ends(store)


def test_a_session_goes_on_while_a_camera_of_it_is_still_to_come(store: Store) -> None:
    store.put_camera("talk-1", "main", a_camera("cam-2"))
    assert not ends(store)
    says(store, "main", "cam-1", "finished")
    assert ends(store, "cam-2", at_s=ENDS_S + 60)
    assert store.session("talk-1").ended_at == after(ENDS_S + 60)


@pytest.mark.parametrize("state", ["stopped", "finished"])
def test_of_two_that_end_the_second_ends_the_session_at_the_later_end(store: Store, state: CameraState) -> None:
    store.put_camera("talk-1", "main", a_camera("cam-2"))
    says(store, "main", "cam-2", state)
    store.put_heartbeat(replace(store.heartbeats("talk-1")[0], last_window_ms=after_ms(ENDS_S + 30)))
    assert ends(store)
    assert store.session("talk-1").ended_at == after(ENDS_S + 30)


def test_recordings_of_two_cameras_end_a_session_once_both_are_scored(store: Store) -> None:
    store.put_camera("talk-1", "main", a_camera("cam-2"))
    store.put_windows([], progress=a_progress(done_s=ENDS_S, finished=True))
    assert not ends(store)
    assert ends(store, "cam-2", at_s=ENDS_S - 100)
    assert store.session("talk-1").ended_at == after(ENDS_S)


def test_no_camera_ends_a_festival(store: Store) -> None:
    of_kind(store, "festival")
    assert not ends(store)
    says(store, "main", "cam-1", "finished")
    assert not ends(store)


@pytest.mark.parametrize("kind", ["festival", "talk"])
def test_a_recording_of_a_day_that_is_over_ends_its_session_whatever_is_still_to_come(store: Store, kind: Kind) -> None:
    of_kind(store, kind)
    store.put_camera("talk-1", "main", a_camera("cam-2"))
    longest_s = LONGEST_MS / 1000
    assert not ends(store, now_s=ENDS_S + longest_s)
    assert ends(store, now_s=ENDS_S + longest_s + 1)


def test_a_later_recording_makes_a_session_longer_and_an_earlier_one_does_not_make_it_shorter(store: Store) -> None:
    assert ends(store)
    assert ends(store, at_s=ENDS_S + 60)
    assert ends(store, at_s=ENDS_S - 60)
    assert store.session("talk-1").ended_at == after(ENDS_S + 60)


def test_the_end_that_a_person_noted_stays_when_the_cameras_are_stopped_after_it(store: Store) -> None:
    store.put_session(replace(store.session("talk-1"), ended_at=after(ENDS_S - 60)))
    assert ends(store, began_ms=after_ms(0))
    assert store.session("talk-1").ended_at == after(ENDS_S - 60)
    assert ends(store, began_ms=after_ms(ENDS_S - 30))
    assert store.session("talk-1").ended_at == after(ENDS_S)
