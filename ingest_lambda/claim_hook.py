"""Entry point of AWS Lambda that decides which device may become a camera, before AWS IoT Core registers it.

AWS IoT calls it while a device trades its claim certificate for one of its own, and waits five seconds at most.
https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html
"""

from __future__ import annotations

import functools
import os
import time
from contextlib import closing
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import ClientError

from audience.deliveries.claims import LARGEST_CLAIM, Claim, check_serial, claim_key, read_claim, used_key
from audience.errors import HouselightsError, InvalidValue

SERIAL: Final = "SerialNumber"
"""The parameter that a device gives."""

# What S3 answers where there is no such object; the second to who may not list.
_ABSENT = {"NoSuchKey", "AccessDenied"}


class ClaimRefused(HouselightsError):
    """A device may not become a camera; the message says why."""


def decide(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lets the device of a listed serial number be registered as its camera, once.

    The same certificate may ask again: so a device that lost the answer gets it.

    Args:
        event: `parameters` with the device's `SerialNumber`, and `certificateId` of the certificate that it is to get.

    Returns:
        `allowProvisioning` and, where it is true, `parameterOverrides` for the provisioning template.

    Raises:
        BotoCoreError, ClientError: S3 cannot be read; AWS IoT then refuses, and the device asks again.
    """
    log = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "claims")
    # Whatever a device sends ends here, so it is looked at before it is a key or stands in the log.
    given = event.get("parameters", {}).get(SERIAL)
    try:
        serial = check_serial(given if isinstance(given, str) else "")
    except InvalidValue:
        log.warning("refused", why="it names no serial number")
        return {"allowProvisioning": False}
    certificate = str(event["certificateId"])
    try:
        claim = _claim(serial)
        _use(serial, certificate)
    except ClaimRefused as refusal:
        log.warning("refused", serial=serial, why=str(refusal))
        return {"allowProvisioning": False}
    log.info("registered", serial=serial, session=claim.session_id, camera=claim.camera_id)
    overrides = {"Camera": claim.camera_id, "Session": claim.session_id, "Settings": claim.line()}
    return {"allowProvisioning": True, "parameterOverrides": overrides}


def _claim(serial: str) -> Claim:
    data = _get(claim_key(serial))
    if data is None:
        raise ClaimRefused("no claim names this serial number")
    try:
        claim = read_claim(data)
    except HouselightsError as problem:
        raise ClaimRefused(f"its claim cannot be read: {problem}") from None
    if claim.until_ms <= time.time() * 1000:
        raise ClaimRefused("its claim has ended")
    return claim


def _use(serial: str, certificate: str) -> None:
    key = used_key(serial)
    try:
        # Not the key of one's own for pictures, if there is one: who lists these may not decrypt with it.
        _s3().put_object(
            Bucket=_bucket(), Key=key, Body=certificate.encode(), IfNoneMatch="*", ServerSideEncryption="AES256"
        )
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "PreconditionFailed":
            raise  # another copy writes it at this moment, or S3 is busy: the device asks again
        if _get(key) != certificate.encode():
            raise ClaimRefused("its claim was used, by another certificate") from None


def _get(key: str) -> bytes | None:
    """An object's bytes, cut at the size of a claim; None if there is none."""
    try:
        answer = _s3().get_object(Bucket=_bucket(), Key=key)
    except ClientError as problem:
        if problem.response["Error"]["Code"] in _ABSENT:
            return None
        raise
    with closing(answer["Body"]) as body:
        data: bytes = body.read(LARGEST_CLAIM + 1)
    return data


def _bucket() -> str:
    return os.environ["HOUSELIGHTS_DELIVERIES"]


@functools.cache
def _s3() -> Any:
    # AWS IoT waits five seconds, so what S3 has not answered in a second is left to the device's next try.
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=1, read_timeout=1)
    return boto3.Session().client("s3", config=config)
