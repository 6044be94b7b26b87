"""A delivery: some bytes and the key they go under, made from the bytes, so that delivering twice changes nothing.

    sheets/<session>/<stage>/<camera>/<yyyy>/<mm>/<dd>/<hh>/<start_ms>-<content id>.jpg
    windows/<session>/<stage>/<camera>/<yyyy>/<mm>/<dd>/<hh>/<start_ms>-<content id>.json

The hour is that of the first window's start, in UTC; `start_ms` has 13 digits, so that keys sort by time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from audience.instants import from_ms

Kind = Literal["sheets", "windows"]
SUFFIXES: Final[dict[Kind, str]] = {"sheets": ".jpg", "windows": ".json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a camera sends as one object.

    Attributes:
        key: where it goes.
        data: the object's bytes.
        start_ms: start of its first window, milliseconds since the epoch.
    """

    key: str
    data: bytes
    start_ms: int


def content_id(data: bytes) -> str:
    """The id of some bytes: the first half of their SHA-256, 32 hexadecimal digits; may be used as a window's part."""
    return hashlib.sha256(data).hexdigest()[:32]


def key_of(kind: Kind, *, session_id: str, stage_id: str, camera_id: str, start_ms: int, content: str) -> str:
    """The key of a delivery; see above.

    Args:
        kind: sheets or windows.
        session_id, stage_id, camera_id: checked ids.
        start_ms: start of the first window, milliseconds since the epoch, up to `audience.windows.LATEST_MS`.
        content: the `content_id` of its bytes.
    """
    hour = from_ms(start_ms).strftime("%Y/%m/%d/%H")
    return f"{kind}/{session_id}/{stage_id}/{camera_id}/{hour}/{start_ms:013d}-{content}{SUFFIXES[kind]}"
