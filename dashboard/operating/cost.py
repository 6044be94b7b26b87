"""What the day is going to cost, against what it may."""

from __future__ import annotations

import streamlit as st

from audience.monitoring.cost import SCORINGS, Scoring, day_cost
from dashboard import markup
from dashboard.operating import data

_WHERE: dict[Scoring, str] = {
    "here": "On my own machines",
    "device": "On each camera's device, kept in AWS",
    "cloud": "By Amazon Rekognition",
}
USUAL_FACES = 30


def show_cost(session_id: str) -> None:
    """The estimate, what it assumes, and how it stands against the budget."""
    now = data.situation(session_id)
    of_cameras = [one.heartbeat.faces for one in now.cameras if one.heartbeat and one.state == "ok"]
    in_view = round(sum(of_cameras) / len(of_cameras)) if of_cameras else USUAL_FACES
    heads = now.session.mode == "head count"
    offered = [one for one in SCORINGS if not (heads and one == "cloud")]
    usual = offered.index("device" if heads else "cloud") if data.is_in_the_cloud() else 0
    # By session: what is shown of a key stays, and would be another session's cameras and faces.
    with st.container(horizontal=True):
        scoring: Scoring = st.selectbox(
            "Scored", offered, index=usual, format_func=_WHERE.__getitem__, key="cost-scoring", bind="query-params"
        )
        cameras = st.number_input("Cameras", 0, 10_000, len(now.cameras), key=f"cost-cameras-{session_id}")
        hours = st.number_input("Hours", 0.0, 24.0, 8.0, step=0.5, key="cost-hours", bind="query-params", format="%g")
        faces = st.number_input("Faces in view of each", 0, 10_000, in_view, key=f"cost-faces-{session_id}")
        interval_s = st.number_input(
            "Seconds a delivery", 0.5, 600.0, 2.0, step=1.0, key="cost-interval", bind="query-params", format="%g"
        )
        budget = st.number_input(
            "Budget of the day, $", 0.0, 1e6, 20.0, step=5.0, key="cost-budget", bind="query-params", format="%g"
        )
    cost = day_cost(cameras=cameras, hours=hours, faces=faces, scoring=scoring, interval_s=interval_s)
    told = f"About ${cost.dollars:,.2f} for the day"
    if cost.detect_faces:
        told += f", ${cost.detect_faces:,.2f} of it for DetectFaces"
    if cost.dollars > budget:
        told += f": ${cost.dollars - budget:,.2f} over the budget of ${budget:,.2f}."
        st.html(markup.trouble(told + " Longer deliveries, or scoring on the device, cost less."))
    else:
        st.html(markup.lead(f"{told}, within the budget of ${budget:,.2f}."))
    st.html(markup.note("Estimated, not billed.", *cost.assumes))
