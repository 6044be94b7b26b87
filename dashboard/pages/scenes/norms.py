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
from audience.percents import percent_text
from dashboard import markup
from dashboard.charts.rows import IntervalAxis, IntervalRow, interval_rows
from dashboard.charts.theme import LIGHT, Palette, palette_of
from dashboard.data import sessions
from dashboard.download import Picture, offer
from dashboard.pages.choose_sessions import bar
from dashboard.pages.scenes import data
from dashboard.pages.scenes.selected import PAGE, PICTURE_WIDTH, ChosenScenes
from dashboard.pages.scenes.text import LACKS, ranged
from dashboard.wording import doing

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
    with bar("Reading the archive") as on_progress:
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
    st.html(markup.note(*explained(chosen, expression)))
    with st.expander("All figures"):
        head = ("Scene", "Share", "Lower in the archive", "Other scenes", "Faces", "Screenings")
        st.html(markup.figures("Where each scene stands", head, [_cells(*one) for one in placed]))
    with bundle:
        build = chosen.bundle(
            {"view": "norms", "expression": expression, "archive": "simulated" if chosen.simulated else "recorded"},
            partial(norms_table, placed),
            partial(_picture, placed, alt),
        )
        offer(build, page=PAGE, first="Table of the norms", tables=["norms", "notes"], pictures=["norms"])


def headline(placed: Placed, expression: str) -> str:
    """The scene that stands highest."""
    known = [(one, place) for one, place in placed if place.enough]
    if not known:
        most = max(place.scenes for _, place in placed)
        return (
            f"Not enough data: the archive has {most} other scene{'' if most == 1 else 's'} of this scorer, and a norm "
            f"needs {LEAST_SCENES}."
        )
    figure, place = max(known, key=lambda one: one[1].rank)
    return (
        f"“{figure.scene.name}” ranks highest: fewer faces {doing(expression)} in {percent_text(place.rank)} of "
        f"{place.scenes} other scenes."
    )


def explained(chosen: ChosenScenes, expression: str) -> list[str]:
    """What the picture means, and what it rests on."""
    return [
        f"Each point is the share of the archive's other scenes in which fewer faces {doing(expression)}. The grey bar "
        "is its 95 % interval, over the people who saw the scene and the scenes in the archive.",
        "Each scene of the archive counts once, however often it was shown, and none is compared with itself. Only "
        f"those scored by {chosen.scorer} count"
        + (", and only simulated ones, as these are." if chosen.simulated else ", and no simulated ones."),
    ]


def rows_of(placed: Placed) -> list[IntervalRow]:
    """One row a scene."""
    rows = []
    for one, place in placed:
        beside, brief = "not enough data", "too little"
        said = f"{one.scene.name}: {LACKS[one.lack].full if one.lack else f'{place.scenes} other scenes are too few'}"
        if place.enough:
            # The figure that the point stands at; the share itself is in the table and under the pointer.
            rank = percent_text(place.rank)
            beside, brief = f"{rank} of {place.scenes} scenes", f"{rank} of {place.scenes}"
            said = f"{one.scene.name}: {_rank(place)} of {place.scenes} other scenes lie lower than its "
            said += ranged(one.share, one.low, one.high)
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
    axis = IntervalAxis(name="Share of other archive scenes that rank lower", low=0, high=100, unit=" %")
    return interval_rows(rows_of(placed), axis, palette)


def _picture(placed: Placed, alt: str) -> Picture:
    return Picture(name="norms", chart=_chart(placed, LIGHT), width=PICTURE_WIDTH, alt=alt)


def _cells(one: SceneFigure, place: Standing) -> tuple[str, ...]:
    return (
        one.scene.name,
        ranged(one.share, one.low, one.high) if one.enough else LACKS[one.lack].full,
        _rank(place) if place.enough else "not enough data",
        str(place.scenes),
        f"{one.faces:.0f}" if one.enough else "",
        f"{one.screenings} of {one.shown}",
    )


def _rank(place: Standing) -> str:
    return ranged(place.rank, place.low, place.high)
