"""A page with the camera's live picture, served on this machine only."""

from __future__ import annotations

import html
import ipaddress
import json
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import cv2

from audience.errors import InvalidValue
from edge_lambda.detectors import Image

JPEG_QUALITY = 80
MAX_VIEWERS = 32
# A viewer that reads nothing for this long is disconnected.
VIEWER_TIMEOUT_S = 10.0
# How often the server checks whether it should close.
POLL_S = 0.05
# Chromium only shows a picture when the next one arrives. If none comes for this long, the last one is sent again.
REPEATED_AFTER_S = 0.1
BOUNDARY = "frame"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
body {{ margin: 0; background: #111; color: #eee; font: 1rem/1.5 system-ui, sans-serif; }}
main {{ max-width: 80rem; margin: auto; padding: 1rem; }}
h1 {{ font-size: 1.25rem; }}
img {{ width: 100%; background: #000; }}
</style>
<main>
<h1>{title}</h1>
<img src="/stream.mjpg" alt="The camera's picture, with a frame around every face found">
<p>Blue frames: faces that show a smile. Orange frames: the others.
What is measured is visible expression, not feeling. Pictures are not stored.</p>
</main>
</html>
"""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class LatestPicture:
    """Keeps only the newest picture; encodes it once, on the first request."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._encoding = threading.Lock()
        self._image: Image | None = None
        self._jpeg: tuple[int, bytes] = (0, b"")
        self._closed = False
        self.count = 0

    def put(self, image: Image) -> None:
        """Replaces the picture; never waits for a viewer."""
        with self._condition:
            self._image = image
            self.count += 1
            self._condition.notify_all()

    def close(self) -> None:
        """Ends all waits."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def after(self, seen: int, timeout_s: float | None) -> tuple[int, bytes] | None:
        """Waits for a picture newer than the `seen`-th, up to the timeout.

        Returns:
            The newest picture's number and JPEG; None once closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self.count > seen or self._closed, timeout=timeout_s)
            if self._closed:
                return None
        return self.newest()

    def newest(self) -> tuple[int, bytes] | None:
        """The newest picture's number and JPEG; None before the first."""
        with self._encoding:
            with self._condition:
                number, image = self.count, self._image
            if image is None:
                return None
            if self._jpeg[0] != number:
                _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
                self._jpeg = (number, encoded.tobytes())
            return self._jpeg


class PreviewPage:
    """Serves the newest picture at `/`, `/stream.mjpg` and `/still.jpg`, and the server's state at `/healthz`.

    Args:
        host: address to listen on; the default is only reachable from this machine.
        port: port to listen on; 0 takes a free one.
        title: heading of the page.

    Raises:
        InvalidValue: the server cannot listen on the address.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, title: str = "Houselights preview") -> None:
        self._picture = LatestPicture()
        try:
            self._server = _Server((host, port), self._picture, PAGE.format(title=html.escape(title)))
        except (OSError, OverflowError) as error:
            raise InvalidValue(f"cannot serve a preview at {host}:{port} ({error}); choose another port") from error
        self.url = f"http://{host}:{self._server.server_port}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="preview page", daemon=True
        )
        self._thread.start()

    def show(self, image: Image) -> None:
        """Shows a picture to all viewers; returns at once, however slow they are.

        Args:
            image: height x width x 3, BGR, 0..255; must not be changed afterwards.
        """
        self._picture.put(image)

    def close(self) -> None:
        """Disconnects all viewers and stops listening."""
        self._picture.close()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> PreviewPage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for the last viewer's thread

    def __init__(self, address: tuple[str, int], picture: LatestPicture, page: str) -> None:
        self.picture = picture
        self.page = page.encode()
        self.viewers = 0
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own looks up this machine's name in DNS, which may be slow.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def admit(self) -> bool:
        """Counts a new viewer; False if there are too many."""
        with self._lock:
            if self.viewers >= MAX_VIEWERS:
                return False
            self.viewers += 1
            return True

    def dismiss(self) -> None:
        """Removes a viewer from the count."""
        with self._lock:
            self.viewers -= 1

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Closes every connection, so that no thread waits for a browser that keeps one open."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores errors of viewers that disconnect."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = VIEWER_TIMEOUT_S
    server_version = "Houselights"
    sys_version = ""

    def do_GET(self) -> None:
        if not _is_this_machine(self.headers.get("Host", "")):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"Open this page by its address, not by a name.\n")
            return
        path = urlsplit(self.path).path
        if path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        elif path == "/stream.mjpg":
            self._stream()
        elif path == "/still.jpg":
            self._still()
        elif path == "/healthz":
            pictures = self.server.picture.count
            state = {"status": "ok" if pictures else "waiting", "pictures": pictures, "viewers": self.server.viewers}
            self._answer(HTTPStatus.OK, "application/json", json.dumps(state).encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"There is no such page here.\n")

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing."""

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self._begin(status, kind, {"Content-Length": str(len(content))})
        if self.command != "HEAD":
            self.wfile.write(content)

    def _begin(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        # Other sites must not embed the stream; pages of this machine on another port may. Those send Sec-Fetch-Site
        # "same-site", but this policy treats them as another site, so they need "cross-origin".
        may = "cross-origin" if self.headers.get("Sec-Fetch-Site") == "same-site" else "same-site"
        policy = {"Cross-Origin-Resource-Policy": may}
        for name, value in {"Content-Type": kind, **HEADERS, **policy, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _still(self) -> None:
        newest = self.server.picture.newest()
        if newest is None:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"The camera has sent no picture yet.\n")
        else:
            self._answer(HTTPStatus.OK, "image/jpeg", newest[1])

    def _stream(self) -> None:
        if not self.server.admit():
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"Too many viewers; close a page elsewhere.\n")
            return
        try:
            self._begin(HTTPStatus.OK, f"multipart/x-mixed-replace; boundary={BOUNDARY}", {})
            if self.command == "HEAD":
                return
            self.wfile.write(f"--{BOUNDARY}\r\n".encode())
            seen, timeout_s = 0, None
            while (newest := self.server.picture.after(seen, timeout_s)) is not None:
                timeout_s = None if newest[0] == seen else REPEATED_AFTER_S
                seen, jpeg = newest
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
                self.wfile.write(head + jpeg + f"\r\n--{BOUNDARY}\r\n".encode())
        except OSError:
            pass  # the viewer disconnected, or read nothing for too long
        finally:
            self.server.dismiss()


def _is_this_machine(host: str) -> bool:
    """Whether a Host header is an IP address or localhost; other names that resolve to this machine are refused."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost":
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
