"""Who is signed in, from the cookie in which Streamlit keeps the provider's claims.

Streamlit signs that cookie (itsdangerous, with `cookie_secret`; not readable by scripts, SameSite=Lax) and reads it
itself when a page connects. A route cannot ask `st.user`, so it reads the cookie in the same way.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard.access.ended_logins import EndedLogins
from dashboard.access.settings import SIGNED_IN, AccessSettings

# Made for this alone, so that no key is good for anything else that is signed with the secret.
_PURPOSE: Final = b"houselights login 1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One login; every copy of its cookie belongs to it.

    Attributes:
        key: 32 hexadecimal digits that stand for it; they say nothing of who it is.
        claims: what the provider said of them.
    """

    key: str
    claims: Mapping[str, Any]


def login_of(cookies: Mapping[str, str], settings: AccessSettings) -> Login | None:
    """The login behind these cookies; None where nobody is signed in here, or not any more."""
    secret = get_cookie_secret()

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(secret, name, value)

    try:
        packed = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
        claims = None if packed is None else json.loads(packed)
    except ValueError:
        return None  # chunks of two cookies, or half of one
    if packed is None or not isinstance(claims, dict) or claims.get("origin") != settings.address:
        return None
    key = hmac.digest(secret.encode(), _PURPOSE + packed, hashlib.sha256)[:16].hex()
    return None if has_ended(key, settings) else Login(key=key, claims=claims)


def has_ended(key: str, settings: AccessSettings) -> bool:
    """Whether a login was ended; where that cannot be read, it counts as ended."""
    try:
        return settings.ended_logins is not None and _list(settings.ended_logins).holds(key)
    except OSError:
        return True


def end(login: Login, settings: AccessSettings, now_s: float) -> None:
    """Ends a login for every copy of its cookie.

    Args:
        login: whose.
        settings: of this server.
        now_s: the wall clock, seconds since the epoch.

    Raises:
        OSError: it cannot be written down.
    """
    if settings.ended_logins is not None:
        _list(settings.ended_logins).end(login.key, now_s + SIGNED_IN.total_seconds(), now_s)


@lru_cache(maxsize=2)
def _list(path: Path) -> EndedLogins:
    return EndedLogins(path)
