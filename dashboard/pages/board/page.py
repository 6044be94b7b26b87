"""The Stages page for staff: the board as of now, or of any instant of the day, at any speed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from audience.board.board import Board, session_is_over
from audience.board.liveliness import UPDATE_MS
from audience.errors import HouselightsError
from audience.language import N_, gettext
from audience.sessions import Session
from audience.time import from_ms, to_ms
from dashboard import markup
from dashboard.access.entry import in_words
from dashboard.charts.day import day_chart
from dashboard.charts.theme import palette_of
from dashboard.choices import choose
from dashboard.clock import date_text, time_text, viewer_zone
from dashboard.data import sessions
from dashboard.first_use import show_first_use
from dashboard.pages.board.data import boards, day, festivals
from dashboard.pages.board.needs import needs_line
from dashboard.pages.board.routes import ROUTE
from dashboard.pages.board.staff_table import staff_table
from dashboard.session_address import choose_session, show_not_found
from dashboard.wording import kind_words, plain

# A page costs its server more than a phone's board does, so it asks less often.
REFRESHES = {5.0: N_("Every 5 s"), 2.0: N_("Every 2 s"), 15.0: N_("Every 15 s"), 0.0: N_("Off")}
SPEEDS = {
    0: N_("Paused"),
    1: N_("Real time"),
    10: N_("{speed} times"),
    60: N_("{speed} times"),
    600: N_("{speed} times"),
}
ABOUT = N_(
    "Liveliness, 0 to 100: how much the faces in view smile, or look happy or surprised, over the last minute; the "
    "fewer faces in view, the closer to the mean of all stages. The bar is its interval. Stages whose intervals "
    "overlap are too close to call. Places and figures stand for 30 s at least, and a minute at most; faces, newest "
    "window and the last minute's line are newer."
)

BY_MINUTES = N_(
    "This festival has so many cameras that a replay is made from sums of whole minutes: places may differ a little "
    "from those that were shown, and moments in which a camera saw fewer than 25 faces are left out."
)


_MODES = {"Now": N_("Now"), "Replay": N_("Replay")}


def now_ms() -> int:
    """The instant of the update that is due, milliseconds since the epoch."""
    return to_ms(datetime.now(UTC)) // UPDATE_MS * UPDATE_MS


def choose_refresh() -> float:
    """Seconds between two updates; 0 for none."""
    usual = next(iter(REFRESHES))
    return choose(
        gettext("Refresh"), list(REFRESHES), key="every", usual=usual, name=_refresh_name, labelled=False, width=150
    )


def _refresh_name(every_s: float) -> str:
    return gettext(REFRESHES[every_s])


def show_table(board: Board) -> None:
    """The table of one instant."""
    st.html(staff_table(board))
    st.html(markup.note(gettext(ABOUT), board.caution))


def now(session: Session) -> None:
    """The board as of now, or as it ended."""
    board = boards().board(session.session_id, now_ms())
    if board is None:
        st.html(markup.empty(gettext("This festival is not in the store any more.")))
        return
    zone = viewer_zone(st.context.timezone)
    if not session_is_over(board.session, board.as_of_ms):
        st.html(needs_line(board, boards().cameras(session.session_id, board.as_of_ms)))
    shown = [
        gettext("As of {time}", time=time_text(board.as_of_ms, zone)),
        gettext("places and figures of {time}", time=time_text(board.ranked_at_ms, zone)),
    ]
    st.html(markup.facts(shown))
    show_table(board)


def replay(session: Session, every_s: float) -> None:
    """The board at the slider's instant; it moves by itself at the chosen speed."""
    whole = day(session, now_ms())
    zone = viewer_zone(st.context.timezone)
    # The slider shows the viewer's clock; what counts is how far it stands from its beginning.
    first = from_ms(whole.began_ms).astimezone(zone).replace(tzinfo=None)
    length = timedelta(milliseconds=whole.until_ms - whole.began_ms)
    key = f"instant-{session.session_id}"
    speed = st.session_state.get("speed", 0)
    stood = st.session_state.get(key)
    going = timedelta(seconds=every_s * speed)
    # Streamlit forgets where a slider stood once its ends are others, as they are while a festival goes on.
    if stood is None or going or st.session_state.get("ends") != (first, length):
        st.session_state[key] = min(max(first, (stood or first + length / 2) + going), first + length)
    st.session_state["ends"] = first, length
    with st.container(horizontal=True, vertical_alignment="bottom"):
        instant = st.slider(
            gettext("Instant"),
            first,
            first + length,
            key=key,
            step=timedelta(milliseconds=UPDATE_MS),
            format="HH:mm:ss",
        )
        st.selectbox(
            gettext("Speed"),
            list(SPEEDS),
            format_func=lambda speed: gettext(SPEEDS[speed], speed=speed),
            key="speed",
            width=190,
        )
    at_ms = whole.began_ms + round((instant - first).total_seconds() * 1000)
    show_table(whole.board(at_ms))
    chart = day_chart(whole.figures, whole.stages, at_ms, palette_of(st.context.theme.type), zone)
    alt = gettext("Liveliness of every stage over the day, and the instant of the board")
    st.altair_chart(chart, key="day", alt=alt, theme=None)
    if whole.minutes:
        st.html(markup.note(gettext(BY_MINUTES)))


def show(session: Session, every_s: float) -> None:
    """The body of the page, which refreshes by itself."""
    mode = st.segmented_control(
        gettext("When"),
        list(_MODES),
        default="Now",
        format_func=lambda mode: gettext(_MODES[mode]),
        key="when",
        label_visibility="collapsed",
        required=True,
    )
    try:
        if mode == "Replay":
            replay(session, every_s)
        else:
            now(session)
    except HouselightsError as problem:
        st.html(markup.trouble(in_words(problem)))


if found := festivals():
    head, choosers = st.columns([3, 2], vertical_alignment="center")
    with choosers, st.container(horizontal=True, horizontal_alignment="right", key="choosers"):
        chosen = choose_session(
            found, lambda: found[0].session_id, label=gettext("Festival"), label_visibility="collapsed", width=320
        )
        every_s = choose_refresh()
    if chosen is None:
        show_not_found()
        st.stop()
    session = next(one for one in found if one.session_id == chosen)
    began = date_text(session.started_at, viewer_zone(st.context.timezone))
    head.html(markup.header(session.name, kind_words(session), [began], ""))
    st.fragment(show, run_every=every_s or None)(session, every_s)
    public = f"{ROUTE}/{session.session_id}"
    phones, screens = f"[{plain(public)}]({public})", f"[{plain(public)}?kiosk=1]({public}?kiosk=1)"
    for_phones = gettext("For phones, without a login: {link}", link=phones)
    for_screens = gettext("for the big screen: {link}", link=screens)
    st.markdown(f"{for_phones} · {for_screens}")
else:
    st.html(markup.page_title(gettext("Stage board")))
    line = gettext("There is no festival in this store yet. Set one up under “Operate”, or simulate one and watch it:")
    command = "houselights simulate festival --live"
    if sessions():
        st.html(markup.empty(line, command))
    else:
        show_first_use(line, command)
