"""The typefaces of a PDF: those of the pages, as packages carry them; Latin, Greek and Cyrillic letters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.resources import files
from itertools import groupby

from reportlab.pdfbase.pdfmetrics import getFont, registerFont
from reportlab.pdfbase.ttfonts import TTFont

TEXT, BOLD, HEADING = "SourceSansPro-Regular", "SourceSansPro-Semibold", "SourceSerifPro-Semibold"
_PACKAGES = {TEXT: "font_source_sans_pro", BOLD: "font_source_sans_pro", HEADING: "font_source_serif_pro"}
# Stands for what none of them has.
MISSING = "?"


@lru_cache(maxsize=1)
def register() -> None:
    """Makes them known to reportlab, once a process."""
    for name, package in _PACKAGES.items():
        registerFont(TTFont(name, str(files(package) / "files" / f"{name}.ttf")))


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
    return ord(sign) not in _known()


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    """The letters that text and headings have."""
    register()
    return frozenset(getFont(TEXT).face.charToGlyph.keys() & getFont(HEADING).face.charToGlyph.keys())
