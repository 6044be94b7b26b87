"""Signing in leads back to the page somebody was on, and to nothing else."""

from __future__ import annotations

from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.auth_util import decode_provider_token

from dashboard.access import identity as asking
from dashboard.access.login_redirect import COOKIE, LoginRedirect
from tests.dashboard.test_access_gate import asked

HOST = "houselights.example"


async def streamlit(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Leads to the provider, and to the first page, as Streamlit does."""
    to = b"https://provider.example/authorize" if scope["path"] == "/auth/login" else b"/"
    await send({"type": "http.response.start", "status": 302, "headers": [(b"location", to)]})
    await send({"type": "http.response.body", "body": b""})


def answered(path: str, **headers: str) -> dict[str, str]:
    """The headers of an answer."""
    told = asked(LoginRedirect(streamlit), path, host=HOST, **headers)[0]["headers"]
    return {name.decode(): value.decode() for name, value in told}


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "settings", lambda: SimpleNamespace(encrypted=True))
    monkeypatch.setattr("streamlit.auth_util.get_signing_secret", lambda: "a secret, long enough to be one")


def signed_in_from(page: str) -> str:
    """Where somebody is led who signed in from a page."""
    kept = SimpleCookie(answered("/auth/login", referer=page)["set-cookie"])[COOKIE]
    return answered("/oauth2callback", cookie=f"{COOKIE}={kept.value}")["location"]


@pytest.mark.parametrize(
    "page", ["/session?session=talk-1&t=100.5", "/compare?film=Night+Train&cut=A%20%26%20B", "/board"]
)
def test_signing_in_leads_back(page: str) -> None:
    assert signed_in_from(f"https://{HOST}{page}") == page


@pytest.mark.parametrize(
    "page",
    [f"https://{HOST}/", f"https://{HOST}//evil.example/a", "https://evil.example/session", "", f"https://{HOST}/a/../b",
     f"https://{HOST}/session?{'a' * 2000}", f"https://{HOST}/auth/login", f"https://{HOST}/auth/logout",
     f"https://{HOST}/oauth2callback?code=x", f"https://{HOST}/live/fest-1", f"https://{HOST}/recordings/x"],
)  # fmt: skip
def test_from_the_first_page_or_another_site_it_leads_to_the_first_page(page: str) -> None:
    assert signed_in_from(page) == "/"


@pytest.mark.parametrize(
    "kept",
    [
        "%2Fauth%2Flogout",
        "%2Fauth%2Flogin%3Fprovider%3Dx",
        "%2Foauth2callback",
        "//evil.example",
        "https%3A%2F%2Fevil.example%2F",
        "%2F%5Cevil.example",
        "%2F%2Fevil.example",
        "%2Fa%0D%0Ab",
    ],
)
def test_a_cookie_that_somebody_else_wrote_leads_nowhere_else(kept: str) -> None:
    assert answered("/oauth2callback", cookie=f"{COOKIE}={kept}")["location"] == "/"


def test_the_page_is_kept_from_scripts_for_ten_minutes_and_forgotten_once_somebody_is_back() -> None:
    kept = SimpleCookie(answered("/auth/login", referer=f"https://{HOST}/session?session=talk-1")["set-cookie"])[COOKIE]
    assert (kept["max-age"], kept["httponly"], kept["secure"], kept["samesite"]) == ("600", True, True, "lax")
    assert SimpleCookie(answered("/oauth2callback", cookie=kept.OutputString())["set-cookie"])[COOKIE]["max-age"] == "0"


def test_the_door_need_not_name_the_provider() -> None:
    asked_for: list[bytes] = []

    async def noting(scope: dict[str, Any], _receive: Any, send: Any) -> None:
        asked_for.append(scope["query_string"])
        await streamlit(scope, _receive, send)

    asked(LoginRedirect(noting), "/auth/login", host=HOST)
    (query,) = asked_for
    token = decode_provider_token(query.decode().removeprefix("provider="))
    assert token["provider"] == "default"


def test_where_nobody_signs_in_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "settings", lambda: None)
    assert answered("/auth/login", referer=f"https://{HOST}/board").keys() == {"location"}
