"""List prices of AWS in us-east-1, dollars, without the free tier, and what so many of each thing cost.

From the price pages of each service as of November 2026. They change; the counts beside them do not.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest_lambda.rekognition import CALL_DOLLARS

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a stretch of audience took.

    Attributes:
        calls: of DetectFaces.
        objects: put to S3, got from it, announced and queued once each.
        write_units: of DynamoDB.
        function_s: seconds the function ran, one object at a time.
        function_gb: memory it had.
    """

    calls: float
    objects: float
    write_units: float
    function_s: float
    function_gb: float

    def dollars(self) -> float:
        """What it costs."""
        an_object = S3_PUT + S3_GET + EVENTBRIDGE + SQS_REQUESTS_A_MESSAGE * SQS_REQUEST + LAMBDA_CALL
        return (
            self.calls * CALL_DOLLARS
            + self.objects * an_object
            + self.write_units * DYNAMODB_WRITE_UNIT
            + self.function_s * self.function_gb * LAMBDA_GB_S
        )
