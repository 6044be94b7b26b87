"""Routes of a page of one file that is no page of Streamlit, and of what it asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from audience.language import best_language, gettext, language, text_direction, texts_of, using
from board_page.page import PAGE_TYPE, Page, assembled

KEPT_NOWHERE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""Headers of answers about people: no cache keeps them, no other site learns the address, no search engine lists it."""

# What `gettext.js` reads: beside the script, so that it is the same in every language.
_TEXTS_OF_PAGE: Final = """"use strict";
const TEXTS = JSON.parse(document.getElementById("texts").textContent);
const LOCALE = document.documentElement.lang;
"""
# What all these pages share: the head and frame of their HTML, their colours and buttons, and how scripts find things.
_BASE: Final = "page_base"


async def body_within(request: Request, most: int) -> bytes | None:
    """What is sent; None where it has more than so many bytes, of which the rest is not read.

    Raises:
        ClientDisconnect: the connection was cut.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


def problem_answer(status: int, line: str) -> Response:
    """An answer that says in one line what is wrong."""
    return JSONResponse({"problem": line}, status_code=status, headers=KEPT_NOWHERE)


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
    layers = [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts) or ["*"], www_redirect=False),
        Middleware(InReadersLanguage),
    ]

    def show(_request: Request) -> Response:
        page = translated(package, language(), frames, images, scripts, media)
        fields = {**KEPT_NOWHERE, "Content-Security-Policy": page.policy, "Vary": "Accept-Language"}
        if features:
            fields["Permissions-Policy"] = features
        return Response(page.body, media_type=PAGE_TYPE, headers=fields)

    everything = [*((path, show, "GET") for path in shown_at), *routes]
    return [Route(path, serve, methods=[method], middleware=layers) for path, serve, method in everything]


class InReadersLanguage:
    """Answers each request in the first language there is of those that its browser asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = Headers(scope=scope).get("accept-language", "") if scope["type"] == "http" else ""
        with using(best_language(wanted)):
            await self._app(scope, receive, send)


@cache
def translated(package: str, code: str, frames: str, images: str, scripts: str = "", media: str = "") -> Page:
    """A page in a language: `{{ gettext("…") }}` in its HTML, and `gettext("…")` and `ngettext(…)` in its script.

    Its HTML extends `page_base.html`; its style and script go on where `page_base.css` and `page_base.js` end.

    Args:
        package: see `page_routes`.
        code: a key of `audience.language.LANGUAGES`.
        frames, images, scripts, media: see `assembled`.
    """
    texts = json.dumps(texts_of(f"{package.replace('.', '/')}/page.js", code), ensure_ascii=False).replace(
        "<", "\\u003c"
    )

    def translate(html: str) -> str:
        with using(code):
            html = _templates().from_string(html).render(gettext=gettext)
        html = html.replace('<html lang="en">', f'<html lang="{code}" dir="{text_direction(code)}">')
        return html.replace("<script>", f'<script type="application/json" id="texts">{texts}</script>\n<script>', 1)

    return assembled(
        package,
        frames=frames,
        images=images,
        scripts=scripts,
        media=media,
        translate=translate,
        style_before=_shared(f"{_BASE}.css"),
        script_before=_TEXTS_OF_PAGE + _shared("gettext.js") + _shared(f"{_BASE}.js"),
    )


def _shared(name: str) -> str:
    return (files("dashboard") / name).read_text("utf-8")


@cache
def _templates() -> Environment:
    return Environment(autoescape=True, loader=FunctionLoader(_shared))
