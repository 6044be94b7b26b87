"""Who may record under a camera: a recording, a live camera of this machine and a device never meet by accident."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audience.errors import ScoringRefused
from audience.session_setup import (
    SessionSetup,
    check_not_scored,
    check_not_watched,
    plan_recording,
    prepare_session,
    store_session,
)
from audience.store import Store
from audience.stores import open_store
from tests.builders import BEGAN, a_heartbeat, a_progress, a_session, after, after_ms

TALK = SessionSetup(session_id="talk-1")
DAY_S = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/a.db") as opened:
        yield opened


def recorded_here(store: Store, setup: SessionSetup = TALK, at_s: float = 0) -> None:
    store_session(store, plan_recording(store, setup, after(at_s)), setup)


def delivered_by(store: Store) -> str | None:
    (camera,) = store.cameras("talk-1", "main")
    return camera.delivered_by


def test_a_prepared_camera_belongs_to_its_device(store: Store) -> None:
    prepare_session(store, TALK, BEGAN, BEGAN)
    assert delivered_by(store) == "cam-1"
    with pytest.raises(ScoringRefused, match="device that delivers"):
        recorded_here(store)
    recorded_here(store, replace(TALK, camera_id="laptop"))


def test_a_camera_that_was_recorded_here_is_not_set_up_for_a_device(store: Store) -> None:
    recorded_here(store)
    assert delivered_by(store) == ""
    with pytest.raises(ScoringRefused, match="give the device a --camera of its own"):
        prepare_session(store, TALK, None, BEGAN)
    prepare_session(store, replace(TALK, camera_id="cam-2"), None, BEGAN)


def test_a_camera_without_an_owner_belongs_to_the_first_that_records(store: Store) -> None:
    prepare_session(store, TALK, BEGAN, BEGAN, device=False)
    assert delivered_by(store) is None
    recorded_here(store)
    assert delivered_by(store) == ""


def test_a_scored_camera_of_an_older_store_is_not_given_to_a_device(store: Store) -> None:
    prepare_session(store, TALK, BEGAN, BEGAN, device=False)
    store.put_windows([], [], a_progress())
    with pytest.raises(ScoringRefused, match="recorded on this computer"):
        prepare_session(store, TALK, None, BEGAN)


def test_a_camera_of_an_older_store_with_a_heartbeat_of_a_device_is_not_recorded(store: Store) -> None:
    prepare_session(store, TALK, BEGAN, BEGAN, device=False)
    store.put_heartbeat(replace(a_heartbeat(), received_ms=after_ms(0)))
    with pytest.raises(ScoringRefused, match="device that delivers"):
        recorded_here(store)


def test_a_recording_and_a_live_camera_do_not_share_a_camera(store: Store) -> None:
    store.put_session(a_session())
    store.put_heartbeat(a_heartbeat())
    with pytest.raises(ScoringRefused, match="watched live"):
        check_not_watched(store, TALK.place)
    check_not_scored(store, TALK.place)
    store.put_windows([], [], a_progress())
    with pytest.raises(ScoringRefused, match="holds a recording"):
        check_not_scored(store, TALK.place)


@pytest.mark.parametrize("at_s", [-DAY_S - 1, 5 * DAY_S, -56 * 365 * DAY_S])
def test_what_is_recorded_far_from_its_session_is_refused(store: Store, at_s: float) -> None:
    store.put_session(a_session())
    with pytest.raises(ScoringRefused, match="--session of its own"):
        recorded_here(store, at_s=at_s)


@pytest.mark.parametrize("at_s", [-3600, 0, 3 * DAY_S])
def test_what_is_recorded_near_it_is_not(store: Store, at_s: float) -> None:
    store.put_session(a_session())
    recorded_here(store, at_s=at_s)


def test_a_session_that_ended_is_reopened_by_a_later_recording(store: Store) -> None:
    store.put_session(a_session(ended_at=after(60)))
    recorded_here(store, at_s=30)
    assert store.session("talk-1").ended_at == after(60)
    recorded_here(store, at_s=3600)
    assert store.session("talk-1").ended_at is None
    store.put_session(a_session(ended_at=after(60)))
    with pytest.raises(ScoringRefused, match="--session of its own"):
        recorded_here(store, at_s=60 + DAY_S + 1)
