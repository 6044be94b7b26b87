"""The routes of the page by which a phone is a camera. The token in the address is all that is asked for.

    GET   /camera/TOKEN                                                  the page, the same for every token
    GET   /camera/TOKEN/about                                            → 200 {"title", "stage", "camera", "measures"}
    POST  /camera/TOKEN/picture?page=ID&began=0|1&age_ms=N&trip_ms=N     a JPEG → 200 {"faces", "hints", "phase_ms", …}
    POST  /camera/TOKEN/stop?page=ID                                     → 200 {}

No cookie is set and nothing is logged of who asks. A picture is handed to the process that looks at it
(`dashboard.phone_process`) and forgotten; the answer says how the latest one was framed. A request that cannot be
served is answered with `{"problem": one line}`.

A picture's time is when its request's head arrived here, less how long ago the phone took it (`age_ms`, a span and no
clock) and half of the way there and back (`trip_ms`, as the phone measured it on earlier pictures). The phone's own
clock is never asked.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audience.errors import AccessRefused, HouselightsError, InvalidValue
from audience.language import gettext
from audience.phone_camera import LARGEST_PICTURE, PhonePicture, check_picture
from audience.time import to_ms
from dashboard.access.limits import Limits
from dashboard.camera_links_data import CameraLink, SessionOver, open_link, session_of
from dashboard.page_routes import KEPT_NOWHERE, body_within, page_routes, problem_answer
from dashboard.phone_process import phones
from dashboard.scoring_process import can_score

CAMERA: Final = "/camera"

PICTURES_A_SECOND: Final = 3.0
"""Of one camera, after `PICTURES_AT_ONCE`; the page sends one."""

PICTURES_AT_ONCE: Final = 6.0
RECEIVED_WITHIN_S: Final = 10.0
OLDEST_MS: Final = 1500.0
"""A picture is believed to be at most so old; what is older is as late as this."""

_MOST_CAMERAS: Final = 1000
_PAGE: Final = re.compile("[0-9a-f]{16}")
# The page asks for the camera, keeps the screen on and feels which way is down; no other page of this server may.
_FEATURES: Final = (
    "accelerometer=(self), camera=(self), gyroscope=(self), screen-wake-lock=(self), display-capture=(), "
    "geolocation=(), microphone=()"
)


class Senders:
    """Which page sends for which camera, and how often. Shared by all servers of this process."""

    def __init__(self) -> None:
        """Begins with none."""
        self._pages: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._limits = Limits(most=PICTURES_AT_ONCE, a_second=PICTURES_A_SECOND)
        self._lock = threading.Lock()

    def takes(self, link: CameraLink, now_s: float) -> bool:
        """Whether one more picture of a camera is taken now."""
        with self._lock:
            return self._limits.take("/".join(link.place), 1, now_s)

    def is_sender(self, link: CameraLink, page: str, *, began: bool) -> bool:
        """Whether a page sends for a camera. The page that began last does; where none is known, the first to come."""
        with self._lock:
            if began or link.place not in self._pages:
                self._pages[link.place] = page
            self._pages.move_to_end(link.place)
            while len(self._pages) > _MOST_CAMERAS:
                self._pages.popitem(last=False)
            return self._pages[link.place] == page


@cache
def senders() -> Senders:
    """Those of this process."""
    return Senders()


def camera_routes(allowed_hosts: Sequence[str]) -> list[Route]:
    """The routes.

    Args:
        allowed_hosts: the names this server is addressed by; none allows all.
    """
    return page_routes(
        __package__ or "",
        [f"{CAMERA}/{{token}}"],
        [
            (f"{CAMERA}/{{token}}/about", _about, "GET"),
            (f"{CAMERA}/{{token}}/picture", _picture, "POST"),
            (f"{CAMERA}/{{token}}/stop", _stop, "POST"),
        ],
        allowed_hosts,
        features=_FEATURES,
    )


async def _about(request: Request) -> Response:
    def work() -> dict[str, Any]:
        link = open_link(request.path_params["token"])
        session = session_of(link)
        if can_score():
            phones().wake()
        return {"title": session.name, "stage": link.stage_id, "camera": link.camera_id, "measures": session.mode}

    return await _answer(work)


async def _picture(request: Request) -> Response:
    arrived_s, arrived = time.monotonic(), datetime.now(UTC)

    def opened() -> CameraLink:
        link = open_link(request.path_params["token"])
        session_of(link)
        return link

    try:
        link = await run_in_threadpool(opened)
        page = _page_of(request)
        late_ms = min(OLDEST_MS, _milliseconds(request, "age_ms") + _milliseconds(request, "trip_ms") / 2)
    except HouselightsError as problem:
        return _refused(problem)
    if not senders().takes(link, arrived_s):
        return problem_answer(429, gettext("Too many pictures: one a second is enough."))
    if not senders().is_sender(link, page, began=request.query_params.get("began") == "1"):
        return problem_answer(409, gettext("Another phone or window has become this camera."))
    body = await _received(request)
    if isinstance(body, Response):
        return body
    at_ms = to_ms(arrived) - round(late_ms)
    try:
        check_picture(body)
        if not can_score():
            raise InvalidValue(
                gettext("This server cannot look at pictures: install Houselights with its extra `edge`.")
            )
    except HouselightsError as problem:
        return problem_answer(415, str(problem))
    session_id, stage_id, camera_id = link.place
    phones().put(
        PhonePicture(
            session_id=session_id,
            stage_id=stage_id,
            camera_id=camera_id,
            at_ms=at_ms,
            until_ms=link.until_s * 1000,
            jpeg=body,
        )
    )
    framing = phones().framing(link.place)
    return JSONResponse(
        {
            "faces": framing.faces if framing else None,
            "hints": [name for name in ("dark", "blurred", "far") if framing and getattr(framing, name)],
            "problem": framing.problem if framing else "",
            "phase_ms": at_ms % 1000,
            "took_ms": round(1000 * (time.monotonic() - arrived_s)),
        },
        headers=KEPT_NOWHERE,
    )


async def _stop(request: Request) -> Response:
    def work() -> dict[str, Any]:
        link = open_link(request.path_params["token"])
        if senders().is_sender(link, _page_of(request), began=False):
            phones().stop(link.place)
        return {}

    return await _answer(work)


async def _received(request: Request) -> bytes | Response:
    """The picture that is sent; or why it is not taken."""
    try:
        with anyio.fail_after(RECEIVED_WITHIN_S):
            body = await body_within(request, LARGEST_PICTURE)
    except TimeoutError:
        return problem_answer(408, gettext("This picture took too long to arrive."))
    except ClientDisconnect:
        return problem_answer(400, "The connection was cut.")  # nobody reads it
    if body is None:
        line = gettext("This picture is too large: at most {most} KiB.", most=LARGEST_PICTURE >> 10)
        return problem_answer(413, line)
    return body


def _page_of(request: Request) -> str:
    page = request.query_params.get("page", "")
    if not _PAGE.fullmatch(page):
        raise InvalidValue(gettext("Load the page again."))
    return page


def _milliseconds(request: Request, name: str) -> float:
    """A span that the page states, 0 or more; 0 where it states none."""
    try:
        stated = float(request.query_params.get(name, "0"))
    except ValueError:
        return 0.0
    return min(max(0.0, stated), OLDEST_MS * 2) if math.isfinite(stated) else 0.0


async def _answer(work: Callable[[], dict[str, Any]]) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(work), headers=KEPT_NOWHERE)
    except HouselightsError as problem:
        return _refused(problem)


def _refused(problem: HouselightsError) -> Response:
    if isinstance(problem, SessionOver):
        return problem_answer(410, str(problem))
    if isinstance(problem, AccessRefused):
        return problem_answer(404, str(problem))
    if isinstance(problem, InvalidValue):
        return problem_answer(422, str(problem))
    return problem_answer(503, gettext("This cannot be done just now: the page tries again."))
