"""The Panel page: one household minute by minute, or a whole panel's programmes with bands."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import get_args

import numpy as np
import streamlit as st

from audience.export.panel_tables import guests_table, minutes_table, presence_table, programmes_table
from audience.identity.households import Household
from audience.identity.presence import Source, agreement
from audience.identity.programmes import LEAST_MINUTES
from audience.language import N_, gettext, ngettext
from audience.percents import percent_text
from dashboard import markup
from dashboard.access.entry import permit_here
from dashboard.access.people_data import server_address
from dashboard.charts.presence import Span, household_chart, panel_chart, runs
from dashboard.charts.theme import LIGHT, palette_of
from dashboard.clock import date_text, viewer_zone
from dashboard.download import DownloadBundle, Picture, address, offer
from dashboard.pages.acting import act
from dashboard.pages.panel.data import (
    Evening,
    Floats,
    Home,
    close_button_page,
    evening,
    make_button_link,
    panel_sessions,
)
from dashboard.pages.panel.text import (
    ABOUT_LINK,
    HOW_VOTED,
    LEAD,
    NO_HOUSEHOLD,
    NO_PANEL,
    NONE,
    SOURCES,
    agreement_text,
    band_text,
    household_lead,
    number_text,
    panel_lead,
    small_panel,
)
from dashboard.session_address import choose_session, show_not_found
from dashboard.wording import kind_words

PAGE = "panel"
WHOLE = N_("The whole panel")
PICTURE_WIDTH = 1100
_MOST_MINUTES = 240
_LINK = "panel-link"


def programme_spans(found: Evening, home: Home) -> list[Span]:
    """What a household's set showed, from when to when, seconds from its first minute."""
    spans = []
    for title in found.programmes:
        shown_s = found.shown_s(home, title)
        if shown_s is not None:
            spans += [(title, 60.0 * begin, 60.0 * end) for begin, end in runs(shown_s >= 30)]
    return sorted(spans, key=lambda span: span[1])


def choose(found: Evening) -> tuple[Home | None, Source, int]:
    """The household, None for all; by what they count; and how many minutes reach somebody."""
    names = {home.presence.household.household_id: home.name for home in found.homes}
    if (asked := st.query_params.get("household")) in names:
        # The chooser puts into the address what a household is called, and knows no ids.
        del st.query_params["household"]
        st.session_state["household"] = asked
    household = st.selectbox(
        gettext("Household"),
        list(names) if len(names) == 1 else ["", *names],
        format_func=lambda one: names[one] if one in names else gettext(WHOLE),
        key="household",
        bind="query-params",
        label_visibility="collapsed",
        width=220,
    )
    source = st.segmented_control(
        gettext("Source"),
        list(get_args(Source)),
        default="button",
        required=True,
        format_func=lambda one: gettext(SOURCES[one]),
        key="source",
        bind="query-params",
        label_visibility="collapsed",
    )
    least = st.number_input(
        gettext("Minutes to be reached"),
        1,
        _MOST_MINUTES,
        LEAST_MINUTES,
        key="least",
        bind="query-params",
        width=180,
        help=gettext("In total, not in one piece."),
    )
    home = next((one for one in found.homes if one.presence.household.household_id == household), None)
    return home, source, least


