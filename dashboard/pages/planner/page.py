"""The planner: how many screenings and faces it takes to find a difference, before anybody is invited."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.planning import Plan
from audience.export.tables import plan_table
from audience.language import N_, decimal, gettext, language, ngettext, using, whole
from audience.percents import percent, percent_text
from dashboard import markup
from dashboard.charts.planner import planner_chart
from dashboard.charts.theme import LIGHT, palette_of
from dashboard.choices import choose
from dashboard.download import DownloadBundle, Picture, address, offer

POWERS = {0.8: N_("in 8 of 10 tries"), 0.9: N_("in 9 of 10 tries"), 0.95: N_("in 19 of 20 tries")}


def headline(plan: Plan, difference: float) -> str:
    """What it takes, in one sentence."""
    faces, screenings = plan.faces(difference), plan.screenings(difference)
    values = {
        "low": percent(plan.share),
        "high": percent(plan.share + difference),
        "power": power_name(plan.power),
        "faces": faces_counted(faces),
    }
    together = whole(plan.faces_a_screening)
    rises = difference > 0
    if plan.faces_a_screening <= 1:
        return (
            gettext("To find a rise from {low} to {high} % {power}, it takes {faces} of each cut.", **values)
            if rises
            else gettext("To find a fall from {low} to {high} % {power}, it takes {faces} of each cut.", **values)
        )
    if screenings == 1:
        sentence = (
            gettext(
                "To find a rise from {low} to {high} % {power}, it takes {faces} of each cut: one screening.", **values
            )
            if rises
            else gettext(
                "To find a fall from {low} to {high} % {power}, it takes {faces} of each cut: one screening.", **values
            )
        )
    elif rises:
        sentence = ngettext(
            "To find a rise from {low} to {high} % {power}, it takes {faces} of each cut: {count} screening of "
            "{together}.",
            "To find a rise from {low} to {high} % {power}, it takes {faces} of each cut: {count} screenings of "
            "{together}.",
            screenings,
            together=together,
            **values,
        )
    else:
        sentence = ngettext(
            "To find a fall from {low} to {high} % {power}, it takes {faces} of each cut: {count} screening of "
            "{together}.",
            "To find a fall from {low} to {high} % {power}, it takes {faces} of each cut: {count} screenings of "
            "{together}.",
            screenings,
            together=together,
            **values,
        )
    if screenings >= LEAST_UNITS:
        return sentence
    least = gettext("Plan {least} screenings at least: fewer of either cut cannot be compared.", least=LEAST_UNITS)
    return f"{sentence} {least}"


def power_name(power: float) -> str:
    """How often a difference would be found."""
    return gettext(POWERS[power])


def faces_counted(faces: int) -> str:
    """So many faces."""
    return ngettext("{count} face", "{count} faces", faces)


def needed(plan: Plan, difference: float) -> str:
    """What a difference takes, for a table."""
    screenings = plan.screenings(difference)
    return f"{faces_counted(plan.faces(difference))}, " + ngettext(
        "{count} screening", "{count} screenings", screenings
    )


def assumptions(plan: Plan) -> list[str]:
    """What the figure rests on, in plain words."""
    lines = [
        gettext(
            "Different people see each cut, and screenings are sampled from the audiences you want to generalise to."
        ),
        gettext("If there is no difference, 1 in 20 comparisons still finds one (5 %, two-sided)."),
        gettext("The compared time range is chosen in advance: searching a whole film finds less."),
        gettext("The formula is for many screenings: below ten of each cut it is somewhat optimistic."),
    ]
    if plan.design_effect != 1:
        alone = plan.faces_a_screening / plan.design_effect
        lines.insert(
            1,
            ngettext(
                "{count} face of one screening tells as much as {alone} independent observations.",
                "{count} faces of one screening tell as much as {alone} independent observations.",
                plan.faces_a_screening,
                alone=decimal(alone, 1),
            ),
        )
    return lines


PAGE = "plan"
DIFFERENCES = (0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3)
PICTURE_WIDTH = 1000


def choose_plan() -> tuple[Plan, float]:
    """What is to be compared, and the difference that is to be found."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="plan-choosers"):
        share = st.number_input(
            gettext("Usual share, %"),
            1,
            99,
            20,
            key="share",
            bind="query-params",
            width=140,
            help=gettext("Of faces that smile, say."),
        )
        points = st.number_input(
            gettext("Difference, points"),
            -98,
            98,
            10,
            key="difference",
            bind="query-params",
            width=160,
            help=gettext("Below 0: a fall."),
        )
        together = st.number_input(
            gettext("Faces a screening"), 1, 1000, 30, key="faces", bind="query-params", width=150
        )
        usual = next(iter(POWERS))
        power = choose(gettext("Power"), list(POWERS), key="power", usual=usual, name=power_name, width=210)
        alike = st.number_input(
            gettext("Correlation in a screening, 0 to 1"),
            0.0,
            1.0,
            0.05,
            0.01,
            key="alike",
            bind="query-params",
            width=290,
            help=gettext(
                "How alike people at one screening react, because they laugh together and came for the same reason; 0: "
                "independent. {guess} is a guess. The Plan link on Scenes estimates it from past screenings.",
                guess=decimal(0.05, 2),
            ),
        )
    with st.expander(gettext("Averaged over a scene")):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            looks = st.number_input(
                gettext("Seconds averaged"), 1, 3600, 1, key="looks", bind="query-params", width=150
            )
            lasting = st.number_input(
                gettext("Correlation across seconds, 0 to 1"),
                0.0,
                1.0,
                0.3,
                0.05,
                key="lasting",
                bind="query-params",
                width=290,
            )
        st.html(
            markup.note(
                gettext(
                    "Averaging many seconds of a face tells more than one second, but less than that many faces: "
                    "people who smile now mostly smile a second later, and some smile more than others. Enter 1 for "
                    "one moment."
                )
            )
        )
    plan = Plan(
        share=share / 100,
        power=power,
        faces_a_screening=together,
        alike_together=alike,
        looks=looks,
        alike_over_time=lasting,
    )
    return plan, points / 100


