"""Claims: which serial number may become which camera, written by the organiser, read by the function that decides.

A claim is an object under the device's serial number. Who used it is an object of its own, written once: so the
function that decides needs no right to change what it decides by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from audience.deliveries.strict_json import document_of, dump, fields_of, object_of, text, whole
from audience.errors import InvalidValue, SheetRejected
from audience.ids import check_id

CLAIMS: Final = "claims/"
"""Where claims are kept."""

LONGEST_CLAIM: Final = timedelta(days=90)
"""How long a claim can be used at most."""

LARGEST_CLAIM: Final = 4_000
"""Bytes."""

SETTINGS: Final = frozenset(
    f"HOUSELIGHTS_{name}" for name in ("SESSION", "STAGE", "CAMERA", "SETTING", "COUNTRY", "HEADS_ONLY")
)
"""The environment variables that a device may get by its claim."""

_FORMAT: Final = "houselights-claim"
_SCHEMA: Final = 1
_FIELDS = ("format", "schema", "until_ms", "settings")
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{3,63}")
_VALUE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a device becomes.

    Attributes:
        until_ms: until when it can be used, milliseconds since the epoch.
        settings: the environment variables of the device's camera: some of `SETTINGS`, with session and camera.
    """

    until_ms: int
    settings: Mapping[str, str]

    def __post_init__(self) -> None:
        if not {"HOUSELIGHTS_SESSION", "HOUSELIGHTS_CAMERA"} <= self.settings.keys() <= SETTINGS:
            raise InvalidValue("a claim names session and camera, and no settings that a claim cannot give")
        for name, value in self.settings.items():
            if not _VALUE.fullmatch(value):
                raise InvalidValue(f"{name} cannot be {value[:40]!r} in a claim")
        check_id("session id", self.session_id)
        check_id("camera id", self.camera_id)

    @property
    def session_id(self) -> str:
        """The session that the camera delivers for."""
        return self.settings["HOUSELIGHTS_SESSION"]

    @property
    def camera_id(self) -> str:
        """The camera's id."""
        return self.settings["HOUSELIGHTS_CAMERA"]

    def document(self) -> bytes:
        """The object's bytes."""
        return dump({"format": _FORMAT, "schema": _SCHEMA, "until_ms": self.until_ms, "settings": dict(self.settings)})

    def line(self) -> str:
        """The settings as one line, as `settings_of` reads it."""
        return " ".join(f"{name}={value}" for name, value in sorted(self.settings.items()))


def check_serial(value: str) -> str:
    """Returns a device's serial number if it can be one here: 4 to 64 letters, digits, `_` or `-`.

    Raises:
        InvalidValue: it cannot.
    """
    if not _SERIAL.fullmatch(value):
        raise InvalidValue(
            f"serial number {value[:40]!r} is not allowed: use 4 to 64 letters, digits, '_' or '-', and begin with a "
            "letter or a digit"
        )
    return value


def claim_key(serial: str) -> str:
    """Where the claim of a serial number is kept."""
    return f"{CLAIMS}{check_serial(serial)}.json"


def used_key(serial: str) -> str:
    """Where it is kept which certificate used the claim of a serial number."""
    return f"{CLAIMS}{check_serial(serial)}.used"


def read_claim(data: bytes) -> Claim:
    """Parses a claim.

    Raises:
        SheetRejected: it is none, is too large, or has an unknown schema.
    """
    document = document_of(data, "claim", format_name=_FORMAT, newest=_SCHEMA, largest=LARGEST_CLAIM)
    _, _, until_ms, settings = fields_of(document, "the claim", _FIELDS)
    values = {name: text(value, name[:40]) for name, value in object_of(settings, "the settings").items()}
    try:
        return Claim(until_ms=whole(until_ms, "the end"), settings=values)
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None


def settings_of(line: str) -> dict[str, str]:
    """The settings of a camera in a line that `Claim.line` made.

    Raises:
        SheetRejected: the line is not of that form.
    """
    pairs = [part.partition("=")[::2] for part in line.split(" ")]
    try:
        return dict(Claim(until_ms=0, settings=dict(pairs)).settings)
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
