"""Roll-ups and overviews in the DynamoDB table, and what of them to recompute when items changed.

`audience.stores.rollup_renewal` runs on the table's stream. What is written is recomputed from all windows of a minute,
so late, doubled, corrected and deleted windows leave what is right, and a call that is repeated changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from audience.errors import InvalidValue
from audience.rollups import (
    TEN_MINUTES_MS,
    MeasureSums,
    Rollup,
    RollupWidth,
    minute_rollup,
    rollup_table,
    ten_minute_rollup,
)
from audience.sessions import MINUTE_MS, Camera
from audience.store import Overview
from audience.stores import documents
from audience.stores.dynamo_index import OVERVIEW
from audience.stores.dynamo_items import (
    WINDOW_ATTRIBUTES,
    Item,
    KeyRange,
    between,
    documents_of,
    expiry,
    key,
    number,
    records_of,
    start_camera_part,
    window_row,
)
from audience.stores.dynamo_sessions import DynamoSessions
from audience.stores.dynamo_table import DynamoTable
from audience.window_table import WindowTable
from audience.windows import LATEST_MS

_KINDS: dict[int, str] = {MINUTE_MS: "M#", TEN_MINUTES_MS: "T#"}
_ATTRIBUTES: Final = ("sk", "width_ms", "faces", "expected", "covered", "windows", "scorers", "expires_ms", "measures")


class DynamoRollups:
    """The roll-ups of one table. Thread-safe."""

    def __init__(self, table: DynamoTable, sessions: DynamoSessions) -> None:
        self._table, self._sessions = table, sessions

    def read(
        self, session_id: str, stage_id: str, width_ms: RollupWidth, from_ms: int | None, until_ms: int | None
    ) -> WindowTable:
        """See `Store.rollups`."""
        keys = _range(width_ms, session_id, stage_id, from_ms, until_ms)
        return rollup_table(self._rows(keys) if keys else [], width_ms)

    def renew(self, session_id: str, stage_id: str, minutes: Iterable[int], cameras: Sequence[Camera]) -> None:
        """Recomputes the roll-ups of some minutes, and of the ten minutes that they belong to.

        Args:
            session_id, stage_id: the stage.
            minutes: their starts, milliseconds since the epoch.
            cameras: the stage's cameras.

        Raises:
            SessionNotFound: the session does not exist, or was deleted; nothing is written.
        """
        self._write(
            MINUTE_MS, session_id, stage_id, {at: self._minute(session_id, stage_id, at, cameras) for at in minutes}
        )
        tens = {}
        for at in sorted({minute - minute % TEN_MINUTES_MS for minute in minutes}):
            keys = _range(MINUTE_MS, session_id, stage_id, at, at + TEN_MINUTES_MS)
            tens[at] = ten_minute_rollup(self._rows(keys) if keys else [])
        self._write(TEN_MINUTES_MS, session_id, stage_id, tens)

    def recorded_minutes(self, session_id: str, stage_id: str) -> set[int]:
        """The minutes of a stage that have windows or roll-ups; reads all its windows."""
        found: set[int] = set()
        for keys in (
            between("W#", session_id, stage_id, None, None),
            _range(MINUTE_MS, session_id, stage_id, None, None),
        ):
            assert keys is not None
            starts = (int(item["sk"]["S"].split("#")[1]) for item in self._table.rows(keys, ("sk",)))
            found |= {start - start % MINUTE_MS for start in starts}
        return found

    def overlaps(self, session_id: str, stage_id: str) -> str:
        """The overlaps of the stage's cameras that its roll-ups were made with; "" for none."""
        item = self._table.get(key(records_of(session_id, stage_id), "OVERLAPS"))
        return str(item["document"]["S"]) if item else ""

    def put_overlaps(self, session_id: str, stage_id: str, overlaps: str) -> None:
        """Writes what `overlaps` returns."""
        at = key(records_of(session_id, stage_id), "OVERLAPS")
        with self._sessions.writing_under([session_id], [at]):
            self._table.put({**at, "document": {"S": overlaps}})

    def put_overview(self, session_id: str, overview: Overview, read_ms: int) -> None:
        """Writes a session's overview, unless there is one for which the store was read later.

        Raises:
            SessionNotFound: the session does not exist, or was deleted; nothing is written.
        """
        at = key(documents_of(session_id), OVERVIEW)
        item = {**at, "document": {"S": documents.to_json(overview)}, "read_ms": {"N": str(read_ms)}}
        with self._sessions.writing_under([session_id], [at]):
            condition = "attribute_not_exists(pk) OR read_ms <= :read"
            self._table.put_if(item, condition, {":read": {"N": str(read_ms)}})

    def overview_read_ms(self, session_id: str) -> int | None:
        """When the store was read for a session's overview, milliseconds since the epoch; None if there is none."""
        item = self._table.get(key(documents_of(session_id), OVERVIEW))
        return int(item["read_ms"]["N"]) if item else None

    def _rows(self, keys: KeyRange) -> list[Rollup]:
        return [_rollup(item) for item in self._table.rows(keys, _ATTRIBUTES)]

    def _minute(self, session_id: str, stage_id: str, at_ms: int, cameras: Sequence[Camera]) -> Rollup | None:
        keys = between("W#", session_id, stage_id, at_ms, at_ms + MINUTE_MS)
        items = self._table.rows(keys, (*WINDOW_ATTRIBUTES, "expires_ms")) if keys else []
        if not items:
            return None
        ends = [int(item["expires_ms"]["N"]) if "expires_ms" in item else None for item in items]
        expires_ms = None if None in ends else max(end for end in ends if end is not None)
        try:
            return minute_rollup(WindowTable.of_rows([window_row(item) for item in items]), cameras, expires_ms)
        except InvalidValue:  # windows of different widths, or damaged, cannot be summed
            return None

    def _write(self, width_ms: RollupWidth, session_id: str, stage_id: str, rollups: dict[int, Rollup | None]) -> None:
        keys = {at: key(records_of(session_id, stage_id), f"{_KINDS[width_ms]}{at:013d}") for at in rollups}
        with self._sessions.writing_under([session_id], keys.values()):
            self._table.put_all([{**keys[at], **_attributes(one)} for at, one in rollups.items() if one is not None])
            self._table.delete_all([keys[at] for at, one in rollups.items() if one is None])


