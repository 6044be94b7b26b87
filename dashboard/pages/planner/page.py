"""The planner: how many screenings and faces it takes to find a difference, before anybody is invited."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.planning import Plan
from audience.export.tables import plan_table
from dashboard import markup
from dashboard.charts.planner import planner_chart
from dashboard.charts.theme import LIGHT, palette_of
from dashboard.download import DownloadBundle, Picture, address, offer

POWERS = {0.8: "in 8 of 10 tries", 0.9: "in 9 of 10 tries", 0.95: "in 19 of 20 tries"}


def headline(plan: Plan, difference: float) -> str:
    """What it takes, in one sentence."""
    faces, screenings = plan.faces(difference), plan.screenings(difference)
    kind = "rise" if difference > 0 else "fall"
    sentence = f"To find a {kind} from {100 * plan.share:.0f} to {100 * (plan.share + difference):.0f} %"
    sentence += f" {POWERS[plan.power]}, it takes {spaced(faces)} faces of each cut"
    if plan.faces_a_screening > 1:
        sentence += (
            f": {spaced(screenings)} screenings of {plan.faces_a_screening}" if screenings > 1 else ": one screening"
        )
    sentence += "."
    if plan.faces_a_screening > 1 and screenings < LEAST_UNITS:
        sentence += f" Plan {LEAST_UNITS} screenings at least: fewer of either cut cannot be compared."
    return sentence


def spaced(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def needed(plan: Plan, difference: float) -> str:
    """What a difference takes, for a table."""
    screenings = plan.screenings(difference)
    return f"{spaced(plan.faces(difference))} faces, {spaced(screenings)} screening{'' if screenings == 1 else 's'}"


def assumptions(plan: Plan) -> list[str]:
    """What the figure rests on, in plain words."""
    lines = [
        "Different people see each cut, and screenings are sampled from the audiences you want to generalise to.",
        "If there is no difference, 1 in 20 comparisons still finds one (5 %, two-sided).",
        "The compared time range is chosen in advance: searching a whole film finds less.",
        "The formula is for many screenings: below ten of each cut it is somewhat optimistic.",
    ]
    if plan.design_effect != 1:
        alone = plan.faces_a_screening / plan.design_effect
        lines.insert(
            1,
            f"{plan.faces_a_screening} faces of one screening tell as much as {alone:.1f} independent observations.",
        )
    return lines


PAGE = "plan"
DIFFERENCES = (0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3)
PICTURE_WIDTH = 1000


def choose_plan() -> tuple[Plan, float]:
    """What is to be compared, and the difference that is to be found."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="plan-choosers"):
        share = st.number_input(
            "Usual share, %", 1, 99, 20, key="share", bind="query-params", width=140, help="Of faces that smile, say."
        )
        points = st.number_input(
            "Difference, points", -98, 98, 10, key="difference", bind="query-params", width=160, help="Below 0: a fall."
        )
        together = st.number_input("Faces a screening", 1, 1000, 30, key="faces", bind="query-params", width=150)
        power = st.selectbox(
            "Power", list(POWERS), format_func=POWERS.__getitem__, key="power", bind="query-params", width=160
        )
        alike = st.number_input(
            "Correlation in a screening, 0 to 1",
            0.0,
            1.0,
            0.05,
            0.01,
            key="alike",
            bind="query-params",
            width=240,
            help="How alike people at one screening react, because they laugh together and came for the same reason; "
            "0: independent. 0.05 is a guess. The Plan link on Scenes estimates it from past screenings.",
        )
    with st.expander("Averaged over a scene"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            looks = st.number_input("Seconds averaged", 1, 3600, 1, key="looks", bind="query-params", width=150)
            lasting = st.number_input(
                "Correlation across seconds, 0 to 1",
                0.0,
                1.0,
                0.3,
                0.05,
                key="lasting",
                bind="query-params",
                width=250,
            )
        st.html(
            markup.note(
                "Averaging many seconds of a face tells more than one second, but less than that many faces: people "
                "who smile now mostly smile a second later, and some smile more than others. Enter 1 for one moment."
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
        (f"+{100 * rise:g} points", *(needed(replace(plan, power=power), rise) for power in POWERS))
        for rise in DIFFERENCES
        if plan.share + rise <= 1
    ]
    st.html(markup.figures("Needed for each cut", ("Rise", *POWERS.values()), rows))
    st.html(markup.listing("What this assumes", assumptions(plan)))
    offer(
        partial(bundle, plan, difference, address("planner")),
        page=PAGE,
        first="Table of the plan",
        tables=["plan"],
        pictures=["plan"],
    )


def bundle(plan: Plan, difference: float, opened_at: str) -> DownloadBundle:
    """The plan as files."""
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


st.html(markup.page_title("Planner", "How many screenings a comparison of two cuts needs, before anybody is invited."))
plan, difference = choose_plan()
if difference and 0 <= plan.share + difference <= 1:
    show(plan, difference)
else:
    line = f"{100 * plan.share:.0f} % cannot change by {100 * difference:g} points: give a difference between"
    st.html(markup.trouble(f"{line} {-100 * plan.share:.0f} and {100 * (1 - plan.share):.0f} points, other than 0."))
