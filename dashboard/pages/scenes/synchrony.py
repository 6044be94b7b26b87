"""How alike one audience moves in each scene, against chance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st
from altair import LayerChart
from streamlit.delta_generator import DeltaGenerator

from audience.comparing.scenes import scenes_of
from audience.comparing.synchrony import LEAST_S, LEAST_TRACKS, Synchrony
from audience.export.tables import synchrony_table
from audience.language import N_, decimal, gettext, ngettext, whole
from dashboard import markup
from dashboard.charts.rows import IntervalAxis, IntervalRow, interval_rows
from dashboard.charts.theme import LIGHT, Palette, palette_of
from dashboard.download import Picture, offer
from dashboard.pages.choose_sessions import bar
from dashboard.pages.scenes import data
from dashboard.pages.scenes.data import SEED
from dashboard.pages.scenes.selected import PAGE, PICTURE_WIDTH, ChosenScenes
from dashboard.pages.scenes.text import NOT_ENOUGH, signed
from dashboard.pages.screenings import names_of
from dashboard.wording import expression_name

_MEANS = N_(
    "Synchrony says how alike faces move: the mean correlation of each face with all others. The grey bar is the "
    "95 % chance range: the same faces, each shifted in time by a different amount. A filled point is outside it; by "
    "chance, 1 in 20 scenes is. It covers one audience: faces of several are not seen together."
)

Named = Sequence[tuple[str, Synchrony]]


def show(chosen: ChosenScenes, expression: str, choosers: DeltaGenerator) -> None:
    """The view of one screening, which the viewer chooses.

    Args:
        chosen: of what.
        expression: which.
        choosers: the row for the view's own choosers.
    """
    screenings = {screening.key: screening for screening in chosen.screenings}
    key = next(iter(screenings))
    with choosers:
        if len(screenings) > 1:
            key = st.selectbox(
                gettext("Screening"),
                list(screenings),
                format_func=names_of(chosen.screenings).__getitem__,
                key="screening",
                bind="query-params",
                label_visibility="collapsed",
                width=360,
            )
        bundle = st.container(width="content")
    screening = screenings[key]
    with bar(gettext("Following single faces, scene by scene")) as on_progress:
        found = data.synchrony_of(screening, expression, on_progress)
    if found is None:
        line = gettext(
            "No single face of this screening is kept, and synchrony needs them: they expire after 30 days, unless set "
            "otherwise, or were not kept. The other views do not need them."
        )
        st.html(markup.empty(line))
        return
    names = [scene.name for scene in scenes_of(screening.stage.timelines[0])]
    named = list(zip(names, found, strict=True))
    alt = headline(named, expression)
    st.html(markup.lead(alt))
    chart = _chart(named, expression, palette_of(st.context.theme.type))
    st.altair_chart(chart, key="synchrony", alt=alt, theme=None)
    st.html(markup.note(gettext(_MEANS)))
    with st.expander(gettext("All figures")):
        head = (
            gettext("Scene"),
            gettext("Synchrony"),
            gettext("Chance"),
            "p",
            gettext("Faces followed"),
            gettext("Seconds"),
        )
        rows = [_cells(name, one) for name, one in named]
        st.html(markup.figures(gettext("Synchrony of each scene"), head, rows))
    with bundle:
        build = chosen.bundle(
            {"view": "synchrony", "expression": expression, "screening": key, "seed": SEED},
            partial(synchrony_table, screening.session.session_id, screening.stage.stage_id, expression, named),
            partial(_picture, named, expression, alt),
        )
        offer(
            build,
            page=PAGE,
            first=gettext("Table of the synchrony"),
            tables=["synchrony", "notes"],
            pictures=["synchrony"],
        )


def headline(named: Named, expression: str) -> str:
    """In which scenes the audience moved together."""
    known = [(name, one) for name, one in named if one.enough]
    if not known:
        return gettext(
            "Not enough data: no scene has {faces} faces in view for {seconds} s.",
            faces=LEAST_TRACKS,
            seconds=decimal(LEAST_S, 1),
        )
    beyond = [name for name, one in known if one.correlation > one.chance_high]
    values = {"expression": expression_name(expression), "some": len(beyond)}
    if not beyond:
        return ngettext(
            "{expression}: beyond chance in {some} of {count} scene.",
            "{expression}: beyond chance in {some} of {count} scenes.",
            len(known),
            **values,
        )
    name, most = max(known, key=lambda one: one[1].correlation)
    return ngettext(
        "{expression}: beyond chance in {some} of {count} scene, most in “{scene}”: {figure}.",
        "{expression}: beyond chance in {some} of {count} scenes, most in “{scene}”: {figure}.",
        len(known),
        scene=name,
        figure=_figure(most.correlation),
        **values,
    )


def rows_of(named: Named) -> list[IntervalRow]:
    """One row a scene."""
    rows = []
    for name, one in named:
        beside, brief = gettext(NOT_ENOUGH), gettext("too little")
        faces = ngettext("{count} face", "{count} faces", one.tracks)
        said = gettext(
            "{scene}: not enough data; {faces} in view for {seconds} s or longer",
            scene=name,
            faces=faces,
            seconds=decimal(LEAST_S, 1),
        )
        if one.enough:
            p = _p(one.p_value)
            beside, brief = f"{faces}, p {p}", faces
            said = gettext(
                "{scene}: {figure}, chance {chance}, p {p}, {faces}",
                scene=name,
                figure=_figure(one.correlation),
                chance=_chance(one),
                p=p,
                faces=faces,
            )
        rows.append(
            IntervalRow(
                name=name,
                low=one.chance_low,
                high=one.chance_high,
                value=one.correlation,
                filled=not one.chance_low <= one.correlation <= one.chance_high,
                beside=beside,
                brief=brief,
                said=said,
            )
        )
    return rows


def _chart(named: Named, expression: str, palette: Palette) -> LayerChart:
    reach = [value for _, one in named if one.enough for value in (one.correlation, one.chance_low, one.chance_high)]
    low = min([-0.2, *reach]) // 0.1 / 10
    axis = IntervalAxis(
        name=gettext("Synchrony (correlation): {expression}", expression=expression_name(expression)),
        low=round(low, 1),
        high=round(-(-max([0.4, *reach]) // 0.1) / 10, 1),
    )
    return interval_rows(rows_of(named), axis, palette)


def _picture(named: Named, expression: str, alt: str) -> Picture:
    return Picture(name="synchrony", chart=_chart(named, expression, LIGHT), width=PICTURE_WIDTH, alt=alt)


def _cells(name: str, one: Synchrony) -> tuple[str, ...]:
    faces, seconds = whole(one.tracks), whole(round(one.seconds))
    if not one.enough:
        return name, gettext(NOT_ENOUGH), "", "", faces, seconds
    return (
        name,
        _figure(one.correlation),
        _chance(one),
        _p(one.p_value),
        faces,
        seconds,
    )


def _figure(value: float) -> str:
    return signed(decimal(value, 2))


def _chance(one: Synchrony) -> str:
    return gettext("{low} to {high}", low=_figure(one.chance_low), high=_figure(one.chance_high))


def _p(value: float) -> str:
    return decimal(value, 3)
