"""Sessions for an AWS account, and its errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from audience.errors import DeploymentFailed


def aws_session(*, profile: str | None, region: str | None) -> Any:
    """Creates a boto3 session.

    Args:
        profile: name of a profile in the user's AWS configuration; None for the default one.
        region: name of the region; None for the profile's.

    Raises:
        DeploymentFailed: there is no such profile, or no region.
    """
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as problem:
        raise DeploymentFailed(f"AWS cannot be used: {problem}") from None
    if session.region_name is None:
        raise DeploymentFailed("no AWS region is set: choose one by --region eu-west-1, or after make region=eu-west-1")
    return session


@contextmanager
def aws_errors(session: Any) -> Iterator[None]:
    """Raises errors of AWS and of the connection to it as `DeploymentFailed`, in one line."""
    try:
        yield
    except ClientError as problem:
        error = problem.response["Error"]
        raise DeploymentFailed(
            f"AWS refused {problem.operation_name} in {session.region_name} ({error['Code']}): {error['Message']}"
        ) from None
    except NoCredentialsError:
        raise DeploymentFailed(
            "AWS cannot be used: there are no credentials, so name a profile that has some"
        ) from None
    except BotoCoreError as problem:
        raise DeploymentFailed(f"AWS cannot be used: {problem}") from None
