"""The server for phones: https in the local network, for phones used as cameras and nothing else.

The pages stay where they are, at this machine. It runs in a thread with an event loop of its own, from when somebody
lets phones in (on the page Operate, or `houselights dashboard --phones`) until the pages' server ends.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from functools import cache
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from audience.errors import InvalidValue
from audience.language import gettext
from dashboard.access.phone_gate import PhoneGate
from dashboard.own_certificate import local_addresses, own_certificate
from dashboard.pages.camera.routes import camera_routes

PORT: Final = 8443
"""The port, or the next that is free: a link on a phone so outlives a restart."""

_PORTS_TRIED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where phones reach this computer.

    Attributes:
        addresses: https addresses, the likeliest first.
        fingerprint: SHA-256 of the certificate.
    """

    addresses: tuple[str, ...]
    fingerprint: str


class PhoneListener:
    """The server, as long as phones are let in. Safe to use from several threads."""

    def __init__(self) -> None:
        """Creates the object without I/O."""
        self._lock = threading.Lock()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._listening: Listening | None = None

    @property
    def listening(self) -> Listening | None:
        """Where phones reach this computer; None where they are not let in."""
        return self._listening

    def open(self, host: str = "0.0.0.0", port: int = PORT) -> Listening:
        """Lets phones in, if they are not yet.

        Args:
            host: IPv4 address to listen on.
            port: the first port that is tried.

        Raises:
            InvalidValue: this computer is in no network, no port is free, or there is no certificate.
        """
        with self._lock:
            if self._listening is not None:
                return self._listening
            addresses = local_addresses() if host == "0.0.0.0" else [host]
            if not addresses:
                raise InvalidValue(gettext("this computer is in no network: join the one that the phone is in"))
            certificate = own_certificate(addresses)
            held = _bound(host, port)
            app = Starlette(routes=camera_routes([]), middleware=[Middleware(PhoneGate)])
            config = uvicorn.Config(
                app, log_config=None, access_log=False, server_header=False, ssl_certfile=certificate.path
            )
            self._server = uvicorn.Server(config)
            self._thread = threading.Thread(
                target=self._server.run, kwargs={"sockets": [held]}, name="phones' server", daemon=True
            )
            self._thread.start()
            bound = held.getsockname()[1]
            self._listening = Listening(
                addresses=tuple(f"https://{one}:{bound}" for one in addresses), fingerprint=certificate.fingerprint
            )
            return self._listening

    def close(self) -> None:
        """Lets no phones in any more."""
        with self._lock:
            if self._server is not None and self._thread is not None:
                self._server.should_exit = self._server.force_exit = True
                self._thread.join()
            self._server = self._thread = self._listening = None


def _bound(host: str, port: int) -> socket.socket:
    for tried in range(port, port + _PORTS_TRIED):
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((host, tried if port else 0))
            held.listen()
        except OSError:
            held.close()
            continue
        return held
    raise InvalidValue(
        gettext("no port from {first} to {last} is free for phones", first=port, last=port + _PORTS_TRIED - 1)
    )


@cache
def listener() -> PhoneListener:
    """The one of this server."""
    return PhoneListener()
