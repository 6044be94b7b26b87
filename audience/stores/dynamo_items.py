"""Windows, faces and documents as items of the table.

A window's item holds numbers under names, so that other programs read the series without Houselights: session, stage,
camera, part, start (ISO 8601, UTC) and start_ms, width_ms, faces, expected, scorer, and for each expression a map of n
(faces scored), sum and squares (of their confidences) and over (faces that
reach the scorer's threshold).
"""

from __future__ import annotations

import struct

import numpy as np

from audience.errors import InvalidValue
from audience.expressions import CODES, EXPRESSIONS
from audience.faces import WindowFaces, pack_faces, unpack_faces
from audience.instants import from_ms, instant_text
from audience.stores.dynamo_keys import Item, record_key, start_camera_part
from audience.windows import TALLY_TYPE, Tally, WindowRecord

PACKED = "window"  # what items of the first version hold instead of names
WINDOW_ATTRIBUTES = ("sk", "version", "width_ms", "faces", "expected", "scorer", PACKED, *EXPRESSIONS)
FACES_ATTRIBUTES = ("sk", "faces", "scorer", "expires_ms")
LARGEST_PACKED = 390_000  # of the 400 KB that an item may have; keys and the rest need some

_PACKED_VERSION = 1
_VERSION = 2
_TALLY = struct.Struct("<BIdd")  # as `TALLY_TYPE`
_HEAD = struct.Struct("<BQIIH")  # version, width in ms, faces, faces expected, bytes of the scorer's name

WindowRow = tuple[int, str, int, int, int, bytes, str]


def window_item(window: WindowRecord) -> Item:
    """The item of a window."""
    return {
        **record_key("W#", window.session_id, window.stage_id, window.start_ms, window.camera_id, window.part),
        "version": {"N": str(_VERSION)},
        "session": {"S": window.session_id},
        "stage": {"S": window.stage_id},
        "camera": {"S": window.camera_id},
        "part": {"S": window.part},
        "start": {"S": instant_text(from_ms(window.start_ms))},
        "start_ms": {"N": str(window.start_ms)},
        "width_ms": {"N": str(window.width_ms)},
        "faces": {"N": str(window.faces)},
        "expected": {"N": str(window.expected)},
        "scorer": {"S": window.scorer},
        **{name: {"M": _tally_map(window.faces, tally)} for name, tally in window.tallies.items()},
        **_expiry(window.expires_ms),
    }


def window_row(item: Item) -> WindowRow:
    """A row for `WindowTable.of_rows`, of an item with `WINDOW_ATTRIBUTES`.

    Raises:
        InvalidValue: the item is damaged or of another version.
    """
    start_ms, camera_id, _ = start_camera_part(item["sk"]["S"])
    if PACKED in item:
        return _packed_row(start_ms, camera_id, item[PACKED]["B"])
    try:
        version = item["version"]["N"]
        if version != str(_VERSION):
            raise ValueError(f"it is of version {version}, and this is version {_VERSION}")
        tallies = b"".join(
            [
                _TALLY.pack(code, int(one["over"]["N"]), float(one["sum"]["N"]), float(one["squares"]["N"]))
                for one, code in [(item[name]["M"], code) for name, code in CODES.items() if name in item]
            ]
        )
        width_ms, faces, expected = (int(item[name]["N"]) for name in ("width_ms", "faces", "expected"))
        return start_ms, camera_id, width_ms, faces, expected, tallies, item["scorer"]["S"]
    except KeyError as problem:
        raise InvalidValue(f"window record at {start_ms} ms is damaged: it has no {problem.args[0]}") from None
    except (struct.error, ValueError) as problem:
        raise InvalidValue(f"window record at {start_ms} ms is damaged: {problem}") from None


