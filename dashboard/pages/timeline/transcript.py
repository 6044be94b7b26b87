"""What was said: its upload, what is stored of it, and its removal. It is stored at once, apart from the timelines."""

from __future__ import annotations

import streamlit as st

from audience.errors import HouselightsError
from audience.language import N_, gettext, ngettext
from audience.reaction.review import Review
from audience.time import clock_text
from audience.transcripts import Transcript
from dashboard import data, markup
from dashboard.access.entry import in_words
from timeline_files.transcripts import KINDS, read_transcript

LARGEST_MB = 8
_HELP = N_(
    "Its times are those of the slides: second 0 is where they began. Without slides it is where the session began. "
    "Whoever may see the session can read the words at its moments."
)


def edit_transcript(review: Review) -> None:
    """The transcript of a stage: what there is, an upload that replaces it, and the words at each moment."""
    _take_upload(review)
    if review.transcript is not None:
        _offer_removal(review, review.transcript)
        said = [f"{moment.sentence} “{words}”" for moment in review.moments if (words := review.words(moment))]
        st.html(markup.numbered(said) or markup.note(gettext("Nothing was said at any moment of this session.")))


def _take_upload(review: Review) -> None:
    """Stores what is uploaded, once: an upload stays in its field. What is refused is said until another comes."""
    session_id, stage_id = review.windows.session.session_id, review.windows.stage.stage_id
    key = f"transcript of {session_id} {stage_id}"
    uploaded = st.file_uploader(
        gettext("Captions or a transcript with times")
        if review.transcript is None
        else gettext("Replace the transcript"),
        type=[kind.removeprefix(".") for kind in KINDS],
        max_upload_size=LARGEST_MB,
        help=gettext(_HELP),
        key=key,
    )
    if uploaded is not None and uploaded.file_id != st.session_state.get(f"taken {key}"):
        st.session_state[f"taken {key}"] = uploaded.file_id
        st.session_state[f"refused {key}"] = ""
        try:
            data.put_transcript(session_id, stage_id, read_transcript(uploaded.name, uploaded.getvalue()))
        except HouselightsError as problem:
            st.session_state[f"refused {key}"] = in_words(problem)
        st.rerun()
    if refused := st.session_state.get(f"refused {key}"):
        st.html(markup.trouble(refused))


def _offer_removal(review: Review, there: Transcript) -> None:
    """What is stored, in a line, and a button that removes it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        count = ngettext("{count} line", "{count} lines", len(there.lines))
        until = gettext("until {time}", time=clock_text(there.lines[-1].end_s))
        st.html(markup.facts([there.title, count, until]), width="content")
        if not st.button(gettext("Remove transcript")):
            return
        try:
            data.put_transcript(review.windows.session.session_id, review.windows.stage.stage_id, None)
        except HouselightsError as problem:
            st.html(markup.trouble(in_words(problem)))
        else:
            st.rerun()
