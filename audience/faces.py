"""One track's score at one instant, and all such scores of a window packed into few bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audience.errors import InvalidValue
from audience.expressions import CODES, EXPRESSIONS

_FULL = 65535  # shares of the image and confidences are kept in steps of 1/65535
_VERSION = 1
_HEADER = struct.Struct("<BBH")  # version, number of expressions, number of faces
_FACE = struct.Struct("<B i 4i H")  # length of the track id, milliseconds into the window, box, quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a face is, as fractions of the image's width and height; may reach past the image's edges."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0 and math.isfinite(self.left) and math.isfinite(self.top)):
            raise InvalidValue(f"box {self.left, self.top, self.width, self.height} is not a box")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRecord:
    """One track at one instant.

    Attributes:
        track_id: the track, unique on its camera for good.
        at_ms: when, milliseconds since the epoch.
        box: where in the image.
        quality: how well the face could be seen, 0..1.
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
        for name, confidence in self.confidences.items():
            if name not in CODES:
                raise InvalidValue(f"expression {name!r} is unknown: use one of {', '.join(EXPRESSIONS)}")
            if not 0 <= confidence <= 1:
                raise InvalidValue(f"confidence {confidence} of {name!r} is not within 0..1")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFaces:
    """The single faces behind one `WindowRecord`, kept apart from it because they are kept for a shorter time.

    Attributes:
        session_id, stage_id, camera_id, start_ms, part: the window's key.
        scorer: name and version of the scorer; "" where only heads are counted.
        faces: at most one a track.
        expires_ms: when the store forgets them, milliseconds since the epoch; None for never.
    """

    session_id: str
    stage_id: str
    camera_id: str
    start_ms: int
    part: str
    scorer: str
    faces: tuple[FaceRecord, ...]
    expires_ms: int | None = None


def pack_faces(faces: Sequence[FaceRecord], start_ms: int) -> bytes:
    """Packs the faces of the window that starts at `start_ms`, about 30 bytes a face.

    Boxes, quality and confidences are rounded to 1/65535. All faces must have the same expressions.
    """
    names = sorted(faces[0].confidences, key=CODES.__getitem__) if faces else []
    parts = [_HEADER.pack(_VERSION, len(names), len(faces)), bytes(CODES[name] for name in names)]
    confidences = struct.Struct(f"<{len(names)}H")
    for face in faces:
        if len(face.confidences) != len(names):
            raise InvalidValue("faces of one window were scored for different expressions")
        track = face.track_id.encode()
        box = (face.box.left, face.box.top, face.box.width, face.box.height)
        parts.append(
            _FACE.pack(len(track), face.at_ms - start_ms, *(round(side * _FULL) for side in box), _step(face.quality))
        )
        parts.append(track)
        parts.append(confidences.pack(*(_step(face.confidences[name]) for name in names)))
    return b"".join(parts)


def unpack_faces(packed: bytes, start_ms: int) -> tuple[FaceRecord, ...]:
    """The faces `pack_faces` packed.

    Raises:
        InvalidValue: the bytes are damaged or of another version.
    """
    try:
        version, expressions, count = _HEADER.unpack_from(packed)
        if version != _VERSION:
            raise InvalidValue(f"face records of version {version} are unknown: this is version {_VERSION}")
        offset = _HEADER.size + expressions
        names = [EXPRESSIONS[code] for code in packed[_HEADER.size : offset]]
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
    except (struct.error, IndexError, UnicodeDecodeError) as problem:
        raise InvalidValue(f"face records are damaged: {problem}") from None
    return tuple(faces)


def _step(fraction: float) -> int:
    return min(_FULL, max(0, round(fraction * _FULL)))