def renewed_item(item: Item, session_id: str, stage_id: str) -> Item:
    """The item of a window of the first version, whole, as it is written now.

    Raises:
        InvalidValue: the item is damaged.
    """
    start_ms, camera_id, part = start_camera_part(item["sk"]["S"])
    _, _, width_ms, faces, expected, packed, scorer = _packed_row(start_ms, camera_id, item[PACKED]["B"])
    try:
        tallies = {
            EXPRESSIONS[code]: Tally(total=total, squares=squares, over=over)
            for code, over, total, squares in np.frombuffer(packed, dtype=TALLY_TYPE).tolist()
        }
    except (IndexError, ValueError) as problem:
        raise InvalidValue(f"window record at {start_ms} ms is damaged: {problem}") from None
    return window_item(
        WindowRecord(
            session_id=session_id,
            stage_id=stage_id,
            camera_id=camera_id,
            start_ms=start_ms,
            part=part,
            width_ms=width_ms,
            faces=faces,
            expected=expected,
            tallies=tallies,
            scorer=scorer,
            expires_ms=int(item["expires_ms"]["N"]) if "expires_ms" in item else None,
        )
    )


def _tally_map(faces: int, tally: Tally) -> Item:
    return {
        "n": {"N": str(faces)},
        "sum": {"N": _number(tally.total)},
        "squares": {"N": _number(tally.squares)},
        "over": {"N": str(tally.over)},
    }


def _number(value: float) -> str:
    """The fewest digits that give the same number back; DynamoDB keeps up to 38."""
    return repr(float(value)).removesuffix(".0")


def _packed_row(start_ms: int, camera_id: str, packed: bytes) -> WindowRow:
    try:
        version, width_ms, faces, expected, length = _HEAD.unpack_from(packed)
        if version != _PACKED_VERSION:
            raise ValueError(f"it is of version {version}, and packed windows are of version {_PACKED_VERSION}")
        tallies_at = _HEAD.size + length
        if tallies_at > len(packed):
            raise ValueError("it is cut short")
        scorer = packed[_HEAD.size : tallies_at].decode()
    except (struct.error, ValueError) as problem:
        raise InvalidValue(f"window record at {start_ms} ms is damaged: {problem}") from None
    return start_ms, camera_id, width_ms, faces, expected, packed[tallies_at:], scorer


def faces_item(seen: WindowFaces) -> Item:
    """The item of the faces behind a window.

    Raises:
        InvalidValue: the faces cannot be packed, or are more than an item holds.
    """
    packed = pack_faces(seen.faces, seen.start_ms)
    if len(packed) > LARGEST_PACKED:
        raise InvalidValue(
            f"{len(seen.faces)} faces of the window at {seen.start_ms} ms take {len(packed)} bytes, and DynamoDB keeps "
            f"{LARGEST_PACKED} together: deliver them in several parts"
        )
    return {
        **record_key("F#", seen.session_id, seen.stage_id, seen.start_ms, seen.camera_id, seen.part),
        "faces": {"B": packed},
        "scorer": {"S": seen.scorer},
        **_expiry(seen.expires_ms),
    }


def faces_of(item: Item, session_id: str, stage_id: str) -> WindowFaces:
    """The faces of an item with `FACES_ATTRIBUTES`.

    Raises:
        InvalidValue: the item is damaged or of another version.
    """
    start_ms, camera_id, part = start_camera_part(item["sk"]["S"])
    return WindowFaces(
        session_id=session_id,
        stage_id=stage_id,
        camera_id=camera_id,
        start_ms=start_ms,
        part=part,
        scorer=item["scorer"]["S"],
        faces=unpack_faces(item["faces"]["B"], start_ms),
        expires_ms=int(item["expires_ms"]["N"]) if "expires_ms" in item else None,
    )


def document_item(key: Item, document: str) -> Item:
    """The item of a JSON document."""
    return {**key, "document": {"S": document}}


def _expiry(expires_ms: int | None) -> Item:
    if expires_ms is None:
        return {}
    # DynamoDB counts whole seconds: it must not forget before the time.
    return {"expires_at": {"N": str(-(-expires_ms // 1000))}, "expires_ms": {"N": str(expires_ms)}}
