"""Expressions, face records (one track's scores at one instant), and their packed form in stores."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from audience.errors import InvalidValue
from audience.ids import check_id

CODES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "smile": 0,
        "happy": 1,
        "surprised": 2,
        "calm": 3,
        "sad": 4,
        "angry": 5,
        "confused": 6,
        "disgusted": 7,
        "fear": 8,
        "contempt": 9,
        "facing": 10,
    }
)
"""Codes of everything that is measured of a face. Records store them, so this table may grow but never change."""

FACING: Final = "facing"
"""Whether a face is turned to the camera's axis: no expression, and not made by a scorer. Head counts may have it."""

FACING_THRESHOLD: Final = 0.5
"""The confidence of `FACING` from which a face counts as turned to the axis, whatever the scorer."""

EXPRESSIONS: Final[tuple[str, ...]] = tuple(name for name in CODES if name != FACING)

MEASURES: Final[tuple[str, ...]] = (*EXPRESSIONS, FACING)
"""Names of everything that is measured of a face: the expressions first."""

MEASURE_OF_CODE: Final[Mapping[int, str]] = MappingProxyType({code: name for name, code in CODES.items()})

UNSCORED: Final[Mapping[str, int]] = MappingProxyType({"covered": 1, "profile": 2, "small": 3, "unsure": 4})
"""Codes of the reasons why a face has no expression scores: its mouth is covered, it is turned away, it has too few
pixels, or the scorer has doubts of its own. Records store them, so this table may grow but never change."""

# The expression shown by default.
LEAD_EXPRESSION = "smile"


_FULL = 65535  # positions in the image and confidences are stored in steps of 1/65535
_VERSION = 2
_HEADER = struct.Struct("<BBH")  # version, number of layouts (in version 1: of expressions), number of faces
_LAYOUT = struct.Struct("<BB")  # code of the reason why faces are unscored, 0 for none; number of measures
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
        confidences: 0..1 by measure; without expressions where only heads are counted or `unscored` says why.
        unscored: why the face has no expression scores, one of `UNSCORED`; "" if it has, or if only heads are counted.
    """

    track_id: str
    at_ms: int
    box: Box
    quality: float
    confidences: Mapping[str, float]
    unscored: str = ""

    def __post_init__(self) -> None:
        if not 0 < len(self.track_id.encode()) <= 255:
            raise InvalidValue(f"track id {self.track_id[:20]!r} must have 1 to 255 bytes")
        if not 0 <= self.quality <= 1:
            raise InvalidValue(f"quality {self.quality} is not within 0..1")
        for name, confidence in self.confidences.items():
            if name not in CODES:
                raise InvalidValue(f"measure {name!r} is unknown: use one of {', '.join(MEASURES)}")
            if not 0 <= confidence <= 1:
                raise InvalidValue(f"confidence {confidence} of {name!r} is not within 0..1")
        if self.unscored and self.unscored not in UNSCORED:
            raise InvalidValue(f"reason {self.unscored!r} is unknown: use one of {', '.join(UNSCORED)}")
        if self.unscored and self.confidences.keys() - {FACING}:
            raise InvalidValue(f"a face that is unscored ({self.unscored}) has scores of expressions")


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

    Boxes, quality and confidences are rounded to 1/65535. Faces that were measured alike share a layout: the reason why
    they are unscored, and the measures they have.

    Raises:
        InvalidValue: there are more than 65,535 faces or 255 layouts, or a time or position is too far from the window
            or image to pack.
    """
    layouts = sorted({_layout(face) for face in faces})
    place = {layout: index for index, layout in enumerate(layouts)}
    try:
        parts = [_HEADER.pack(_VERSION, len(layouts), len(faces))]
        parts += [_LAYOUT.pack(unscored, len(codes)) + codes for unscored, codes in layouts]
        for face in faces:
            track, layout = face.track_id.encode(), _layout(face)
            steps = [round(face.confidences[MEASURE_OF_CODE[code]] * _FULL) for code in layout[1]]
            parts += [
                bytes([place[layout]]),
                _FACE.pack(len(track), face.at_ms - start_ms, *_box_steps(face.box), round(face.quality * _FULL)),
                track,
                struct.pack(f"<{len(steps)}H", *steps),
            ]
    except struct.error as problem:
        raise InvalidValue(f"faces of the window at {start_ms} ms cannot be packed: {problem}") from None
    return b"".join(parts)


def unpack_faces(packed: bytes, start_ms: int) -> tuple[FaceRecord, ...]:
    """Unpacks what `pack_faces` packed, in this version or an earlier one.

    Raises:
        InvalidValue: the bytes are damaged or of another version.
    """
    try:
        version, count_of_layouts, count = _HEADER.unpack_from(packed)
        offset = _HEADER.size
        if version == 1:  # one set of expressions, which every face has
            layouts = [(0, packed[offset : offset + count_of_layouts])]
            offset += count_of_layouts
        elif version == _VERSION:
            layouts = []
            for _ in range(count_of_layouts):
                unscored, measures = _LAYOUT.unpack_from(packed, offset)
                offset += _LAYOUT.size
                layouts.append((unscored, packed[offset : offset + measures]))
                offset += measures
        else:
            raise ValueError(f"they are of version {version}, but this is version {_VERSION}")
        if layouts != sorted(set(layouts)) or any(list(codes) != sorted(set(codes)) for _, codes in layouts):
            raise ValueError("measures are repeated or out of order")
        reasons = {0: "", **{code: name for name, code in UNSCORED.items()}}
        read = [
            (reasons[unscored], [MEASURE_OF_CODE[code] for code in codes], struct.Struct(f"<{len(codes)}H"))
            for unscored, codes in layouts
        ]
        faces, used = [], set()
        for _ in range(count):
            layout = 0
            if version > 1:
                layout = packed[offset]
                offset += 1
            used.add(layout)
            unscored, names, confidences = read[layout]
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
                    unscored=unscored,
                )
            )
        if offset != len(packed):
            raise ValueError(f"they should have {offset} bytes and have {len(packed)}")
        if version > 1 and len(used) < len(layouts):
            raise ValueError("a layout has no face")
    except (struct.error, IndexError, KeyError, ValueError) as problem:
        raise InvalidValue(f"face records are damaged: {problem}") from None
    return tuple(faces)


def _layout(face: FaceRecord) -> tuple[int, bytes]:
    """The code of the reason why a face is unscored, 0 for none; and the codes of its measures, ascending."""
    codes = bytes(sorted(CODES[name] for name in face.confidences))
    return UNSCORED.get(face.unscored, 0), codes


def _box_steps(box: Box) -> tuple[int, int, int, int]:
    # A box needs an area, so its sides are never rounded to 0.
    return (
        round(box.left * _FULL),
        round(box.top * _FULL),
        max(1, round(box.width * _FULL)),
        max(1, round(box.height * _FULL)),
    )
