"""A phone or laptop whose browser sends one picture a second; the newest one counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from audience.errors import DeviceError
from audience.time import from_ms
from edge_lambda.detectors import Image
from edge_lambda.devices import LiveFrame

SILENT_S: Final = 4.0
"""A phone without a picture for this long counts as away, seconds."""


class PhoneCamera:
    """The newest picture of one phone. One waits at most; a newer one takes its place.

    Attributes:
        name: the camera, for messages.
        dropped: pictures whose place a newer one took.
    """

    def __init__(self, name: str) -> None:
        """Creates the camera without a picture."""
        self.name, self.dropped = name, 0
        self._condition = threading.Condition()
        self._newest: tuple[int, bytes] | None = None
        self._closed = False

    def put(self, at_ms: int, jpeg: bytes) -> None:
        """Takes a picture, in place of one that still waits.

        Args:
            at_ms: when it was taken, milliseconds since the epoch.
            jpeg: the picture.
        """
        with self._condition:
            self.dropped += self._newest is not None
            self._newest = at_ms, jpeg
            self._condition.notify_all()

    def open(self) -> PhoneCamera:
        """Waits for a picture, which the camera then yields first.

        Raises:
            DeviceError: none came.
        """
        with self._condition:
            self._closed = False
            if not self._condition.wait_for(lambda: self._newest or self._closed, SILENT_S):
                raise self._silent()
        return self

    def __iter__(self) -> Iterator[LiveFrame]:
        while (newest := self._next()) is not None:
            at_ms, jpeg = newest
            image = decoded(jpeg)
            if image is not None:  # one that was cut short is left out: the next comes in a second
                yield LiveFrame(at=from_ms(at_ms), image=image)

    def close(self) -> None:
        """Ends the pictures, until the camera is opened again."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _next(self) -> tuple[int, bytes] | None:
        with self._condition:
            if not self._condition.wait_for(lambda: self._newest or self._closed, SILENT_S):
                raise self._silent()
            newest, self._newest = self._newest, None
            return None if self._closed else newest

    def _silent(self) -> DeviceError:
        return DeviceError("the phone sends no pictures: look at its page, and keep it in front")


def decoded(jpeg: bytes) -> Image | None:
    """A JPEG's picture, height x width x 3, BGR, 0..255; None where it cannot be read."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, dtype=np.uint8)