class ChangedKeys:
    """What of the roll-ups to recompute for items that changed.

    Attributes:
        minutes: the starts of minutes whose windows changed, by session and stage.
        stages: session and stage of those whose cameras changed.
        sessions: sessions whose overview shows something that changed.
    """

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        """Sorts keys (pk, sk) of items that were written or deleted."""
        self.minutes: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self.stages: set[tuple[str, str]] = set()
        self.sessions: set[str] = set()
        for partition, sort in keys:
            kind, _, rest = partition.partition("#")
            if kind == "S" and sort.startswith("W#"):
                session_id, stage_id = rest.split("#")
                start_ms = start_camera_part(sort)[0]
                self.minutes[session_id, stage_id].add(start_ms - start_ms % MINUTE_MS)
            elif kind == "S" and sort.startswith("CAMERA#"):
                session_id, stage_id = rest.split("#")
                self.stages.add((session_id, stage_id))
                self.sessions.add(session_id)
            elif kind == "D" and (sort == "SESSION" or sort.startswith("STAGE#")):
                self.sessions.add(rest)


def _range(
    width_ms: RollupWidth, session_id: str, stage_id: str, from_ms: int | None, until_ms: int | None
) -> KeyRange | None:
    """The keys of the roll-ups that start in [from_ms, until_ms); None for an empty range."""
    first, last = max(0, from_ms or 0), (LATEST_MS if until_ms is None else min(until_ms - 1, LATEST_MS))
    if first > last:
        return None
    kind = _KINDS[width_ms]
    partition = records_of(session_id, stage_id)
    return KeyRange(partition=partition, low=f"{kind}{first:013d}", high=f"{kind}{last:013d}")


def _attributes(rollup: Rollup) -> Item:
    return {
        "width_ms": {"N": str(rollup.record_width_ms)},
        "faces": {"N": str(rollup.faces)},
        "expected": {"N": str(rollup.expected)},
        "covered": {"N": str(rollup.covered)},
        "windows": {"N": str(rollup.spans)},
        "scorers": {"L": [{"S": name} for name in rollup.scorers]},
        "measures": {"M": {name: {"M": _sums_map(sums)} for name, sums in rollup.sums.items()}},
        **expiry(rollup.expires_ms),
    }


def _sums_map(sums: MeasureSums) -> Item:
    numbers: dict[str, Any] = {
        "n": sums.scored,
        "over": sums.over,
        "sum": sums.total,
        "squares": sums.squares,
        "windows": sums.scored_spans,
    }
    if sums.estimate is not None and sums.variance is not None:
        numbers |= {"estimate": sums.estimate, "variance": sums.variance}
    return {name: {"N": number(value)} for name, value in numbers.items()}


def _rollup(item: Item) -> Rollup:
    return Rollup(
        start_ms=int(item["sk"]["S"].split("#")[1]),
        record_width_ms=int(item["width_ms"]["N"]),
        faces=int(item["faces"]["N"]),
        expected=int(item["expected"]["N"]),
        covered=int(item["covered"]["N"]),
        spans=int(item["windows"]["N"]),
        scorers=tuple(name["S"] for name in item["scorers"]["L"]),
        sums={name: _sums(one["M"]) for name, one in item["measures"]["M"].items()},
        expires_ms=int(item["expires_ms"]["N"]) if "expires_ms" in item else None,
    )


def _sums(numbers: Item) -> MeasureSums:
    return MeasureSums(
        scored=int(numbers["n"]["N"]),
        over=int(numbers["over"]["N"]),
        total=float(numbers["sum"]["N"]),
        squares=float(numbers["squares"]["N"]),
        estimate=float(numbers["estimate"]["N"]) if "estimate" in numbers else None,
        variance=float(numbers["variance"]["N"]) if "variance" in numbers else None,
        scored_spans=int(numbers["windows"]["N"]),
    )
