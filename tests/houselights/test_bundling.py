"""Bundles for cameras: made whenever somebody comes or goes, and acknowledged before a withdrawal is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from audience.identity.bundle import Bundle, BundleReader, bundle_name
from audience.identity.bundle_keys import camera_key, installation_key
from audience.sessions import Session
from audience.store import Store
from audience.stores import open_identity, open_store
from houselights.bundling import RENEWED_AFTER, CameraBundles, LocalBundles
from tests.audience.identity.conftest import Desk, vector
from tests.audience.identity.test_searches import APPROVES, requested
from tests.builders import a_heartbeat

RECOGNISER = "none-1+00000000"
LEFT, RIGHT, HALL = ("fair-1", "gate", "left"), ("fair-1", "gate", "right"), ("fair-1", "hall", "one")


class Site:
    """A store of people, a folder of bundles, and cameras that acknowledge what they are told to."""

    def __init__(self, desk: Desk, folder: Path, sessions: Store) -> None:
        self.desk, self.folder, self.sessions = desk, folder, sessions
        self.bundles = CameraBundles(
            desk.store,
            LocalBundles(folder),
            recogniser=RECOGNISER,
            now=lambda: desk.now,
            sessions=sessions,
            wait_s=60,
            sleep=self._sleep,
        )
        self.acknowledging: list[tuple[str, str, str]] = []

    def camera(self, *cameras: tuple[str, str, str]) -> None:
        for camera in cameras:
            camera_key(self.desk.store, *camera, now=self.desk.now)

    def read(self, camera: tuple[str, str, str]) -> Bundle:
        store, now = self.desk.store, self.desk.now
        reader = BundleReader(
            public_key=installation_key(store, now=now).public,
            camera_key=camera_key(store, *camera, now=now),
            session_id=camera[0],
            stage_id=camera[1],
            camera_id=camera[2],
            recogniser=RECOGNISER,
        )
        return reader.read((self.folder / bundle_name(*camera)).read_bytes(), now=now)

    def people(self, camera: tuple[str, str, str]) -> list[str]:
        return [face.subject_id for face in self.read(camera).faces]

    def beat(self, camera: tuple[str, str, str], number: int) -> None:
        at_ms = round(self.desk.now.timestamp() * 1000)
        beat = replace(a_heartbeat(*camera), at_ms=at_ms, received_ms=at_ms, bundle=number)
        self.sessions.put_heartbeat(beat)

    def _sleep(self, seconds: float) -> None:
        self.desk.later(seconds=seconds)
        for camera in self.acknowledging:
            self.beat(camera, self.read(camera).number)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_identity(f"sqlite:///{tmp_path / 'a.db'}") as store:
        yield Desk(store)


@pytest.fixture
def site(desk: Desk, tmp_path: Path) -> Site:
    sessions = open_store(f"sqlite:///{tmp_path / 'sessions.db'}")
    sessions.put_session(Session(session_id="fair-1", title="Fair", started_at=desk.now))
    return Site(desk, tmp_path / "bundles", sessions)


def sent(site: Site) -> list[tuple[str, str, str]]:
    site.desk.later(seconds=2)
    return [camera for camera, _ in site.bundles.send_changed()]


def test_a_camera_gets_a_bundle_when_somebody_comes_or_goes_and_none_meanwhile(site: Site) -> None:
    roster = site.desk.roster("register", "list")
    site.camera(LEFT)
    assert sent(site) == [LEFT]
    assert (site.people(LEFT), sent(site)) == ([], [])
    person = site.desk.member(roster)
    assert sent(site) == [LEFT]
    assert (site.people(LEFT), sent(site)) == ([person.person_id], [])
    site.desk.people().withdraw("list", person.person_id)
    assert sent(site) == [LEFT]
    assert site.people(LEFT) == []


def test_only_the_cameras_of_a_rosters_stages_hold_its_people(site: Site) -> None:
    person = site.desk.member(site.desk.roster("register", "list"))
    site.camera(LEFT, HALL)
    sent(site)
    assert (site.people(LEFT), site.people(HALL)) == ([person.person_id], [])


def test_numbers_grow_and_a_bundle_is_renewed_before_it_expires(site: Site) -> None:
    site.camera(LEFT)
    sent(site)
    first = site.read(LEFT)
    site.desk.now += RENEWED_AFTER
    assert sent(site) == [LEFT]
    assert site.read(LEFT).number > first.number
    assert site.read(LEFT).expires_at - site.desk.now > timedelta(hours=20)


def test_a_search_is_looked_for_from_its_approval_and_wants_pictures(site: Site) -> None:
    roster = site.desk.roster("search", "missing", stages=("fair-1/*",))
    entry = requested(site.desk, roster, vector=vector(3), recogniser=RECOGNISER)
    site.camera(LEFT)
    sent(site)
    assert site.people(LEFT) == []
    site.desk.searches(APPROVES).approve(*entry.key)
    assert sent(site) == [LEFT]
    assert site.people(LEFT) == [entry.entry_id]
    assert site.read(LEFT).pictures == ("missing",)


def test_a_member_is_looked_for_while_checked_in(site: Site) -> None:
    person = site.desk.member(site.desk.roster("welcome desk", "members"))
    site.camera(LEFT)
    sent(site)
    assert site.people(LEFT) == []
    site.desk.people().check_in("members", person.person_id)
    sent(site)
    assert site.people(LEFT) == [person.person_id]
    assert site.read(LEFT).pictures == ()


def test_who_has_a_template_of_another_model_is_left_out_and_counted(site: Site) -> None:
    site.desk.member(site.desk.roster("register", "list"))
    site.camera(LEFT)
    other = CameraBundles(site.desk.store, LocalBundles(site.folder), recogniser="other-1+0", now=lambda: site.desk.now)
    ((_, made),) = other.send_changed()
    assert (made.people, made.left_out) == (0, 1)


def test_a_receipt_says_when_each_camera_acknowledged(site: Site) -> None:
    person = site.desk.member(site.desk.roster("register", "list"))
    site.camera(LEFT, RIGHT, HALL)
    sent(site)
    for camera in (LEFT, RIGHT):
        site.beat(camera, site.read(camera).number)  # of the bundle that still holds the person
    site.acknowledging = [LEFT]
    asked_at = site.desk.now
    receipt = site.desk.people(elsewhere=[site.bundles]).withdraw("list", person.person_id)
    places = {removal.place: removal for removal in receipt.removals}
    assert places.keys() == {"this store", "camera fair-1/gate/left", "camera fair-1/gate/right"}
    left, right = places["camera fair-1/gate/left"], places["camera fair-1/gate/right"]
    assert left.done_at is not None
    assert timedelta(0) < left.done_at - asked_at <= timedelta(seconds=60)
    assert right.done_at is None
    assert "stops by" in right.line
    assert not receipt.is_complete
    assert site.people(RIGHT) == []  # it waits there for the camera


def test_a_folder_that_cannot_be_written_is_said_in_the_receipt(site: Site) -> None:
    person = site.desk.member(site.desk.roster("register", "list"))
    site.camera(LEFT)
    site.folder.write_text("in the way")
    receipt = site.desk.people(elsewhere=[site.bundles]).withdraw("list", person.person_id)
    (removal,) = [one for one in receipt.removals if one.place.startswith("camera")]
    assert removal.done_at is None
    assert "not asked yet" in removal.line


def test_a_panel_stays_on_the_machine_with_its_store(site: Site) -> None:
    site.desk.roster("panel", "homes", stages=("fair-1/*",))
    site.camera(LEFT)
    sent(site)
    assert site.read(LEFT).rosters == ()
    assert site.people(LEFT) == []
