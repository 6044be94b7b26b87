"""What honest cameras deliver, written field by field as it travels, so that any field can be made a lie.

Nothing here asks the product what it would take. Every delivery is of the small world that `mutants` sets up.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from audience.deliveries.jpeg import with_comment
from audience.faces import Box, FaceRecord, pack_faces
from tests.builders import BEGAN_MS
from tests.ingest.sheets import gray_picture

HOUR_MS: Final = 3_600_000
NOW_MS: Final = BEGAN_MS + 2 * HOUR_MS
"""When everything is delivered: the talk began two hours ago and goes on."""

TALK, OTHER, HEADS, OVER, LAPTOP = "talk", "other", "heads", "over", "laptop"
STAGE: Final = "main"
SCORES, SHEETS = "cam-1", "cam-2"
"""The talk's cameras: one sends window files, the other contact sheets."""

OVER_ENDED_MS: Final = BEGAN_MS - 20 * HOUR_MS
OWN_SCORER: Final[dict[str, Any]] = {
    "name": "mine 1",
    "thresholds": {"smile": 0.5, "sad": 0.5},
    "experimental": ["sad", "smile"],
    "model_sha256": "ab" * 32,
}
_STEPS: Final = 65_535
_TILES: Final = (1, 4, 9)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a camera sends: an object in the bucket and word of it, or a status.

    Attributes:
        kind: which lie it is; "honest" where it is none.
        key: of the object; "" where there is none.
        data: its bytes.
        message: the queue's; "" for word of the object.
        sent_ms: when it was sent, as the device says; None where it does not.
    """

    kind: str = "honest"
    key: str = ""
    data: bytes = b""
    message: str = ""
    sent_ms: int | None = None

    @property
    def true(self) -> bool:
        """Whether it should be accepted."""
        return self.kind == "honest"


def dumped(document: Any) -> bytes:
    """A document as it travels."""
    return json.dumps(document, separators=(",", ":")).encode()


def key_for(kind: str, session: str, stage: str, camera: str, start_ms: int, data: bytes) -> str:
    """Where an object belongs, by the description of keys alone."""
    hour = datetime.fromtimestamp(start_ms / 1000, UTC).strftime("%Y/%m/%d/%H")
    suffix = "jpg" if kind == "sheets" else "json"
    content = hashlib.sha256(data).hexdigest()[:32]
    return f"{kind}/{session}/{stage}/{camera}/{hour}/{start_ms:013d}-{content}.{suffix}"


def delivered(document: Document) -> Told:
    """A window file as it is written, under the key that its own words lead to."""
    for one in document["windows"]:
        one["tallies"] = {
            name: [faces, float(total), float(squares), over, estimate, variance]
            for name, (faces, total, squares, over, estimate, variance) in sorted(one["tallies"].items())
        }
    if document["scorer"]:
        thresholds = document["scorer"]["thresholds"]
        document["scorer"]["thresholds"] = {name: float(thresholds[name]) for name in sorted(thresholds)}
        document["scorer"]["experimental"] = sorted(document["scorer"]["experimental"])
    data, start = dumped(document), document["windows"][0]["start_ms"]
    key = key_for("windows", document["session"], document["stage"], document["camera"], start, data)
    return Told(key=key, data=data, sent_ms=NOW_MS)


def delivered_sheet(manifest: Document, tiles: int) -> Told:
    """A contact sheet under the key that its own words lead to."""
    data = with_comment(gray_picture(tiles), b"houselights-sheet 1\n" + dumped(manifest))
    start = manifest["windows"][0][0]
    key = key_for("sheets", manifest["session"], manifest["stage"], manifest["camera"], start, data)
    return Told(key=key, data=data, sent_ms=NOW_MS)


def a_second(chance: random.Random) -> int:
    """The start of some second of the talk, some time before now."""
    return BEGAN_MS + 1000 * chance.randrange(7000)


def window(chance: random.Random, start_ms: int, faces: int, *, single: bool = True, part: str = "0") -> Document:
    """One window of so many faces, and where they are wanted the faces beside it."""
    estimated = chance.random() < 0.5
    smiles = [chance.randrange(_STEPS + 1) / _STEPS for _ in range(faces)]
    sads = [chance.randrange(_STEPS + 1) / _STEPS for _ in range(faces)]
    tallies = {
        name: [
            faces,
            sum(values),
            sum(value * value for value in values),
            sum(value >= 0.5 for value in values),
            *((faces / 2, faces / 8) if estimated else (None, None)),
        ]
        for name, values in (("smile", smiles), ("sad", sads))
    }
    seen = [
        FaceRecord(
            track_id=f"t{start_ms // 1000}-{index}",
            at_ms=start_ms + chance.randrange(1000),
            box=Box(left=chance.random() * 0.9, top=chance.random() * 0.9, width=0.05, height=0.08),
            quality=chance.random(),
            confidences={"smile": smile, "sad": sad},
        )
        for index, (smile, sad) in enumerate(zip(smiles, sads, strict=True))
    ]
    with_faces = bool(seen) and single
    return {
        "start_ms": start_ms,
        "part": part,
        "faces": faces,
        "expected": faces + chance.randrange(5),
        "tallies": tallies if faces else {},
        "expires_ms": chance.choice((None, 1, NOW_MS + HOUR_MS)),
        "packed_faces": base64.b64encode(pack_faces(seen, start_ms)).decode() if with_faces else None,
        "faces_expire_ms": 1 if with_faces else None,
    }


def window_file(
    chance: random.Random, *, session: str = TALK, start_ms: int | None = None, windows: int = 0, faces: int = -1
) -> Document:
    """A window file of some consecutive seconds, as a device that scores sends it."""
    first = a_second(chance) if start_ms is None else start_ms
    count = windows or chance.randint(1, 6)
    return {
        "format": "houselights-windows",
        "schema": 2,
        "session": session,
        "stage": STAGE,
        "camera": SCORES,
        "width_ms": 1000,
        "scorer": dict(OWN_SCORER),
        "windows": [
            window(chance, first + 1000 * index, chance.randrange(9) if faces < 0 else faces) for index in range(count)
        ],
    }


def head_count(chance: random.Random) -> Document:
    """A window file of the session in which only heads are counted."""
    document = window_file(chance, session=HEADS)
    document["scorer"] = None
    for one in document["windows"]:
        one.update(tallies={}, packed_faces=None, faces_expire_ms=None)
    return document


def sheet(chance: random.Random, *, session: str = TALK, start_ms: int | None = None) -> tuple[Document, int]:
    """The manifest of a contact sheet whose tiles are of one or two seconds, and how many tiles it has."""
    tiles, first = chance.choice(_TILES), a_second(chance) if start_ms is None else start_ms
    of_first = tiles if tiles == 1 else chance.randint(1, tiles)
    starts = [first] * of_first + [first + 1000] * (tiles - of_first)
    columns = {1: 1, 4: 2, 9: 3}[tiles]
    counts = {start: starts.count(start) for start in starts}
    manifest = {
        "session": session,
        "stage": STAGE,
        "camera": SHEETS,
        "width_ms": 1000,
        "mode": "expressions",
        "columns": columns,
        "rows": columns,
        "tiles": [
            [place, f"t{place}", start + chance.randrange(1000), [0.1, 0.2, 0.05, 0.08], round(chance.random(), 3)]
            for place, start in enumerate(starts)
        ],
        "windows": [[start, count, count + chance.randrange(3)] for start, count in counts.items()],
    }
    return manifest, tiles


def status(chance: random.Random) -> Document:
    """A status as AWS IoT passes it on."""
    return {
        "format": "houselights-status",
        "schema": 1,
        "session": TALK,
        "stage": STAGE,
        "camera": SCORES,
        "at_ms": NOW_MS + chance.randint(-2000, 2000),
        "state": "running",
        "frames_per_s": chance.choice((1.0, 5.0, 25.0)),
        "faces": chance.randrange(200),
        "last_window_ms": NOW_MS - 1000 * chance.randint(2, 60),
        "lag_s": chance.random() * 4,
        "sent": chance.randrange(4000),
        "waiting": chance.randrange(20),
        "dropped": 0,
        "detector": "centerface-1",
        "scorer": "mine 1",
        "detail": chance.choice(("", "S3 is busy: waiting")),
        "brightness": chance.choice((None, 0.4)),
        "sharpness": chance.choice((None, 0.6)),
        "topic": f"houselights/{TALK}/{STAGE}/{SCORES}/status",
        "received_ms": NOW_MS,
    }


def something_honest(chance: random.Random) -> Told:
    """A window file, a sheet, a head count or a status; one of five hundred as large as they come."""
    if chance.random() < 0.002:
        return delivered(window_file(chance, windows=300, faces=30, start_ms=BEGAN_MS + HOUR_MS))
    match chance.randrange(4):
        case 0:
            manifest, tiles = sheet(chance)
            return delivered_sheet(manifest, tiles)
        case 1:
            return delivered(head_count(chance))
        case 2:
            return Told(message=dumped(status(chance)).decode())
        case _:
            return delivered(window_file(chance))
