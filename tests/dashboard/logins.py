"""Logins as Streamlit keeps them in cookies, made with the server's secret instead of by way of a provider."""

from __future__ import annotations

import time
from typing import Any

from streamlit.auth_util import set_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, generate_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME, XSRF_COOKIE_NAME

SECRET = "a secret of cookies, long enough to be one"


def login_cookies(address: str, *, secret: str = SECRET, nonce: str = "n", **claims: Any) -> dict[str, str]:
    """The cookies of somebody who has just signed in.

    Args:
        address: of the server, as its settings have it.
        secret: what its cookies are signed with.
        nonce: tells one login of the same second from another.
        claims: what the provider says of them.
    """
    cookies: dict[str, str] = {}
    told = {"iat": int(time.time()), "nonce": nonce, "origin": address, "is_logged_in": True, "provider": "default"}

    def signed(name: str, value: str) -> bytes:
        return create_signed_value(secret, name, value)

    set_cookie_with_chunks(
        lambda name, value: cookies.update({name: signed(name, value).decode()}),
        signed,
        USER_COOKIE_NAME,
        {**told, **claims},
        cookie_attr_size=80,
    )
    cookies[XSRF_COOKIE_NAME] = generate_xsrf_token_string()
    return cookies


def as_header(cookies: dict[str, str]) -> str:
    """Cookies as a browser sends them."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