def show_household(found: Evening, home: Home, source: Source, least: int) -> None:
    """One household."""
    presence, zone = home.presence, viewer_zone(st.context.timezone)
    figures = {
        title: one
        for title in found.programmes
        for one in found.programme(title, source, least)[0]
        if one.household == presence.household
    }
    leads = [household_lead(title, one, source, least) for title, one in figures.items()]
    st.html(markup.numbered(leads) if leads else markup.note(gettext("Nobody said what this set showed.")))
    chart = household_chart(
        presence, home.member_names, programme_spans(found, home), palette_of(st.context.theme.type), zone
    )
    alt = gettext("{household}, minute by minute", household=home.name)
    st.altair_chart(chart, key="minutes", alt=alt, theme=None)
    st.html(markup.note(gettext("In each row: above who was logged in, below who a camera saw in the room.")))
    known = ~presence.private
    rows = [
        (
            name,
            str(int((presence.by_button[:, place] == 1).sum())),
            str(int((presence.in_room[:, place] == 1).sum())),
            str(int(presence.unsure[known, place].sum())),
            _mean(presence.facing[:, place]),
            _mean(presence.smiling[:, place]),
        )
        for place, name in enumerate(home.member_names)
    ]
    head = (
        gettext("Member"),
        gettext("Min. logged in"),
        gettext("Min. in the room"),
        gettext("Min. unsure"),
        gettext("Facing the screen"),
        gettext("Smiling"),
    )
    st.html(markup.figures(gettext("Members"), head, rows))
    guests = float(np.nansum(presence.guest_count))
    st.html(
        markup.listing(
            gettext("This household"),
            [
                gettext(
                    "The set was on for {on} of {minutes} minutes; nobody was logged in for {nobody} of them.",
                    on=int((presence.set_on == 1).sum()),
                    minutes=len(presence.start_ms),
                    nobody=int((presence.uncovered == 1).sum()),
                ),
                ngettext("Guests: {count} person-minute.", "Guests: {count} person-minutes.", round(guests))
                if guests
                else gettext("No guests were logged in."),
                ngettext("Privacy: {count} minute.", "Privacy: {count} minutes.", int(presence.private.sum())),
                agreement_text(agreement([presence])),
            ],
        )
    )
    show_button_page(home)
    picture = household_chart(presence, home.member_names, programme_spans(found, home), LIGHT, zone)
    show_export(found, [home], least, Picture(name="minutes", chart=picture, width=PICTURE_WIDTH, alt=alt))


def show_panel(found: Evening, source: Source, least: int) -> None:
    """All households together."""
    zone = viewer_zone(st.context.timezone)
    programmes = [(title, *found.programme(title, source, least)) for title in found.programmes]
    if programmes:
        most = max(programmes, key=lambda one: np.nan_to_num(one[2].rating.value))
        st.html(markup.lead(panel_lead(most[0], most[2], least)))
    first = found.homes[0]
    spans = programme_spans(found, first) if _all_alike(found) else []
    watching = {one: found.watching(one) for one in SOURCES}
    start_ms = first.presence.start_ms
    chart = panel_chart(start_ms, watching, spans, palette_of(st.context.theme.type), zone)
    alt = gettext("Part of the panel's members who watched, minute by minute")
    st.altair_chart(chart, key="minutes", alt=alt, theme=None)
    head = (
        gettext("Programme"),
        gettext("Minutes"),
        gettext("Rating"),
        gettext("Reach"),
        gettext("Average audience"),
        gettext("Guests"),
        gettext("Household-min. nobody logged in"),
    )
    st.html(
        markup.figures(
            gettext("Programmes"),
            head,
            [
                (
                    title,
                    number_text(max((one.length_min for one in households), default=0.0)),
                    band_text(panel.rating),
                    band_text(panel.reach),
                    number_text(panel.average_audience),
                    number_text(panel.guests),
                    number_text(sum(one.uncovered_min for one in households)),
                )
                for title, households, panel in programmes
            ],
        )
    )
    notes = [small_panel(panel) for _, _, panel in programmes[:1]]
    st.html(
        markup.note(
            gettext(
                "Rating: members who watched at an average minute, of all who are known. Reach: those who watched at "
                "least the minutes chosen. In brackets 95 % bands between households; members are not weighted."
            ),
            *notes,
        )
    )
    st.html(
        markup.figures(
            gettext("Households"),
            (
                gettext("Household"),
                gettext("Members"),
                gettext("Min. set on"),
                gettext("Min. nobody logged in"),
                gettext("Min. private"),
                gettext("Buttons and camera agree"),
            ),
            [_household_row(home) for home in found.homes],
        )
    )
    st.html(markup.listing(gettext("Both ways"), [agreement_text(agreement([home.presence for home in found.homes]))]))
    picture = panel_chart(start_ms, watching, spans, LIGHT, zone)
    show_export(found, found.homes, least, Picture(name="minutes", chart=picture, width=PICTURE_WIDTH, alt=alt))


