"""The typefaces of a PDF: those of the pages, as packages carry them; Latin, Greek and Cyrillic letters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.resources import files

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
    register()
    known = getFont(TEXT).face.charToGlyph.keys() & getFont(HEADING).face.charToGlyph.keys()
    drawn: list[str] = []
    for sign in unicodedata.normalize("NFC", text):
        if ord(sign) in known:
            drawn.append(sign)
        elif unicodedata.category(sign) not in ("Cf", "Mn", "Me") and drawn[-1:] != [MISSING]:
            drawn.append(MISSING)
    return "".join(drawn)
