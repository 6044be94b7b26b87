"""The typefaces of reports: those of the pages, as packages carry them. Which letters they have, and parts of them."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

import uharfbuzz

from audience.language import N_

# Stands for what none of them has.
MISSING: Final = "?"
NOT_DRAWN: Final = N_(
    "A “{sign}” may stand for signs that this file's typefaces do not have (other than Latin, Greek and Cyrillic "
    "letters); the HTML report shows them."
)
SANS, SERIF = "Source Sans Pro", "Source Serif Pro"
_PACKAGES: Final = {SANS: "font_source_sans_pro", SERIF: "font_source_serif_pro"}
# What pages are set in: text, its heavier kind, and headings.
TEXT, BOLD, HEADING = "SourceSansPro-Regular", "SourceSansPro-Semibold", "SourceSerifPro-Semibold"
_USED: Final = ((SANS, 400, TEXT), (SANS, 600, BOLD), (SERIF, 600, HEADING))


def typeface_file(name: str) -> str:
    """Where a typeface lies.

    Args:
        name: such as `SourceSansPro-Semibold`.
    """
    package = _PACKAGES[SERIF if name.startswith("SourceSerif") else SANS]
    return str(files(package) / "files" / f"{name}.ttf")


def folders() -> list[str]:
    """Where the files of the typefaces lie."""
    return [str(files(package) / "files") for package in _PACKAGES.values()]


def font_faces(text: str) -> str:
    """CSS that holds the typefaces, cut down to the letters of a text; nothing is fetched for them.

    Args:
        text: all that is set in them.
    """
    letters = {*map(ord, text)}
    return "".join(
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; "
        f"src: url(data:font/ttf;base64,{b64encode(_cut(file, letters)).decode()}) format('truetype'); }}\n"
        for family, weight, file in _USED
    )


def drawable(text: str) -> str:
    """The text as these typefaces can draw it.

    A letter and its accent that are two characters become one where there is one. What they have no glyph for (Chinese,
    Japanese, Korean, Arabic, Hebrew, emoji) becomes `MISSING`, a run of it one; marks that show nothing are left out.
    """
    runs = groupby(_shown(text), _is_missing)
    return "".join(MISSING if missing else "".join(run) for missing, run in runs)


def lacks(text: str) -> bool:
    """Whether something in the text is drawn as `MISSING`."""
    return any(map(_is_missing, _shown(text)))


def _shown(text: str) -> list[str]:
    signs = unicodedata.normalize("NFC", text)
    return [sign for sign in signs if ord(sign) in _known() or unicodedata.category(sign) not in ("Cf", "Mn", "Me")]


def _is_missing(sign: str) -> bool:
    return ord(sign) not in _known() and sign not in "\n\t"


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    """The letters that text and headings have."""
    return frozenset.intersection(*(frozenset(_face(file).unicodes) for _, _, file in _USED))


@lru_cache(maxsize=len(_USED))
def _face(file: str) -> Any:
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(typeface_file(file)))


def _cut(file: str, letters: Iterable[int]) -> bytes:
    """A typeface with some of its letters."""
    part = uharfbuzz.SubsetInput()
    part.unicode_set.update(letters)
    part.flags = uharfbuzz.SubsetFlags.NO_HINTING
    # Beside what it keeps by itself: figures that stand under each other in tables.
    part.layout_feature_tag_set.add(int.from_bytes(b"tnum", "big"))
    cut: bytes = uharfbuzz.subset(_face(file), part).blob.data
    return cut
