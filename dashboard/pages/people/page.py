"""The People page: rosters, who is on them, links to join, and withdrawal. Nobody else is recognised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape

import streamlit as st

from audience.errors import HouselightsError
from audience.identity.audit import AuditEntry, AuditTrail, broken_at
from audience.identity.links import Links
from audience.identity.people import People, Receipt
from audience.identity.records import Person, Roster
from audience.identity.store import IdentityStore
from audience.language import gettext, ngettext
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.access.identity import account
from dashboard.access.people_data import has_people, now, open_people, server_address
from dashboard.clock import date_text, viewer_zone
from dashboard.pages.acting import act, show_problem
from dashboard.pages.people.new_roster import show_new_roster
from dashboard.pages.people.text import LEAD, NO_ROSTER, purpose_name, trail_note

_JOIN_DAYS = 14
_LINK, _RECEIPT, _CHOSEN = "people-link", "people-receipt", "people-roster"
_SHOWN_OF_TRAIL = 50


def show() -> None:
    """Draws the page."""
    st.html(markup.page_title(gettext("People"), gettext(LEAD)))
    if not has_people():
        st.html(markup.empty(gettext(NO_ROSTER)))
        show_new_roster()
        return
    with open_people("people") as (store, people):
        rosters = [roster for roster in people.rosters() if roster.purpose != "search"]
        if rosters:
            roster = st.selectbox(
                gettext("Roster"),
                rosters,
                format_func=lambda one: f"{one.name} · {purpose_name(one.purpose)}",
                key=_CHOSEN,
            )
            _show_roster(store, people, roster)
        else:
            st.html(markup.empty(gettext(NO_ROSTER)))
        with st.expander(
            gettext("Set up another roster") if rosters else gettext("Set up a roster"), expanded=not rosters
        ):
            show_new_roster()
        with st.expander(gettext("What was done, and by whom")):
            _show_trail(store)


def _show_roster(store: IdentityStore, people: People, roster: Roster) -> None:
    facts = [
        gettext("Pretend people, of a demonstration") if roster.pretend else purpose_name(roster.purpose),
        gettext("Recognised at {stages}", stages=", ".join(roster.stages))
        if roster.stages
        else gettext("Recognised nowhere yet"),
        ngettext("A consent holds for {count} day", "A consent holds for {count} days", roster.consent_days),
    ]
    st.html(markup.facts(facts))
    show_problem()
    if receipt := st.session_state.pop(_RECEIPT, None):
        _show_receipt(receipt)
    everybody = people.people(roster.roster_id)
    if not everybody:
        st.html(markup.empty(gettext("Nobody is on this roster yet. Make a link, and let people join by themselves.")))
    for person in everybody:
        _show_person(people, roster, person)
    with st.container(border=True):
        _show_links(store, roster)


def _show_person(people: People, roster: Roster, person: Person) -> None:
    profile, consent, enrolment = people.profile(person.person_id), people.consent(person), people.enrolment(person)
    zone = viewer_zone(st.context.timezone)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        photo = people.photo(person.person_id)
        if photo:
            st.image(photo, width=56)
        name = profile.name if profile else gettext("Not finished")
        facts = [
            gettext("on the list since {date}", date=date_text(person.added_at, zone)),
            gettext("until {date}", date=date_text(consent.expires_at, zone)) if consent else gettext("no consent"),
            ngettext("{count} photo", "{count} photos", len(enrolment.photos))
            if enrolment
            else gettext("no photo yet: not recognised"),
            *([gettext("checked in")] if person.checked_in_at else []),
            *([gettext("a child, by a guardian")] if person.child else []),
        ]
        st.html(f"<b>{escape(name)}</b>{markup.facts(facts)}", width="stretch")
        if roster.purpose == "welcome desk":
            st.button(
                gettext("Check out") if person.checked_in_at else gettext("Check in"),
                key=f"check-{person.person_id}",
                on_click=act,
                args=(_check_in, person),
                kwargs={"out": person.checked_in_at is not None},
            )
        with st.popover(gettext("Withdraw")):
            leaves = gettext(
                "{name} leaves the list: the key is destroyed, and nothing of them can be read any more.", name=name
            )
            st.html(f"<p>{escape(leaves)}</p>")
            st.button(
                gettext("Withdraw and erase"),
                key=f"withdraw-{person.person_id}",
                type="primary",
                on_click=act,
                args=(_withdraw, person),
            )


def _check_in(person: Person, *, out: bool) -> None:
    with open_people("people") as (_, people):
        people.check_in(person.roster_id, person.person_id, out=out)


def _withdraw(person: Person) -> None:
    with open_people("people") as (_, people):
        st.session_state[_RECEIPT] = people.withdraw(person.roster_id, person.person_id)


def _show_receipt(receipt: Receipt) -> None:
    st.html(markup.listing(gettext("Withdrawn"), [removal.line for removal in receipt.removals]))


def _show_links(store: IdentityStore, roster: Roster) -> None:
    heading = gettext("Let people join by themselves")
    st.html(f"<b>{escape(heading)}</b>")
    st.button(
        ngettext("Make a link that is good for {count} day", "Make a link that is good for {count} days", _JOIN_DAYS),
        key="make-link",
        on_click=act,
        args=(_make_link, roster.roster_id),
    )
    if (made := st.session_state.get(_LINK)) and made[0] == roster.roster_id:
        st.code(made[1], language=None, wrap_lines=True)
        alt = gettext("QR code of the link to join, for the door")
        st.html(f'<img class="hl-qr" src="{markup.qr_picture(made[1])}" alt="{escape(alt)}">')
        st.html(markup.note(gettext("It is shown only now. Whoever has it can join this list.")))
    links = [link for link in Links(store, now=now).of_roster(roster.roster_id) if link.use == "join"]
    for link in links:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(
                markup.facts(
                    [
                        gettext("Link {link}", link=link.link_id),
                        gettext("until {date}", date=date_text(link.expires_at, viewer_zone(st.context.timezone))),
                    ]
                )
            )
            st.button(gettext("Revoke"), key=f"revoke-{link.link_id}", on_click=act, args=(_revoke, *link.key))


def _make_link(roster_id: str) -> None:
    with open_people("people") as (store, _):
        links = Links(store, now=now)
        token = links.make(roster_id, "join", valid_for=timedelta(days=_JOIN_DAYS))
        _audit(store, "join link made", roster_id, links.open(token, "join").link_id)
    st.session_state[_LINK] = (roster_id, f"{server_address()}/join/{token}")


def _revoke(roster_id: str, link_id: str) -> None:
    with open_people("people") as (store, _):
        Links(store, now=now).revoke(roster_id, link_id)
        _audit(store, "join link revoked", roster_id, link_id)
    st.session_state.pop(_LINK, None)


def _audit(store: IdentityStore, action: str, roster_id: str, link_id: str) -> None:
    AuditTrail(store).add(at=now(), actor=account(), action=action, roster_id=roster_id, detail=link_id)


def _show_trail(store: IdentityStore) -> None:
    entries = AuditTrail(store).entries()
    broken = broken_at(entries)
    if broken is not None:
        line = gettext("The trail was changed: entry {number} does not follow from those before it.", number=broken)
        st.html(markup.trouble(line))
    zone = viewer_zone(st.context.timezone)
    searches = _search_rosters(store, entries)
    shown = [entry for entry in entries if entry.roster_id not in searches]
    st.html(
        markup.figures(
            gettext("What was done"),
            (
                gettext("No."),
                gettext("When"),
                gettext("Who"),
                gettext("What"),
                gettext("Roster"),
                gettext("Whose"),
                gettext("Detail"),
            ),
            [
                (
                    str(entry.number),
                    f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                    entry.actor,
                    entry.action,
                    entry.roster_id,
                    entry.subject_id,
                    entry.detail,
                )
                for entry in reversed(shown[-_SHOWN_OF_TRAIL:])
            ],
        )
    )
    st.html(markup.note(trail_note(len(entries), entries[-1].hash if entries else "")))


def _search_rosters(store: IdentityStore, entries: Sequence[AuditEntry]) -> set[str]:
    """Ids of rosters for searches, erased ones too: what is searched for is no business of who keeps other rosters."""
    set_up = {one.roster_id for one in entries if one.action == "roster set up" and one.detail.startswith("search;")}
    return set_up | {roster.roster_id for roster in store.all(Roster) if roster.purpose == "search"}


try:
    show()
except HouselightsError as problem:
    st.html(markup.trouble(in_words(problem)))
