"""Parts of pages that run in the browser, put together from their files in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import streamlit as st
from jinja2 import Environment

from audience.language import ENGLISH, gettext, language, texts_of, using

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


def component(name: str, package: str, html: str, css: str, scripts: Sequence[str]) -> ComponentRenderer:
    """A component, registered once in each language: a viewer who changes theirs gets one that has not begun.

    `{{ gettext("…") }}` in its HTML, and `gettext("…")` and `ngettext(…)` in its scripts, are sentences of catalogues.

    Args:
        name: what Streamlit knows it by.
        package: dotted name of the package that its files are in.
        html, css: names of files.
        scripts: of files that make one module, in this order; the last exports the component.
    """
    return _in_language(name, package, html, css, tuple(scripts), language())


@cache
def _in_language(
    name: str, package: str, html: str, css: str, scripts: tuple[str, ...], code: str
) -> ComponentRenderer:
    folder = files(package)
    with using(code):
        markup = Environment(autoescape=True).from_string((folder / html).read_text("utf-8")).render(gettext=gettext)
    texts: dict[str, str | tuple[str, ...]] = {}
    for script in scripts:
        texts |= texts_of(f"{package.replace('.', '/')}/{script}", code)
    said = f"const TEXTS = {json.dumps(texts, ensure_ascii=False)};\nconst LOCALE = {json.dumps(code)};\n"
    before = (files("dashboard") / "gettext.js").read_text("utf-8")
    return st.components.v2.component(
        f"houselights.{name}" + ("" if code == ENGLISH else f".{code}"),
        html=markup,
        css=(folder / css).read_text("utf-8"),
        js="\n".join([said + before, *((folder / script).read_text("utf-8") for script in scripts)]),
    )
