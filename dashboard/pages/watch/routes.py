"""The routes of the page for viewers at home. The token in the address is all that is asked for.

    GET   /watch/TOKEN            the page
    GET   /watch/TOKEN/about      what it says, and whether browsers can measure here
    GET   /watch/TOKEN/film       the film, in byte ranges
    POST  /watch/TOKEN/join       {"notice", "consent", "adult", "home", "viewer"}   → {"viewer", …}
    POST  /watch/TOKEN/figures    {"viewer", "rows": [[second, [confidence, …]], …]} → {"counted", "now_ms"}
    POST  /watch/TOKEN/withdraw   {"viewer"}                                         → {"rows"}
    GET   /watch-files/NAME       scripts and models, the same for every link

No cookie is set and nothing is logged of who asks. A body is small, strictly read, and never a picture.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import anyio.to_thread
import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from audience.errors import AccessRefused, HouselightsError, InvalidValue, ModelUnavailable, SessionNotFound
from audience.language import gettext
from audience.remote_audience import RemoteAudience
from audience.remote_figures import LAST_SECOND, MOST_ROWS, row_order
from audience.scorers import EXPRESSIONNET
from audience.time import to_ms
from dashboard.access.identity import settings
from dashboard.access.limits import client_of, line_of
from dashboard.page_routes import KEPT_NOWHERE, body_within, page_routes, problem_answer
from dashboard.pages.watch import text
from dashboard.pages.watch.models import NAMES, browser_file, can_measure
from dashboard.remote_data import audiences, film_of, now, recorder, session_of

WATCH: Final = "/watch"
WATCH_FILES: Final = "/watch-files"

LARGEST_BODY: Final = 24 * 1024
"""Bytes of a request: `MOST_ROWS` rows of eight confidences in four digits take 12 kB."""

MOST_OF_A_LINE: Final = 40
"""Viewers who join from one address in an hour: a household, a small hall, but not a program that makes up viewers."""

Form = TypeVar("Form", bound=msgspec.Struct)
_HOUR_MS: Final = 3_600_000
_FEATURES: Final = (
    "autoplay=(self), camera=(self), display-capture=(), fullscreen=(self), geolocation=(), microphone=(), "
    "screen-wake-lock=(self)"
)
_FILM_FIELDS: Final = {**KEPT_NOWHERE, "Cross-Origin-Resource-Policy": "same-origin"}
_FILE_FIELDS: Final = {
    "Cache-Control": "public, max-age=3600",
    # A worker has the policy of its own file: it compiles the runtime, and asks this server alone.
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class JoinForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a viewer agrees to; `viewer` is the name they were given before, on the same device."""

    notice: str
    consent: bool
    adult: bool
    home: bool
    viewer: str = ""


class FiguresForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of one viewer: the second, and the confidences; none where no face was measured."""

    viewer: str
    rows: list[tuple[int, list[float]]]


class ViewerForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A viewer."""

    viewer: str


class _Lines:
    """Who joined from which address within the last hour; addresses are kept in memory, for that hour."""

    def __init__(self) -> None:
        self._joined: deque[tuple[int, str]] = deque()
        self._count: Counter[str] = Counter()

    def take(self, line: str, now_ms: int) -> bool:
        while self._joined and self._joined[0][0] <= now_ms - _HOUR_MS:
            self._count[self._joined.popleft()[1]] -= 1
        self._count += Counter()
        if self._count[line] >= MOST_OF_A_LINE:
            return False
        self._joined.append((now_ms, line))
        self._count[line] += 1
        return True


