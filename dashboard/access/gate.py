"""The gate that every request passes: who may ask, for what, how often, and the headers of every response."""

from __future__ import annotations

import logging
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response

from audience.errors import HouselightsError
from audience.language import best_language, using
from audience.time import to_ms
from dashboard.access import identity as asking
from dashboard.access import sign_in_page
from dashboard.access.addresses import Address, address_of, is_probed
from dashboard.access.answering import headed, refuse
from dashboard.access.data import may_play
from dashboard.access.headers import headers
from dashboard.access.limits import Limits, client_of, is_loopback, is_one_of, line_of
from dashboard.access.permits import Permit
from dashboard.access.settings import AccessSettings
from dashboard.access.signed_in import Login, end, login_of
from dashboard.access.sockets import Sockets
from dashboard.access.uploads import Uploads
from dashboard.access.uvicorn_connections import bounded
from dashboard.data import store_url

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What is not there was looked for in vain, and nobody else asks for it.
_MISSED: Final = 200
_SIGN_OUT: Final = "/auth/logout"
# What follows the provider's word is a quarter of it, and sessions chosen to be compared are less.
_LONGEST_QUERY: Final = 8192
# Python's reader of cookies takes time by the square of them, seconds for a header of the largest size; none of ours
# has any, and cookies that others set at the same address have few.
_MOST_ESCAPES: Final = 200
HEALTH: Final = "/_stcore/health"
"""What load balancers and containers ask: whether this process serves."""

NOTHING_HERE: Final = "There is no such thing here."


