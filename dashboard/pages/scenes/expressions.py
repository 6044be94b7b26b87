"""Scenes against expressions: the heat map, its figures, and what is taken away of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, get_args

import pandas as pd
import streamlit as st
from altair import LayerChart
from streamlit.delta_generator import DeltaGenerator

from audience.comparing.scenes import SceneFigure, at_most, is_noise, scene_figures
from audience.export.tables import scenes_table
from audience.language import N_, gettext
from audience.percents import percent_text
from audience.reaction.baseline import BASELINES, BaselineChoice
from audience.reaction.segments import LEAST_S
from audience.scorers import FALSE_RATES, FalseRate
from dashboard import markup
from dashboard.charts.heat_map import heat_map
from dashboard.charts.theme import LIGHT, Palette, palette_of
from dashboard.choices import choose, choose_segment
from dashboard.download import Picture, offer
from dashboard.pages.choose_sessions import bar
from dashboard.pages.scenes import data
from dashboard.pages.scenes.selected import PAGE, PICTURE_WIDTH, ChosenScenes
from dashboard.pages.scenes.text import (
    NOISE,
    capitalised,
    changed,
    counted_of,
    faces_cell,
    figure_name,
    figure_words,
    lack_brief,
    lack_full,
    number_of_faces,
    plus,
    ranged,
)
from dashboard.wording import expression_name

Measure = Literal["share", "change"]
FalseRates = Mapping[str, FalseRate]

_MEASURES: dict[Measure, str] = {"share": N_("Share"), "change": N_("Change")}
_AGAINST: dict[BaselineChoice, str] = {
    "whole talk": N_("Compared with the whole screening"),
    "moving median": N_("Compared with the minutes around it"),
    "pre-roll": N_("Compared with the time before it began"),
}
_ONE_CHANGE: dict[BaselineChoice, str] = {
    "whole talk": N_("A cell is the share of faces less that of the whole screening, in points."),
    "moving median": N_("A cell is the share of faces less that of the minutes around it, in points."),
    "pre-roll": N_("A cell is the share of faces less that of the time before it began, in points."),
}
_MEAN_CHANGE: dict[BaselineChoice, str] = {
    "whole talk": N_(
        "A cell is the share of faces less that of the whole screening, in points, on average over screenings."
    ),
    "moving median": N_(
        "A cell is the share of faces less that of the minutes around it, in points, on average over screenings."
    ),
    "pre-roll": N_(
        "A cell is the share of faces less that of the time before it began, in points, on average over screenings."
    ),
}


def show(chosen: ChosenScenes, choosers: DeltaGenerator) -> None:
    """The view, from its choosers to its figures.

    Args:
        chosen: of what.
        choosers: the row for the view's own choosers.
    """
    with choosers:
        measure: Measure = choose_segment(
            gettext("Show"), get_args(Measure), key="measure", usual="share", name=_measure_name, labelled=False
        )
        choice: BaselineChoice = BASELINES[0]
        if measure == "change":
            choice = choose(
                gettext("Against"),
                BASELINES,
                key="baseline",
                usual=BASELINES[0],
                name=_baseline_name,
                labelled=False,
                width=260,
            )
        bundle = st.container(width="content")
    with bar(gettext("Laying the scenes side by side")) as told_part:
        screened = data.screened(chosen.screenings, chosen.expressions, choice, told_part)
    figures = scene_figures(screened, chosen.expressions)
    sentence = headline(figures, chosen.lead)
    st.html(markup.lead(sentence))
    rates = FALSE_RATES.get(chosen.scorer, {})
    chart = _chart(figures, measure, chosen.experimental, rates, palette_of(st.context.theme.type))
    alt = gettext("Scenes against expressions.") + f" {sentence}"
    st.altair_chart(chart, key="heat-map", alt=alt, theme=None)
    st.html(markup.note(*explained(figures, measure, choice, chosen.experimental, rates)))
    with st.expander(gettext("All figures")):
        head = (
            gettext("Scene"),
            gettext("Expression"),
            gettext("Share"),
            gettext("Change"),
            gettext("Faces"),
            gettext("Screenings"),
            gettext("Coverage"),
        )
        st.html(markup.figures(gettext("Scenes and expressions"), head, [_cells(one, rates) for one in figures]))
    with bundle:
        build = chosen.bundle(
            {"view": "expressions", "measure": measure, "baseline": choice, "least_figures_s": LEAST_S},
            partial(scenes_table, figures),
            partial(_picture, figures, measure, chosen.experimental, rates, sentence),
        )
        offer(build, page=PAGE, first=gettext("Table of the scenes"), tables=["scenes", "notes"], pictures=["scenes"])


def _measure_name(measure: Measure) -> str:
    return gettext(_MEASURES[measure])


def _baseline_name(choice: BaselineChoice) -> str:
    return gettext(_AGAINST[choice])


def headline(figures: Sequence[SceneFigure], lead: str) -> str:
    """Where most showed an expression, and where fewest did."""
    known = sorted((one for one in figures if one.enough and one.expression == lead), key=lambda one: one.share)
    if not known:
        return gettext("Not enough data for a figure of any scene.")
    most, least = known[-1], known[0]
    values = {
        "expression": expression_name(lead),
        "highest": most.scene.name,
        "high": ranged(most.share, most.low, most.high),
    }
    if most is least:
        return gettext("{expression}: highest in “{highest}”, {high} of the faces.", **values)
    return gettext(
        "{expression}: highest in “{highest}”, {high} of the faces; lowest in “{lowest}”, {low}.",
        lowest=least.scene.name,
        low=ranged(least.share, least.low, least.high),
        **values,
    )


def explained(
    figures: Sequence[SceneFigure],
    measure: Measure,
    choice: BaselineChoice,
    experimental: frozenset[str],
    rates: FalseRates,
) -> list[str]:
    """What the picture means, and why cells of it have no figure."""
    several = max(one.shown for one in figures) > 1
    if measure == "change":
        said = [gettext((_MEAN_CHANGE if several else _ONE_CHANGE)[choice])]
    elif several:
        said = [
            gettext(
                "A cell is the share of faces that show the expression in the scene, on average over screenings, each "
                "counting once."
            )
        ]
    else:
        said = [gettext("A cell is the share of faces that show the expression in the scene.")]
    lacks = dict.fromkeys(one.lack if measure == "share" else one.change_lack for one in figures)
    said += [f"“{capitalised(lack_brief(lack))}”: {lack_full(lack)}." for lack in lacks if lack]
    if measure == "share" and any(is_noise(one, rates.get(one.expression)) for one in figures):
        said.append(gettext(NOISE))
    if experimental & {one.expression for one in figures}:
        said.append(gettext("* Experimental: its accuracy is not established."))
    return said


def _cells(figure: SceneFigure, rates: FalseRates) -> tuple[str, ...]:
    share = ranged(figure.share, figure.low, figure.high) if figure.enough else lack_full(figure.lack)
    if is_noise(figure, rates.get(figure.expression)):
        share = gettext("{share}, noise", share=share)
    return (
        figure.scene.name,
        expression_name(figure.expression),
        share,
        changed(figure) if figure.enough else "",
        faces_cell(figure) if figure.enough else "",
        counted_of(figure),
        "" if figure.coverage != figure.coverage else percent_text(figure.coverage),
    )


def _picture(
    figures: Sequence[SceneFigure], measure: Measure, experimental: frozenset[str], rates: FalseRates, sentence: str
) -> Picture:
    chart = _chart(figures, measure, experimental, rates, LIGHT)
    return Picture(name="scenes", chart=chart, width=PICTURE_WIDTH, alt=sentence)


def _chart(
    figures: Sequence[SceneFigure],
    measure: Measure,
    experimental: frozenset[str],
    rates: FalseRates,
    palette: Palette,
) -> LayerChart:
    """Scenes against expressions, and beside each what its figures rest on."""
    expressions = list(dict.fromkeys(one.expression for one in figures))
    scenes = list(dict.fromkeys(one.scene for one in figures))
    cells = [
        _cell(one, measure, rates.get(one.expression), scenes.index(one.scene), expressions.index(one.expression))
        for one in figures
    ]
    for row, scene in enumerate(scenes):
        cells += rests_on([one for one in figures if one.scene == scene], row, len(expressions))
    columns = [expression_name(name) + ("*" if name in experimental else "") for name in expressions]
    names = [scene.name for scene in scenes]
    return heat_map(
        pd.DataFrame(cells),
        names,
        [*columns, gettext("Faces"), gettext("Coverage")],
        palette,
        changes=measure == "change",
    )


def _cell(figure: SceneFigure, measure: Measure, rate: FalseRate | None, row: int, column: int) -> dict[str, object]:
    if measure == "share" and rate is not None and is_noise(figure, rate):
        said = gettext(
            "{figure}; noise: its scorer takes up to {share} of other faces for it",
            figure=figure_words(figure),
            share=percent_text(at_most(rate)),
        )
        text = gettext("noise")
        return {"row": row, "column": column, "value": float("nan"), "text": text, "brief": "·", "said": said}
    value, lack = (figure.share, figure.lack) if measure == "share" else (figure.change, figure.change_lack)
    text = lack_brief(lack) if lack else percent_text(value) if measure == "share" else plus(value)
    brief = "\N{EN DASH}" if lack else text.removesuffix(" %")
    said = figure_words(figure)
    return {"row": row, "column": column, "value": round(100 * value, 1), "text": text, "brief": brief, "said": said}


def rests_on(figures: Sequence[SceneFigure], row: int, column: int) -> list[dict[str, object]]:
    """The cells beside a row that say what its figures rest on; empty where it has none, but where nobody was."""
    shown = [one for one in figures if one.enough]
    most = max(shown, key=lambda one: one.faces, default=figures[0])
    said = f"{figure_name(most)}: {number_of_faces(most)}" if shown else figure_words(most)
    coverage = "" if most.coverage != most.coverage else percent_text(most.coverage)
    faces = faces_cell(most) if shown or most.lack == "nobody in view" else ""
    nothing = {"row": row, "value": float("nan"), "said": said}
    return [
        {"column": column, "text": faces, "brief": faces, **nothing},
        {"column": column + 1, "text": coverage, "brief": coverage.removesuffix(" %"), **nothing},
    ]
