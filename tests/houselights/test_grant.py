"""`houselights grant` and `revoke`, against AWS IoT as moto has it, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from audience.store import Store
from houselights.local_cloud.moto_server import running_moto
from tests.builders import BEGAN, a_camera, a_heartbeat, a_session, a_stage
from tests.houselights.conftest import Houselights
from tests.local_aws import use_local_aws


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


@pytest.fixture
def iot(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """AWS IoT with the things cam-1, 2026 and a:b, none of which may deliver for anything."""
    use_local_aws(monkeypatch, moto)
    client = boto3.client("iot")
    # The emulation keeps things for the whole process, those of other tests too.
    before = {thing["thingName"] for thing in client.list_things()["things"]}
    for thing in ("cam-1", "2026", "a:b"):
        client.create_thing(thingName=thing)
    yield client
    for thing in client.list_things()["things"]:
        if thing["thingName"] not in before:
            client.delete_thing(thingName=thing["thingName"])


@pytest.fixture(autouse=True)
def sessions(store: Store) -> None:
    for session_id in ("morning", "evening"):
        store.put_session(a_session(session_id))


def session_of(iot: Any, thing: str = "cam-1") -> str | None:
    return iot.describe_thing(thingName=thing).get("thingTypeName")


@pytest.mark.parametrize("thing", ["cam-1", "2026", "a:b"])
def test_a_camera_is_granted_a_session(houselights: Houselights, iot: Any, thing: str) -> None:
    assert houselights("grant", thing, "--session", "morning").code == 0
    assert session_of(iot, thing) == "morning"
    assert [one for one in ("cam-1", "2026", "a:b") if session_of(iot, one)] == [thing]


def test_a_camera_is_given_its_keys_with_the_grant_where_people_are_recognised(
    houselights: Houselights, iot: Any, store: Store
) -> None:
    assert "0 stages" in houselights("grant", "cam-1", "--session", "morning", "--people").complaint
    assert session_of(iot) is None
    store.put_stage("morning", a_stage("gate"))
    store.put_camera("morning", "gate", a_camera("cam-1"))
    granted = houselights("grant", "cam-1", "--session", "morning", "--people").out.splitlines()
    assert granted[-2:] == houselights("people", "device", "morning", "gate", "cam-1").out.splitlines()


def test_the_next_session_takes_the_place_of_the_one_before(houselights: Houselights, iot: Any) -> None:
    houselights("grant", "cam-1", "--session", "morning")
    assert "morning" in houselights("grant", "cam-1", "--session", "evening").out
    assert session_of(iot) == "evening"


def test_several_cameras_and_the_same_twice(houselights: Houselights, iot: Any) -> None:
    for thing in ("cam-1", "2026", "cam-1"):
        assert houselights("grant", thing, "--session", "morning").code == 0
    assert (session_of(iot), session_of(iot, "2026")) == ("morning", "morning")


def test_revoking_ends_it_for_the_cameras_of_that_session_alone(houselights: Houselights, iot: Any) -> None:
    for thing, session in (("cam-1", "morning"), ("a:b", "morning"), ("2026", "evening")):
        houselights("grant", thing, "--session", session)
    assert houselights("revoke", "--session", "morning").code == 0
    assert [session_of(iot, thing) for thing in ("cam-1", "a:b", "2026")] == [None, None, "evening"]
    assert houselights("revoke", "--session", "morning").code == 0, "twice is no error"


def test_what_ended_is_revoked_and_other_peoples_things_are_left(
    houselights: Houselights, store: Store, iot: Any
) -> None:
    store.put_session(a_session("evening", ended_at=BEGAN + timedelta(hours=1)))
    houselights("grant", "cam-1", "--session", "morning")
    houselights("grant", "2026", "--session", "evening")
    iot.create_thing_type(thingTypeName="drill")
    iot.update_thing(thingName="a:b", thingTypeName="drill")
    assert houselights("revoke", "--ended").code == 0
    assert [session_of(iot, thing) for thing in ("cam-1", "2026", "a:b")] == ["morning", None, "drill"]


def test_a_camera_that_still_holds_deliveries_keeps_its_session_until_they_are_sent(
    houselights: Houselights, store: Store, iot: Any
) -> None:
    houselights("grant", "cam-1", "--session", "morning")
    store.put_heartbeat(replace(a_heartbeat(session_id="morning", camera_id="cam-1"), waiting=14))
    assert "14 unsent deliveries of morning" in houselights("grant", "cam-1", "--session", "evening").complaint
    assert houselights("revoke", "--session", "morning").code == 1
    assert session_of(iot) == "morning"
    assert houselights("grant", "cam-1", "--session", "evening", "--now").code == 0
    assert session_of(iot) == "evening"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("grant", "cam-9", "--session", "morning"), "no thing 'cam-9' in AWS IoT in eu-west-1"),
        (("grant", "cam-1", "--session", "nowhere"), "nowhere"),
        (("grant", "cam-1", "--session", "day.1"), "'day.1' cannot be granted"),
        (("revoke",), "--session ID or --ended"),
        (("revoke", "--session", "morning", "--ended"), "--session ID or --ended"),
    ],
)
def test_what_cannot_be_is_reported_in_one_line_and_changes_nothing(
    houselights: Houselights, iot: Any, words: tuple[str, ...], complaint: str
) -> None:
    assert complaint in houselights(*words).complaint
    assert session_of(iot) is None


def test_that_aws_cannot_be_reached_is_one_line(
    houselights: Houselights, iot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "AWS cannot be used" in houselights("grant", "cam-1", "--session", "morning").complaint
