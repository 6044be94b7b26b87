"""Short-lived AWS credentials from AWS IoT Core, so that a device stores no keys.

The device shows its certificate to the credentials provider and gets a role's credentials for about an hour.
https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html
"""

from __future__ import annotations

import json
import logging
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException, HTTPSConnection
from typing import Any, Final

import boto3
import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

from audience.errors import InvalidValue, UploadFailed
from audience.time import parse_instant
from edge_lambda.device_certificate import DeviceCertificate

ANSWER_WITHIN_S: Final = 10.0
"""Timeout of a request to the provider, seconds."""

_LARGEST_ANSWER = 65_536
_FORBIDDEN, _BUSY, _FROM_SERVER_ERRORS = 403, 429, 500
# https://docs.aws.amazon.com/iot/latest/apireference/API_CreateRoleAlias.html
_ENDPOINT = re.compile(
    r"https://([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)(?::([0-9]{1,5}))?(/role-aliases/[A-Za-z0-9_=,@-]{1,128}/credentials)"
)
# https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html
_THING = re.compile(r"[A-Za-z0-9:_-]{1,128}")
# https://docs.openssl.org/3.0/man1/openssl-verification-options/, "Diagnostics"
_NOT_YET_VALID, _EXPIRED = 9, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsProvider:
    """AWS IoT Core's credentials provider, for one device and one role alias.

    Attributes:
        url: https://HOST/role-aliases/ALIAS/credentials.
        thing: the device's name in AWS IoT.
        certificate: identifies the device.
    """

    url: str
    thing: str
    certificate: DeviceCertificate

    def __post_init__(self) -> None:
        if not _ENDPOINT.fullmatch(self.url):
            raise InvalidValue(
                f"{self.url[:100]!r} is not a credentials provider: give "
                "https://ID.credentials.iot.REGION.amazonaws.com/role-aliases/ALIAS/credentials"
            )
        if not _THING.fullmatch(self.thing):
            raise InvalidValue(
                f"thing name {self.thing[:40]!r} is not allowed: use 1 to 128 letters, digits, ':', '_' or '-'"
            )

    def fetch(self, now: datetime) -> dict[str, str]:
        """Requests credentials once.

        Args:
            now: the device's time, aware UTC.

        Returns:
            The fields of botocore's refreshable credentials: access_key, secret_key, token and expiry_time.

        Raises:
            UploadFailed: no credentials were returned; the message is one line without secrets.
        """
        host, port, path = self._parts()
        try:
            status, answer = self._request(host, port, path)
        except InvalidValue as problem:
            raise UploadFailed(str(problem)) from None
        except (OSError, HTTPException) as problem:
            raise UploadFailed(_meaning_of(problem, host)) from None
        if status != 200:
            raise UploadFailed(self._refusal(status, _message(answer)))
        given = _credentials(answer)
        if given is None:
            raise UploadFailed(f"the answer of {host} holds no credentials: check HOUSELIGHTS_IOT_CREDENTIALS")
        try:
            expires_at = parse_instant(given["expiry_time"])
        except InvalidValue:
            raise UploadFailed(f"the credentials from {host} have no expiry time") from None
        if expires_at <= now:
            raise UploadFailed("by this device's clock, new credentials have already expired: set the clock")
        return given

    def _parts(self) -> tuple[str, int, str]:
        parts = _ENDPOINT.fullmatch(self.url)
        assert parts is not None, "checked in __post_init__"
        return parts[1], int(parts[2] or 443), parts[3]

    def _request(self, host: str, port: int, path: str) -> tuple[int, bytes]:
        # The files are read each time, so that a renewed certificate is used without a restart.
        connection = HTTPSConnection(host, port, timeout=ANSWER_WITHIN_S, context=self.certificate.context())
        try:
            connection.request("GET", path, headers={"x-amzn-iot-thingname": self.thing})
            answer = connection.getresponse()
            return answer.status, answer.read(_LARGEST_ANSWER)
        finally:
            connection.close()

    def _refusal(self, status: int, message: str) -> str:
        detail = f"{status}: {message}" if message else str(status)
        if status == _FORBIDDEN:
            return (
                f"AWS IoT refuses thing {self.thing} the role ({detail}): check that its certificate is active, "
                "attached to the thing, and that its policy allows iot:AssumeRoleWithCertificate on the role alias"
            )
        if status == _BUSY or status >= _FROM_SERVER_ERRORS:
            return f"the credentials provider of AWS IoT is busy ({detail}): will be retried"
        return f"the credentials provider of AWS IoT gives no credentials ({detail}): check role alias and thing name"


