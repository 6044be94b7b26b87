"""A loopback relay for RTSP, which restricts FFmpeg to the camera's host.

FFmpeg's RTSP follows a redirect to any host and sends the camera's password there, and no option prevents that. So
FFmpeg connects to a loopback address, the relay has the only connection to the camera, and redirects (RFC 2326, section
11.3) are not forwarded. FFmpeg only follows redirects during session setup: until then every response is inspected, and
parsed exactly as FFmpeg does (libavformat/rtsp.c, ff_rtsp_read_reply), including malformed ones.
"""

from __future__ import annotations

import re
import selectors
import socket
import ssl
import threading
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from audience.errors import DeviceError

_PORTS: Final = {"rtsp": 554, "rtsps": 322}
_PACKET: Final = b"$"
_LENGTH: Final = b"content-length:"
_LONGEST_LINE, _LONGEST_BODY = 16_384, 1 << 20
_MOST_READ: Final = 65_536
# Any status but 3xx, in an unambiguous form.
_ANSWER: Final = re.compile(rb"RTSP/\d\.\d [1245]\d\d(?: |$)")


class RedirectRefused(Exception):
    """The camera redirects, or sends what FFmpeg might take for a redirect."""


class ResponseInspector:
    """Parses a camera's RTSP responses, and raises on a redirect."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._skipped = 0  # bytes of a body or a packet still to come
        self._first = True
        self._body = 0

    def feed(self, data: bytes) -> None:
        """Parses more data.

        Raises:
            RedirectRefused: a response is a redirect, or not RTSP.
        """
        at = 0
        while at < len(data):
            if self._skipped:
                step = min(self._skipped, len(data) - at)
                self._skipped -= step
                at += step
                continue
            if self._line[:1] == _PACKET or (not self._line and data[at : at + 1] == _PACKET):
                # Interleaved media data: "$", a channel, and two bytes for the length.
                self._line.append(data[at])
                at += 1
                if len(self._line) == 4:
                    self._skipped = int.from_bytes(self._line[2:])
                    self._line.clear()
                continue
            end = data.find(b"\n", at)
            upto = len(data) if end < 0 else end
            self._line += data[at:upto].replace(b"\r", b"")
            if len(self._line) > _LONGEST_LINE:
                raise RedirectRefused
            at = upto + 1
            if end >= 0:
                self._end_line(bytes(self._line).split(b"\0")[0])

    def _end_line(self, line: bytes) -> None:
        self._line.clear()
        if not line:
            self._skipped, self._body, self._first = self._body, 0, True
        elif self._first:
            self._first = False
            if line.lstrip().startswith(b"RTSP/") and not _ANSWER.match(line):
                raise RedirectRefused
        elif line.lower().startswith(_LENGTH):
            length = line[len(_LENGTH) :].strip()
            if not (length.isdigit() and int(length) <= _LONGEST_BODY):
                raise RedirectRefused
            self._body = int(length)


class RtspRelay:
    """A relay on loopback that forwards to the camera.

    Args:
        url: rtsp or rtsps, with user and password if needed.
        name: the same without them.
        timeout_s: connection timeout, seconds.

    Attributes:
        url: the address for FFmpeg; can be opened once.
        refused: the error for a refused redirect; None if there was none.

    Raises:
        OSError: no answer.
        ValueError: the address cannot be parsed.
    """

    def __init__(self, url: str, *, name: str, timeout_s: float) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise ValueError("no host")
        self.refused: DeviceError | None = None
        self._name = name
        self._inspector: ResponseInspector | None = ResponseInspector()
        self._camera = socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), timeout_s)
        if parts.scheme == "rtsps":
            # Cameras use self-signed certificates, which cannot be verified.
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._camera = context.wrap_socket(self._camera, server_hostname=parts.hostname)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(timeout_s)
        self._client: socket.socket | None = None
        self._stopped = False
        user, at, _ = parts.netloc.rpartition("@")
        here = f"{user}{at}127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = urlunsplit(parts._replace(scheme="rtsp", netloc=here))
        threading.Thread(target=self._serve, name=f"relay {name}", daemon=True).start()

    def stop_inspecting(self) -> None:
        """Stops inspecting responses, after session setup."""
        self._inspector = None

    def close(self) -> None:
        """Closes both connections."""
        self._stopped = True
        for one in (self._listener, self._camera, self._client):
            if one is not None:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        with self._camera, self._listener, suppress(OSError):
            self._client, _ = self._listener.accept()
            with self._client as client, selectors.DefaultSelector() as waiting:
                client.settimeout(self._camera.gettimeout())
                for one in (client, self._camera):
                    waiting.register(one, selectors.EVENT_READ)
                while not self._stopped:
                    for ready, _ in waiting.select():
                        if not (
                            self._forward_request(client) if ready.fileobj is client else self._forward_response(client)
                        ):
                            return

    def _forward_request(self, client: socket.socket) -> bool:
        """Forwards data from FFmpeg to the camera; False if a connection ended."""
        data = client.recv(_MOST_READ)
        self._camera.sendall(data)
        return bool(data)

    def _forward_response(self, client: socket.socket) -> bool:
        """Forwards data from the camera to FFmpeg; False if a connection ended or a redirect was refused."""
        data = self._camera.recv(_MOST_READ)
        # The selector does not see data that TLS has already buffered.
        while isinstance(self._camera, ssl.SSLSocket) and (more := self._camera.pending()):
            data += self._camera.recv(more)
        if self._inspector is not None:
            try:
                self._inspector.feed(data)
            except RedirectRefused:
                self.refused = DeviceError(
                    f"{self._name} redirects to another address, which is not followed; give that address itself if "
                    "it is the camera's"
                )
                return False
        client.sendall(data)
        return bool(data)
