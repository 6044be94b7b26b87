"""Deliveries in an S3 bucket: the receiving end."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final, NoReturn

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import DeliveriesUnavailable, DeliveryGone
from audience.time import to_ms
from ingest_lambda.worker import KEPT, ReceivedDelivery, check_size

SENT_MS: Final = "sent-ms"
"""Object metadata: when the device sent it, by its own clock, milliseconds since the epoch."""

_GONE = {"NoSuchKey", "404"}


def quick_client(session: Any, service: str) -> Any:
    """Creates a client with short timeouts and few retries: the queue retries the message anyway.

    Args:
        session: a boto3 session, with region and credentials.
        service: boto3's name of the service, such as `s3`.
    """
    retries = {"total_max_attempts": 3, "mode": "standard"}
    return session.client(service, config=Config(retries=retries, connect_timeout=2, read_timeout=5))


class BucketDeliveries:
    """Implements `ingest_lambda.worker.Deliveries` on S3."""

    def __init__(self, client: Any) -> None:
        """Creates the object without I/O.

        Args:
            client: S3 client, as `quick_client` makes it.
        """
        self._client = client

    def read(self, bucket: str, key: str) -> ReceivedDelivery:
        try:
            response = self._client.get_object(Bucket=bucket, Key=key)
            with closing(response["Body"]) as body:  # its own context manager skips the check of the length read
                check_size(response["ContentLength"])
                data = body.read()
        except (ClientError, BotoCoreError) as problem:
            _raise_for(problem, "read", bucket)
        return ReceivedDelivery(
            data=data, delivered_ms=to_ms(response["LastModified"]), sent_ms=_sent_ms(response["Metadata"])
        )

    def remove(self, bucket: str, key: str) -> None:
        try:
            self._client.delete_object(Bucket=bucket, Key=key)
        except (ClientError, BotoCoreError) as problem:
            _raise_for(problem, "deleted from", bucket)

    def keep(self, bucket: str, key: str) -> None:
        try:
            self._client.copy_object(Bucket=bucket, Key=KEPT + key, CopySource={"Bucket": bucket, "Key": key})
        except (ClientError, BotoCoreError) as problem:
            if isinstance(problem, ClientError) and problem.response["Error"]["Code"] in _GONE:
                return
            _raise_for(problem, f"written to under {KEPT}", bucket)
        self.remove(bucket, key)


def _sent_ms(metadata: dict[str, str]) -> int | None:
    text = metadata.get(SENT_MS, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 13 else None


def _raise_for(problem: ClientError | BotoCoreError, what: str, bucket: str) -> NoReturn:
    if not isinstance(problem, ClientError):
        # botocore's messages may contain signed URLs; the names of its exceptions do not.
        raise DeliveriesUnavailable(
            f"S3 cannot be reached ({type(problem).__name__}): check network and credentials"
        ) from None
    code = str(problem.response.get("Error", {}).get("Code", ""))[:60]
    if code in _GONE:
        raise DeliveryGone(f"the delivery is not in bucket {bucket} any more, and is not recorded") from None
    if code == "AccessDenied":
        raise DeliveriesUnavailable(
            f"bucket {bucket} may not be {what} ({code}): allow s3:GetObject, s3:DeleteObject, s3:ListBucket (without "
            "it S3 denies access to objects that are gone), and the use of its KMS key, if it has one"
        ) from None
    raise DeliveriesUnavailable(
        f"bucket {bucket} cannot be {what} now ({code}): the delivery will be retried"
    ) from None
