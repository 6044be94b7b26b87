"""The public board over HTTP: `/live/<session>` and the snapshot beside it.

No login, no cookie, nothing kept of who asks. Both are answered from bytes made beforehand, by ASGI and nothing
between, because a whole festival may ask every two seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route, Router

from audience.errors import HouselightsError
from board_page.page import KEEP_PAGE, KEEP_SNAPSHOT, PAGE_TYPE, SNAPSHOT_TYPE, Page
from dashboard.pages.board.snapshots import Snapshots

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

ROUTE: Final = "/live"

Header = tuple[bytes, bytes]

# What else browsers are to refuse, the gate says (`access.headers`).
_ALWAYS: Final[list[Header]] = [(b"referrer-policy", b"no-referrer"), (b"vary", b"accept-encoding")]
_FOR_AN_UPDATE: Final = KEEP_SNAPSHOT.encode()
_TEXT: Final = b"text/plain; charset=utf-8"


class BoardPage:
    """Serves the page, the same for every session: its figures come with the snapshot."""

    def __init__(self, page: Page) -> None:
        """Serves this page."""
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the page."""
        headers = [(b"cache-control", KEEP_PAGE.encode()), (b"content-security-policy", self._page.policy.encode())]
        await _send_packed(scope, send, self._page.body, self._page.packed, PAGE_TYPE.encode(), headers)


class BoardSnapshot:
    """Serves a session's newest snapshot."""

    def __init__(self, snapshots: Snapshots) -> None:
        """Serves these snapshots."""
        self._snapshots = snapshots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 200 with the document, 304 where the asker has it, 404 where there is no such board."""
        try:
            snapshot = await self._snapshots.newest(scope["path_params"]["session"])
        except HouselightsError:
            # The reason is the operator's, who sees it on the pages; strangers learn nothing of the store.
            await _send(send, 503, b"The board cannot be read now.\n", _TEXT, [(b"retry-after", b"5")])
            return
        if snapshot is None:
            await _send(send, 404, b"There is no board of that name.\n", _TEXT, [(b"cache-control", _FOR_AN_UPDATE)])
            return
        headers = [(b"etag", snapshot.etag), (b"cache-control", _FOR_AN_UPDATE)]
        if _header(scope, b"if-none-match") == snapshot.etag:
            await _send(send, 304, b"", None, headers)
        else:
            await _send_packed(scope, send, snapshot.body, snapshot.packed, SNAPSHOT_TYPE.encode(), headers)


def board_routes(page: Page, snapshots: Snapshots, allowed_hosts: Sequence[str]) -> list[Route]:
    """The two routes of the board.

    Args:
        page: what people open.
        snapshots: what it asks for.
        allowed_hosts: the names this server is addressed by; none allows all.
    """
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts) or ["*"], www_redirect=False)
    named = f"{ROUTE}/{{session}}"
    return [
        Route(path, app, methods=["GET"], middleware=[trusted])
        for path, app in ((named, BoardPage(page)), (f"{named}/live.json", BoardSnapshot(snapshots)))
    ]


class BoardBeforePages:
    """Responds to requests for the board before any middleware of the pages: a whole festival asks at once."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[Route]) -> None:
        """Leaves to `app` whatever is not under `ROUTE`."""
        self._app = app
        # Another name or method than those of the routes is an answer, which the router leaves to others to give.
        self._board = ExceptionMiddleware(Router(routes=routes, redirect_slashes=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on to the board or to the pages."""
        if scope["type"] == "http" and scope["path"].startswith(f"{ROUTE}/"):
            await self._board(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for known, value in scope["headers"] if known == name), b"")


async def _send_packed(
    scope: Scope, send: Send, body: bytes, packed: bytes, media_type: bytes, headers: list[Header]
) -> None:
    if b"gzip" in _header(scope, b"accept-encoding"):
        await _send(send, 200, packed, media_type, [*headers, (b"content-encoding", b"gzip")])
    else:
        await _send(send, 200, body, media_type, headers)


async def _send(send: Send, status: int, body: bytes, media_type: bytes | None, headers: list[Header]) -> None:
    fields: list[Header] = [*_ALWAYS, *headers]
    if media_type is not None:
        fields += [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
