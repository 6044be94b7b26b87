"""The room notice on the page Operate: the sheet to print, and that it is up."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from audience.errors import HouselightsError
from audience.language import N_, gettext
from audience.sessions import Session
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.access.people_data import purposes_on
from dashboard.clock import date_text, viewer_zone
from dashboard.notice.contents import BASES, PICTURES, Basis, NoticeDetails, Pictures, notice_of
from dashboard.notice.words import LANGUAGES, words_in
from dashboard.pages.acting import act
from dashboard.pages.operate import data
from dashboard.pages.operate.operator_name import ask_name

_PICTURES: dict[Pictures, str] = {
    "none": N_("Nothing: scored here, no picture is kept"),
    "cloud": N_("Scored by Amazon Rekognition, then deleted"),
    "recorded": N_("The audience is filmed and scored later"),
}
_BASES: dict[Basis, str] = {
    "interest": N_("Legitimate interest"),
    "consent": N_("Consent"),
    "public task": N_("Public task"),
}
_PAPERS: dict[Literal["a4", "letter"], str] = {"a4": "A4", "letter": "Letter"}


def show_room_notice(session_id: str) -> None:
    """What the sheet says that only the operator knows, its files, and that it is up."""
    now = data.situation(session_id)
    session = now.session
    st.html(markup.note(_so_far(session)))
    usual: Pictures = "recorded" if data.has_recordings(session_id) else "none"
    with st.container(horizontal=True):
        codes = st.multiselect(
            gettext("Languages"),
            LANGUAGES,
            ["en"],
            format_func=lambda code: words_in(code)["name"],
            key="notice-languages",
            width=420,
        )
        paper = st.selectbox(
            gettext("Paper"), list(_PAPERS), format_func=_PAPERS.__getitem__, key="notice-paper", width=120
        )
    with st.container(horizontal=True):
        responsible = st.text_input(
            gettext("Responsible"), key="notice-responsible", placeholder=gettext("Left empty: a line to write on")
        )
        contact = st.text_input(
            gettext("Contact"), key="notice-contact", placeholder=gettext("Left empty: a line to write on")
        )
    with st.container(horizontal=True):
        seats = st.text_input(gettext("Out of view"), key="notice-seats", placeholder=gettext("Balcony, left"))
        address = st.text_input(gettext("More to read, as a QR code"), key="notice-address", placeholder="https://…")
    with st.container(horizontal=True):
        pictures = st.selectbox(
            gettext("Pictures of people"),
            PICTURES,
            PICTURES.index(usual),
            format_func=lambda pictures: gettext(_PICTURES[pictures]),
            key=f"notice-pictures-{session_id}",
            width=420,
        )
        basis = st.selectbox(
            gettext("Legal basis"),
            BASES,
            None,
            format_func=lambda basis: gettext(_BASES[basis]),
            placeholder=gettext("A line to write on"),
            key="notice-basis",
            width=240,
        )
    try:
        details = NoticeDetails(
            responsible=responsible.strip(),
            contact=contact.strip(),
            out_of_view=seats.strip(),
            address=address.strip(),
            basis=basis,
            pictures=pictures,
            purposes=purposes_on(session_id, [stage.stage_id for stage in now.stages]),
        )
    except HouselightsError as problem:
        st.html(markup.trouble(in_words(problem)))
        return
    _offer(session, details, tuple(codes), paper)
    by = ask_name()
    if not by:
        st.html(markup.note(gettext("To record that the sheet is up, give your name.")))
    st.button(gettext("The sheet is up"), disabled=not by, on_click=act, args=(data.notice_is_up, session_id, by))
    st.html(markup.note(gettext("It says what the law asks for in short, and is not legal advice.")))


def _offer(session: Session, details: NoticeDetails, codes: tuple[str, ...], paper: Literal["a4", "letter"]) -> None:
    """Two files. Asking for one is recorded; nothing is made before."""

    def pdf() -> bytes:
        from dashboard.notice.pdf import pdf_of

        notices = [notice_of(session, details, code) for code in codes]
        return pdf_of(notices, session=session.name, address=details.address, paper=paper)

    def page() -> bytes:
        from dashboard.notice.html_page import html_of

        notices = [notice_of(session, details, code) for code in codes]
        return html_of(notices, session=session.name, address=details.address).encode()

    kinds = (("PDF", "pdf", "application/pdf", pdf), ("HTML", "html", "text/html", page))
    with st.container(horizontal=True):
        for name, ending, mime, make in kinds:
            st.download_button(
                gettext("Sheet ({kind})", kind=name),
                make,
                f"{session.session_id}-notice.{ending}",
                mime,
                key=f"notice-{ending}",
                on_click=act,
                args=(data.sheet_made, session.session_id, codes),
                icon=":material/download:",
                disabled=not codes,
            )


def _so_far(session: Session) -> str:
    """Whether people were informed, and by what."""
    zone = viewer_zone(st.context.timezone)
    notice = session.notice
    if notice is not None and notice.up_at is not None:
        when = date_text(notice.up_at, zone)
        return gettext(
            "The people in view are informed: {name} put the sheet up on {date}.", name=notice.up_by, date=when
        )
    if session.notice_given:
        return gettext("The people in view are informed, as was said when the session was set up.")
    if notice is not None and notice.sheet_at is not None:
        names = ", ".join(words_in(code)["name"] for code in notice.languages if code in LANGUAGES)
        return gettext(
            "A sheet was made on {date} ({languages}). Nobody said yet that it is up.",
            date=date_text(notice.sheet_at, zone),
            languages=names,
        )
    return gettext(
        "Nobody said yet that the people in view are informed: print the sheet, and put it up where they come in."
    )
