"""The routes of enrolling oneself and of withdrawing. The token in the address is all that is asked for.

No cookie is set and nothing is logged of who asks. The page is the same for every token, so an address that was guessed
is told only that it is not valid. Nothing that is sent is read before the token is found to be good.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import anyio
import anyio.to_thread
import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audience.errors import (
    AccessRefused,
    HouselightsError,
    InvalidValue,
    ModelUnavailable,
    StoreUnavailable,
)
from audience.identity.checking import checked_template
from audience.identity.links import Links, SecretLink
from audience.identity.people import KnownFace
from audience.identity.records import Roster
from audience.identity.sealed import Profile, Vector
from audience.language import gettext
from dashboard.access.identity import settings
from dashboard.access.people_data import now, people_for_link, server_address
from dashboard.mail import MailServer, check_mail_address, mail_server
from dashboard.page_routes import KEPT_NOWHERE, body_within, page_routes, problem_answer
from dashboard.pages.join import text
from dashboard.photos import BUSY, MeasuredPhoto, PhotoReader

JOIN: Final = "/join"
WITHDRAW: Final = "/withdraw"

FEWEST_PHOTOS: Final = 2
MOST_PHOTOS: Final = 3
LARGEST_PHOTO: Final = 3 << 20
"""Bytes of a photo, which the page makes small before."""

LARGEST_BODY: Final = MOST_PHOTOS * LARGEST_PHOTO
"""Bytes of a form with its photos."""

BODIES_AT_ONCE: Final = 4
"""Forms that are received or worked on at a time, and as many photos; more are refused."""

RECEIVED_WITHIN_S: Final = 60.0
"""A form of usual size takes ten seconds at 1 Mbit/s."""

_ACTOR: Final = "the enrolment page"
# The page asks for the camera; no other page of this server may.
_FEATURES: Final = "camera=(self), clipboard-write=(self), display-capture=(), geolocation=(), microphone=()"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What the page sends: see `page.js`. The photos are base64."""

    name: str
    note: str = ""
    mail: str = ""
    notice: str
    consent: bool
    adult: bool
    keeps_photo: bool
    joins_expressions: bool = False
    photos: list[str]


def join_routes(photos: PhotoReader, allowed_hosts: Sequence[str]) -> list[Route]:
    """The routes.

    Args:
        photos: measures photos.
        allowed_hosts: the names this server is addressed by; none allows all.
    """
    forms, looks = _Admission(), _Admission()
    # Threads of its own: those of other routes go on while a model is downloaded.
    threads = anyio.CapacityLimiter(2)

    async def join(request: Request) -> Response:
        token = request.path_params["token"]
        return await _received(
            request, forms, LARGEST_BODY, lambda body: _answer(lambda: _join(token, body, photos), threads)
        )

    async def check_photo(request: Request) -> Response:
        return await _received(
            request, looks, LARGEST_PHOTO, lambda body: _answer(lambda: _check_photo(body, photos), threads)
        )

    async def about_joining(request: Request) -> Response:
        return await _answer(lambda: _about_joining(request.path_params["token"]))

    async def about_leaving(request: Request) -> Response:
        return await _answer(lambda: _about_leaving(request.path_params["token"]))

    async def withdraw(request: Request) -> Response:
        return await _answer(lambda: _withdraw(request.path_params["token"]))

    async def check_in(request: Request) -> Response:
        return await _answer(lambda: _check_in(request.path_params["token"]))

    return page_routes(
        __package__ or "",
        [f"{JOIN}/{{token}}", f"{WITHDRAW}/{{token}}"],
        [
            (f"{JOIN}/{{token}}", join, "POST"),
            (f"{JOIN}/{{token}}/about", about_joining, "GET"),
            (f"{JOIN}/{{token}}/photo", check_photo, "POST"),
            (f"{WITHDRAW}/{{token}}", withdraw, "POST"),
            (f"{WITHDRAW}/{{token}}/about", about_leaving, "GET"),
            (f"{WITHDRAW}/{{token}}/check-in", check_in, "POST"),
        ],
        allowed_hosts,
        images="data: blob:",
        features=_FEATURES,
    )


