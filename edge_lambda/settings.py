"""Device settings read from environment variables.

HOUSELIGHTS_SOURCE            webcam:0, rtsp://..., http(s)://..., file:PATH or deeplens, which AWS
                              ended in January 2024
HOUSELIGHTS_SESSION           the session, set up before with `houselights prepare`
HOUSELIGHTS_STAGE             main
HOUSELIGHTS_CAMERA            cam-1
HOUSELIGHTS_SETTING           event, cinema, research, home, workplace or education (event)
HOUSELIGHTS_COUNTRY           the country people watch in, by name or code, such as Germany or DE
HOUSELIGHTS_HEADS_ONLY        yes: only count heads; no expression is scored, and no face leaves the device (no)
HOUSELIGHTS_SCORING           cloud: faces leave on contact sheets; device: only their scores leave (cloud)
HOUSELIGHTS_SHEET_INTERVAL_S  seconds of faces in a delivery, 0.1 to 600 (2; 12 costs less and arrives later)
HOUSELIGHTS_UNDER_PRESSURE    how far to spare a cloud that lags: none, thrifty (deliver every 12 s) or device (then
                              score on the device, until it has caught up) (device)
HOUSELIGHTS_STATUS_EVERY_S    seconds between reports of its status, 1 to 60 (2; 30 costs less)
HOUSELIGHTS_EVERY_S           seconds between samples, 0.02 to 3600 (1)
HOUSELIGHTS_DETECTOR          libfacedetection, centerface, yunet, haar or deeplens (libfacedetection)
HOUSELIGHTS_FACING_AXIS       where the room looks, degrees, as `houselights axis` prints it (learned from the faces)
HOUSELIGHTS_MODEL             a model file that `python -m training` made, to score with instead of the included one;
                              needs HOUSELIGHTS_SCORING=device
HOUSELIGHTS_YUNET_MODEL       YuNet's model file, instead of downloading it
HOUSELIGHTS_DEEPLENS_MODEL    .xml file of the DeepLens' face model (that of its sample project "Face detection")
HOUSELIGHTS_BUCKET            an S3 bucket, or dir:PATH, a folder used in its place
HOUSELIGHTS_OUTBOX            folder of deliveries not sent yet (in the user's state folder, one per camera)
HOUSELIGHTS_STATUS            none, log, mqtt://HOST, mqtts://HOST, greengrass or greengrass-v1, whose
                              support ended on 2026-10-07 (log)
HOUSELIGHTS_CAMERA_KEY        recognise people who enrolled: the camera's key, from `houselights people device`
HOUSELIGHTS_SIGNER            the installation's public key, from the same
HOUSELIGHTS_RECOGNISER        dlib or sface: the model to recognise with (dlib)
HOUSELIGHTS_PREVIEW_PORT      serve a live preview on 127.0.0.1 at this port
HOUSELIGHTS_PREVIEW_BLUR      yes: faces in the preview are made unrecognisable (no)
HOUSELIGHTS_IOT_CREDENTIALS   https://ID.credentials.iot.REGION.amazonaws.com/role-aliases/ALIAS/credentials
HOUSELIGHTS_THING             the device's name in AWS IoT
HOUSELIGHTS_CERTIFICATE, HOUSELIGHTS_PRIVATE_KEY, HOUSELIGHTS_ROOT_CA   PEM files of the device's certificate
AWS_REGION                    region of the bucket
HOUSELIGHTS_VERSION           the program's version, for its status (that of the installed package)

An empty variable counts as not set.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, TypeVar, cast

from audience.countries import country_code
from audience.errors import InvalidValue
from audience.ids import check_id
from audience.privacy import SETTINGS, Setting
from audience.store import LONGEST_STATUS_S
from edge_lambda.delivery.sheets import LIVE_INTERVAL_S
from edge_lambda.detectors import DEFAULT_DETECTOR, DETECTORS
from edge_lambda.device_certificate import DeviceCertificate
from edge_lambda.devices import without_secrets
from edge_lambda.devices.open_camera import KINDS
from edge_lambda.facing import HeadPose, axis_of
from edge_lambda.status.heartbeats import RUNNING_EVERY_S

Scoring = Literal["cloud", "device"]
UnderPressure = Literal["none", "thrifty", "device"]
Value = TypeVar("Value")

FOLDER: Final = "dir:"
"""Prefix of a bucket setting that names a folder."""

_DEVICE_DETECTORS: Final = (*DETECTORS, "deeplens")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
_VERSION = re.compile(r"[A-Za-z0-9.+-]{1,40}")
_KEY = re.compile(r"[0-9a-f]{64}")
_SHOWN = 60  # characters of a wrong value


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """The settings, each checked for its format; whether a camera or bucket exists shows when it is used.

    Attributes:
        source, session_id, stage_id, camera_id, scoring, interval_s, every_s, detector, facing_axis, model,
            yunet_model, deeplens_model, preview_port, preview_blur, status, status_every_s, under_pressure: see above.
        setting, country, heads_only: these decide whether expressions may be scored.
        bucket: an S3 bucket's name, or the folder used in its place.
        region: of the S3 bucket; "" without one.
        outbox: folder of deliveries not sent yet.
        credentials_url: AWS IoT's credentials provider; "" to use the machine's own credentials.
        thing: the device's name in AWS IoT; "" if it has none.
        certificate: the device's certificate; None if it has none.
        camera_key, signer: keys of the bundle of people to recognise, 32 bytes each; None to recognise nobody, as
            usual.
        version: of the program; "" if it is not known.
        recogniser: the model to recognise with; imported, and its name checked, only where there is a key.
    """

    source: str
    session_id: str
    stage_id: str
    camera_id: str
    setting: Setting
    country: str | None
    heads_only: bool
    scoring: Scoring
    interval_s: float
    every_s: float
    detector: str
    model: Path | None
    yunet_model: Path | None
    deeplens_model: Path | None
    bucket: str | Path
    region: str
    outbox: Path
    status: str
    preview_port: int | None
    preview_blur: bool
    credentials_url: str
    thing: str
    certificate: DeviceCertificate | None
    camera_key: bytes | None = None
    signer: bytes | None = None
    recogniser: str = "dlib"
    facing_axis: HeadPose | None = None
    status_every_s: float = RUNNING_EVERY_S
    under_pressure: UnderPressure = "device"
    version: str = ""


def read_settings(environment: Mapping[str, str], *, state_folder: Callable[[], Path]) -> DeviceSettings:
    """Reads all settings.

    Args:
        environment: variables by name.
        state_folder: returns the user's state folder; called if no outbox is set.

    Raises:
        ExceptionGroup: holds one `InvalidValue` for each wrong or missing setting; each names in one line the
            variable, its value and what is allowed.
    """
    read = _Reader(environment)
    camera_id = read.value("HOUSELIGHTS_CAMERA", lambda text: check_id("camera id", text), "cam-1")
    certificate = read.optional("HOUSELIGHTS_CERTIFICATE", Path)
    private_key = read.optional("HOUSELIGHTS_PRIVATE_KEY", Path)
    credentials_url = read.value("HOUSELIGHTS_IOT_CREDENTIALS", str, "")
    if credentials_url:
        for name in ("HOUSELIGHTS_THING", "HOUSELIGHTS_CERTIFICATE", "HOUSELIGHTS_PRIVATE_KEY"):
            read.need(name, "as HOUSELIGHTS_IOT_CREDENTIALS is set, give it too")
    elif certificate or private_key:
        for name in ("HOUSELIGHTS_CERTIFICATE", "HOUSELIGHTS_PRIVATE_KEY"):
            read.need(name, "give both the certificate and its key, or neither")
    read.need("HOUSELIGHTS_SOURCE", f"give {KINDS}")
    read.need("HOUSELIGHTS_SESSION", "give the id of a session that was set up with `houselights prepare`")
    read.need("HOUSELIGHTS_BUCKET", f"give the name of an S3 bucket, or {FOLDER}PATH")
    bucket = read.optional("HOUSELIGHTS_BUCKET", _bucket) or ""
    region = read.value("AWS_REGION", _region, "") or read.value("AWS_DEFAULT_REGION", _region, "")
    if isinstance(bucket, str) and bucket and not region:
        read.need("AWS_REGION", f"give the region of bucket {bucket}, such as eu-west-1")
    if read.text("HOUSELIGHTS_CAMERA_KEY") or read.text("HOUSELIGHTS_SIGNER"):
        for name in ("HOUSELIGHTS_CAMERA_KEY", "HOUSELIGHTS_SIGNER"):
            read.need(name, "give both that `houselights people device` prints, or neither")
        status = read.value("HOUSELIGHTS_STATUS", str, "log")
        if status in ("none", "log"):
            read.problems.append(
                InvalidValue(
                    f"HOUSELIGHTS_STATUS is {status}: a camera that recognises people needs mqtt or greengrass, for "
                    "its sightings"
                )
            )
    scoring = read.value("HOUSELIGHTS_SCORING", _one_of(("cloud", "device")), "cloud")
    if scoring == "cloud" and read.text("HOUSELIGHTS_MODEL"):
        read.problems.append(
            InvalidValue(
                "HOUSELIGHTS_MODEL is for scoring on the device: set HOUSELIGHTS_SCORING to device, or leave it out"
            )
        )
    outbox = read.optional("HOUSELIGHTS_OUTBOX", Path)
    settings = DeviceSettings(
        source=read.value("HOUSELIGHTS_SOURCE", str, ""),
        session_id=read.value("HOUSELIGHTS_SESSION", lambda text: check_id("session id", text), ""),
        stage_id=read.value("HOUSELIGHTS_STAGE", lambda text: check_id("stage id", text), "main"),
        camera_id=camera_id,
        setting=cast(Setting, read.value("HOUSELIGHTS_SETTING", _one_of(SETTINGS), "event")),
        country=read.optional("HOUSELIGHTS_COUNTRY", country_code),
        heads_only=read.value("HOUSELIGHTS_HEADS_ONLY", _yes_or_no, False),
        scoring=cast(Scoring, scoring),
        interval_s=read.value("HOUSELIGHTS_SHEET_INTERVAL_S", _seconds(0.1, 600), LIVE_INTERVAL_S),
        every_s=read.value("HOUSELIGHTS_EVERY_S", _seconds(0.02, 3600), 1.0),
        detector=read.value("HOUSELIGHTS_DETECTOR", _one_of(_DEVICE_DETECTORS), DEFAULT_DETECTOR),
        model=read.optional("HOUSELIGHTS_MODEL", Path),
        yunet_model=read.optional("HOUSELIGHTS_YUNET_MODEL", Path),
        deeplens_model=read.optional("HOUSELIGHTS_DEEPLENS_MODEL", Path),
        bucket=bucket,
        region=region,
        outbox=outbox or state_folder() / "outbox" / camera_id,
        status=read.value("HOUSELIGHTS_STATUS", str, "log"),
        preview_port=read.optional("HOUSELIGHTS_PREVIEW_PORT", _port),
        preview_blur=read.value("HOUSELIGHTS_PREVIEW_BLUR", _yes_or_no, False),
        credentials_url=credentials_url,
        thing=read.value("HOUSELIGHTS_THING", str, ""),
        certificate=DeviceCertificate(
            certificate=certificate,
            private_key=private_key,
            root_ca=read.optional("HOUSELIGHTS_ROOT_CA", Path),
        )
        if certificate and private_key
        else None,
        camera_key=read.optional("HOUSELIGHTS_CAMERA_KEY", _key),
        signer=read.optional("HOUSELIGHTS_SIGNER", _key),
        recogniser=read.value("HOUSELIGHTS_RECOGNISER", str, "dlib"),
        facing_axis=read.optional("HOUSELIGHTS_FACING_AXIS", axis_of),
        status_every_s=read.value("HOUSELIGHTS_STATUS_EVERY_S", _seconds(1, LONGEST_STATUS_S), RUNNING_EVERY_S),
        under_pressure=cast(
            UnderPressure,
            read.value("HOUSELIGHTS_UNDER_PRESSURE", _one_of(("none", "thrifty", "device")), "device"),
        ),
        version=read.value("HOUSELIGHTS_VERSION", _version, _installed_version()),
    )
    if read.problems:
        raise ExceptionGroup("settings", read.problems)
    return settings


class _Reader:
    """Reads settings one by one and collects their errors."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[InvalidValue] = []

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def optional(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        """The value; None if it is not set or invalid."""
        text = self.text(name)
        if not text:
            return None
        try:
            return parse(text)
        except InvalidValue as problem:
            shown = "not shown" if name == "HOUSELIGHTS_CAMERA_KEY" else _shown(text)
            self.problems.append(InvalidValue(f"{name} is {shown}: {problem}"))
            return None

    def value(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """The value; the default if it is not set or invalid."""
        found = self.optional(name, parse)
        return default if found is None else found

    def need(self, name: str, what_to_do: str) -> None:
        """Records an error if a value is not set."""
        if not self.text(name):
            self.problems.append(InvalidValue(f"{name} is not set: {what_to_do}"))


def _shown(text: str) -> str:
    shown = without_secrets(text)
    return repr(shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "...")


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise InvalidValue("use letters, digits and dots, such as 1.2.3")
    return text


def _installed_version() -> str:
    try:
        return metadata.version("houselights")
    except metadata.PackageNotFoundError:
        return ""


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise InvalidValue(f"use one of {', '.join(allowed)}")
        return text

    return parse


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not least <= seconds <= most:
            raise InvalidValue(f"use seconds from {least:g} to {most:g}")
        return seconds

    return parse


def _yes_or_no(text: str) -> bool:
    if text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    raise InvalidValue("use yes or no")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise InvalidValue("use a port from 0 to 65535; 0 takes a free one")
    return int(text)


def _key(text: str) -> bytes:
    if not _KEY.fullmatch(text):
        raise InvalidValue("use the 64 hexadecimal digits that `houselights people device` prints")
    return bytes.fromhex(text)


def _bucket(text: str) -> str | Path:
    folder = text.removeprefix(FOLDER)
    if folder != text and folder:
        return Path(folder)
    if not _BUCKET.fullmatch(text) or ".." in text:
        raise InvalidValue(
            f"use the name of an S3 bucket (3 to 63 lower-case letters, digits, '.' or '-'), or {FOLDER}PATH"
        )
    return text


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise InvalidValue("use a region such as eu-west-1")
    return text
