"""Rolls versions of the camera's program out to a fleet, and back; `edge_lambda.launcher` is the device's part."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from audience.deliveries.rollout import (
    ARCHIVE,
    AS_INSTALLED,
    EVERYBODY,
    MODEL,
    ROLLOUT_KEY,
    Rollout,
    check_version,
    read_rollout,
    version_key,
)
from audience.errors import DeploymentFailed, SheetRejected
from houselights.deploying.aws import aws_errors

_ABSENT = ("NoSuchKey", "AccessDenied")  # the second where one may not list


def current(aws: Any, bucket: str) -> Rollout | None:
    """The roll-out that cameras follow; None before the first.

    Args:
        aws: a boto3 session.
        bucket: the stack's bucket of deliveries.

    Raises:
        DeploymentFailed: AWS refuses, or the roll-out is not one that this version reads.
    """
    return _current(aws.client("s3"), aws, bucket)[0]


def roll_out(aws: Any, bucket: str, version: str, *, share: int = EVERYBODY, stages: Sequence[str] = ()) -> Rollout:
    """Has a share of the cameras, or those of some stages, run a version; the others stay with what all had before.

    Args:
        aws: a boto3 session.
        bucket: the stack's bucket of deliveries, which holds the version.
        version: three numbers with dots.
        share: percent of the cameras.
        stages: ids of the stages whose cameras alone run it; the share means nothing then.

    Returns:
        The roll-out.

    Raises:
        InvalidValue: the version or a stage's id cannot be one.
        DeploymentFailed: the bucket has no such version, AWS refuses, or somebody else rolled out meanwhile.
    """
    check_version(version)
    s3 = aws.client("s3")
    last, etag = _current(s3, aws, bucket)
    files = {version: _hashes(s3, aws, bucket, version)}
    before = AS_INSTALLED
    if last is not None:
        before = last.version if last.complete and last.version != version else last.before
        if before != AS_INSTALLED:
            files[before] = dict(last.files[before])
    made = Rollout(
        number=last.number + 1 if last else 1,
        version=version,
        before=before,
        share=EVERYBODY if stages else share,
        stages=tuple(dict.fromkeys(stages)),
        files=files,
    )
    _write(s3, aws, bucket, made, etag)
    return made


def roll_back(aws: Any, bucket: str) -> Rollout:
    """Has all cameras run the version that they had before the last roll-out.

    Raises:
        DeploymentFailed: nothing was rolled out, AWS refuses, or somebody else rolled out meanwhile.
    """
    s3 = aws.client("s3")
    last, etag = _current(s3, aws, bucket)
    if last is None:
        raise DeploymentFailed(f"nothing was rolled out from {bucket} yet: cameras run what was installed on them")
    before = last.before
    files = {} if before == AS_INSTALLED else {before: last.files[before]}
    made = Rollout(number=last.number + 1, version=before, before=before, files=files)
    _write(s3, aws, bucket, made, etag)
    return made


def _current(s3: Any, aws: Any, bucket: str) -> tuple[Rollout | None, str]:
    """The roll-out and its ETag."""
    with aws_errors(aws):
        try:
            answer = s3.get_object(Bucket=bucket, Key=ROLLOUT_KEY)
            data = answer["Body"].read()
        except ClientError as problem:
            if problem.response["Error"]["Code"] in _ABSENT:
                return None, ""
            raise
    try:
        return read_rollout(data), answer["ETag"]
    except SheetRejected as problem:
        raise DeploymentFailed(f"s3://{bucket}/{ROLLOUT_KEY}: {problem}") from None


def _hashes(s3: Any, aws: Any, bucket: str, version: str) -> dict[str, str]:
    found = {}
    with aws_errors(aws):
        for name in (ARCHIVE, MODEL):
            try:
                data = s3.get_object(Bucket=bucket, Key=version_key(version, name))["Body"].read()
            except ClientError as problem:
                if problem.response["Error"]["Code"] not in _ABSENT:
                    raise
            else:
                found[name] = hashlib.sha256(data).hexdigest()
    if ARCHIVE not in found:
        raise DeploymentFailed(
            f"there is no version {version} in {bucket}: `make component bucket={bucket}` or `make deploy-model` puts "
            "one there"
        )
    return found


def _write(s3: Any, aws: Any, bucket: str, made: Rollout, etag: str) -> None:
    unless = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
    with aws_errors(aws):
        try:
            # S3's own encryption, not the KMS key for pictures: cameras may not decrypt with that key.
            s3.put_object(
                Bucket=bucket,
                Key=ROLLOUT_KEY,
                Body=made.document(),
                ContentType="application/json",
                ServerSideEncryption="AES256",
                **unless,
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise
            raise DeploymentFailed("somebody else changed the roll-out at this moment: look, and try again") from None
