"""Webcams and network streams through OpenCV."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import cv2
import numpy as np

from audience.errors import DeviceError
from edge_lambda.devices import Clock, LiveFrame

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0
# Webcams know no read timeout of ours; one that gives nothing for this long is taken to be gone.
STALLED_S = 2 * READ_TIMEOUT_S


def open_webcam(number: int, *, clock: Clock) -> OpenCvCamera:
    """Opens the N-th camera of this machine.

    Raises:
        DeviceError: there is none, or another program has it.
    """
    _silence()
    capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        capture.release()
        raise DeviceError(f"webcam:{number} cannot be opened; check that it is plugged in and no other program uses it")
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the driver's own queue would hand out old pictures
    return OpenCvCamera(capture, name=f"webcam:{number}", clock=clock)


def open_stream(url: str, *, name: str, clock: Clock) -> OpenCvCamera:
    """Opens a network stream.

    Args:
        url: where the stream is, with user and password where it asks for them.
        name: the same without them.
        clock: tells the time of capture.

    Raises:
        DeviceError: nothing answers there within 10 s, or what answers is no video.
    """
    _silence()
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        int(OPEN_TIMEOUT_S * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        int(READ_TIMEOUT_S * 1000),
    ]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        capture.release()
        raise DeviceError(f"{name} does not answer with a video; check the address, the network and the password")
    return OpenCvCamera(capture, name=name, clock=clock)


def _silence() -> None:
    # OpenCV and its FFmpeg write to stderr past Python's logging, addresses with passwords among it.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class OpenCvCamera:
    """Reads pictures as fast as they come, and hands out the next one only when asked.

    A thread of its own grabs every picture, so that none waits in a queue while faces are scored; only the one asked
    for is converted.

    Args:
        capture: an opened capture; closed with the camera.
        name: the source without secrets.
        clock: tells the time of capture; called in the reading thread.
    """

    def __init__(self, capture: cv2.VideoCapture, *, name: str, clock: Clock) -> None:
        self.name = name
        self.dropped = 0
        self._capture = capture
        self._clock = clock
        self._turn = threading.Condition()
        self._asked = False
        self._newest: LiveFrame | None = None
        self._gone = False
        self._closed = False
        self._reader = threading.Thread(target=self._read, name=f"camera {name}", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[LiveFrame]:
        while (frame := self._next()) is not None:
            yield frame

    def close(self) -> None:
        """Ends the reading; waits for a read under way at most as long as its own time limit."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        self._reader.join(STALLED_S)

    def _next(self) -> LiveFrame | None:
        """Waits for the next picture; None once closed."""
        with self._turn:
            self._asked, self._newest = True, None
            came = self._turn.wait_for(lambda: self._newest or self._gone or self._closed, timeout=STALLED_S)
            if self._closed:
                return None
            if self._newest is not None:
                return self._newest
        if came:
            raise DeviceError(f"{self.name} went away; check its power and the network")
        raise DeviceError(f"{self.name} has given no picture for {STALLED_S:.0f} s; check its power and the network")

    def _read(self) -> None:
        try:
            while not self._closed and self._capture.grab():
                at = self._clock()
                with self._turn:
                    if not self._asked:
                        self.dropped += 1
                        continue
                whole, image = self._capture.retrieve()
                if not whole:
                    continue
                with self._turn:
                    self._asked = False
                    self._newest = LiveFrame(at=at, image=np.asarray(image, dtype=np.uint8))
                    self._turn.notify_all()
        finally:
            self._capture.release()
            with self._turn:
                self._gone = True
                self._turn.notify_all()
