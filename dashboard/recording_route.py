"""Serves recordings over HTTP in byte ranges, never read whole into memory, and stills from them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboard.recordings import ROUTE, library
from dashboard.stills import stills

_HEADERS = {
    # People can be recognised in recordings: nothing of them stays in a browser's cache, no other site may embed them.
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SECOND = re.compile(r"[0-9]{1,6}")  # up to eleven days


def recording_routes(allowed_hosts: Sequence[str]) -> list[Route]:
    """The routes that serve recordings by their fingerprints, and stills out of them.

    Only what a page has found in the operator's places is served, and only while it is as it was then. The name in the
    address is looked up, never used as a path.

    Args:
        allowed_hosts: the names this server is addressed by; none allows all. Another name that resolves to this
            machine is refused, so that no other site can read a recording through its visitor's browser.
    """
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts) or ["*"], www_redirect=False)
    named = f"{ROUTE}/{{fingerprint}}"
    return [
        Route(path, serve, methods=["GET"], middleware=[trusted])
        for path, serve in ((named, _recording), (f"{named}/still", _still))
    ]


def _recording(request: Request) -> Response:
    recording = library().shown(request.path_params["fingerprint"])
    if recording is None or recording.media_type is None:
        return _missing("There is no such recording here.")
    return FileResponse(recording.path, media_type=recording.media_type, stat_result=recording.status, headers=_HEADERS)


def _still(request: Request) -> Response:
    """The picture at `?t=`, whole seconds of the recording. Called in a thread of its own: it decodes."""
    recording = library().shown(request.path_params["fingerprint"])
    second = request.query_params.get("t", "")
    if recording is None:
        return _missing("There is no such recording here.")
    if not _SECOND.fullmatch(second):
        return PlainTextResponse("Say which second: ?t=75\n", status_code=400, headers=_HEADERS)
    picture = stills().still(recording, int(second))
    if picture is None:
        return _missing("The recording has no picture there.")
    return Response(picture, media_type="image/jpeg", headers=_HEADERS)


def _missing(line: str) -> Response:
    return PlainTextResponse(f"{line}\n", status_code=404, headers=_HEADERS)
