"""RTSP to one host and no other: FFmpeg talks to the camera through here.

FFmpeg's RTSP follows a redirect to any host and offers the camera's password there, and no option keeps it from that.
So it is given an address on loopback, behind which the one connection to the camera is, and no answer that redirects
(RFC 2326, section 11.3) is handed on. FFmpeg follows one while it and the camera come to terms, and never after: until
then every answer is read, and split as FFmpeg splits it (libavformat/rtsp.c, ff_rtsp_read_reply), down to what is none.
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
# Any status but 3xx, written so that nobody can take it for another number.
_ANSWER: Final = re.compile(rb"RTSP/\d\.\d [1245]\d\d(?: |$)")


class NotHandedOn(Exception):
    """The camera leads elsewhere, or says what FFmpeg might take for that."""


class Answers:
    """Reads what a camera says, and tells as soon as it redirects."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._skipped = 0  # bytes of a body or a packet that are still to come
        self._first = True
        self._body = 0

    def feed(self, data: bytes) -> None:
        """Reads on.

        Raises:
            NotHandedOn: one of the answers is a redirect, or no RTSP.
        """
        at = 0
        while at < len(data):
            if self._skipped:
                step = min(self._skipped, len(data) - at)
                self._skipped -= step
                at += step
                continue
            if self._line[:1] == _PACKET or (not self._line and data[at : at + 1] == _PACKET):
                # Pictures between two lines: "$", a channel, two bytes that tell how many follow.
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
                raise NotHandedOn
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
                raise NotHandedOn
        elif line.lower().startswith(_LENGTH):
            length = line[len(_LENGTH) :].strip()
            if not (length.isdigit() and int(length) <= _LONGEST_BODY):
                raise NotHandedOn
            self._body = int(length)


class RtspRelay:
    """A place on loopback behind which the camera is.

    Args:
        url: rtsp or rtsps, with user and password where it asks for them.
        name: the same without them.
        timeout_s: how long connecting may take.

    Attributes:
        url: what FFmpeg is to open, once.
        refused: why the connection was cut, where it was.

    Raises:
        OSError: nobody answers.
        ValueError: the address cannot be read.
    """

    def __init__(self, url: str, *, name: str, timeout_s: float) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise ValueError("no host")
        self.refused: DeviceError | None = None
        self._name = name
        self._answers: Answers | None = Answers()
        self._camera = socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), timeout_s)
        if parts.scheme == "rtsps":
            # Cameras sign their own certificates: there is nobody to ask whether one is theirs.
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

    def agreed(self) -> None:
        """FFmpeg and the camera have come to terms: what is sent from now on is no longer read."""
        self._answers = None

    def close(self) -> None:
        """Ends both connections."""
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
                        if not (self._ask(client) if ready.fileobj is client else self._answer(client)):
                            return

    def _ask(self, client: socket.socket) -> bool:
        """From FFmpeg to the camera; False where either is gone."""
        data = client.recv(_MOST_READ)
        self._camera.sendall(data)
        return bool(data)

    def _answer(self, client: socket.socket) -> bool:
        """From the camera to FFmpeg; False where either is gone, or the camera leads elsewhere."""
        data = self._camera.recv(_MOST_READ)
        # What TLS has read already, the selector knows nothing of.
        while isinstance(self._camera, ssl.SSLSocket) and (more := self._camera.pending()):
            data += self._camera.recv(more)
        if self._answers is not None:
            try:
                self._answers.feed(data)
            except NotHandedOn:
                self.refused = DeviceError(
                    f"{self._name} leads to another place, which is not followed; give that address itself if it is "
                    "the camera's"
                )
                return False
        client.sendall(data)
        return bool(data)
