"""Imports timelines from uploaded files and from films: asks what is unclear, previews before any is replaced."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from audience.errors import HouselightsError
from audience.ids import LONGEST_TITLE
from audience.language import N_, gettext, ngettext
from audience.time import clock_text
from dashboard import markup
from dashboard.pages.timeline.desk import Desk
from dashboard.pages.timeline.draft import Row, Sheet
from dashboard.wording import plain
from timeline_files.answers import Question, Unclear
from timeline_files.decks import DECKS
from timeline_files.reading import FileRead, read_file, read_path
from timeline_files.scenes import find_scenes
from timeline_files.slide_matching import SlideMatch, match_deck

LARGEST_MB = 64
NO_FILMS = N_(
    "To find scenes or chapters in a film, or to compare sound, name the folder of your recordings: {command}"
)
CANCELS = N_("Leaving or changing this page cancels it.")
_UPDATE_S = 0.25
_SHORT = 20
"""Characters of meanings that stand beside each other."""


def take_file(desk: Desk, length_s: float | None) -> None:
    """The upload and its preview.

    Args:
        desk: what is being edited.
        length_s: how long what was shown lasted, for a last segment without an end; None where that is not known.
    """
    uploaded = st.file_uploader(
        gettext("Your slides (PowerPoint, PDF or OpenDocument), chapters, markers, subtitles, an edit or a table"),
        help=gettext(
            "Excel and CSV, chapters pasted into a text file, markers and edits of Premiere, Resolve, Final Cut and "
            "Avid, subtitles, chapters of podcasts and films. A file that cannot be read says what to give instead."
        ),
        max_upload_size=LARGEST_MB,
        key=f"file of {desk.editing.read.stage_id}",
    )
    if uploaded is not None and uploaded.file_id != desk.came_from[0]:
        desk.answers = ()
    if uploaded is not None and (uploaded.file_id, desk.answers) != desk.came_from:
        desk.came_from = (uploaded.file_id, desk.answers)
        answers = desk.answers
        is_deck = Path(uploaded.name).suffix.lower() in DECKS
        desk.deck = (uploaded.name, uploaded.getvalue()) if is_deck else None
        _look_at(desk, lambda: read_file(uploaded.name, uploaded.getvalue(), length_s=length_s, read_as=answers))
    ask(desk)


def ask(desk: Desk) -> None:
    """Shows the questions about what came in last, each with its choices, and what was left out.

    A question without whose answer nothing was read stands as a warning; for another the likeliest answer is chosen. A
    chosen answer is kept in the desk before the page runs again and reads the file with it.
    """
    for place, question in enumerate(desk.asked):
        if not question.choices:
            st.html(markup.note(question.saw))
            continue
        _choose(desk, question, key=f"question-{desk.arrivals}-{place}")


def _choose(desk: Desk, question: Question, *, key: str) -> None:
    def chosen() -> None:
        desk.answers = (*_without(desk.answers, question), st.session_state[key])

    answers = [answer for answer, _ in question.choices]
    meanings = dict(question.choices)
    # By a callback, since a click that comes while the page runs again would be lost.
    st.radio(
        plain(f"{question.saw}." if question.taken else gettext("{found}: which is it?", found=question.saw)),
        answers,
        index=None if question.taken is None else answers.index(question.taken),
        format_func=lambda answer: plain(meanings[answer][:1].upper() + meanings[answer][1:]),
        horizontal=all(len(meaning) < _SHORT for meaning in meanings.values()),
        key=key,
        on_change=chosen,
    )


def _without(answers: Sequence[str], question: Question) -> tuple[str, ...]:
    """The answers given, without those to one question."""
    return tuple(answer for answer in answers if answer not in dict(question.choices))


def take_match(desk: Desk, films: Sequence[Path]) -> None:
    """Finds the slides of the deck that came in last in the talk's own recording."""
    if desk.deck is None or not films:
        return
    name, deck = desk.deck
    film = choose_film(gettext("The talk's own recording, of the stage or the screen"), films, key="talk")
    if film is None or not st.button(
        gettext("Find when each slide was shown"), help=gettext("Takes a few minutes for an hour.")
    ):
        return
    show = progress(gettext(CANCELS))
    found: list[SlideMatch] = []

    def read() -> FileRead:
        found.append(match_deck(name, deck, film, on_position=lambda at_s, of_s: show(film.name, at_s, of_s)))
        return FileRead(timeline=found[0].timeline, pictures=found[0].pictures)

    _look_at(desk, read)
    if found:
        desk.left_open = _left_open(found[0])
    st.rerun()


def _left_open(match: SlideMatch) -> str:
    """What was not found, in one line; "" where all was."""
    lines = []
    if match.unsure:
        lines.append(
            ngettext(
                "{unsure} of {count} time is not certain and stays a draft.",
                "{unsure} of {count} times are not certain and stay a draft.",
                len(match.timeline.segments),
                unsure=match.unsure,
            )
        )
    if match.unseen:
        names = ", ".join(f"{slide.number} ({slide.title})" for slide in match.unseen[:5])
        if more := len(match.unseen[5:]):
            lines.append(
                ngettext(
                    "Not seen in the recording: slide {slides} and {count} more.",
                    "Not seen in the recording: slide {slides} and {count} more.",
                    more,
                    slides=names,
                )
            )
        else:
            lines.append(gettext("Not seen in the recording: slide {slides}.", slides=names))
    return " ".join(lines)


