"""Serves the labelling page on this machine, at an address that nobody can guess.

The token in the address is all that is asked for. It keeps out other users of the machine and other pages of the
browser; `allowed_hosts` keeps out names that others point to this machine.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audience.errors import HouselightsError, InvalidValue
from dashboard.page_routes import KEPT_NOWHERE, body_within, page_routes, problem_answer
from houselights.labelling.dataset import DataSet
from houselights.labelling.labels import EXPRESSIONS, NO_FACE, UNCLEAR, Agreement
from houselights.labelling.rating import Rating

HOST: Final = "127.0.0.1"

AHEAD: Final = 6
"""Faces whose pictures the browser loads before they are needed."""

MOST_DISPUTED: Final = 60
"""Faces on which two raters disagree that the page shows, those confused most often first."""

LARGEST_BODY: Final = 1000

_KEYS: Final = (
    *((name, str(number)) for number, name in enumerate(EXPRESSIONS, start=1)),
    (UNCLEAR, "0"),
    (NO_FACE, "X"),
)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the page sends of a face."""

    face: str
    says: str


def labelling_routes(dataset: DataSet, rating: Rating, token: str) -> list[Route]:
    """The routes.

    Args:
        dataset: where the pictures are.
        rating: what is labelled, by whom.
        token: the secret part of the address.
    """
    here = f"/label/{token}"

    async def state(_request: Request) -> Response:
        return await _answer(lambda: _document(rating))

    async def say(request: Request) -> Response:
        body = await body_within(request, LARGEST_BODY)
        if body is None:
            return problem_answer(422, "This is too long.")

        def work() -> dict[str, Any]:
            try:
                said = msgspec.json.decode(body, type=Said)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise InvalidValue("This cannot be read: load the page again.") from None
            rating.say(said.face, said.says)
            return _document(rating)

        return await _answer(work)

    async def undo(_request: Request) -> Response:
        def work() -> dict[str, Any]:
            face = rating.undo()
            # It comes first, wherever it is in the order.
            document = _document(rating)
            return document | {"next": [face, *(one for one in document["next"] if one != face)]} if face else document

        return await _answer(work)

    def picture(request: Request) -> Response:
        face = request.path_params["face"]
        if not rating.has(face):
            return problem_answer(404, "There is no such face.")
        try:
            return Response(dataset.picture(face), media_type="image/jpeg", headers=KEPT_NOWHERE)
        except InvalidValue as problem:
            return problem_answer(404, str(problem))

    return page_routes(
        __package__ or "",
        [here],
        [
            (f"{here}/state", state, "GET"),
            (f"{here}/says", say, "POST"),
            (f"{here}/undo", undo, "POST"),
            (f"{here}/faces/{{face}}", picture, "GET"),
        ],
        [HOST, "localhost"],
        images="'self' data:",
    )


@contextmanager
def serving_page(dataset: DataSet, rating: Rating, *, port: int | None) -> Iterator[str]:
    """Serves the page until the context ends, and yields its address.

    Args:
        dataset: where the pictures are.
        rating: what is labelled, by whom.
        port: port on 127.0.0.1; None picks a free one.

    Raises:
        InvalidValue: the port is in use.
    """
    token = secrets.token_urlsafe(16)
    try:
        listening = socket.create_server((HOST, port or 0))
    except OSError as problem:
        raise InvalidValue(f"port {port} cannot be used ({problem.strerror}): choose another") from None
    with listening:
        app = Starlette(routes=labelling_routes(dataset, rating, token))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="labelling-page")
        thread.start()
        try:
            yield f"http://{HOST}:{listening.getsockname()[1]}/label/{token}"
        finally:
            server.should_exit = True
            thread.join()


def _document(rating: Rating) -> dict[str, Any]:
    """What the page shows."""
    return {
        "rater": rating.rater,
        "done": rating.done,
        "total": rating.total,
        "next": rating.next_faces(AHEAD),
        "choices": [{"says": name, "key": key} for name, key in _KEYS],
        "agreements": [_agreement(one, rating.rater) for one in rating.agreements()],
    }


def _agreement(one: Agreement, rater: str) -> dict[str, Any]:
    first_is_mine = one.raters[0] == rater
    return {
        "other": one.raters[1 if first_is_mine else 0],
        "faces": one.faces,
        "same": one.same,
        "kappa": one.kappa,
        "disputed": [
            {"face": face, "mine": first if first_is_mine else second, "theirs": second if first_is_mine else first}
            for face, first, second in one.disputed[:MOST_DISPUTED]
        ],
    }


async def _answer(work: Callable[[], dict[str, Any]]) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(work), headers=KEPT_NOWHERE)
    except HouselightsError as problem:
        return problem_answer(422, str(problem))
