"""The Greengrass component: its recipe sets what the code reads, and its artifact runs after unpacking."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from audience.errors import DeploymentFailed
from audience.monitoring.status import status_topic
from edge_lambda import settings as device_settings
from houselights.deploying.component import BUCKET, NAME, artifact_key, make_component, upload_component
from houselights.deploying.uv import run_uv
from houselights.local_cloud.moto_server import running_moto
from tests.infra.template import properties, text_of
from tests.local_aws import REGION, use_local_aws
from tests.portraits import people_video
from tests.ticking import ran

VERSION = "1.2.3"

# A device outside Greengrass has a certificate of its own; a component has the core device's, by way of its role. A
# DeepLens runs Greengrass v1, which knows no components.
NOT_A_COMPONENT_S = {
    "HOUSELIGHTS_IOT_CREDENTIALS",
    "HOUSELIGHTS_THING",
    "HOUSELIGHTS_CERTIFICATE",
    "HOUSELIGHTS_PRIVATE_KEY",
    "HOUSELIGHTS_ROOT_CA",
    "HOUSELIGHTS_DEEPLENS_MODEL",
    # A secret that Greengrass would show to whoever reads deployments.
    "HOUSELIGHTS_CAMERA_KEY",
    "HOUSELIGHTS_SIGNER",
    "HOUSELIGHTS_RECOGNISER",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The recipe and the artifact."""
    recipe, artifact = make_component(tmp_path_factory.mktemp("component"), version=VERSION, bucket="our-bucket")
    return yaml.safe_load(recipe.read_text()), artifact


@pytest.fixture(scope="module")
def recipe(made: tuple[dict[str, Any], Path]) -> dict[str, Any]:
    return made[0]


