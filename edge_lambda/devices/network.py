"""Network cameras, decoded by FFmpeg. FFmpeg opens no connection itself, so all data come from the camera's host.

`one_host` reads http and https cameras, `rtsp_relay` forwards rtsp.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPException
from typing import Any

import av
from av import VideoFrame
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

from audience.errors import DeviceError
from edge_lambda.detectors import Image
from edge_lambda.devices import Clock
from edge_lambda.devices.one_host import Deadline, HttpBody, OneHost
from edge_lambda.devices.rtsp_relay import RtspRelay
from edge_lambda.devices.stream import StreamCamera
from edge_lambda.recording.upright import upright_image

# Errors while reading a camera; urllib's errors are OSErrors.
_TROUBLE = (FFmpegError, OSError, HTTPException, ValueError)
_NO_PROTOCOL = "none"


def open_network_camera(
    url: str, *, name: str, clock: Clock, open_timeout_s: float, read_timeout_s: float
) -> StreamCamera:
    """Opens a network camera.

    Args:
        url: http, https, rtsp or rtsps, with user and password if needed.
        name: the same without them.
        clock: gives the capture time.
        open_timeout_s: timeout for the first picture, seconds.
        read_timeout_s: timeout for each later picture, seconds.

    Raises:
        DeviceError: no answer in time, the answer is not a video, or it redirects to another host.
    """
    opened = _RtspStream if url.startswith("rtsp") else _HttpStream
    return StreamCamera(opened(url, name, open_timeout_s, read_timeout_s), name=name, clock=clock)


class _NetworkStream:
    """The pictures of an open container, as a `Stream`."""

    def __init__(self, url: str, name: str, open_timeout_s: float, read_timeout_s: float) -> None:
        self._timeouts_s = (open_timeout_s, read_timeout_s)
        self._deadline = Deadline()
        self._deadline.set(open_timeout_s)
        self._frame: VideoFrame | None = None
        self._guard: OneHost | RtspRelay | None = None
        with ExitStack() as stack:
            try:
                container = self._opened(url, name, stack)
                stack.enter_context(container)
                stream = _picture(container)
                if stream is None:
                    raise ValueError("no picture")
            except _TROUBLE as problem:
                redirected = self._guard and self._guard.refused
                raise redirected or DeviceError(
                    f"{name} sends no video; check the address, the network and the password"
                ) from problem
            self._shape = stream
            self._frames = _frames(container, stream)
            self._resources = stack.pop_all()

    def _opened(self, url: str, name: str, stack: ExitStack) -> InputContainer:
        raise NotImplementedError

    def grab(self) -> bool:
        """Waits for the next picture; see `Stream.grab`."""
        self._deadline.set(self._timeouts_s[1])
        try:
            self._frame = next(self._frames, None)
        except (*_TROUBLE, DeviceError):
            self._frame = None
        return self._frame is not None

    def retrieve(self) -> tuple[bool, Image | None]:
        """The picture grabbed; see `Stream.retrieve`."""
        assert self._frame is not None
        try:
            return True, upright_image(self._frame, self._shape.sample_aspect_ratio)
        except FFmpegError:
            return False, None

    def release(self) -> None:
        """Releases the camera."""
        # Freeing a decoder in the middle of a picture can block forever on its threads; so drain it first.
        with suppress(FFmpegError):
            self._shape.codec_context.decode(None)
        self._resources.close()


class _HttpStream(_NetworkStream):
    def _opened(self, url: str, name: str, stack: ExitStack) -> InputContainer:
        host = self._guard = OneHost(url, name=name, deadline=self._deadline)

        def open_nested(nested: str, flags: int, options: dict[str, str]) -> HttpBody:
            """Opens an address from a playlist, on the same host only."""
            end = options.get("end_offset")
            return host.get(nested, first_byte=int(options.get("offset", 0)), end=None if end is None else int(end))

        body = host.get(host.url)
        stack.callback(body.close)
        container: InputContainer = av.open(
            body,
            mode="r",
            metadata_errors="replace",
            # A persistent connection for the next part of a playlist would be FFmpeg's own.
            options={"protocol_whitelist": _NO_PROTOCOL, "http_persistent": "0"},
            io_open=open_nested,
            timeout=self._timeouts_s,
        )
        return container


class _RtspStream(_NetworkStream):
    def _opened(self, url: str, name: str, stack: ExitStack) -> InputContainer:
        relay = self._guard = RtspRelay(url, name=name, timeout_s=self._timeouts_s[0])
        stack.callback(relay.close)
        # TCP only, over the one connection: with UDP the camera could name any other source of its pictures.
        only = {"rtsp_transport": "tcp", "allowed_media_types": "video", "protocol_whitelist": "tcp"}
        container: InputContainer = av.open(
            relay.url, mode="r", metadata_errors="replace", options=only, timeout=self._timeouts_s
        )
        relay.stop_inspecting()
        return container


def _picture(container: InputContainer) -> Any:
    """The video stream; None if none can be decoded."""
    best = container.streams.best("video")
    if best is None or best.codec_context is None or best.disposition & Disposition.attached_pic:
        return None
    return best


def _frames(container: InputContainer, stream: Any) -> Iterator[VideoFrame]:
    """Yields all pictures, skipping those that cannot be decoded."""
    for packet in container.demux(stream):
        with suppress(FFmpegError):
            yield from packet.decode()
