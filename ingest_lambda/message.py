"""What stands in the queue: word of an object that was put into the bucket, or a camera's status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audience.errors import SheetRejected
from audience.sheets.strict_json import object_of, parse, text
from audience.status import FORMAT, read_status
from audience.store import Heartbeat

_CREATED: Final = "Object Created"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCreated:
    """An object of S3: the name of its bucket, and its key."""

    bucket: str
    key: str


def read_message(body: str) -> ObjectCreated | Heartbeat:
    """Reads the body of a message.

    Args:
        body: an event of S3 as EventBridge sends it, or a status as AWS IoT's rule passes it on.

    Raises:
        SheetRejected: it is neither.
    """
    data = body.encode(errors="replace")
    document = object_of(parse(data, "the message"), "the message")
    if document.get("format") == FORMAT:
        heartbeat = read_status(data)
        if heartbeat.received_ms is None:
            raise SheetRejected("the status does not say on which topic it came")
        return heartbeat
    if document.get("source") != "aws.s3" or document.get("detail-type") != _CREATED:
        raise SheetRejected("the message is neither word of a new object from EventBridge nor a camera's status")
    detail = object_of(document.get("detail"), "the event's detail")
    bucket, created = object_of(detail.get("bucket"), "the bucket"), object_of(detail.get("object"), "the object")
    # The key as it is: S3 writes keys URL-encoded into its own notifications, and plain into EventBridge's events. Ours
    # are the same either way.
    return ObjectCreated(
        bucket=text(bucket.get("name"), "the bucket's name"), key=text(created.get("key"), "the object's key")
    )
