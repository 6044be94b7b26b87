"""Registers many cameras in AWS IoT at once: a thing, a certificate with the stack's policy, and files for the device.

What a device needs lies in a folder of its own: `camera.crt`, `camera.key` and `camera.env`, which is written last. So
a camera is done when it has its `camera.env`, and an interrupted run goes on with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from audience.deliveries.claims import SETTINGS
from audience.environment_files import environment_text, read_environment, with_environment
from audience.errors import DeploymentFailed, ExportFailed, InvalidValue
from audience.ids import check_id, check_title
from audience.private_files import private_folder, write_private
from audience.session_setup import device_environment
from audience.sessions import Session
from houselights.csv_table import read_csv_table
from houselights.deploying.aws import aws_errors
from houselights.deploying.grants import check_grantable

MOST_EACH: Final = 100
"""Most cameras of a stage."""

ON_DEVICE: Final = "/etc/houselights"
"""The folder on the device in which its files are."""

ENVIRONMENT: Final = "camera.env"
"""The file of a device's settings, written last."""

_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStage:
    """A stage that gets cameras.

    Attributes:
        stage_id: its id.
        title: its name; "" to use the id.
        cameras: ids of its cameras, unique in the account.
    """

    stage_id: str
    title: str
    cameras: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAccount:
    """What cameras of an account have in common.

    Attributes:
        policy: name of the policy for their certificates.
        role_alias: name of their role alias.
        bucket: where they deliver.
        credentials, data: the account's endpoints of AWS IoT.
        region: name of the region.
    """

    policy: str
    role_alias: str
    bucket: str
    credentials: str
    data: str
    region: str


def read_stages(file: Path, each: int) -> list[FleetStage]:
    """Reads stages from a table with the columns `stage` (an id) and, if wanted, `title` and `cameras` (how many).

    Args:
        file: the table, as `read_csv_table` takes it.
        each: cameras of a stage for which the table does not say how many.

    Raises:
        InvalidValue: it cannot be read, or a line is wrong; the message names it.
    """
    found: dict[str, FleetStage] = {}
    for row in read_csv_table(file, "stage", example="stage,title"):
        try:
            stage = _stage(row.cells, each)
        except InvalidValue as problem:
            raise InvalidValue(f"{row.where}: {problem}") from None
        if stage.stage_id in found:
            raise InvalidValue(f"{row.where}: stage {stage.stage_id!r} is there twice")
        found[stage.stage_id] = stage
    if not found:
        raise InvalidValue(f"{file} names no stage")
    return list(found.values())


def _stage(cells: Mapping[str, str], each: int) -> FleetStage:
    stage_id = check_id("stage id", cells["stage"])
    check_grantable(stage_id)
    count = cells.get("cameras") or str(each)
    if not count.isascii() or not count.isdigit() or not 1 <= int(count) <= MOST_EACH:
        raise InvalidValue(f"{count!r} is no number of cameras from 1 to {MOST_EACH}")
    title = cells.get("title", "")
    check_title("stage title", title)
    cameras = tuple(check_id("camera id", f"{stage_id}-{number:02}") for number in range(1, int(count) + 1))
    return FleetStage(stage_id=stage_id, title=title, cameras=cameras)


def fleet_account(aws: Any, *, stack: str, bucket: str) -> FleetAccount:
    """Looks up what cameras of an account have in common.

    Args:
        aws: a boto3 session.
        stack: name of the stack of `infra/template.yaml`.
        bucket: its bucket of deliveries.

    Raises:
        DeploymentFailed: there is no such stack's policy, or AWS refuses.
    """
    policy = f"{stack}-camera"
    with aws_errors(aws):
        iot = aws.client("iot")
        try:
            iot.get_policy(policyName=policy)
        except iot.exceptions.ResourceNotFoundException:
            raise DeploymentFailed(
                f"there is no policy {policy!r} in AWS IoT in {aws.region_name}: deploy the stack first, or name it "
                "with --stack"
            ) from None
        credentials, data = (
            str(iot.describe_endpoint(endpointType=kind)["endpointAddress"])
            for kind in ("iot:CredentialProvider", "iot:Data-ATS")
        )
    return FleetAccount(
        policy=policy, role_alias=policy, bucket=bucket, credentials=credentials, data=data, region=aws.region_name
    )


