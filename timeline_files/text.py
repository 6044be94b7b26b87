# ruff: noqa: RUF001  letters that look alike are what encodings are told apart by
"""Decodes text files and splits them into lines."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers

LARGEST_TEXT = 8 * 2**20
# Ten thousand subtitles of several lines each.
MOST_LINES = 100_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The line ends of these formats; str.splitlines() would also split at form feeds and U+2028.
_LINE_ENDS = re.compile(r"\r\n|\n|\r")

_SIGNS: Final = set("«»„“”‘’–—…•·€£°§©®™¿¡\u00a0")
_ALPHABETS: Final = {
    "windows-1252": (
        "äöüß",
        "àâçéèêëîïôùûüœæ",
        "áéíóúñü",
        "àèéìòù",
        "áâãàçéêíóôõú",
        "åäöæøé",
        "áðéíóúýþæö",
        "éèëïöüáó",
    ),
    "windows-1250": ("áčďéěíňóřšťúůýž", "ąćęłńóśźż", "áéíóöőúüű", "áäčďéíĺľňóôŕšťúýž", "čćđšž", "ăâîşţ"),
    "windows-1251": ("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў№",),
}
_MIXED = re.compile("[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]|[a-z][À-ÖØ-ÞŽŠŒČĚŘŤŇĎ]")
_ASIAN: Final = (("cp932", ("HIRAGANA", "KATAKANA")), ("euc_kr", ("HANGUL",)), ("gb18030", ("CJK",)))


def text_of(data: bytes) -> str:
    """Decodes a file in UTF-8, or in UTF-16 with a byte order mark, and drops the mark.

    Raises:
        InvalidValue: the file is too large, or is not such text.
    """
    if len(data) > LARGEST_TEXT:
        raise InvalidValue(f"is {len(data) / 2**20:.0f} MiB: text has at most {LARGEST_TEXT >> 20}")
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = len(_LINE_ENDS.findall(data[: problem.start].decode("latin-1"))) + 1
        raise InvalidValue(f"line {line}: is not UTF-8 text: save the file as UTF-8") from None
    if "\0" in text:
        raise InvalidValue(f"line {len(_LINE_ENDS.findall(text.partition(chr(0))[0])) + 1}: holds a NUL: is this text?")
    return text


def as_utf8(data: bytes, answers: Answers) -> bytes:
    """A text file in UTF-8, whatever it was saved in; one whose encoding is not told by its bytes leaves a question.

    Raises:
        InvalidValue: the encoding that was answered does not exist, or does not fit.
    """
    if len(data) > LARGEST_TEXT:
        return data
    stated = answers.value("text=")
    if stated is not None:
        try:
            return data.decode(stated).removeprefix("\ufeff").encode()
        except (LookupError, UnicodeError):
            raise InvalidValue(f"cannot be read as {stated[:40]!r}: save the file as UTF-8") from None
    if any(data.startswith(mark) for mark, _ in _MARKS):
        return data
    if (wide := _wide(data)) is not None:
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        likeliest = _likely_encoding(data)
        if likeliest is None:
            return data
        line = len(_LINE_ENDS.findall(data[: problem.start].decode("latin-1")))
        sample = _LINE_ENDS.split(data.decode(likeliest, "replace"))[line].strip()[:40]
        names = [likeliest, *(name for name in (*_ALPHABETS, "mac_roman") if name != likeliest)]
        answers.choose(
            f"It is not UTF-8, and says nowhere what it is: line {line + 1} reads {sample!r}",
            {f"text={name}": name for name in names},
            f"text={likeliest}",
        )
        return data.decode(likeliest).encode()
    return data


def _wide(data: bytes) -> bytes | None:
    """UTF-16 without a byte order mark as UTF-8; None if it is none."""
    head = data[:4096]
    for encoding, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) >= 4 and len(data) % 2 == 0 and high.count(0) > len(high) * 0.4:
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            return None if "\0" in text else text.encode()
    return None


def _likely_encoding(data: bytes) -> str | None:
    """The older encoding in which a text reads best; None if there is none.

    First one in which all letters are those of one language, then the Western ones, where titles are in several.
    """
    texts = {}
    for name in (*_ALPHABETS, "mac_roman"):
        with suppress(UnicodeDecodeError):
            texts[name] = data.decode(name)
    for name, alphabets in _ALPHABETS.items():
        if name in texts and _fits(texts[name], alphabets):
            return name
    western = "".join(_ALPHABETS["windows-1252"])
    for name in ("windows-1252", "mac_roman"):
        if name in texts and _fits(texts[name], (western,)):
            return name
    for name, scripts in _ASIAN:
        with suppress(UnicodeDecodeError):
            text = data.decode(name)
            if any(unicodedata.name(sign, "").startswith(scripts) for sign in set(text) if not sign.isascii()):
                return name
    high = [sign for sign in texts.get("windows-1252", "") if not sign.isascii()]
    return "windows-1252" if high and sum(sign.isalpha() for sign in high) >= len(high) * 0.5 else None


def _fits(text: str, alphabets: Sequence[str]) -> bool:
    """Whether a text is words of one of the alphabets: no capital within a word, no word half Latin, half Cyrillic."""
    letters = {sign for sign in text.lower() if not sign.isascii()} - _SIGNS
    return any(letters <= set(alphabet) for alphabet in alphabets) and _MIXED.search(text) is None


def lines_of(text: str) -> list[str]:
    """Splits a text into lines, without their line ends.

    Raises:
        InvalidValue: there are more than `MOST_LINES`.
    """
    lines = _LINE_ENDS.split(text, maxsplit=MOST_LINES)
    if len(lines) > MOST_LINES:
        raise InvalidValue(f"has more than {MOST_LINES} lines: is this a timeline?")
    return lines
