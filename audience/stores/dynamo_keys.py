"""Where things stand in the table: partition and sort keys, and ranges of them.

| what | pk | sk |
|---|---|---|
| windows | `S#<session>#<stage>` | `W#<start_ms, 13 digits>#<camera>#<part>` |
| single faces | `S#<session>#<stage>` | `F#<start_ms, 13 digits>#<camera>#<part>` |
| stages | `D#<session>` | `STAGE#<stage>` |
| cameras, progress, heartbeats | `D#<session>` | `CAMERA#<stage>#<camera>`, `PROGRESS#…`, `HEARTBEAT#…` |
| rules, alerts, marks, watchers | `D#<session>` | `ALERTING#RULE#<rule>`, `ALERTING#ALERT#<alert>`, … |
| sessions | `SESSIONS` | `SESSION#<session>` |
| scorers that sessions share, and that a session's cameras declared | `SCORERS`, `D#<session>` | `SCORER#<name>` |
| stages that were recorded | `RECORDED` | `<session>#<stage>` |

Ids hold no `#`, and every character they may hold comes after it, so keys stand in the order of their parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from audience.windows import LATEST_MS

Item = dict[str, dict[str, Any]]
Kind = Literal["W#", "F#"]

SESSIONS = "SESSIONS"
SCORERS = "SCORERS"
RECORDED = "RECORDED"

_DIGITS = 13
_TIME = slice(2, 2 + _DIGITS)  # within the sort key of a window or of faces


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """The keys of one partition whose sort keys lie between `low` and `high`, both included."""

    partition: str
    low: str
    high: str


def key(partition: str, sort: str) -> Item:
    """A key as the table takes it."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def documents_of(session_id: str) -> str:
    """The partition of what is known of a session's stages and cameras."""
    return f"D#{session_id}"


def records_of(session_id: str, stage_id: str) -> str:
    """The partition of a stage's windows and faces."""
    return f"S#{session_id}#{stage_id}"


def record_key(kind: Kind, session_id: str, stage_id: str, start_ms: int, camera_id: str, part: str) -> Item:
    """The key of a window (`W#`) or of the faces behind one (`F#`)."""
    return key(records_of(session_id, stage_id), f"{kind}{start_ms:0{_DIGITS}d}#{camera_id}#{part}")


def start_camera_part(sort: str) -> tuple[int, str, str]:
    """What the sort key of a window or of faces says: start_ms, camera id, part."""
    _, start, camera_id, part = sort.split("#")
    return int(start), camera_id, part


def under(partition: str, *ids: str) -> KeyRange:
    """The keys whose first parts are `ids`, with more to follow; without ids, the whole partition."""
    if not ids:
        return KeyRange(partition=partition, low=" ", high="~")
    begin = "#".join(ids)
    return KeyRange(partition=partition, low=begin + "#", high=begin + "$")  # "$" is the character after "#"


def between(kind: Kind, session_id: str, stage_id: str, from_ms: int | None, until_ms: int | None) -> KeyRange | None:
    """The windows or faces that start in [from_ms, until_ms); None where that is empty."""
    first = max(0, from_ms or 0)
    end = LATEST_MS + 1 if until_ms is None else min(until_ms, LATEST_MS + 1)
    if first >= end:
        return None
    # A bound is shorter than every key of its instant, and so stands before them all.
    return KeyRange(
        partition=records_of(session_id, stage_id),
        low=_bound(kind, first),
        high=_bound(kind, end) if end <= LATEST_MS else f"{kind[0]}$",
    )


def rest_in_stretches(keys: KeyRange, *, first: str, reached: str, last: str, ways: int) -> list[KeyRange]:
    """Cuts what was not read yet into stretches of equal time, to be read at once.

    Args:
        keys: a range of windows or faces.
        first: sort key of the first record in it.
        reached: of the last record that was read.
        last: of the last record there is; what is added after it meanwhile falls into the last stretch.
        ways: stretches wanted at most; fewer where less is left than a stretch as long as what was read.

    Returns:
        At least one stretch, in order; together all keys after `reached`, none twice.
    """
    kind: Kind = "W#" if keys.low.startswith("W") else "F#"
    begin_ms, reached_ms, last_ms = (int(sort[_TIME]) for sort in (first, reached, last))
    left_ms = last_ms - reached_ms
    ways = max(1, min(ways, -(-left_ms // max(1, reached_ms - begin_ms))))
    cuts = (reached_ms + left_ms * way // ways for way in range(1, ways))
    # "!" comes before every character of an id: this is the place right after the record that was read last.
    marks = [reached + "!", *(_bound(kind, cut) for cut in cuts if cut > reached_ms), keys.high]
    return [KeyRange(partition=keys.partition, low=low, high=high) for low, high in pairwise(marks)]


def distinct(items: Iterable[Item]) -> list[Item]:
    """The items with those left out whose key comes again: one request must not name a key twice."""
    return list({(item["pk"]["S"], item["sk"]["S"]): item for item in items}.values())


def _bound(kind: Kind, at_ms: int) -> str:
    return f"{kind}{at_ms:0{_DIGITS}d}"
