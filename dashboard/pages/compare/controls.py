"""The controls of the Compare page, each in the address: grouping, aligning cuts, edit lists, and the time range.

Two cuts are aligned by titles of scenes, second by second, or by an edit list of each that somebody uploads. A brush
over the chart and a slider under it choose the same time range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, floor
from typing import Any, Literal

import streamlit as st

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.cuts import Edit, edits_by_title
from audience.errors import InvalidValue
from audience.language import N_, gettext
from audience.time import clock_text
from audience.timelines import Timeline
from dashboard import markup
from dashboard.charts.compare import BRUSH, BRUSHED
from dashboard.choices import choose, choose_expression
from dashboard.pages.choose_sessions import Facet
from dashboard.pages.compare.film_axis import STEPS_S, length_s, step_s, usual_timeline
from dashboard.pages.compare.model import Group, grouped, in_both
from dashboard.pages.screenings import Screening, Selection
from dashboard.wording import plain
from timeline_files.answers import Unclear
from timeline_files.reading import ENDINGS, read_timeline

Align = Literal["titles", "seconds", "edits"]
Lines = Facet | Literal["each"]

_WIDTH = 205
_FACETS: tuple[Facet, ...] = ("cut", "city", "tag", "kind", "film")
_LINES: Mapping[Lines, str] = {
    "each": N_("A line for each screening"),
    "cut": N_("A line for each cut"),
    "city": N_("A line for each city"),
    "tag": N_("A line for each audience"),
    "kind": N_("A line for each kind"),
    "film": N_("A line for each film"),
}
_ALIGN: Mapping[Align, str] = {
    "titles": N_("Align cuts by scene"),
    "seconds": N_("Align cuts second by second"),
    "edits": N_("Align cuts by edit lists"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is looked at, and how.

    Attributes:
        expression: which.
        groups: what is drawn as one line each; none where each screening is.
        facet: what the groups are by; None where there are none.
        step: length of a cell, seconds.
    """

    expression: str
    groups: tuple[Group, ...]
    facet: Facet | None
    step: int


def choose_view(selection: Selection) -> View:
    """The row of choosers above the chart."""
    expression = choose_expression(selection.expressions, selection.experimental, width=_WIDTH)
    by = {facet: grouped(selection.screenings, facet) for facet in _FACETS}
    offered: list[Lines] = ["each", *(facet for facet, groups in by.items() if len(groups) > 1)]
    # At first what can be compared; else nobody asked for groups, and "not enough data" would be no answer.
    usual: Lines = next((facet for facet, groups in by.items() if _enough(groups)), offered[0])
    lines: Lines = choose(
        gettext("Lines"), offered, key="lines", usual=usual, name=_lines_name, labelled=False, width=_WIDTH
    )
    usual_step = step_s(length_s(selection.screenings))
    step = choose(
        gettext("Averaged over"), STEPS_S, key="step", usual=usual_step, name=_step_name, labelled=False, width=_WIDTH
    )
    facet = None if lines == "each" else lines
    return View(expression=expression, groups=by[facet] if facet else (), facet=facet, step=step)


def _lines_name(lines: Lines) -> str:
    return gettext(_LINES[lines])


