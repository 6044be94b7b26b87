"""A window file: windows scored on the device, delivered like contact sheets.

It is one JSON document. A tally is a list: faces, Σ confidence, Σ confidence², faces at or over the threshold, and the
estimate with its variance or twice null. The single faces behind a window are packed as in stores
(`audience.faces`), in base64, with confidences and boxes rounded to 1/65535. A window in several files has a separate
part in each.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Self

from audience.deliveries.delivery import Delivery, content_id, key_of
from audience.deliveries.manifest import MOST_EXPECTED, MOST_WINDOWS
from audience.deliveries.strict_json import document_of, dump, fields_of, items_of, number, object_of, text, whole
from audience.errors import InvalidValue, SheetRejected
from audience.faces import EXPRESSIONS, FACING, MEASURES, WindowFaces, pack_faces, unpack_faces
from audience.store import ScorerRecord
from audience.windows import Tally, WindowRecord

SCHEMA: Final = 2
"""Schema 1, which is still read, had neither faces of a tally, which were all of the window, nor estimates."""

LARGEST_WINDOW_FILE: Final = 1_000_000
"""Bytes; about 16,000 faces."""

_NAME = "houselights-windows"
_FILE = ("format", "schema", "session", "stage", "camera", "width_ms", "scorer", "windows")
_SCORER = ("name", "thresholds", "experimental", "model_sha256")
_WINDOW = ("start_ms", "part", "faces", "expected", "tallies", "expires_ms", "packed_faces", "faces_expire_ms")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFile:
    """Windows of one camera.

    Attributes:
        windows: 1 to `MOST_WINDOWS`, sorted by start and part, all of one camera, width and scorer.
        faces: the single faces behind some of them.
        scorer: their scorer; None if only heads were counted.
    """

    windows: tuple[WindowRecord, ...]
    faces: tuple[WindowFaces, ...] = ()
    scorer: ScorerRecord | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.windows) <= MOST_WINDOWS:
            raise InvalidValue(f"a file of {len(self.windows)} windows is not allowed: use 1 to {MOST_WINDOWS}")
        keys = [(window.start_ms, window.part) for window in self.windows]
        if any(key >= later for key, later in pairwise(keys)):
            raise InvalidValue("windows are repeated or out of order")
        first = self.windows[0]
        camera = (first.session_id, first.stage_id, first.camera_id)
        name, thresholds = (self.scorer.name, self.scorer.thresholds.keys()) if self.scorer else ("", set())
        for record in self.windows:
            if (record.session_id, record.stage_id, record.camera_id) != camera or record.width_ms != first.width_ms:
                raise InvalidValue("the windows of a file must be of one camera and one width")
            if record.expected > MOST_EXPECTED:
                raise InvalidValue(
                    f"a window cannot expect {record.expected} faces: at most {MOST_EXPECTED} are allowed"
                )
            if record.tallies.keys() - thresholds - {FACING}:
                raise InvalidValue("a window was scored for an expression that its scorer has no threshold for")
        counted = {(window.start_ms, window.part): window.faces for window in self.windows}
        behind = {(one.start_ms, one.part): len(one.faces) for one in self.faces}
        if len(behind) < len(self.faces) or not behind.items() <= counted.items():
            raise InvalidValue("the single faces are not those of the windows")
        if any((one.session_id, one.stage_id, one.camera_id) != camera for one in self.faces):
            raise InvalidValue("the faces of a file must be of one camera")
        if {record.scorer for record in self.windows} | {one.scorer for one in self.faces} != {name}:
            raise InvalidValue("the windows of a file must be of one scorer")

    @property
    def holds_expressions(self) -> bool:
        """Whether any expression was scored."""
        return self.scorer is not None or any(
            face.confidences.keys() - {FACING} or face.unscored for one in self.faces for face in one.faces
        )

    def scored_by(self, scorer: ScorerRecord) -> Self:
        """Replaces the scorer, whose name or experimental expressions may differ."""
        return replace(
            self,
            windows=tuple(replace(window, scorer=scorer.name) for window in self.windows),
            faces=tuple(replace(seen, scorer=scorer.name) for seen in self.faces),
            scorer=scorer,
        )

    def delivery(self) -> Delivery:
        """The file as a delivery.

        Raises:
            InvalidValue: it is larger than `LARGEST_WINDOW_FILE`.
        """
        data = dump(_fields(self))
        if len(data) > LARGEST_WINDOW_FILE:
            raise InvalidValue(f"a window file of {len(data)} bytes is too large: put fewer windows into it")
        first = self.windows[0]
        key = key_of(
            "windows",
            session_id=first.session_id,
            stage_id=first.stage_id,
            camera_id=first.camera_id,
            start_ms=first.start_ms,
            content=content_id(data),
        )
        return Delivery(key=key, data=data, start_ms=first.start_ms)


def read_window_file(data: bytes) -> WindowFile:
    """Parses a window file from an untrusted sender.

    Raises:
        SheetRejected: it is not a window file, has an unknown schema, or is damaged or too large.
    """
    document = document_of(data, "window file", format_name=_NAME, newest=SCHEMA, largest=LARGEST_WINDOW_FILE)
    _, schema, session, stage, camera, width_ms, scorer, windows = fields_of(document, "the window file", _FILE)
    key = {
        "session_id": text(session, "the session's id"),
        "stage_id": text(stage, "the stage's id"),
        "camera_id": text(camera, "the camera's id"),
    }
    try:
        made_by = None if scorer is None else _scorer(scorer)
        name = made_by.name if made_by else ""
        records, faces = [], []
        for value in items_of(windows, "windows", MOST_WINDOWS):
            start_ms, part, count, expected, tallies, expires_ms, packed, faces_expire_ms = fields_of(
                value, "a window", _WINDOW
            )
            at = {**key, "part": text(part, "a part"), "scorer": name}
            start_ms, count = whole(start_ms, "a window's start"), whole(count, "a window's faces")
            records.append(
                WindowRecord(
                    **at,
                    start_ms=start_ms,
                    width_ms=whole(width_ms, "the windows' width"),
                    faces=count,
                    expected=whole(expected, "a window's expected faces"),
                    tallies=_tallies(tallies, count if schema == 1 else None),
                    expires_ms=_instant(expires_ms),
                )
            )
            if packed is not None:
                seen = unpack_faces(_unpacked(packed), start_ms)
                faces.append(WindowFaces(**at, start_ms=start_ms, faces=seen, expires_ms=_instant(faces_expire_ms)))
        return WindowFile(windows=tuple(records), faces=tuple(faces), scorer=made_by)
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None


def _fields(file: WindowFile) -> dict[str, Any]:
    first, scorer = file.windows[0], file.scorer
    behind = {(one.start_ms, one.part): one for one in file.faces}
    windows = []
    for record in file.windows:
        one = behind.get((record.start_ms, record.part))
        windows.append(
            {
                "start_ms": record.start_ms,
                "part": record.part,
                "faces": record.faces,
                "expected": record.expected,
                "tallies": {
                    name: [tally.faces, tally.total, tally.squares, tally.over, tally.estimate, tally.variance]
                    for name, tally in sorted(record.tallies.items())
                },
                "expires_ms": record.expires_ms,
                "packed_faces": base64.b64encode(pack_faces(one.faces, one.start_ms)).decode() if one else None,
                "faces_expire_ms": one.expires_ms if one else None,
            }
        )
    return {
        "format": _NAME,
        "schema": SCHEMA,
        "session": first.session_id,
        "stage": first.stage_id,
        "camera": first.camera_id,
        "width_ms": first.width_ms,
        "scorer": scorer
        and {
            "name": scorer.name,
            "thresholds": dict(sorted(scorer.thresholds.items())),
            "experimental": sorted(scorer.experimental),
            "model_sha256": scorer.model_sha256,
        },
        "windows": windows,
    }


def _scorer(value: Any) -> ScorerRecord:
    name, thresholds, experimental, model_sha256 = fields_of(value, "the scorer", _SCORER)
    if not 0 < len(text(name, "the scorer's name")) <= _LONGEST_NAME or not name.isprintable():
        raise SheetRejected(f"the scorer's name is not one of 1 to {_LONGEST_NAME} printable characters")
    if len(text(model_sha256, "the model's SHA-256")) > 64:
        raise SheetRejected("the model's SHA-256 has more than 64 characters")
    thresholds = {
        _expression(expression): number(threshold, "a threshold")
        for expression, threshold in object_of(thresholds, "the scorer's thresholds").items()
    }
    listed = items_of(experimental, "experimental expressions", len(EXPRESSIONS))
    return ScorerRecord(
        name=name,
        thresholds=thresholds,
        experimental=frozenset(_expression(expression) for expression in listed),
        model_sha256=model_sha256,
    )


def _expression(value: Any) -> str:
    if value not in EXPRESSIONS:
        raise SheetRejected(f"an expression is unknown: use one of {', '.join(EXPRESSIONS)}")
    return str(value)


def _tallies(value: Any, faces_of_schema_1: int | None) -> dict[str, Tally]:
    tallies = {}
    length = 6 if faces_of_schema_1 is None else 3
    for name, tally in object_of(value, "a window's tallies").items():
        values = items_of(tally, "the values of a tally", length)
        if len(values) < length:
            raise SheetRejected(f"a tally has {len(values)} values and should have {length}")
        if faces_of_schema_1 is not None:
            values = [faces_of_schema_1, *values, None, None]
        if name not in MEASURES:
            raise SheetRejected(f"a measure is unknown: use one of {', '.join(MEASURES)}")
        faces, total, squares, over, estimate, variance = values
        tallies[name] = Tally(
            faces=whole(faces, "a tally's faces"),
            total=number(total, "a tally's sum"),
            squares=number(squares, "a tally's sum of squares"),
            over=whole(over, "a tally's count"),
            estimate=None if estimate is None else number(estimate, "an estimate"),
            variance=None if variance is None else number(variance, "an estimate's variance"),
        )
    return tallies


def _instant(value: Any) -> int | None:
    return None if value is None else whole(value, "an instant of expiry")


def _unpacked(value: Any) -> bytes:
    try:
        return base64.b64decode(text(value, "packed faces"), validate=True)
    except (binascii.Error, ValueError):
        raise SheetRejected("packed faces are not base64") from None
