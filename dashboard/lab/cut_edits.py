"""What two cuts share: by titles of scenes, second by second, or by an edit list of each that somebody uploads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from audience.comparing.cuts import Edit, edits_by_title
from audience.errors import InvalidValue
from audience.timelines import Timeline
from dashboard import markup
from dashboard.lab.compare_view import Align, choose_align
from dashboard.lab.film_axis import usual_timeline
from dashboard.lab.selection import Screening
from dashboard.wording import plain
from timeline_files.reading import READERS, read_timeline

Cuts = tuple[str, str]


def two_cuts(screenings: Sequence[Screening]) -> Cuts | None:
    """The two cuts that most screenings are of, by name; None where there is one cut, or several films."""
    if len({screening.session.film for screening in screenings}) > 1:
        return None
    cuts = Counter(screening.session.cut for screening in screenings)
    if len(cuts) < 2:
        return None
    a, b = sorted(sorted(cuts, key=lambda cut: (-cuts[cut], cut))[:2])
    return a, b


def cut_name(cut: str) -> str:
    """What to call a cut."""
    return cut or "the cut without a name"


def of_cuts(screenings: Sequence[Screening], cuts: Cuts | None) -> list[Screening]:
    """The screenings of two cuts; all where there are no two."""
    return [screening for screening in screenings if cuts is None or screening.session.cut in cuts]


def choose_edits(screenings: Sequence[Screening], cuts: Cuts) -> tuple[Edit, ...] | None:
    """Lets people choose how the cuts are laid together; the files are asked for by `upload_edits`.

    Returns:
        What A and B share; none where they are laid second by second; None where edit lists are to be uploaded.
    """
    a, b = (usual_timeline([one for one in screenings if one.session.cut == cut]) for cut in cuts)
    by_title = _by_title(a, b)
    align: Align = choose_align(titles=bool(by_title))
    return {"titles": by_title, "seconds": (), "edits": None}[align]


def upload_edits(cuts: Cuts) -> tuple[Edit, ...]:
    """Asks for an edit list of each cut; clips of one name are the same.

    Returns:
        What they share; nothing as long as a file is missing or wrong, which is said.
    """
    st.html(
        markup.note(
            "Give the edit of each cut: clips or scenes of one name are laid together. The files are used on this page "
            "only, and are no part of its address."
        )
    )
    read = []
    with st.container(horizontal=True):
        for letter, cut in zip("ab", cuts, strict=True):
            ends = sorted(end.removeprefix(".") for end in READERS)
            file = st.file_uploader(f"Edit of {plain(cut_name(cut))}", ends, key=f"edit-{letter}")
            if file is not None:
                read.append((file.name, file.getvalue()))
    if len(read) < 2:
        return ()
    try:
        a, b = (read_timeline(name, content) for name, content in read)
        return edits_by_title(a, b)
    except InvalidValue as problem:
        st.html(markup.trouble(str(problem)))
        return ()


def _by_title(a: Timeline | None, b: Timeline | None) -> tuple[Edit, ...]:
    if a is None or b is None:
        return ()
    try:
        return edits_by_title(a, b)
    except InvalidValue:
        return ()
