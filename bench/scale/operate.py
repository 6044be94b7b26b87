"""What a refresh of the operator's page reads of DynamoDB at 200 stages of 20 cameras: units, requests, and dollars.

The reader of the page over a table in memory that counts, every five seconds for two rounds of a minute. The windows
of ten stages stand for all. One camera in twenty is dead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from audience.alerts import default_rules
from audience.monitoring.evaluate import evaluate
from audience.monitoring.prices import DYNAMODB_READ_UNIT
from audience.monitoring.situation import ROUND_MS, SituationReader
from audience.sessions import Camera, Session, Stage
from audience.store import Heartbeat
from audience.stores import dynamo_table
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_items import window_item
from audience.time import from_ms
from audience.windows import Tally, WindowRecord
from bench.figures import Figure
from bench.scale.keys import CountingTable, open_counted

STAGES: Final = 200
CAMERAS: Final = 20
EVERY_MS: Final = 5_000
OFTEN_MS: Final = 2_000
"""As often as a process reads at most, however many operators look (`dashboard.pages.operate.data.SHARED_MS`)."""

_NOW_MS: Final = 1_780_000_040_000
_MEASURES: Final = ("smile", "happy", "surprised", "calm", "sad", "angry")


@dataclass(slots=True)
class RequestTable(CountingTable):
    """A table that counts requests, too."""

    requests: int = 0

    def query(self, **request: Any) -> dict[str, Any]:
        self.requests += 1
        return CountingTable.query(self, **request)

    def get_item(self, **request: Any) -> dict[str, Any]:
        self.requests += 1
        return CountingTable.get_item(self, **request)


def figures() -> Iterator[Figure]:
    """Of the first reading, and of those of a round after another."""
    table = RequestTable()
    with patch.object(dynamo_table, "client_for", lambda *_, **__: table):
        store = open_counted()
        _set_up(store)
        _record(store, table, _NOW_MS - 100_000, _NOW_MS)
        reader = SituationReader("festival")
        first = _read(store, table, reader, _NOW_MS)
        found = []
        for now_ms in range(_NOW_MS + EVERY_MS, _NOW_MS + 2 * ROUND_MS + 1, EVERY_MS):
            _record(store, table, now_ms - EVERY_MS, now_ms)
            found.append(_read(store, table, reader, now_ms))
    # In the first round alerts are stored as they begin, each of which looks its session up.
    found = found[ROUND_MS // EVERY_MS :]
    units, requests = (float(np.median(column)) for column in zip(*found, strict=True))
    what = f"Operate, {STAGES} stages of {CAMERAS} cameras, DynamoDB"
    yield Figure(name=f"{what}: read units of the first picture", value=first[0], reach=3000, direction="at most")
    yield Figure(name=f"{what}: read units of a refresh", value=units, reach=1500, direction="at most")
    yield Figure(name=f"{what}: requests of a refresh", value=requests, reach=60, direction="at most")
    yield Figure(
        name=f"{what}: an hour of operators, read every {OFTEN_MS // 1000} s, for a process that serves them",
        value=units * DYNAMODB_READ_UNIT * 3_600_000 / OFTEN_MS,
        unit="$",
        reach=0.5,
        direction="at most",
    )


def _read(store: DynamoStore, table: RequestTable, reader: SituationReader, now_ms: int) -> tuple[int, int]:
    """Units and requests of a reading."""
    table.read.clear()
    table.requests = 0
    found = evaluate(store, "festival", now_ms, reader=reader)
    assert len(found.cameras) == STAGES * CAMERAS
    return table.read.total(), table.requests


def _set_up(store: DynamoStore) -> None:
    store.put_session(Session(session_id="festival", kind="festival", started_at=from_ms(_NOW_MS - 3_600_000)))
    for rule in default_rules():
        store.alerting.put("festival", rule)
    for number in range(STAGES):
        stage_id = f"stage-{number:03d}"
        store.put_stage("festival", Stage(stage_id=stage_id, title=f"Stage {number}"))
        for camera in range(CAMERAS):
            named = f"cam-{camera:02d}"
            store.put_camera("festival", stage_id, Camera(camera_id=named, delivered_by=f"edge-{number}-{camera}"))


def _record(store: DynamoStore, table: CountingTable, from_ms_: int, until_ms: int) -> None:
    """What cameras recorded in a stretch, three seconds late, and their heartbeats at its end."""
    tally = Tally(faces=30, total=9.0, squares=3.2, over=9, estimate=8.1, variance=0.2)
    for number in range(STAGES):
        stage_id = f"stage-{number:03d}"
        partition, like = f"S#festival#{stage_id}", f"S#festival#stage-{number % 10:03d}"
        for camera in range(CAMERAS):
            named, dead = f"cam-{camera:02d}", (number * CAMERAS + camera) % 20 == 3
            if number < 10 and not dead:
                for start_ms in range(from_ms_ - 3000, until_ms - 3000, 1000):
                    item = window_item(
                        WindowRecord(
                            session_id="festival",
                            stage_id=stage_id,
                            camera_id=named,
                            start_ms=start_ms,
                            faces=30,
                            expected=30,
                            tallies=dict.fromkeys(_MEASURES, tally),
                            scorer="rekognition-2026-06",
                        )
                    )
                    table.items.setdefault(partition, {})[item["sk"]["S"]] = item
            beat = Heartbeat(
                session_id="festival",
                stage_id=stage_id,
                camera_id=named,
                at_ms=until_ms,
                state="running",
                frames_per_s=5.0,
                faces=30,
                last_window_ms=until_ms - 3000,
                lag_s=1.2,
                sent=1800,
                detector="centerface-1",
                received_ms=until_ms,
                brightness=0.5,
                sharpness=0.6,
                step="live",
            )
            if dead:
                beat = replace(beat, at_ms=_NOW_MS - 600_000, received_ms=_NOW_MS - 600_000)
            store.put_heartbeat(beat)
        table.items[partition] = table.items[like]
