"""The bucket deliveries lie in, as the receiving end needs it."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final, NoReturn

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import DeliveriesUnavailable, DeliveryGone
from audience.instants import to_ms
from ingest_lambda.worker import KEPT, Found, check_size

SENT_MS: Final = "sent-ms"
"""The object's metadata that says when the device sent it, by its own clock."""

_GONE = {"NoSuchKey", "404"}


def brief(session: Any, service: str) -> Any:
    """A client that gives up soon: the queue brings again what was not done.

    Args:
        session: a boto3 session, which has the region and the credentials.
        service: as boto3 names it, such as `s3`.
    """
    retries = {"total_max_attempts": 3, "mode": "standard"}
    return session.client(service, config=Config(retries=retries, connect_timeout=2, read_timeout=5))


class BucketDeliveries:
    """Implements `ingest_lambda.worker.Deliveries` on S3."""

    def __init__(self, client: Any) -> None:
        """Asks nothing yet.

        Args:
            client: of S3, as `brief` makes it.
        """
        self._client = client

    def read(self, bucket: str, key: str) -> Found:
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
            with closing(answer["Body"]) as body:  # as a context itself it would give the stream unchecked
                check_size(answer["ContentLength"])
                data = body.read()
        except (ClientError, BotoCoreError) as problem:
            _meaning_of(problem, "read", bucket)
        return Found(data=data, delivered_ms=to_ms(answer["LastModified"]), sent_ms=_sent_ms(answer["Metadata"]))

    def remove(self, bucket: str, key: str) -> None:
        try:
            self._client.delete_object(Bucket=bucket, Key=key)
        except (ClientError, BotoCoreError) as problem:
            _meaning_of(problem, "deleted from", bucket)

    def keep(self, bucket: str, key: str) -> None:
        try:
            self._client.copy_object(Bucket=bucket, Key=KEPT + key, CopySource={"Bucket": bucket, "Key": key})
        except (ClientError, BotoCoreError) as problem:
            if isinstance(problem, ClientError) and problem.response["Error"]["Code"] in _GONE:
                return
            _meaning_of(problem, f"written to under {KEPT}", bucket)
        self.remove(bucket, key)


def _sent_ms(metadata: dict[str, str]) -> int | None:
    text = metadata.get(SENT_MS, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 13 else None


def _meaning_of(problem: ClientError | BotoCoreError, what: str, bucket: str) -> NoReturn:
    if not isinstance(problem, ClientError):
        # Their texts may hold addresses with signatures in them; their names do not.
        raise DeliveriesUnavailable(f"S3 cannot be reached ({type(problem).__name__}): check the network") from None
    code = str(problem.response.get("Error", {}).get("Code", ""))[:60]
    if code in _GONE:
        raise DeliveryGone(f"the delivery is not in bucket {bucket} any more, and is not recorded") from None
    if code == "AccessDenied":
        raise DeliveriesUnavailable(
            f"bucket {bucket} may not be {what} ({code}): allow s3:GetObject, s3:DeleteObject, and s3:ListBucket, "
            "without which S3 says the same of objects that are gone, and the use of its key, where it has one of KMS"
        ) from None
    raise DeliveriesUnavailable(
        f"bucket {bucket} cannot be {what} now ({code}): the delivery will come again"
    ) from None
