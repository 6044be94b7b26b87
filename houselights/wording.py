"""Words of the lines that commands print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_IRREGULAR: Final = {"delivery": "deliveries", "person": "people", "status": "statuses"}


def counted(number: int, what: str) -> str:
    """A number with its noun, given as that of one."""
    return f"{number:,} {what if number == 1 else _IRREGULAR.get(what, f'{what}s')}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are; what a terminal would act on is shown as a question mark."""
    more = len(names) - most
    return ", ".join(map(printable, names[:most])) + (f" and {more} more" if more > 0 else "")


def printable(name: str) -> str:
    """A file's name as it can be shown in one line of a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)
