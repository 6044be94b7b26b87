"""Uploads deliveries to Amazon S3, and translates its errors for operators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from audience.deliveries.delivery import Delivery
from audience.errors import UploadFailed, UploadRefused
from audience.time import to_ms

SENT_MS: Final = "sent-ms"
"""Metadata key of every object: send time by the device's clock, milliseconds since the epoch."""

_TYPES = {".jpg": "image/jpeg", ".json": "application/json", ".sealed": "application/octet-stream"}

# Error codes of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "AccountProblem"}
_ELSEWHERE = {"NoSuchBucket", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_NEVER = {"EntityTooLarge", "KeyTooLongError"}
_FROM_SERVER_ERRORS = 500


def upload_client(session: Any, *, endpoint_url: str | None = None) -> Any:
    """Creates an S3 client with short timeouts and no retries, for an `S3Bucket`.

    Args:
        session: a boto3 session with region and credentials.
        endpoint_url: address of S3, if it is not AWS's own.
    """
    # The uploader itself backs off between retries, and a stop must not wait for botocore's.
    retries = {"total_max_attempts": 1, "mode": "standard"}
    config = Config(retries=retries, connect_timeout=5, read_timeout=10)
    return session.client("s3", endpoint_url=endpoint_url, config=config)


class S3Bucket:
    """An S3 bucket for deliveries. Not thread-safe."""

    def __init__(
        self, name: str, connect: Callable[[], Any], *, now: Callable[[], datetime], session_id: str | None = None
    ) -> None:
        """Creates the object without connecting.

        Args:
            name: the bucket's name.
            connect: creates an S3 client, as `upload_client` does; called again for new credentials when S3 no longer
                accepts the old ones.
            now: the device's clock.
            session_id: the device's session, if its credentials are limited to one: deliveries of other sessions that
                S3 denies are then refused, so that they do not block this session's. None retries them all.
        """
        self._name, self._connect, self._now, self._session_id = name, connect, now, session_id
        self._client: Any = None

    def put(self, delivery: Delivery) -> None:
        """Uploads a delivery; see `Bucket.put`.

        The key is made from the content, so an existing object with that key is identical. The metadata hold the send
        time by the device's clock; compared with S3's clock, it shows the error of the device's.
        """
        suffix = delivery.key[delivery.key.rfind(".") :]
        try:
            if self._client is None:
                self._client = self._connect()
            self._client.put_object(
                Bucket=self._name,
                Key=delivery.key,
                Body=delivery.data,
                ContentType=_TYPES[suffix],
                Metadata={SENT_MS: str(to_ms(self._now()))},
            )
        except ClientError as refusal:
            raise self._meaning_of(refusal, delivery.key) from None
        except NoCredentialsError:
            self.close()
            raise UploadFailed("no AWS credentials were found: give the device its role") from None
        except BotoCoreError as problem:
            # Their messages may hold signed URLs; their class names do not.
            raise UploadFailed(f"S3 cannot be reached ({type(problem).__name__})") from None

    def close(self) -> None:
        """Closes the connection; the next put opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _meaning_of(self, refusal: ClientError, key: str) -> UploadFailed:
        code = str(refusal.response.get("Error", {}).get("Code", ""))[:60]
        status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _NEVER:
            return UploadRefused(f"S3 refuses this delivery for good ({code}): it stays in the outbox's folder")
        if code in _CREDENTIALS:
            self.close()
            return UploadFailed(f"S3 no longer accepts the credentials ({code}): new ones will be requested")
        of_session = key.split("/")[1]
        if code in _FORBIDDEN and self._session_id not in (None, of_session):
            return UploadRefused(
                f"this device may deliver for {self._session_id}, and no longer for {of_session} ({code}): the "
                "older session's deliveries are refused and stay in the outbox's folder"
            )
        if code in _FORBIDDEN:
            return UploadFailed(
                f"bucket {self._name} may not be written to ({code}): grant the device its session, or check its role"
            )
        if code in _ELSEWHERE:
            return UploadFailed(
                f"bucket {self._name} does not exist or is in another region ({code}): check name and region"
            )
        if code == "RequestTimeTooSkewed":
            return UploadFailed(f"the clock of this device is wrong ({code}): set it")
        if code in ("SlowDown", "ServiceUnavailable") or status >= _FROM_SERVER_ERRORS:
            return UploadFailed(f"S3 is busy ({code}): will be retried")
        return UploadFailed(f"S3 does not accept the delivery ({code}): will be retried")
