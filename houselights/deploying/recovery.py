"""Restores the stack's table to an earlier instant, as a new table beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from audience.errors import DeploymentFailed
from audience.stores.dynamo_table import EXPIRY_ATTRIBUTE
from houselights.deploying.aws import aws_errors
from houselights.deploying.stack import Stack

_READY = {"Delay": 20, "MaxAttempts": 540}  # a large table takes hours


def table_of(stack: Stack) -> str:
    """The table that a stack records in; those of people who enrolled are none.

    Raises:
        DeploymentFailed: there is none.
    """
    found = [one for one in stack.tables if not one.endswith(("-people", "-keys"))]
    if len(found) != 1:
        raise DeploymentFailed(f"the stack {stack.name} has no table of sessions")
    return found[0]


def restore_table(
    session: Any, source: str, target: str, *, at: datetime | None, notify: Callable[[str], None], ready: Any = None
) -> None:
    """Restores a table by point-in-time recovery, with what AWS does not restore along with it.

    Args:
        session: a boto3 session with region and credentials.
        source: the table.
        target: name of the new table.
        at: the instant, with its time zone; None for the latest that AWS has.
        notify: receives a line for each step.
        ready: settings of boto3's waiter; None for AWS.

    Raises:
        DeploymentFailed: AWS refuses, for instance because the instant is too long ago, or the new table exists.
    """
    client = session.client("dynamodb")
    instant: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
    with aws_errors(session):
        try:
            client.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=target, **instant)
        except ClientError as problem:
            code = problem.response["Error"]["Code"]
            if code == "PointInTimeRecoveryUnavailableException":
                raise DeploymentFailed(
                    f"table {source} has no point-in-time recovery: nothing can be restored"
                ) from None
            if code in ("TableAlreadyExistsException", "ResourceInUseException"):
                raise DeploymentFailed(f"there is a table {target} already: choose another name with --to") from None
            raise
        notify(f"restoring {source} as {target}; AWS takes from minutes to hours")
        client.get_waiter("table_exists").wait(TableName=target, WaiterConfig=ready or _READY)
        # A restored table has neither of these.
        client.update_time_to_live(
            TableName=target, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY_ATTRIBUTE}
        )
        client.update_continuous_backups(
            TableName=target, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        client.update_table(TableName=target, DeletionProtectionEnabled=True)
        notify("expiry, recovery and deletion protection are switched on again")
