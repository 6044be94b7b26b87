"""Looks at an AWS account before the stack is deployed: what would stop the deployment, and what it makes and costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from audience.errors import DeploymentFailed
from audience.monitoring.plan import Festival, plan_of
from houselights.deploying.aws import aws_errors

NEEDED: Final = ("rekognition", "iot", "dynamodb", "lambda", "sqs", "events")
"""AWS services that the stack cannot do without."""

COPIES: Final = ("MostAtOnce", "BacklogAtOnce", "StatusesAtOnce")


def check_account(session: Any, stack: str, *, bucket: str | None, copies: int) -> Iterator[str]:
    """Checks an account, without changes.

    Args:
        session: a boto3 session with region and credentials.
        stack: name of the stack to be deployed.
        bucket: bucket for the package; None for SAM's own.
        copies: copies of the function that the parameters allow, all together.

    Yields:
        What was found, a line each.

    Raises:
        DeploymentFailed: the deployment would fail.
    """
    region = session.region_name
    for service in NEEDED:
        if region not in session.get_available_regions(service):
            raise DeploymentFailed(f"AWS has no {service} in {region}: choose another region, such as eu-west-1")
    with aws_errors(session):
        caller = session.client("sts").get_caller_identity()
        yield f"Account {caller['Account']}, region {region}, as {caller['Arn']}"
        yield _stack(session.client("cloudformation"), stack)
        if bucket is not None:
            yield _bucket(session.client("s3"), bucket, region)
        yield _limit(session.client("lambda"), copies)


def usual_cost() -> str:
    """What the stack costs by list prices, in a line."""
    one = Festival(stages=1, cameras=1, hours=1, faces=10)
    hour, thrifty = plan_of(one, "live").dollars, plan_of(one, "thrifty").dollars
    return (
        f"It costs some $2 a month while nothing is delivered, and ${hour:.2f} for an hour of a camera at a sheet "
        f"every 2 s (${thrifty:.2f} at 12 s), by list prices of us-east-1; `houselights plan` says a festival's cost"
    )


def _stack(stacks: Any, name: str) -> str:
    try:
        (found,) = stacks.describe_stacks(StackName=name)["Stacks"]
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "ValidationError":
            raise
        return f"There is no stack {name} yet: it makes a bucket, queues, functions, a table, alarms and a dashboard"
    status = str(found["StackStatus"])
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        raise DeploymentFailed(f"the stack {name} is being changed ({status}): wait until that has ended")
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        raise DeploymentFailed(
            f"the stack {name} was never made whole ({status}): run make teardown, then deploy again"
        )
    return f"The stack {name} is there ({status}) and is changed; what is recorded stays"


def _bucket(s3: Any, bucket: str, region: str) -> str:
    try:
        # Only of buckets that are there, so that a wrong name is no wrong region.
        s3.head_bucket(Bucket=bucket)
        where = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
    except ClientError as problem:
        code = problem.response["Error"]["Code"]
        if code in ("404", "NoSuchBucket"):
            raise DeploymentFailed(f"there is no bucket {bucket}: make it with aws s3 mb s3://{bucket}") from None
        if code in ("AccessDenied", "403"):
            return f"The package goes to bucket {bucket}; where it lies could not be asked"
        raise
    if where != region:
        raise DeploymentFailed(f"the bucket {bucket} lies in {where}: the package has to be in {region}")
    return f"The package goes to bucket {bucket}"


def _limit(functions: Any, copies: int) -> str:
    try:
        limit = functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    except ClientError as problem:
        # Who deploys by deploy-policy.json has no right to it.
        code = problem.response["Error"]["Code"]
        return f"The limit of concurrent executions could not be asked ({code}); a new account has 10"
    if limit < copies:
        return (
            f"Mind: the account may run {limit} copies of functions at once, and the parameters allow {copies}: ask "
            "for more under Service Quotas"
        )
    return f"The account may run {limit} copies of functions at once; the parameters allow {copies}"
