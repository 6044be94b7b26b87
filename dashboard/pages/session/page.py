"""One session as its presenter reads it: a headline, the recording with its curve, moments, segments, earlier talks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite, nan
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from audience.comparing.suggestions import Suggestion
from audience.errors import HouselightsError, SessionNotFound
from audience.faces import FACING, LEAD_EXPRESSION
from audience.language import gettext, ngettext
from audience.reaction.curve import StageWindows
from audience.reaction.headline import facing_sentence, position_text
from audience.reaction.moments import Moment
from audience.reaction.review import Review
from dashboard import data, markup
from dashboard.access.entry import has_page, in_words
from dashboard.access.identity import permit
from dashboard.charts.reaction import reaction_chart
from dashboard.charts.theme import palette_of
from dashboard.clock import viewer_zone
from dashboard.first_use import show_first_use
from dashboard.markup import units_kept
from dashboard.pages.session.choices import View, choose_view
from dashboard.pages.session.earlier import (
    Earlier,
    choose_earlier,
    mean_line,
    shares_by_title,
    show_earlier,
    usual_band,
)
from dashboard.pages.session.highlights import offer_highlights
from dashboard.pages.session.notes import ask_to_write, offer_mark, show_dialogs, show_notes
from dashboard.pages.session.picture import show_picture
from dashboard.pages.session.segments.component import segment_table
from dashboard.pages.session.speaker import is_speakers, link_to_speaker, show_speaker
from dashboard.player.player import KINDS, Marker, packed_markers
from dashboard.recordings import video_of
from dashboard.report.offer import offer_report
from dashboard.session_address import choose_stage, link_to_remote_audience
from dashboard.stills import still_url
from dashboard.video import NoVideo, Video
from dashboard.wording import (
    ABOUT_SUGGESTIONS,
    GAPS,
    NONE_SO_FAR,
    SO_FAR,
    about_facing,
    about_moments,
    band_words,
    compared_with,
    few_faces_note,
    how_to_score,
    kind_words,
    legend,
    outside_note,
    review_facts,
)


def moment_list(
    windows: StageWindows,
    found: Sequence[Moment],
    video: Video | NoVideo,
    address: Mapping[str, str],
    words: Sequence[tuple[str, str]] = (),
) -> str:
    """The moments as HTML; each is a link to its second, and has a marker on the player that is on the page.

    Args:
        windows: the stage's windows.
        found: the moments.
        video: where their stills come from, or why there are none.
        address: what the page's own address asks for.
        words: for each, what was said and the notes of its slide, or "" for either; none where no such thing is known.
    """
    markers = json.dumps(packed_markers([_marker(moment) for moment in found]))
    said = words or [("", "")] * len(found)
    items = "".join(_item(windows, one, video, address, its) for one, its in zip(found, said, strict=True))
    return f'<ol class="hl-moments" data-markers="{escape(markers)}">{items}</ol>'


def second_url(address: Mapping[str, str], second: float) -> str:
    """A deep link to a second of what an address shows."""
    return f"?{urlencode({**address, 't': int(second)})}"


def _marker(moment: Moment) -> Marker:
    return Marker(at_s=moment.session_s, kind=moment.kind, title=f"{moment.sentence} ({moment.sure})")


def _item(
    windows: StageWindows, moment: Moment, video: Video | NoVideo, address: Mapping[str, str], words: tuple[str, str]
) -> str:
    still = still_url(video, moment.session_s) if isinstance(video, Video) else None
    picture = f'<img src="{escape(still)}" alt="" loading="lazy">' if still else ""
    said, notes = words
    below = f'<q class="hl-moment-words" dir="auto">{escape(said)}</q>' if said else ""
    if notes:
        name = gettext("Notes")
        below += f'<span class="hl-moment-notes" dir="auto"><span>{escape(name)}</span> {escape(notes)}</span>'
    title = moment.segment or gettext(KINDS[moment.kind])
    return (
        f'<li><a href="{escape(second_url(address, moment.session_s))}" data-seek="{moment.session_s:g}" '
        f'target="_self">{picture}'
        f'<span class="hl-number hl-{moment.kind}">{moment.number}</span>'
        f'<span class="hl-moment-title">{escape(title)}</span>'
        f'<span class="hl-moment-when">{escape(position_text(windows, moment.place))} · {moment.sure}</span>'
        f'<span class="hl-moment-said">{escape(units_kept(moment.sentence))}</span>{below}'
        f"</a></li>"
    )


LIVE_REFRESH_S, WAITING_REFRESH_S = 2, 10


def show_stage(reader: data.Reader, file: data.SessionFile) -> None:
    """One stage of a session, the head of the page first."""
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="center", key="choosers"):
        stage = choose_stage(file)
        windows = reader.windows(file, stage)
        view = choose_view(file, windows)
        if view.expression is not None:
            link_to_speaker(file.session.session_id, stage)
    review = reader.review(file, stage, view.expression or LEAD_EXPRESSION)
    labels = [*kind_words(file.session), *([gettext("Live")] if file.live else [])]
    facts = review_facts(review, viewer_zone(st.context.timezone))
    if (cameras := len(file.cameras[stage.stage_id])) > 1:
        facts.append(ngettext("{count} camera", "{count} cameras", cameras))
    head.html(markup.header(file.session.name, labels, facts, review.headline))
    if file.session.kind == "panel" and has_page(permit(), "panel"):
        query = {"session": file.session.session_id, "household": stage.stage_id}
        head.page_link("panel/page.py", label=gettext("Who of the household was there →"), query_params=query)
    if review.length_s:
        show_review(reader, file, review, view)
    else:
        line = gettext("No camera has recorded anything on this stage yet. Score a recording into the session:")
        st.html(markup.empty(line, how_to_score(file.session.session_id)))
        st.html(markup.note(outside_note(windows)))


def show_review(reader: data.Reader, file: data.SessionFile, review: Review, view: View) -> None:
    """The recording with its curve, and under it what there is to say; what is chosen below shows above too."""
    windows = review.windows
    above, facing_place, moments_place, next_place, segments_place, earlier_place = (st.container() for _ in range(6))
    with earlier_place:
        earlier = choose_earlier(reader, windows) if review.expression is not None else Earlier()
    video = video_of(windows.session, review.recordings)
    with above:
        noted = show_picture(
            review,
            view,
            earlier=mean_line(review, view, earlier),
            usual=usual_band(review, view, earlier),
            video=video,
            start_s=second_asked_for(review, video),
            palette=palette_of(st.context.theme.type),
            zone=viewer_zone(st.context.timezone),
            notes=permit().is_at_least("analyst"),
        )
        band = [band_words(review.curve(view.smoothing_s).band_allows_for)] if review.expression else []
        st.html(markup.note(*band, gettext(GAPS), legend(windows), few_faces_note(windows), outside_note(windows)))
        if review.recording_notes:
            st.html(markup.listing(gettext("About the recording"), review.recording_notes))
        with st.container(horizontal=True, key="take-away"):
            if review.live:
                offer_mark(review)
            offer_report(review, smoothing_s=view.smoothing_s if review.expression else None, against=view.against)
            offer_highlights(review)
    with facing_place:
        show_facing(review, view)
    with moments_place:
        if review.expression is not None:
            st.header(gettext("Moments so far") if review.live else gettext("Moments"), anchor=False)
            if not review.live:
                st.html(markup.note(about_moments(review)))
            found = reader.moments_so_far(file, review) if review.live else review.moments
            if review.live and found:
                st.html(markup.note(gettext(SO_FAR)))
            if review.live and not found:
                st.html(markup.note(gettext(NONE_SO_FAR)))
            else:
                words = [(review.words(moment), review.slide_notes(moment)) for moment in found]
                st.html(moment_list(windows, found, video, st.query_params.to_dict(), words))
    with segments_place:
        show_segments(reader, review, view, earlier)
    with earlier_place:
        show_earlier(review, view, earlier)
    st.header(gettext("Notes and exclusions"), anchor=False)
    show_notes(review)
    # It reads earlier sessions: drawn last, so that nothing on the page waits for it.
    with next_place:
        show_suggestions(reader.suggestions(file, windows.stage, review.expression) if review.expression else ())
    if noted is not None:
        ask_to_write(windows.session.session_id, windows.stage.stage_id, noted)


def show_suggestions(found: Sequence[Suggestion]) -> None:
    """What holds of the session beside earlier ones; nothing where nothing holds."""
    if not found:
        return
    st.header(gettext("What to look at next"), anchor=False)
    address = st.query_params.to_dict()
    items = "".join(
        f'<li><a href="{escape(second_url(address, one.session_s))}" data-seek="{one.session_s:g}" target="_self">'
        f"{escape(units_kept(one.sentence))}</a></li>"
        for one in found
    )
    st.html(f'<ul class="hl-next">{items}</ul>')
    st.html(markup.note(gettext(ABOUT_SUGGESTIONS)))


def show_facing(review: Review, view: View) -> None:
    """Which part of the faces was turned to the front, along the session; nothing where that was not measured."""
    if not review.has_facing:
        return
    st.header(gettext("Facing the front"), anchor=False)
    over_s = view.smoothing_s if view.expression is not None else review.default_smoothing_s
    chart = reaction_chart(review.windows, review.curve(over_s, FACING), (), palette_of(st.context.theme.type))
    sentence = facing_sentence(review.windows)
    st.html(markup.note(sentence))
    st.altair_chart(chart, key="facing", alt=sentence, theme=None)
    st.html(markup.note(*about_facing()))


def show_segments(reader: data.Reader, review: Review, view: View, earlier: Earlier) -> None:
    """The segment table; without a timeline, how to get one."""
    if review.expression is None:
        return
    windows = review.windows
    st.header(gettext("Segments"), anchor=False)
    if not windows.stage.timelines:
        line = gettext("This session has no timeline yet: add slides, chapters or scenes to divide the curve.")
        st.html(markup.note(line))
        link_to_timeline(windows, gettext("Add slides and times"))
        return
    address = st.query_params.to_dict()
    begins = {int(index): float(windows.session_s[place]) for place, index in enumerate(windows.segment) if index >= 0}
    segment_table(
        windows,
        review.segments(view.against),
        caption=gettext("Segments of {session}", session=windows.session.name),
        against=compared_with(view.against),
        earlier=shares_by_title(reader, earlier.stages, review.expression),
        hrefs={index: second_url(address, second) for index, second in begins.items()},
        palette=palette_of(st.context.theme.type),
        key="segments",
    )
    link_to_timeline(windows, gettext("Edit slides and times"))


def link_to_timeline(windows: StageWindows, label: str) -> None:
    """Leads to the page on which a stage's timeline is uploaded and edited, if it is for whoever looks."""
    if not has_page(permit(), "timeline"):
        return
    query = {"session": windows.session.session_id, "stage": windows.stage.stage_id}
    with st.container(key="to-timeline"):
        st.page_link("timeline/page.py", label=label, query_params=query)


