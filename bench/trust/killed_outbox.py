"""An outbox whose camera is killed at random instants while it puts and sends, and held to what it acknowledged."""

from __future__ import annotations

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from audience.deliveries.delivery import Delivery, content_id, key_of, read_key
from audience.errors import SheetRejected
from bench.trust.killing import Harm, Voice, forks, killed_after
from edge_lambda.delivery.folder_bucket import FolderBucket
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.recorded_until import RecordedUntil
from edge_lambda.delivery.uploader import Bucket, Uploader
from edge_lambda.pipeline import CameraKey
from tests.builders import BEGAN_MS
from tests.edge.s3_with_faults import a_bucket, s3_with_faults

KILLS: Final = 500
_LIVES: Final = 10
"""Kills of one outbox; then the next is made, so that making one is cut short too."""

_WHILE_OPENING_S = 0.02
_WHILE_PUTTING_S: Final = {"folder": 0.12, "S3": 0.5}
"""By bucket. S3's client alone takes a tenth of a second to be made."""

_CAMERA: Final = CameraKey(session_id="talk", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS)
_SENT_WITHIN_S: Final = 60.0


def killed_outboxes(chance: random.Random, kills: int = KILLS) -> Harm:
    """Kills cameras' processes: half of them send to a folder, half to S3 over HTTP.

    Args:
        chance: when.
        kills: how often.
    """
    harm = Harm()
    while harm.kills < kills // 2:
        with tempfile.TemporaryDirectory() as folder:
            bucket = Path(folder) / "bucket"
            lives = min(_LIVES, kills // 2 - harm.kills)
            _judge(Path(folder), ("folder", str(bucket)), partial(_files, bucket), lives, chance, harm)
    while harm.kills < kills:
        with tempfile.TemporaryDirectory() as folder, s3_with_faults() as s3:
            lives = min(_LIVES, kills - harm.kills)
            _judge(Path(folder), ("S3", s3.moto, s3.bucket), s3.objects, lives, chance, harm)
    return harm


def put_and_send(connection: Connection, folder: str, life: int, bucket: tuple[str, ...]) -> None:
    """Puts a delivery a second of a made-up clock and sends them, until it is killed."""
    voice = Voice(connection)
    voice.ready()
    outbox = Outbox(Path(folder))
    recorded = RecordedUntil(Path(folder), _CAMERA)
    Uploader(outbox, _bucket(bucket)).start()
    for start_ms in count(max(recorded.until_ms, BEGAN_MS), 1000):
        # In this order, as the device's loop does it.
        recorded.advance(start_ms + 1000)
        outbox.put(_delivery(start_ms, life))
        voice.safe(start_ms)


def _bucket(where: tuple[str, ...]) -> Bucket:
    return FolderBucket(Path(where[1])) if where[0] == "folder" else a_bucket(where[1], where[2])


def _delivery(start_ms: int, life: int) -> Delivery:
    """A delivery that tells who put it: of one window there must not be two, by two lives."""
    data = f"window {start_ms} of life {life}\n".encode() * 100
    key = key_of(
        "windows", session_id="talk", stage_id="main", camera_id="cam-1", start_ms=start_ms, content=content_id(data)
    )
    return Delivery(key=key, data=data, start_ms=start_ms)


def _judge(
    folder: Path,
    bucket: tuple[str, ...],
    objects: Callable[[], Mapping[str, bytes]],
    lives: int,
    chance: random.Random,
    harm: Harm,
) -> None:
    """Kills one outbox's process so many times, lets what waits be sent, and counts what went wrong."""
    context = forks()
    outbox = folder / "not there yet" / "outbox"
    safe: set[int] = set()
    for life in range(lives):
        seconds = chance.uniform(0, chance.choice((_WHILE_OPENING_S, _WHILE_PUTTING_S[bucket[0]])))
        safe.update(killed_after(context, seconds, put_and_send, str(outbox), life, bucket))
        harm.kills += 1
    _send_the_rest(outbox, bucket, harm)
    found = objects()
    by_start: dict[int, list[bytes]] = defaultdict(list)
    for name, data in found.items():
        try:
            key = read_key(name)
        except SheetRejected:
            harm.damaged += 1  # a file that was not renamed
            continue
        if content_id(data) == key.content:
            by_start[key.start_ms].append(data)
        else:
            harm.damaged += 1
    harm.lost += len(safe - by_start.keys())
    harm.doubled += sum(len(deliveries) - 1 for deliveries in by_start.values())


def _send_the_rest(folder: Path, bucket: tuple[str, ...], harm: Harm) -> None:
    outbox = Outbox(folder)
    uploader = Uploader(outbox, _bucket(bucket))
    uploader.start()
    until = time.monotonic() + _SENT_WITHIN_S
    while outbox.status().waiting and time.monotonic() < until:
        time.sleep(0.01)
    uploader.stop()
    harm.lost += outbox.status().waiting + outbox.status().dropped
    harm.damaged += outbox.status().quarantined
    outbox.close()


def _files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its name within."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
