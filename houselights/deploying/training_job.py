"""Trains a scorer as a job of Amazon SageMaker: sends code and photographs, follows the job, and fetches the model.

Everything is in one bucket of its own, `STACK-training-ACCOUNT-REGION`, which `make teardown` deletes:

    code/HASH/code.tar.gz   the program and its requirements
    data/HASH/NAME          photographs, uploaded once
    checkpoints/            of all jobs: one that is interrupted, or submitted again, goes on from there
    jobs/NAME/output/       the model

The container is AWS's own of PyTorch, started with our program instead of its own tools, so that boto3 is enough.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from audience.errors import DeploymentFailed, InvalidValue
from houselights.deploying import ROOT
from houselights.deploying.aws import aws_errors
from houselights.deploying.stack import empty_bucket
from houselights.deploying.uv import pinned_requirements

TAG: Final = "houselights:stack"
"""Tag of the bucket and of every job, with the stack's name as its value."""

MODEL_NAME: Final = "scorer.onnx"
"""The model's file in a job's output; see `training.sagemaker`."""

LISTS: Final = "lists"
"""Channel of the list of people."""

# Dollars an hour of training in us-east-1, from SageMaker's price page in November 2026.
PRICES: Final = {"ml.m5.xlarge": 0.23, "ml.c5.xlarge": 0.204, "ml.c5.2xlarge": 0.408, "ml.g4dn.xlarge": 0.736}
DEFAULT_INSTANCE: Final = "ml.c5.xlarge"

_SOURCES: Final = ("audience", "edge_lambda", "training")
_EXTRAS: Final = ("edge", "train")
_OF_THE_IMAGE: Final = ("torch",)  # the container's own fits its drivers
_IMAGES_OF: Final = "763104351884"
_IMAGE_TAG: Final = "2.8.0-{processor}-py312"
_WITH_A_GPU: Final = ("ml.p", "ml.g")
_VOLUME_GB: Final = 30
_LOG_GROUP: Final = "/aws/sagemaker/TrainingJobs"
_OVER: Final = frozenset({"Completed", "Failed", "Stopped"})
_POLL_S: Final = 15.0
_FIXED_TIME: Final = 0  # for reproducible archives
_START: Final = (
    "set -e; mkdir -p /opt/ml/code; cd /opt/ml/code; tar -xzf /opt/ml/input/data/code/code.tar.gz; "
    "python -m pip install -q --no-deps --require-hashes -r requirements.txt; "
    # Without a shell in between, so that the program gets the signal of an interruption.
    "exec python -m training.sagemaker"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What to train, where, and what it may cost.

    Attributes:
        stack: name of the stack that the job belongs to.
        role: ARN of the role that the job runs under.
        data: zips of photographs, and at most one CSV file, a list of people.
        hyperparameters: options of `python -m training`, such as {"epochs": "60"}.
        instance: type of the machine.
        hours: the job is stopped after so many hours of training, over 0.
        spot: whether it runs on spare capacity, which may be taken away, at a lower price.
        price: dollars an hour, for instances that `PRICES` has not; None to take it from there.
        image: URI of the container; "" for AWS's own of PyTorch.
    """

    stack: str
    role: str
    data: tuple[Path, ...]
    hyperparameters: dict[str, str] = field(default_factory=dict)
    instance: str = DEFAULT_INSTANCE
    hours: float = 6.0
    spot: bool = True
    price: float | None = None
    image: str = ""

    def __post_init__(self) -> None:
        if not self.data:
            raise InvalidValue("there is nothing to train on: give --data FILE.zip")
        for file in self.data:
            if file.suffix not in (".zip", ".csv") or not file.is_file():
                raise InvalidValue(f"{file} is no zip of photographs and no CSV file: pack a folder into a zip")
        if len([file for file in self.data if file.suffix == ".csv"]) > 1:
            raise InvalidValue("a job takes one list of people: give one CSV file")
        if self.instance not in PRICES and self.price is None:
            raise InvalidValue(
                f"the price of {self.instance} is not known here: give its dollars an hour with --price, or one of "
                f"{', '.join(PRICES)}"
            )

    @property
    def most_dollars(self) -> float:
        """What the job can cost at most: all its hours at the list price."""
        return self.hours * (PRICES[self.instance] if self.price is None else self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedJob:
    """A job that has ended.

    Attributes:
        name: the job's.
        status: "Completed", "Failed" or "Stopped".
        reason: why it failed; "" if it did not.
        model: s3:// URL of its output; "" if there is none.
        seconds: seconds that are paid for.
    """

    name: str
    status: str
    reason: str
    model: str
    seconds: int


def bucket_name(session: Any, stack: str) -> str:
    """The name of a stack's bucket for training.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    with aws_errors(session):
        account = session.client("sts").get_caller_identity()["Account"]
    return f"{stack}-training-{account}-{session.region_name}"


def code_archive() -> bytes:
    """The program and its requirements as a .tar.gz. The same sources give the same bytes.

    Raises:
        DeploymentFailed: uv is missing or fails.
    """
    files = {"requirements.txt": pinned_requirements(*_EXTRAS, without=_OF_THE_IMAGE).encode()}
    for file in sorted(file for source in _SOURCES for file in (ROOT / source).rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            files[file.relative_to(ROOT).as_posix()] = file.read_bytes()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), _FIXED_TIME, 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=_FIXED_TIME)


