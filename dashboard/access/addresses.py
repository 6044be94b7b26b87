"""Every address the server answers: its methods, its cost, and who may ask. Any other is a 404.

Streamlit itself answers whatever it does not know with its own page; here that would be an answer of 200 to anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import streamlit

from dashboard.access.link_route import ROUTE as LINKS
from dashboard.pages.board.routes import ROUTE as BOARDS
from dashboard.pages.bring.routes import INCOMING
from dashboard.pages.camera.routes import CAMERA
from dashboard.pages.desk.routes import DESK
from dashboard.pages.household.routes import HOUSEHOLD
from dashboard.pages.join.routes import JOIN, WITHDRAW
from dashboard.pages.watch.models import NAMES
from dashboard.pages.watch.routes import WATCH, WATCH_FILES
from dashboard.recordings import ROUTE as RECORDINGS

Whom = Literal["everybody", "let in", "roles", "recording", "bringing", "nobody"]

READING: Final = ("GET", "HEAD")

HINT_COST: Final = 20
"""Tokens for looking at a photo of somebody who enrols.

Thirty phones behind one address ask every two seconds: 300 tokens a second of 2,000 (`limits`), beside the 1,500 that
three thousand phones with the board take. How much the server does at once, the routes limit themselves.
"""

_ID: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_PART: Final = "[^/]{1,200}"
_TOKEN: Final = "[A-Za-z0-9._~-]{1,200}"
# Carries the ids of a session, a stage and a camera.
_CAMERA_TOKEN: Final = "[A-Za-z0-9._-]{1,400}"
_LONGEST_PATH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A pattern of addresses that share methods, cost and audience.

    Attributes:
        paths: what their paths look like.
        methods: those that are answered.
        whom: for everybody; for those to whom anything is open; for those with a role; for those who may play the
            recording named in the path; for those who may bring recordings; or for the person at this machine alone.
        cost: tokens (`limits`): what an answer costs the server, in requests for a board.
        is_page: whether it is one of the pages, in whose place a stranger is shown the door.
        is_socket: whether it is a WebSocket's.
    """

    paths: re.Pattern[str]
    methods: tuple[str, ...]
    whom: Whom
    cost: int = 1
    is_page: bool = False
    is_socket: bool = False


@cache
def addresses() -> Sequence[Address]:
    """All addresses, the most requested first."""
    pages = "|".join(sorted(path.parent.name for path in (Path(__file__).parents[1] / "pages").glob("*/page.py")))
    static = Path(streamlit.__file__).parent / "static"
    files = "|".join(
        sorted(re.escape(path.relative_to(static).as_posix()) for path in static.rglob("*") if path.is_file())
    )
    return (
        _address(f"{BOARDS}/{_ID}(?:/live\\.json)?", READING, "everybody"),
        _address(f"/(?:{files})", READING, "let in"),
        _address(f"{RECORDINGS}/{_PART}(?:/still)?", READING, "recording", cost=2),
        Address(paths=re.compile(f"/(?:(?:{pages})/?)?"), methods=READING, whom="everybody", cost=5, is_page=True),
        Address(paths=re.compile("/_stcore/stream"), methods=("GET",), whom="let in", cost=100, is_socket=True),
        _address("/_stcore/health", (*READING, "OPTIONS"), "everybody"),
        _address("/_stcore/host-config", ("GET",), "let in"),
        _address(f"/media/{_PART}", (*READING, "OPTIONS"), "let in", cost=2),
        _address(f"/component/{_PART}(?:/{_PART}){{0,9}}/?", ("GET", "OPTIONS"), "let in"),
        _address(f"/_stcore/bidi-components/{_PART}(?:/{_PART}){{0,9}}", ("GET", "OPTIONS"), "let in"),
        _address(f"/_stcore/upload_file/{_PART}/{_PART}", ("PUT", "DELETE", "OPTIONS"), "roles", cost=20),
        _address(f"{DESK}/{_ID}(?:/events)?", ("GET",), "let in", cost=5),
        _address(f"{DESK}/{_ID}/{_ID}/(?:welcomed|not-this-person)", ("POST",), "let in", cost=5),
        _address(f"(?:{JOIN}|{WITHDRAW})/{_TOKEN}", ("GET", "POST"), "everybody", cost=100),
        _address(f"(?:{JOIN}|{WITHDRAW})/{_TOKEN}/about", ("GET",), "everybody", cost=20),
        _address(f"{WITHDRAW}/{_TOKEN}/check-in", ("POST",), "everybody", cost=100),
        _address(f"{JOIN}/{_TOKEN}/photo", ("POST",), "everybody", cost=HINT_COST),
        _address(f"{HOUSEHOLD}/{_TOKEN}(?:/state\\.json|/faces/{_ID})?", READING, "everybody", cost=5),
        _address(f"{HOUSEHOLD}/{_TOKEN}/taps", ("POST",), "everybody", cost=20),
        _address(f"{CAMERA}/{_CAMERA_TOKEN}(?:/about)?", READING, "everybody", cost=5),
        _address(f"{CAMERA}/{_CAMERA_TOKEN}/(?:picture|stop)", ("POST",), "everybody", cost=20),
        _address(f"{WATCH}/{_TOKEN}/figures", ("POST",), "everybody", cost=2),
        _address(f"{WATCH}/{_TOKEN}/film", READING, "everybody", cost=2),
        _address(f"{WATCH}/{_TOKEN}(?:/about)?", ("GET",), "everybody", cost=20),
        _address(f"{WATCH}/{_TOKEN}/(?:join|withdraw)", ("POST",), "everybody", cost=50),
        _address(f"{WATCH_FILES}/(?:{'|'.join(map(re.escape, NAMES))})", ("GET",), "everybody", cost=20),
        _address(INCOMING, ("POST",), "bringing", cost=200),
        _address(f"{INCOMING}/[0-9a-f]{{32}}", ("GET", "PATCH"), "bringing", cost=5),
        _address(f"{LINKS}/[^/]{{1,600}}", READING, "everybody", cost=20),
        _address("/auth/login", ("GET",), "everybody", cost=800),
        _address("/oauth2callback", ("GET",), "everybody", cost=800),
        _address("/auth/logout", ("GET",), "everybody", cost=200),
        _address("/_stcore/metrics", ("GET", "OPTIONS"), "nobody"),
    )


def address_of(path: str, *, socket: bool = False) -> Address | None:
    """The address that a path matches; None where there is none.

    Args:
        path: decoded, as routes are found by; anything.
        socket: whether a WebSocket is to be opened there.
    """
    if len(path) > _LONGEST_PATH:
        return None
    there = (address for address in addresses() if address.is_socket == socket and address.paths.fullmatch(path))
    return next(there, None)


def is_probed(path: str) -> bool:
    """Whether Streamlit's page asks for this where it is not, to find out at what address the server is."""
    return path.endswith(("/_stcore/health", "/_stcore/host-config")) and len(path) <= _LONGEST_PATH


def is_page(path: str) -> bool:
    """Whether a path is one of the pages."""
    address = address_of(path)
    return address is not None and address.is_page


def _address(paths: str, methods: tuple[str, ...], whom: Whom, cost: int = 1) -> Address:
    return Address(paths=re.compile(paths), methods=methods, whom=whom, cost=cost)
