"""Routes of a page of one file that is no page of Streamlit, and of what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from board_page.page import PAGE_TYPE, assembled

KEPT_NOWHERE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""Headers of answers about people: no cache keeps them, no other site learns the address, no search engine lists it."""


def page_routes(
    package: str,
    shown_at: Sequence[str],
    routes: Sequence[tuple[str, Callable[..., Any], str]],
    allowed_hosts: Sequence[str],
    *,
    frames: str = "'none'",
    images: str = "data:",
    scripts: str = "",
    media: str = "",
    features: str = "",
) -> list[Route]:
    """The routes.

    Args:
        package: dotted name of the package that the page is put together from (`board_page.page.assembled`).
        shown_at: paths at which the page is shown.
        routes: path, function and method of everything else.
        allowed_hosts: the names this server is addressed by; none allows all.
        frames, images, scripts, media: see `assembled`.
        features: the page's Permissions-Policy; "" for that of all pages.
    """
    page = assembled(package, frames=frames, images=images, scripts=scripts, media=media)
    fields = {**KEPT_NOWHERE, "Content-Security-Policy": page.policy}
    if features:
        fields["Permissions-Policy"] = features
    trusted = [Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts) or ["*"], www_redirect=False)]

    def show(_request: Request) -> Response:
        return Response(page.body, media_type=PAGE_TYPE, headers=fields)

    everything = [*((path, show, "GET") for path in shown_at), *routes]
    return [Route(path, serve, methods=[method], middleware=trusted) for path, serve, method in everything]