def take_film(desk: Desk, length_s: float | None, films: Sequence[Path]) -> None:
    """Finds scenes or chapters of a film in the operator's folders."""
    film = choose_film(gettext("Film"), films, key="film")
    if film is None:
        return
    with st.container(horizontal=True):
        scenes = st.button(
            gettext("Find scenes"), help=gettext("Reads every frame: takes an eighth of the film's length or more.")
        )
        chapters = st.button(gettext("Read chapters"))
    if scenes:
        show = progress(gettext(CANCELS))
        _look_at(
            desk,
            lambda: FileRead(timeline=find_scenes(film, on_position=lambda at_s, of_s: show(film.name, at_s, of_s))),
        )
        st.rerun()
    if chapters:
        _look_at(desk, lambda: read_path(film, length_s=length_s))


def choose_film(label: str, films: Sequence[Path], *, key: str) -> Path | None:
    """The chooser of a recording in the operator's folders; None, with what to do, where there is none."""
    if not films:
        st.html(markup.note(gettext(NO_FILMS, command="houselights dashboard --videos DIR")))
        return None
    names = distinct_names(films)
    place = st.selectbox(label, range(len(films)), format_func=names.__getitem__, key=key, width=420)
    return films[place]


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """The labels of some files: their names, with as many folders as it takes to distinguish them."""
    names = [path.name for path in paths]
    for folders in range(1, max((len(path.parts) for path in paths), default=1)):
        times = Counter(names)
        names = [
            name if times[name] == 1 else "/".join(path.parts[-1 - folders :])
            for path, name in zip(paths, names, strict=True)
        ]
    return names


def progress(note: str) -> Callable[[str, float, float | None], None]:
    """A progress bar; call it with the file, the second reached and its length in seconds."""
    bar = st.progress(0.0, note)
    shown_s = 0.0

    def show(name: str, at_s: float, of_s: float | None) -> None:
        nonlocal shown_s
        if (now_s := time.monotonic()) - shown_s >= _UPDATE_S:
            shown_s = now_s
            bar.progress(min(1.0, at_s / of_s) if of_s else 0.0, f"{plain(name)}: {clock_text(at_s)}. {plain(note)}")

    return show


def show_incoming(desk: Desk) -> None:
    """The imported timeline beside what it would replace, until the viewer decides."""
    if desk.refused:
        st.html(markup.trouble(desk.refused))
    if desk.incoming is None:
        return
    if desk.left_open:
        st.html(markup.note(desk.left_open))
    elif desk.incoming.is_draft:
        st.html(
            markup.note(gettext("These slides have no times: they are spaced evenly, as a draft, until you set them."))
        )
    there = {sheet.title: sheet for sheet in desk.editing.now.sheets}
    title = st.text_input(
        gettext("Title"), desk.incoming.title, max_chars=LONGEST_TITLE, key=f"incoming-{desk.arrivals}"
    )
    replaced = there.get(title.strip())
    with st.container(horizontal=True):
        if st.button(gettext("Replace") if replaced else gettext("Add"), type="primary", disabled=not title.strip()):
            desk.take(desk.editing.now.with_timeline(replace(desk.incoming, title=title.strip())))
            desk.incoming, desk.asked = None, ()
            desk.choose([sheet.title for sheet in desk.editing.now.sheets].index(title.strip()))
            st.rerun()
        if st.button(gettext("Discard")):
            desk.incoming, desk.asked = None, ()
            st.rerun()
    new, old = st.columns(2)
    with new:
        _listed(gettext("Imported"), Sheet.of(desk.incoming).rows)
    with old:
        for sheet in [replaced] if replaced else there.values():
            line = (
                gettext("“{title}” is replaced", title=sheet.title)
                if replaced
                else gettext("“{title}” stays", title=sheet.title)
            )
            _listed(line, sheet.rows)
        if not there:
            st.html(markup.note(gettext("There is no timeline yet.")))


def _look_at(desk: Desk, read: Callable[[], FileRead]) -> None:
    """Reads a timeline into the desk, or notes what is unclear or why it cannot be read."""
    desk.incoming, desk.refused, desk.left_open, desk.asked = None, "", "", ()
    desk.arrivals += 1
    try:
        found = read()
    except Unclear as problem:
        desk.asked = (problem.question,)
    except HouselightsError as problem:
        desk.refused = str(problem)
    else:
        desk.incoming, desk.asked = found.timeline, found.questions
        desk.pictures |= found.pictures


def _listed(says: str, rows: tuple[Row, ...]) -> None:
    count = ngettext("{count} segment", "{count} segments", len(rows))
    st.markdown(f"**{plain(says)}** · {count}")
    st.dataframe(
        [{"title": row.title, "start": row.start, "end": row.end} for row in rows],
        column_config={"title": gettext("Title"), "start": gettext("Begins"), "end": gettext("Ends")},
        height=min(320, 36 * (len(rows) + 1)),
        hide_index=True,
    )
