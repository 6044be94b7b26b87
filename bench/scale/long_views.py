"""What long views read of a festival of 200 stages with 20 cameras each for 12 hours: read units and processor time.

Its roll-ups are laid down as the store made them of one minute, and read by the real code over a table that counts.
Windows are 170 million: those of one minute of one stage are read, and multiplied.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from audience.board.day import read_day
from audience.board.reader import SETTLED_MS
from audience.rollups import TEN_MINUTES_MS
from audience.sessions import MINUTE_MS, Camera, Session, Stage
from audience.stores.dynamo import DynamoStore
from audience.time import from_ms
from audience.windows import Tally, WindowRecord
from bench.figures import Figure
from bench.scale.keys import CountingTable, counted_table, open_counted

STAGES: Final = 200
CAMERAS: Final = 20
MINUTES: Final = 720
SESSION: Final = "festival"
_BEGAN_MS: Final = 1_780_000_200_000
_WHAT: Final = f"{STAGES} stages of {CAMERAS} cameras, {MINUTES // 60} h"


@dataclass(frozen=True, slots=True)
class _Cost:
    """Read units, strongly consistent, and seconds of processor time."""

    units: int
    seconds: float


def figures() -> Iterator[Figure]:
    """The day chart by roll-ups, and what windows cost, which it was made from and others still are."""
    with counted_table() as table:
        store = open_counted()
        ended = from_ms(_BEGAN_MS + MINUTES * MINUTE_MS)
        session = Session(session_id=SESSION, kind="festival", started_at=from_ms(_BEGAN_MS), ended_at=ended)
        store.put_session(session)
        for stage in range(STAGES):
            store.put_stage(SESSION, Stage(stage_id=_id(stage)))
            for camera in range(CAMERAS):
                store.put_camera(SESSION, _id(stage), Camera(camera_id=f"cam-{camera}"))
        minute = _minute(store, table)
        latest = _read(store, table, _BEGAN_MS + MINUTE_MS - SETTLED_MS)
        _lay_down(table)
        table.read.clear()
        began_s = time.process_time()
        day = read_day(store, session, _BEGAN_MS + MINUTES * MINUTE_MS)
        assert day.minutes
        assert len(day.stages) == STAGES
        chart = _Cost(table.read.total(), time.process_time() - began_s)
        table.read.clear()
        board_s = time.process_time()
        day.board(_BEGAN_MS + 600 * MINUTE_MS)
        board_s = time.process_time() - board_s
        assert not table.read
    for name, cost in (
        ("the day's chart, by roll-ups", chart),
        ("the day's chart, by windows", _Cost(minute.units * STAGES * MINUTES, minute.seconds * STAGES * MINUTES)),
        ("one stage's page as it is opened, by windows", _Cost(minute.units * MINUTES, minute.seconds * MINUTES)),
        ("one stage's page at each change", latest),
    ):
        yield Figure(name=f"{_WHAT}, {name}: read units", value=cost.units)
        yield Figure(name=f"{_WHAT}, {name}: processor", value=cost.seconds, unit="s")
    yield Figure(name=f"{_WHAT}, a board of that day: processor", value=board_s, unit="s")


def _id(stage: int) -> str:
    return f"stage-{stage}"


def _minute(store: DynamoStore, table: CountingTable) -> _Cost:
    """Writes the windows of the first minute of the first stage, rolls them up, and reads them."""
    tally = Tally(faces=30, total=10.0, squares=5.0, over=9)
    tallies = {name: tally for name in ("smile", "happy", "surprised", "calm")}
    store.put_windows(
        [
            WindowRecord(
                session_id=SESSION,
                stage_id=_id(0),
                camera_id=f"cam-{camera}",
                start_ms=_BEGAN_MS + 1000 * second,
                faces=30,
                expected=30,
                tallies=tallies,
                scorer="rekognition-1",
            )
            for camera in range(CAMERAS)
            for second in range(60)
        ]
    )
    store.rolling.renew(SESSION, _id(0), [_BEGAN_MS], store.cameras(SESSION, _id(0)))
    return _read(store, table, _BEGAN_MS)


def _read(store: DynamoStore, table: CountingTable, from_ms: int) -> _Cost:
    """Reads the windows of the first minute of the first stage from an instant on."""
    table.read.clear()
    began_s = time.process_time()
    windows = store.windows(SESSION, _id(0), from_ms=from_ms, until_ms=_BEGAN_MS + MINUTE_MS)
    assert len(windows) == (_BEGAN_MS + MINUTE_MS - from_ms) // 1000 * CAMERAS
    return _Cost(table.read.total(), time.process_time() - began_s)


def _lay_down(table: CountingTable) -> None:
    """Copies the roll-ups of the first minute to all minutes of all stages, those of ten minutes with ten of it."""
    (partition,) = (name for name in table.items if name.startswith("S#") and name.endswith(f"#{_id(0)}"))
    minute, ten = (table.items[partition][f"{kind}#{_BEGAN_MS:013d}"] for kind in ("M", "T"))
    ten = {**ten, "windows": {"N": str(10 * int(minute["windows"]["N"]))}}
    for stage in range(STAGES):
        own = f"{partition.removesuffix(_id(0))}{_id(stage)}"
        items = table.items.setdefault(own, {})
        for item, kind, width_ms in ((minute, "M", MINUTE_MS), (ten, "T", TEN_MINUTES_MS)):
            for at_ms in range(_BEGAN_MS, _BEGAN_MS + MINUTES * MINUTE_MS, width_ms):
                sort = f"{kind}#{at_ms:013d}"
                items[sort] = {**item, "pk": {"S": own}, "sk": {"S": sort}}
        table.sorted.pop(own, None)
