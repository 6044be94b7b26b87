"""`houselights cameras add`, against AWS IoT as moto has it, over real HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from audience.environment_files import environment_in
from audience.errors import InvalidValue
from audience.sessions import Camera
from audience.store import Store
from houselights.deploying import fleet
from houselights.local_cloud.moto_server import running_moto
from tests.builders import a_session, a_stage
from tests.houselights.conftest import Ended, Houselights
from tests.local_aws import make_policies, use_local_aws


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


@pytest.fixture
def iot(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """AWS IoT with the policy of a stack."""
    use_local_aws(monkeypatch, moto)
    make_policies("houselights-camera")
    return boto3.client("iot")


@pytest.fixture
def session_id(store: Store) -> str:
    """A session whose things no other test has."""
    name = f"day-{uuid4()}"
    store.put_session(a_session(name))
    return name


@pytest.fixture
def add(houselights: Houselights, tmp_path: Path, iot: Any, session_id: str) -> Any:
    """Runs the command with a file of stages."""

    def run(stages: str, *words: object) -> Ended:
        (tmp_path / "stages.csv").write_text(stages, encoding="utf-8")
        given = ("--session", session_id, "--stages", tmp_path / "stages.csv", "--bucket", "deliveries")
        return houselights("cameras", "add", *given, "--to", tmp_path / "cameras", *words)

    return run


def own(name: str) -> str:
    """A stage's id that no other test has."""
    return f"{name}-{uuid4().hex[:8]}"


def things(iot: Any, session_id: str) -> list[str]:
    pages = iot.get_paginator("list_things").paginate(thingTypeName=session_id)
    return sorted(thing["thingName"] for page in pages for thing in page["things"])


def test_every_camera_of_every_stage_is_registered_for_the_session_alone(
    add: Any, iot: Any, store: Store, session_id: str, tmp_path: Path
) -> None:
    barn, ring = own("barn"), own("ring")
    ended = add(f"stage,title,cameras\n{barn},The Barn,\n{ring},,3\n", "--each", 2)
    assert ended.code == 0
    cameras = [f"{barn}-01", f"{barn}-02", f"{ring}-01", f"{ring}-02", f"{ring}-03"]
    assert things(iot, session_id) == cameras
    certificates = [iot.list_thing_principals(thingName=camera)["principals"] for camera in cameras]
    assert len({arn for (arn,) in certificates}) == 5
    for (arn,) in certificates:
        assert [one["policyName"] for one in iot.list_attached_policies(target=arn)["policies"]] == [
            "houselights-camera"
        ]
        status = iot.describe_certificate(certificateId=arn.rpartition("/")[2])["certificateDescription"]["status"]
        assert status == "ACTIVE"
    assert {stage.stage_id: stage.title for stage in store.stages(session_id)} == {barn: "The Barn", ring: ""}
    assert [camera.delivered_by for camera in store.cameras(session_id, barn)] == cameras[:2]
    files = tmp_path / "cameras" / barn / f"{barn}-01"
    assert "PRIVATE KEY" in (files / "camera.key").read_text()
    assert "CERTIFICATE" in (files / "camera.crt").read_text()
    settings = dict(line.split("=", 1) for line in (files / "camera.env").read_text().splitlines())
    assert settings["HOUSELIGHTS_THING"] == settings["HOUSELIGHTS_CAMERA"] == f"{barn}-01"
    assert settings["HOUSELIGHTS_SESSION"] == session_id
    assert settings["HOUSELIGHTS_STAGE"] == barn
    assert settings["HOUSELIGHTS_BUCKET"] == "deliveries"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "cameras").rglob("*"))
    cards = (tmp_path / "cameras" / barn / "cards.html").read_text()
    assert cards.count("<svg") == 2
    assert "The Barn" in cards
    assert "PRIVATE KEY" not in cards


