"""Expressions, face records (one track's scores at one instant), and their packed form in stores."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audience.errors import InvalidValue
from audience.ids import check_id

EXPRESSIONS: tuple[str, ...] = (
    "smile",
    "happy",
    "surprised",
    "calm",
    "sad",
    "angry",
    "confused",
    "disgusted",
    "fear",
)

# Records store expressions by code, so this table may grow but never change.
CODES: dict[str, int] = {name: code for code, name in enumerate(EXPRESSIONS)}

# The expression shown by default.
LEAD_EXPRESSION = "smile"


_FULL = 65535  # positions in the image and confidences are stored in steps of 1/65535
_VERSION = 1
_HEADER = struct.Struct("<BBH")  # version, number of expressions, number of faces
_FACE = struct.Struct("<B i 4i H")  # length of the track id, milliseconds into the window, box, quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The bounding box of a face, as fractions of the image's width and height; may extend past the image."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        sides = (self.left, self.top, self.width, self.height)
        if not (self.width > 0 and self.height > 0 and all(map(math.isfinite, sides))):
            raise InvalidValue(f"box {sides} is not a box: width and height must be over 0, and all four finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRecord:
    """The scores of one track at one instant.

    Attributes:
        track_id: the track; never reused on its camera.
        at_ms: milliseconds since the epoch.
        box: position in the image.
        quality: how clearly the face is visible, 0..1.
        confidences: 0..1 by expression; empty where only heads are counted.
    """

    track_id: str
    at_ms: int
    box: Box
    quality: float
    confidences: Mapping[str, float]

    def __post_init__(self) -> None:
        if not 0 < len(self.track_id.encode()) <= 255:
            raise InvalidValue(f"track id {self.track_id[:20]!r} must have 1 to 255 bytes")
        if not 0 <= self.quality <= 1:
            raise InvalidValue(f"quality {self.quality} is not within 0..1")
        for name, confidence in self.confidences.items():
            if name not in CODES:
                raise InvalidValue(f"expression {name!r} is unknown: use one of {', '.join(EXPRESSIONS)}")
            if not 0 <= confidence <= 1:
                raise InvalidValue(f"confidence {confidence} of {name!r} is not within 0..1")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFaces:
    """The single faces behind one `WindowRecord`, stored separately because they expire sooner.

    Attributes:
        session_id, stage_id, camera_id, start_ms, part: the window's key.
        scorer: name and version of the scorer; "" where only heads are counted.
        faces: at most one per track.
        expires_ms: when the store deletes them, milliseconds since the epoch; None for never.
    """

    session_id: str
    stage_id: str
    camera_id: str
    start_ms: int
    part: str
    scorer: str
    faces: tuple[FaceRecord, ...]
    expires_ms: int | None = None

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        check_id("stage id", self.stage_id)
        check_id("camera id", self.camera_id)
        check_id("part", self.part)
        tracks = Counter(face.track_id for face in self.faces)
        if len(tracks) < len(self.faces):
            raise InvalidValue(f"track {tracks.most_common(1)[0][0]!r} has more than one score in a window")


def pack_faces(faces: Sequence[FaceRecord], start_ms: int) -> bytes:
    """Packs the faces of the window that starts at `start_ms`, about 30 bytes per face.

    Boxes, quality and confidences are rounded to 1/65535.

    Raises:
        InvalidValue: the faces were scored for different expressions, there are more than 65,535, or a time or position
            is too far from the window or image to pack.
    """
    names = sorted(faces[0].confidences, key=CODES.__getitem__) if faces else []
    confidences = struct.Struct(f"<{len(names)}H")
    try:
        parts = [_HEADER.pack(_VERSION, len(names), len(faces)), bytes(CODES[name] for name in names)]
        for face in faces:
            if face.confidences.keys() != set(names):
                raise InvalidValue("faces of one window were scored for different expressions")
            track = face.track_id.encode()
            parts.append(
                _FACE.pack(len(track), face.at_ms - start_ms, *_box_steps(face.box), round(face.quality * _FULL))
            )
            parts.append(track)
            parts.append(confidences.pack(*(round(face.confidences[name] * _FULL) for name in names)))
    except struct.error as problem:
        raise InvalidValue(f"faces of the window at {start_ms} ms cannot be packed: {problem}") from None
    return b"".join(parts)


def unpack_faces(packed: bytes, start_ms: int) -> tuple[FaceRecord, ...]:
    """Unpacks what `pack_faces` packed.

    Raises:
        InvalidValue: the bytes are damaged or of another version.
    """
    try:
        version, expressions, count = _HEADER.unpack_from(packed)
        if version != _VERSION:
            raise ValueError(f"they are of version {version}, but this is version {_VERSION}")
        offset = _HEADER.size + expressions
        codes = packed[_HEADER.size : offset]
        if list(codes) != sorted(set(codes)):
            raise ValueError("expressions are repeated or out of order")
        names = [EXPRESSIONS[code] for code in codes]
        confidences = struct.Struct(f"<{expressions}H")
        faces = []
        for _ in range(count):
            length, after_ms, left, top, width, height, quality = _FACE.unpack_from(packed, offset)
            offset += _FACE.size
            track = packed[offset : offset + length].decode()
            offset += length
            values = confidences.unpack_from(packed, offset)
            offset += confidences.size
            faces.append(
                FaceRecord(
                    track_id=track,
                    at_ms=start_ms + after_ms,
                    box=Box(left=left / _FULL, top=top / _FULL, width=width / _FULL, height=height / _FULL),
                    quality=quality / _FULL,
                    confidences={name: value / _FULL for name, value in zip(names, values, strict=True)},
                )
            )
        if offset != len(packed):
            raise ValueError(f"they should have {offset} bytes and have {len(packed)}")
    except (struct.error, IndexError, ValueError) as problem:
        raise InvalidValue(f"face records are damaged: {problem}") from None
    return tuple(faces)


def _box_steps(box: Box) -> tuple[int, int, int, int]:
    # A box needs an area, so its sides are never rounded to 0.
    return (
        round(box.left * _FULL),
        round(box.top * _FULL),
        max(1, round(box.width * _FULL)),
        max(1, round(box.height * _FULL)),
    )