def show_button_page(home: Home) -> None:
    """Makes the address of a household's button page, for those whose duty people are."""
    if "people" not in permit_here().duties:
        return
    household = home.presence.household
    with st.popover(gettext("Button page")):
        st.html(markup.note(gettext(ABOUT_LINK)))
        st.button(gettext("Make its address"), key="make-link", on_click=act, args=(_make_link, household))
        if (made := st.session_state.get(_LINK)) and made[0] == household.key:
            st.code(made[1], language=None, wrap_lines=True)
            alt = escape(gettext("QR code of the button page's address"))
            st.html(f'<img class="hl-qr" src="{markup.qr_picture(made[1])}" alt="{alt}">')
        st.button(gettext("Close it"), key="close-link", on_click=act, args=(_close, household))


def _make_link(household: Household) -> None:
    st.session_state[_LINK] = (household.key, f"{server_address()}/household/{make_button_link(household)}")


def _close(household: Household) -> None:
    close_button_page(household)
    st.session_state.pop(_LINK, None)


def show_export(found: Evening, homes: Sequence[Home], least: int, picture: Picture) -> None:
    """Offers the minutes of some households, and all programmes by both sources."""
    build = partial(bundle, found, homes, least, picture, address(PAGE))
    tables = ["presence", "minutes", "guests", "programmes"]
    offer(build, page=PAGE, first=gettext("Table of presence"), tables=tables, pictures=[picture.name])


def bundle(found: Evening, homes: Sequence[Home], least: int, picture: Picture, opened_at: str) -> DownloadBundle:
    """The page as files."""
    presences = [home.presence for home in homes]
    programmes = [
        (title, source, *found.programme(title, source, least)) for title in found.programmes for source in SOURCES
    ]
    return DownloadBundle(
        page=PAGE,
        address=opened_at,
        chosen={
            "session": found.session.session_id,
            "households": [home.presence.household.household_id for home in homes],
            "least_minutes": least,
        },
        tables=[
            presence_table(presences),
            minutes_table(presences),
            guests_table(presences),
            programmes_table(programmes, least),
        ],
        pictures=[picture],
        stages=[],
        scorers={},
    )


def _household_row(home: Home) -> tuple[str, ...]:
    presence = home.presence
    found = agreement([presence])
    return (
        home.name,
        str(len(presence.members)),
        str(int((presence.set_on == 1).sum())),
        str(int((presence.uncovered == 1).sum())),
        str(int(presence.private.sum())),
        percent_text(found.share) if found.minutes else NONE,
    )


def _mean(shares: Floats) -> str:
    return NONE if np.isnan(shares).all() else percent_text(float(np.nanmean(shares)))


def _all_alike(found: Evening) -> bool:
    """Whether every household's set showed the same at the same time, so that one picture can say what."""
    shown = [programme_spans(found, home) for home in found.homes]
    return all(one == shown[0] for one in shown)


def show(found: Evening, home: Home | None, source: Source, least: int) -> None:
    """The body of the page."""
    if home is None:
        show_panel(found, source, least)
    else:
        show_household(found, home, source, least)
    st.html(markup.listing(gettext("How this is measured"), [gettext(line) for line in HOW_VOTED]))


if known := panel_sessions():
    head = st.container()
    choosers = st.container(horizontal=True, vertical_alignment="bottom", key="panel-choosers")
    with choosers:
        chosen = choose_session(
            known, lambda: known[0].session_id, label=gettext("Session"), label_visibility="collapsed", width=300
        )
    if chosen is None:
        show_not_found()
        st.stop()
    session = next(one for one in known if one.session_id == chosen)
    began = date_text(session.started_at, viewer_zone(st.context.timezone))
    head.html(markup.header(session.name, kind_words(session), [began], gettext(LEAD)))
    found = evening(chosen)
    if found.homes:
        with choosers:
            home, source, least = choose(found)
        show(found, home, source, least)
    else:
        st.html(markup.empty(gettext(NO_HOUSEHOLD)))
else:
    st.html(markup.page_title(gettext("Panel"), gettext(LEAD)))
    st.html(markup.empty(gettext(NO_PANEL), "houselights simulate household --households 12"))
