"""Everything a page says, and what of it is not in the viewer's language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.pofile import read_po
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

CATALOGUES = Path(__file__).parents[2] / "audience" / "catalogues"
NAMED = {"alt", "aria-label", "data-name", "placeholder", "title"}
# Fields of Streamlit's messages, and of what components are given, that no viewer reads.
SILENT = {
    *("id", "form_id", "element_id", "key", "url_path", "page_script_hash", "query_param_key", "icon"),
    *("component_name", "js_content", "css_content", "state", "bad", "cue"),
    *("cameras", "totals", "alerted"),  # ids and counts of the operator's table
    *("field", "fold", "groupby", "as", "test", "calculate", "filter"),
}


class _Read(HTMLParser):
    """The pieces of text in HTML, those of attributes that are read out among them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value for name, value in attrs if name in NAMED and value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, Message):
        for field, one in value.ListFields():
            if field.name not in SILENT:
                yield from _strings(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in SILENT:
                yield from _strings(one)
    elif isinstance(value, str):
        if value.startswith(("{", "[")):
            try:
                yield from _strings(json.loads(value))
                return
            except ValueError:
                pass
        if value.startswith("<style"):
            return
        reader = _Read()
        reader.feed(value)
        yield from reader.texts
    elif hasattr(value, "__iter__") and not isinstance(value, bytes):
        for one in value:
            yield from _strings(one)


def texts_on(app: AppTest) -> list[str]:
    """Each piece of text that a page shows: labels, options, sentences, tables, what a component is given."""
    found = []
    for element in app._tree:
        if (proto := getattr(element, "proto", None)) is not None:
            found += [" ".join(text.split()) for text in _strings(proto)]
    return [text for text in found if text]


@cache
def _english(code: str) -> list[re.Pattern[str]]:
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    patterns = []
    for message in catalogue:
        ids = [message.id] if isinstance(message.id, str) else [*message.id]
        strings = [message.string] if isinstance(message.string, str) else [*message.string]
        for text in ids:
            # What is the same in both languages says nothing; nor does what is all but a word names and signs.
            words = re.findall("[A-Za-z]{2,}", re.sub(r"\{\w*\}", "", text))
            if text in strings or not words or ("{" in text and len(words) < 2):
                continue
            parts = [
                re.escape(said) + (".+" if name is not None else "") for said, name, _, _ in Formatter().parse(text)
            ]
            patterns.append(re.compile("".join(parts)))
    return patterns


def english_on(app: AppTest, code: str) -> list[str]:
    """What a page says in English although there is a translation."""
    return [text for text in texts_on(app) if any(one.fullmatch(text) for one in _english(code))]