def training_request(plan: TrainingPlan, *, name: str, bucket: str, region: str, code: str) -> dict[str, Any]:
    """The request that creates a job.

    Args:
        plan: the job.
        name: the job's name.
        bucket: name of the bucket.
        region: of the job.
        code: key of the code in the bucket.
    """
    zips = [file for file in plan.data if file.suffix == ".zip"]
    channels = {"code": code}
    channels |= {f"corpus{place:02d}": data_key(file) for place, file in enumerate(zips, 1)}
    for file in plan.data:
        if file.suffix == ".csv":
            channels[LISTS] = data_key(file)
    seconds = round(plan.hours * 3600)
    limits = {"MaxRuntimeInSeconds": seconds}
    if plan.spot:
        limits["MaxWaitTimeInSeconds"] = 2 * seconds
    return {
        "TrainingJobName": name,
        "RoleArn": plan.role,
        "AlgorithmSpecification": {
            "TrainingImage": plan.image or _image(plan.instance, region),
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/bash", "-c"],
            "ContainerArguments": [_START],
        },
        "HyperParameters": plan.hyperparameters,
        "InputDataConfig": [
            {
                "ChannelName": channel,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{bucket}/{key.rpartition('/')[0]}/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel, key in channels.items()
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/jobs"},
        "CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints"},
        "ResourceConfig": {"InstanceType": plan.instance, "InstanceCount": 1, "VolumeSizeInGB": _VOLUME_GB},
        "StoppingCondition": limits,
        "EnableManagedSpotTraining": plan.spot,
        "Environment": {"PYTHONUNBUFFERED": "1"},
        "Tags": [{"Key": TAG, "Value": plan.stack}],
    }


def submit(session: Any, plan: TrainingPlan, *, now: datetime) -> str:
    """Uploads code and data, and creates the job.

    Args:
        session: a boto3 session with region and credentials.
        plan: the job.
        now: the time, which the job is named after.

    Returns:
        The job's name.

    Raises:
        DeploymentFailed: uv fails, or AWS refuses.
    """
    bucket, name = bucket_name(session, plan.stack), f"{plan.stack}-{now:%Y%m%d-%H%M%S}"
    archive = code_archive()
    code = f"code/{hashlib.sha256(archive).hexdigest()[:16]}/code.tar.gz"
    with aws_errors(session):
        s3 = session.client("s3")
        _make_bucket(s3, bucket, plan.stack, session.region_name)
        s3.put_object(Bucket=bucket, Key=code, Body=archive)
        for file in plan.data:
            if not _is_there(s3, bucket, data_key(file)):
                s3.upload_file(str(file), bucket, data_key(file))
        request = training_request(plan, name=name, bucket=bucket, region=session.region_name, code=code)
        session.client("sagemaker").create_training_job(**request)
    return name


def follow(
    session: Any,
    name: str,
    *,
    on_line: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> FinishedJob:
    """Waits until a job ends, and passes on what it says.

    Args:
        session: a boto3 session with region and credentials.
        name: the job's.
        on_line: called with each line of its log, and of its state.
        sleep: waits so many seconds.

    Raises:
        DeploymentFailed: there is no such job, or AWS refuses.
    """
    sagemaker, log, state = session.client("sagemaker"), _Log(session.client("logs"), name), ""
    while True:
        with aws_errors(session):
            job = sagemaker.describe_training_job(TrainingJobName=name)
            if (now := f"{job['TrainingJobStatus']}: {job['SecondaryStatus']}") != state:
                state = now
                on_line(state)
            for line in log.new_lines():
                on_line(line)
        if job["TrainingJobStatus"] in _OVER:
            return FinishedJob(
                name=name,
                status=job["TrainingJobStatus"],
                reason=" ".join(job.get("FailureReason", "").split()),
                model=job.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
                seconds=job.get("BillableTimeInSeconds", 0),
            )
        sleep(_POLL_S)


def fetch_model(session: Any, job: FinishedJob, file: Path) -> None:
    """Fetches a job's model.

    Args:
        session: a boto3 session with region and credentials.
        job: from `follow`.
        file: the file to write.

    Raises:
        DeploymentFailed: the job left no model, or AWS refuses.
    """
    if job.status != "Completed" or not job.model:
        reason = f": {job.reason}" if job.reason else ""
        raise DeploymentFailed(f"job {job.name} left no model, it is {job.status.lower()}{reason}")
    bucket, _, key = job.model.removeprefix("s3://").partition("/")
    with aws_errors(session):
        content = session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for entry in archive:
            if entry.isfile() and Path(entry.name).name == MODEL_NAME:
                found = archive.extractfile(entry)
                assert found is not None
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(found.read())
                return
    raise DeploymentFailed(f"the output of job {job.name} has no {MODEL_NAME}: look it up at {job.model}")


def jobs_of(session: Any, stack: str) -> list[tuple[str, str]]:
    """The names and states of a stack's jobs, by their tag.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    sagemaker = session.client("sagemaker")
    with aws_errors(session):
        pages = sagemaker.get_paginator("list_training_jobs").paginate(NameContains=f"{stack}-")
        listed = [one for page in pages for one in page["TrainingJobSummaries"]]
        return [
            (one["TrainingJobName"], one["TrainingJobStatus"])
            for one in listed
            if {"Key": TAG, "Value": stack} in sagemaker.list_tags(ResourceArn=one["TrainingJobArn"])["Tags"]
        ]


def training_bucket(session: Any, stack: str) -> str:
    """The stack's bucket for training; "" if there is none with its tag.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    bucket = bucket_name(session, stack)
    with aws_errors(session):
        try:
            tags = session.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchTagSet"):
                raise
            return ""
    return bucket if {"Key": TAG, "Value": stack} in tags else ""


def take_down_training(session: Any, stack: str, *, sleep: Callable[[float], None] = time.sleep) -> list[str]:
    """Stops a stack's jobs, and deletes its bucket for training with everything in it.

    A job that is stopped writes for two minutes and more, checkpoints and its output; the bucket is deleted after that.

    Args:
        session: a boto3 session with region and credentials.
        stack: the stack's name; it need not exist.
        sleep: waits so many seconds.

    Returns:
        What is left in the account, one line for each kind of resource.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    bucket = training_bucket(session, stack)
    if not bucket:
        return []
    jobs = jobs_of(session, stack)
    with aws_errors(session):
        sagemaker = session.client("sagemaker")
        running = {name: status for name, status in jobs if status not in _OVER}
        for name, status in running.items():
            if status == "InProgress":
                sagemaker.stop_training_job(TrainingJobName=name)
        for name in running:
            while sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] not in _OVER:
                sleep(_POLL_S)
        empty_bucket(session.client("s3"), bucket)
        session.client("s3").delete_bucket(Bucket=bucket)
    return [
        f"{len(jobs)} training {'job' if len(jobs) == 1 else 'jobs'} of SageMaker: AWS keeps the record of every job, "
        "which costs nothing",
        f"log group {_LOG_GROUP}: shared by all jobs of the region; paid by size",
    ]


def data_key(file: Path) -> str:
    """The key of a file of data in the bucket: the same for the same content and name."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return f"data/{digest[:16]}/{file.name}"


class _Log:
    """The log of a job, read from where it was left."""

    def __init__(self, logs: Any, job: str) -> None:
        self._logs, self._job = logs, job
        self._next: dict[str, str] = {}

    def new_lines(self) -> Iterator[str]:
        """The lines since the last call."""
        try:
            streams = self._logs.describe_log_streams(logGroupName=_LOG_GROUP, logStreamNamePrefix=f"{self._job}/")
        except self._logs.exceptions.ResourceNotFoundException:
            return  # nothing was said yet
        for name in sorted(stream["logStreamName"] for stream in streams["logStreams"]):
            while True:
                token = {"nextToken": self._next[name]} if name in self._next else {}
                page = self._logs.get_log_events(
                    logGroupName=_LOG_GROUP, logStreamName=name, startFromHead=True, **token
                )
                yield from (event["message"] for event in page["events"])
                last, self._next[name] = self._next.get(name), page["nextForwardToken"]
                if not page["events"] or last == self._next[name]:
                    break


def _image(instance: str, region: str) -> str:
    processor = "gpu" if instance.startswith(_WITH_A_GPU) else "cpu"
    return f"{_IMAGES_OF}.dkr.ecr.{region}.amazonaws.com/pytorch-training:{_IMAGE_TAG.format(processor=processor)}"


def _make_bucket(s3: Any, bucket: str, stack: str, region: str) -> None:
    """Makes the bucket if it is not there: private, encrypted by S3, and tagged."""
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **place)
    except s3.exceptions.BucketAlreadyOwnedByYou:  # one of somebody else's is refused
        return
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": TAG, "Value": stack}]})


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "404":
            raise
        return False
    return True
