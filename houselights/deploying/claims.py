"""Claims for devices that were set up elsewhere: each registers itself, by a certificate that all of them share.

The organiser lists which serial number may become which camera (`audience.deliveries.claims`); `infra/claims.yaml` has
the function that reads the list, and `edge_lambda.provisioning` is the device's part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from audience.deliveries.claims import CLAIMS, Claim, check_serial, claim_key, read_claim, used_key
from audience.errors import DeploymentFailed, InvalidValue, SheetRejected
from audience.session_setup import device_environment
from audience.sessions import Session
from audience.time import to_ms
from houselights.csv_table import read_csv_table
from houselights.deploying.aws import aws_errors
from houselights.deploying.fleet import (
    FleetAccount,
    FleetStage,
    account_settings,
    in_parallel,
    iot_client,
    register_thing,
    write_file,
    write_settings,
)
from houselights.deploying.grants import check_grantable
from houselights.wording import counted

KIT: Final = "claim"
"""The folder with what goes on every device."""

_ENVIRONMENT: Final = "claim.env"


def read_serials(file: Path, stages: Sequence[FleetStage]) -> dict[str, str]:
    """Reads serial numbers from a table: which device becomes which camera.

    Args:
        file: the table, as `read_csv_table` takes it: a column `serial`, and if wanted `camera`; a line without takes
            the next free camera.
        stages: whose cameras.

    Returns:
        Serial numbers by camera, for all cameras of the stages.

    Raises:
        InvalidValue: it cannot be read, a line is wrong, which the message names, or there are too few.
    """
    cameras = [camera for stage in stages for camera in stage.cameras]
    known, named, others, seen = set(cameras), dict[str, str](), list[str](), set[str]()
    for row in read_csv_table(file, "serial", example="serial,camera"):
        try:
            serial = check_serial(row.cells["serial"])
        except InvalidValue as problem:
            raise InvalidValue(f"{row.where}: {problem}") from None
        camera = row.cells.get("camera", "")
        if serial in seen or camera in named:
            raise InvalidValue(f"{row.where}: {camera if camera in named else serial} is there twice")
        if camera and camera not in known:
            raise InvalidValue(f"{row.where}: there is no camera {camera!r}: they are called {cameras[0]} and so on")
        seen.add(serial)
        if camera:
            named[camera] = serial
        else:
            others.append(serial)
    free = [camera for camera in cameras if camera not in named]
    if len(others) != len(free):
        raise InvalidValue(
            f"{file} has {counted(len(seen), 'serial number')} for {counted(len(cameras), 'camera')}: one is needed "
            "for each"
        )
    return named | dict(zip(free, others, strict=True))


def write_claims(
    aws: Any,
    account: FleetAccount,
    session: Session,
    stages: Sequence[FleetStage],
    serials: Mapping[str, str],
    *,
    until: datetime,
    on_camera: Callable[[], None],
) -> None:
    """Registers cameras without certificates, and lists which device may get one as which of them.

    Args:
        aws: a boto3 session.
        account: as `fleet_account` returned.
        session: their session.
        stages: its stages.
        serials: as `read_serials` returned.
        until: until when the devices can register, aware UTC.
        on_camera: called when one is done.

    Raises:
        DeploymentFailed: AWS refuses, a camera delivers for another session, or a serial number is listed for another
            camera. Those that are done stay so.
    """
    check_grantable(session.session_id)
    with aws_errors(aws):
        iot, s3 = iot_client(aws, session), aws.client("s3")

        def write(stage_id: str, camera: str) -> None:
            claim = Claim(until_ms=to_ms(until), settings=device_environment(session, stage_id, camera))
            before = _claim(s3, account.bucket, claim_key(serials[camera]))
            if before is not None and before.camera_id != camera:
                raise DeploymentFailed(
                    f"serial number {serials[camera]} is listed for camera {before.camera_id} of session "
                    f"{before.session_id}: `houselights cameras revoke {serials[camera]}` first"
                )
            register_thing(iot, session, camera)
            _put(s3, account.bucket, claim_key(serials[camera]), claim.document())

        in_parallel((partial(write, stage.stage_id, camera) for stage in stages for camera in stage.cameras), on_camera)


def make_kit(aws: Any, account: FleetAccount, folder: Path, *, stack: str, source: str) -> bool:
    """Makes the claim certificate, and the files for every device, in `claim/`; files that are there stay.

    Args:
        aws: a boto3 session.
        account: as `fleet_account` returned.
        folder: where the folder goes.
        stack: name of the stack of `infra/claims.yaml`.
        source: the devices' `HOUSELIGHTS_SOURCE`.

    Returns:
        Whether it made them.

    Raises:
        DeploymentFailed: AWS refuses.
        ExportFailed: the folder cannot be written.
    """
    own = folder / KIT
    if (own / _ENVIRONMENT).exists():
        return False
    with aws_errors(aws):
        iot = aws.client("iot")
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.attach_policy(policyName=stack, target=made["certificateArn"])
    write_file(own / "claim.key", made["keyPair"]["PrivateKey"].encode())
    write_file(own / "claim.crt", made["certificatePem"].encode())
    write_settings(own / _ENVIRONMENT, {**account_settings(account, source=source), "HOUSELIGHTS_CLAIM": stack})
    return True


def check_claims_stack(aws: Any, stack: str) -> None:
    """Checks that there is a stack of `infra/claims.yaml`.

    Raises:
        DeploymentFailed: there is none, or AWS refuses.
    """
    with aws_errors(aws):
        iot = aws.client("iot")
        try:
            iot.get_policy(policyName=stack)
        except iot.exceptions.ResourceNotFoundException:
            raise DeploymentFailed(
                f"there is no policy {stack!r} in AWS IoT in {aws.region_name}: `make deploy-claims` first "
                "(infra/README.md)"
            ) from None


def open_claims(aws: Any, bucket: str) -> tuple[list[str], list[str]]:
    """The serial numbers whose claims nobody used yet, and those whose claims are used, sorted.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    found: dict[str, set[str]] = {".json": set(), ".used": set()}
    with aws_errors(aws):
        for page in aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=CLAIMS):
            for one in page.get("Contents", ()):
                name = one["Key"].removeprefix(CLAIMS)
                if name[-5:] in found:
                    found[name[-5:]].add(name[:-5])
    return sorted(found[".json"] - found[".used"]), sorted(found[".used"])


