"""The public board's texts in every language, and whether its marks can be seen."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from board_page.page import words

TEXTS = words()
PLURALS = {"en": {"one", "other"}, "de": {"one", "other"}, "pl": {"one", "few", "many", "other"}}
PLURALS |= {code: {"one", "many", "other"} for code in ("fr", "es")}


def flat(code: str) -> dict[str, str]:
    found = {}
    for key, text in TEXTS[code].items():
        if isinstance(text, str):
            found[key] = text
        else:
            found |= {f"{key}.{form}": value for form, value in text.items()}
    return found


def test_the_board_speaks_five_languages():
    assert TEXTS.keys() >= {"en", "de", "fr", "es", "pl"}


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_language_says_everything_with_the_same_gaps(code):
    ours, english = flat(code), flat("en")
    plural = {key for key in TEXTS["en"] if not isinstance(TEXTS["en"][key], str) and "other" in TEXTS["en"][key]}
    for key in plural:
        assert set(TEXTS[code][key]) == PLURALS.get(code, {"other"} | set(TEXTS[code][key]))
    for key, text in ours.items():
        section = key.partition(".")[0]
        like = english[f"{section}.other"] if section in plural else english[key]
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", like)), key
        assert text.strip(), key
    assert {key for key in english if key.partition(".")[0] not in plural} <= ours.keys()
    assert TEXTS[code]["direction"] in ("ltr", "rtl")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_can_be_read_in_the_sun(theme):
    """WCAG 2.2, 1.4.3 and 1.4.11: text needs a contrast of 4.5 to 1, marks such as the interval one of 3."""
    css = (files("board_page") / "page.css").read_text("utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w+)", re.findall(r":root {(.*?)}", css)[theme]))
    full = {
        name: value if len(value) == 7 else "#" + "".join(2 * one for one in value[1:])
        for name, value in colours.items()
    }
    assert min(contrast(full[name], full["paper"]) for name in ("ink", "quiet", "up", "down")) >= 4.5
    assert contrast(full["mark"], full["paper"]) >= 3


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
