"""What a camera that lies delivers: each kind is an honest delivery or status but for one thing, far beyond any honest
camera's. Where exactly the line is drawn is not for this module to know.

Everything is said two hours after the built sessions began, by camera `cam-1` of stage `main`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from audience.deliveries.delivery import content_id
from audience.deliveries.jpeg import with_comment
from audience.faces import pack_faces
from audience.monitoring.status import status_message
from audience.time import from_ms
from tests.builders import BEGAN_MS, SCORER, THRESHOLDS, a_face, a_heartbeat, after_ms
from tests.ingest.sheets import a_sheet, a_window_file, gray_picture

Document = dict[str, Any]
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
NOW_MS: Final = BEGAN_MS + 2 * HOUR_MS
RUNS, OVER, SCORED, HEADS = "talk-1", "over", "scored", "heads"
"""Sessions: one that goes on, one that ended a day before, one that a laptop scored, and one that counts heads."""

OVER_ENDED_MS: Final = NOW_MS - DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a camera says: an object under its key, or a status as AWS IoT passes it on.

    Attributes:
        key, data: of the object; the key is "" for a status, and the data its message.
        sent_ms: when the device says it sent it.
    """

    key: str = ""
    data: bytes
    sent_ms: int = NOW_MS


def window_file(chance: Random, session_id: str = RUNS) -> Document:
    """An honest window file of one window and some faces."""
    smiles = [chance.random() for _ in range(chance.randint(5, 9))]
    file = a_window_file(chance.randrange(7000), smiles=smiles, session_id=session_id)
    document: Document = json.loads(file.delivery().data)
    document["scorer"]["name"] = "mine 1"
    return document


def delivered(document: Document) -> Said:
    """A window file under its own key."""
    data = json.dumps(document, separators=(",", ":")).encode()
    return Said(key=_key("windows", document, document["windows"][0]["start_ms"], data, "json"), data=data)


def sheet(chance: Random, session_id: str = RUNS) -> Document:
    """The manifest of an honest sheet of four tiles."""
    jpeg = a_sheet(4, at_s=chance.randrange(7000), session_id=session_id).jpeg
    manifest: Document = json.loads(jpeg[jpeg.index(b"{") : jpeg.index(b"]]}") + 3])
    return manifest


def drawn(manifest: Document) -> Said:
    """A sheet under its own key."""
    document = json.dumps(manifest, separators=(",", ":")).encode()
    data = with_comment(gray_picture(4), b"houselights-sheet 1\n" + document)
    return Said(key=_key("sheets", manifest, manifest["windows"][0][0], data, "jpg"), data=data)


def status(**said: Any) -> Said:
    """A status that says some things otherwise than an honest one."""
    document = json.loads(status_message(a_heartbeat(at_s=2 * 3600)))
    topic = f"houselights/{RUNS}/main/cam-1/status"
    return Said(data=json.dumps(document | {"topic": topic, "received_ms": NOW_MS} | said).encode())


def _key(kind: str, document: Document, start_ms: int, data: bytes, suffix: str) -> str:
    hour = from_ms(start_ms).strftime("%Y/%m/%d/%H")
    place = f"{document['session']}/{document['stage']}/{document['camera']}"
    return f"{kind}/{place}/{hour}/{start_ms:013d}-{content_id(data)}.{suffix}"


def _moved(chance: Random, to_ms: float, session_id: str = RUNS) -> Said:
    """A window file or a sheet of another second."""
    start_ms = int(to_ms) // 1000 * 1000
    if chance.random() < 0.5:
        manifest = sheet(chance, session_id)
        by_ms = start_ms - manifest["windows"][0][0]
        manifest["windows"][0][0] = start_ms
        for tile in manifest["tiles"]:
            tile[2] += by_ms
        return drawn(manifest)
    document = window_file(chance, session_id)
    document["windows"][0]["start_ms"] = start_ms
    return delivered(document)


