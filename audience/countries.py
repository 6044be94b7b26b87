"""Countries: read from what a person writes, and named for one who reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from audience.country_names import TABLE
from audience.errors import InvalidValue

# A code of two letters that is used beside the one of ISO 3166-1; the EU writes Greece so.
_ALSO_WRITTEN = {"EL": "GR"}
_MOST_SUGGESTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country or territory of ISO 3166-1.

    Attributes:
        code: alpha-2, as `DE`.
        long_code: alpha-3, as `DEU`.
        name: in English.
        other_names: what else people write, in the languages spoken there or in English.
    """

    code: str
    long_code: str
    name: str
    other_names: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name with code and other names, for a list that is searched: `Germany (DE) · Deutschland`."""
        return " · ".join([f"{self.name} ({self.code})", *self.other_names])


@cache
def countries() -> Mapping[str, Country]:
    """All countries by code, in the alphabetical order of their names."""
    return {one.code: one for one in sorted(_read(), key=lambda one: _plain(one.name))}


def country_code(text: str) -> str:
    """The ISO 3166-1 alpha-2 code of a country, as `DE`.

    Args:
        text: the code (of two letters or of three) or a name, in any case, with or without accents.

    Raises:
        InvalidValue: it is no country's code and no name that one country alone has; the message names what may have
            been meant. Nothing is cut or guessed: `Germany` is Germany, and never `GE`, which is Georgia.
    """
    written = text.strip()
    # Not every capital of a letter is that letter's own: that of ß is SS, which is South Sudan.
    if written.isascii() and (code := _ALSO_WRITTEN.get(written.upper(), written.upper())) in countries():
        return code
    if (found := _by_name().get(_plain(written))) is not None:
        return found
    meant = " or ".join(_suggested(_plain(written)))
    raise InvalidValue(
        f"{text!r} is no country's name or code: "
        + (f"did you mean {meant}?" if meant else "write one such as Germany or DE")
    )


def country_name(code: str) -> str:
    """The English name of a country, by its alpha-2 code."""
    return countries()[code].name


def _read() -> Iterator[Country]:
    for line in TABLE.strip().splitlines():
        code, long_code, names = line.split(" ", 2)
        name, *others = names.split(" | ")
        yield Country(code=code, long_code=long_code, name=name, other_names=tuple(others))


@cache
def _by_name() -> Mapping[str, str]:
    return {
        _plain(written): one.code
        for one in countries().values()
        for written in (one.long_code, one.name, *one.other_names)
    }


def _plain(text: str) -> str:
    """A name without what people write one way or the other: case, accents, "the", "St." for "Saint", "&" for "and"."""
    folded = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ").replace(".", "")
    bare = "".join(one for one in folded if not unicodedata.combining(one))
    words = "".join(one if one.isalnum() else " " for one in bare).split()
    if words[:1] == ["the"]:
        words = words[1:]
    return " ".join("saint" if word == "st" else word for word in words)


def _suggested(plain: str) -> list[str]:
    """Countries that may have been meant: those whose names begin or end so, else those written much alike."""
    if len(plain) < 3:  # so little is in most names
        return []
    within = [name for name in _by_name() if f" {plain}" in f" {name}" or f" {plain} ".endswith(f" {name} ")]
    alike = within or get_close_matches(plain, _by_name(), n=_MOST_SUGGESTED)
    return list(dict.fromkeys(country_name(_by_name()[name]) for name in alike))[:_MOST_SUGGESTED]
