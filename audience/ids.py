"""Validation of ids and titles. Ids become keys, file names and URLs, so they use few characters."""

from __future__ import annotations

import re
import unicodedata

from audience.errors import InvalidValue

LONGEST_ID = 64
LONGEST_TITLE = 200

# Control characters, line and paragraph separators, and lone surrogates: Python makes these of command-line bytes that
# are not UTF-8, and no store can write them.
_NOT_IN_A_TITLE = ("Cc", "Zl", "Zp", "Cs")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_id(what: str, value: str) -> str:
    """Returns `value` if it is a valid id of a session, stage or camera.

    Args:
        what: the kind of id, for the error message ("session id").
        value: 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or a digit.

    Raises:
        InvalidValue: it is not valid.
    """
    if len(value) <= LONGEST_ID and _ID.fullmatch(value):
        return value
    shown = value if len(value) <= 40 else value[:37] + "..."
    raise InvalidValue(
        f"{what} {shown!r} is not allowed: use 1 to {LONGEST_ID} letters, digits, '.', '_' or '-', "
        "and begin with a letter or a digit"
    )


def id_of(title: str) -> str:
    """An id made of a title: `Opening night: Zoë` gives `opening-night-zoe`; "" where none of its letters is in ids."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-")


def check_title(what: str, value: str) -> str:
    """Returns `value` if it is a valid title: one line of at most 200 characters, without control characters.

    Raises:
        InvalidValue: it is not valid.
    """
    if len(value) > LONGEST_TITLE:
        raise InvalidValue(f"{what} has {len(value)} characters: use at most {LONGEST_TITLE}")
    if any(unicodedata.category(character) in _NOT_IN_A_TITLE for character in value):
        raise InvalidValue(f"{what} {value[:40]!r} holds control characters: leave them out")
    return value


def check_text(what: str, value: str, longest: int) -> str:
    """Returns `value` if it is text of at most `longest` characters, whose only control characters are line breaks.

    Raises:
        InvalidValue: it is not.
    """
    if len(value) > longest:
        raise InvalidValue(f"{what} have {len(value)} characters: use at most {longest}")
    if any(unicodedata.category(character) in _NOT_IN_A_TITLE for character in value if character != "\n"):
        raise InvalidValue(f"{what} hold control characters: leave them out")
    return value
