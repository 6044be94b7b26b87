"""A link opens one session until its day, and cannot be made or changed without the secret."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from audience.errors import AccessRefused, InvalidValue
from dashboard.access.identity import LINK_COOKIE, permit_of
from dashboard.access.secrets import SHARE_VARIABLE
from dashboard.access.settings import settings_of
from dashboard.access.share_links import ShareLink, opened
from tests.builders import BEGAN

SECRET = "a secret of share links, long enough"
LINK = ShareLink(link_id="k1", session_id="talk-1", until_s=int(BEGAN.timestamp()) + 3600, recording=True)


def test_a_link_opens_what_it_was_made_for() -> None:
    assert opened(LINK.signed(SECRET), SECRET, BEGAN) == LINK


def test_a_link_ends_to_the_second() -> None:
    token = LINK.signed(SECRET)
    assert opened(token, SECRET, BEGAN + timedelta(seconds=3599.9)) == LINK
    with pytest.raises(AccessRefused, match="good until Mon 4 May 2026, 20:30 UTC"):
        opened(token, SECRET, BEGAN + timedelta(hours=1))


def test_another_secret_ends_all_links() -> None:
    with pytest.raises(AccessRefused, match="not valid"):
        opened(LINK.signed(SECRET), SECRET.upper(), BEGAN)


def test_the_signature_of_one_link_does_not_open_another() -> None:
    other = ShareLink(link_id="k1", session_id="talk-2", until_s=LINK.until_s, recording=True).signed(SECRET)
    forged = f"{other.partition('.')[0]}.{LINK.signed(SECRET).partition('.')[2]}"
    with pytest.raises(AccessRefused, match="not valid"):
        opened(forged, SECRET, BEGAN)


def test_of_many_links_those_that_were_opened_last_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers name the cookie first that they were given first."""
    monkeypatch.setenv(SHARE_VARIABLE, SECRET)
    cookies = {}
    for number in range(25):
        link = replace(LINK, link_id=f"k{number}", session_id=f"talk-{number}", until_s=int(time.time()) + 3600)
        cookies[f"{LINK_COOKIE}{link.link_id}"] = link.signed(SECRET)
    permit = permit_of(settings_of('address = "https://a.example"\ncontact = "Ada"'), {}, cookies)
    assert permit.linked == {f"talk-{number}" for number in range(5, 25)}


def test_a_secret_that_can_be_guessed_signs_nothing() -> None:
    with pytest.raises(InvalidValue, match="has 5 characters: use at least 32"):
        LINK.signed("guess")


@given(some.text(max_size=600) | some.text(alphabet="abcXYZ019-_.=", max_size=200))
def test_no_text_that_was_not_signed_opens_anything(token: str) -> None:
    with pytest.raises(AccessRefused):
        opened(token, SECRET, BEGAN)


@given(some.data())
def test_a_link_with_anything_changed_in_it_opens_nothing(data: some.DataObject) -> None:
    token = LINK.signed(SECRET)
    place = data.draw(some.integers(0, len(token) - 1))
    character = data.draw(some.characters().filter(lambda character: character != token[place]))
    with pytest.raises(AccessRefused):
        opened(token[:place] + character + token[place + 1 :], SECRET, BEGAN)
