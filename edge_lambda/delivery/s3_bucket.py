"""Amazon S3 as the place deliveries go to, and what its refusals mean to an operator."""

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
"""Metadata of every object: when it was sent by the device's clock, milliseconds since the epoch."""

_TYPES = {".jpg": "image/jpeg", ".json": "application/json"}

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
    """An S3 client that gives up soon, for an `S3Bucket`.

    Args:
        session: a boto3 session, which has the region and the credentials.
        endpoint_url: where S3 is, if not where AWS has it.
    """
    # The uploader itself waits between tries, and a stop must not wait for botocore's.
    retries = {"total_max_attempts": 1, "mode": "standard"}
    config = Config(retries=retries, connect_timeout=5, read_timeout=10)
    return session.client("s3", endpoint_url=endpoint_url, config=config)


class S3Bucket:
    """One bucket. Used by one thread."""

    def __init__(
        self, name: str, connect: Callable[[], Any], *, now: Callable[[], datetime], session_id: str | None = None
    ) -> None:
        """Does not connect yet.

        Args:
            name: of the bucket.
            connect: makes an S3 client, as `upload_client` does; called again when S3 no longer accepts its
                credentials, so that it looks for new ones.
            now: the device's clock.
            session_id: the session that the device delivers for, where its credentials may be for that one alone: what
                is left of another is refused for good, so that it holds up none of this one. None waits with all.
        """
        self._name, self._connect, self._now, self._session_id = name, connect, now, session_id
        self._client: Any = None

    def put(self, delivery: Delivery) -> None:
        """Puts a delivery; see `Bucket.put`.

        A plain put: the key is made from the content, so an object already there is the same one. When it was sent by
        the device's clock stands beside it, since against S3's own clock it tells the error of the device's.
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
            raise UploadFailed("there are no AWS credentials: give the device its role") from None
        except BotoCoreError as problem:
            # Their texts may hold addresses with signatures in them; their names do not.
            raise UploadFailed(f"S3 cannot be reached ({type(problem).__name__})") from None

    def close(self) -> None:
        """Lets go of the connection; the next put makes a new one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _meaning_of(self, refusal: ClientError, key: str) -> UploadFailed:
        code = str(refusal.response.get("Error", {}).get("Code", ""))[:60]
        status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _NEVER:
            return UploadRefused(f"S3 will never take this delivery ({code}): it is set aside")
        if code in _CREDENTIALS:
            self.close()
            return UploadFailed(f"S3 no longer accepts the credentials ({code}): waiting for new ones")
        of_session = key.split("/")[1]
        if code in _FORBIDDEN and self._session_id not in (None, of_session):
            return UploadRefused(
                f"this device may deliver for {self._session_id}, and no longer for {of_session} ({code}): what was "
                "left of it is set aside"
            )
        if code in _FORBIDDEN:
            return UploadFailed(
                f"bucket {self._name} may not be written to ({code}): grant the device its session, or check its role"
            )
        if code in _ELSEWHERE:
            return UploadFailed(
                f"bucket {self._name} is not there or in another region ({code}): check name and region"
            )
        if code == "RequestTimeTooSkewed":
            return UploadFailed(f"the clock of this device is wrong ({code}): set it")
        if code in ("SlowDown", "ServiceUnavailable") or status >= _FROM_SERVER_ERRORS:
            return UploadFailed(f"S3 is busy ({code}): waiting")
        return UploadFailed(f"S3 does not take the delivery ({code})")
