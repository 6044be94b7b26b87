"""Who is signed in, for what is no page: out of the cookie in which Streamlit keeps what the provider said.

Streamlit signs that cookie (itsdangerous, with `cookie_secret`; not readable by scripts, SameSite=Lax) and reads it
itself when a page connects. A route cannot ask `st.user`, so it reads the cookie in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard.access.settings import AccessSettings


def claims_of(cookies: Mapping[str, str], settings: AccessSettings) -> Mapping[str, Any]:
    """What the provider said of whoever sent these cookies; empty where nobody is signed in at this address."""
    secret = get_cookie_secret()

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(secret, name, value)

    packed = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
    if packed is None:
        return {}
    claims = json.loads(packed)
    return claims if isinstance(claims, dict) and claims.get("origin") == settings.address else {}
