"""What ids may look like: they become keys, file names and addresses, so they are plain."""

from __future__ import annotations

import re
import unicodedata

from audience.errors import InvalidValue

LONGEST_ID = 64
LONGEST_TITLE = 200

# Control characters, line and paragraph separators, and lone surrogates, which a command line makes of bytes that are
# no UTF-8 and no store can write.
_NOT_IN_A_TITLE = ("Cc", "Zl", "Zp", "Cs")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_id(what: str, value: str) -> str:
    """Returns `value` if it may name a session, stage or camera.

    Args:
        what: what is being named, for the message ("session id").
        value: 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or a digit.

    Raises:
        InvalidValue: it may not.
    """
    if len(value) <= LONGEST_ID and _ID.fullmatch(value):
        return value
    shown = value if len(value) <= 40 else value[:37] + "..."
    raise InvalidValue(
        f"{what} {shown!r} is not allowed: use 1 to {LONGEST_ID} letters, digits, '.', '_' or '-', "
        "and begin with a letter or a digit"
    )


def check_title(what: str, value: str) -> str:
    """Returns `value` if it may be shown as a title: one line of at most 200 characters, no control characters.

    Raises:
        InvalidValue: it may not.
    """
    if len(value) > LONGEST_TITLE:
        raise InvalidValue(f"{what} has {len(value)} characters: use at most {LONGEST_TITLE}")
    if any(unicodedata.category(character) in _NOT_IN_A_TITLE for character in value):
        raise InvalidValue(f"{what} {value[:40]!r} holds control characters: leave them out")
    return value
