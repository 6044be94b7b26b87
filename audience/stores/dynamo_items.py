"""Keys and items of the DynamoDB table.

- cameras, windows and single faces: `S#<session>#<stage>`, `CAMERA#<camera>`, `W#<start_ms, 13 digits>#<camera>#<part>`
  and `F#…`
- roll-ups of a minute and of ten minutes: `S#<session>#<stage>`, `M#<start_ms, 13 digits>` and `T#…`
- a session and what a list shows of it: `D#<session>`, `SESSION` and `SESSION#OVERVIEW`
- stages: `D#<session>`, `STAGE#<stage>`
- transcripts, compressed, and pictures of slides: `D#<session>`, `TRANSCRIPT#<stage>` and `PICTURE#<stage>#<picture>`
- progress of recordings: `D#<session>`, `PROGRESS#<stage>#<camera>`
- heartbeats: `H#<session>#<shard>`, `<stage>#<camera>`
- rules, alerts, marks, watchers, reports that were mailed: `D#<session>`, `ALERTING#RULE#<rule>`, `ALERTING#ALERT#…`
- scorers that all share, in copies, and those declared by a session's cameras: `SCORERS#<copy>` and `D#<session>`,
  `SCORER#<name>`
- stages that have cameras or records: `R#<session>#<shard>`, `<stage>`, with the instant of the latest mark
- the index of sessions: `SESSIONS#<month>`, `FILM#<film>` and `WORD#<first letter>` (`audience.stores.dynamo_index`),
  and the months there are: `MONTHS`, `<month>`
- sessions that have rules or alerts: `ALERTS`, as in the index
- that the table is of this version: `VERSION`
- sessions that changed on a day: `CHANGED#<day>#<shard>`, `<session>`

What many stages write or read at once is spread over shards: a partition takes 1,000 writes and 3,000 reads a second.

Ids contain no `#`, and it sorts before all their characters, so keys sort by their parts.

A window's item has named numbers, so that other programs can read the series: session, stage, camera, part, start (ISO
8601, UTC) and start_ms, width_ms, faces, expected, scorer, and for each expression a map of n (faces scored), sum and
squares (of their confidences) and over (faces that reach the scorer's threshold).
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from audience.errors import InvalidValue
from audience.faces import CODES, MEASURE_OF_CODE, MEASURES, WindowFaces, pack_faces, unpack_faces
from audience.time import from_ms, instant_text
from audience.windows import EARLIER_TALLY_TYPE, LATEST_MS, Tally, WindowRecord, pack_numbers

Item = dict[str, dict[str, Any]]
Kind = Literal["W#", "F#"]

SESSIONS = "SESSIONS"  # earlier versions kept all sessions in this partition
SESSION = "SESSION"
SCORERS = "SCORERS"  # earlier versions kept shared scorers in this partition
RECORDED = "RECORDED"  # earlier versions kept the marks of all stages in this partition

_RECORDED_SHARDS = 16
_HEARTBEAT_SHARDS = 16
_CHANGED_SHARDS = 32
_SCORER_COPIES = 32

_DIGITS = 13
_TIME = slice(2, 2 + _DIGITS)  # start_ms in the sort key of a window or of faces


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """The keys of one partition with sort keys from `low` to `high`, inclusive."""

    partition: str
    low: str
    high: str


def key(partition: str, sort: str) -> Item:
    """The key attributes of an item."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def documents_of(session_id: str) -> str:
    """The partition of a session's documents."""
    return f"D#{session_id}"


def records_of(session_id: str, stage_id: str) -> str:
    """The partition of a stage's cameras, windows and faces."""
    return f"S#{session_id}#{stage_id}"


def camera_key(session_id: str, stage_id: str, camera_id: str) -> Item:
    """The key of a camera."""
    return key(records_of(session_id, stage_id), f"CAMERA#{camera_id}")


def cameras_of(session_id: str, stage_id: str) -> KeyRange:
    """The keys of a stage's cameras."""
    return under(records_of(session_id, stage_id), "CAMERA")


def heartbeat_key(session_id: str, stage_id: str, camera_id: str) -> Item:
    """The key of a camera's heartbeat: thousands of cameras may write theirs every two seconds."""
    camera = f"{stage_id}#{camera_id}"
    return key(f"H#{session_id}#{_shard(camera, _HEARTBEAT_SHARDS)}", camera)


def heartbeats_of(session_id: str) -> list[KeyRange]:
    """The keys of a session's heartbeats."""
    return [under(f"H#{session_id}#{shard}") for shard in range(_HEARTBEAT_SHARDS)]


def recorded_key(session_id: str, stage_id: str) -> Item:
    """The key of the mark that a stage has cameras or records."""
    return key(f"R#{session_id}#{_shard(stage_id, _RECORDED_SHARDS)}", stage_id)


def recorded_of(session_id: str) -> list[KeyRange]:
    """The keys of the marks of a session's stages."""
    return [under(f"R#{session_id}#{shard}") for shard in range(_RECORDED_SHARDS)]


