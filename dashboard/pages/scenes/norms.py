"""Where each scene stands among all other scenes of the archive."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from altair import LayerChart
from streamlit.delta_generator import DeltaGenerator

from audience.comparing.norms import LEAST_SCENES, Standing, scenes_besides, standing
from audience.comparing.scenes import SceneFigure, scene_figures
from audience.export.tables import norms_table
from audience.language import gettext, ngettext, whole
from audience.percents import percent_text
from dashboard import markup
from dashboard.charts.rows import IntervalAxis, IntervalRow, interval_rows
from dashboard.charts.theme import LIGHT, Palette, palette_of
from dashboard.data import sessions
from dashboard.download import Picture, offer
from dashboard.pages.choose_sessions import bar
from dashboard.pages.scenes import data
from dashboard.pages.scenes.selected import PAGE, PICTURE_WIDTH, ChosenScenes
from dashboard.pages.scenes.text import NOT_ENOUGH, counted_of, faces_cell, lack_full, ranged
from dashboard.wording import expression_name

Placed = Sequence[tuple[SceneFigure, Standing]]


def show(chosen: ChosenScenes, expression: str, choosers: DeltaGenerator) -> None:
    """The view of one expression.

    Args:
        chosen: of what.
        expression: which.
        choosers: the row for the view's own choosers.
    """
    with choosers:
        bundle = st.container(width="content")
    with bar(gettext("Reading the archive")) as on_progress:
        alike = [session for session in sessions() if session.simulated == chosen.simulated]
        archive = data.archive(alike, on_progress)
        screened = data.screened(chosen.screenings, (expression,), "whole talk", on_progress)
    besides = scenes_besides(
        archive, chosen.work, expression=expression, scorer=chosen.scorer, simulated=chosen.simulated
    )
    figures = scene_figures(screened, [expression])
    placed = [(one, standing(one.share, one.low, one.high, besides.get(one.scene, besides[None]))) for one in figures]
    alt = headline(placed, expression)
    st.html(markup.lead(alt))
    st.altair_chart(_chart(placed, palette_of(st.context.theme.type)), key="norms", alt=alt, theme=None)
    st.html(markup.note(*explained(chosen)))
    with st.expander(gettext("All figures")):
        head = (
            gettext("Scene"),
            gettext("Share"),
            gettext("Lower in the archive"),
            gettext("Other scenes"),
            gettext("Faces"),
            gettext("Screenings"),
        )
        st.html(markup.figures(gettext("Where each scene stands"), head, [_cells(*one) for one in placed]))
    with bundle:
        build = chosen.bundle(
            {"view": "norms", "expression": expression, "archive": "simulated" if chosen.simulated else "recorded"},
            partial(norms_table, placed),
            partial(_picture, placed, alt),
        )
        offer(build, page=PAGE, first=gettext("Table of the norms"), tables=["norms", "notes"], pictures=["norms"])


def headline(placed: Placed, expression: str) -> str:
    """The scene that stands highest."""
    known = [(one, place) for one, place in placed if place.enough]
    if not known:
        most = max(place.scenes for _, place in placed)
        return ngettext(
            "Not enough data: the archive has {count} other scene of this scorer, and a norm needs {least}.",
            "Not enough data: the archive has {count} other scenes of this scorer, and a norm needs {least}.",
            most,
            least=LEAST_SCENES,
        )
    figure, place = max(known, key=lambda one: one[1].rank)
    return gettext(
        "{expression}: “{scene}” ranks highest, above {share} of {scenes} other scenes.",
        expression=expression_name(expression),
        scene=figure.scene.name,
        share=percent_text(place.rank),
        scenes=whole(place.scenes),
    )


def explained(chosen: ChosenScenes) -> list[str]:
    """What the picture means, and what it rests on."""
    if chosen.simulated:
        counts = gettext(
            "Each scene of the archive counts once, however often it was shown, and none is compared with itself. Only "
            "those scored by {scorer} count, and only simulated ones, as these are.",
            scorer=chosen.scorer,
        )
    else:
        counts = gettext(
            "Each scene of the archive counts once, however often it was shown, and none is compared with itself. Only "
            "those scored by {scorer} count, and no simulated ones.",
            scorer=chosen.scorer,
        )
    return [
        gettext(
            "Each point is the share of the archive's other scenes in which fewer faces show the expression. The grey "
            "bar is its 95 % interval, over the people who saw the scene and the scenes in the archive."
        ),
        counts,
    ]


def rows_of(placed: Placed) -> list[IntervalRow]:
    """One row a scene."""
    rows = []
    for one, place in placed:
        beside, brief = gettext(NOT_ENOUGH), gettext("too little")
        why = lack_full(one.lack) if one.lack else _too_few(place)
        said = f"{one.scene.name}: {why}"
        if place.enough:
            # The figure that the point stands at; the share itself is in the table and under the pointer.
            rank = percent_text(place.rank)
            scenes = whole(place.scenes)
            beside = gettext("{share} of {scenes} scenes", share=rank, scenes=scenes)
            brief = gettext("{share} of {scenes}", share=rank, scenes=scenes)
            said = gettext(
                "{scene}: {rank} of {scenes} other scenes lie lower than its {share}",
                scene=one.scene.name,
                rank=_rank(place),
                scenes=scenes,
                share=ranged(one.share, one.low, one.high),
            )
        low, high = (np.nan, np.nan) if not place.enough else (100 * place.low, 100 * place.high)
        rows.append(
            IntervalRow(
                name=one.scene.name,
                low=low,
                high=high,
                value=100 * place.rank,
                filled=True,
                beside=beside,
                brief=brief,
                said=said,
            )
        )
    return rows


def _chart(placed: Placed, palette: Palette) -> LayerChart:
    axis = IntervalAxis(name=gettext("Share of other archive scenes that rank lower"), low=0, high=100, unit=" %")
    return interval_rows(rows_of(placed), axis, palette)


def _picture(placed: Placed, alt: str) -> Picture:
    return Picture(name="norms", chart=_chart(placed, LIGHT), width=PICTURE_WIDTH, alt=alt)


def _cells(one: SceneFigure, place: Standing) -> tuple[str, ...]:
    return (
        one.scene.name,
        ranged(one.share, one.low, one.high) if one.enough else lack_full(one.lack),
        _rank(place) if place.enough else gettext(NOT_ENOUGH),
        whole(place.scenes),
        faces_cell(one) if one.enough else "",
        counted_of(one),
    )


def _too_few(place: Standing) -> str:
    return ngettext("{count} other scene is too few", "{count} other scenes are too few", place.scenes)


def _rank(place: Standing) -> str:
    return ranged(place.rank, place.low, place.high)
