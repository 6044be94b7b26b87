"""Where every request comes by: who may ask at all, for what, and how often; and what every answer says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse

from audience.errors import HouselightsError
from audience.instants import to_ms
from dashboard.access import asking
from dashboard.access.data import may_play
from dashboard.access.headers import Header, headers
from dashboard.access.limits import Limits, client_of, is_loopback, line_of
from dashboard.access.link_route import ROUTE as LINKS
from dashboard.access.settings import AccessSettings
from dashboard.access.signed_in import claims_of
from dashboard.data import store_url
from dashboard.live_board.routes import ROUTE as BOARDS
from dashboard.recordings import ROUTE as RECORDINGS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Tokens (`limits`) that it takes to ask for what is open: what it costs the server, in requests for a board. A path
# that is not named costs none: Streamlit's own files are read once, and what is behind a login is not open.
_COSTS: Final = {f"{BOARDS}/": 1, f"{LINKS}/": 20, "/_stcore/stream": 100, "/auth/": 200, "/oauth2callback": 200}
# What is not there was looked for in the store, and nobody else asks for it.
_MISSED: Final = 200
# Streamlit keeps what was uploaded in memory. Nothing but a page with a role has anything to upload.
_UPLOADS: Final = "/_stcore/upload_file"
# What pages offer to be saved lies there for a while, under a name that cannot be guessed but can be passed on.
_DOWNLOADS: Final = "/media/"
_METRICS: Final = "/_stcore/metrics"
_GUARDED: Final = (f"{RECORDINGS}/", _UPLOADS, _DOWNLOADS, _METRICS)


class Gate:
    """ASGI middleware around everything the server serves."""

    def __init__(self, app: ASGIApp) -> None:
        """Lets through to an app what may be."""
        self._app = app
        self._limits = Limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers by itself what may not be asked for."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket" and _is_from_elsewhere(HTTPConnection(scope)):
            await _refuse(scope, receive, send, 403, "A page of another site may not connect.", ())
            return
        try:
            settings = asking.settings()
        except HouselightsError:
            # What is wrong is for whoever runs the server; the command that starts it says so.
            line = "The access settings of this server cannot be read."
            await _refuse(scope, receive, send, 503, line, headers(local=False, encrypted=False))
            return
        if settings is None:
            await self._local(scope, receive, send)
        else:
            await self._served(settings, scope, receive, send)

    async def _local(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = headers(local=True, encrypted=False)
        if is_loopback(_peer(scope)):
            await self._app(scope, receive, _with(told, send))
        else:
            line = "These pages are for the person at their machine: without access settings nobody else is served."
            await _refuse(scope, receive, send, 403, line, told)

    async def _served(self, settings: AccessSettings, scope: Scope, receive: Receive, send: Send) -> None:
        told = headers(local=False, encrypted=settings.encrypted)
        request = HTTPConnection(scope)
        # Proxies add to the line there is, or a line of their own.
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        line = line_of(client_of(_peer(scope), forwarded, settings.proxies))
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))  # as routes are found by
        cost = next((cost for start, cost in _COSTS.items() if path.startswith(start)), 0)
        if cost and not self._limits.take(line, cost, time.monotonic()):
            await _refuse(scope, receive, send, 429, "Too many requests: wait a little.", told)
            return
        if path.startswith(_GUARDED) and not await run_in_threadpool(_may, settings, request, path):
            await _refuse(scope, receive, send, 404, "There is no such thing here.", told)
            return

        async def charged(message: Message) -> None:
            if cost and message["type"] == "http.response.start" and message["status"] == 404:
                self._limits.charge(line, _MISSED, time.monotonic())
            await send(message)

        await self._app(scope, receive, _with(told, charged))


def _may(settings: AccessSettings, request: HTTPConnection, path: str) -> bool:
    """Whether somebody may ask for something that pages themselves do not guard. Reads the store."""
    try:
        permit = asking.permit_of(settings, claims_of(request.cookies, settings), request.cookies)
        if path.startswith(f"{RECORDINGS}/"):
            return may_play(store_url(), permit, path.split("/")[2], to_ms(datetime.now(UTC)))
    except HouselightsError:
        return False  # a store that cannot be read shows nothing, and a link that cannot be checked opens nothing
    if path.startswith(_UPLOADS):
        return permit.role is not None
    return path.startswith(_DOWNLOADS) and permit.lets_in


def _is_from_elsewhere(request: HTTPConnection) -> bool:
    """Whether a page of another site connects; what is no page says of no site that it is from there.

    Streamlit refuses such pages too, but asks a server on the internet for this machine's own address before it does,
    and answers nobody meanwhile.
    """
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _with(told: Sequence[Header], send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            message = {**message, "headers": [*message["headers"], *(one for one in told if one[0] not in there)]}
        await send(message)

    return sending


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, line: str, told: Sequence[Header]) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": line})
        return
    answer = PlainTextResponse(f"{line}\n", status_code=status, headers={"Cache-Control": "no-store"})
    if status in (429, 503):
        answer.headers["Retry-After"] = "5"
    await answer(scope, receive, _with(told, send))
