"""Sightings that devices send: a message by ids alone, and where a sighting is recorded.

The topic is `houselights/sightings/<session>/<stage>/<camera>`. A message holds no name, no picture and no template. A
policy lets a camera publish on its own topic only, so the topic authenticates the sender; AWS IoT adds it (`topic`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from audience.deliveries.strict_json import document_of, dump, fields_of, number, text, whole
from audience.errors import InvalidValue, SheetRejected
from audience.identity.desk import Desk
from audience.identity.people import People, covers
from audience.identity.records import Roster, Sighting
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.ids import check_id
from audience.time import to_ms

FORMAT: Final = "houselights-sighting"
SCHEMA: Final = 1

LARGEST_SIGHTING: Final = 4000
"""Bytes, including what AWS IoT adds."""

AHEAD_MS: Final = 60_000
BEHIND_MS: Final = 24 * 3600 * 1000
"""How far a sighting may lie ahead of the receiver's clock, and behind it, as a device may have been offline."""

_FIELDS = (
    "format",
    "schema",
    "session",
    "stage",
    "camera",
    "roster",
    "subject",
    "sighting",
    "at_ms",
    "similarity",
    "runner_up",
    "crops",
    "recogniser",
)


def sighting_topic(session_id: str, stage_id: str, camera_id: str) -> str:
    """The topic of a camera's sightings.

    Raises:
        InvalidValue: an id is not valid. So no id can contain a wildcard or lead to another camera's topic.
    """
    for what, value in (("session id", session_id), ("stage id", stage_id), ("camera id", camera_id)):
        check_id(what, value)
    return f"houselights/sightings/{session_id}/{stage_id}/{camera_id}"


def sighting_message(sighting: Sighting) -> bytes:
    """Serialises a sighting as a message."""
    return dump(
        {
            "format": FORMAT,
            "schema": SCHEMA,
            "session": sighting.session_id,
            "stage": sighting.stage_id,
            "camera": sighting.camera_id,
            "roster": sighting.roster_id,
            "subject": sighting.subject_id,
            "sighting": sighting.sighting_id,
            "at_ms": sighting.at_ms,
            "similarity": sighting.similarity,
            "runner_up": sighting.runner_up,
            "crops": sighting.crops,
            "recogniser": sighting.recogniser,
        }
    )


def read_sighting(data: bytes, *, topic: str = "") -> Sighting:
    """Parses a sighting from an untrusted sender.

    Args:
        data: the message as sent, or with the topic that AWS IoT adds.
        topic: the topic it came on, where the message does not say it; "" to take the message's word.

    Raises:
        SheetRejected: it is no sighting, has an unknown schema or field, is damaged or too large, or came on another
            camera's topic, or on none.
    """
    document = document_of(data, "sighting", format_name=FORMAT, newest=SCHEMA, largest=LARGEST_SIGHTING)
    document.setdefault("runner_up", None)  # passing JSON through SQL may drop a null
    came_on = topic or text(document.pop("topic", ""), "the topic")
    fields = dict(zip(_FIELDS, fields_of(document, "the sighting", _FIELDS), strict=True))
    try:
        sighting = Sighting(
            session_id=text(fields["session"], "the session's id"),
            stage_id=text(fields["stage"], "the stage's id"),
            camera_id=text(fields["camera"], "the camera's id"),
            roster_id=text(fields["roster"], "the roster's id"),
            subject_id=text(fields["subject"], "the subject's id"),
            sighting_id=text(fields["sighting"], "the sighting's id"),
            at_ms=whole(fields["at_ms"], "the sighting's instant"),
            similarity=number(fields["similarity"], "the similarity"),
            runner_up=_optional(fields["runner_up"]),
            crops=whole(fields["crops"], "the number of crops"),
            recogniser=text(fields["recogniser"], "the recogniser's name"),
        )
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
    own = sighting_topic(sighting.session_id, sighting.stage_id, sighting.camera_id)
    if came_on != own:
        raise SheetRejected(f"the sighting belongs on topic {own}, and came on another")
    return sighting


def record_sighting(
    store: IdentityStore, sighting: Sighting, picture: bytes | None = None, *, now: Callable[[], datetime]
) -> bool:
    """Records a sighting as the purpose of its roster asks; returns whether it did.

    It is dropped where the roster is gone or not for that stage, the person has withdrawn, the search has ended, or its
    time is out of all reason. The same sighting twice changes nothing.

    Args:
        store: of people.
        sighting: from a camera.
        picture: a JPEG for those who confirm a search; sealed.
        now: the clock, aware UTC.
    """
    roster = store.get(Roster, sighting.roster_id)
    if roster is None or not covers(roster.stages, sighting.session_id, sighting.stage_id):
        return False
    if not -AHEAD_MS <= to_ms(now()) - sighting.at_ms <= BEHIND_MS:
        return False
    known = store.get(Sighting, *sighting.key)
    if known is not None and (picture is None or known.picture):
        return False
    if roster.purpose == "search":
        return Searches(store, actor=sighting.camera_id, now=now).record(sighting, picture)
    if roster.purpose == "welcome desk":
        return Desk(store, roster, actor=sighting.camera_id, now=now).record(sighting)
    return People(store, actor=sighting.camera_id, now=now).record(sighting)


def _optional(value: Any) -> float | None:
    return None if value is None else number(value, "the runner-up's similarity")