def not_ready(
    folder: Path, session: Session, stages: Iterable[FleetStage], granted: Collection[str]
) -> list[tuple[str, str]]:
    """The cameras that cannot deliver for a session yet, as ids of stage and camera.

    Args:
        folder: as of `register`.
        session: the session.
        stages: its stages.
        granted: ids of the cameras that AWS lets deliver for it.

    Raises:
        InvalidValue: the files of a camera cannot be read.
    """
    return [
        (stage.stage_id, camera)
        for stage in stages
        for camera in stage.cameras
        if camera not in granted or not _is_told(folder, session, stage.stage_id, camera)
    ]


def is_made(folder: Path, stage_id: str, camera_id: str) -> bool:
    """Whether a camera has its files, for this session or another."""
    return (folder / stage_id / camera_id / ENVIRONMENT).exists()


def _is_told(folder: Path, session: Session, stage_id: str, camera_id: str) -> bool:
    """Whether a camera has its files, and what they say of the session holds."""
    if not is_made(folder, stage_id, camera_id):
        return False
    told = read_environment(folder / stage_id / camera_id / ENVIRONMENT)
    return {name: told[name] for name in told.keys() & SETTINGS} == device_environment(session, stage_id, camera_id)


def register(
    aws: Any,
    account: FleetAccount,
    session: Session,
    cameras: Sequence[tuple[str, str]],
    folder: Path,
    *,
    source: str,
    on_camera: Callable[[], None],
) -> None:
    """Registers cameras and lets them deliver for a session, several at once.

    One that has a certificate, from an earlier session, keeps it.

    Args:
        aws: a boto3 session.
        account: as `fleet_account` returned.
        session: their session.
        cameras: ids of stage and camera, as `not_ready` returned.
        folder: where the files of each camera go, under STAGE/CAMERA.
        source: their `HOUSELIGHTS_SOURCE`.
        on_camera: called when one is done.

    Raises:
        DeploymentFailed: AWS refuses, or a camera belongs to another session. Those that are done stay so.
        ExportFailed: the folder cannot be written.
    """
    check_grantable(session.session_id)
    if not cameras:
        return
    with aws_errors(aws):
        iot = iot_client(aws, session)
        in_parallel(
            (partial(_register, iot, account, session, *camera, folder, source) for camera in cameras), on_camera
        )


def iot_client(aws: Any, session: Session) -> Any:
    """A client of AWS IoT for many requests, once there is a thing type for the session."""
    from botocore.config import Config

    # Adaptive: AWS takes some 15 of these requests a second, and says when that is too many.
    config = Config(retries={"mode": "adaptive", "total_max_attempts": 12}, max_pool_connections=_AT_ONCE)
    iot = aws.client("iot", config=config)
    with suppress(iot.exceptions.ResourceAlreadyExistsException):
        iot.create_thing_type(thingTypeName=session.session_id)
    return iot


