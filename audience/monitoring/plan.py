"""What a festival needs of an AWS account, and what it costs: copies of the function, quotas, dollars by part.

Arithmetic on amounts. How long the function takes over each, and what it reads and writes for it, was measured
(`python -m bench scale`); what AWS takes for a call of DetectFaces is an assumption (`SHEET_S`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from audience.deliveries.grid import MOST_TILES
from audience.deliveries.manifest import MOST_WINDOWS
from audience.errors import InvalidValue
from audience.monitoring import prices
from audience.monitoring.cost import FUNCTION_GB, SHEET_S, STATUS_S, faces_units, sheets_per_s
from audience.store import DeliveryStep

MOST_CAMERAS: Final = 100_000

MOST_COPIES: Final = 1_000
"""Copies of the function for one queue."""

LIVE_PART: Final = 0.8
"""Part of the quota of DetectFaces for live sheets."""

AT_ONCE: Final = 10
"""Deliveries that a copy of the function works on at once."""

SPARE: Final = 1.3
"""How much more is planned than is needed: so much of an hour's outage is made good within four hours."""

NEW_ACCOUNT_COPIES, USUAL_COPIES = 10, 1_000
DETECT_FACES_QUOTA = 50
TABLE_QUOTA = 40_000
IOT_MESSAGES_QUOTA = 20_000
S3_PUTS_QUOTA = 3_500
"""What an account has unless it asks for more; of DetectFaces in us-east-1, us-west-2 and eu-west-1, elsewhere 5."""

FILE_S, FILE_WINDOW_S = 0.1, 0.0015
"""Seconds that the function takes over a window file, and over each window in it."""

LOOK_S: Final = 0.05
"""Seconds to see that a delivery is recorded."""

CALL_LOG_BYTES, LINE_BYTES = 900, 450
"""Bytes of the log of a call, with its metrics, and of the line of a delivery or status."""

WINDOW_BYTES: Final = 1_000
STAGE_METRICS: Final = 13
PHONE_REQUESTS_S, PHONE_BYTES = 0.062, 2_450
"""Requests of a phone that watches the board, and bytes of each."""

BOARD_PART_CAMERAS, BOARD_GB, BOARD_EVERY_S = 200, 1.769, 1.0
"""Cameras that one function reads for the board, its memory in GB, and seconds between two updates."""

BOARD_READ_UNITS: Final = 0.8
"""Read units of the table for a camera and update of the board."""

FEW_CAMERAS: Final = 100
"""Up to so many cameras everything is as it is set by default: live, with a log and metrics by stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Festival:
    """What is planned for.

    Attributes:
        stages: number of stages, 1 or more.
        cameras: cameras of each stage, 1 or more.
        hours: hours of a day in which all run, over 0, up to 24.
        faces: mean number of faces in view of each camera, 0 or more.
        phones: phones that watch the board all the time; 0 for no board.
    """

    stages: int
    cameras: int
    hours: float
    faces: int = 20
    phones: int = 0

    def __post_init__(self) -> None:
        if self.stages < 1 or self.cameras < 1 or not 0 < self.hours <= 24 or self.faces < 0 or self.phones < 0:
            raise InvalidValue(
                f"{self.stages} stages of {self.cameras} cameras for {self.hours:g} h with {self.faces} faces each and "
                f"{self.phones} phones cannot be planned: use 1 or more stages and cameras, hours up to 24, and 0 or "
                "more faces and phones"
            )
        if self.all_cameras > MOST_CAMERAS:
            raise InvalidValue(f"{self.all_cameras:,} cameras are more than is planned for: use up to {MOST_CAMERAS:,}")

    @property
    def all_cameras(self) -> int:
        """Cameras of all stages."""
        return self.stages * self.cameras

    @property
    def board_parts(self) -> int:
        """Functions that read stages for the board; 0 where the one that makes it does, or where there is no board."""
        if not self.phones or self.all_cameras <= BOARD_PART_CAMERAS:
            return 0
        return math.ceil(self.stages / max(1, BOARD_PART_CAMERAS // self.cameras))

    @property
    def seconds(self) -> float:
        """Seconds of all cameras together."""
        return self.all_cameras * self.hours * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a festival needs.

    Attributes:
        festival: what was planned for.
        step: how its cameras deliver.
        interval_s, status_s: seconds between deliveries, and between statuses, of a camera.
        parts: dollars of the day, by what they are for.
        month: dollars a month for keeping what the day wrote.
        calls_per_s: calls of DetectFaces a second.
        copies: copies of the function, by what they are for.
        quotas: what to ask AWS for, and what it has otherwise, a line each.
        parameters: of the stack.
        device: settings of each camera.
    """

    festival: Festival
    step: DeliveryStep
    interval_s: float
    status_s: float
    parts: Mapping[str, float]
    month: float
    calls_per_s: float
    copies: Mapping[str, int]
    quotas: tuple[str, ...]
    parameters: Mapping[str, str]
    device: Mapping[str, str]

    @property
    def dollars(self) -> float:
        """The day's total."""
        return sum(self.parts.values())


