"""The Search page: ask for a search, approve it, confirm what cameras saw, and see what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import streamlit as st

from audience.errors import HouselightsError, InvalidValue
from audience.identity.records import Roster, Sighting, Verdict, WatchEntry
from audience.identity.sealed import Profile
from audience.language import N_, gettext, ngettext
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.access.identity import permit
from dashboard.access.people_data import open_searches, search_rosters
from dashboard.access.permits import Duty
from dashboard.clock import date_text, time_text, viewer_zone
from dashboard.pages.acting import act, show_after_action, show_problem
from dashboard.pages.search import text
from dashboard.photos import photos

_LOOK_EVERY_S = 2
_PHOTO_PX = 160


@dataclass(frozen=True, slots=True)
class Part:
    """What the viewer does on the page.

    Attributes:
        key: what its button is known by.
        label: of the button, in English.
        duty: which it needs.
        name: the part they play, where the people are pretend ones.
    """

    key: str
    label: str
    duty: Duty
    name: str = ""


PARTS = (
    Part("ask", N_("Ask"), "request"),
    Part("approve", N_("Approve"), "approve"),
    Part("confirm", N_("Confirm"), "confirm"),
)
_END_LABELS = {"found": N_("Found: end and erase"), "withdrawn": N_("Withdraw: end and erase")}
ENDS: tuple[Literal["found", "withdrawn"], ...] = ("found", "withdrawn")
PRETEND_PARTS = (
    Part("ask", N_("Ask"), "request", "requester"),
    Part("approve", N_("Approve"), "approve", "approver"),
    Part("first look", N_("First look"), "confirm", "first confirmer"),
    Part("second look", N_("Second look"), "confirm", "second confirmer"),
)


def show() -> None:
    """Draws the page."""
    st.html(markup.page_title(gettext("Search"), gettext(text.LEAD)))
    rosters = search_rosters()
    if not rosters:
        st.html(markup.empty(gettext(text.NONE_HERE)))
        return
    roster = (
        rosters[0]
        if len(rosters) == 1
        else st.selectbox(gettext("Roster"), rosters, format_func=lambda one: one.name, key="search-roster")
    )
    if roster.pretend:
        st.html(markup.note(gettext(text.PRETEND)))
    show_problem()
    mine = PRETEND_PARTS if roster.pretend else [part for part in PARTS if part.duty in permit().duties]
    parts = {part.key: part for part in mine}
    chosen = st.segmented_control(
        gettext("What you do"),
        list(parts),
        default=mine[0].key,
        format_func=lambda one: gettext(parts[one].label),
        required=True,
        label_visibility="collapsed",
        key="search-part",
    )
    part = parts[chosen]
    {"request": _show_request, "approve": _show_approvals, "confirm": _show_sightings}[part.duty](roster, part)
    _show_running(roster, part)


def _show_request(roster: Roster, part: Part) -> None:
    with st.form("search-request", border=True, clear_on_submit=True):
        photo = st.file_uploader(
            gettext("A photo of the face"), key="search-photo", type=["jpg", "jpeg", "png", "webp"]
        )
        name = st.text_input(gettext("Who, and what they look like"), key="search-name", max_chars=200)
        basis = st.text_input(
            gettext("Legal basis"), key="search-basis", placeholder=gettext("missing person"), max_chars=200
        )
        reference = st.text_input(
            gettext("Reference"), key="search-reference", placeholder=gettext("police report 12/26"), max_chars=200
        )
        stages = st.text_input(
            gettext("Where to look"), ", ".join(roster.stages), key=f"search-stages-{roster.roster_id}"
        )
        adult = st.checkbox(
            gettext("The person is of age: children are not searched for by their face"), key="search-adult"
        )
        hours = st.number_input(gettext("For how many hours"), 1, 72, 24, key="search-hours")
        asked = st.form_submit_button(gettext("Ask for this search"), type="primary")
    if not asked:
        return
    try:
        if photo is None:
            raise InvalidValue(gettext(text.NEEDS_PHOTO))
        measured = photos().read(photo.getvalue(), template=not roster.pretend)
        if measured.problem or measured.quality is None:
            raise InvalidValue(measured.problem)
        with open_searches("request", roster, part=part.name) as searches:
            searches.request(
                roster.roster_id,
                Profile(name=name),
                np.ones(1, np.float32) if measured.vector is None else measured.vector,
                recogniser=measured.recogniser or "pretend-0",
                photos=[measured.quality],
                photo=measured.face,
                basis=basis,
                reference=reference,
                stages=[one.strip() for one in stages.split(",") if one.strip()],
                adult=adult,
                hours=int(hours),
            )
    except HouselightsError as problem:
        st.html(markup.trouble(in_words(problem)))
    else:
        st.html(f'<p class="hl-outcome" role="status">{escape(gettext(text.ASKED_FOR))}</p>')


def _show_approvals(roster: Roster, part: Part) -> None:
    with open_searches("approve", roster, part=part.name) as searches:
        waiting = [entry for entry in searches.entries(roster.roster_id) if entry.approved_at is None]
        if not waiting:
            st.html(markup.empty(gettext(text.NOTHING_WAITS)))
        for entry in waiting:
            profile, photo = searches.description(entry), searches.photo(entry)
            with st.container(border=True):
                with st.container(horizontal=True):
                    if photo:
                        st.image(photo, width=_PHOTO_PX, caption=gettext("The photo"))
                    st.html(
                        f"<b>{escape(profile.name if profile else entry.entry_id)}</b>{markup.facts(_facts(entry))}",
                        width="stretch",
                    )
                with st.container(horizontal=True):
                    for label, action in ((gettext("Approve"), "approve"), (gettext("Refuse"), "refuse")):
                        st.button(
                            label,
                            key=f"{action}-{entry.entry_id}",
                            type="primary" if action == "approve" else "secondary",
                            on_click=act,
                            args=(_decide, roster, part, entry, action),
                        )


def _facts(entry: WatchEntry) -> list[str]:
    return [
        entry.basis,
        entry.reference,
        gettext("at {places}", places=", ".join(entry.stages)),
        gettext("for {hours} h", hours=entry.hours),
        gettext("asked for by {name}", name=entry.requested_by),
    ]


def _decide(roster: Roster, part: Part, entry: WatchEntry, action: Literal["approve", "refuse"]) -> None:
    with open_searches("approve", roster, part=part.name) as searches:
        (searches.approve if action == "approve" else searches.refuse)(*entry.key)


@st.fragment(run_every=_LOOK_EVERY_S)
def _show_sightings(roster: Roster, part: Part) -> None:
    """What waits for the viewer's own word; looked up anew every two seconds."""
    st.html(markup.note(gettext(text.LOOK_ALONE)))
    zone = viewer_zone(st.context.timezone)
    with open_searches("confirm", roster, part=part.name) as searches:
        waiting = searches.to_look_at(roster.roster_id)
        if not waiting:
            st.html(markup.empty(gettext(text.NOTHING_TO_LOOK_AT)))
        for entry, sighting in waiting:
            photo, picture = searches.photo(entry), searches.picture(sighting)
            with st.container(border=True):
                seen = [
                    gettext("Seen at {time}", time=time_text(sighting.at_ms, zone)),
                    gettext("at {places}", places=sighting.stage_id),
                ]
                st.html(markup.facts(seen))
                with st.container(horizontal=True):
                    if photo:
                        st.image(photo, width=_PHOTO_PX, caption=gettext("The photo"))
                    if picture:
                        st.image(picture, width=_PHOTO_PX, caption=gettext("What the camera saw"))
                st.html(markup.note(text.how_sure(sighting)))
                with st.container(horizontal=True):
                    for verdict, label in (
                        ("same person", gettext("The same person")),
                        ("somebody else", gettext("Somebody else")),
                    ):
                        st.button(
                            label,
                            key=f"{verdict}-{sighting.sighting_id}",
                            on_click=act,
                            args=(_confirm, roster, part, sighting, verdict),
                        )
    show_after_action()


