"""The server's secrets: from the environment, or from Streamlit's secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from audience.errors import InvalidValue
from dashboard.access.settings import AccessSettings
from dashboard.access.share_links import LEAST_SECRET

SHARE_VARIABLE: Final = "HOUSELIGHTS_SHARE_SECRET"
_OF_PROVIDER: Final = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


def share_secret() -> str | None:
    """The secret that signs share links; None where there are no links.

    Raises:
        InvalidValue: it is too short.
    """
    secret = os.environ.get(SHARE_VARIABLE) or _section("houselights").get("share_secret")
    if secret is None:
        return None
    if not isinstance(secret, str) or len(secret) < LEAST_SECRET:
        raise InvalidValue(f"the secret of share links is too short: use at least {LEAST_SECRET} characters")
    return secret


def check_sign_in(settings: AccessSettings) -> None:
    """Checks the settings of signing in, without contacting the provider.

    Raises:
        InvalidValue: the library for signing in is not installed; or Streamlit's secrets lack something, or lead
            elsewhere than the access settings say.
    """
    if find_spec("authlib") is None:
        raise InvalidValue("nobody could sign in: install Houselights with its extra `login`")
    section = _section("auth")
    if missing := [name for name in _OF_PROVIDER if not section.get(name)]:
        raise InvalidValue(
            f"nobody could sign in: {', '.join(missing)} is missing under [auth] in .streamlit/secrets.toml"
        )
    wanted = f"{settings.address}/oauth2callback"
    if section["redirect_uri"] != wanted:
        raise InvalidValue(f"redirect_uri under [auth] in .streamlit/secrets.toml has to be {wanted}")
    if len(str(section["cookie_secret"])) < LEAST_SECRET:
        raise InvalidValue(
            f"cookie_secret under [auth] in .streamlit/secrets.toml is too short: use {LEAST_SECRET} characters"
        )


def _section(name: str) -> Mapping[str, Any]:
    try:
        return dict(st.secrets.get(name, {}))
    except StreamlitSecretNotFoundError:
        return {}
