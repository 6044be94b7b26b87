"""The outside of a JPEG: its size and its comment, read from the markers without decoding a pixel.

Only what a contact sheet is made as is let through: one baseline scan of three components, one
comment, nothing behind the end.
Markers and segments: ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audience.errors import SheetRejected

LARGEST_COMMENT: Final = 65_533
"""Bytes that fit one segment beside its own length, which is written in two bytes."""

MOST_SEGMENTS: Final = 64
"""Segments before the picture; an ordinary JPEG has about ten."""

_START, _END = b"\xff\xd8", b"\xff\xd9"
_COMMENT, _BASELINE, _SCAN, _FIRST_TABLES = 0xFE, 0xC0, 0xDA, 0xE0
# Not the frames of other processes, not a second start, and nothing that carries no length.
_ALLOWED = {_COMMENT, _BASELINE, 0xC4, 0xDB, 0xDD, *range(_FIRST_TABLES, 0xF0)}
# Within a scan 0xFF is followed by 0 (a byte of data) or by a restart marker.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegOutside:
    """What the markers say.

    Attributes:
        width, height: pixels.
        comment: the bytes of the one comment segment; empty where there is none.
    """

    width: int
    height: int
    comment: bytes


def outside_of(jpeg: bytes) -> JpegOutside:
    """Reads the markers.

    Raises:
        SheetRejected: it is not a JPEG, is cut short, or is of a kind no sheet is made as.
    """
    if not jpeg.startswith(_START):
        raise SheetRejected("it is not a JPEG")
    size: tuple[int, int] | None = None
    comment: bytes | None = None
    at = len(_START)
    for _ in range(MOST_SEGMENTS):
        marker, payload = _segment(jpeg, at)
        at += 4 + len(payload)
        if marker == _SCAN:
            break
        if marker == _COMMENT:
            if comment is not None:
                raise SheetRejected("the JPEG has two comments")
            comment = payload
        elif marker == _BASELINE:
            if size is not None:
                raise SheetRejected("the JPEG has two pictures")
            size = _size(payload)
        elif marker not in _ALLOWED:
            raise SheetRejected(f"the JPEG has a segment {marker:#x} that no sheet has")
    else:
        raise SheetRejected(f"the JPEG has more than {MOST_SEGMENTS} segments")
    if size is None:
        raise SheetRejected("the JPEG does not say its size")
    end = _MARKER_IN_SCAN.search(jpeg, at)
    if end is None or not jpeg.startswith(_END, end.start()):
        raise SheetRejected("the JPEG is cut short")
    if end.end() != len(jpeg):
        raise SheetRejected("the JPEG has something behind its end")
    return JpegOutside(width=size[0], height=size[1], comment=comment or b"")


def with_comment(jpeg: bytes, comment: bytes) -> bytes:
    """The JPEG with a comment.

    Args:
        jpeg: begins with a start and one segment of its own (JFIF wants its segment to be the first).
        comment: at most `LARGEST_COMMENT` bytes.

    Raises:
        SheetRejected: `jpeg` does not begin as a JPEG, or the comment is too long.
    """
    if len(comment) > LARGEST_COMMENT:
        raise SheetRejected(f"a comment of {len(comment)} bytes is too long: a JPEG takes {LARGEST_COMMENT}")
    _, payload = _segment(jpeg, len(_START))
    first = len(_START) + 4 + len(payload)
    return jpeg[:first] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[first:]


def _segment(jpeg: bytes, at: int) -> tuple[int, bytes]:
    """Marker and payload of the segment at an offset."""
    if jpeg[at : at + 1] != b"\xff" or len(jpeg) < at + 4:
        raise SheetRejected("the JPEG is damaged or cut short")
    length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
    payload = jpeg[at + 4 : at + 2 + length]
    if length < 2 or len(payload) < length - 2:
        raise SheetRejected("the JPEG is damaged or cut short")
    return jpeg[at + 1], payload


def _size(frame: bytes) -> tuple[int, int]:
    """Width and height from a frame header: precision, height, width, and three bytes for each of the components."""
    if len(frame) != 15 or frame[0] != 8 or frame[5] != 3:
        raise SheetRejected("the JPEG is not one of three colours at 8 bits")
    return int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
