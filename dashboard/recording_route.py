"""Recordings over HTTP, in the parts a player asks for; never read whole into memory."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboard.recordings import ROUTE, library

_HEADERS = {
    # People can be recognised in recordings: nothing of them stays in a browser's cache, no other site may embed them.
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def recording_route(allowed_hosts: Sequence[str]) -> Route:
    """The route that serves recordings by their fingerprints.

    Only what a page has found in the operator's places is served, and only while it is as it was then. The name in the
    address is looked up, never used as a path.

    Args:
        allowed_hosts: the names this server is addressed by; none allows all. Another name that resolves to this
            machine is refused, so that no other site can read a recording through its visitor's browser.
    """
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts) or ["*"], www_redirect=False)
    return Route(f"{ROUTE}/{{fingerprint}}", _serve, methods=["GET"], middleware=[trusted])


def _serve(request: Request) -> Response:
    recording = library().held(request.path_params["fingerprint"])
    if recording is None or recording.media_type is None:
        return PlainTextResponse("There is no such recording here.\n", status_code=404, headers=_HEADERS)
    return FileResponse(recording.path, media_type=recording.media_type, stat_result=recording.status, headers=_HEADERS)