def test_an_interrupted_run_goes_on_where_it_stopped(
    add: Any, iot: Any, session_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = own("barn")
    write = fleet.write_file

    def interrupted(file: Path, content: bytes) -> None:
        if file.parent.name == f"{stage}-03":
            raise KeyboardInterrupt
        write(file, content)

    with monkeypatch.context() as patched:
        patched.setattr(fleet, "write_file", interrupted)
        ended = add(f"stage\n{stage}\n", "--each", 6)
    assert ended.code == 130
    assert "Run the same command again" in ended.err
    done = {path.parent.name: path.stat().st_mtime_ns for path in (tmp_path / "cameras").rglob("camera.env")}
    assert done
    again = add(f"stage\n{stage}\n", "--each", 6)
    assert f"({6 - len(done)} new)" in again.out
    after = {path.parent.name: path.stat().st_mtime_ns for path in (tmp_path / "cameras").rglob("camera.env")}
    assert done.items() <= after.items()
    assert things(iot, session_id) == sorted(after)
    assert "(0 new)" in add(f"stage\n{stage}\n", "--each", 6).out


def test_for_another_session_cameras_keep_their_certificates_and_their_files_change(
    add: Any, iot: Any, store: Store, session_id: str, houselights: Houselights, tmp_path: Path
) -> None:
    stage, table = own("barn"), tmp_path / "stages.csv"
    add(f"stage\n{stage}\n", "--each", 2)
    files = tmp_path / "cameras" / stage / f"{stage}-01"
    keys = [(files / name).read_bytes() for name in ("camera.key", "camera.crt")]
    with (files / "camera.env").open("a") as environment:
        environment.write("# the one on the left\nHOUSELIGHTS_SOURCE=webcam:1\n")
    certificates = iot.list_thing_principals(thingName=f"{stage}-01")["principals"]
    next_day = own("sunday")
    store.put_session(replace(store.session(session_id), session_id=next_day))
    given = ("cameras", "add", "--session", next_day, "--stages", table, "--bucket", "deliveries", "--each", 2)
    given = (*given, "--to", tmp_path / "cameras")
    assert f"delivers for session '{session_id}'" in houselights(*given).complaint
    houselights("revoke", "--session", session_id)
    ended = houselights(*given)
    assert "(0 new)" in ended.out
    assert "copy their files" in ended.out
    assert things(iot, next_day) == [f"{stage}-01", f"{stage}-02"]
    assert iot.list_thing_principals(thingName=f"{stage}-01")["principals"] == certificates
    assert [(files / name).read_bytes() for name in ("camera.key", "camera.crt")] == keys
    text = (files / "camera.env").read_text()
    assert environment_in(text)["HOUSELIGHTS_SESSION"] == next_day
    assert text.endswith("# the one on the left\nHOUSELIGHTS_SOURCE=webcam:1\n")
    assert "copy their files" not in houselights(*given).out


def test_a_camera_whose_grant_or_thing_is_gone_gets_it_again(
    add: Any, iot: Any, session_id: str, houselights: Houselights
) -> None:
    stage = own("barn")
    add(f"stage\n{stage}\n", "--each", 2)
    houselights("revoke", "--session", session_id)
    for arn in iot.list_thing_principals(thingName=f"{stage}-02")["principals"]:
        iot.detach_thing_principal(thingName=f"{stage}-02", principal=arn)
    iot.delete_thing(thingName=f"{stage}-02")
    add(f"stage\n{stage}\n", "--each", 2)
    assert things(iot, session_id) == [f"{stage}-01", f"{stage}-02"]
    assert len(iot.list_thing_principals(thingName=f"{stage}-02")["principals"]) == 1


def test_a_camera_of_another_session_is_left_to_it(add: Any, iot: Any, session_id: str) -> None:
    stage = own("barn")
    other = own("other")
    iot.create_thing_type(thingTypeName=other)
    iot.create_thing(thingName=f"{stage}-01", thingTypeName=other)
    assert f"{stage}-01" in add(f"stage\n{stage}\n").complaint
    assert iot.describe_thing(thingName=f"{stage}-01")["thingTypeName"] == other


def test_a_camera_that_is_recorded_on_this_machine_is_refused_before_anything_is_registered(
    add: Any, iot: Any, store: Store, session_id: str
) -> None:
    stage = own("barn")
    store.put_stage(session_id, a_stage(stage))
    store.put_camera(session_id, stage, Camera(camera_id=f"{stage}-01", delivered_by=""))
    assert add(f"stage\n{stage}\n").code == 2
    assert things(iot, session_id) == []


def test_an_account_without_the_stack_says_so(add: Any) -> None:
    assert "deploy the stack first" in add("stage\nbarn\n", "--stack", "nowhere").complaint


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no column `stage`"),
        ("name\nbarn\n", "no column `stage`"),
        ("stage\n", "names no stage"),
        ("stage\nbarn\nbarn\n", "line 3.*twice"),
        ("stage\nbarn\n../x\n", "line 3.*stage id"),
        ("stage,title\n,Barn\n", "line 2.*stage id"),
        ("stage\nbarn.east\n", "line 2.*without '.'"),
        ("stage,cameras\nbarn,many\n", "line 2.*'many'"),
        ("stage,cameras\nbarn,101\n", "line 2.*'101'"),
        (f"stage\n{'b' * 62}\n", "line 2.*camera id"),
    ],
)
def test_a_wrong_line_of_the_stages_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "stages.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidValue, match=re.compile(f"stages.csv.*{fault}", re.DOTALL)):
        fleet.read_stages(tmp_path / "stages.csv", 1)