@pytest.fixture(scope="module")
def unpacked(made: tuple[dict[str, Any], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decompressed")
    with zipfile.ZipFile(made[1]) as archive:
        archive.extractall(folder)
    return folder


def lifecycle(recipe: dict[str, Any]) -> dict[str, Any]:
    (manifest,) = recipe["Manifests"]
    return manifest["Lifecycle"]


def environment(recipe: dict[str, Any], work: Path, **configured: str) -> dict[str, str]:
    """What the component's variables are, as Greengrass fills them in."""
    configuration = recipe["ComponentConfiguration"]["DefaultConfiguration"] | configured

    def filled(text: str) -> str:
        text = text.replace("{work:path}", str(work))
        return re.sub(r"\{configuration:/(\w+)\}", lambda found: configuration[found.group(1)], text)

    variables = {name: filled(text) for name, text in lifecycle(recipe)["Setenv"].items()}
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HOUSELIGHTS_", "AWS_", "PYTHON"))
    }
    return kept | variables | {"HOUSELIGHTS_CAMERA": "cam-7", "AWS_REGION": "eu-west-1"}


def started(folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return ran([sys.executable, "-m", "edge_lambda"], cwd=folder, env=variables)


def test_the_recipe_sets_every_setting_of_the_device(recipe):
    read = set(re.findall(r"HOUSELIGHTS_[A-Z_]+", Path(device_settings.__file__).read_text()))
    run = re.findall(r"export (\w+)=", lifecycle(recipe)["Run"]["Script"])
    assert {*lifecycle(recipe)["Setenv"], *run} == read - NOT_A_COMPONENT_S


def test_every_configuration_named_has_a_default_and_every_default_is_named(recipe):
    defaults = recipe["ComponentConfiguration"]["DefaultConfiguration"].keys() - {"accessControl"}
    named = re.findall(r"\{configuration:/(\w+)\}", " ".join(lifecycle(recipe)["Setenv"].values()))
    assert sorted(named) == sorted(defaults)


def test_the_artifact_lies_where_the_recipe_fetches_it_and_a_camera_may_read_it(made):
    recipe, artifact = made
    assert (recipe["ComponentName"], recipe["ComponentVersion"]) == (NAME, VERSION)
    (manifest,) = recipe["Manifests"]
    assert [one["Uri"] for one in manifest["Artifacts"]] == [f"s3://our-bucket/{artifact_key(VERSION)}"]
    assert artifact.as_posix().endswith(artifact_key(VERSION))
    (policy,) = [one for one in properties("CameraRole")["Policies"] if one["PolicyName"] == "fetch-the-component"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert artifact_key(VERSION).startswith(text_of(statement["Resource"]).partition("/")[2].removesuffix("*"))


def test_without_a_bucket_its_place_stays_to_be_filled_in(tmp_path):
    recipe, _ = make_component(tmp_path, version=VERSION)
    assert f"s3://{BUCKET}/{artifact_key(VERSION)}" in recipe.read_text()


def test_the_component_publishes_its_own_status_alone(recipe):
    control = recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    (policy,) = control["aws.greengrass.ipc.mqttproxy"].values()
    assert policy["operations"] == ["aws.greengrass#PublishToIoTCore"]
    (topic,) = policy["resources"]
    assert topic.replace("+", "x").replace("{iot:thingName}", "cam-7") == status_topic("x", "x", "cam-7")
    assert 'HOUSELIGHTS_CAMERA="$AWS_IOT_THING_NAME"' in lifecycle(recipe)["Run"]["Script"]


def test_the_same_sources_give_the_same_artifact(made, tmp_path):
    _, again = make_component(tmp_path, version=VERSION)
    assert again.read_bytes() == made[1].read_bytes()


def test_the_scripts_are_sound(recipe, tmp_path):
    for phase in ("Install", "Run"):
        script = lifecycle(recipe)[phase]["Script"]
        assert subprocess.run(["sh", "-n", "-c", script], capture_output=True).stderr == b""
        assert "camera/" in script or '/camera"' in script, "an archive is unpacked into a folder of its name"


def test_all_it_requires_can_be_had_for_arm(unpacked):
    """As pip on the device asks: with hashes, without building anything."""
    platform = ["--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.11", "--only-binary", ":all:"]
    target = str(unpacked / "nothing")
    required = str(unpacked / "requirements.txt")
    run_uv(
        "pip", "install", "--dry-run", "--no-deps", "--require-hashes", "--target", target, *platform, "-r", required
    )


def test_with_its_defaults_the_device_asks_for_session_and_bucket_and_nothing_else(recipe, unpacked, tmp_path):
    result = started(unpacked, environment(recipe, tmp_path))
    assert result.returncode == 2
    assert [line.split()[1] for line in result.stderr.splitlines()] == ["HOUSELIGHTS_SESSION", "HOUSELIGHTS_BUCKET"]


def test_the_artifact_delivers(recipe, unpacked, tmp_path):
    """With the clip for a camera, a folder for the bucket, and nobody to tell a status to."""
    clip = people_video(tmp_path / "clip.mp4", [2, 2, 2])
    configured = {"source": f"file:{clip}", "session": "talk-1", "bucket": f"dir:{tmp_path / 'bucket'}"}
    variables = environment(recipe, tmp_path, **configured) | {"HOUSELIGHTS_STATUS": "none"}
    result = started(unpacked, variables)
    assert result.returncode == 0, result.stderr
    assert [one for one in (tmp_path / "bucket").rglob("sheets/talk-1/main/cam-7/**/*.jpg") if one.is_file()]


def test_the_artifact_is_sent_to_the_bucket(made, monkeypatch):
    with running_moto() as address:
        session, bucket = use_local_aws(monkeypatch, address), f"our-{uuid4().hex}"
        s3 = session.client("s3")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        sent = upload_component(session, made[1], bucket=bucket, version=VERSION)
        assert sent == f"s3://{bucket}/{artifact_key(VERSION)}"
        got = s3.get_object(Bucket=bucket, Key=artifact_key(VERSION))
        assert got["Body"].read() == made[1].read_bytes()
        assert got["ServerSideEncryption"] == "AES256", "a camera decrypts nothing that has a key of KMS"


def test_a_version_that_cameras_may_run_is_not_replaced_by_another_of_the_same_number(made, tmp_path, monkeypatch):
    with running_moto() as address:
        session, bucket = use_local_aws(monkeypatch, address), f"our-{uuid4().hex}"
        s3 = session.client("s3")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for _ in range(2):  # a second time changes nothing
            upload_component(session, made[1], bucket=bucket, version=VERSION)
        other = tmp_path / made[1].name
        other.write_bytes(b"another program")
        with pytest.raises(DeploymentFailed, match=f"another version {VERSION}"):
            upload_component(session, other, bucket=bucket, version=VERSION)
        assert s3.get_object(Bucket=bucket, Key=artifact_key(VERSION))["Body"].read() == made[1].read_bytes()
