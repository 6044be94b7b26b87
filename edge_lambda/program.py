"""The camera program behind `python -m edge_lambda`, configured by environment variables (`edge_lambda.settings`).

Exits with 0 after a stop signal or the end of a file, and with 2 after printing one line for each wrong setting. Every
other error is reported and retried.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from audience.errors import HouselightsError, InvalidValue, OutboxUnavailable
from audience.privacy import decide, measures_facing
from audience.store import DeliveryStep, Heartbeat
from audience.time import to_ms
from edge_lambda import settings as device_settings
from edge_lambda.clock import SteadyClock, check_clock, clock_warning
from edge_lambda.delivery.folder_bucket import FolderBucket
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.paths import DeliveryPath, SheetDeliveryPath, WindowFileDeliveryPath
from edge_lambda.delivery.pressure import DeliveryLadder, PressureWatch, pressure_in_s3
from edge_lambda.delivery.recorded_until import RecordedUntil
from edge_lambda.delivery.sheets import THRIFTY_INTERVAL_S
from edge_lambda.delivery.uploader import Bucket, Uploader
from edge_lambda.detectors.load import load_detector
from edge_lambda.device import Device
from edge_lambda.devices import Camera, Clock
from edge_lambda.devices.open_camera import open_camera
from edge_lambda.facing import RoomAxis
from edge_lambda.live_frames import one_frame_a_window
from edge_lambda.pipeline import CameraKey
from edge_lambda.preview.live import LivePreview
from edge_lambda.scorers import load_scorer
from edge_lambda.settings import DeviceSettings, read_settings
from edge_lambda.status import StatusSender, open_status
from edge_lambda.status.log import heartbeat_line, to_stderr

if TYPE_CHECKING:
    from audience.identity.records import Sighting
    from edge_lambda.bundled import BundledRecognition

Made = TypeVar("Made")


def main() -> None:
    """Runs the program and ends the process with its exit code."""
    argparse.ArgumentParser(
        prog="python -m edge_lambda",
        description=f"Measures the audience in front of a camera and sends the results.\n\n{device_settings.__doc__}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    sys.exit(run(os.environ))


def run(environment: Mapping[str, str]) -> int:
    """Runs the configured camera until SIGTERM, SIGINT or the end of a file.

    Returns:
        The exit code.

    Raises:
        ModuleNotFoundError: a library is not installed.
    """
    try:
        _run_device(read_settings(environment, state_folder=_state_folder))
    except ExceptionGroup as wrong:
        problems = [str(problem) for problem in wrong.exceptions]
    except HouselightsError as problem:
        problems = [str(problem)]
    else:
        return 0
    for line in problems:
        to_stderr(f"houselights: {line}")
    return 2


def _run_device(settings: DeviceSettings) -> None:
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
        clock = SteadyClock.for_this_computer(settings.outbox, wall=_now)
        sender = _naming("HOUSELIGHTS_STATUS", lambda: _status(settings))
        stack.callback(sender.close)
        preview = None
        if (port := settings.preview_port) is not None:
            preview = _naming("HOUSELIGHTS_PREVIEW_PORT", lambda: LivePreview(port=port, blur=settings.preview_blur))
            stack.enter_context(preview)
            to_stderr(f"preview at {preview.address}")

        watch = PressureWatch(_pressure(settings, clock), outbox.status, clock)
        stack.callback(watch.stop)
        watch.start()

        recognition = None
        if settings.camera_key is not None and settings.signer is not None:
            recognition = _recognition(settings, clock, sender, outbox)
            stack.callback(recognition.close)

        def load() -> DeliveryPath:
            detector = load_detector(
                settings.detector,
                yunet_model=settings.yunet_model,
                deeplens_model=settings.deeplens_model,
                doubtful=True,
            )
            options: dict[str, Any] = {
                "interval_s": settings.interval_s,
                "room": RoomAxis(detector.name, settings.facing_axis) if measures_facing(settings.setting) else None,
                "keep_frames": preview is not None,
                "one_frame_each": one_frame_a_window(settings.every_s, camera.width_ms),
            }
            if recognition is not None:
                options["on_frame"] = recognition.see
            in_cloud = decision.mode == "expressions" and settings.scoring == "cloud"
            options["ladder"] = DeliveryLadder(_steps(settings, in_cloud=in_cloud), watch.behind_s)
            if in_cloud:
                own = partial(load_scorer, "expressionnet")
                return SheetDeliveryPath(camera, detector, load_scorer=own, **options)
            # Head counts never send pictures, whatever the settings say.
            scorer = load_scorer("expressionnet", model=settings.model) if decision.mode == "expressions" else None
            return WindowFileDeliveryPath(camera, detector, scorer, **options)

        def open_source() -> Camera:
            check_clock(clock())
            return _naming("HOUSELIGHTS_SOURCE", lambda: open_camera(settings.source, clock=clock, sleep=time.sleep))

        def on_heartbeat(heartbeat: Heartbeat) -> None:
            if heartbeat.state == "ready":
                _notify_started()
            heartbeat = replace(heartbeat, version=settings.version)
            if recognition is not None:
                heartbeat = recognition.noted(heartbeat)
            sender.send(heartbeat)
            if settings.status != "log" and heartbeat.state != "running":
                to_stderr(heartbeat_line(heartbeat))

        to_stderr(decision.reason)
        device = Device(
            camera,
            every_s=settings.every_s,
            open_camera=open_source,
            load=load,
            outbox=outbox,
            recorded=RecordedUntil(settings.outbox, camera),
            uploader=Uploader(outbox, _bucket(settings, clock)),
            on_heartbeat=on_heartbeat,
            now=clock,
            clock_problem=lambda: clock.problem() or clock_warning(),
            preview=preview,
            status_every_s=settings.status_every_s,
        )

        def stop(_number: int, _frame: FrameType | None) -> None:
            device.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, stop))
        device.run()


def _recognition(settings: DeviceSettings, clock: Clock, sender: StatusSender, outbox: Outbox) -> BundledRecognition:
    """What recognises the people of this camera's bundle. Nothing of it is imported by a camera without a key."""
    from audience.identity.bundle import BundleReader, bundle_name
    from audience.identity.sealed_picture import sealed_picture
    from edge_lambda.bundled import (
        BucketSource,
        BundledRecognition,
        BundledRosters,
        BundleSource,
        FolderSource,
        SightingSender,
    )
    from edge_lambda.recognisers.load import load_recogniser

    key = settings.camera_key
    assert key is not None
    assert settings.signer is not None

    def on_picture(sighting: Sighting, jpeg: bytes) -> None:
        try:
            outbox.put(sealed_picture(sighting, jpeg, camera_key=key))
        except OutboxUnavailable as problem:
            to_stderr(f"the picture of a sighting is lost: {problem}")

    camera = (settings.session_id, settings.stage_id, settings.camera_id)
    recogniser = load_recogniser(settings.recogniser)
    source: BundleSource
    if isinstance(settings.bucket, Path):
        source = FolderSource(settings.bucket / bundle_name(*camera))
    else:
        from edge_lambda.delivery.s3_bucket import upload_client

        connect = _session(settings, clock)
        source = BucketSource(lambda: upload_client(connect()), settings.bucket, bundle_name(*camera))
    reader = BundleReader(
        public_key=settings.signer,
        camera_key=key,
        session_id=settings.session_id,
        stage_id=settings.stage_id,
        camera_id=settings.camera_id,
        recogniser=recogniser.name,
    )
    return BundledRecognition(
        BundledRosters(source, reader, recogniser, folder=settings.outbox, now=clock),
        recogniser,
        camera=camera,
        sightings=SightingSender(sender.publish, write_line=to_stderr),
        on_picture=on_picture,
    )


