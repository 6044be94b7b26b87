"""List prices of AWS in us-east-1, dollars, without the free tier, and what so many of each thing cost.

From the price pages of each service as of November 2026. They change; the counts beside them do not.
"""

from __future__ import annotations

from dataclasses import dataclass

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