def _joined_by(token: str) -> Roster:
    """The roster that a link leads to.

    Raises:
        AccessRefused: the link is not valid, or nobody puts themselves on that list.
    """
    with people_for_link(_ACTOR) as (store, people):
        roster = people.roster(Links(store, now=now).open(token, "join").roster_id)
    if roster.purpose == "search":
        raise AccessRefused(gettext("Nobody joins this list by a link."))
    return roster


def _about_joining(token: str) -> dict[str, Any]:
    access = settings()
    about = text.about(_joined_by(token), contact=access.contact if access is not None else "")
    return about | {"mails": mail_server() is not None}


def _check_photo(photo: bytes, photos: PhotoReader) -> dict[str, Any]:
    return {"problem": gettext(photos.read(photo, template=False).problem)}


def _join(token: str, body: bytes, photos: PhotoReader) -> dict[str, Any]:
    roster = _joined_by(token)
    form = _form(body)
    profile = Profile(name=form.name, note=form.note, mail=form.mail)
    if form.mail:
        check_mail_address(form.mail)
    server = mail_server() if form.mail else None
    measured = _measured(form, photos)
    with people_for_link(_ACTOR) as (store, people):
        template = _checked(measured, people.faces_to_differ_from(roster))
        person = people.add(
            roster.roster_id,
            profile,
            notice=form.notice,
            how="the enrolment page",
            keeps_photo=form.keeps_photo,
            joins_expressions=form.joins_expressions,
        )
        try:
            withdraw = Links(store, now=now).make(
                roster.roster_id,
                "withdraw",
                valid_for=timedelta(days=roster.consent_days),
                subject_id=person.person_id,
            )
            people.enrol(
                roster.roster_id,
                person.person_id,
                template,
                recogniser=measured[0].recogniser,
                photos=[photo.quality for photo in measured if photo.quality is not None],
                photo=measured[0].face if form.keeps_photo else None,
            )
        except BaseException:
            # Nobody is on a list without a link that takes them off it.
            people.withdraw(roster.roster_id, person.person_id)
            raise
    mailed = _mail(server, form.mail, roster, withdraw)
    return {"text": text.joined(roster.consent_days, mailed), "withdraw": withdraw}


def _mail(server: MailServer | None, to: str, roster: Roster, withdraw: str) -> bool | None:
    """Mails somebody their link; returns whether that was possible, None where nobody asked for it."""
    if server is None:
        return None
    try:
        link = f"{server_address()}{WITHDRAW}/{withdraw}"
        server.send(to, text.mail_subject(roster), text.mail(roster, link), secret=True)
    except HouselightsError as problem:
        logging.getLogger("houselights").error("%s", problem)
        return False
    return True


def _form(body: bytes) -> Form:
    try:
        form = msgspec.json.decode(body, type=Form)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidValue(gettext("This form cannot be read: load the page again.")) from None
    if not form.consent:
        raise InvalidValue(gettext("Nobody is put on a list without their consent."))
    if not form.adult:
        raise InvalidValue(gettext("Children are not put on this list."))
    if form.notice != text.NOTICE:
        raise InvalidValue(
            gettext("What happens with your face has been written anew: load the page again and read it.")
        )
    if not FEWEST_PHOTOS <= len(form.photos) <= MOST_PHOTOS:
        raise InvalidValue(gettext("Give {fewest} or {most} photos.", fewest=FEWEST_PHOTOS, most=MOST_PHOTOS))
    return form


def _measured(form: Form, photos: PhotoReader) -> list[MeasuredPhoto]:
    """Measures the photos of a form.

    Raises:
        InvalidValue: one cannot be used, or they show different people.
    """
    measured = []
    for number, photo in enumerate(form.photos, start=1):
        try:
            content = base64.b64decode(photo, validate=True)
        except binascii.Error:
            raise InvalidValue(gettext("Photo {number} cannot be read: take it again.", number=number)) from None
        one = photos.read(content, template=True)
        if one.problem or one.vector is None:
            raise InvalidValue(gettext("Photo {number}: {problem}", number=number, problem=gettext(one.problem)))
        measured.append(one)
    return measured


