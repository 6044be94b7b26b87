"""Those whom programs are told to turn to, each at its own address on loopback: `python -m tests.outside.stand_ins`.

A camera that gives pictures by HTTP, a webhook that takes alerts, and a broker that takes connections and says nothing.
It says "ready", and ends with its standard input.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import skimage.data

CAMERA, WEBHOOK, BROKER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
PORT = 8080


class _Camera(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        _, jpeg = cv2.imencode(".jpg", skimage.data.astronaut()[:, :, ::-1])
        with suppress(OSError):
            while True:
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg.tobytes() + b"\r\n")
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class _Webhook(_Camera):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()


def main() -> None:
    """Serves until standard input ends."""
    for place, handler in ((CAMERA, _Camera), (WEBHOOK, _Webhook)):
        server = ThreadingHTTPServer((place, PORT), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_server((BROKER, PORT)):
        print("ready", flush=True)  # noqa: T201
        sys.stdin.read()


if __name__ == "__main__":
    main()
