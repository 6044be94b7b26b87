"""The words of the room notice: one file a language in `texts/`, for translators to edit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final

from audience.errors import InvalidValue

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "tr")
"""Languages there are, by ISO 639-1 code. All are written in letters that the sheet's typeface has."""

Words = Mapping[str, str]


def languages_of(text: str) -> tuple[str, ...]:
    """Languages from a list of codes, such as "de,en"; each once, in their order.

    Raises:
        InvalidValue: one is not there, or none is named.
    """
    codes = tuple(dict.fromkeys(code.strip().lower() for code in text.split(",") if code.strip()))
    return checked(codes)


def checked(codes: Sequence[str]) -> tuple[str, ...]:
    """The languages, one at least.

    Raises:
        InvalidValue: one is not there, or none is named.
    """
    for code in codes:
        if code not in LANGUAGES:
            raise InvalidValue(f"there is no notice in {code!r}: choose from {', '.join(LANGUAGES)}")
    if not codes:
        raise InvalidValue(f"no language is named: choose from {', '.join(LANGUAGES)}")
    return tuple(codes)


@lru_cache(maxsize=len(LANGUAGES))
def words_in(code: str) -> Words:
    """The words in a language, by section and key: "what.heads".

    Raises:
        InvalidValue: the language is not there.
    """
    checked([code])
    read = tomllib.loads((files(__package__) / "texts" / f"{code}.toml").read_text(encoding="utf-8"))
    found = {name: text for name, text in read.items() if isinstance(text, str)}
    for section, texts in read.items():
        if isinstance(texts, dict):
            found |= {f"{section}.{name}": text for name, text in texts.items()}
    return found


def days_text(code: str, days: int) -> str:
    """A number of days: "30 days".

    Args:
        code: the language.
        days: 1 or more.
    """
    return words_in(code)[f"days.{_plural(code, days)}"].format(n=days)


def _plural(code: str, number: int) -> str:
    """The plural form of a whole number (Unicode's plural rules): "one", "few" or "other"."""
    if number == 1:
        return "one"
    few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) if code == "pl" else number in (2, 3, 4)
    return "few" if few else "other"
