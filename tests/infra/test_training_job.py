"""Training as a SageMaker job: what is asked for, on moto over real HTTP, and what is fetched and deleted again."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from click.testing import CliRunner

from audience.errors import DeploymentFailed, InvalidValue
from houselights.cli import run
from houselights.deploying.__main__ import deploying
from houselights.deploying.training_job import (
    TAG,
    FinishedJob,
    TrainingPlan,
    bucket_name,
    code_archive,
    fetch_model,
    follow,
    jobs_of,
    submit,
    take_down_training,
    training_bucket,
    training_request,
)
from houselights.local_cloud.moto_server import running_moto
from tests.architecture.sources import ROOT
from tests.infra.iam import Call, is_allowed
from tests.local_aws import REGION, use_local_aws
from tests.own_model import own_model

ROLE = "arn:aws:iam::123456789012:role/train"
NOW = datetime(2026, 5, 4, 19, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_moto() as moto:
        yield moto


@pytest.fixture
def session(address: str, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    return use_local_aws(monkeypatch, address)


@pytest.fixture
def stack() -> str:
    return f"hl-{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "faces.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("labels.csv", "file,expression,person\n")
    return file


def plan(stack: str, *data: Path, **more: Any) -> TrainingPlan:
    return TrainingPlan(stack=stack, role=ROLE, data=data, **more)


def asked(plan: TrainingPlan) -> dict[str, Any]:
    return training_request(plan, name="job-1", bucket="b", region=REGION, code="code/1/code.tar.gz")


def objects(session: boto3.Session, bucket: str) -> dict[str, Any]:
    listed = session.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return {one["Key"]: one["LastModified"] for one in listed}


def channels(request: dict[str, Any]) -> dict[str, str]:
    return {one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in request["InputDataConfig"]}


# What is asked for


def test_no_job_costs_more_than_its_hours(photographs):
    limited = plan("hl", photographs, instance="ml.m5.xlarge", hours=2)
    assert limited.most_dollars == pytest.approx(2 * 0.23)
    assert asked(limited)["StoppingCondition"]["MaxRuntimeInSeconds"] == 7200
    assert plan("hl", photographs, instance="ml.p5.48xlarge", hours=1, price=60).most_dollars == 60


def test_spare_capacity_may_be_waited_for_and_is_not_asked_for_otherwise(photographs):
    spot = asked(plan("hl", photographs, hours=2))
    assert spot["EnableManagedSpotTraining"]
    # AWS refuses a job that may wait for less time than it may run.
    assert spot["StoppingCondition"]["MaxWaitTimeInSeconds"] >= spot["StoppingCondition"]["MaxRuntimeInSeconds"]
    assert spot["CheckpointConfig"]["S3Uri"] == "s3://b/checkpoints"
    other = asked(plan("hl", photographs, spot=False))
    assert not other["EnableManagedSpotTraining"]
    assert "MaxWaitTimeInSeconds" not in other["StoppingCondition"]


def test_each_corpus_has_a_channel_and_the_list_of_people_its_own(photographs, tmp_path):
    (tmp_path / "people-sex.csv").write_text("person,sex\n")
    other = tmp_path / "votes.zip"
    other.write_bytes(photographs.read_bytes() + b"\0")
    found = channels(asked(plan("hl", photographs, other, tmp_path / "people-sex.csv")))
    assert list(found) == ["code", "corpus01", "corpus02", "lists"]
    assert len(set(found.values())) == 4
    assert all(uri.endswith("/") for uri in found.values())


def test_a_machine_with_a_gpu_gets_the_container_for_it(photographs):
    image = asked(plan("hl", photographs, instance="ml.g4dn.xlarge"))["AlgorithmSpecification"]["TrainingImage"]
    assert f".{REGION}." in image
    assert "-gpu-" in image
    assert asked(plan("hl", photographs, image="own"))["AlgorithmSpecification"]["TrainingImage"] == "own"


def test_the_container_starts_the_program_of_the_archive(photographs, tmp_path):
    """Its script, with the folder and pip of this machine's instead of the container's."""
    entry, script = (
        asked(plan("hl", photographs))["AlgorithmSpecification"][f"Container{part}"]
        for part in ("Entrypoint", "Arguments")
    )
    assert len(script[0]) <= 256, "what SageMaker takes"
    code = tmp_path / "input" / "data" / "code"
    code.mkdir(parents=True)
    (code / "code.tar.gz").write_bytes(code_archive())
    here = script[0].replace("/opt/ml", str(tmp_path)).replace("exec python", "echo exec python")
    here = here.replace("python -m pip install", "true")
    said = subprocess.run([*entry, here], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "exec python -m training.sagemaker"
    assert (tmp_path / "code" / "training" / "sagemaker.py").exists()
    required = (tmp_path / "code" / "requirements.txt").read_text()
    assert "onnx==" in required
    assert "torch==" not in required


def test_the_same_sources_give_the_same_archive():
    assert code_archive() == code_archive()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"data": ()}, "--data"),
        ({"data": (Path("absent.zip"),)}, "absent.zip"),
        ({"instance": "ml.p5.48xlarge"}, "--price"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(photographs, more, says):
    with pytest.raises(InvalidValue, match=says) as refused:
        TrainingPlan(**{"stack": "hl", "role": ROLE, "data": (photographs,), **more})
    assert "\n" not in str(refused.value)


def test_the_role_s_policy_allows_the_job_its_bucket_its_log_and_its_container(photographs):
    text = (ROOT / "infra" / "training-policy.json").read_text()
    role = json.loads(text.replace("ACCOUNT", "123456789012").replace("REGION", REGION))
    bucket = f"arn:aws:s3:::houselights-training-123456789012-{REGION}"
    image = asked(plan("hl", photographs))["AlgorithmSpecification"]["TrainingImage"]
    registry, _, repository = image.partition(":")[0].partition("/")
    container = f"arn:aws:ecr:{REGION}:{registry.partition('.')[0]}:repository/{repository}"
    log = f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/sagemaker/TrainingJobs:log-stream:job-1/algo-1"
    for action, resource in (
        ("s3:GetObject", f"{bucket}/data/1/faces.zip"),
        ("s3:PutObject", f"{bucket}/checkpoints/network.pt"),
        ("s3:ListBucket", bucket),
        ("logs:PutLogEvents", log),
        ("ecr:BatchGetImage", container),
    ):
        assert is_allowed(Call(action, resource, {}), [role]), action
    assert not is_allowed(Call("s3:GetObject", "arn:aws:s3:::houselights-deliveries/sheets/a.jpg", {}), [role])


# On moto


def test_a_job_is_created_in_a_bucket_of_its_own(session, stack, photographs):
    name = submit(session, plan(stack, photographs, hyperparameters={"epochs": "3"}), now=NOW)
    bucket = bucket_name(session, stack)
    assert training_bucket(session, stack) == bucket
    closed = session.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(closed.values())
    job = session.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert (job["RoleArn"], job["HyperParameters"]) == (ROLE, {"epochs": "3"})
    prefixes = [uri.removeprefix(f"s3://{bucket}/") for uri in channels(job).values()]
    assert all(any(key.startswith(prefix) for key in objects(session, bucket)) for prefix in prefixes)
    assert jobs_of(session, stack) == [(name, "Completed")]


def test_photographs_are_uploaded_once(session, stack, photographs):
    submit(session, plan(stack, photographs), now=NOW)
    first = objects(session, bucket_name(session, stack))
    submit(session, plan(stack, photographs), now=NOW.replace(minute=31))
    again = objects(session, bucket_name(session, stack))
    assert again.keys() == first.keys()
    assert [again[key] for key in again if key.startswith("data/")] == [
        first[key] for key in first if key.startswith("data/")
    ]


def test_a_job_s_log_is_followed_to_its_end(session, stack, photographs):
    name = submit(session, plan(stack, photographs), now=NOW)
    logs = session.client("logs")
    group, stream = "/aws/sagemaker/TrainingJobs", f"{name}/algo-1-1"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    events = [{"timestamp": now_ms + number, "message": f"epoch {number}"} for number in range(3)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    said: list[str] = []
    ended = follow(session, name, on_line=said.append, sleep=lambda _: None)
    assert (ended.name, ended.status) == (name, "Completed")
    assert said[1:] == ["epoch 0", "epoch 1", "epoch 2"]


def put_output(session: boto3.Session, stack: str, name: str, *files: tuple[str, bytes]) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for path, content in files:
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    key = f"jobs/{name}/output/model.tar.gz"
    session.client("s3").put_object(Bucket=bucket_name(session, stack), Key=key, Body=raw.getvalue())


def test_the_model_is_fetched_and_nothing_else_is_unpacked(session, stack, photographs, tmp_path):
    name = submit(session, plan(stack, photographs), now=NOW)
    put_output(session, stack, name, ("../../evil", b"x"), ("scorer.onnx", b"model"))
    out = tmp_path / "out" / "scorer.onnx"
    fetch_model(session, follow(session, name, on_line=lambda line: None), out)
    assert out.read_bytes() == b"model"
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["scorer.onnx"]
    put_output(session, stack, name, ("readme", b"x"))
    with pytest.raises(DeploymentFailed, match=name):
        fetch_model(session, follow(session, name, on_line=lambda line: None), out)


def test_why_a_job_failed_is_said(session, tmp_path):
    failed = FinishedJob(name="job-1", status="Failed", reason="no labels.csv", model="", seconds=9)
    with pytest.raises(DeploymentFailed, match=r"job-1.*no labels\.csv"):
        fetch_model(session, failed, tmp_path / "scorer.onnx")


def test_teardown_deletes_the_bucket_and_says_that_jobs_stay(session, stack, photographs):
    submit(session, plan(stack, photographs), now=NOW)
    other = f"{stack}-other"
    submit(session, plan(other, photographs), now=NOW)
    left = take_down_training(session, stack)
    assert training_bucket(session, stack) == ""
    assert training_bucket(session, other), "another stack's stays"
    assert left[0].startswith("1 training job ")
    assert take_down_training(session, f"{stack}-none") == []


def test_the_bucket_is_emptied_after_a_stopped_job_has_written_its_last(session, stack, photographs, monkeypatch):
    name = submit(session, plan(stack, photographs), now=NOW)
    bucket, sagemaker, client = bucket_name(session, stack), session.client("sagemaker"), session.client
    states = ["Stopping", "Stopping", "Stopped"]

    def describe(TrainingJobName: str) -> dict[str, str]:
        return {"TrainingJobStatus": states.pop(0)}

    monkeypatch.setattr(sagemaker, "describe_training_job", describe)
    monkeypatch.setattr(session, "client", lambda kind: sagemaker if kind == "sagemaker" else client(kind))
    monkeypatch.setattr("houselights.deploying.training_job.jobs_of", lambda *_: [(name, "Stopping")])

    def until_later(_seconds: float) -> None:
        client("s3").put_object(Bucket=bucket, Key=f"jobs/{name}/{len(states)}", Body=b"written while it stopped")

    take_down_training(session, stack, sleep=until_later)
    assert states == []
    assert training_bucket(session, stack) == ""


def test_a_bucket_without_the_tag_is_not_deleted(session, stack):
    place = {"LocationConstraint": REGION}
    session.client("s3").create_bucket(Bucket=bucket_name(session, stack), CreateBucketConfiguration=place)
    assert take_down_training(session, stack) == []
    session.client("s3").head_bucket(Bucket=bucket_name(session, stack))


# The commands


def test_the_price_is_said_first_and_nothing_is_sent_without_a_yes(session, stack, photographs):
    words = ["train-cloud", "--role", ROLE, "--data", str(photographs), "--stack", stack, "--hours", "2"]
    ended = CliRunner().invoke(deploying, words, input="n\n")
    assert ended.exit_code == 0
    assert "$0.41" in ended.output
    assert training_bucket(session, stack) == ""
    assert jobs_of(session, stack) == []


def test_a_finished_job_s_model_is_fetched_by_the_command(session, stack, photographs, tmp_path):
    name = submit(session, plan(stack, photographs), now=NOW)
    model = own_model(tmp_path / "trained.onnx")
    put_output(session, stack, name, ("scorer.onnx", model.read_bytes()))
    out = tmp_path / "fetched.onnx"
    ended = CliRunner().invoke(deploying, ["train-cloud", "--job", name, "--out", str(out)], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    assert out.read_bytes() == model.read_bytes()


def test_training_alone_is_torn_down_by_name(session, stack, photographs):
    submit(session, plan(stack, photographs), now=NOW)
    words = ["teardown", "--training", "--stack", stack]
    refused = CliRunner().invoke(deploying, words, input="no\n")
    assert isinstance(refused.exception, DeploymentFailed)
    assert training_bucket(session, stack)
    assert CliRunner().invoke(deploying, words, input=f"{stack}\n").exit_code == 0
    assert training_bucket(session, stack) == ""


def test_a_job_without_a_role_is_refused_in_one_line(session, photographs, capsys):
    assert run(["train-cloud", "--data", str(photographs)], command=deploying) == 2
    assert "--role" in capsys.readouterr().err


def test_the_tag_is_one_that_aws_takes():
    assert not TAG.startswith("aws:")
