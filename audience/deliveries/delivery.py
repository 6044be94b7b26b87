"""A delivery: bytes, and a key derived from them, so that delivering twice changes nothing.

    sheets/<session>/<stage>/<camera>/<yyyy>/<mm>/<dd>/<hh>/<start_ms>-<content id>.jpg
    windows/<session>/<stage>/<camera>/<yyyy>/<mm>/<dd>/<hh>/<start_ms>-<content id>.json

The hour is that of the first window's start, in UTC; `start_ms` has 13 digits, so that keys sort by time.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

from audience.errors import SheetRejected
from audience.time import from_ms

Kind = Literal["sheets", "windows"]
SUFFIXES: Final[dict[Kind, str]] = {"sheets": ".jpg", "windows": ".json"}

_ID = r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})"
_KEY = re.compile(
    rf"(sheets|windows)/{_ID}/{_ID}/{_ID}(?:/\d+){{4}}/(\d{{13}})-([0-9a-f]{{32}})\.(?:jpg|json)", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One object that a camera sends.

    Attributes:
        key: its key in the bucket.
        data: its bytes.
        start_ms: start of its first window, milliseconds since the epoch.
    """

    key: str
    data: bytes
    start_ms: int


def content_id(data: bytes) -> str:
    """The first half of the SHA-256 of some bytes, 32 hexadecimal digits; also valid as a window's part."""
    return hashlib.sha256(data).hexdigest()[:32]


def key_of(kind: Kind, *, session_id: str, stage_id: str, camera_id: str, start_ms: int, content: str) -> str:
    """The key of a delivery; see the module's docstring.

    Args:
        kind: sheets or windows.
        session_id, stage_id, camera_id: checked ids.
        start_ms: start of the first window, milliseconds since the epoch, up to `audience.windows.LATEST_MS`.
        content: the `content_id` of its bytes.
    """
    hour = from_ms(start_ms).strftime("%Y/%m/%d/%H")
    return f"{kind}/{session_id}/{stage_id}/{camera_id}/{hour}/{start_ms:013d}-{content}{SUFFIXES[kind]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryKey:
    """The parts of a delivery's key, known before the delivery is read.

    Attributes:
        kind: sheets or windows.
        session_id, stage_id, camera_id: the sender, because a camera may write under its own keys only.
        start_ms: start of the first window, milliseconds since the epoch.
        content: the `content_id` of the bytes.
    """

    kind: Kind
    session_id: str
    stage_id: str
    camera_id: str
    start_ms: int
    content: str


def read_key(key: str) -> DeliveryKey:
    """Parses a key made by `key_of`.

    Raises:
        SheetRejected: it is not the key of a delivery.
    """
    match = _KEY.fullmatch(key)
    if match is not None:
        kind: Kind = "sheets" if match[1] == "sheets" else "windows"
        ids = {"session_id": match[2], "stage_id": match[3], "camera_id": match[4]}
        read = DeliveryKey(kind=kind, **ids, start_ms=int(match[5]), content=match[6])
        if key == key_of(kind, **ids, start_ms=read.start_ms, content=read.content):
            return read
    raise SheetRejected("its key is neither a contact sheet's nor a window file's")
