"""The session and stage in the page's address, and their choosers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from audience.language import gettext
from audience.sessions import Session, Stage
from dashboard import markup
from dashboard.access.entry import has_page, permit_here
from dashboard.data import SessionFile, whereabouts
from dashboard.wording import session_names, stage_names

_KEY = "session"


def choose_session(
    found: Sequence[Session],
    usual: Callable[[], str],
    *,
    label: str = "",
    label_visibility: Literal["visible", "collapsed"] = "visible",
    width: int | Literal["stretch"] = "stretch",
) -> str | None:
    """Shows the chooser of a session.

    The address holds its id, also of one that nobody chose: whatever begins or ends meanwhile, the page stays with its
    session, and a link to it opens the same one. Each choice is a step of the browser's history.

    Args:
        found: the sessions there are, for whoever looks; one at least.
        usual: the id of the one to begin with where the address names none.
        label, label_visibility, width: of the chooser; "Session" in the viewer's language without one.

    Returns:
        Its id; None where the address names none of those found: `show_not_found` says so.
    """
    names = session_names(list(found))
    if not st.query_params.get(_KEY):
        open_session(usual())
    # Before the chooser is drawn, so that it shows what the address says after going back and forward, too.
    st.session_state[_KEY] = shown = _named(st.query_params[_KEY], names)
    return st.selectbox(
        label or gettext("Session"),
        list(names),
        index=None if shown is None else 0,  # with an index none can be cleared away
        format_func=names.__getitem__,
        key=_KEY,
        on_change=_chosen,
        placeholder=gettext("Choose one"),
        label_visibility=label_visibility,
        width=width,
    )


def open_session(session_id: str) -> None:
    """Puts a session into the address; the next run of the page shows it."""
    st.query_params[_KEY] = session_id


def link_to_remote_audience(session: Session) -> None:
    """Leads to where people at home are invited, if that is for whoever looks, and the session can have them."""
    can_have_one = session.ended_at is None and session.mode == "expressions" and session.kind != "panel"
    if not can_have_one or not has_page(permit_here(), "operate"):
        return
    query = {_KEY: session.session_id, "part": "Remote audience"}
    st.page_link("operate/page.py", label=gettext("Invite people at home"), query_params=query)


def show_not_found() -> None:
    """Says that the session in the address does not exist for this viewer."""
    asked = st.query_params.get(_KEY, "")
    line = gettext(
        "There is no session “{session}” here{place}. It may have been deleted, be in another store, or be one that "
        "you may not see: choose one from the list.",
        session=asked,
        place=whereabouts(),
    )
    st.html(markup.empty(line))


def _chosen() -> None:
    open_session(st.session_state[_KEY])


def _named(asked: str, names: dict[str, str]) -> str | None:
    """The session of that id; else the one that is called so, as addresses had it once."""
    if asked in names:
        return asked
    return next((session_id for session_id, name in names.items() if name == asked), None)


def choose_stage(file: SessionFile) -> Stage:
    """Shows the chooser of a stage, and gives its stage: chosen, named in the address, else the first."""
    names = stage_names(file.stages)
    if len(names) == 1:
        return file.stages[0]
    if (wanted := st.query_params.get("stage")) in names:
        # The chooser itself puts into the address what a stage is called, and knows no ids.
        del st.query_params["stage"]
        st.session_state["stage"] = wanted
    chosen = st.selectbox(
        gettext("Stage"),
        list(names),
        format_func=names.__getitem__,
        key="stage",
        bind="query-params",
        label_visibility="collapsed",
        width=175,
    )
    return next(stage for stage in file.stages if stage.stage_id == chosen)