def _step_name(step: int) -> str:
    if step < 60:
        return gettext("Over {seconds} s", seconds=step)
    return gettext("Over {minutes} min", minutes=step // 60)


def _enough(groups: Sequence[Group]) -> bool:
    """Whether there are two groups that can be compared."""
    large = [group for group in groups if len(group.screenings) >= LEAST_UNITS]
    return any(not in_both(a, b) for a, b in combinations(large, 2))


def choose_pair(groups: Sequence[Group]) -> tuple[Group, Group]:
    """Which two groups to compare: the only two there are, or those somebody chose."""
    if len(groups) == 2:
        return groups[0], groups[1]
    by_key = {group.key: group for group in groups}
    keys = list(by_key)

    def compare_name(key: str) -> str:
        return gettext("Compare {group}", group=by_key[key].name)

    def with_name(key: str) -> str:
        return gettext("with {group}", group=by_key[key].name)

    a = choose(gettext("Compare"), keys, key="a", usual=keys[0], name=compare_name, labelled=False, width=_WIDTH)
    others = [key for key in keys if key != a]
    apart = [key for key in others if not in_both(by_key[a], by_key[key])]
    usual = apart[0] if apart else others[0]
    b = choose(gettext("Compare with"), others, key="b", usual=usual, name=with_name, labelled=False, width=_WIDTH)
    return by_key[a], by_key[b]


def choose_align(titles: bool) -> Align:
    """How two cuts are laid on one axis.

    Args:
        titles: whether the cuts have scenes of one title.
    """
    offered: list[Align] = ["titles", "seconds", "edits"] if titles else ["seconds", "edits"]
    return choose(
        gettext("Align cuts by"),
        offered,
        key="align",
        usual=offered[0],
        name=_align_name,
        labelled=False,
        width=_WIDTH + 30,
    )


def _align_name(align: Align) -> str:
    return gettext(_ALIGN[align])


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
    return cut or gettext("the cut without a name")


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
            gettext(
                "Upload the edit list of each cut: clips or scenes with the same name are aligned. The files are used "
                "only on this page and are not part of its address."
            )
        )
    )
    read = []
    with st.container(horizontal=True):
        for letter, cut in zip("ab", cuts, strict=True):
            ends = [end.removeprefix(".") for end in ENDINGS]
            file = st.file_uploader(gettext("Edit of {cut}", cut=plain(cut_name(cut))), ends, key=f"edit-{letter}")
            if file is not None:
                read.append((file.name, file.getvalue()))
    if len(read) < 2:
        return ()
    try:
        a, b = (read_timeline(name, content) for name, content in read)
        return edits_by_title(a, b)
    except Unclear as problem:
        line = gettext(
            "{problem}: open its session's Timeline page and import it there, where you are asked what it means.",
            problem=problem.question.saw,
        )
        st.html(markup.trouble(line))
        return ()
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


STEP_S = 5

_NAME = "stretch"
_DRAWN = "stretch-drawn"  # how often the stretch was set from elsewhere, each time for a slider of its own
_HOW = N_("Drag over a stretch of the chart, or move the ends of the slider.")


def chosen_stretch(until_s: float) -> tuple[float, float]:
    """The stretch, seconds; from 0 to `until_s` where nobody chose one."""
    places = _places(until_s)
    first, last = _chosen(places)
    return float(places[first]), min(float(places[last]), until_s)


def slider(until_s: float) -> None:
    """The slider: for those without a mouse, and to widen the stretch again."""
    places = _places(until_s)
    whole = _whole(places)
    with st.container(horizontal=True, vertical_alignment="bottom", key="stretch-row"):
        st.select_slider(
            gettext("Time range of chart and tables"),
            list(places),
            value=_set(places),
            key=_key(),
            help=gettext(_HOW),
        )
        chosen = _chosen(places)
        if chosen != whole:
            st.button(gettext("Whole length"), on_click=_draw, args=(whole,))
    if (chosen_now := [] if chosen == whole else list(chosen)) != st.query_params.get_all(_NAME):
        st.query_params[_NAME] = chosen_now


def brushed(event: Mapping[str, Any], until_s: float) -> None:
    """Takes what was drawn over the chart as the stretch."""
    if drawn := event["selection"][BRUSH].get(BRUSHED):
        low_s, high_s = sorted(drawn)
        places = list(_places(until_s))
        first = min(max(floor(low_s / STEP_S), 0), len(places) - 2)
        last = min(max(ceil(high_s / STEP_S), first + 1), len(places) - 1)
        _draw((places[first], places[last]))


def _draw(stretch: tuple[str, str]) -> None:
    st.query_params[_NAME] = list(stretch)
    st.session_state[_DRAWN] = st.session_state.get(_DRAWN, 0) + 1


def _key() -> str:
    return f"{_NAME}-{st.session_state.get(_DRAWN, 0)}"


def _chosen(places: Mapping[str, int]) -> tuple[str, str]:
    """As the slider stands, or will stand once it is shown."""
    return _valid(st.session_state.get(_key(), ()), places) or _set(places)


def _set(places: Mapping[str, int]) -> tuple[str, str]:
    """As the address says."""
    return _valid(st.query_params.get_all(_NAME), places) or _whole(places)


def _valid(values: Sequence[str], places: Mapping[str, int]) -> tuple[str, str] | None:
    """A stretch of this film; None where it is none: of a film that was looked at before, or written by hand."""
    if len(values) == 2 and set(values) <= set(places) and places[values[0]] < places[values[1]]:
        return values[0], values[1]
    return None


def _whole(places: Mapping[str, int]) -> tuple[str, str]:
    first, *_, last = places
    return first, last


def _places(until_s: float) -> dict[str, int]:
    """Where the slider can stand: the seconds, by how they are written."""
    return {clock_text(second): second for second in range(0, STEP_S * (ceil(until_s / STEP_S) + 1), STEP_S)}
