"""Windows, faces and documents as items of the table.

A window is two attributes to a reader: its sort key and one packed binary. Seven plain ones take three times as long
to read, because boto3 looks at every attribute by itself, and a long session has 43,200 windows.
"""

from __future__ import annotations

import struct

from audience.errors import InvalidValue
from audience.faces import WindowFaces, pack_faces, unpack_faces
from audience.stores.dynamo_keys import Item, record_key, start_camera_part
from audience.windows import WindowRecord, pack_tallies

WINDOW_ATTRIBUTES = ("sk", "window")
FACES_ATTRIBUTES = ("sk", "faces", "scorer", "expires_ms")
LARGEST_PACKED = 390_000  # of the 400 KB that an item may have; keys and the rest need some

_VERSION = 1
_HEAD = struct.Struct("<BQIIH")  # version, width in ms, faces, faces expected, bytes of the scorer's name

WindowRow = tuple[int, str, int, int, int, bytes, str]


def window_item(window: WindowRecord) -> Item:
    """The item of a window."""
    scorer = window.scorer.encode()
    head = _HEAD.pack(_VERSION, window.width_ms, window.faces, window.expected, len(scorer))
    return {
        **record_key("W#", window.session_id, window.stage_id, window.start_ms, window.camera_id, window.part),
        "window": {"B": head + scorer + pack_tallies(window.tallies)},
        **_expiry(window.expires_ms),
    }


def window_row(item: Item) -> WindowRow:
    """A row for `WindowTable.of_rows`, of an item with `WINDOW_ATTRIBUTES`.

    Raises:
        InvalidValue: the item is damaged or of another version.
    """
    start_ms, camera_id, _ = start_camera_part(item["sk"]["S"])
    packed: bytes = item["window"]["B"]
    try:
        version, width_ms, faces, expected, length = _HEAD.unpack_from(packed)
        if version != _VERSION:
            raise ValueError(f"it is of version {version}, and this is version {_VERSION}")
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
