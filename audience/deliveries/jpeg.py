"""Size and comment of a JPEG, read from its markers without decoding a pixel.

Accepts only the form of contact sheets: one baseline scan of three components, one comment, and nothing after the end.
Markers and segments: ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audience.errors import SheetRejected

LARGEST_COMMENT: Final = 65_533
"""The most bytes of a segment besides its two length bytes."""

MOST_SEGMENTS: Final = 64
"""Segments before the picture; an ordinary JPEG has about ten."""

_START, _END = b"\xff\xd8", b"\xff\xd9"
_COMMENT, _BASELINE, _SCAN, _FIRST_TABLES = 0xFE, 0xC0, 0xDA, 0xE0
# Excludes other coding processes, a second start marker, and markers without a length.
_ALLOWED = {_COMMENT, _BASELINE, 0xC4, 0xDB, 0xDD, *range(_FIRST_TABLES, 0xF0)}
# Within a scan, 0xFF is followed by 0 (a data byte) or a restart marker.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegHeader:
    """Header data of a JPEG.

    Attributes:
        width, height: pixels.
        comment: bytes of the comment segment; empty if there is none.
    """

    width: int
    height: int
    comment: bytes


def read_header(jpeg: bytes) -> JpegHeader:
    """Reads the header data.

    Raises:
        SheetRejected: it is not a JPEG, is truncated, or has another form than a contact sheet.
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
            raise SheetRejected(f"the JPEG has a segment {marker:#x}, which sheets do not have")
    else:
        raise SheetRejected(f"the JPEG has more than {MOST_SEGMENTS} segments")
    if size is None:
        raise SheetRejected("the JPEG has no size")
    end = _MARKER_IN_SCAN.search(jpeg, at)
    if end is None or not jpeg.startswith(_END, end.start()):
        raise SheetRejected("the JPEG is truncated")
    if end.end() != len(jpeg):
        raise SheetRejected("the JPEG has data after its end")
    return JpegHeader(width=size[0], height=size[1], comment=comment or b"")


def with_comment(jpeg: bytes, comment: bytes) -> bytes:
    """Inserts a comment after the first segment, because JFIF requires its own segment to be the first.

    Args:
        jpeg: a JPEG with at least one segment.
        comment: at most `LARGEST_COMMENT` bytes.

    Raises:
        SheetRejected: `jpeg` is not a JPEG, or the comment is too long.
    """
    if len(comment) > LARGEST_COMMENT:
        raise SheetRejected(f"a comment of {len(comment)} bytes is too long: a JPEG allows {LARGEST_COMMENT}")
    _, payload = _segment(jpeg, len(_START))
    first = len(_START) + 4 + len(payload)
    return jpeg[:first] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[first:]


def _segment(jpeg: bytes, at: int) -> tuple[int, bytes]:
    """Marker and payload of the segment at an offset."""
    if jpeg[at : at + 1] != b"\xff" or len(jpeg) < at + 4:
        raise SheetRejected("the JPEG is damaged or truncated")
    length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
    payload = jpeg[at + 4 : at + 2 + length]
    if length < 2 or len(payload) < length - 2:
        raise SheetRejected("the JPEG is damaged or truncated")
    return jpeg[at + 1], payload


def _size(frame: bytes) -> tuple[int, int]:
    """Width and height from a frame header: precision, height, width, and three bytes for each of the components."""
    if len(frame) != 15 or frame[0] != 8 or frame[5] != 3:
        raise SheetRejected("the JPEG does not have three components of 8 bits")
    return int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
