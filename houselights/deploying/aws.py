"""Reaching an AWS account, and saying in one line what it refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from audience.errors import DeploymentFailed


def aws_session(*, profile: str | None, region: str | None) -> Any:
    """A boto3 session.

    Args:
        profile: name of one in the user's AWS configuration; None for the usual one.
        region: None for the profile's.

    Raises:
        DeploymentFailed: there is no such profile, or no region.
    """
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as problem:
        raise DeploymentFailed(f"AWS cannot be asked: {problem}") from None
    if session.region_name is None:
        raise DeploymentFailed("no AWS region is named: choose one, for instance with --region eu-west-1")
    return session


@contextmanager
def told(session: Any) -> Iterator[None]:
    """Says in one line what AWS, or the way there, refused."""
    try:
        yield
    except ClientError as problem:
        error = problem.response["Error"]
        raise DeploymentFailed(
            f"AWS refused {problem.operation_name} in {session.region_name} ({error['Code']}): {error['Message']}"
        ) from None
    except NoCredentialsError:
        raise DeploymentFailed(
            "AWS cannot be asked: there are no credentials, so name a profile that has some"
        ) from None
    except BotoCoreError as problem:
        raise DeploymentFailed(f"AWS cannot be asked: {problem}") from None