def usual_step(festival: Festival) -> DeliveryStep:
    """Sheets every 2 s where an account's usual quota of DetectFaces takes them, else scoring on the devices."""
    return "live" if _deliveries_per_s(festival, "live", 2.0) <= LIVE_PART * DETECT_FACES_QUOTA else "device"


def plan_of(festival: Festival, step: DeliveryStep, *, interval_s: float | None = None) -> Plan:
    """Plans a festival.

    Args:
        festival: what is planned for.
        step: how cameras deliver: sheets every 2 s ("live") or 12 s ("thrifty"), or scores ("device").
        interval_s: another interval between deliveries, seconds; None for the usual one. Of scores it is 2 s for up to
            100 cameras, and 300 s for more: then the figures of a stage are minutes old.

    Raises:
        InvalidValue: the interval is not allowed.
    """
    few = festival.all_cameras <= FEW_CAMERAS
    usual_s = {"live": 2.0, "thrifty": 12.0, "device": 2.0 if few else 300.0}[step]
    interval_s = usual_s if interval_s is None else interval_s
    if not 1 <= interval_s <= 600:
        raise InvalidValue(f"a delivery every {interval_s:g} s cannot be planned: use 1 to 600 s")
    status_s = 2.0 if few else 30.0 if step != "device" else 60.0
    sheets = step != "device"
    per_s = _deliveries_per_s(festival, step, interval_s)
    calls_per_s = per_s if sheets and festival.faces else 0.0
    windows = min(MOST_WINDOWS, festival.all_cameras / per_s)
    work_s = SHEET_S if sheets else FILE_S + FILE_WINDOW_S * windows
    live = max(6 if few else 2, math.ceil(SPARE * per_s * work_s / AT_ONCE))
    if live > MOST_COPIES:
        raise InvalidValue(
            f"{per_s:,.0f} deliveries a second need {live:,} copies of the function, and a queue has at most "
            f"{MOST_COPIES:,}: deliver less often, or score on the devices"
        )
    statuses_per_s = festival.all_cameras / status_s
    copies = {
        "live": live,
        "backlog": max(2, math.ceil(live / 3), math.ceil(SPARE * per_s * LOOK_S / AT_ONCE)),
        "statuses": max(2, math.ceil(SPARE * statuses_per_s * STATUS_S)),
    }
    if festival.phones:
        copies["the board"] = 1 + festival.board_parts
    keeps_faces = few or sheets
    writes_per_s, reads_per_s = _table(festival, sheets, interval_s, per_s, statuses_per_s, keeps_faces=keeps_faces)
    provisioned = not few and _provisioned(festival, writes_per_s, reads_per_s) < _on_demand(
        festival, writes_per_s, reads_per_s
    )
    quota = max(DETECT_FACES_QUOTA, math.ceil(calls_per_s / LIVE_PART))
    parameters = {
        "DetectFacesPerSecond": str(quota),
        "MostAtOnce": str(copies["live"]),
        "BacklogAtOnce": str(copies["backlog"]),
        "StatusesAtOnce": str(copies["statuses"]),
        "TableWritesPerSecond": str(math.ceil(SPARE * writes_per_s) if provisioned else 0),
        # In records, of which one with faces takes more than a unit.
        "BacklogWritesPerSecond": str(
            math.floor((SPARE - 1) * festival.all_cameras * (2 if keeps_faces else 1)) if provisioned else 0
        ),
        "TableReadsPerSecond": str(max(100, math.ceil(SPARE * reads_per_s))),
        "KeepFacesDays": "30" if keeps_faces else "0",
        "LogLevel": "INFO" if few else "WARN",
        "MetricsByStage": "yes" if few else "no",
    }
    device = {
        "HOUSELIGHTS_SCORING": "cloud" if sheets else "device",
        "HOUSELIGHTS_SHEET_INTERVAL_S": f"{interval_s:g}",
        "HOUSELIGHTS_STATUS_EVERY_S": f"{status_s:g}",
    }
    table = (_provisioned if provisioned else _on_demand)(festival, writes_per_s, reads_per_s)
    parts = _parts(festival, per_s, statuses_per_s, calls_per_s, work_s, copies, few=few) | {"DynamoDB": table}
    written = festival.seconds * (WINDOW_BYTES + (51 * festival.faces + 130 if keeps_faces and festival.faces else 0))
    return Plan(
        festival=festival,
        step=step,
        interval_s=interval_s,
        status_s=status_s,
        parts=MappingProxyType(parts),
        month=written / 1e9 * prices.DYNAMODB_GB_MONTH,
        calls_per_s=calls_per_s,
        copies=MappingProxyType(copies),
        quotas=_quotas(sum(copies.values()), calls_per_s, (writes_per_s, reads_per_s), statuses_per_s, per_s),
        parameters=MappingProxyType(parameters),
        device=MappingProxyType(device),
    )


