"""What a phone used as a camera sends, and what is said back to it.

These are the messages between the pages' server and the process that looks at the pictures
(`houselights.phone_cameras`).

Pictures are passed on in memory and are never written anywhere.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from audience.errors import InvalidValue
from audience.ids import check_id

LARGEST_PICTURE: Final = 600 << 10
"""Bytes of one picture; one of 1280 x 720 has about 150,000."""

LONGEST_SIDE: Final = 2048
"""Pixels of a picture's longer side."""

LARGEST_MESSAGE: Final = LARGEST_PICTURE + 4096

_MARKERS_WITHOUT_SIZE: Final = {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePicture:
    """One picture of a phone.

    Attributes:
        session_id, stage_id, camera_id: where it belongs.
        at_ms: when it was taken, by the server's clock, milliseconds since the epoch.
        until_ms: when the phone's link ends.
        jpeg: the picture; empty where the phone has stopped and nothing more comes.
    """

    session_id: str
    stage_id: str
    camera_id: str
    at_ms: int
    until_ms: int
    jpeg: bytes

    @property
    def place(self) -> tuple[str, str, str]:
        """Ids of the session, stage and camera."""
        return self.session_id, self.stage_id, self.camera_id

    def packed(self) -> bytes:
        """The picture as a message."""
        head = [*self.place, self.at_ms, self.until_ms]
        return json.dumps(head).encode() + b"\n" + self.jpeg


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How a phone's picture is, as its page says it in words.

    Attributes:
        faces: faces followed in the latest picture; None while none was looked at.
        dark: the picture is too dark to find faces.
        blurred: it is out of focus or shaken.
        far: the faces are too small to be measured well.
        problem: why this camera measures nothing, in one line; "" where it does.
    """

    faces: int | None = None
    dark: bool = False
    blurred: bool = False
    far: bool = False
    problem: str = ""

    def packed(self, place: tuple[str, str, str]) -> bytes:
        """The answer for one camera as a message."""
        return json.dumps([*place, asdict(self)]).encode()


def read_picture(message: bytes) -> PhonePicture:
    """Reads a picture's message.

    Raises:
        InvalidValue: it is none.
    """
    head, _, jpeg = message.partition(b"\n")
    try:
        session_id, stage_id, camera_id, at_ms, until_ms = json.loads(head)
        return PhonePicture(
            session_id=check_id("session id", session_id),
            stage_id=check_id("stage id", stage_id),
            camera_id=check_id("camera id", camera_id),
            at_ms=int(at_ms),
            until_ms=int(until_ms),
            jpeg=jpeg,
        )
    except (TypeError, ValueError):
        raise InvalidValue("this is no picture's message") from None


def read_framing(message: bytes) -> tuple[tuple[str, str, str], Framing]:
    """Reads an answer's message: which camera's, and the answer.

    Raises:
        InvalidValue: it is none.
    """
    try:
        session_id, stage_id, camera_id, fields = json.loads(message)
        return (session_id, stage_id, camera_id), Framing(**fields)
    except (TypeError, ValueError):
        raise InvalidValue("this is no answer's message") from None


def check_picture(jpeg: bytes) -> None:
    """Checks by its first bytes that something is a JPEG of a usual size. Decodes nothing.

    Raises:
        InvalidValue: it is not; the line is for whoever sent it.
    """
    if not jpeg.startswith(b"\xff\xd8\xff") or (size := _size(jpeg)) is None:
        raise InvalidValue("This is no JPEG picture.")
    if not (min(size) >= 16 and max(size) <= LONGEST_SIDE):
        raise InvalidValue(f"A picture has 16 to {LONGEST_SIDE} pixels a side; this one has {size[0]} x {size[1]}.")


def _size(jpeg: bytes) -> tuple[int, int] | None:
    """Width and height in a JPEG's frame header (ITU-T T.81, B.2.2); None where there is none before the picture."""
    at = 2
    while at + 9 < len(jpeg) and jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in _MARKERS_WITHOUT_SIZE:
            return int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(jpeg[at + 5 : at + 7], "big")
        if marker == 0xDA or length < 2:
            return None
        at += 2 + length
    return None