def _status(settings: DeviceSettings) -> StatusSender:
    return open_status(settings.status, thing=settings.thing, certificate=settings.certificate)


def _bucket(settings: DeviceSettings, clock: Clock) -> Bucket:
    if isinstance(settings.bucket, Path):
        return FolderBucket(settings.bucket)
    from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client

    session = _session(settings, clock)
    return S3Bucket(settings.bucket, lambda: upload_client(session()), now=clock, session_id=settings.session_id)


def _pressure(settings: DeviceSettings, clock: Clock) -> Callable[[], float | None] | None:
    """What reads how far behind the cloud is; None where there is no cloud, or nothing is done about it."""
    if isinstance(settings.bucket, Path) or settings.under_pressure == "none":
        return None
    from edge_lambda.delivery.s3_bucket import upload_client

    session = _session(settings, clock)
    return pressure_in_s3(lambda: upload_client(session()), settings.bucket)


def _steps(settings: DeviceSettings, *, in_cloud: bool) -> tuple[DeliveryStep, ...]:
    """How a camera may deliver, from the step without pressure on."""
    steps: list[DeliveryStep] = ["live"]
    if settings.under_pressure != "none" and settings.interval_s < THRIFTY_INTERVAL_S:
        steps.append("thrifty")
    if settings.under_pressure == "device" and in_cloud:
        steps.append("device")
    return tuple(steps)


def _session(settings: DeviceSettings, clock: Clock) -> Callable[[], Any]:
    """What makes boto3's session, with new credentials each time."""
    # Only needed for S3, and slow to import on a small computer.
    from edge_lambda.delivery.iot_credentials import session_maker

    return session_maker(
        url=settings.credentials_url,
        thing=settings.thing,
        certificate=settings.certificate,
        region=settings.region,
        now=clock,
    )


def _naming(variable: str, make: Callable[[], Made]) -> Made:
    """Calls `make`, and adds the variable's name to its error message."""
    try:
        return make()
    except InvalidValue as problem:
        raise InvalidValue(f"{variable}: {problem}") from None


def _notify_started() -> None:
    """Says to whoever started this program that its models are loaded: systemd, or `edge_lambda.launcher`.

    https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        # One that begins with @ has no file.
        notified.sendto(b"READY=1", f"\0{address[1:]}" if address.startswith("@") else address)


def _state_folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("houselights")


def _now() -> datetime:
    return datetime.now(UTC)