def in_parallel(tasks: Iterable[Callable[[], None]], on_done: Callable[[], None]) -> None:
    """Runs tasks, several at once, and calls `on_done` after each. Where one fails or Ctrl-C comes, begun ones end."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for future in as_completed([pool.submit(task) for task in tasks]):
            future.result()
            on_done()
    finally:
        # Cameras that were begun are completed, so that no certificate is left without its files.
        pool.shutdown(wait=True, cancel_futures=True)


def write_cards(
    folder: Path, session: Session, stages: Iterable[FleetStage], serials: Mapping[str, str] | None = None
) -> None:
    """Writes the start cards of each stage as a page to print, `STAGE/cards.html`: what goes where, and what starts it.

    Args:
        folder: as of `register`.
        session: their session.
        stages: its stages.
        serials: serial numbers of the devices by camera, where these register themselves.

    Raises:
        ExportFailed: the folder cannot be written.
    """
    from dashboard.pages.operate.start_commands import StartCard, cards_html

    start = f"set -a && . {ON_DEVICE}/{ENVIRONMENT} && set +a && python -m edge_lambda.launcher"
    if serials is not None:
        start = f"python -m edge_lambda.provisioning {ON_DEVICE} && {start}"
    for stage in stages:
        name = stage.title or stage.stage_id
        names = {one: f"{one} · {serials[one]}" if serials else one for one in stage.cameras}
        cards = [StartCard(stage=name, camera_id=names[camera], command=start) for camera in stage.cameras]
        write_file(folder / stage.stage_id / "cards.html", cards_html(cards, session=session.name).encode())


def register_thing(iot: Any, session: Session, camera_id: str) -> bool:
    """Makes the thing of a camera, which may deliver for this session.

    Returns:
        Whether it is new.

    Raises:
        DeploymentFailed: it may deliver for another session.
    """
    try:
        granted = iot.describe_thing(thingName=camera_id).get("thingTypeName")
    except iot.exceptions.ResourceNotFoundException:
        iot.create_thing(thingName=camera_id, thingTypeName=session.session_id)
        return True
    if granted not in (None, session.session_id):
        raise DeploymentFailed(
            f"camera {camera_id!r} is registered and delivers for session {granted!r}: `houselights revoke` that "
            "session first, or name the stage otherwise"
        )
    iot.update_thing(thingName=camera_id, thingTypeName=session.session_id)
    return False


def account_settings(account: FleetAccount, *, source: str) -> dict[str, str]:
    """The environment variables that all cameras of an account share."""
    return {
        "HOUSELIGHTS_SOURCE": source,
        "HOUSELIGHTS_BUCKET": account.bucket,
        "HOUSELIGHTS_OUTBOX": "/var/lib/houselights/outbox",
        "HOUSELIGHTS_IOT_CREDENTIALS": f"https://{account.credentials}/role-aliases/{account.role_alias}/credentials",
        "HOUSELIGHTS_STATUS": f"mqtts://{account.data}:8883",
        "HOUSELIGHTS_ROOT_CA": f"{ON_DEVICE}/root-ca.pem",
        "AWS_REGION": account.region,
    }


def write_settings(file: Path, settings: Mapping[str, str]) -> None:
    """Writes environment variables, as a shell reads them.

    Raises:
        ExportFailed: the file cannot be written.
    """
    write_file(file, environment_text(settings).encode())


def _register(
    iot: Any, account: FleetAccount, session: Session, stage_id: str, camera_id: str, folder: Path, source: str
) -> None:
    own, of_session = folder / stage_id / camera_id, device_environment(session, stage_id, camera_id)
    if not register_thing(iot, session, camera_id) and is_made(folder, stage_id, camera_id):
        before = (own / ENVIRONMENT).read_text(encoding="utf-8")
        write_file(own / ENVIRONMENT, with_environment(before, of_session, instead_of=SETTINGS).encode())
        return
    made = iot.create_keys_and_certificate(setAsActive=True)
    iot.attach_policy(policyName=account.policy, target=made["certificateArn"])
    iot.attach_thing_principal(thingName=camera_id, principal=made["certificateArn"])
    write_file(own / "camera.key", made["keyPair"]["PrivateKey"].encode())
    write_file(own / "camera.crt", made["certificatePem"].encode())
    settings = {
        **of_session,
        **account_settings(account, source=source),
        "HOUSELIGHTS_THING": camera_id,
        "HOUSELIGHTS_CERTIFICATE": f"{ON_DEVICE}/camera.crt",
        "HOUSELIGHTS_PRIVATE_KEY": f"{ON_DEVICE}/camera.key",
    }
    write_settings(own / ENVIRONMENT, settings)


def write_file(file: Path, content: bytes) -> None:
    """Writes a file that its owner alone may read.

    Raises:
        ExportFailed: it cannot be written.
    """
    try:
        private_folder(file.parent)
        write_private(file, content)
    except OSError as problem:
        raise ExportFailed(f"{file} cannot be written: {problem.strerror or problem}") from None
