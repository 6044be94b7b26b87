"""Looks up a stack in an AWS account, deletes it, and lists what is left that may cost something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from audience.errors import DeploymentFailed
from audience.stores.dynamo_table import LONGEST_RECOVERY_DAYS
from houselights.deploying.aws import aws_errors
from houselights.wording import counted

SAM_STACK = "aws-sam-cli-managed-default"
"""SAM's own stack, with the bucket of uploaded packages."""

# Cameras with valid credentials may still deliver while a stack is deleted, and its buckets must be empty: retry.
_ATTEMPTS = 3
_BY_SIZE = "billed by the GB and month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack as CloudFormation has it.

    Attributes:
        name: name of the stack.
        account, region: its AWS account and region.
        status: its state, such as "CREATE_COMPLETE".
        outputs: its outputs by name.
        buckets, tables, iot_policies, keys, functions: names or ids of its resources of these kinds.
    """

    name: str
    account: str
    region: str
    status: str
    outputs: Mapping[str, str]
    buckets: tuple[str, ...]
    tables: tuple[str, ...]
    iot_policies: tuple[str, ...]
    keys: tuple[str, ...]
    functions: tuple[str, ...]

    @property
    def collection(self) -> str:
        """The name of its Rekognition face collection, which may not exist."""
        return f"houselights-{self.name}"


def find_stack(session: Any, name: str) -> Stack:
    """Looks up a stack, without changes.

    Args:
        session: a boto3 session with region and credentials.
        name: name of the stack.

    Raises:
        DeploymentFailed: there is no such stack, or AWS refuses or cannot be reached.
    """
    with aws_errors(session):
        account = session.client("sts").get_caller_identity()["Account"]
        stacks = session.client("cloudformation")
        try:
            (found,) = stacks.describe_stacks(StackName=name)["Stacks"]
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "ValidationError":
                raise
            raise DeploymentFailed(
                f"there is no stack {name!r} in {session.region_name} of account {account}: check profile and region, "
                "or run make deploy first"
            ) from None
        pages = stacks.get_paginator("list_stack_resources").paginate(StackName=name)
        listed = [one for page in pages for one in page["StackResourceSummaries"]]

    def of_type(kind: str) -> tuple[str, ...]:
        return tuple(one["PhysicalResourceId"] for one in listed if one["ResourceType"] == kind)

    return Stack(
        name=name,
        account=account,
        region=session.region_name,
        status=found["StackStatus"],
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())},
        buckets=of_type("AWS::S3::Bucket"),
        tables=of_type("AWS::DynamoDB::Table"),
        iot_policies=of_type("AWS::IoT::Policy"),
        keys=of_type("AWS::KMS::Key"),
        functions=of_type("AWS::Lambda::Function"),
    )


def take_down(session: Any, stack: Stack, *, with_data: bool) -> list[str]:
    """Deletes a stack with everything in it. After a failure, call it again to complete the deletion.

    Args:
        session: a boto3 session with region and credentials.
        stack: from `find_stack`.
        with_data: whether to delete its tables too.

    Returns:
        What is left in the account, one line for each resource.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    with aws_errors(session):
        # AWS IoT does not delete a policy that is attached to certificates.
        certificates = [one for policy in stack.iot_policies for one in _detach(session.client("iot"), policy)]
        _delete_collection(session.client("rekognition"), stack.collection)
        _delete_stack(session, stack)
        if with_data:
            for table in stack.tables:
                _delete_table(session.client("dynamodb"), table)
        return [
            *_tables_left(session.client("dynamodb"), stack.tables),
            *_logs_left(session.client("logs"), stack.name),
            *(f"certificate {arn}: still valid, without rights here; costs nothing" for arn in certificates),
            *(f"key {key}: AWS deletes it in seven days; costs nothing until then" for key in stack.keys),
            *_packages_left(session.client("cloudformation")),
        ]


def _delete_stack(session: Any, stack: Stack) -> None:
    stacks = session.client("cloudformation")
    for left in reversed(range(_ATTEMPTS)):
        for bucket in stack.buckets:
            empty_bucket(session.client("s3"), bucket)
        stacks.delete_stack(StackName=stack.name)
        try:
            stacks.get_waiter("stack_delete_complete").wait(StackName=stack.name)
            return
        except WaiterError:
            if not left:
                raise DeploymentFailed(
                    f"AWS could not delete the stack {stack.name!r}: look up the reason in its events in the console, "
                    "stop cameras that still deliver, and try again"
                ) from None


def empty_bucket(s3: Any, bucket: str) -> None:
    """Deletes every object of a bucket with all versions, if the bucket exists."""
    try:
        while True:
            page = s3.list_object_versions(Bucket=bucket)
            listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if not listed:
                return
            # A page has at most as many objects as one request may delete.
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in listed]
            response = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            for error in response.get("Errors", ()):
                raise DeploymentFailed(f"{bucket}/{error['Key']} could not be deleted: {error['Code']}")
    except s3.exceptions.NoSuchBucket:
        return


def _detach(iot: Any, policy: str) -> Iterator[str]:
    """Detaches a policy from its certificates, and yields their ARNs."""
    try:
        pages = list(iot.get_paginator("list_targets_for_policy").paginate(policyName=policy))
    except iot.exceptions.ResourceNotFoundException:
        return
    for target in (target for page in pages for target in page["targets"]):
        iot.detach_policy(policyName=policy, target=target)
        yield target


def _delete_collection(rekognition: Any, collection: str) -> None:
    try:
        rekognition.delete_collection(CollectionId=collection)
    except rekognition.exceptions.ResourceNotFoundException:
        return


def _delete_table(dynamodb: Any, table: str) -> None:
    try:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=table)
        dynamodb.delete_table(TableName=table)
        dynamodb.get_waiter("table_not_exists").wait(TableName=table)
    except dynamodb.exceptions.ResourceNotFoundException:
        return


def _tables_left(dynamodb: Any, tables: Iterable[str]) -> Iterator[str]:
    for table in tables:
        try:
            found = dynamodb.describe_table(TableName=table)["Table"]
        except dynamodb.exceptions.ResourceNotFoundException:
            continue
        yield (
            f"table {table}: {found['ItemCount']} items, {found['TableSizeBytes'] / 1e6:.1f} MB; {_BY_SIZE}, "
            f"with its backups{_restorable(dynamodb, table)}"
        )


def _restorable(dynamodb: Any, table: str) -> str:
    """How long deleted items of a table can be restored, as the end of a sentence; "" if they cannot."""
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        return ""
    days = recovery.get("RecoveryPeriodInDays", LONGEST_RECOVERY_DAYS)
    return f", from which deleted items can be restored for {counted(days, 'day')}"


def _logs_left(logs: Any, stack: str) -> Iterator[str]:
    for prefix in (f"/houselights/{stack}/", f"/aws/lambda/{stack}-"):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                yield f"log group {group['logGroupName']}: {group['storedBytes'] / 1e6:.1f} MB; {_BY_SIZE}"


def _packages_left(stacks: Any) -> Iterator[str]:
    """The bucket of SAM's own stack, shared by everything that SAM deploys in a region."""
    try:
        listed = stacks.list_stack_resources(StackName=SAM_STACK)["StackResourceSummaries"]
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "ValidationError":
            raise
        return
    for one in listed:
        if one["ResourceType"] == "AWS::S3::Bucket":
            yield f"bucket {one['PhysicalResourceId']}: SAM's own, with uploaded packages; {_BY_SIZE}"
