"""The routes of a household's button page. The token in the address is all that is asked for.

No cookie is set and nothing is logged of who asks. The page is the same for every token; what is on it comes with the
household's state, to whoever holds the token of the household and nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audience.errors import AccessRefused, HouselightsError, InvalidValue
from audience.identity.households import Action, Ages, Guests, Household, Sex, Tap
from audience.identity.panels import HouseholdPanel
from audience.identity.people import People
from audience.identity.sealed import PHOTO
from audience.identity.store import IdentityStore
from audience.language import gettext
from audience.time import to_ms
from dashboard.access.people_data import now, people_for_link
from dashboard.page_routes import KEPT_NOWHERE, body_within, page_routes, problem_answer

HOUSEHOLD: Final = "/household"

LARGEST_BODY: Final = 64 * 1024
MOST_AT_ONCE: Final = 50
"""How many taps the page sends together."""

_ACTOR: Final = "the button page"


class SentGuests(msgspec.Struct, frozen=True, kw_only=True):
    """Guests as the page sends them; see `Guests`."""

    sex: str
    ages: str
    count: int


class SentTap(msgspec.Struct, frozen=True, kw_only=True):
    """A tap as the page sends it; `tapped_ms` is by the clock of the phone."""

    id: str
    tapped_ms: float
    action: str
    person_id: str = ""
    guests: list[SentGuests] = []


class SentTaps(msgspec.Struct, frozen=True, kw_only=True):
    """Taps as the page sends them, with the time of sending by the clock of the phone; each is a `SentTap`."""

    sent_ms: float
    taps: list[msgspec.Raw]


def household_routes(allowed_hosts: Sequence[str]) -> list[Route]:
    """The routes.

    Args:
        allowed_hosts: the names this server is addressed by; none allows all.
    """
    return page_routes(
        __package__ or "",
        [f"{HOUSEHOLD}/{{token}}"],
        [
            (f"{HOUSEHOLD}/{{token}}/state.json", _state, "GET"),
            (f"{HOUSEHOLD}/{{token}}/taps", _taps, "POST"),
            (f"{HOUSEHOLD}/{{token}}/faces/{{person}}", _face, "GET"),
        ],
        allowed_hosts,
        images="'self' data:",
    )


async def _state(request: Request) -> Response:
    def work() -> Response:
        with _opened(request) as home:
            return JSONResponse(_document(home), headers=KEPT_NOWHERE)

    return await _answer(work)


async def _taps(request: Request) -> Response:
    body = await body_within(request, LARGEST_BODY)
    if body is None:
        return problem_answer(413, gettext("These are too many taps at once."))

    def work() -> Response:
        with _opened(request) as home:
            # Whoever withdrew while the page was offline is tapped for no more.
            members = {"", *(member.person_id for member in home.panel.members(home.household))}
            taps, refused = _read(body, home.household)
            refused += _take(home, [(at, tap) for at, tap in taps if tap.person_id in members])
            return JSONResponse({**_document(home), "refused": refused}, headers=KEPT_NOWHERE)

    return await _answer(work)


async def _face(request: Request) -> Response:
    def work() -> Response:
        with _opened(request) as home:
            person_id = request.path_params["person"]
            if all(member.person_id != person_id for member in home.panel.members(home.household)):
                raise AccessRefused("nobody of this household")
            photo = home.people.photo(person_id)
            if photo is None:
                raise AccessRefused("no photo is kept")
            return Response(photo, media_type="image/jpeg", headers=KEPT_NOWHERE)

    return await _answer(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    """A household whose page is open, and the store behind it."""

    store: IdentityStore
    people: People
    panel: HouseholdPanel
    household: Household


@contextmanager
def _opened(request: Request) -> Iterator[_Home]:
    with people_for_link(_ACTOR) as (store, people):
        panel = HouseholdPanel(store, actor=_ACTOR, now=now)
        household = panel.opened_by(request.path_params["token"])
        yield _Home(store=store, people=people, panel=panel, household=household)


def _document(home: _Home) -> dict[str, Any]:
    """What the page shows of a household."""
    state = home.panel.state(home.household)
    members = []
    for member in home.panel.members(home.household):
        profile = home.people.profile(member.person_id)
        name = profile.name if profile else gettext("Member")
        has_photo = PHOTO in home.store.sealed_names(member.person_id)
        members.append({"id": member.person_id, "name": name, "photo": has_photo})
    return {
        "title": home.household.title,
        "members": sorted(members, key=lambda one: str(one["name"])),
        "state": {
            "set_on": state.set_on,
            "private": state.private,
            "in": sorted(state.logged_in),
            "guests": [msgspec.to_builtins(guests) for guests in state.guests],
        },
    }


def _take(home: _Home, taps: list[tuple[int, Tap]]) -> list[dict[str, Any]]:
    """Takes numbered taps; where they cannot be taken together, one by one. Returns those that were not, and why."""
    try:
        home.panel.take(home.household, [tap for _, tap in taps])
    except InvalidValue:
        refused = []
        for at, tap in taps:
            try:
                home.panel.take(home.household, [tap])
            except InvalidValue as problem:
                refused.append({"tap": at, "problem": str(problem)})
        return refused
    return []


def _read(body: bytes, household: Household) -> tuple[list[tuple[int, Tap]], list[dict[str, Any]]]:
    """The taps of a request, put on the server's clock: a phone's may be wrong, and only ages are taken from it.

    Returns:
        Each with its place among those that were sent; and the places of those that are none, with why.

    Raises:
        InvalidValue: the whole cannot be read, or has too many.
    """
    try:
        sent = msgspec.json.decode(body, type=SentTaps)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidValue(gettext("These taps cannot be read: load the page again.")) from None
    if len(sent.taps) > MOST_AT_ONCE:
        raise InvalidValue(gettext("So many taps are not taken at once: at most {most}.", most=MOST_AT_ONCE))
    now_ms = to_ms(now())
    taps, refused = [], []
    for at, raw in enumerate(sent.taps):
        try:
            taps.append((at, _tap(raw, household, sent_ms=sent.sent_ms, now_ms=now_ms)))
        except msgspec.DecodeError:
            refused.append({"tap": at, "problem": gettext("this is no tap")})
        except InvalidValue as problem:
            refused.append({"tap": at, "problem": str(problem)})
    return taps, refused


def _tap(raw: msgspec.Raw, household: Household, *, sent_ms: float, now_ms: int) -> Tap:
    tap = msgspec.json.decode(raw, type=SentTap)
    return Tap(
        roster_id=household.roster_id,
        household_id=household.household_id,
        tap_id=tap.id,
        at_ms=now_ms - round(min(max(0.0, sent_ms - tap.tapped_ms), now_ms)),
        action=cast("Action", tap.action),
        person_id=tap.person_id,
        guests=tuple(
            Guests(sex=cast("Sex", one.sex), ages=cast("Ages", one.ages), count=one.count) for one in tap.guests
        ),
    )


async def _answer(work: Callable[[], Response]) -> Response:
    try:
        return await run_in_threadpool(work)
    except AccessRefused:
        status, problem = 404, gettext("This link is not valid any more.")
    except InvalidValue as refused:
        status, problem = 422, str(refused)
    except HouselightsError:
        status, problem = 503, gettext("This cannot be done just now: try again later.")
    return problem_answer(status, problem)