class Gate:
    """ASGI middleware around the whole server."""

    def __init__(self, app: ASGIApp) -> None:
        """Guards an app."""
        self._app = app
        self._limits = Limits()
        self._sockets = Sockets()
        self._uploads = Uploads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses what may not be requested, passes on the rest, and turns errors into responses."""
        if scope["type"] not in ("http", "websocket"):
            async with bounded(receive, _is_proxy):
                await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._answer(scope, receive, sending)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except Exception as problem:
            # Neither the path nor what went wrong in words: both can hold names and what lets people in.
            logging.getLogger("houselights").error("an answer failed: %s", _where(problem))
            if not begun:
                line = "Something is wrong with this server: tell whoever runs it."
                await refuse(scope, receive, send, 500, line, headers(local=False, encrypted=False))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and _is_from_elsewhere(HTTPConnection(scope)):
            await refuse(scope, receive, send, 403, "A page of another site may not connect.", ())
            return
        try:
            settings = asking.settings()
        except HouselightsError:
            if scope["type"] == "http" and scope["path"] == HEALTH:
                # Another server would read the same settings: this one is not to be ended for them.
                await self._app(scope, receive, headed(headers(local=False, encrypted=False), send))
                return
            # What is wrong is for whoever runs the server; the command that starts it says so.
            line = "The access settings of this server cannot be read."
            await refuse(scope, receive, send, 503, line, headers(local=False, encrypted=False))
            return
        if _header(scope, b"cookie").count(b"\\") > _MOST_ESCAPES:
            line = "These cookies are none of this server's."
            await refuse(scope, receive, send, 400, line, headers(local=False, encrypted=False))
            return
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))  # as routes are found by
        address = address_of(path, socket=scope["type"] == "websocket")
        if settings is None:
            await self._local(address, scope, receive, send)
        else:
            await self._served(settings, path, address, scope, receive, send)

    async def _local(self, address: Address | None, scope: Scope, receive: Receive, send: Send) -> None:
        fields = headers(local=True, encrypted=False)
        if not is_loopback(peer_of(scope)):
            line = "These pages are for the person at their machine: without access settings nobody else is served."
            await refuse(scope, receive, send, 403, line, fields)
        elif address is None:
            await refuse(scope, receive, send, 404, NOTHING_HERE, fields)
        elif scope.get("method", "GET") not in address.methods:
            await refuse(scope, receive, send, 405, "Not by this method.", fields, allow=address.methods)
        else:
            await self._app(scope, receive, headed(fields, send))

    async def _served(
        self, settings: AccessSettings, path: str, address: Address | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        fields = headers(local=False, encrypted=settings.encrypted)
        request = HTTPConnection(scope)
        # Proxies add to the line there is, or a line of their own.
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        line = line_of(client_of(peer_of(scope), forwarded, settings.networks))
        # Each of several servers lets an address have its part, so that all together let it have what one would.
        if not self._limits.take(line, settings.processes * (address.cost if address else 1), time.monotonic()):
            await refuse(scope, receive, send, 429, "Too many requests: wait a little.", fields)
            return

        async def charged(message: Message) -> None:
            if message.get("status") in (404, 405, 416) and not is_probed(path):
                self._limits.charge(line, settings.processes * _MISSED, time.monotonic())
            await send(message)

        if address is None or len(scope["query_string"]) > _LONGEST_QUERY:
            await refuse(scope, receive, charged, 404, NOTHING_HERE, fields)
            return
        login = permit = None
        if address.whom != "everybody" or address.is_page or path == _SIGN_OUT:
            login = login_of(request.cookies, settings)
            permit = _permit(settings, request, login)
            if not await _may(permit, address, path):
                await refuse(scope, receive, charged, 404, NOTHING_HERE, fields)
                return
        if scope.get("method", "GET") not in address.methods:
            await refuse(scope, receive, charged, 405, "Not by this method.", fields, allow=address.methods)
        elif b"," in _header(scope, b"range"):
            # Players ask for one part. Thousands of them, tiny or overlapping, cost more than all of a recording.
            await refuse(scope, receive, charged, 416, "Ask for one part at a time.", fields)
        elif permit is None:
            await self._app(scope, receive, headed(fields, charged, secure=settings.encrypted))
        else:
            answer = headed(fields, send, secure=settings.encrypted)
            await self._of_somebody(settings, address, login, permit, line, scope, receive, answer)

    async def _of_somebody(
        self,
        settings: AccessSettings,
        address: Address,
        login: Login | None,
        permit: Permit,
        line: str,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Serves a request whose response depends on who asks."""
        who = login.key if login else f"{sorted(permit.linked)} {line}"
        if address.is_page and not permit.lets_in:
            with using(best_language(_header(scope, b"accept-language").decode("latin-1"))):
                says = sign_in_page.message_for(login.claims if login else {}, settings, datetime.now(UTC))
                body = sign_in_page.page(says, scope.get("root_path", ""))
            fields = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
            shown = Response(body, media_type="text/html", headers=fields)
            shown.headers["Content-Security-Policy"] = sign_in_page.POLICY
            await shown(scope, receive, send)
        elif scope["path"].endswith(_SIGN_OUT):
            await self._sign_out(settings, login, scope, receive, send)
        elif address.is_socket:
            cookies = HTTPConnection(scope).cookies

            def has_ended() -> bool:
                return login is not None and login_of(cookies, settings) is None

            await self._sockets.serve(self._app, scope, receive, send, who=who, line=line, has_ended=has_ended)
        elif scope["method"] == "PUT":
            await self._uploads.serve(self._app, scope, receive, send, who=who)
        else:
            await self._app(scope, receive, send)

    async def _sign_out(
        self, settings: AccessSettings, login: Login | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Ends the login before Streamlit deletes the cookie; another site's page may not do so."""
        if b"cross-site" in _header(scope, b"sec-fetch-site"):
            await refuse(scope, receive, send, 403, "Sign out on a page of this server.", ())
            return
        try:
            if login is not None:
                await run_in_threadpool(end, login, settings, datetime.now(UTC).timestamp())
        except OSError as problem:
            logging.getLogger("houselights").error("a login could not be ended: %s", problem)
            line = "You are still signed in, because this server cannot write: tell whoever runs it."
            await refuse(scope, receive, send, 503, line, ())
            return
        if login is not None:
            self._sockets.close(login.key)
        await self._app(scope, receive, send)


def _permit(settings: AccessSettings, request: HTTPConnection, login: Login | None) -> Permit:
    """The permit behind a request; an empty one where links cannot be checked."""
    try:
        return asking.permit_of(settings, login.claims if login else {}, request.cookies)
    except HouselightsError:
        return Permit()


async def _may(permit: Permit, address: Address, path: str) -> bool:
    """Whether somebody may ask for something that pages themselves do not guard. Reads the store for recordings."""
    if address.whom == "recording":
        try:
            now_ms = to_ms(datetime.now(UTC))
            return await run_in_threadpool(may_play, store_url(), permit, path.split("/")[2], now_ms)
        except HouselightsError:
            return False  # a store that cannot be read shows nothing
    if address.whom == "bringing":
        return permit.brings
    if address.whom == "roles":
        return permit.role is not None
    return address.whom == "everybody" or (address.whom == "let in" and permit.lets_in)


def _is_from_elsewhere(request: HTTPConnection) -> bool:
    """Whether a page of another site connects; a client that is no page sends no origin.

    Streamlit refuses such pages too, but asks a server on the internet for this machine's own address before it does,
    and answers nobody meanwhile.
    """
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def _is_proxy(peer: str) -> bool:
    """Whether an address stands for many people, or for the person at this machine."""
    try:
        settings = asking.settings()
    except HouselightsError:
        return False
    return is_loopback(peer) if settings is None else is_one_of(peer, settings.networks)


def _header(scope: Scope, name: bytes) -> bytes:
    """A header's value, its lines joined; b"" where there is none."""
    return b",".join(value for known, value in scope["headers"] if known == name)


def peer_of(scope: Scope) -> str:
    """The address that a connection is from; "" where it is not known."""
    client = scope.get("client")
    return client[0] if client else ""


def _where(problem: Exception) -> str:
    """The type of an error and where it was raised."""
    frames = traceback.extract_tb(problem.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(problem).__name__}{at}"
