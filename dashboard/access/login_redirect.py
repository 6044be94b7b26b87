"""Returns a visitor to the page they signed in from; Streamlit's own callback always returns to the first page."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from streamlit.auth_util import encode_provider_token

from dashboard.access import identity as asking
from dashboard.access.addresses import is_page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "houselights_back"
_LOGIN, _CALLBACK = "/auth/login", "/oauth2callback"
_KEPT_S: Final = 600
"""So long people may take to sign in."""

_LONGEST: Final = 2000
# What may stand after a page's name, and nothing that a browser could take for an end of the header.
_AFTER: Final = re.compile(r"(?:\?[A-Za-z0-9_.~!*'()%&=+:,;@/-]*)?")


class LoginRedirect:
    """ASGI middleware within the gate: keeps the page in a cookie while its visitor is at the provider."""

    def __init__(self, app: ASGIApp) -> None:
        """Passes on to an app whatever does not sign in."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds to the answers of the two addresses of signing in."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if path not in (_LOGIN, _CALLBACK) or (now_set := asking.settings()) is None:
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        if path == _LOGIN and "provider" not in request.query_params:
            # The door is no page of Streamlit's, which would name the provider itself, for two minutes.
            scope = {**scope, "query_string": f"provider={encode_provider_token('default')}".encode()}
        page = _page_before(request) if path == _LOGIN else _page(unquote(request.cookies.get(COOKIE, "")))
        cookie = _cookie(page if path == _LOGIN else "", secure=now_set.encrypted)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.append("set-cookie", cookie)
                if path == _CALLBACK and page and headers.get("location", "").endswith("/"):
                    headers["location"] = page
            await send(message)

        await self._app(scope, receive, sending)


def _page_before(request: HTTPConnection) -> str:
    """The page of this server that the browser comes from; "" where it is the first one, or none of this server."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.headers.get("host"):
        return ""
    return _page(came_from.path + (f"?{came_from.query}" if came_from.query else ""))


def _page(text: str) -> str:
    """The address of a page, if it is that of one but the first; "" for whatever else it is."""
    path, mark, query = text.partition("?")
    is_one = len(text) <= _LONGEST and path != "/" and is_page(path) and _AFTER.fullmatch(mark + query)
    return text if is_one else ""


def _cookie(page: str, *, secure: bool) -> str:
    """What keeps a page; what forgets one, where there is none."""
    cookie = SimpleCookie({COOKIE: quote(page, safe="")})[COOKIE]
    cookie["path"], cookie["samesite"] = "/", "lax"
    cookie["max-age"] = str(_KEPT_S if page else 0)
    cookie["httponly"], cookie["secure"] = True, secure
    return cookie.OutputString()