def _with_window(chance: Random, **changes: Any) -> Said:
    """A window without its single faces, and otherwise than it was."""
    document = window_file(chance)
    document["windows"][0] |= {"packed_faces": None, "faces_expire_ms": None} | changes
    return delivered(document)


def _with_scorer(chance: Random, **changes: Any) -> Said:
    document = window_file(chance)
    document["scorer"] |= changes
    return delivered(document)


def _off(chance: Random) -> int:
    return chance.choice((-1, 1)) * chance.randint(HOUR_MS // 2, 1000 * DAY_MS)


def _far_apart(chance: Random) -> Said:
    document, later = window_file(chance), window_file(chance)["windows"][0]
    later["start_ms"] = document["windows"][0]["start_ms"] + chance.choice((-1, 1)) * DAY_MS
    document["windows"] = sorted([*document["windows"], later], key=lambda window: window["start_ms"])
    return delivered(document)


def _many_parts(chance: Random) -> Said:
    document = window_file(chance)
    window = document["windows"][0] | {"faces": 500, "expected": 500, "tallies": {}}
    window |= {"packed_faces": None, "faces_expire_ms": None}
    document["windows"] = [window | {"part": f"p{number:04d}"} for number in range(chance.randint(100, 800))]
    return delivered(document)


def _no_sums(chance: Random) -> Said:
    n = 10
    sums = (
        [n / 2, n * 0.9, 5],
        [n * 0.9, 0.01, n],
        [0.1, 0.05, n],
        [n * 0.99, n * 0.985, 0],
        [n / 2, n / 3, n + 1],
        [-0.5, 0.1, 0],
        [5e-324, 5e-324, 0],
        [1e308, 1e308, 1],
    )
    return _with_window(chance, faces=n, expected=n, tallies={"smile": [n, *chance.choice(sums), None, None]})


def _other_faces(chance: Random) -> Said:
    document = window_file(chance)
    window = document["windows"][0]
    start_ms = window["start_ms"]
    wrong = (
        [a_face(f"t{index}", at_ms=start_ms, smile=1) for index in range(window["faces"] + 1)],
        [a_face(f"t{index}", at_ms=start_ms + 5000, smile=0.5) for index in range(window["faces"])],
        [a_face(f"=1+{index}", at_ms=start_ms, smile=0.5) for index in range(window["faces"])],
        [a_face(f"t{index}", at_ms=start_ms, confidences={"sad": 1.0}) for index in range(window["faces"])],
        [a_face("t1", at_ms=start_ms, smile=0.5) for _ in range(window["faces"])],
    )
    window["packed_faces"] = base64.b64encode(pack_faces(chance.choice(wrong), start_ms)).decode()
    return delivered(document)


def _twice_in_one_window(chance: Random) -> Said:
    """The same tracks in two parts of one window: nobody is in two places."""
    document = window_file(chance)
    document["windows"].append(document["windows"][0] | {"part": "1"})
    return delivered(document)


def _wrong_tiles(chance: Random) -> Said:
    manifest = sheet(chance)
    tile, window = manifest["tiles"][0], manifest["windows"][0]
    chance.choice(
        (
            lambda: tile.__setitem__(2, tile[2] + DAY_MS),
            lambda: tile.__setitem__(0, 10**6),
            lambda: tile.__setitem__(3, [0.1, 0.1, 2.0**60, 1]),
            lambda: window.__setitem__(1, 5),
            lambda: window.__setitem__(2, 900_000),
            lambda: manifest["tiles"][1].__setitem__(1, tile[1]),
        )
    )()
    return drawn(manifest)


def _anothers(chance: Random) -> Said:
    document = window_file(chance)
    own = delivered(document).key
    document[chance.choice(("session", "stage", "camera"))] = chance.choice((OVER, "cam-2"))
    return Said(key=own, data=delivered(document).data)


def _nobodys(chance: Random) -> Said:
    document = window_file(chance)
    field = chance.choice(("session", "stage", "camera"))
    document[field] = chance.choice(("nobody", document[field].upper(), "..", "a#b", "a/b", ""))
    return delivered(document)


def _a_known_name(chance: Random) -> Said:
    name = chance.choice(
        ("made-up-1", "Made-up-1", "rekognition-1", "rekognition-2", "simulated-1", "expressionnet-1+45a3660a", SCORER)
    )
    document = window_file(chance)
    document["scorer"] |= {"name": name, "thresholds": THRESHOLDS | {"smile": 0.4999}, "experimental": []}
    return delivered(document)


def _a_status_that_cannot_be(chance: Random) -> Said:
    field, value = chance.choice(
        (
            ("faces", chance.choice((-1, 20_000, 2**53))),
            ("frames_per_s", chance.choice((-1.0, 1e12))),
            ("lag_s", chance.choice((1e12, -1e9))),
            ("sent", chance.choice((-1, 2**53))),
            ("waiting", 10**12),
            ("dropped", 2**53),
            ("brightness", 2.0),
            ("detail", chance.choice(("x" * 600, "a\nb", "\x1b[31mred", "\u202edne", None))),
            ("state", "dancing"),
        )
    )
    return status(**{field: value})


LIES: Final[dict[str, Callable[[Random], Said]]] = {
    "1970, or days before the session": lambda chance: _moved(chance, chance.choice((5000, BEGAN_MS - 2 * DAY_MS))),
    "still to come": lambda chance: _moved(chance, NOW_MS + chance.choice((HOUR_MS, 11 * DAY_MS, 8 * 10**12))),
    "after its session ended": lambda chance: _moved(chance, OVER_ENDED_MS + 2 * HOUR_MS, OVER),
    "a clock that is off by its own word": lambda chance: Said(
        key=(said := delivered(window_file(chance))).key, data=said.data, sent_ms=NOW_MS + _off(chance)
    ),
    "windows days apart": _far_apart,
    "windows of another width": lambda chance: delivered(
        window_file(chance) | {"width_ms": chance.choice((500, 1, 0, -1000, 10**9))}
    ),
    "under another's key": _anothers,
    "not set up": _nobodys,
    "of what a laptop scored": lambda chance: delivered(window_file(chance, SCORED)),
    "a topic of another's": lambda chance: status(topic=f"houselights/{OVER}/main/cam-1/status"),
    "more faces than a camera sees": lambda chance: _with_window(
        chance, faces=(many := chance.choice((20_000, 10**6, 2**40))), expected=many, tallies={}
    ),
    "more faces expected than a camera sees": lambda chance: _with_window(
        chance, expected=chance.choice((10**5, 2**53))
    ),
    "many parts of one window": _many_parts,
    "fewer than none": lambda chance: _with_window(chance, faces=-chance.choice((1, 2**53))),
    "sums of no confidences": _no_sums,
    "faces that are not the window's": _other_faces,
    "one track in two parts": _twice_in_one_window,
    "tiles that do not add up": _wrong_tiles,
    "a scorer's name that is another's": _a_known_name,
    "a scorer that is none": lambda chance: _with_scorer(
        chance,
        **chance.choice(({"name": "m\u0456ne"}, {"name": " x"}, {"thresholds": {"smile": 7}}, {"model_sha256": "x"})),
    ),
    "its own scorer's name again": lambda chance: _with_scorer(chance, thresholds=THRESHOLDS | {"smile": 0.4999}),
    "expressions where heads are counted": lambda chance: _moved(chance, after_ms(60), HEADS),
    "a status that cannot be": _a_status_that_cannot_be,
    "a status of another time": lambda chance: status(
        **chance.choice(({"at_ms": max(0, NOW_MS + _off(chance))}, {"last_window_ms": NOW_MS + abs(_off(chance))}))
    ),
}
"""By what each lies about."""