def _deliveries_per_s(festival: Festival, step: DeliveryStep, interval_s: float) -> float:
    """Of all cameras."""
    return festival.all_cameras * sheets_per_s(0 if step == "device" else festival.faces, interval_s)


def _table(
    festival: Festival, sheets: bool, interval_s: float, per_s: float, statuses_per_s: float, *, keeps_faces: bool
) -> tuple[float, float]:
    """Write and read units a second."""
    # Each sheet that fills up early splits a window in two.
    early = max(0.0, per_s - festival.all_cameras / math.ceil(interval_s)) if sheets else 0.0
    writes = (festival.all_cameras + early) * (1 + (faces_units(festival.faces) if keeps_faces else 0))
    # A KB of each camera of the stage, for the windows of a sheet to check it, and for one to see that it is recorded.
    seen = festival.cameras * WINDOW_BYTES / 4096
    checked = seen * min(interval_s, MOST_TILES / max(1, festival.faces)) if sheets else 0.0
    setup = 2.0
    board = BOARD_READ_UNITS * festival.all_cameras / BOARD_EVERY_S if festival.phones else 0.0
    return writes + statuses_per_s, per_s * (2 * setup + checked + seen) + statuses_per_s * setup + board


def _provisioned(festival: Festival, writes_per_s: float, reads_per_s: float) -> float:
    hour = writes_per_s * prices.DYNAMODB_WRITE_HOUR + reads_per_s * prices.DYNAMODB_READ_HOUR
    return SPARE * hour * math.ceil(festival.hours)


def _on_demand(festival: Festival, writes_per_s: float, reads_per_s: float) -> float:
    second = writes_per_s * prices.DYNAMODB_WRITE_UNIT + reads_per_s * prices.DYNAMODB_READ_UNIT
    return second * festival.hours * 3600


