"""Roll-outs: which version of the camera's program each camera of a fleet is to run.

One small object names a version, who is to run it, and the version that all others stay with. It holds the hashes of
the versions' files, so that a device runs what was rolled out and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from audience.deliveries.strict_json import document_of, dump, fields_of, items_of, object_of, text, whole
from audience.errors import InvalidValue, SheetRejected
from audience.ids import check_id

COMPONENT: Final = "houselights.Camera"
"""Name of the camera's program, as a component of AWS IoT Greengrass too."""

ARCHIVE: Final = "camera.zip"
"""The file of a version with its program."""

MODEL: Final = "scorer.onnx"
"""The file of a version with a scorer's model; a version need have none."""

ROLLOUT_KEY: Final = "components/rollout.json"
"""The object's key, among the versions, which every camera may read."""

AS_INSTALLED: Final = ""
"""Stands for the program that was put on a device by hand."""

LARGEST_ROLLOUT: Final = 20_000
"""Bytes."""

EVERYBODY: Final = 100
"""Percent."""

_FORMAT: Final = "houselights-rollout"
_SCHEMA: Final = 1
_FIELDS = ("format", "schema", "number", "version", "before", "share", "stages", "files")
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,9}")
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_STAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A version on its way through a fleet.

    Attributes:
        number: counts roll-outs, from 1; a device that failed to start a version tries it again at a later number.
        version: three numbers with dots, or `AS_INSTALLED`.
        before: what cameras run that are not meant.
        share: percent of the cameras that run the version, 0 to 100; which ones depends on their ids and the version.
        stages: ids of the stages whose cameras alone run it, whatever the share; empty for none.
        files: SHA-256 of each file by name, for each version.
    """

    number: int
    version: str
    before: str
    share: int = EVERYBODY
    stages: tuple[str, ...] = ()
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for version in {self.version, self.before} - {AS_INSTALLED}:
            if ARCHIVE not in self.files.get(check_version(version), {}):
                raise InvalidValue(f"the roll-out has no hash of the program of version {version}")
        for files in self.files.values():
            if not files.keys() <= {ARCHIVE, MODEL} or not all(_HASH.fullmatch(one) for one in files.values()):
                raise InvalidValue("the roll-out names other files than a program and a model, or no hash of them")
        if not 0 <= self.share <= EVERYBODY or self.number < 1:
            raise InvalidValue(f"roll-out {self.number} to {self.share} percent is not possible")
        for stage_id in self.stages:
            check_id("stage id", stage_id)

    @property
    def complete(self) -> bool:
        """Whether all cameras are to run the version."""
        return self.share == EVERYBODY and not self.stages

    def version_of(self, stage_id: str, camera_id: str) -> str:
        """The version that a camera is to run."""
        if self.stages:
            return self.version if stage_id in self.stages else self.before
        place = hashlib.sha256(f"{self.version} {camera_id}".encode()).digest()
        return self.version if int.from_bytes(place[:4]) % EVERYBODY < self.share else self.before

    def document(self) -> bytes:
        """The object's bytes."""
        return dump(
            {
                "format": _FORMAT,
                "schema": _SCHEMA,
                "number": self.number,
                "version": self.version,
                "before": self.before,
                "share": self.share,
                "stages": list(self.stages),
                "files": {version: dict(files) for version, files in self.files.items()},
            }
        )


def check_version(version: str) -> str:
    """Returns `version` if it is three numbers with dots.

    Raises:
        InvalidValue: it is not.
    """
    if not _VERSION.fullmatch(version):
        raise InvalidValue(f"version {version[:40]!r} is not three numbers with dots, such as 1.2.3")
    return version


def version_key(version: str, name: str) -> str:
    """The key of a version's file."""
    return f"components/{COMPONENT}/{version}/{name}"


def read_rollout(data: bytes) -> Rollout:
    """Parses the object.

    Raises:
        SheetRejected: it is none, is too large, or has an unknown schema.
    """
    document = document_of(data, "roll-out", format_name=_FORMAT, newest=_SCHEMA, largest=LARGEST_ROLLOUT)
    fields = dict(zip(_FIELDS, fields_of(document, "the roll-out", _FIELDS), strict=True))
    try:
        return Rollout(
            number=whole(fields["number"], "the number"),
            version=text(fields["version"], "the version"),
            before=text(fields["before"], "the version before"),
            share=whole(fields["share"], "the share"),
            stages=tuple(text(one, "a stage") for one in items_of(fields["stages"], "stages", _MOST_STAGES)),
            files={version: _hashes(files) for version, files in object_of(fields["files"], "the files").items()},
        )
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None


def _hashes(files: Any) -> dict[str, str]:
    return {name: text(value, "a hash") for name, value in object_of(files, "the files of a version").items()}
