"""Which session a camera in AWS may deliver for.

A camera is a thing of AWS IoT, and the thing's type is the id of its session: name and type are all that the policy of
the cameras' role learns of a device (`infra/template.yaml`, CameraRole). A thing has one type or none, so a camera
delivers for one session at a time, and one without a type for none.
https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from audience.errors import DeploymentFailed, InvalidValue
from houselights.deploying.aws import told

# https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThingType.html
_THING_TYPE = re.compile(r"[A-Za-z0-9:_-]{1,128}")


def check_grantable(session_id: str) -> None:
    """Checks that a session's id may be the type of a thing.

    Raises:
        InvalidValue: it may not.
    """
    if not _THING_TYPE.fullmatch(session_id):
        raise InvalidValue(
            f"session {session_id!r} cannot be granted to a camera in AWS: AWS IoT takes letters, digits, '_' and '-' "
            "only, so set the session up under an id without '.'"
        )


def session_of(session: Any, thing: str) -> str | None:
    """The session that a camera may deliver for, or None.

    Args:
        session: a boto3 session with a region and credentials.
        thing: the camera's name in AWS IoT.

    Raises:
        DeploymentFailed: there is no such thing, or AWS refuses.
    """
    with told(session):
        iot = session.client("iot")
        try:
            found: str | None = iot.describe_thing(thingName=thing).get("thingTypeName")
        except iot.exceptions.ResourceNotFoundException:
            raise DeploymentFailed(
                f"there is no thing {thing!r} in AWS IoT in {session.region_name}: make the camera known first, as "
                "infra/README.md says"
            ) from None
    return found


def granted(session: Any, session_id: str) -> list[str]:
    """The cameras that may deliver for a session, by name.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    with told(session):
        return sorted(thing["thingName"] for thing in _things(session, thingTypeName=session_id))


def all_granted(session: Any) -> dict[str, str]:
    """For every camera that has one, the session it may deliver for.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    with told(session):
        return {thing["thingName"]: thing["thingTypeName"] for thing in _things(session) if thing.get("thingTypeName")}


def grant(session: Any, thing: str, session_id: str) -> None:
    """Lets a camera deliver for a session, and for no other any more.

    Raises:
        InvalidValue: the session's id may not be the type of a thing.
        DeploymentFailed: there is no such thing, or AWS refuses.
    """
    check_grantable(session_id)
    with told(session):
        iot = session.client("iot")
        with suppress(iot.exceptions.ResourceAlreadyExistsException):  # with a description that somebody gave it
            iot.create_thing_type(thingTypeName=session_id)
        iot.update_thing(thingName=thing, thingTypeName=session_id)


def revoke(session: Any, thing: str) -> None:
    """Lets a camera deliver for no session.

    Raises:
        DeploymentFailed: there is no such thing, or AWS refuses.
    """
    with told(session):
        session.client("iot").update_thing(thingName=thing, removeThingType=True)


def _things(session: Any, **of: str) -> Iterator[dict[str, Any]]:
    for page in session.client("iot").get_paginator("list_things").paginate(**of):
        yield from page["things"]
