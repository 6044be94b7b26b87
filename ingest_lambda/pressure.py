"""Measures how far behind the function is, and writes it where every device reads it."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from audience.deliveries.pressure import PRESSURE_KEY, Pressure
from audience.errors import DeliveriesUnavailable

_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def write_pressure(sqs: Any, s3: Any, *, queue_url: str, bucket: str, calls_per_s: float, now_ms: int) -> Pressure:
    """Writes the pressure from what waits in the queue of all deliveries, beside its usual delay.

    Args:
        sqs, s3: clients, as `ingest_lambda.bucket.quick_client` makes them.
        queue_url: the queue.
        bucket: the bucket of deliveries.
        calls_per_s: sheets that can be scored a second.
        now_ms: the current time, milliseconds since the epoch.

    Returns:
        What was written.

    Raises:
        DeliveriesUnavailable: the queue cannot be read, or the object not written.
    """
    try:
        counts = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_COUNTS))["Attributes"]
        waiting = sum(int(counts[name]) for name in _COUNTS)
        pressure = Pressure(at_ms=now_ms, behind_s=waiting / calls_per_s)
        # With S3's own key, whatever the bucket's is: a camera may not decrypt by a key of KMS.
        s3.put_object(
            Bucket=bucket,
            Key=PRESSURE_KEY,
            Body=pressure.document(),
            ContentType="application/json",
            ServerSideEncryption="AES256",
        )
    except (ClientError, BotoCoreError) as problem:
        code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else type(problem).__name__
        raise DeliveriesUnavailable(
            f"the pressure cannot be measured or written to bucket {bucket} ({code}): check the function's role"
        ) from None
    return pressure
