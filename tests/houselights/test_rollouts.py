"""`houselights cameras rollout`, `rollback` and `list`, against S3 as moto has it, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from audience.deliveries.rollout import ARCHIVE, AS_INSTALLED, MODEL, version_key
from audience.errors import DeploymentFailed
from audience.store import Store
from edge_lambda.launcher import Launcher, Versions, reader_of
from edge_lambda.settings import read_settings
from houselights.cli import run
from houselights.deploying import rollouts
from houselights.local_cloud.moto_server import running_moto
from tests.builders import a_heartbeat, a_session
from tests.edge.test_launcher import program, same_python
from tests.houselights.conftest import Ended, Houselights
from tests.local_aws import use_local_aws
from tests.ticking import until


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


@pytest.fixture
def bucket(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket with three versions, the last with a model."""
    use_local_aws(monkeypatch, moto)
    s3, name = boto3.client("s3"), f"deliveries-{uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for version in ("1.2.3", "1.2.4", "1.2.4001"):
        s3.put_object(Bucket=name, Key=version_key(version, ARCHIVE), Body=archive(program()))
    s3.put_object(Bucket=name, Key=version_key("1.2.4001", MODEL), Body=b"a model")
    return name


def archive(source: str) -> bytes:
    import io
    import zipfile

    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        file.writestr("edge_lambda/__main__.py", source)
    return written.getvalue()


@pytest.fixture
def cameras(houselights: Houselights, bucket: str) -> Any:
    """Runs a command of the group that has no store."""

    def call(*words: object) -> Ended:
        houselights.capsys.readouterr()
        code = run(["cameras", *map(str, words), "--bucket", bucket])
        out, err = houselights.capsys.readouterr()
        return Ended(code=code, out=out, err=err)

    return call


def test_a_version_goes_to_some_then_to_all_and_back_to_the_one_before(cameras: Any, bucket: str) -> None:
    aws = boto3.Session()

    def plan() -> tuple[str, str, int]:
        made = rollouts.current(aws, bucket)
        assert made is not None
        return made.version, made.before, made.share

    assert rollouts.current(aws, bucket) is None
    for words, then in (
        (("rollout", "1.2.3"), ("1.2.3", AS_INSTALLED, 100)),
        (("rollout", "1.2.4", "--share", 10), ("1.2.4", "1.2.3", 10)),
        (("rollout", "1.2.4", "--share", 50), ("1.2.4", "1.2.3", 50)),
        (("rollout", "1.2.4001", "--share", 5), ("1.2.4001", "1.2.3", 5)),  # instead: nobody has 1.2.4 as a whole
        (("rollout", "1.2.4001"), ("1.2.4001", "1.2.3", 100)),
        (("rollback",), ("1.2.3", "1.2.3", 100)),
    ):
        ended = cameras(*words)
        assert ended.code == 0, ended.err
        assert plan() == then
    assert "of Barn" in cameras("rollout", "1.2.4", "--stage", "Barn").out
    made = rollouts.roll_out(aws, bucket, "1.2.4001", stages=["barn"])
    assert made.version_of("barn", "a") == "1.2.4001"
    assert made.version_of("ring", "a") == "1.2.3"
    assert made.files["1.2.4001"].keys() == {ARCHIVE, MODEL}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("rollout", "9.9.9"), "no version 9.9.9"),
        (("rollout", "newest"), "three numbers"),
        (("rollout", "1.2.3", "--stage", "a/b"), "stage id"),
        (("rollout", "1.2.3", "--stage", "barn", "--share", 10), "--share or by --stage"),
        (("rollback",), "nothing was rolled out"),
    ],
)
def test_what_cannot_be_rolled_out_is_one_line_and_changes_nothing(
    cameras: Any, bucket: str, words: tuple[object, ...], fault: str
) -> None:
    assert fault in cameras(*words).complaint
    assert rollouts.current(boto3.Session(), bucket) is None


def test_of_two_who_roll_out_at_once_one_is_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    aws, find = boto3.Session(), rollouts._hashes

    def meanwhile(*words: Any) -> Any:
        monkeypatch.setattr(rollouts, "_hashes", find)
        rollouts.roll_out(aws, bucket, "1.2.4")
        return find(*words)

    monkeypatch.setattr(rollouts, "_hashes", meanwhile)
    with pytest.raises(DeploymentFailed, match="somebody else"):
        rollouts.roll_out(aws, bucket, "1.2.3")
    made = rollouts.current(aws, bucket)
    assert made is not None
    assert (made.version, made.number) == ("1.2.4", 1)


def test_the_list_counts_versions_and_names_cameras_that_are_behind(
    houselights: Houselights, store: Store, bucket: str
) -> None:
    session_id = f"day-{uuid4()}"
    store.put_session(a_session(session_id))
    for number, version in enumerate(("1.2.4", "1.2.4", "1.2.3", "")):
        beat = replace(a_heartbeat(), session_id=session_id, stage_id="barn", camera_id=f"barn-{number}")
        store.put_heartbeat(replace(beat, version=version, scorer="expressionnet-2"))
    rollouts.roll_out(boto3.Session(), bucket, "1.2.4")
    said = houselights("cameras", "list", "--session", session_id, "--bucket", bucket, "--all").out.splitlines()
    assert said[0].split() == ["2", "1.2.4", "expressionnet-2"]
    behind = [line for line in said if line.endswith("is to run 1.2.4")]
    assert [line.split()[0] for line in behind] == ["barn/barn-2", "barn/barn-3"]
    assert "2 of the cameras" in said[-1]


def test_a_device_runs_what_was_rolled_out_to_its_bucket(bucket: str, tmp_path: Path) -> None:
    rollouts.roll_out(boto3.Session(), bucket, "1.2.4001")
    environment = {"SOURCE": "webcam:0", "SESSION": "day", "STAGE": "barn", "CAMERA": "barn-01", "BUCKET": bucket}
    named = {f"HOUSELIGHTS_{name}": value for name, value in environment.items()} | {"AWS_REGION": "eu-west-1"}
    settings = read_settings(named, state_folder=lambda: tmp_path)
    versions = Versions(tmp_path / "versions", reader_of(settings), install=same_python, installed=["sleep", "60"])
    ran = tmp_path / "ran"
    launcher = Launcher(
        versions, stage_id="barn", camera_id="barn-01", environment={"RAN": str(ran)}, look_every_s=0.2, steady_s=0.0
    )
    thread = threading.Thread(target=launcher.run)
    thread.start()
    try:
        until(lambda: versions.state().version == "1.2.4001" and not versions.state().trial)
    finally:
        launcher.stop()
        thread.join()
    assert ran.read_text() == "1.2.4001 device\n"
