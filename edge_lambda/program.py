"""The camera's program behind `python -m edge_lambda`, told by its environment: see `edge_lambda.settings`.

Ends with exit code 0 when it is told to stop or a file has been played, and with 2 after a line for each thing that is
wrong with the settings. Everything else that goes wrong is said, and tried again.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from audience.errors import HouselightsError, InvalidValue
from audience.privacy import decide
from audience.store import Heartbeat
from audience.time import to_ms
from edge_lambda import settings as device_settings
from edge_lambda.clock import SteadyClock, check_clock, clock_word
from edge_lambda.delivery.folder_bucket import FolderBucket
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.paths import SheetWay, Way, WindowFileWay
from edge_lambda.delivery.recorded_until import RecordedUntil
from edge_lambda.delivery.uploader import Bucket, Uploader
from edge_lambda.detectors.load import load_detector
from edge_lambda.device import Device
from edge_lambda.devices import Camera, Clock
from edge_lambda.devices.open_camera import open_camera
from edge_lambda.pipeline import CameraKey
from edge_lambda.preview.live import LivePreview
from edge_lambda.scorers import load_scorer
from edge_lambda.settings import DeviceSettings, read_settings
from edge_lambda.status import StatusSender, open_status
from edge_lambda.status.log import heartbeat_line, to_stderr

Made = TypeVar("Made")


def main() -> None:
    """Runs the program and ends the process with its exit code."""
    argparse.ArgumentParser(
        prog="python -m edge_lambda",
        description=f"Looks at a camera and sends what it sees.\n\n{device_settings.__doc__}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    sys.exit(run(os.environ))


def run(environment: Mapping[str, str]) -> int:
    """Looks at the camera that the environment names until SIGTERM, SIGINT or a file's end.

    Returns:
        The exit code.

    Raises:
        ModuleNotFoundError: a library is not installed.
    """
    try:
        _look(read_settings(environment, state_folder=_state_folder))
    except ExceptionGroup as wrong:
        problems = [str(problem) for problem in wrong.exceptions]
    except HouselightsError as problem:
        problems = [str(problem)]
    else:
        return 0
    for line in problems:
        to_stderr(f"houselights: {line}")
    return 2


def _look(settings: DeviceSettings) -> None:
    decision = decide(settings.setting, settings.country, heads_only=settings.heads_only)
    camera = CameraKey(
        session_id=settings.session_id,
        stage_id=settings.stage_id,
        camera_id=settings.camera_id,
        written_ms=to_ms(_now()),
    )
    with ExitStack() as stack:
        outbox = Outbox(settings.outbox)
        stack.callback(outbox.close)
        clock = SteadyClock.of_this_computer(settings.outbox, wall=_now)
        sender = _named("HOUSELIGHTS_STATUS", lambda: _status(settings))
        stack.callback(sender.close)
        preview = None
        if (port := settings.preview_port) is not None:
            preview = _named("HOUSELIGHTS_PREVIEW_PORT", lambda: LivePreview(port=port, blur=settings.preview_blur))
            stack.enter_context(preview)
            to_stderr(f"preview at {preview.address}")

        def load() -> Way:
            detector = load_detector(
                settings.detector,
                yunet_model=settings.yunet_model,
                deeplens_model=settings.deeplens_model,
                doubtful=True,
            )
            options: dict[str, Any] = {"interval_s": settings.interval_s, "keep_frames": preview is not None}
            if decision.mode == "expressions" and settings.scoring == "cloud":
                return SheetWay(camera, detector, **options)
            # A head count never goes by way of pictures, whatever was asked for.
            scorer = load_scorer("expressionnet") if decision.mode == "expressions" else None
            return WindowFileWay(camera, detector, scorer, **options)

        def opened() -> Camera:
            check_clock(clock())
            return _named("HOUSELIGHTS_SOURCE", lambda: open_camera(settings.source, clock=clock, sleep=time.sleep))

        def tell(heartbeat: Heartbeat) -> None:
            sender.send(heartbeat)
            if settings.status != "log" and heartbeat.state != "running":
                to_stderr(heartbeat_line(heartbeat))

        to_stderr(decision.reason)
        device = Device(
            camera,
            every_s=settings.every_s,
            open_camera=opened,
            load=load,
            outbox=outbox,
            recorded=RecordedUntil(settings.outbox, camera),
            uploader=Uploader(outbox, _bucket(settings, clock)),
            tell=tell,
            now=clock,
            clock_problem=lambda: clock.problem() or clock_word(),
            preview=preview,
        )

        def end(_number: int, _frame: FrameType | None) -> None:
            device.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, end))
        device.run()


def _status(settings: DeviceSettings) -> StatusSender:
    return open_status(settings.status, thing=settings.thing, certificate=settings.certificate)


def _bucket(settings: DeviceSettings, clock: Clock) -> Bucket:
    if isinstance(settings.bucket, Path):
        return FolderBucket(settings.bucket)
    # Needed for S3 alone, and slow to import on a small computer.
    import boto3

    from edge_lambda.delivery.iot_credentials import CredentialsProvider, device_session
    from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client

    if settings.credentials_url and settings.certificate is not None:
        provider = CredentialsProvider(
            url=settings.credentials_url, thing=settings.thing, certificate=settings.certificate
        )

        def session() -> Any:
            return device_session(provider, region=settings.region, now=clock)
    else:

        def session() -> Any:
            return boto3.Session(region_name=settings.region)

    return S3Bucket(settings.bucket, lambda: upload_client(session()), now=clock, session_id=settings.session_id)


def _named(variable: str, make: Callable[[], Made]) -> Made:
    """Makes something of a setting; what is wrong with it is said with the variable's name."""
    try:
        return make()
    except InvalidValue as problem:
        raise InvalidValue(f"{variable}: {problem}") from None


def _state_folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("houselights")


def _now() -> datetime:
    return datetime.now(UTC)
