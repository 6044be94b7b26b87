"""The current viewer's permit: on a page, on a route, or at this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import streamlit as st
from starlette.requests import HTTPConnection
from streamlit.runtime.scriptrunner import get_script_run_ctx

from audience.errors import AccessRefused, InvalidValue
from dashboard.access.permits import EVERYTHING, Permit
from dashboard.access.secrets import share_secret
from dashboard.access.settings import AccessSettings, is_verified, read_settings
from dashboard.access.share_links import ShareLink, opened
from dashboard.access.signed_in import login_of

VARIABLE: Final = "HOUSELIGHTS_ACCESS"
LINK_COOKIE: Final = "houselights_link_"
"""Begins the name of the cookie that holds a link; its id ends it, so that several can be open at once."""

_MOST_LINKS = 20
_given: ContextVar[Permit | None] = ContextVar("permit", default=None)
_account: ContextVar[str | None] = ContextVar("account", default=None)

Params = ParamSpec("Params")
Result = TypeVar("Result")


def settings() -> AccessSettings | None:
    """The access settings as the file has them now; None where only the person at this machine is served.

    Raises:
        InvalidValue: the file cannot be read, or something in it is not allowed.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named)
    try:
        status = path.stat()
    except OSError as problem:
        raise InvalidValue(f"the access settings {path} cannot be read: {problem.strerror}") from None
    return _read(path, status.st_mtime_ns, status.st_size)


def permit() -> Permit:
    """The current viewer's permit; an empty one where the viewer is not known."""
    if (given := _given.get()) is not None:
        return given
    if (now_set := settings()) is None:
        return EVERYTHING
    if get_script_run_ctx() is None:
        return Permit()
    # Streamlit reads the cookie once, when the page connects: what it held then may have been ended since.
    signed_in = login_of(st.context.cookies, now_set) is not None
    return permit_of(now_set, st.user.to_dict() if signed_in else {}, st.context.cookies)


def account() -> str:
    """The account of the current page's viewer, as audit trails name it; "this machine" where nobody signs in."""
    if (given := _account.get()) is not None:
        return given
    if settings() is None:
        return "this machine"
    return account_of(st.user.to_dict())


def account_of(claims: Mapping[str, Any]) -> str:
    """The account behind a provider's claims: a verified address, else the provider's own name for somebody.

    Raises:
        AccessRefused: nobody is signed in.
    """
    if is_verified(claims) and claims.get("email"):
        return str(claims["email"]).lower()
    if claims.get("sub"):
        return str(claims["sub"])
    raise AccessRefused("sign in first: what is done here is written down with a name")


def permit_of(now_set: AccessSettings, claims: Mapping[str, Any], cookies: Mapping[str, str]) -> Permit:
    """The permit of a person.

    Args:
        now_set: the access settings.
        claims: what the provider says of them, once Streamlit has seen to it that it was the provider.
        cookies: as their browser sent them.
    """
    now = datetime.now(UTC)
    return now_set.permit(claims, _links(cookies, now), now)


def asked_as(permit: Permit, function: Callable[Params, Result]) -> Callable[Params, Result]:
    """The function as a viewer with this permit calls it."""

    def called(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        before = _given.set(permit)
        try:
            return function(*args, **kwargs)
        finally:
            _given.reset(before)

    return called


def asked_by(request: HTTPConnection, function: Callable[Params, Result]) -> Callable[Params, Result]:
    """The function as whoever sends a request calls it: with their permit and their account, found at each call.

    A stream that goes on for hours so ends when a login ends or a duty is taken away.
    """

    def called(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        now_set = settings()
        login = login_of(request.cookies, now_set) if now_set is not None else None
        claims = login.claims if login else {}
        asking = EVERYTHING if now_set is None else permit_of(now_set, claims, request.cookies)
        named = _account.set(account_of(claims) if claims else "this machine" if now_set is None else "")
        try:
            return asked_as(asking, function)(*args, **kwargs)
        finally:
            _account.reset(named)

    return called


def _links(cookies: Mapping[str, str], now: datetime) -> Iterable[ShareLink]:
    # Browsers name those first that they were given first.
    tokens = [value for name, value in cookies.items() if name.startswith(LINK_COOKIE)][-_MOST_LINKS:]
    if not tokens or (secret := share_secret()) is None:
        return
    for token in tokens:
        with suppress(AccessRefused):
            yield opened(token, secret, now)


@lru_cache(maxsize=2)
def _read(path: Path, _mtime_ns: int, _size: int) -> AccessSettings:
    return read_settings(path)
