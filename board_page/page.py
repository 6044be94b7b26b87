"""Pages of one HTML file each, with their style and script inside: the board's, and how others are put together.

The board's is the same for every session, and asks for nothing but its own snapshot.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import tomllib
from collections.abc import Mapping
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
    return assembled("board_page", frames="*", words=words())


@cache
def words() -> Mapping[str, Words]:
    """The board's texts by language: those of every file in `words/`, whose name is the language's ISO 639-1 code."""
    texts = (file for file in (files("board_page") / "words").iterdir() if file.name.endswith(".toml"))
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text("utf-8"))
        for file in sorted(texts, key=lambda file: file.name)
    }


def assembled(
    package: str, *, frames: str = "'none'", images: str = "data:", words: Mapping[str, Words] | None = None
) -> Page:
    """Puts a page together from `page.html`, `page.css` and `page.js` of a package.

    Args:
        package: its dotted name.
        frames: in frames of which sites it may stand, as the policy's `frame-ancestors` has it.
        images: where its pictures come from, as the policy's `img-src` has it.
        words: its texts by language, which take the place of `/*words*/{}` in the script.
    """
    here = files(package)
    style, script = ((here / name).read_text("utf-8") for name in ("page.css", "page.js"))
    if words is not None:
        packed = json.dumps(words, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        script = script.replace("/*words*/{}", packed.replace("<", "\\u003c"))
    html = (here / "page.html").read_text("utf-8").replace("/*style*/", style).replace("/*script*/", script)
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src {images}; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
    )
    body = html.encode()
    return Page(body=body, packed=gzip.compress(body, 9, mtime=0), policy=policy)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
