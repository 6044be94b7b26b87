"""Webcams and network streams through OpenCV."""

from __future__ import annotations

import os

import cv2

from audience.errors import DeviceError
from edge_lambda.devices import Clock
from edge_lambda.devices.stream import StreamCamera

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0


def open_webcam(number: int, *, clock: Clock) -> StreamCamera:
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
    return StreamCamera(capture, name=f"webcam:{number}", clock=clock)


def open_stream(url: str, *, name: str, clock: Clock) -> StreamCamera:
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
    return StreamCamera(capture, name=name, clock=clock)


def _silence() -> None:
    # OpenCV and its FFmpeg write to stderr past Python's logging, addresses with passwords among it.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
