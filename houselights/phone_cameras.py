"""The process that looks at the pictures of phones used as cameras: `python -m houselights.phone_cameras STORE FD`.

The pages' server starts it, hands pictures over by the socket FD and is answered how each picture is framed. It ends
when the socket is closed. Each phone is a camera like any other: it is watched as `houselights watch` does.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from audience.errors import HouselightsError
from audience.monitoring.cameras import BLURRED_BELOW, DARK_BELOW
from audience.phone_camera import LARGEST_MESSAGE, Framing, PhonePicture, read_picture
from audience.session_setup import SessionSetup
from audience.stores import open_store
from audience.time import to_ms
from edge_lambda.crops import SMALLEST_PX
from edge_lambda.detectors import DEFAULT_DETECTOR
from edge_lambda.detectors.load import load_detector
from edge_lambda.devices.phone import PhoneCamera
from edge_lambda.picture_quality import measure_picture
from edge_lambda.pipeline import ScoredWindow
from edge_lambda.scorers import load_scorer
from houselights.commands.options import MODEL_VARIABLE
from houselights.watching import Watch, WatchPlan

MOST_CAMERAS: Final = 12
"""Phones that are watched at a time."""

FAR_BELOW_PX: Final = 2 * SMALLEST_PX
"""Height of the median face under which a phone is said to be too far; at half of it a face is not scored at all."""

DIM_BELOW: Final = 0.15
"""Brightness under which a picture in which no face is found is said to be too dark."""

PLAN: Final = WatchPlan(heartbeat_every_ms=500, longest_wait_s=1.0, ends_session=False)
"""Told every second, so that whoever puts the phone up sees on Operate what it sees; and a phone that was gone for a
minute goes on at once."""

REFUSED_S: Final = 10.0
"""A camera that cannot be watched is tried again after so long, not with each picture."""

_LOOK_S: Final = 2.0
_END_WITHIN_S: Final = 10.0


def framing_of(window: ScoredWindow) -> Framing:
    """How the picture of a window is framed, by its last frame."""
    frame = window.kept[-1]
    quality = measure_picture(frame.image)
    faces = [seen.detection for seen in frame.tracked]
    is_dark = quality.brightness < (DARK_BELOW if faces else DIM_BELOW)
    return Framing(
        faces=window.record.faces,
        dark=is_dark,
        blurred=not is_dark and quality.sharpness < BLURRED_BELOW,
        far=bool(faces) and statistics.median(face.height for face in faces) < FAR_BELOW_PX,
    )


class _Phone:
    """One phone: its newest picture, and the thread that watches it."""

    def __init__(self, picture: PhonePicture, store_url: str, answer: Callable[[Framing], None]) -> None:
        self.place, self.until_ms = picture.place, picture.until_ms
        self._url, self._answer = store_url, answer
        self._refused_s = -REFUSED_S
        self._camera = PhoneCamera(f"{picture.camera_id} on {picture.stage_id}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=self._camera.name, daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive() and time.monotonic() - self._refused_s >= REFUSED_S

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def put(self, picture: PhonePicture) -> None:
        self.until_ms = picture.until_ms
        self._camera.put(picture.at_ms, picture.jpeg)

    def stop(self) -> None:
        self._stop.set()
        self._camera.close()

    def join(self) -> None:
        self._thread.join(_END_WITHIN_S)

    def _watch(self) -> None:
        session_id, stage_id, camera_id = self.place
        own = os.environ.get(MODEL_VARIABLE)
        try:
            with open_store(self._url) as store:
                Watch(
                    SessionSetup(session_id=session_id, stage_id=stage_id, camera_id=camera_id),
                    PLAN,
                    store=store,
                    open_camera=self._camera.open,
                    detector=load_detector(DEFAULT_DETECTOR, doubtful=True),
                    scorer=load_scorer("expressionnet", model=Path(own) if own else None),
                    stop=self._stop,
                    on_window=lambda window: self._answer(framing_of(window)),
                ).run()
        except HouselightsError as problem:
            self._refused_s = time.monotonic()
            self._answer(Framing(problem=str(problem)))


class PhoneCameras:
    """All phones of one store."""

    def __init__(self, store_url: str, answer: Callable[[bytes], None]) -> None:
        """Creates the object without I/O.

        Args:
            store_url: where the windows go.
            answer: called from any thread with each answer's message.
        """
        self._url, self._answer = store_url, answer
        self._phones: dict[tuple[str, str, str], _Phone] = {}
        self._lock = threading.Lock()

    def take(self, picture: PhonePicture) -> None:
        """Hands a picture to its phone's thread; one without a picture stops the phone."""
        with self._lock:
            self._phones = {place: one for place, one in self._phones.items() if not one.has_ended}
            phone = self._phones.get(picture.place)
            if not picture.jpeg:
                if phone is not None:
                    phone.stop()
                return
            if phone is None:
                if len(self._phones) >= MOST_CAMERAS:
                    line = f"{MOST_CAMERAS} phones are in use: end one on the page Operate."
                    self._answer(Framing(problem=line).packed(picture.place))
                    return
                phone = self._phones[picture.place] = _Phone(picture, self._url, self._answering(picture.place))
            if not phone.is_stopping:  # else the next picture begins anew
                phone.put(picture)

    def end_those_that_are_over(self, now_ms: int) -> None:
        """Stops phones whose link or session has ended."""
        with self._lock:
            phones = [*self._phones.values()]
        if not phones:
            return
        with open_store(self._url) as store:
            open_ids = {session.session_id for session in store.sessions() if session.ended_at is None}
        for phone in phones:
            if now_ms >= phone.until_ms or phone.place[0] not in open_ids:
                phone.stop()

    def close(self) -> None:
        """Stops all phones; then every finished window is in the store."""
        with self._lock:
            phones = [*self._phones.values()]
        for phone in phones:
            phone.stop()
        for phone in phones:
            phone.join()

    def _answering(self, place: tuple[str, str, str]) -> Callable[[Framing], None]:
        return lambda framing: self._answer(framing.packed(place))


def main() -> int:
    """Watches the phones of the store named first, until the socket named second is closed."""
    url, connection = sys.argv[1], Connection(int(sys.argv[2]))
    sending, over = threading.Lock(), threading.Event()

    def answer(message: bytes) -> None:
        with sending, suppress(OSError):  # the server has ended; so will this process
            connection.send_bytes(message)

    cameras = PhoneCameras(url, answer)

    def look() -> None:
        while not over.wait(_LOOK_S):
            with suppress(HouselightsError):  # the next look may find the store again
                cameras.end_those_that_are_over(to_ms(datetime.now(UTC)))

    threading.Thread(target=look, daemon=True).start()
    try:
        while True:
            cameras.take(read_picture(connection.recv_bytes(LARGEST_MESSAGE)))
    except (EOFError, OSError):
        pass
    over.set()
    cameras.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