def _confirm(roster: Roster, part: Part, sighting: Sighting, verdict: Verdict) -> None:
    with open_searches("confirm", roster, part=part.name) as searches:
        searches.confirm(sighting, verdict)


def _show_running(roster: Roster, part: Part) -> None:
    """The searches that run, with what was seen and said, and those that ended."""
    zone = viewer_zone(st.context.timezone)
    with open_searches(part.duty, roster, part=part.name) as searches:
        for entry in searches.entries(roster.roster_id):
            if entry.expires_at is None or entry.approved_at is None:
                continue
            states = searches.sightings(entry)
            with st.container(border=True):
                ends = date_text(entry.expires_at, zone)
                running = gettext("Running until {time}", time=ends)
                facts = [*_facts(entry), gettext("approved by {name}", name=entry.approved_by)]
                st.html(f"<b>{escape(running)}</b>" + markup.facts([*facts, text.times_seen(len(states))]))
                # Who is asked to look sees what others said only once it is settled.
                settled = [state for state in states if state.state in ("confirmed", "rejected")]
                confirms = part.duty == "confirm" or (not roster.pretend and "confirm" in permit().duties)
                shown = settled if confirms else states
                lines = [
                    gettext(
                        "{time} at {place}: {outcome}",
                        time=time_text(state.sighting.at_ms, zone),
                        place=state.sighting.stage_id,
                        outcome=text.outcome(state),
                    )
                    for state in shown
                ]
                if lines:
                    st.html(markup.listing(gettext("What was seen"), lines))
                with st.container(horizontal=True):
                    if part.duty == "approve":
                        st.button(
                            ngettext("Renew for {count} hour", "Renew for {count} hours", entry.hours),
                            key=f"renew-{entry.entry_id}",
                            on_click=act,
                            args=(_renew, roster, part, entry),
                        )
                    # Whoever confirms ends a search only because the person was found.
                    for why in ENDS[:1] if part.duty == "confirm" else ENDS:
                        st.button(
                            gettext(_END_LABELS[why]),
                            key=f"{why}-{entry.entry_id}",
                            on_click=act,
                            args=(_end, roster, part, entry, why),
                        )
        if ended := searches.ended(roster.roster_id):
            with st.expander(gettext("Ended")):
                st.html(markup.listing(gettext("Nothing of these is kept but this line"), map(text.ended_line, ended)))


def _renew(roster: Roster, part: Part, entry: WatchEntry) -> None:
    with open_searches("approve", roster, part=part.name) as searches:
        searches.renew(*entry.key)


def _end(roster: Roster, part: Part, entry: WatchEntry, why: Literal["found", "withdrawn"]) -> None:
    with open_searches(part.duty, roster, part=part.name) as searches:
        searches.end(entry.roster_id, entry.entry_id, why)


try:
    show()
except HouselightsError as problem:
    st.html(markup.trouble(in_words(problem)))
