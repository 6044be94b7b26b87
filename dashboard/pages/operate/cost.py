"""What a day costs: the estimate, what it assumes, and how it stands against the budget."""

from __future__ import annotations

from typing import Final

import streamlit as st

from audience.language import ENGLISH, N_, gettext, language
from audience.monitoring.cost import SCORINGS, DayCost, Scoring, day_cost
from audience.monitoring.situation import Situation
from dashboard import markup
from dashboard.choices import put_into_address, take_from_address
from dashboard.pages.operate import data

_WHERE: Final[dict[str, str]] = {
    "here": N_("On my own machines"),
    "device": N_("On each camera's device, kept in AWS"),
    "cloud": N_("By Amazon Rekognition"),
}
USUAL_FACES: Final = 30
"""In view of each camera, where none is at work yet."""

USUAL: Final = {"cost-hours": 8.0, "cost-interval": 2.0, "cost-budget": 20.0}
"""By key of the field, and of the address: hours, seconds a delivery, and dollars of the day's budget."""


def show_cost(session_id: str) -> None:
    """The estimate, what it assumes, and how it stands against the budget."""
    now = data.situation(session_id)
    offered = _offered(now)
    # By session: what is shown of a key stays, and would be another session's cameras and faces.
    with st.container(horizontal=True):
        take_from_address("cost-scoring", offered, _usual(now), _where)
        scoring: Scoring = st.selectbox(
            gettext("Scored"),
            offered,
            format_func=_where,
            key="cost-scoring",
            on_change=put_into_address,
            args=("cost-scoring", _usual(now)),
            width=280,
        )
        cameras = st.number_input(gettext("Cameras"), 0, 10_000, len(now.cameras), key=f"cost-cameras-{session_id}")
        hours = _field(gettext("Hours"), "cost-hours", least=0.0, most=24.0, step=0.5)
        faces = st.number_input(
            gettext("Faces in view of each"), 0, 10_000, _in_view(now), key=f"cost-faces-{session_id}"
        )
        interval_s = _field(gettext("Seconds a delivery"), "cost-interval", least=0.5, most=600.0, step=1.0)
        budget = _field(gettext("Budget of the day, $"), "cost-budget", least=0.0, most=1e6, step=5.0)
    cost = day_cost(cameras=cameras, hours=hours, faces=faces, scoring=scoring, interval_s=interval_s)
    line = gettext("About {dollars} for the day.", dollars=money(cost.dollars))
    if cost.detect_faces:
        line = gettext(
            "About {dollars} for the day, {part} of it for DetectFaces.",
            dollars=money(cost.dollars),
            part=money(cost.detect_faces),
        )
    if cost.dollars > budget:
        over = gettext(
            "That is {dollars} over the budget of {budget}.",
            dollars=money(cost.dollars - budget),
            budget=money(budget),
        )
        less = gettext("Longer deliveries, or scoring on the device, cost less.")
        st.html(markup.trouble(f"{line} {over} {less}"))
    else:
        within = gettext("That is within the budget of {budget}.", budget=money(budget))
        st.html(markup.lead(f"{line} {within}"))
    st.html(markup.note(gettext("Estimated, not billed."), *cost.assumes))


def budget_fact(now: Situation) -> str:
    """The day's estimate against its budget, as the address has them; "" where the day costs nothing."""
    cost, budget = _of_address(now)
    if not cost.dollars:
        return ""
    return gettext("about {dollars} of {budget} for the day", dollars=money(cost.dollars), budget=money(budget))


def money(dollars: float) -> str:
    """Dollars with their cents, in the reader's language: "$1,204.50", "1.204,50 $"."""
    if (code := language()) == ENGLISH:
        return f"${dollars:,.2f}"
    from babel.numbers import format_currency

    return format_currency(dollars, "USD", locale=code)


def _of_address(now: Situation) -> tuple[DayCost, float]:
    """The estimate for the session's cameras, and the budget."""
    asked = st.query_params.get("cost-scoring")
    scoring = next((one for one in _offered(now) if one == asked), _usual(now))
    cost = day_cost(
        cameras=len(now.cameras),
        hours=min(_number("cost-hours"), 24.0),
        faces=_in_view(now),
        scoring=scoring,
        interval_s=max(_number("cost-interval"), 0.5),
    )
    return cost, _number("cost-budget")


def _number(key: str) -> float:
    try:
        found = float(st.query_params.get(key, ""))
    except ValueError:
        return USUAL[key]
    return found if 0 <= found <= 1e6 else USUAL[key]


def _offered(now: Situation) -> list[Scoring]:
    """Where faces may be scored: heads are never counted in the cloud."""
    return [one for one in SCORINGS if not (now.session.mode == "head count" and one == "cloud")]


def _usual(now: Situation) -> Scoring:
    if not data.is_in_the_cloud():
        return "here"
    return "device" if now.session.mode == "head count" else "cloud"


def _in_view(now: Situation) -> int:
    """Mean number of faces in view of a camera that is at work."""
    of_cameras = [one.heartbeat.faces for one in now.cameras if one.heartbeat and one.state == "ok"]
    return round(sum(of_cameras) / len(of_cameras)) if of_cameras else USUAL_FACES


def _field(label: str, key: str, *, least: float, most: float, step: float) -> float:
    return st.number_input(label, least, most, USUAL[key], step=step, key=key, bind="query-params", format="%g")


def _where(scoring: str) -> str:
    return gettext(_WHERE[scoring])