def revoke_claim(aws: Any, bucket: str, serial: str) -> str | None:
    """Takes a serial number off the list; a certificate that was got by it is switched off.

    Returns:
        The certificate's id; None where the claim was not used.

    Raises:
        DeploymentFailed: no claim names it, or AWS refuses.
    """
    with aws_errors(aws):
        s3 = aws.client("s3")
        claim, used = claim_key(serial), used_key(serial)
        listed = _get(s3, bucket, claim) is not None
        s3.delete_object(Bucket=bucket, Key=claim)  # first: from now on nobody uses it
        certificate = _get(s3, bucket, used)
        if certificate is None:
            if not listed:
                raise DeploymentFailed(f"no claim names serial number {serial!r}")
            return None
        iot, certificate_id = aws.client("iot"), certificate.decode()
        # AWS forgets a certificate that its device never came as far as to activate.
        with suppress(iot.exceptions.ResourceNotFoundException):
            iot.update_certificate(certificateId=certificate_id, newStatus="INACTIVE")
        s3.delete_object(Bucket=bucket, Key=used)
    return certificate_id


def _claim(s3: Any, bucket: str, key: str) -> Claim | None:
    data = _get(s3, bucket, key)
    try:
        return None if data is None else read_claim(data)
    except SheetRejected:
        return None  # nobody can use it: it is written anew


def _get(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        data: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as problem:
        # The second where one may not list; who may not read either is refused when writing.
        if problem.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
            return None
        raise
    return data


def _put(s3: Any, bucket: str, key: str, data: bytes) -> None:
    # S3's own encryption, not the KMS key for pictures: the function that reads this may not decrypt with that key.
    s3.put_object(Bucket=bucket, Key=key, Body=data, ServerSideEncryption="AES256", ContentType="application/json")
