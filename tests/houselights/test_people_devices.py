"""The commands by which devices recognise people: a device's settings, bundles, sightings from a queue, a receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from audience.identity.bundle import bundle_name
from audience.identity.bundle_keys import camera_key, cameras_with_keys
from audience.identity.records import Sighting
from audience.identity.sealed_picture import sealed_picture
from audience.identity.sightings import sighting_message, sighting_topic
from audience.stores import open_identity
from houselights.local_cloud.moto_server import running_moto
from houselights.sighting_intake import (
    PictureBucket,
    PictureFolder,
    Pictures,
    SightingIntake,
    take_from_queue,
    take_pictures,
)
from tests.audience.identity.conftest import Desk
from tests.audience.identity.test_searches import APPROVES, requested
from tests.houselights.conftest import Houselights

CAMERA = ("fair-1", "gate", "left")
JPEG = b"\xff\xd8\xff" + bytes(500)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_identity(f"sqlite:///{tmp_path / 'a.db'}") as store:
        yield Desk(store)


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, Any]]:
    """How boto3 reaches a stand-in for AWS."""
    with running_moto() as address:
        yield {
            "endpoint_url": address,
            "region_name": "eu-west-1",
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }


class Intake(SightingIntake):
    """Takes sightings into a desk's store, and keeps what it says."""

    def __init__(self, desk: Desk) -> None:
        self.lines: list[str] = []
        super().__init__(desk.store, now=lambda: desk.now, log=self.lines.append)


def seen(desk: Desk) -> Sighting:
    """A sighting of a member by a camera that has a key."""
    roster = desk.roster("register", "list")
    camera_key(desk.store, *CAMERA, now=desk.now)
    return desk.sighting(roster, desk.member(roster, "Grace Hopper").person_id)


def test_a_device_is_given_its_keys_and_gets_a_bundle_until_it_is_forgotten(
    houselights: Houselights, tmp_path: Path
) -> None:
    printed = houselights("people", "device", *CAMERA).out
    assert re.fullmatch(r"HOUSELIGHTS_CAMERA_KEY=[0-9a-f]{64}\nHOUSELIGHTS_SIGNER=[0-9a-f]{64}\n", printed)
    assert houselights("people", "device", *CAMERA).out == printed
    folder = f"dir:{tmp_path / 'bucket'}"
    assert "fair-1/gate/left" in houselights("people", "bundles", "--bundles", folder, "--once").out
    assert (tmp_path / "bucket" / bundle_name(*CAMERA)).exists()
    houselights("people", "device", *CAMERA, "--forget")
    assert houselights("people", "bundles", "--bundles", folder, "--once").out == ""


def test_bundles_need_a_place(houselights: Houselights) -> None:
    assert "--bundles" in houselights("people", "bundles", "--once").complaint


def test_sightings_come_from_the_queue_and_leave_it(desk: Desk, aws: dict[str, Any]) -> None:
    sighting = seen(desk)
    sqs = boto3.client("sqs", **aws)
    url = sqs.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"]
    topic = f'"topic":"{sighting_topic(*CAMERA)}",'
    for message in (sighting_message(sighting).decode(), "{}", '{"format":"houselights-sighting"}'):
        sqs.send_message(QueueUrl=url, MessageBody=message.replace("{", "{" + topic, 1))
    intake = Intake(desk)
    taken = 0
    while taken < 3:
        taken += take_from_queue(sqs, url, intake)
    assert desk.store.all(Sighting) == [sighting]
    assert sum("refused" in line for line in intake.lines) == 2
    assert sighting.subject_id not in "".join(intake.lines)
    assert take_from_queue(sqs, url, intake) == 0


def test_a_camera_without_a_key_here_reports_nothing(desk: Desk) -> None:
    sighting = replace(seen(desk), camera_id="right")
    intake = Intake(desk)
    assert not intake.take(sighting_message(sighting), topic=sighting_topic("fair-1", "gate", "right"))
    assert desk.store.all(Sighting) == []
    assert ("fair-1", "gate", "right") not in cameras_with_keys(desk.store)


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_sealed_pictures_are_taken_in_and_removed(desk: Desk, aws: dict[str, Any], tmp_path: Path, place: str) -> None:
    roster = desk.roster("search", "missing", stages=("fair-1/*",))
    entry = requested(desk, roster)
    desk.searches(APPROVES).approve(*entry.key)
    key = camera_key(desk.store, *CAMERA, now=desk.now)
    sighting = desk.sighting(roster, entry.entry_id)
    good = sealed_picture(sighting, JPEG, camera_key=key)
    forged = sealed_picture(replace(sighting, sighting_id="s-2"), JPEG, camera_key=bytes(32))
    pictures: Pictures = PictureFolder(tmp_path / "bucket")
    if place == "bucket":
        s3, name = boto3.client("s3", **aws), f"b-{uuid4().hex[:12]}"
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        pictures = PictureBucket(s3, name)
    for delivery in (good, forged):
        if place == "bucket":
            s3.put_object(Bucket=name, Key=delivery.key, Body=delivery.data)
        else:
            file = tmp_path / "bucket" / delivery.key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(delivery.data)
    intake = Intake(desk)
    assert take_pictures(pictures, intake) == 2
    assert [one.sighting_id for one in desk.store.all(Sighting)] == [sighting.sighting_id]
    assert desk.searches(APPROVES).picture(sighting) == JPEG
    assert any("refused" in line for line in intake.lines)
    assert take_pictures(pictures, intake) == 0


@pytest.mark.parametrize(
    "words",
    [
        ("device", "fair-1/gate", "gate", "left"),
        ("sightings", "--from", "ftp://example.org"),
        ("sightings", "--from", "https://example.org/queue-of-no-region"),
        ("bundles",),
    ],
)
def test_what_cannot_be_used_is_one_line(
    houselights: Houselights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    ended = houselights("people", *words, "--store", f"sqlite:///{tmp_path / 'a.db'}")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
