"""Estimated AWS cost of a day of cameras at list prices (`audience.monitoring.prices`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from audience.deliveries.grid import MOST_TILES
from audience.errors import InvalidValue
from audience.language import decimal, gettext, ngettext
from audience.monitoring.prices import (
    AS_OF,
    DETECT_FACES,
    DYNAMODB_WRITE_UNIT,
    EVENTBRIDGE,
    IOT_MESSAGE,
    IOT_RULE,
    LAMBDA_CALL,
    LAMBDA_GB_S,
    S3_GET,
    S3_PUT,
    SQS_REQUEST,
)
from audience.windows import DEFAULT_WIDTH_MS

SQS_REQUESTS_A_MESSAGE = 3
"""Send, receive and delete."""
SECOND_LOOK: Final = 2 * SQS_REQUEST + S3_GET
"""Per object: its second message (ten are received and deleted at once), and the look whether it is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Billable usage of AWS services.

    Attributes:
        calls: calls of DetectFaces.
        statuses: messages to IoT Core, each queued and processed once.
        objects: objects put to S3; each is read once, and announced by two queues.
        write_units: write units of DynamoDB.
        function_s: seconds the function ran, one object or status at a time.
        function_gb: memory of the function, GB.
    """

    calls: float
    objects: float
    write_units: float
    function_s: float
    function_gb: float
    statuses: float = 0.0

    def dollars(self) -> float:
        """The cost in dollars."""
        a_message = SQS_REQUESTS_A_MESSAGE * SQS_REQUEST + LAMBDA_CALL
        an_object = S3_PUT + S3_GET + EVENTBRIDGE + a_message + SECOND_LOOK
        return (
            self.calls * DETECT_FACES
            + self.objects * an_object
            + self.statuses * (IOT_MESSAGE + IOT_RULE + a_message)
            + self.write_units * DYNAMODB_WRITE_UNIT
            + self.function_s * self.function_gb * LAMBDA_GB_S
        )


Scoring = Literal["here", "device", "cloud"]
SCORINGS: tuple[Scoring, ...] = get_args(Scoring)

STATUS_EVERY_S: Final = 2.0
SHEET_S, WINDOW_FILE_S, STATUS_S = 1.0, 0.1, 0.05
"""Seconds the function takes over a sheet (nearly all of it waiting for DetectFaces), a window file and a status."""

FUNCTION_GB: Final = 1.0
FACE_BYTES: Final = 51
FACES_HEAD_BYTES: Final = 130
"""Stored bytes per face of a window, and of the item that holds them."""


def sheets_per_s(faces: float, interval_s: float) -> float:
    """Sheets a second of a camera.

    Each face takes a tile in each window, so sheets of many faces fill up early: with whole windows where that leaves
    less than a tenth of it empty, else to the last tile, with a part of the next window.

    Args:
        faces: in view, 0 or more.
        interval_s: seconds after which a sheet is sent in any case; a delivery has whole windows.
    """
    by_interval = 1 / math.ceil(interval_s * 1000 / DEFAULT_WIDTH_MS)
    if faces < 1:
        return by_interval
    whole = MOST_TILES // math.ceil(faces)
    filled = 1 / whole if whole * faces >= 0.9 * MOST_TILES else faces / MOST_TILES
    return max(by_interval, filled)


def faces_units(faces: float) -> int:
    """Write units of the single faces behind one window."""
    return math.ceil((FACES_HEAD_BYTES + FACE_BYTES * faces) / 1024) if faces else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCost:
    """An estimated cost.

    Attributes:
        dollars: the total.
        detect_faces: the part for DetectFaces.
        assumes: the assumptions, one sentence each, in the reader's language.
    """

    dollars: float
    detect_faces: float
    assumes: tuple[str, ...]


def day_cost(*, cameras: int, hours: float, faces: int, scoring: Scoring, interval_s: float) -> DayCost:
    """Estimates the cost of a day.

    Args:
        cameras: number of cameras that run all the time, 0 or more.
        hours: running time, 0 to 24.
        faces: mean number of faces in view of each camera, 0 or more.
        scoring: "here" (on your own machines, without AWS), "device" (each camera scores, and delivers to AWS) or
            "cloud" (cameras deliver sheets, and Rekognition scores them).
        interval_s: seconds between deliveries, over 0; a full sheet is sent earlier.

    Raises:
        InvalidValue: a number is out of range.
    """
    if cameras < 0 or faces < 0 or not 0 <= hours <= 24 or not 0 < interval_s < math.inf:
        raise InvalidValue(
            f"{cameras} cameras for {hours:g} hours with {faces} faces each and a delivery every {interval_s:g} s are "
            "not allowed: use 0 or more cameras and faces, 0 to 24 hours, and an interval over 0 s"
        )
    if scoring == "here":
        nothing = gettext("Nothing leaves your machines: AWS is not used.")
        return DayCost(dollars=0.0, detect_faces=0.0, assumes=(nothing,))
    seconds = cameras * hours * 3600
    deliveries = seconds * sheets_per_s(faces if scoring == "cloud" else 0, interval_s)
    statuses = seconds / STATUS_EVERY_S
    usage = Usage(
        calls=deliveries if scoring == "cloud" and faces else 0,
        objects=deliveries,
        write_units=seconds * (1 + faces_units(faces)) + statuses,
        function_s=deliveries * (SHEET_S if scoring == "cloud" else WINDOW_FILE_S) + statuses * STATUS_S,
        function_gb=FUNCTION_GB,
        statuses=statuses,
    )
    calls_only = Usage(calls=usage.calls, objects=0, write_units=0, function_s=0, function_gb=0)
    return DayCost(
        dollars=usage.dollars(),
        detect_faces=calls_only.dollars(),
        assumes=_assumptions(cameras, hours, faces, scoring, interval_s),
    )


def _assumptions(cameras: int, hours: float, faces: int, scoring: Scoring, interval_s: float) -> tuple[str, ...]:
    """What an estimate assumes, in the reader's language."""
    every_s, status_s = decimal(interval_s, 3), decimal(STATUS_EVERY_S, 3)
    if scoring == "cloud":
        rhythm = gettext(
            "One delivery every {interval} s, or when a sheet has {most} faces, one record of a window a second, one "
            "status every {status} s.",
            interval=every_s,
            most=MOST_TILES,
            status=status_s,
        )
        scored = gettext("DetectFaces at $1 a thousand images.")
    else:
        rhythm = gettext(
            "One delivery every {interval} s, one record of a window a second, one status every {status} s.",
            interval=every_s,
            status=status_s,
        )
        scored = gettext("No DetectFaces: each camera scores.")
    return (
        gettext(
            "List prices of us-east-1 in dollars of {day}, without the free tier and without tax.",
            day=AS_OF.isoformat(),
        ),
        ngettext(
            "{count} camera running for {hours} hours, with {faces} faces in view of it.",
            "{count} cameras running for {hours} hours, with {faces} faces in view of each.",
            cameras,
            hours=decimal(hours, 2),
            faces=faces,
        ),
        rhythm,
        scored,
        gettext("Reads by pages, storage and the cameras' network are not included."),
    )
