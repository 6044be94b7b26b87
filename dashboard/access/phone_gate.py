"""The gate of the server for phones: the addresses of phones used as cameras, and nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dashboard.access.addresses import address_of
from dashboard.access.answering import headed, refuse
from dashboard.access.gate import NOTHING_HERE, Gate, peer_of
from dashboard.access.headers import headers
from dashboard.access.limits import line_of
from dashboard.pages.camera.routes import CAMERA

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class PhoneGate(Gate):
    """Answers every device of the local network, for the camera addresses alone, whatever the access settings say."""

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Browsers are not told to insist on https: the same computer's other pages are served without.
        fields = headers(local=False, encrypted=False)
        path: str = scope["path"]
        address = address_of(path) if scope["type"] == "http" and path.startswith(f"{CAMERA}/") else None
        if not self._limits.take(line_of(peer_of(scope)), address.cost if address else 200, time.monotonic()):
            await refuse(scope, receive, send, 429, "Too many requests: wait a little.", fields)
        elif address is None:
            await refuse(scope, receive, send, 404, NOTHING_HERE, fields)
        elif scope["method"] not in address.methods:
            await refuse(scope, receive, send, 405, "Not by this method.", fields, allow=address.methods)
        else:
            await self._app(scope, receive, headed(fields, send))
