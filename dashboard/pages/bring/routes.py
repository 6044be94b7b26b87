"""The routes by which a browser sends a recording: in parts, each asked for by the server, straight to the disk.

    POST  /incoming        {"file": {"name", "size", "modified_ms"}, "session": {…}}   → 201 {"id", "wanted"}
    GET   /incoming/ID                                                                 → 200 {"wanted", "count"}
    PATCH /incoming/ID     Content-Range: bytes FROM-LAST/SIZE, and those bytes        → 200 {"wanted", "count"}

`wanted` are the first byte and the one after the last that the server wants next, null once it has all. After a cut the
browser asks again: what had arrived is there, to the byte. A request that cannot be served is answered with
`{"problem": one line}`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import anyio
import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audience.errors import AccessRefused, HouselightsError, InvalidValue, StoreUnavailable
from audience.incoming import FRONT, PART, IncomingRecording, Received
from audience.language import N_, gettext
from audience.recording_files import refusal_of
from dashboard.access.identity import account, asked_by
from dashboard.access.upload_room import AT_ONCE, AT_ONCE_OF_A_PERSON, NoRoom
from dashboard.incoming_data import incoming
from dashboard.page_routes import KEPT_NOWHERE, InReadersLanguage, body_within
from dashboard.pages.bring import data
from dashboard.scoring_process import scoring

INCOMING: Final = "/incoming"

_LARGEST_FORM: Final = 16 * 1024
_WRITTEN_AT: Final = 1 << 19
"""So many bytes of a part are in memory before they are written."""

_RANGE: Final = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")
_BUSY: Final = N_("Another tab or window is sending this recording.")
_MANY: Final = N_("Many recordings are being sent: this one waits.")
_OTHER_SITE: Final = N_("A page of another site may not send recordings.")


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser asks for: see `upload.js`."""

    file: data.FileFields
    session: data.SessionFields


class _Sending:
    """The parts that this process receives."""

    def __init__(self) -> None:
        self._recordings: set[str] = set()
        self._people: Counter[str] = Counter()

    @contextmanager
    def one(self, recording_id: str, who: str) -> Iterator[str]:
        """Gives why a part is not taken now; "" where it is."""
        if recording_id in self._recordings:
            yield _BUSY
            return
        if self._people[who] >= AT_ONCE_OF_A_PERSON or self._people.total() >= AT_ONCE:
            yield _MANY
            return
        self._recordings.add(recording_id)
        self._people[who] += 1
        try:
            yield ""
        finally:
            self._recordings.discard(recording_id)
            self._people[who] -= 1
            self._people += Counter()


def incoming_routes(allowed_hosts: Sequence[str]) -> list[Route]:
    """The routes.

    Args:
        allowed_hosts: the names this server is addressed by; none allows all.
    """
    sending = _Sending()

    async def ask(request: Request) -> Response:
        return await _answer(request, _ask, sending)

    async def look(request: Request) -> Response:
        return await _answer(request, _look, sending)

    async def receive(request: Request) -> Response:
        return await _answer(request, _receive, sending)

    layers = [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts) or ["*"], www_redirect=False),
        Middleware(InReadersLanguage),
    ]
    one = f"{INCOMING}/{{recording_id}}"
    return [
        Route(path, serve, methods=[method], middleware=layers)
        for path, serve, method in ((INCOMING, ask, "POST"), (one, look, "GET"), (one, receive, "PATCH"))
    ]


async def _ask(request: Request, _: _Sending) -> Response:
    body = await body_within(request, _LARGEST_FORM)
    if body is None:
        return _problem(413, gettext("This is too much: load the page again."))
    try:
        form = msgspec.json.decode(body, type=_Form)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _problem(422, gettext("This cannot be read: load the page again."))
    taken = await run_in_threadpool(asked_by(request, data.take), form.file, form.session)
    return _shown(taken.request.recording_id, taken.received, status=201)


async def _look(request: Request, _: _Sending) -> Response:
    found = await _own(request)
    return _shown(found.request.recording_id, found.received)