def shared_scorer_keys(name: str) -> list[Item]:
    """The keys of the copies of a scorer that all sessions share: every function copy reads these."""
    return [key(f"{SCORERS}#{shard}", name) for shard in range(_SCORER_COPIES)]


def shared_scorers() -> KeyRange:
    """The keys of one copy, drawn by chance, of the scorers that all sessions share."""
    return under(f"{SCORERS}#{random.randrange(_SCORER_COPIES)}")


def changed_key(day: str, session_id: str, stage_id: str = "") -> Item:
    """The key of the mark that a session changed on a day; what changed on different stages is spread over shards."""
    return key(f"CHANGED#{day}#{_shard(f'{session_id}#{stage_id}', _CHANGED_SHARDS)}", session_id)


def changed_on(day: str) -> list[KeyRange]:
    """The keys of the marks of sessions that changed on a day."""
    return [under(f"CHANGED#{day}#{shard}") for shard in range(_CHANGED_SHARDS)]


def _shard(text: str, shards: int) -> int:
    return zlib.crc32(text.encode()) % shards


def record_key(kind: Kind, session_id: str, stage_id: str, start_ms: int, camera_id: str, part: str) -> Item:
    """The key of a window (`W#`) or of the faces behind one (`F#`)."""
    return key(records_of(session_id, stage_id), f"{kind}{start_ms:0{_DIGITS}d}#{camera_id}#{part}")


def start_camera_part(sort: str) -> tuple[int, str, str]:
    """Parses the sort key of a window or of faces: start_ms, camera id, part."""
    _, start, camera_id, part = sort.split("#")
    return int(start), camera_id, part


def under(partition: str, *ids: str) -> KeyRange:
    """The keys that begin with the parts `ids` and have more parts; without ids, the whole partition."""
    if not ids:
        return KeyRange(partition=partition, low=" ", high="~")
    begin = "#".join(ids)
    return KeyRange(partition=partition, low=begin + "#", high=begin + "$")  # "$" is the character after "#"


def between(kind: Kind, session_id: str, stage_id: str, from_ms: int | None, until_ms: int | None) -> KeyRange | None:
    """The keys of windows or faces that start in [from_ms, until_ms); None for an empty range."""
    first = max(0, from_ms or 0)
    end = LATEST_MS + 1 if until_ms is None else min(until_ms, LATEST_MS + 1)
    if first >= end:
        return None
    # A bound is a prefix of every key of its instant, so it sorts before them.
    return KeyRange(
        partition=records_of(session_id, stage_id),
        low=_bound(kind, first),
        high=_bound(kind, end) if end <= LATEST_MS else f"{kind[0]}$",
    )