def watch_routes(allowed_hosts: Sequence[str], clock: Callable[[], datetime] = now) -> list[Route]:
    """The routes.

    Args:
        allowed_hosts: the names this server is addressed by; none allows all.
        clock: tells the wall clock, aware UTC.
    """
    lines = _Lines()

    async def about(request: Request) -> Response:
        return await _answer(lambda: _about(_opened(request, clock)))

    async def join(request: Request) -> Response:
        line = _line(request)

        def work(body: bytes) -> dict[str, Any]:
            return _join(_opened(request, clock), _read(body, JoinForm), lines, line, to_ms(clock()))

        return await _received(request, work)

    async def figures(request: Request) -> Response:
        return await _received(
            request, lambda body: _figures(_opened(request, clock), _read(body, FiguresForm), to_ms(clock()))
        )

    async def withdraw(request: Request) -> Response:
        def work(body: bytes) -> dict[str, Any]:
            form = _read(body, ViewerForm)
            try:
                audience = _opened(request, clock)
            except AccessRefused:
                # Who took part may take back after the link has ended too.
                audience = recorder().held(request.path_params["token"])
            return {"rows": recorder().withdraw(audience, form.viewer)}

        return await _received(request, work)

    def film(request: Request) -> Response:
        try:
            found = film_of(_opened(request, clock))
        except HouselightsError:
            found = None
        if found is None or found.media_type is None:
            return problem_answer(404, gettext("There is no film here."))
        return FileResponse(
            found.path, media_type=found.media_type, stat_result=found.status, headers=dict(_FILM_FIELDS)
        )

    one = f"{WATCH}/{{token}}"
    return page_routes(
        __package__ or "",
        [one],
        [
            (f"{one}/about", about, "GET"),
            (f"{one}/film", film, "GET"),
            (f"{one}/join", join, "POST"),
            (f"{one}/figures", figures, "POST"),
            (f"{one}/withdraw", withdraw, "POST"),
            (f"{WATCH_FILES}/{{name}}", _file, "GET"),
        ],
        allowed_hosts,
        scripts="'self' 'wasm-unsafe-eval'",
        media="'self'",
        features=_FEATURES,
    )


def _opened(request: Request, clock: Callable[[], datetime]) -> RemoteAudience:
    return audiences().opened_by(request.path_params["token"], clock())


def _about(audience: RemoteAudience) -> dict[str, Any]:
    access = settings()
    said = text.about(session_of(audience), audience, contact=access.contact if access is not None else "")
    return {
        **said,
        "shows_film": film_of(audience) is not None,
        "stream": not audience.film,
        "problem": "" if can_measure() else gettext(text.NO_RUNTIME),
    }


def _join(audience: RemoteAudience, form: JoinForm, lines: _Lines, line: str, now_ms: int) -> dict[str, Any]:
    if not (form.consent and form.adult and form.home):
        raise InvalidValue(gettext("Nobody is measured without agreeing to all three lines."))
    if form.notice != text.NOTICE:
        raise InvalidValue(gettext("This page has been written anew: load it again and read it."))
    if not can_measure():
        raise ModelUnavailable(gettext(text.NO_RUNTIME))
    if not form.viewer and line and not lines.take(line, now_ms):
        raise AccessRefused(gettext(text.FULL))
    return {
        "viewer": recorder().join(audience, form.viewer),
        "order": row_order(EXPRESSIONNET),
        "starts_ms": audience.starts_ms,
        "now_ms": now_ms,
        "last_second": LAST_SECOND,
        "most_rows": MOST_ROWS,
    }


def _figures(audience: RemoteAudience, form: FiguresForm, now_ms: int) -> dict[str, Any]:
    if len(form.rows) > MOST_ROWS:
        raise InvalidValue(gettext("These are too many rows."))
    return {"counted": recorder().add(audience, form.viewer, form.rows), "now_ms": now_ms}


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in NAMES:
        return problem_answer(404, gettext("There is no such file here."))
    try:
        found = await anyio.to_thread.run_sync(browser_file, name)
    except ModelUnavailable as problem:
        return problem_answer(503, str(problem))
    fields = {**_FILE_FIELDS, "Content-Encoding": "gzip"} if found.packed else _FILE_FIELDS
    return Response(found.content, media_type=found.media_type, headers=fields)


def _line(request: Request) -> str:
    """The address that asks, as limits count it; "" at one's own machine, where nobody else is served."""
    access = settings()
    if access is None:
        return ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return line_of(client_of(request.client.host if request.client else "", forwarded, access.networks))


def _read(body: bytes, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidValue(gettext("This cannot be read: load the page again.")) from None


async def _received(request: Request, work: Callable[[bytes], dict[str, Any]]) -> Response:
    try:
        body = await body_within(request, LARGEST_BODY)
    except ClientDisconnect:
        return problem_answer(400, "The connection was cut.")  # nobody reads it
    if body is None:
        return problem_answer(413, gettext("This is too much."))
    return await _answer(lambda: work(body))


async def _answer(work: Callable[[], dict[str, Any]]) -> Response:
    try:
        return JSONResponse(await anyio.to_thread.run_sync(work), headers=KEPT_NOWHERE)
    except (AccessRefused, SessionNotFound) as problem:
        return problem_answer(
            404, str(problem) if isinstance(problem, AccessRefused) else gettext("This session is gone.")
        )
    except InvalidValue as problem:
        return problem_answer(422, str(problem))
    except ModelUnavailable as problem:
        return problem_answer(503, str(problem))
    except HouselightsError:
        return problem_answer(503, gettext("This cannot be done just now: try again later."))
