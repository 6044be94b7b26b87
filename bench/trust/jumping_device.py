"""A device whose computer's clock jumps: the real loop, outbox and uploader, before a camera whose truth is known.

Time runs faster than on the wall. What the camera shows in each second is that second's own number, written in faces,
so every record tells of which second it really is.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np

from audience.deliveries.delivery import Delivery
from audience.deliveries.window_file import read_window_file
from audience.faces import FaceRecord
from audience.time import from_ms
from bench.trust.killing import Voice
from edge_lambda.clock import NAME, SteadyClock
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.paths import WindowFileDeliveryPath
from edge_lambda.delivery.recorded_until import RecordedUntil
from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client
from edge_lambda.delivery.uploader import Uploader
from edge_lambda.detectors import Image
from edge_lambda.device import Device
from edge_lambda.devices import LiveFrame
from edge_lambda.pipeline import CameraKey
from tests.edge.faces_in_place import APART_PX, FACE_PX, BrightScorer, FacesInPlace, picture
from tests.edge.s3_with_faults import a_session

SESSION, STAGE, CAMERA = "talk", "main", "cam-1"
SHOWN: Final = 1_000_000
"""A second's number with this added is said when it was shown to the device, and without when it is in the outbox."""

_PLACES: Final = 14  # faces side by side: the digits, in base 2, of a second's number
_INTERVAL_S: Final = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """The computer's clock is wrong for a while.

    Attributes:
        from_s, until_s: seconds of the run.
        by_s: by how much, seconds.
        believed: whether the kernel holds that it is right nevertheless, as where a time server is wrong.
    """

    from_s: float
    until_s: float
    by_s: int
    believed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Simulated time, the same in every process of the machine, and the computer's clock in it.

    Attributes:
        began_ms: the run's first instant, milliseconds since the epoch, a whole second.
        began_s: the same of this machine's monotonic clock.
        times: how many times as fast as on the wall it goes.
        lasts_s: seconds of the run.
        jumps: what the clock does, one after another.
    """

    began_ms: int
    began_s: float
    times: float
    lasts_s: int
    jumps: tuple[Jump, ...]

    def now_ms(self) -> int:
        """The true time."""
        return self.began_ms + int((time.monotonic() - self.began_s) * 1000 * self.times)

    def left_s(self) -> float:
        """Seconds until its end, on the wall."""
        return self.began_s + self.lasts_s / self.times - time.monotonic()

    def jump_at(self, at_ms: int) -> Jump | None:
        """What the clock does at an instant; None where it is right."""
        at_s = (at_ms - self.began_ms) / 1000
        return next((jump for jump in self.jumps if jump.from_s <= at_s < jump.until_s), None)


def drawn(second: int) -> Image:
    """What the camera shows in a second of the run: its number plus one, so that somebody is always there."""
    image = picture(0, width=_PLACES * APART_PX + FACE_PX)
    full = picture(_PLACES, width=_PLACES * APART_PX + FACE_PX)
    for place in range(_PLACES):
        if (second + 1) >> place & 1:
            face = np.s_[:, place * APART_PX : (place + 1) * APART_PX]
            image[face] = full[face]
    return image


def second_of(faces: Sequence[FaceRecord]) -> int:
    """The second of the run in which these faces were shown."""
    width = _PLACES * APART_PX + FACE_PX
    return sum(1 << int(face.box.left * width // APART_PX) for face in faces) - 1


def seconds_of(delivery: bytes) -> list[int]:
    """The seconds that a window file really tells of."""
    return [second_of(window.faces) for window in read_window_file(delivery).faces]


class _Computer:
    """The clocks of the device's computer. They stand while a frame is made: it is stamped at its own instant."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stands = threading.local()

    def true_ms(self) -> int:
        stands_ms: int | None = getattr(self._stands, "at_ms", None)
        return self._run.now_ms() if stands_ms is None else stands_ms

    def wall(self) -> datetime:
        at_ms = self.true_ms()
        jump = self._run.jump_at(at_ms)
        return from_ms(at_ms + (jump.by_s * 1000 if jump else 0))

    def synchronised(self) -> bool:
        jump = self._run.jump_at(self.true_ms())
        return jump is None or jump.believed

    def stand(self, at_ms: int | None) -> None:
        """Stops the clocks of this thread at an instant; None lets them go."""
        self._stands.at_ms = at_ms


class _Camera:
    """Shows a picture in every second."""

    name, dropped = "simulated", 0

    def __init__(self, run: Run, computer: _Computer, clock: SteadyClock, voice: Voice) -> None:
        self._run, self._computer, self._clock, self._voice = run, computer, clock, voice

    def __iter__(self) -> Iterator[LiveFrame]:
        second = (self._run.now_ms() - self._run.began_ms) // 1000 + 1
        while second < self._run.lasts_s:
            at_ms = self._run.began_ms + second * 1000 + 300
            time.sleep(max(0, at_ms - self._run.now_ms()) / 1000 / self._run.times)
            self._computer.stand(at_ms)
            at = self._clock()
            self._computer.stand(None)
            self._voice.safe(SHOWN + second)
            yield LiveFrame(at=at, image=drawn(second))
            # As a live camera does, it shows what is now.
            second = max(second + 1, (self._run.now_ms() - self._run.began_ms - 300) // 1000)

    def close(self) -> None:
        pass


class _SaidOutbox(Outbox):
    """Says what is safe in it."""

    voice: Voice

    def put(self, delivery: Delivery) -> None:
        super().put(delivery)
        for second in seconds_of(delivery.data):
            self.voice.safe(second)


def look(connection: Connection, run: Run, folder: str, endpoint: str, bucket: str) -> None:
    """Looks at the camera and sends what it sees, until it is killed or the run is over."""
    voice = Voice(connection)
    voice.ready()
    outbox = _SaidOutbox(Path(folder))
    outbox.voice = voice
    computer = _Computer(run)
    clock = SteadyClock(
        Path(folder) / NAME,
        boot="simulated",
        wall=computer.wall,
        counted_ms=lambda: computer.true_ms() - run.began_ms,
        synchronised=computer.synchronised,
    )
    key = CameraKey(session_id=SESSION, stage_id=STAGE, camera_id=CAMERA, written_ms=run.began_ms)
    sends_to = S3Bucket(bucket, lambda: upload_client(a_session(), endpoint_url=endpoint), now=clock)
    Device(
        key,
        every_s=1.0,
        open_camera=lambda: _Camera(run, computer, clock, voice),
        load=lambda: WindowFileDeliveryPath(key, FacesInPlace(), BrightScorer(), interval_s=_INTERVAL_S),
        outbox=outbox,
        recorded=RecordedUntil(Path(folder), key),
        uploader=Uploader(outbox, sends_to),
        on_heartbeat=lambda heartbeat: None,
        now=clock,
        clock_problem=clock.problem,
    ).run()
    time.sleep(60)  # it is killed


def jumps_of(chance: random.Random, lasts_s: int) -> tuple[Jump, ...]:
    """An hour ahead or back for some minutes, again and again; at the end by a time server that is wrong."""
    jumps, at_s, last_s = list[Jump](), 300.0, lasts_s - 300.0
    while at_s < last_s - 600:
        until_s = at_s + chance.uniform(60, 400)
        jumps.append(Jump(from_s=at_s, until_s=until_s, by_s=chance.choice((-3600, 3600))))
        at_s = until_s + chance.uniform(120, 400)
    return (*jumps, Jump(from_s=last_s, until_s=lasts_s, by_s=3600, believed=True))
