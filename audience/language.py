"""Sentences in the reader's language: gettext catalogues, one file a language, that a translator edits.

Texts stand in English in the code, `gettext("Nobody was ever in view.")`; `audience/catalogues/de.po` has the German
ones. English needs no catalogue and no library. The language is that of whoever reads: a page's server names it for
each request (`using`), or says once how to look it up (`follow`). Commands, logs and files for programs stay English.
"""

from __future__ import annotations

import gettext as catalogues
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ENGLISH: Final = "en"
LANGUAGES: Final = {ENGLISH: "English", "de": "Deutsch", "es": "Español", "fr": "Français", "pl": "Polski"}
"""What each language calls itself, by ISO 639-1 code, in the order of a list to choose from."""

_chosen: ContextVar[str | None] = ContextVar("language", default=None)
_readers: Callable[[], str] | None = None


def language() -> str:
    """The code of the reader's language, a key of `LANGUAGES`."""
    return _chosen.get() or (_readers() if _readers is not None else ENGLISH)


def follow(readers: Callable[[], str]) -> None:
    """Has `readers`, which returns a key of `LANGUAGES`, look the language up wherever `using` names none."""
    global _readers
    _readers = readers


@contextmanager
def using(code: str) -> Iterator[None]:
    """Makes a language the reader's, in this thread or task.

    Args:
        code: a key of `LANGUAGES`.
    """
    before = _chosen.set(code)
    try:
        yield
    finally:
        _chosen.reset(before)


def text_direction(code: str) -> str:
    """Which way a language is written, as HTML's `dir` has it: "ltr" or "rtl".

    Args:
        code: of any language, ISO 639-1.
    """
    if code == ENGLISH:
        return "ltr"
    from babel import Locale

    return Locale.parse(code).text_direction


def best_language(wanted: str) -> str:
    """The first language there is of those a browser asks for; English if none is.

    Args:
        wanted: as in `Accept-Language` (RFC 9110, section 12.5.4): "de-AT,de;q=0.9,en;q=0.5". Anything may stand there.
    """
    ranked = []
    for place, part in enumerate(wanted.split(",")):
        tag, _, weight = part.partition(";")
        quality = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", weight)
        rank = float(quality[1]) if quality else 1.0
        code = re.split(r"[-_]", tag.strip().lower(), maxsplit=1)[0]
        if code in LANGUAGES and rank > 0:
            ranked.append((-rank, place, code))
    return min(ranked)[2] if ranked else ENGLISH


def gettext(message: str, /, **values: object) -> str:
    """A sentence in the reader's language.

    Args:
        message: the English sentence, as a literal, since catalogues are made from the source. `{names}` in it are
            filled in as `str.format` does.
        values: what to fill in, already in words or a number without decimals.
    """
    # The key "" of a catalogue is its own description.
    return _filled(_catalogue(language()).gettext(message), values) if message else ""


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """A sentence that depends on a whole number; some languages have more than two forms of it.

    Args:
        one: the English sentence for one.
        many: for any other number.
        count: the number; `{count}` in a sentence is filled in with it, with separators ("1,204").
        values: see `gettext`.
    """
    translated = _catalogue(language()).ngettext(one, many, count)
    return _filled(translated, {"count": whole(count), **values})


def pgettext(context: str, message: str, /, **values: object) -> str:
    """A word that means different things in different places.

    Args:
        context: where it stands, for the translator: "button".
        message, values: see `gettext`.
    """
    return _filled(_catalogue(language()).pgettext(context, message), values)


def N_(message: str, /) -> str:
    """Marks a sentence that is translated later, by `gettext(CONSTANT)`; returns it unchanged."""
    return message


def texts_of(path: str, code: str) -> dict[str, str | tuple[str, ...]]:
    """The sentences of one source file in a language, for a script that runs in a browser.

    Args:
        path: of the file from the top of the source, as catalogues have it: "dashboard/pages/join/page.js".
        code: a key of `LANGUAGES`.

    Returns:
        By the English sentence, or that for one; a tuple where there are plurals. Empty for English.
    """
    if code == ENGLISH:
        return {}
    return {
        message.id if isinstance(message.id, str) else message.id[0]: (
            message.string if isinstance(message.string, str) else tuple(message.string or ())
        )
        for message in _source(code)
        if message.id and any(found == path for found, _ in message.locations)
    }


def whole(number: int) -> str:
    """A whole number with the separators of the reader's language: "1,204", "1.204"."""
    if (code := language()) == ENGLISH:
        return f"{number:,}"
    from babel.numbers import format_decimal

    return format_decimal(number, locale=code)


def decimal(number: float, digits: int) -> str:
    """A number with decimals in the reader's language: "0.25", "0,25".

    Args:
        number: finite.
        digits: the most decimals; trailing zeros are left out.
    """
    if (code := language()) == ENGLISH:
        text = f"{number:,.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    from babel.numbers import format_decimal

    return format_decimal(number, format=f"#,##0.{'#' * digits}", locale=code)


def _filled(translated: str, values: dict[str, object]) -> str:
    return translated.format(**values) if values else translated


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(code: str) -> catalogues.NullTranslations:
    """The sentences of a language; a sentence that its catalogue does not have stays English."""
    if code == ENGLISH:
        return catalogues.NullTranslations()
    from babel.messages.mofile import write_mo

    compiled = BytesIO()
    write_mo(compiled, _source(code))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


@lru_cache(maxsize=len(LANGUAGES))
def _source(code: str) -> Catalog:
    """A catalogue as its file has it."""
    from babel.messages.pofile import read_po

    with (files("audience") / "catalogues" / f"{code}.po").open("rb") as source:
        return read_po(source, locale=code)
