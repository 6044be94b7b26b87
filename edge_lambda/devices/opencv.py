"""Opens webcams through OpenCV, and network cameras with their timeouts."""

from __future__ import annotations

import cv2

from audience.errors import DeviceError
from edge_lambda.devices import Clock
from edge_lambda.devices.stream import StreamCamera

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0


def open_webcam(number: int, *, clock: Clock) -> StreamCamera:
    """Opens the N-th camera of this machine.

    Raises:
        DeviceError: there is none, or another program uses it.
    """
    _silence()
    capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        capture.release()
        raise DeviceError(f"webcam:{number} cannot be opened; check that it is plugged in and no other program uses it")
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the driver's queue would return old pictures
    return StreamCamera(capture, name=f"webcam:{number}", clock=clock)


def open_stream(url: str, *, name: str, clock: Clock) -> StreamCamera:
    """Opens a network stream.

    Args:
        url: address of the stream, with user and password if needed.
        name: the same without them.
        clock: gives the capture time.

    Raises:
        DeviceError: no answer within 10 s, the answer is not a video, or it redirects to another host.
    """
    from edge_lambda.devices.network import open_network_camera

    return open_network_camera(
        url, name=name, clock=clock, open_timeout_s=OPEN_TIMEOUT_S, read_timeout_s=READ_TIMEOUT_S
    )


def _silence() -> None:
    # OpenCV writes to stderr past Python's logging.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