def _parts(
    festival: Festival,
    per_s: float,
    statuses_per_s: float,
    calls_per_s: float,
    work_s: float,
    copies: Mapping[str, int],
    *,
    few: bool,
) -> dict[str, float]:
    """Dollars of the day by part, without the table."""
    day_s = festival.hours * 3600
    deliveries, statuses = per_s * day_s, statuses_per_s * day_s
    # While the pollers keep up, a load holds what comes while the copies are busy.
    load = min(float(AT_ONCE), max(1.0, per_s * work_s / copies["live"]))
    status_load = min(float(AT_ONCE), max(1.0, statuses_per_s))
    calls = deliveries / load + deliveries / AT_ONCE + statuses / status_load
    busy_s = deliveries * (work_s / load + LOOK_S / AT_ONCE) + statuses * STATUS_S
    requests = deliveries * (2 + 2 / load + 2 / AT_ONCE) + statuses * (1 + 2 / status_load)
    pressure_reads = festival.all_cameras * day_s / 60
    log_bytes = calls * CALL_LOG_BYTES + ((deliveries + statuses) * LINE_BYTES if few else 0)
    traces = min(calls, day_s + 0.05 * calls)
    asked = PHONE_REQUESTS_S * festival.phones * day_s
    looked = asked * PHONE_BYTES / 1e9
    return {
        "Rekognition": prices.DETECT_FACES_TIERS.cost(calls_per_s * day_s),
        "Lambda": calls * prices.LAMBDA_CALL + busy_s * FUNCTION_GB * prices.LAMBDA_GB_S,
        "S3": deliveries * (prices.S3_PUT + 2 * prices.S3_GET) + pressure_reads * prices.S3_GET,
        "EventBridge": deliveries * prices.EVENTBRIDGE,
        "SQS": requests * prices.SQS_REQUEST,
        "IoT Core": prices.IOT_TIERS.cost(statuses)
        + statuses * prices.IOT_RULE
        + festival.all_cameras * festival.hours * 60 * prices.IOT_CONNECTED_MINUTE,
        "logs, traces and metrics": prices.LOGS_TIERS.cost(log_bytes / 1e9)
        + traces * prices.TRACE
        + (festival.stages * STAGE_METRICS * math.ceil(festival.hours) * prices.METRIC_HOUR if few else 0.0),
        "the board's functions and objects": _board(festival) * day_s,
        "CloudFront": asked * prices.CLOUDFRONT_REQUEST + prices.CLOUDFRONT_TIERS.cost(looked),
    }


def _board(festival: Festival) -> float:
    """Dollars a second for making the board, without reading the table."""
    if not festival.phones:
        return 0.0
    functions = 1 + festival.board_parts
    objects = functions * prices.S3_PUT + festival.board_parts * prices.S3_GET
    return functions * BOARD_GB * prices.LAMBDA_GB_S + objects / BOARD_EVERY_S


def _quotas(
    copies: int, calls_per_s: float, table: tuple[float, float], statuses_per_s: float, per_s: float
) -> tuple[str, ...]:
    """What to ask for where the usual quota does not suffice."""
    wanted = (
        ("Rekognition, DetectFaces a second", calls_per_s / LIVE_PART, DETECT_FACES_QUOTA, "50; 5 in most regions"),
        ("Lambda, concurrent executions", float(copies), NEW_ACCOUNT_COPIES, "10 in a new account, else 1,000"),
        ("DynamoDB, write units a second of a table", SPARE * table[0], TABLE_QUOTA, "40,000"),
        ("DynamoDB, read units a second of a table", SPARE * table[1], TABLE_QUOTA, "40,000"),
        ("IoT Core, inbound messages a second", statuses_per_s, IOT_MESSAGES_QUOTA, "20,000; 2,000 in small regions"),
        ("S3, requests a second by prefix", per_s, S3_PUTS_QUOTA, "3,500, and more by itself with some time"),
    )
    return tuple(f"{what}: {math.ceil(need):,} (usual: {has})" for what, need, usual, has in wanted if need > usual)
