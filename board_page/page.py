"""Pages of one HTML file each, with their style and script inside: the board's, and how others are put together.

The board's is the same for every session, and asks for nothing but its own snapshot.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

Words = Mapping[str, str | Mapping[str, str]]
"""Texts by key, some of them by section or by plural form."""

KEEP_PAGE: Final = "public, max-age=300"
KEEP_SNAPSHOT: Final = "public, max-age=0, s-maxage=2, stale-while-revalidate=10"
"""Cache-Control: a cache in between asks once an update for everybody, and never lets them wait for it."""
PAGE_TYPE: Final = "text/html; charset=utf-8"
SNAPSHOT_TYPE: Final = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page as it is sent.

    Attributes:
        body: HTML in UTF-8.
        packed: the same, gzipped.
        policy: its Content-Security-Policy: its own style and script and nothing else, by their hashes.
    """

    body: bytes
    packed: bytes
    policy: str


@cache
def page() -> Page:
    """The board's page. It may stand in a frame of any site, since there is nothing on it to be tricked into."""
    # Escaped, because a text of it may hold what ends a script.
    packed = json.dumps(words(), ensure_ascii=False, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
    return assembled("board_page", frames="*", script_before=f'"use strict";\nconst WORDS = {packed};\n')


def polling_rule() -> str:
    """The beginning of the page's script, which says how often a page asks: `places` and `wait_ms`."""
    return (files("board_page") / "page.js").read_text("utf-8").partition("const $ =")[0]


@cache
def words() -> Mapping[str, Words]:
    """The board's texts by language: those of every file in `words/`, whose name is the language's ISO 639-1 code."""
    texts = (file for file in (files("board_page") / "words").iterdir() if file.name.endswith(".toml"))
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text("utf-8"))
        for file in sorted(texts, key=lambda file: file.name)
    }


def assembled(
    package: str,
    *,
    frames: str = "'none'",
    images: str = "data:",
    scripts: str = "",
    media: str = "",
    translate: Callable[[str], str] = str,
    style_before: str = "",
    script_before: str = "",
) -> Page:
    """Puts a page together from `page.html`, `page.css` and `page.js` of a package.

    Args:
        package: its dotted name.
        frames: in frames of which sites it may stand, as the policy's `frame-ancestors` has it.
        images: where its pictures come from, as the policy's `img-src` has it.
        scripts: where scripts come from beside its own, workers included, as `script-src` has it; "" for nowhere.
        media: where its videos come from, as `media-src` has it; "" for nowhere.
        translate: makes the HTML that is sent of that in `page.html`, before style and script are put in.
        style_before: style that stands before that in `page.css`.
        script_before: script that runs before that in `page.js`.
    """
    here = files(package)
    style, script = ((here / name).read_text("utf-8") for name in ("page.css", "page.js"))
    style, script = style_before + style, script_before + script
    html = translate((here / "page.html").read_text("utf-8"))
    html = html.replace("/*style*/", style).replace("/*script*/", script)
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src {images}; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}' {scripts}".rstrip()
        + f"; base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
    )
    if media:
        policy += f"; media-src {media}"
    body = html.encode()
    return Page(body=body, packed=gzip.compress(body, 9, mtime=0), policy=policy)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