async def _receive(request: Request, sending: _Sending) -> Response:
    who = asked_by(request, account)()
    recording_id = request.path_params["recording_id"]
    with sending.one(recording_id, who) as busy, incoming().receiving(recording_id) as alone:
        found = await _own(request)
        if busy or not alone:
            reason = busy or _BUSY
            return _problem(409 if reason == _BUSY else 429, gettext(reason), found.received)
        wanted = None if found.received is None else found.received.wanted
        stated = _RANGE.fullmatch(request.headers.get("content-range", ""))
        if stated is None:
            return _problem(400, "Say which bytes these are: Content-Range: bytes 0-1048575/20000000.")
        at, last, size = map(int, stated.groups())
        if wanted is None or at != wanted[0] or size != found.request.size:
            return _problem(409, "Other bytes are wanted.", found.received)
        if not at <= last < wanted[1]:
            return _problem(416, "More bytes than are wanted, or none.", found.received)
        if (length := request.headers.get("content-length")) is not None and length != str(last - at + 1):
            return _problem(400, "There are more or fewer bytes than was said.", found.received)
        return await _written(request, found, at, last + 1)


async def _written(request: Request, found: IncomingRecording, at: int, until: int) -> Response:
    """Writes a part as it comes. What came before a cut is kept."""
    brought, buffer, before = incoming(), bytearray(), found.received

    async def write(*, settle: bool) -> None:
        nonlocal found, at
        content = bytes(buffer)
        buffer.clear()
        received = await run_in_threadpool(brought.write, found, at, content, settle=settle)
        found, at = replace(found, received=received), at + len(content)

    try:
        async for part in request.stream():
            buffer += part
            if at + len(buffer) > until:
                del buffer[until - at :]
                return _problem(400, "There are more bytes than was said.")
            if len(buffer) >= _WRITTEN_AT and at + len(buffer) < until:
                await write(settle=False)
    finally:
        if buffer:
            with anyio.CancelScope(shield=True):
                await write(settle=True)
    front = min(FRONT, found.request.size)
    if before is not None and before.front < front and (found.received is None or found.received.front == front):
        refusal = await run_in_threadpool(_refusal, found)
        if refusal:
            await run_in_threadpool(brought.remove, found.request.recording_id)
            return _problem(415, refusal)
    if found.received is None or found.received.both_ends:
        scoring().wake()
    return _shown(found.request.recording_id, found.received)


def _refusal(found: IncomingRecording) -> str:
    with found.path.open("rb") as file:
        return refusal_of(file.read(PART // 8))


async def _own(request: Request) -> IncomingRecording:
    return await run_in_threadpool(asked_by(request, data.own), request.path_params["recording_id"])


async def _answer(request: Request, serve: Callable[[Request, _Sending], Any], sending: _Sending) -> Response:
    """Serves a request of a page of this server; errors become one line."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return _problem(403, gettext(_OTHER_SITE))
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        return _problem(403, gettext(_OTHER_SITE))
    try:
        return await serve(request, sending)  # type: ignore[no-any-return]
    except ClientDisconnect:
        return _problem(400, "The connection was cut.")  # nobody reads it
    except AccessRefused as problem:
        return _problem(404, str(problem))
    except NoRoom as problem:
        return _problem(413, str(problem))
    except InvalidValue as problem:
        return _problem(422, str(problem))
    except StoreUnavailable as problem:
        return _problem(507, str(problem))
    except HouselightsError:
        return _problem(503, gettext("This cannot be done just now: try again later."))


def _shown(recording_id: str, received: Received | None, *, status: int = 200) -> Response:
    fields = {"id": recording_id, **_progress(received)}
    return JSONResponse(fields, status_code=status, headers=KEPT_NOWHERE)


def _problem(status: int, line: str, received: Received | None = None) -> Response:
    fields = {"problem": line, **(_progress(received) if received is not None else {})}
    return JSONResponse(fields, status_code=status, headers=KEPT_NOWHERE)


def _progress(received: Received | None) -> dict[str, Any]:
    if received is None:
        return {"wanted": None, "count": None}
    return {"wanted": received.wanted, "count": received.count}
