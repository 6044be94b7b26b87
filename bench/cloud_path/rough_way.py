"""Ten thousand sheets on a rough way: some delivered twice, some late, some broken, and the workers killed again and
again. What is counted afterwards is held to what was sent.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audience.deliveries.delivery import Delivery, content_id, key_of
from audience.deliveries.grid import Grid
from audience.deliveries.manifest import Manifest, SheetWindow, Tile
from audience.deliveries.sheet import seal_sheet
from audience.faces import Box
from audience.stores import open_store
from bench.cloud_path.dead_letters import reasons_by_key
from bench.cloud_path.delay import start_ingest
from bench.cloud_path.one_clip import BEGAN_MS, STAGE, frames_of, set_up
from edge_lambda.delivery.contact_sheet import crop_for_sheet, draw_sheet
from edge_lambda.detectors import Image
from edge_lambda.detectors.load import load_detector
from houselights.local_cloud.cloud import LocalCloud

SHEETS: Final = 10_000
TWICE, LATE, BROKEN = 0.05, 0.02, 0.01
KILLS: Final = 20
WORKERS: Final = 2
FACES: Final = 4
"""On every sheet, of one window."""

CAMERAS: Final = 10
SESSION: Final = "rough"
VISIBLE_AGAIN_S: Final = 15
"""Messages that a killed worker held come again after this."""

_AHEAD = 300  # sheets put but not taken, at most: the workers are killed while there is work
_IN_A_PICTURE = 50  # different pictures
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found at the end.

    Attributes:
        sheets, broken: good and broken ones sent.
        once: good ones of which every tile is in the table exactly once.
        refused: dead letters that are of a broken sheet and say why.
        refused_wrongly: dead letters of good ones.
        kills: how often a worker was killed.
        seconds: from the first put to the last message taken.
    """

    sheets: int
    broken: int
    once: int
    refused: int
    refused_wrongly: int
    kills: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    key: str
    data: bytes
    part: str
    camera_id: str
    start_ms: int
    broken: bool


