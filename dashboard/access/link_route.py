"""`/link/<token>`: turns a share link into a cookie, so that the token leaves the address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from audience.errors import AccessRefused, InvalidValue
from audience.language import gettext
from dashboard.access.identity import LINK_COOKIE, settings
from dashboard.access.secrets import share_secret
from dashboard.access.share_links import opened
from dashboard.page_routes import InReadersLanguage

ROUTE: Final = "/link"

# The address itself grants access: it is passed to nobody else, and kept nowhere.
_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def link_routes() -> list[Route]:
    """The route of share links."""
    return [Route(f"{ROUTE}/{{token}}", _link, methods=["GET"], middleware=[Middleware(InReadersLanguage)])]


def _link(request: Request) -> Response:
    now = datetime.now(UTC)
    try:
        now_set, secret = settings(), share_secret()
    except InvalidValue:
        return _refused(gettext("Links cannot be checked now: tell whoever runs this server."), 503)
    if now_set is None or secret is None:
        return _refused(gettext("There are no links here."), 404)
    token = request.path_params["token"]
    try:
        link = opened(token, secret, now)
    except AccessRefused as problem:
        return _refused(str(problem), 404)
    if link.link_id in now_set.withdrawn_links:
        return _refused(gettext("This link was withdrawn. Ask whoever gave it to you for another."), 410)
    answer = RedirectResponse(f"/session?session={link.session_id}", status_code=303, headers=_HEADERS)
    answer.set_cookie(
        f"{LINK_COOKIE}{link.link_id}",
        token,
        max_age=max(1, link.until_s - int(now.timestamp())),
        httponly=True,
        secure=now_set.encrypted,
        samesite="lax",
    )
    return answer


def _refused(line: str, status: int) -> Response:
    return PlainTextResponse(f"{line}\n", status_code=status, headers=_HEADERS)