def second_asked_for(review: Review, video: Video | NoVideo) -> float | None:
    """The second of the session to begin at.

    What the address names as `t`; else where what was shown began, or where the recording does if that is later. None
    where neither is known, and while the session goes on: the page then stays with its end.
    """
    try:
        second = float(st.query_params.get("t", "nan"))
    except ValueError:
        second = nan
    if isfinite(second):
        return second
    if review.live:
        return None
    windows = review.windows
    shown = np.flatnonzero(~np.isnan(windows.timeline_s))
    began = float(windows.session_s[shown[0]]) if len(shown) else None
    if isinstance(video, Video) and not video.starts_s <= (began or 0.0) < video.starts_s + video.length_s:
        return video.starts_s
    return began


def show(session_id: str, drawn_every_s: int | None) -> None:
    """The body of the page; also what is drawn again every few seconds until the session has ended."""
    try:
        with data.reader() as reader:
            file = reader.file(session_id)
            if refresh_s(file) != drawn_every_s:
                st.rerun()
            if file.stages and is_speakers():
                show_speaker(reader, file)
            elif file.stages:
                show_stage(reader, file)
                link_to_remote_audience(file.session)
            else:
                st.html(markup.page_title(file.session.name))
                line = gettext("Nothing has been recorded in this session yet. Score a recording into it:")
                st.html(markup.empty(line, how_to_score(session_id)))
    except SessionNotFound:
        line = gettext(
            "There is no session “{session}” in this store{where}. It may have been deleted, or be in another store: "
            "choose one from the list of sessions.",
            session=session_id,
            where=data.whereabouts(),
        )
        st.html(markup.empty(line))
    except HouselightsError as problem:
        st.html(markup.trouble(in_words(problem)))


def refresh_s(file: data.SessionFile) -> int | None:
    """How often to look for more; never where the session has ended."""
    if file.live:
        return LIVE_REFRESH_S
    return WAITING_REFRESH_S if file.session.ended_at is None else None


def opened(session_id: str) -> int | None:
    """Names the browser's tab, and says how often to look for more; what is wrong is said by the body of the page."""
    try:
        with data.reader() as reader:
            file = reader.file(session_id)
    except HouselightsError:
        return None
    st.set_page_config(page_title=f"{file.session.name} · Houselights")
    return refresh_s(file)


st.html(Path(__file__).with_name("session.css"))
if not is_speakers():
    with st.container(key="back"):
        st.page_link("sessions/page.py", label=gettext("← All sessions"))
if session_id := st.query_params.get("session"):
    every_s = opened(session_id)
    st.fragment(show, run_every=every_s)(session_id, every_s)
    show_dialogs(session_id)
elif data.sessions():
    st.html(markup.empty(gettext("No session selected: open one from the list of sessions.")))
else:
    show_first_use(gettext("There is no session in this store yet{where}. In a terminal:", where=data.whereabouts()))
