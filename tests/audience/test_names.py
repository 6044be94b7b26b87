"""Ids are plain, titles are not."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.ids import LONGEST_ID, LONGEST_TITLE, check_id, check_title

PLAIN = string.ascii_letters + string.digits


@pytest.mark.parametrize("name", ["a", "7", "talk-1", "2026.05.04_main", "A" * LONGEST_ID, "a..b", "a-"])
def test_plain_ids_are_taken_as_they_are(name):
    assert check_id("session id", name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a/b",
        "../etc/passwd",
        "a#b",
        "a\\b",
        "a:b",
        "a%2fb",
        "a\nb",
        "a\n",
        "a\x00b",
        ".hidden",
        "-rf",
        "_a",
        "..",
        "🎬",
        "talk🎬",
        "Höhle",
        "日本語",
        "é",
        "٣",
        "A" * (LONGEST_ID + 1),
        "A" * 300,
    ],
)
def test_an_id_that_would_trouble_a_key_a_file_or_an_address_is_refused(name):
    with pytest.raises(InvalidValue) as refusal:
        check_id("session id", name)
    message = str(refusal.value)
    assert message.startswith("session id ")
    assert "letters, digits" in message
    assert "\n" not in message
    assert len(message) < 250


@given(st.text(max_size=80))
def test_an_id_is_allowed_if_and_only_if_it_is_plain(name):
    plain = 1 <= len(name) <= LONGEST_ID and name[0] in PLAIN and all(character in PLAIN + "._-" for character in name)
    try:
        check_id("id", name)
    except InvalidValue:
        assert not plain
    else:
        assert plain


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True))
def test_every_plain_id_is_allowed(name):
    assert check_id("id", name) == name


@pytest.mark.parametrize(
    "title", ["", "Keynote: 10 % more / less?", "日本語のタイトル", "عنوان", "🎬👩‍👩‍👧 night", "x" * LONGEST_TITLE]
)
def test_titles_may_be_in_any_script(title):
    assert check_title("title", title) == title


@pytest.mark.parametrize(
    "title", ["two\nlines", "tab\tbed", "nul\x00", "\x1b[31mred", "del\x7f", "next\x85line", "a\u2028b"]
)
def test_a_title_of_more_than_one_line_or_with_control_characters_is_refused(title):
    with pytest.raises(InvalidValue, match="control characters") as refusal:
        check_title("title", title)
    assert "\n" not in str(refusal.value)


def test_a_title_that_cannot_be_written_as_text_is_refused():
    """A command line hands bytes that are no UTF-8 on as lone surrogates, and no store can write those."""
    with pytest.raises(InvalidValue, match="title"):
        check_title("title", b"caf\xe9".decode("utf-8", "surrogateescape"))


def test_a_title_too_long_is_refused_with_both_lengths():
    with pytest.raises(InvalidValue, match=r"201 characters.*200"):
        check_title("title", "x" * 201)


@given(st.text(max_size=LONGEST_TITLE))
def test_a_title_that_is_allowed_can_be_written_anywhere(title):
    try:
        allowed = check_title("title", title)
    except InvalidValue:
        return
    assert allowed.encode().decode() == title
    assert len(title.splitlines()) <= 1
