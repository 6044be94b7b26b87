"""Scripted network cameras: HTTP and RTSP servers, each at its own loopback address."""

from __future__ import annotations

import io
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import cv2

from tests.videos import numbered

Answering = Callable[[BaseHTTPRequestHandler], None]


class HttpCamera:
    """Answers as its routes say, and remembers the requests.

    Attributes:
        url: its address, without a slash at the end.
        asked: (path, Authorization) of every request.
        routes: what answers, by path without its query; 404 elsewhere.
    """

    def __init__(self, place: str, **tls: str) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.routes: dict[str, Answering] = {}
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                camera.asked.append((self.path, self.headers["Authorization"]))
                answering = camera.routes.get(self.path.partition("?")[0])
                with suppress(OSError):
                    if answering is None:
                        self.send_error(404)
                    else:
                        answering(self)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer((place, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{place}:{self.server.server_port}"

    @contextmanager
    def running(self) -> Iterator[HttpCamera]:
        """Serves for as long as the context lasts."""
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            thread.join()
            self.server.server_close()


def filming(handler: BaseHTTPRequestHandler) -> None:
    """MJPEG, as from most cameras: a picture every 10 ms, while the client reads."""
    handler.send_response(200)
    handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
    handler.end_headers()
    for number in itertools.count():
        _, jpeg = cv2.imencode(".jpg", numbered(number % 4096))
        handler.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg.tobytes() + b"\r\n")
        time.sleep(0.01)


def redirecting(target: str, code: int = 302) -> Answering:
    """Redirects to another address."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def giving(content: bytes, kind: str = "application/octet-stream", *, in_parts: bool = False) -> Answering:
    """A file, in parts where they are asked for and it is to be."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", "")) if in_parts else None
        first, last = (int(asked[1]), int(asked[2] or len(content) - 1)) if asked else (0, len(content) - 1)
        part = content[first : last + 1]
        handler.send_response(206 if asked else 200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(part)))
        if in_parts:
            handler.send_header("Accept-Ranges", "bytes")
        handler.end_headers()
        handler.wfile.write(part)

    return answer


def playlist(*parts: str, key: str = "") -> Answering:
    """An HLS playlist of parts of four seconds."""
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:4", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += [f'#EXT-X-KEY:METHOD=AES-128,URI="{key}"'] if key else []
    for part in parts:
        lines += ["#EXTINF:4.0,", part]
    return giving("\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode(), "application/vnd.apple.mpegurl")


def demanding(scheme: str, then: Answering) -> Answering:
    """Asks for a password, Basic or Digest, before anything else; any password is right."""
    challenge = {"Basic": 'Basic realm="camera"', "Digest": 'Digest realm="camera", nonce="n", qop="auth"'}[scheme]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if (handler.headers["Authorization"] or "").startswith(scheme):
            then(handler)
            return
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", challenge)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


class _Packets(io.RawIOBase):
    """Takes what FFmpeg writes as RTP, a packet at a time."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, packet: bytes) -> int:  # type: ignore[override]
        self.packets.append(bytes(packet))
        return len(packet)


def rtp_packets(pictures: int) -> list[bytes]:
    """H.264 as RTP packets (RFC 6184), each picture a key frame."""
    packets = _Packets()
    with av.open(packets, "w", format="rtp", buffer_size=1400) as output:
        stream = output.add_stream("libx264", rate=25, options={"tune": "zerolatency", "x264-params": "keyint=1"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(pictures):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(number), format="bgr24")))
        output.mux(stream.encode(None))
    return [packet for packet in packets.packets if packet[1] & 0x7F == 96]  # RTCP has other numbers


@dataclass
class RtspCamera:
    """An RTSP server that films for one viewer after the other.

    Attributes:
        place: the address it listens at.
        redirects: where to, by method.
        demands_password: whether it answers 401 until somebody gives any.
        asked: the requests, as text.
    """

    place: str
    redirects: dict[str, str] = field(default_factory=dict)
    demands_password: bool = False
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[RtspCamera]:
        """Serves for as long as the context lasts."""
        self._packets = rtp_packets(50)
        self._over = threading.Event()
        with socket.create_server((self.place, 0)) as self._listener:
            self.port: int = self._listener.getsockname()[1]
            thread = threading.Thread(target=self._serve)
            thread.start()
            try:
                yield self
            finally:
                self._over.set()
                self._listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def url(self, user: str = "") -> str:
        """Its address, with a user and password before it where they are given."""
        return f"rtsp://{user}{'@' if user else ''}{self.place}:{self.port}/live"

    def _serve(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                viewer, _ = self._listener.accept()
                with viewer:
                    self._talk(viewer)

    def _talk(self, viewer: socket.socket) -> None:
        request = b""
        while data := viewer.recv(65536):
            request += data
            while b"\r\n\r\n" in request:
                head, _, request = request.partition(b"\r\n\r\n")
                text = head.decode()
                self.asked.append(text)
                method = text.split()[0]
                viewer.sendall(self._answer(method, text))
                if method == "PLAY":
                    self._film(viewer)

    def _answer(self, method: str, text: str) -> bytes:
        number = re.search(r"CSeq: (\d+)", text)
        assert number
        lines, body = [f"CSeq: {number[1]}"], ""
        status = "200 OK"
        if self.demands_password and "Authorization" not in text:
            status, lines = "401 Unauthorized", [*lines, 'WWW-Authenticate: Basic realm="camera"']
        elif method in self.redirects:
            status, lines = "302 Moved", [*lines, f"Location: {self.redirects[method]}"]
        elif method == "OPTIONS":
            lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif method == "DESCRIBE":
            body = (
                f"v=0\r\no=- 0 0 IN IP4 {self.place}\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
                "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track\r\n"
            )
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            lines += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"]
        return "\r\n".join([f"RTSP/1.0 {status}", *lines, "", body]).encode()

    def _film(self, viewer: socket.socket) -> None:
        for packet in itertools.cycle(self._packets):
            viewer.sendall(b"$\0" + len(packet).to_bytes(2) + packet)
            if self._over.wait(0.01):
                return
