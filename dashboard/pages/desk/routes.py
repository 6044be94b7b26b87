"""The routes of the welcome desk: its page, the stream that pushes cards to it, and what is said of a card."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from audience.errors import HouselightsError, StoreUnavailable
from audience.identity.desk import Arrival
from audience.language import gettext
from audience.time import to_ms
from dashboard.access.identity import asked_by
from dashboard.access.people_data import open_desk
from dashboard.page_routes import KEPT_NOWHERE, page_routes, problem_answer

DESK: Final = "/at-the-desk"

LOOK_EVERY_S: Final = 0.4
_KEEP_ALIVE_EVERY: Final = 25  # looks without a change, so that proxies keep the stream open


def desk_routes(allowed_hosts: Sequence[str]) -> list[Route]:
    """The routes.

    Args:
        allowed_hosts: the names this server is addressed by; none allows all.
    """
    return page_routes(
        __package__ or "",
        [f"{DESK}/{{roster}}"],
        [
            (f"{DESK}/{{roster}}/events", _events, "GET"),
            (f"{DESK}/{{roster}}/{{sighting}}/welcomed", _welcomed, "POST"),
            (f"{DESK}/{{roster}}/{{sighting}}/not-this-person", _not_this_person, "POST"),
        ],
        allowed_hosts,
        frames="'self'",
    )


async def _events(request: Request) -> Response:
    read = asked_by(request, _cards)
    roster_id = request.path_params["roster"]
    try:
        first = await run_in_threadpool(read, roster_id)
    except HouselightsError as problem:
        return _refused(problem)

    async def stream() -> AsyncIterator[str]:
        cards, quiet = first, 0
        yield _event(cards)
        while not await request.is_disconnected():
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                now = await run_in_threadpool(read, roster_id)
            except StoreUnavailable:
                continue  # the next look may find it again
            except HouselightsError:
                return  # the duty was taken away, or the roster is gone
            quiet = 0 if now != cards else quiet + 1
            if now != cards:
                cards = now
                yield _event(cards)
            elif quiet % _KEEP_ALIVE_EVERY == 0:
                yield ": nothing new\n\n"

    return StreamingResponse(
        stream(), media_type="text/event-stream", headers={**KEPT_NOWHERE, "X-Accel-Buffering": "no"}
    )


async def _welcomed(request: Request) -> Response:
    return await _said(request, welcome=True)


async def _not_this_person(request: Request) -> Response:
    return await _said(request, welcome=False)


async def _said(request: Request, *, welcome: bool) -> Response:
    try:
        await run_in_threadpool(
            asked_by(request, _say), request.path_params["roster"], request.path_params["sighting"], welcome=welcome
        )
    except HouselightsError as problem:
        return _refused(problem)
    return JSONResponse({}, headers=KEPT_NOWHERE)


def _say(roster_id: str, sighting_id: str, *, welcome: bool) -> None:
    with open_desk(roster_id) as desk:
        (desk.welcome if welcome else desk.reject)(sighting_id)


def _cards(roster_id: str) -> list[dict[str, Any]]:
    with open_desk(roster_id) as desk:
        return [_card(arrival) for arrival in desk.arrivals()]


def _card(arrival: Arrival) -> dict[str, Any]:
    assert arrival.person.checked_in_at is not None
    return {
        "id": arrival.sighting.sighting_id,
        "name": arrival.profile.name,
        "note": arrival.profile.note,
        "photo": base64.b64encode(arrival.photo).decode() if arrival.photo else "",
        "at_ms": arrival.sighting.at_ms,
        "where": arrival.sighting.stage_id,
        "checked_in_ms": to_ms(arrival.person.checked_in_at),
        "since_ms": to_ms(arrival.person.added_at),
    }


def _event(cards: list[dict[str, Any]]) -> str:
    return f"event: cards\ndata: {json.dumps(cards)}\n\n"


def _refused(problem: HouselightsError) -> Response:
    status = 503 if isinstance(problem, StoreUnavailable) else 404
    return problem_answer(status, gettext("This desk cannot be shown."))
