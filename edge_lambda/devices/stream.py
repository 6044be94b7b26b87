"""Reads a camera's stream in a thread and returns the newest picture on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from audience.errors import DeviceError
from edge_lambda.devices import Clock, LiveFrame

STALLED_S = 20.0
"""A camera without a picture for this long counts as lost, seconds; its library may have no timeout."""

CLOSING_S = 1.0
"""How long `close` waits for the current read, seconds. A stalled read releases its camera later, after its own
timeout."""


class Stream(Protocol):
    """A source of pictures, such as `cv2.VideoCapture`. All calls come from one thread."""

    def grab(self) -> bool:
        """Waits for the next picture; False if the stream ended."""
        ...

    def retrieve(self) -> tuple[bool, Any]:
        """Decodes the grabbed picture: whether it is intact, and the picture, height x width x 3, BGR, 0..255."""
        ...

    def release(self) -> None:
        """Releases the camera."""
        ...


class StreamCamera:
    """Reads pictures as fast as they come, and yields the next one on request.

    A thread grabs every picture, so that none gets old in a queue while faces are scored; only requested pictures are
    decoded.

    Args:
        stream: an open stream; released with the camera.
        name: the source without secrets.
        clock: gives the capture time; called in the reading thread.
    """

    def __init__(self, stream: Stream, *, name: str, clock: Clock) -> None:
        self.name = name
        self.dropped = 0
        self._stream = stream
        self._clock = clock
        self._condition = threading.Condition()
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
        """Stops reading; waits up to `CLOSING_S` for the current read."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._reader.join(CLOSING_S)

    def _next(self) -> LiveFrame | None:
        """Waits for the next picture; None once closed."""
        with self._condition:
            self._asked, self._newest = True, None
            came = self._condition.wait_for(lambda: self._newest or self._gone or self._closed, timeout=STALLED_S)
            if self._closed:
                return None
            if self._newest is not None:
                return self._newest
        if came:
            raise DeviceError(f"{self.name} disconnected; check its power and the network")
        raise DeviceError(f"{self.name} has sent no picture for {STALLED_S:.0f} s; check its power and the network")

    def _read(self) -> None:
        try:
            while not self._closed and self._stream.grab():
                at = self._clock()
                with self._condition:
                    if not self._asked:
                        self.dropped += 1
                        continue
                whole, image = self._stream.retrieve()
                if not whole:
                    continue
                with self._condition:
                    self._asked = False
                    self._newest = LiveFrame(at=at, image=np.asarray(image, dtype=np.uint8))
                    self._condition.notify_all()
        finally:
            self._stream.release()
            with self._condition:
                self._gone = True
                self._condition.notify_all()
