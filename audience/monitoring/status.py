"""Status messages: a camera's heartbeat as JSON, sent over MQTT to a store in the cloud.

The topic is `houselights/<session>/<stage>/<camera>/status`. AWS IoT adds the topic and the arrival time (`topic`,
`received_ms`). A policy lets a camera publish on its own topic only, so the topic authenticates the sender.
"""

from __future__ import annotations

import re
from typing import Any, Final

from audience.deliveries.strict_json import document_of, dump, fields_of, number, text, whole
from audience.errors import InvalidValue, SheetRejected
from audience.ids import check_id
from audience.store import Heartbeat

FORMAT: Final = "houselights-status"
SCHEMA: Final = 1

LONGEST_DETAIL: Final = 500
"""The most characters of the detail; the sender truncates longer ones."""

LARGEST_STATUS: Final = 16_000
"""Bytes, including what AWS IoT adds; the longest allowed fields need fewer."""

_FIELDS = (
    "format",
    "schema",
    "session",
    "stage",
    "camera",
    "at_ms",
    "state",
    "frames_per_s",
    "faces",
    "last_window_ms",
    "lag_s",
    "sent",
    "waiting",
    "dropped",
    "detector",
    "scorer",
    "detail",
    "brightness",
    "sharpness",
    "bundle",
    "step",
    "every_s",
    "version",
)
_SINCE_PICTURES_ARE_MEASURED = ("brightness", "sharpness")
_ADDED_ON_THE_WAY = ("topic", "received_ms")
_LONGEST_NAME, _LONGEST_STATE, _LONGEST_VERSION = 200, 20, 40
# Control characters, line and paragraph separators, bidirectional controls, and lone surrogates, which Python makes of
# file names that are not valid text.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def status_topic(session_id: str, stage_id: str, camera_id: str) -> str:
    """The topic of a camera's status.

    Raises:
        InvalidValue: an id is not valid. So no id can contain a wildcard or lead to another camera's topic.
    """
    check_id("session id", session_id)
    check_id("stage id", stage_id)
    check_id("camera id", camera_id)
    return f"houselights/{session_id}/{stage_id}/{camera_id}/status"


def status_message(heartbeat: Heartbeat) -> bytes:
    """Serialises a heartbeat as a message.

    Without `received_ms`, which the receiver adds, and the preview, which exists on the device's own machine only. What
    is as usual is left out of the newer fields: earlier receivers know no such field.
    """
    newer: dict[str, Any] = {"bundle": heartbeat.bundle, "step": heartbeat.step, "every_s": heartbeat.every_s}
    newer["version"] = heartbeat.version or None
    if heartbeat.step == "live":
        del newer["step"]
    return dump(
        {
            "format": FORMAT,
            "schema": SCHEMA,
            "session": heartbeat.session_id,
            "stage": heartbeat.stage_id,
            "camera": heartbeat.camera_id,
            "at_ms": heartbeat.at_ms,
            "state": heartbeat.state,
            "frames_per_s": heartbeat.frames_per_s,
            "faces": heartbeat.faces,
            "last_window_ms": heartbeat.last_window_ms,
            "lag_s": heartbeat.lag_s,
            "sent": heartbeat.sent,
            "waiting": heartbeat.waiting,
            "dropped": heartbeat.dropped,
            "detector": heartbeat.detector,
            "scorer": heartbeat.scorer,
            "detail": _one_line(heartbeat.detail),
            "brightness": heartbeat.brightness,
            "sharpness": heartbeat.sharpness,
            **{name: value for name, value in newer.items() if value is not None},
        }
    )


def read_status(data: bytes) -> Heartbeat:
    """Parses a status message from an untrusted sender.

    Args:
        data: the message as sent, or with the fields that AWS IoT adds.

    Raises:
        SheetRejected: it is not a status message, has an unknown schema, is damaged or too large, or came on another
            camera's topic.
    """
    document = document_of(data, "status", format_name=FORMAT, newest=SCHEMA, largest=LARGEST_STATUS)
    for name in ("last_window_ms", "bundle", "step", "every_s", "version", *_SINCE_PICTURES_ARE_MEASURED):
        document.setdefault(name, None)  # passing JSON through SQL may drop a null
    added = _ADDED_ON_THE_WAY if document.keys() & set(_ADDED_ON_THE_WAY) else ()
    fields = dict(zip(_FIELDS + added, fields_of(document, "the status", _FIELDS + added), strict=True))
    try:
        heartbeat = Heartbeat(
            session_id=text(fields["session"], "the session's id"),
            stage_id=text(fields["stage"], "the stage's id"),
            camera_id=text(fields["camera"], "the camera's id"),
            at_ms=whole(fields["at_ms"], "the status' instant"),
            # `Heartbeat` refuses an unknown state.
            state=_line(fields["state"], "the state", _LONGEST_STATE),  # type: ignore[arg-type]
            frames_per_s=number(fields["frames_per_s"], "the frames per second"),
            faces=whole(fields["faces"], "the number of faces"),
            last_window_ms=_optional_whole(fields["last_window_ms"], "the newest window's start"),
            lag_s=number(fields["lag_s"], "the lag"),
            detail=_line(fields["detail"], "the detail", LONGEST_DETAIL),
            sent=whole(fields["sent"], "the number of deliveries sent"),
            waiting=whole(fields["waiting"], "the number of deliveries waiting"),
            dropped=whole(fields["dropped"], "the number of deliveries dropped"),
            detector=_line(fields["detector"], "the detector's name", _LONGEST_NAME),
            scorer=_line(fields["scorer"], "the scorer's name", _LONGEST_NAME),
            received_ms=whole(fields["received_ms"], "the instant of arrival") if added else None,
            brightness=_measure(fields["brightness"], "the brightness"),
            sharpness=_measure(fields["sharpness"], "the sharpness"),
            bundle=_optional_whole(fields["bundle"], "the bundle's number"),
            # As for the state.
            step=None if fields["step"] is None else _line(fields["step"], "the step", _LONGEST_STATE),  # type: ignore[arg-type]
            every_s=_measure(fields["every_s"], "the seconds between heartbeats"),
            version="" if fields["version"] is None else _line(fields["version"], "the version", _LONGEST_VERSION),
        )
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
    own = status_topic(heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
    if added and fields["topic"] != own:
        raise SheetRejected(f"the status belongs on topic {own}, and came on another")
    return heartbeat


def _one_line(detail: str) -> str:
    """The detail as one line: without line breaks and control characters, truncated to `LONGEST_DETAIL`."""
    line = _NOT_IN_A_LINE.sub("?", " ".join(detail.split()))
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 3] + "..."


def _line(value: Any, what: str, longest: int) -> str:
    line = text(value, what)
    if len(line) > longest or _NOT_IN_A_LINE.search(line):
        raise SheetRejected(f"{what} is not one line of at most {longest} characters")
    return line


def _measure(value: Any, what: str) -> float | None:
    return None if value is None else number(value, what)


def _optional_whole(value: Any, what: str) -> int | None:
    return None if value is None else whole(value, what)