def show(plan: Plan, difference: float) -> None:
    """What it takes, the picture, the table and what it assumes."""
    sentence = headline(plan, difference)
    st.html(markup.lead(sentence))
    screenings = plan.screenings(difference) if difference > 0 else None
    palette = palette_of(st.context.theme.type)
    st.altair_chart(planner_chart(plan, screenings, palette), key="plan", alt=sentence, theme=None)
    rows = [
        (
            gettext("+{points} points", points=decimal(100 * rise, 1)),
            *(needed(replace(plan, power=power), rise) for power in POWERS),
        )
        for rise in DIFFERENCES
        if plan.share + rise <= 1
    ]
    head = (gettext("Rise"), *(power_name(power) for power in POWERS))
    st.html(markup.figures(gettext("Needed for each cut"), head, rows))
    st.html(markup.listing(gettext("What this assumes"), assumptions(plan)))
    offer(
        # Files are made where no page runs, and no viewer is known.
        partial(bundle, plan, difference, address("planner"), language()),
        page=PAGE,
        first=gettext("Table of the plan"),
        tables=["plan"],
        pictures=["plan"],
    )


def bundle(plan: Plan, difference: float, opened_at: str, viewers: str) -> DownloadBundle:
    """The plan as files.

    Args:
        plan, difference: what is on the screen.
        opened_at: address of the page.
        viewers: the language of its picture.
    """
    with using(viewers):
        sentence = headline(plan, difference)
        chart = planner_chart(plan, plan.screenings(difference) if difference > 0 else None, LIGHT)
    return DownloadBundle(
        page=PAGE,
        address=opened_at,
        chosen={"difference": difference, "power": plan.power, "design_effect": plan.design_effect},
        tables=[plan_table(plan, list(dict.fromkeys([difference, *DIFFERENCES])), list(POWERS))],
        pictures=[Picture(name="plan", chart=chart, width=PICTURE_WIDTH, alt=sentence)],
        stages=[],
        scorers={},
    )


st.html(
    markup.page_title(
        gettext("Planner"), gettext("How many screenings a comparison of two cuts needs, before anybody is invited.")
    )
)
plan, difference = choose_plan()
if difference and 0 <= plan.share + difference <= 1:
    show(plan, difference)
else:
    line = gettext(
        "{share} cannot change by {points} points: give a difference between {least} and {most} points, other than 0.",
        share=percent_text(plan.share),
        points=decimal(100 * difference, 1),
        least=percent(-plan.share),
        most=percent(1 - plan.share),
    )
    st.html(markup.trouble(line))
