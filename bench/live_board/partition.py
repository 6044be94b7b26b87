"""What a thousand festivals at once ask of DynamoDB: of its hottest partition, of the table, and of a purse.

The windows and heartbeats of a simulated festival are made into items by the store's own code, and their write units
counted by DynamoDB's rule (each KB begun of names and values). Nothing is written: this is arithmetic.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from audience.monitoring.cost import Usage
from audience.stores.documents import to_json
from audience.stores.dynamo_items import Item, document_item, heartbeat_key, window_item
from audience.stores.dynamo_migration import write_units
from bench.figures import Figure
from bench.live_board.watched_day import BEGINS_AT
from sample_data.festival_day.deliveries import Arrival, arrivals
from sample_data.festival_day.plan import plan_day

FESTIVALS: Final = 1000
STAGES: Final = 10
CAMERAS: Final = 3
HOURS: Final = 8.0
COUNTED_HOURS: Final = 1.0
PARTITION_UNITS_S: Final = 1000
"""Write units a second that one partition takes (DynamoDB's documented limit)."""

TABLE_UNITS_S: Final = 40_000
"""The same of a table on demand, unless AWS raises it on request."""


def partition_figures() -> list[Figure]:
    """Of an hour of one festival, times a thousand."""
    day = plan_day(begins_at=BEGINS_AT, stages=STAGES, cameras=CAMERAS, hours=COUNTED_HOURS, seed=1)
    by_minute: Counter[tuple[str, int]] = Counter()
    for arrival in arrivals(day):
        item = _item(arrival)
        by_minute[item["pk"]["S"], arrival.at_ms // 60_000] += write_units(item)
    hottest = max(by_minute.values()) / 60
    units = sum(by_minute.values())
    day_units = units * HOURS / COUNTED_HOURS
    cost = Usage(calls=0, objects=0, write_units=day_units, function_s=0, function_gb=0).dollars()
    return [
        Figure(
            name="1,000 festivals at once: hottest DynamoDB partition in its hottest minute, of its limit",
            value=hottest / PARTITION_UNITS_S,
            reach=0.1,
            direction="at most",
        ),
        Figure(
            name="1,000 festivals at once: write units of the table, of what one takes on demand",
            value=FESTIVALS * units / (COUNTED_HOURS * 3600) / TABLE_UNITS_S,
        ),
        Figure(
            name="DynamoDB writes of a festival-day (10 stages, 3 cameras each, 8 h), list price", value=cost, unit="$"
        ),
    ]


def _item(arrival: Arrival) -> Item:
    if arrival.window is not None:
        return window_item(arrival.window)
    beat = arrival.heartbeat
    assert beat is not None
    return document_item(heartbeat_key(beat.session_id, beat.stage_id, beat.camera_id), to_json(beat))
