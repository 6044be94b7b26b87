"""Grants: which session a camera in AWS may deliver for.

A camera is a thing in AWS IoT, and its thing type is the id of its session: the policy of the cameras' role can use
only a thing's name and type (`infra/template.yaml`, CameraRole). A thing has at most one type, so a camera delivers for
at most one session at a time.
https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from audience.errors import DeploymentFailed, InvalidValue
from houselights.deploying.aws import aws_errors

# https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThingType.html
_THING_TYPE = re.compile(r"[A-Za-z0-9:_-]{1,128}")


def check_grantable(session_id: str) -> None:
    """Checks that a session's id can be a thing type.

    Raises:
        InvalidValue: it cannot.
    """
    if not _THING_TYPE.fullmatch(session_id):
        raise InvalidValue(
            f"session {session_id!r} cannot be granted to a camera in AWS: AWS IoT allows only letters, digits, '_' "
            "and '-', so set the session up under an id without '.'"
        )


def session_of(session: Any, thing: str) -> str | None:
    """Looks up the session that a camera may deliver for; None if there is none.

    Args:
        session: a boto3 session with region and credentials.
        thing: the camera's name in AWS IoT.

    Raises:
        DeploymentFailed: there is no such thing, or AWS refuses.
    """
    with aws_errors(session):
        iot = session.client("iot")
        try:
            found: str | None = iot.describe_thing(thingName=thing).get("thingTypeName")
        except iot.exceptions.ResourceNotFoundException:
            raise DeploymentFailed(
                f"there is no thing {thing!r} in AWS IoT in {session.region_name}: register the camera first (see "
                "infra/README.md)"
            ) from None
    return found


def cameras_of(session: Any, session_id: str) -> list[str]:
    """Looks up the names of the cameras that may deliver for a session, sorted.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    with aws_errors(session):
        return sorted(thing["thingName"] for thing in _things(session, thingTypeName=session_id))


def all_grants(session: Any) -> dict[str, str]:
    """Looks up all grants: session id by camera name.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    with aws_errors(session):
        return {thing["thingName"]: thing["thingTypeName"] for thing in _things(session) if thing.get("thingTypeName")}


def grant(session: Any, thing: str, session_id: str) -> None:
    """Lets a camera deliver for a session, instead of any other.

    Raises:
        InvalidValue: the session's id cannot be a thing type.
        DeploymentFailed: there is no such thing, or AWS refuses.
    """
    check_grantable(session_id)
    with aws_errors(session):
        iot = session.client("iot")
        with suppress(iot.exceptions.ResourceAlreadyExistsException):  # an existing one may have a description
            iot.create_thing_type(thingTypeName=session_id)
        iot.update_thing(thingName=thing, thingTypeName=session_id)


def revoke(session: Any, thing: str) -> None:
    """Removes a camera's grant.

    Raises:
        DeploymentFailed: there is no such thing, or AWS refuses.
    """
    with aws_errors(session):
        session.client("iot").update_thing(thingName=thing, removeThingType=True)


def _things(session: Any, **of: str) -> Iterator[dict[str, Any]]:
    for page in session.client("iot").get_paginator("list_things").paginate(**of):
        yield from page["things"]