def _checked(measured: Sequence[MeasuredPhoto], known: Sequence[KnownFace]) -> Vector:
    """The template of photos of one person who is not on the roster yet; see `checked_template`.

    Whoever holds the link is not told who is on the roster.
    """
    vectors = np.stack([photo.vector for photo in measured if photo.vector is not None])
    first = measured[0]
    assert first.strangers is not None
    checked_template(vectors, [], recogniser=first.recogniser, strangers=first.strangers)
    try:
        return checked_template(vectors, known, recogniser=first.recogniser, strangers=first.strangers)
    except InvalidValue:
        raise InvalidValue(gettext("This cannot be done here: ask at the desk.")) from None


def _about_leaving(token: str) -> dict[str, Any]:
    with people_for_link(_ACTOR) as (store, people):
        link = Links(store, now=now).open(token, "withdraw")
        roster = people.roster(link.roster_id)
        person = people.person(link.roster_id, link.subject_id)
        return {
            "title": roster.name,
            "text": text.leaving(roster),
            "check_in": roster.purpose == "welcome desk" and person.checked_in_at is None,
        }


def _check_in(token: str) -> dict[str, Any]:
    with people_for_link(_ACTOR) as (store, people):
        link = Links(store, now=now).open(token, "withdraw")
        if people.roster(link.roster_id).purpose != "welcome desk":
            raise InvalidValue(gettext("There is no desk to check in at."))
        people.check_in(link.roster_id, link.subject_id)
        return {"text": text.checked_in()}


def _withdraw(token: str) -> dict[str, Any]:
    with people_for_link(_ACTOR) as (store, people):
        link: SecretLink = Links(store, now=now).open(token, "withdraw")
        receipt = people.withdraw(link.roster_id, link.subject_id)
        return {"receipt": [removal.line for removal in receipt.removals]}


class _Admission:
    """Counts the bodies of one kind that are in memory."""

    def __init__(self) -> None:
        self._inside = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[bool]:
        """Gives whether there is room for one more."""
        if self._inside >= BODIES_AT_ONCE:
            yield False
            return
        self._inside += 1
        try:
            yield True
        finally:
            self._inside -= 1


async def _received(
    request: Request, admission: _Admission, most: int, answer: Callable[[bytes], Awaitable[Response]]
) -> Response:
    """Receives what is sent, once its link is found to be good and there is room, and answers it."""
    refused = await _answer(lambda: _opened(request.path_params["token"]))
    if refused.status_code != 200:
        return refused
    async with admission.one() as admitted:
        if not admitted:
            return problem_answer(503, gettext(BUSY))
        try:
            with anyio.fail_after(RECEIVED_WITHIN_S):
                body = await body_within(request, most)
        except TimeoutError:
            return problem_answer(
                408, gettext("This took too long to arrive: try again where the connection is better.")
            )
        if body is None:
            return problem_answer(413, gettext("This is too large: take smaller photos."))
        return await answer(body)


def _opened(token: str) -> dict[str, Any]:
    _joined_by(token)
    return {}


async def _answer(work: Callable[[], dict[str, Any]], threads: anyio.CapacityLimiter | None = None) -> Response:
    status = 200
    try:
        content = await anyio.to_thread.run_sync(work, limiter=threads)
    except AccessRefused as problem:
        status, content = 404, {"problem": str(problem)}
    except InvalidValue as problem:
        status, content = 422, {"problem": str(problem)}
    except (ModelUnavailable, StoreUnavailable) as problem:
        status, content = 503, {"problem": _unavailable(problem)}
    return JSONResponse(content, status_code=status, headers=KEPT_NOWHERE)


def _unavailable(problem: HouselightsError) -> str:
    """What strangers are told: nothing of the store."""
    if isinstance(problem, ModelUnavailable):
        return str(problem)
    return gettext("This cannot be done just now: try again later.")
