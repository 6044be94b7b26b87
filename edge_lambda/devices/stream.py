"""A camera that gives pictures whether anybody asks or not: read in a thread of its own, the newest kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from audience.errors import DeviceError
from edge_lambda.devices import Clock, LiveFrame

STALLED_S = 20.0
"""A camera that gives nothing for this long is taken to be gone, whatever its own library knows of time limits."""

CLOSING_S = 1.0
"""How long closing waits for a read under way. One that stalls lets its camera go by itself, once its own time limit
has passed."""


class Stream(Protocol):
    """What is read, one picture after the other; `cv2.VideoCapture` is one. All calls come from one thread."""

    def grab(self) -> bool:
        """Waits for the next picture; False where there will be none."""
        ...

    def retrieve(self) -> tuple[bool, Any]:
        """Whether the picture grabbed is whole, and the picture: height x width x 3, BGR, 0..255."""
        ...

    def release(self) -> None:
        """Lets the camera go."""
        ...


class StreamCamera:
    """Reads pictures as fast as they come, and hands out the next one only when asked.

    A thread of its own grabs every picture, so that none waits in a queue while faces are scored; only the one asked
    for is converted.

    Args:
        stream: opened; released with the camera.
        name: the source without secrets.
        clock: tells the time of capture; called in the reading thread.
    """

    def __init__(self, stream: Stream, *, name: str, clock: Clock) -> None:
        self.name = name
        self.dropped = 0
        self._stream = stream
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
        """Ends the reading; waits for a read under way for `CLOSING_S` at most."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        self._reader.join(CLOSING_S)

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
            while not self._closed and self._stream.grab():
                at = self._clock()
                with self._turn:
                    if not self._asked:
                        self.dropped += 1
                        continue
                whole, image = self._stream.retrieve()
                if not whole:
                    continue
                with self._turn:
                    self._asked = False
                    self._newest = LiveFrame(at=at, image=np.asarray(image, dtype=np.uint8))
                    self._turn.notify_all()
        finally:
            self._stream.release()
            with self._turn:
                self._gone = True
                self._turn.notify_all()