def session_maker(
    *, url: str, thing: str, certificate: DeviceCertificate | None, region: str, now: Callable[[], datetime]
) -> Callable[[], Any]:
    """What makes a device's boto3 session, with new credentials each time.

    Args:
        url: AWS IoT's credentials provider; "" to use the machine's own credentials.
        thing, certificate: as `CredentialsProvider` has them.
        region: AWS region of the buckets.
        now: the device's clock, aware UTC.
    """
    if not url or certificate is None:
        return lambda: boto3.Session(region_name=region)
    provider = CredentialsProvider(url=url, thing=thing, certificate=certificate)
    return lambda: device_session(provider, region=region, now=now)


def device_session(provider: CredentialsProvider, *, region: str, now: Callable[[], datetime]) -> Any:
    """Creates a boto3 session with the device's own credentials, fetched on first use and refreshed before they expire.

    No other credentials are used: not from the environment, files or the network. Without any, a request raises
    `UploadFailed`.

    Args:
        provider: the source of the credentials.
        region: AWS region of the buckets.
        now: the device's clock, aware UTC.
    """
    # It logs each failure with a traceback; the caller reports each in one line.
    logging.getLogger("botocore.credentials").setLevel(logging.CRITICAL)
    session = botocore.session.Session()
    session.register_component("credential_provider", CredentialResolver(providers=[_OnlyProvider(provider, now)]))
    return boto3.Session(botocore_session=session, region_name=region)


class _OnlyProvider(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    METHOD = "iot"

    def __init__(self, provider: CredentialsProvider, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._provider, self._now = provider, now

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(
            refresh_using=lambda: self._provider.fetch(self._now()), method=self.METHOD, time_fetcher=self._now
        )


def _meaning_of(problem: OSError | HTTPException, host: str) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        if problem.verify_code in (_NOT_YET_VALID, _EXPIRED):
            return f"the certificate of {host} is not valid by this device's clock: set the clock"
        return f"the certificate of {host} is not trusted ({problem.verify_message}): check HOUSELIGHTS_ROOT_CA"
    if isinstance(problem, socket.gaierror):
        return f"host {host} is unknown: check HOUSELIGHTS_IOT_CREDENTIALS and the network"
    if isinstance(problem, ssl.SSLError | ConnectionResetError | BrokenPipeError):
        # A refused certificate ends the connection, sometimes before the reason has arrived.
        reason = (problem.reason if isinstance(problem, ssl.SSLError) else None) or type(problem).__name__
        return f"{host} closed the connection ({reason}): check that the device's certificate is registered and valid"
    return f"the credentials provider {host} cannot be reached ({type(problem).__name__}): check the network"


def _credentials(answer: bytes) -> dict[str, str] | None:
    try:
        given = json.loads(answer)["credentials"]
        found = {
            "access_key": given["accessKeyId"],
            "secret_key": given["secretAccessKey"],
            "token": given["sessionToken"],
            "expiry_time": given["expiration"],
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if all(isinstance(value, str) and value for value in found.values()) else None


def _message(answer: bytes) -> str:
    """The provider's error message; "" if it has none that can be shown."""
    try:
        message = json.loads(answer)["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return message if isinstance(message, str) and message.isprintable() and len(message) <= 100 else ""
