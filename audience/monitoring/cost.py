"""What a day of cameras costs at list prices, before it begins, and the counts behind the sum.

Prices are dollars in us-east-1, without the free tier, from the price page of each service as of November 2026. They
change; the counts beside them do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from audience.deliveries.grid import MOST_TILES
from audience.errors import InvalidValue
from audience.windows import DEFAULT_WIDTH_MS

DETECT_FACES = 1e-3
"""An image, of the first million a month."""
S3_PUT, S3_GET = 5e-6, 4e-7
EVENTBRIDGE = 1e-6
"""An event; S3's are of the kind that is charged for."""
SQS_REQUEST = 4e-7
SQS_REQUESTS_A_MESSAGE = 3
"""Sent, received and deleted."""
LAMBDA_CALL, LAMBDA_GB_S = 2e-7, 1.33334e-5
"""A call, and a second of a gigabyte on arm64."""
DYNAMODB_WRITE_UNIT = 6.25e-7
"""On demand, each KB begun of an item."""
IOT_MESSAGE, IOT_RULE = 1e-6, 3e-7
"""A message of up to 5 KB to IoT Core, and a rule that takes it and passes it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a stretch of audience took.

    Attributes:
        calls: of DetectFaces.
        statuses: messages to IoT Core, each queued and worked on once.
        objects: put to S3, got from it, announced and queued once each.
        write_units: of DynamoDB.
        function_s: seconds the function ran, one object or status at a time.
        function_gb: memory it had.
    """

    calls: float
    objects: float
    write_units: float
    function_s: float
    function_gb: float
    statuses: float = 0.0

    def dollars(self) -> float:
        """What it costs."""
        a_message = SQS_REQUESTS_A_MESSAGE * SQS_REQUEST + LAMBDA_CALL
        an_object = S3_PUT + S3_GET + EVENTBRIDGE + a_message
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
FACE_BYTES: Final = 40
"""Of a single face as it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCost:
    """An estimate.

    Attributes:
        dollars: all together.
        detect_faces: of these, for DetectFaces.
        assumes: what it rests on, a sentence each.
    """

    dollars: float
    detect_faces: float
    assumes: tuple[str, ...]


def day_cost(*, cameras: int, hours: float, faces: int, scoring: Scoring, interval_s: float) -> DayCost:
    """Estimates what a day costs.

    Args:
        cameras: at work all the time, 0 or more.
        hours: how long, 0 to 24.
        faces: in view of each camera, on average, 0 or more.
        scoring: "here" (on machines of one's own, without AWS), "device" (each camera scores, and delivers to AWS) or
            "cloud" (cameras deliver sheets, and Rekognition scores them).
        interval_s: seconds of a delivery, over 0; a sheet that is full goes before.

    Raises:
        InvalidValue: a number is out of its bounds.
    """
    if cameras < 0 or faces < 0 or not 0 <= hours <= 24 or not 0 < interval_s < math.inf:
        raise InvalidValue(
            f"{cameras} cameras for {hours:g} hours with {faces} faces each and a delivery every {interval_s:g} s make "
            "no day"
        )
    if scoring == "here":
        return DayCost(dollars=0.0, detect_faces=0.0, assumes=("Nothing leaves your machines: AWS is not used.",))
    seconds = cameras * hours * 3600
    # A delivery is of whole windows. A face lies on a tile in each, so sheets of many faces are full before their time.
    deliveries_a_second = 1 / math.ceil(interval_s * 1000 / DEFAULT_WIDTH_MS)
    if scoring == "cloud":
        deliveries_a_second = max(deliveries_a_second, faces / MOST_TILES)
    deliveries = seconds * deliveries_a_second
    statuses = seconds / STATUS_EVERY_S
    faces_units = -(-faces * FACE_BYTES // 1024)
    used = Used(
        calls=deliveries if scoring == "cloud" and faces else 0,
        objects=deliveries,
        write_units=seconds * (1 + faces_units) + statuses,
        function_s=deliveries * (SHEET_S if scoring == "cloud" else WINDOW_FILE_S) + statuses * STATUS_S,
        function_gb=FUNCTION_GB,
        statuses=statuses,
    )
    calls_only = Used(calls=used.calls, objects=0, write_units=0, function_s=0, function_gb=0)
    sooner = f", or when a sheet has {MOST_TILES} faces" if scoring == "cloud" else ""
    return DayCost(
        dollars=used.dollars(),
        detect_faces=calls_only.dollars(),
        assumes=(
            "List prices of us-east-1 in dollars, November 2026, without the free tier and without tax.",
            f"{cameras} cameras at work for {hours:g} hours, with {faces} faces in view of each.",
            f"One delivery every {interval_s:g} s{sooner}, one record of a window a second, one status every "
            f"{STATUS_EVERY_S:g} s.",
            "DetectFaces at $1 a thousand images." if scoring == "cloud" else "No DetectFaces: each camera scores.",
            "Reading by pages, storage and the network of the cameras are not in it.",
        ),
    )