def split_rest(keys: KeyRange, *, first: str, reached: str, last: str, parts: int) -> list[KeyRange]:
    """Splits the unread rest of a range into stretches of equal time, for parallel reading.

    Args:
        keys: a range of windows or faces.
        first: sort key of its first record.
        reached: sort key of the last record that was read.
        last: sort key of its last record; later additions fall into the last stretch.
        parts: the most stretches; fewer if the rest is short compared with what was read.

    Returns:
        At least one stretch, in order; together they cover all keys after `reached` exactly once.
    """
    kind: Kind = "W#" if keys.low.startswith("W") else "F#"
    begin_ms, reached_ms, last_ms = (int(sort[_TIME]) for sort in (first, reached, last))
    left_ms = last_ms - reached_ms
    parts = max(1, min(parts, -(-left_ms // max(1, reached_ms - begin_ms))))
    cuts = (reached_ms + left_ms * part // parts for part in range(1, parts))
    # "!" sorts before every character of an id, so this is the key directly after the last record read.
    marks = [reached + "!", *(_bound(kind, cut) for cut in cuts if cut > reached_ms), keys.high]
    return [KeyRange(partition=keys.partition, low=low, high=high) for low, high in pairwise(marks)]


def distinct(items: Iterable[Item]) -> list[Item]:
    """Removes items with duplicate keys, because a request must not repeat a key."""
    return list({(item["pk"]["S"], item["sk"]["S"]): item for item in items}.values())


def _bound(kind: Kind, at_ms: int) -> str:
    return f"{kind}{at_ms:0{_DIGITS}d}"


PACKED = "window"  # the packed attribute of items of version 1
WINDOW_ATTRIBUTES = ("sk", "version", "width_ms", "faces", "expected", "scorer", PACKED, *MEASURES)
FACES_ATTRIBUTES = ("sk", "faces", "scorer", "expires_ms")
LARGEST_PACKED = 390_000  # of the 400 KB limit of an item, less keys and other attributes

_PACKED_VERSION = 1
_VERSION = 3
_READ = ("2", "3")  # version 2 had no estimates
_HEAD = struct.Struct("<BQIIH")  # version, width in ms, faces, faces expected, bytes of the scorer's name

WindowRow = tuple[int, str, int, int, int, bytes, str]


def window_item(window: WindowRecord) -> Item:
    """Serialises a window."""
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
        **{name: {"M": _tally_map(tally)} for name, tally in window.tallies.items()},
        **expiry(window.expires_ms),
    }


def window_row(item: Item) -> WindowRow:
    """Parses an item with `WINDOW_ATTRIBUTES` into a row for `WindowTable.of_rows`.

    Raises:
        InvalidValue: the item is damaged or of another version.
    """
    start_ms, camera_id, _ = start_camera_part(item["sk"]["S"])
    if PACKED in item:
        return _packed_row(start_ms, camera_id, item[PACKED]["B"])
    try:
        version = item["version"]["N"]
        if version not in _READ:
            raise ValueError(f"it is of version {version}, but this is version {_VERSION}")
        tallies = pack_numbers(_tally_numbers(code, item[name]["M"]) for name, code in CODES.items() if name in item)
        width_ms, faces, expected = (int(item[name]["N"]) for name in ("width_ms", "faces", "expected"))
        return start_ms, camera_id, width_ms, faces, expected, tallies, item["scorer"]["S"]
    except KeyError as problem:
        raise InvalidValue(f"window record at {start_ms} ms is damaged: it has no {problem.args[0]}") from None
    except (struct.error, ValueError) as problem:
        raise InvalidValue(f"window record at {start_ms} ms is damaged: {problem}") from None


def renewed_item(item: Item, session_id: str, stage_id: str) -> Item:
    """Converts a complete window item of version 1 to the current version.

    Raises:
        InvalidValue: the item is damaged.
    """
    start_ms, camera_id, part = start_camera_part(item["sk"]["S"])
    _, _, width_ms, faces, expected, packed, scorer = _packed_row(start_ms, camera_id, item[PACKED]["B"])
    try:
        tallies = {
            MEASURE_OF_CODE[code]: Tally(faces=faces, total=total, squares=squares, over=over)
            for code, over, total, squares in np.frombuffer(packed, dtype=EARLIER_TALLY_TYPE).tolist()
        }
    except (KeyError, ValueError) as problem:
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


def _tally_map(tally: Tally) -> Item:
    numbers = {
        "n": {"N": str(tally.faces)},
        "sum": {"N": number(tally.total)},
        "squares": {"N": number(tally.squares)},
        "over": {"N": str(tally.over)},
    }
    if tally.estimate is not None and tally.variance is not None:
        numbers |= {"estimate": {"N": number(tally.estimate)}, "variance": {"N": number(tally.variance)}}
    return numbers


def _tally_numbers(code: int, one: Item) -> tuple[int, int, int, float, float, float | None, float | None]:
    return (
        code,
        int(one["n"]["N"]),
        int(one["over"]["N"]),
        float(one["sum"]["N"]),
        float(one["squares"]["N"]),
        float(one["estimate"]["N"]) if "estimate" in one else None,
        float(one["variance"]["N"]) if "variance" in one else None,
    )


def number(value: float) -> str:
    """The shortest decimal text that parses to the same number; DynamoDB keeps up to 38 digits."""
    return repr(float(value)).removesuffix(".0")


def _packed_row(start_ms: int, camera_id: str, packed: bytes) -> WindowRow:
    try:
        version, width_ms, faces, expected, length = _HEAD.unpack_from(packed)
        if version != _PACKED_VERSION:
            raise ValueError(f"it is of version {version}, and packed windows are of version {_PACKED_VERSION}")
        tallies_at = _HEAD.size + length
        if tallies_at > len(packed):
            raise ValueError("it is truncated")
        scorer = packed[_HEAD.size : tallies_at].decode()
    except (struct.error, ValueError) as problem:
        raise InvalidValue(f"window record at {start_ms} ms is damaged: {problem}") from None
    return start_ms, camera_id, width_ms, faces, expected, packed[tallies_at:], scorer


def faces_item(seen: WindowFaces) -> Item:
    """Serialises the faces behind a window.

    Raises:
        InvalidValue: the faces cannot be packed, or are too many for an item.
    """
    packed = pack_faces(seen.faces, seen.start_ms)
    if len(packed) > LARGEST_PACKED:
        raise InvalidValue(
            f"{len(seen.faces)} faces of the window at {seen.start_ms} ms take {len(packed)} bytes, and DynamoDB "
            f"allows {LARGEST_PACKED}: deliver them in several parts"
        )
    return {
        **record_key("F#", seen.session_id, seen.stage_id, seen.start_ms, seen.camera_id, seen.part),
        "faces": {"B": packed},
        "scorer": {"S": seen.scorer},
        **expiry(seen.expires_ms),
    }


def faces_of(item: Item, session_id: str, stage_id: str) -> WindowFaces:
    """Parses an item with `FACES_ATTRIBUTES`.

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
    """An item with a JSON document."""
    return {**key, "document": {"S": document}}


def expiry(expires_ms: int | None) -> Item:
    """The attributes of an item that expires; none for one that does not."""
    if expires_ms is None:
        return {}
    # Rounded up, because TTL has whole seconds and must not delete too early.
    return {"expires_at": {"N": str(-(-expires_ms // 1000))}, "expires_ms": {"N": str(expires_ms)}}