def run_rough_way(cloud: LocalCloud, clip: Path, *, sheets: int = SHEETS, seed: int = 1) -> Outcome:
    """Sends the sheets and waits until all are taken.

    Args:
        cloud: whose messages come again soon (`VISIBLE_AGAIN_S`).
        clip: faces to lay on the sheets.
        sheets: how many, the broken ones included.
        seed: of what happens to which.
    """
    chance = random.Random(seed)
    made = _sheets(clip, sheets, chance)
    order = _order(made, chance)
    kill_after = sorted(chance.sample(range(len(order) // 20, len(order)), KILLS))
    with open_store(cloud.store_url) as store:
        for camera in range(CAMERAS):
            set_up(store, SESSION, camera_id=f"cam-{camera}")
    workers = [start_ingest(cloud) for _ in range(WORKERS)]
    began = time.monotonic()
    kills = 0
    try:
        with ThreadPoolExecutor(4) as pool:
            for first in range(0, len(order), 100):
                list(pool.map(lambda one: _put(cloud, one), order[first : first + 100]))
                while _waiting(cloud) > _AHEAD:
                    time.sleep(_LOOK_EVERY_S)
                while kill_after and kill_after[0] < first + 100:
                    kill_after.pop(0)
                    kills += 1
                    workers[kills % WORKERS].kill()
                    workers[kills % WORKERS].wait()
                    workers[kills % WORKERS] = start_ingest(cloud)
        while _waiting(cloud):
            time.sleep(_LOOK_EVERY_S)
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
    return _outcome(cloud, made, kills, time.monotonic() - began)


def _sheets(clip: Path, count: int, chance: random.Random) -> list[_Made]:
    pictures = _pictures(clip)
    broken = set(chance.sample(range(count), round(count * BROKEN)))
    made = []
    for number in range(count):
        camera_id, start_ms = f"cam-{number % CAMERAS}", BEGAN_MS + 1000 * (number // CAMERAS)
        manifest = Manifest(
            session_id=SESSION,
            stage_id=STAGE,
            camera_id=camera_id,
            width_ms=1000,
            mode="expressions",
            grid=Grid.of(FACES),
            tiles=tuple(
                Tile(
                    place=place,
                    track_id=f"t{place}",
                    at_ms=start_ms + 100 * place,
                    box=Box(left=0.2 * place, top=0.4, width=0.1, height=0.2),
                    quality=0.5,
                )
                for place in range(FACES)
            ),
            windows=(SheetWindow(start_ms=start_ms, faces=FACES, expected=FACES),),
        )
        delivery = seal_sheet(manifest, pictures[number % len(pictures)]).delivery()
        made.append(_broken(delivery, camera_id, chance) if number in broken else _good(delivery, camera_id))
    return made


def _good(delivery: Delivery, camera_id: str) -> _Made:
    return _Made(
        key=delivery.key,
        data=delivery.data,
        part=content_id(delivery.data),
        camera_id=camera_id,
        start_ms=delivery.start_ms,
        broken=False,
    )


def _broken(delivery: Delivery, camera_id: str, chance: random.Random) -> _Made:
    """One of the ways a sheet may be broken: cut short, damaged under its own key, noise, or of an unknown schema."""
    data = delivery.data
    way = chance.randrange(4)
    if way == 0:
        data = data[: len(data) // 2]
    elif way == 1:
        at = chance.randrange(len(data))
        data = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
    elif way == 2:
        data = chance.randbytes(2000)
    else:
        data = data.replace(b"houselights-sheet 1", b"houselights-sheet 9", 1)
    # All but the damaged one lie under the key of their own bytes, so that the reader has to find out.
    key = delivery.key
    if way != 1:
        key = key_of(
            "sheets",
            session_id=SESSION,
            stage_id=STAGE,
            camera_id=camera_id,
            start_ms=delivery.start_ms,
            content=content_id(data),
        )
    return _Made(
        key=key, data=data, part=content_id(data), camera_id=camera_id, start_ms=delivery.start_ms, broken=True
    )


def _pictures(clip: Path) -> list[bytes]:
    """Drawn sheets of faces that the stand-in finds again."""
    detector = load_detector()
    crops: list[Image] = []
    for frame in frames_of(clip):
        crops += [crop_for_sheet(frame.image, face) for face in detector.detect(frame.image)]
        if len(crops) >= _IN_A_PICTURE * FACES:
            break
    return [draw_sheet(crops[at * FACES : (at + 1) * FACES]) for at in range(min(_IN_A_PICTURE, len(crops) // FACES))]


def _order(made: Sequence[_Made], chance: random.Random) -> list[_Made]:
    """When each is put: most in order, some twice, some a while too late."""
    timed: list[tuple[float, _Made]] = [(float(at), one) for at, one in enumerate(made)]
    for at in chance.sample(range(len(made)), round(len(made) * TWICE)):
        timed.append((at + chance.uniform(0, 500), made[at]))
    for at in chance.sample(range(len(made)), round(len(made) * LATE)):
        timed[at] = (at + chance.uniform(50, 2000), made[at])
    return [one for _, one in sorted(timed, key=lambda pair: pair[0])]


def _put(cloud: LocalCloud, one: _Made) -> None:
    cloud.client("s3").put_object(Bucket=cloud.stack.bucket, Key=one.key, Body=one.data)


def _waiting(cloud: LocalCloud) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=cloud.queue_url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def _outcome(cloud: LocalCloud, made: Sequence[_Made], kills: int, seconds: float) -> Outcome:
    with open_store(cloud.store_url) as store:
        parts = store.faces(SESSION, STAGE)
        table = store.windows(SESSION, STAGE)
    scored = Counter({(one.camera_id, one.start_ms, one.part): len(one.faces) for one in parts})
    good = [one for one in made if not one.broken]
    # The sums must tell the same as the single faces, or something was added twice.
    sums_agree = int(table.faces.sum()) == scored.total()
    once = sum(scored[one.camera_id, one.start_ms, one.part] == FACES for one in good)
    reasons = reasons_by_key(cloud.client("sqs"), cloud.dead_letters_url)  # of one delivered twice there are two
    broken_keys = {one.key for one in made if one.broken}
    return Outcome(
        sheets=len(good),
        broken=len(broken_keys),
        once=once if sums_agree and len(scored) == len(good) else 0,
        refused=sum(key in broken_keys and bool(reason) for key, reason in reasons.items()),
        refused_wrongly=sum(key not in broken_keys for key in reasons),
        kills=kills,
        seconds=seconds,
    )
