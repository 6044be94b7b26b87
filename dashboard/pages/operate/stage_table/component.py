"""The table on the page, and what somebody asks for in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

KEY: Final = "stage-table"
_LONGEST_SEARCH: Final = 200

Wish = Literal["start", "pause", "resume", "open", "answer"]
WISHES: Final[tuple[Wish, ...]] = get_args(Wish)
"""Start, pause or resume what runs on stages, show stages, or answer alerts."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, and of which stages (or alerts, for "answer": without any, of all that nobody answered)."""

    wish: Wish
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at: ids of the stages that are open, in that order, and the words searched for."""

    opened: tuple[str, ...] = ()
    words: str = ""


def view() -> View:
    """What the viewer looks at now."""
    state = st.session_state.get(KEY) or {}
    opened, words = state.get("opened"), state.get("words")
    return View(
        tuple(str(one) for one in opened) if isinstance(opened, list) else (),
        words[:_LONGEST_SEARCH] if isinstance(words, str) else "",
    )


def stage_table(data: Mapping[str, Any], *, on_request: Callable[[Request], None]) -> None:
    """Shows the table; what is typed, filtered and chosen in it stays when it is drawn again.

    Args:
        data: see `packing.packed`, of the viewer's `view`.
        on_request: called before the page is drawn again.
    """

    def requested() -> None:
        if (request := _request(st.session_state[KEY].get("asked"))) is not None:
            on_request(request)

    def filtered() -> None:
        if st.session_state[KEY].get("needs"):
            st.query_params["needs"] = "me"
        else:
            st.query_params.pop("needs", None)

    only = st.query_params.get("needs") == "me"
    _component()(
        key=KEY,
        data={**data, "needs": only},
        default={"needs": only, "opened": [], "words": ""},
        on_asked_change=requested,
        on_needs_change=filtered,
        # What is opened and searched for is only drawn again; each needs a function for it to be state.
        on_opened_change=_nothing,
        on_words_change=_nothing,
    )


def _nothing() -> None:
    pass


def _request(asked: Any) -> Request | None:
    """What a browser sent, or None where it is nothing that the table sends."""
    if not isinstance(asked, dict) or asked.get("do") not in WISHES or not isinstance(asked.get("ids"), list):
        return None
    return Request(asked["do"], tuple(str(one) for one in asked["ids"]))


@cache
def _component() -> ComponentRenderer:
    files = resources.files("dashboard.pages.operate.stage_table")
    # All of it is sent with every drawing, its indentation for nothing.
    html, css, script = (
        "\n".join(line.strip() for line in files.joinpath(f"table.{kind}").read_text(encoding="utf-8").splitlines())
        for kind in ("html", "css", "js")
    )
    return st.components.v2.component("houselights.stage_table", html=html, css=css, js=script)
