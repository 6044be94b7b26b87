"""The Panel page in each of its states, its files, its charts, and who may see it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import numpy as np
import pytest
import streamlit as st

from audience.errors import AccessRefused
from audience.identity.households import Guests
from audience.identity.panels import HouseholdPanel
from audience.sessions import Stage
from audience.stores import open_identity, open_store
from audience.timelines import Timeline
from dashboard import download
from dashboard.access.entry import has_page
from dashboard.access.identity import asked_as
from dashboard.access.permits import Permit
from dashboard.charts.presence import SHOWN, TV, household_chart, panel_chart, runs
from dashboard.charts.theme import LIGHT
from dashboard.pages.panel.data import evening, make_button_link
from sample_data.household import load_panel, panel_session, simulate_panel
from tests.audience.identity.panel import minute, presence, seen, tap
from tests.builders import BEGAN_MS
from tests.dashboard.charts import datasets
from tests.dashboard.conftest import Pages, text_of

NOW = datetime(2026, 5, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def simulated() -> list:
    return list(simulate_panel(6))


@pytest.fixture
def panel(store_url: str, simulated: list) -> str:
    """A store with a simulated evening of six households."""
    with open_store(store_url) as store, open_identity(store_url) as people:
        load_panel(store, people, panel_session(), simulated, now=NOW)
    return store_url


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_household_is_shown_minute_by_minute_and_names_nobody(pages: Pages, panel: str, simulated: list):
    app = pages.panel(session="simulated-panel", household="household-1")
    text = text_of(app)
    assert "Quiz night:" in text
    assert "of 5 members were logged in at an average minute" in text
    assert "Privacy: 3 minutes." in text
    assert len(app.get("vega_lite_chart")) == 1
    for name in simulated[0].names.values():
        assert name not in text


def test_a_panel_has_bands_and_says_that_it_is_small(pages: Pages, panel: str):
    text = text_of(pages.panel())
    assert "A small panel" in text
    assert "% (" in text
    assert "not feeling" in text


def test_its_files_hold_the_figures_of_the_page(pages: Pages, panel: str, monkeypatch: pytest.MonkeyPatch):
    builds = []
    monkeypatch.setattr(download, "offer", lambda build, **_: builds.append(build))
    text = text_of(pages.panel(household="household-1", least="5"))
    files = builds[-1]().files(NOW)
    presence_rows, programmes = rows_of(files["presence.csv"]), rows_of(files["programmes.csv"])
    assert len(presence_rows) == 5 * 60
    assert {row["by_button"] for row in presence_rows if row["private"] == "1"} == {""}
    (quiz,) = [
        row
        for row in programmes
        if (row["programme"], row["source"], row["household_id"]) == ("Quiz night", "button", "household-1")
    ]
    told = f"Quiz night: {float(quiz['average_audience']):.1f} of 5 members were logged in at an average minute, "
    assert f"{told}{quiz['reached']} for at least 5 minutes." in text
    guests = rows_of(files["guests.csv"])
    assert {(row["sex"], row["ages"]) for row in guests} == {("female", "25 to 44")}
    # Only Rosa, Ben and Otto let their smiles be joined with them.
    smiling = {row["person_id"].split("-")[-1] for row in presence_rows if row["smiling"]}
    assert smiling == {"rosa", "ben", "otto"}
    assert files["minutes.svg"].startswith(b"<svg")


def test_the_address_of_the_button_page_is_made_and_ended_where_people_are_ones_duty(pages: Pages, panel: str):
    app = pages.panel(household="household-1")
    app.button(key="make-link").click().run()
    (address,) = [one.value for one in app.code]
    with open_identity(panel) as people:
        households = HouseholdPanel(people, actor="test", now=lambda: datetime.now(UTC))
        token = address.rpartition("/household/")[2]
        assert households.opened_by(token).household_id == "household-1"
        app.button(key="close-link").click().run()
        with pytest.raises(AccessRefused):
            households.opened_by(token)
        household = households.household("simulated-panel", "household-1")
    with pytest.raises(AccessRefused):
        asked_as(Permit(role="analyst"), make_button_link)(household)


def test_a_set_that_showed_something_else_has_nobody_watching(panel: str):
    with open_store(panel) as store:
        store.put_stage("simulated-panel", Stage(stage_id="household-2"))
    everything = Permit(role="analyst")
    unknown, _ = asked_as(everything, lambda: evening("simulated-panel").programme("News", "button", 1))()
    assert "household-2" not in {one.household.household_id for one in unknown}
    with open_store(panel) as store:
        (other,) = [one for one in store.stages("simulated-panel") if one.stage_id == "household-1"]
        news_only = Timeline(title="Programmes", segments=other.timelines[0].segments[:1])
        store.put_stage("simulated-panel", Stage(stage_id="household-2", timelines=(news_only,), cues=other.cues))
    st.cache_resource.clear()
    found, _ = asked_as(everything, lambda: evening("simulated-panel").programme("Quiz night", "button", 1))()
    (elsewhere,) = [one for one in found if one.household.household_id == "household-2"]
    assert (elsewhere.average_audience, elsewhere.reach) == (0, 0)
    assert elsewhere.counted == len(elsewhere.members)


def test_without_a_panel_the_page_says_how_to_get_one(pages: Pages, filled: str):
    assert "no session of a panel" in text_of(pages.panel())
    with open_store(filled) as store:
        store.put_session(panel_session("empty-panel"))
    assert "no session of a panel" not in text_of(pages.panel())


def test_a_session_of_a_panel_leads_to_its_households(pages: Pages, panel: str):
    links = pages.session("simulated-panel").get("page_link")
    assert any("household=household-1" in link.proto.query_string for link in links)


def test_a_viewer_of_single_sessions_sees_no_panel(panel: str):
    viewer = Permit(role="viewer", own=("*",))
    assert not has_page(viewer, "panel")
    assert has_page(Permit(role="analyst"), "panel")
    with pytest.raises(AccessRefused):
        asked_as(viewer, evening)("simulated-panel")


def test_bars_are_the_stretches_of_minutes_in_which_something_was_so():
    taps = [tap(0, "set on"), tap(0, "in", "ann"), tap(120, "out", "ann"), tap(180, "privacy on")]
    minutes = [minute(0, seen("ann", "bea")), minute(1, seen("ann"))]
    found = presence("ann", "bea", taps=taps, minutes=minutes, alike=[("ann", "bea")], until_min=5)
    chart = household_chart(found, ["A", "B"], [("News", 0.0, 300.0)], LIGHT, UTC)
    bars = next(frame for frame in datasets(chart) if "kind" in frame)
    assert set(bars[["row", "kind", "from_s", "until_s"]].itertuples(index=False, name=None)) == {
        (TV, "logged in", 0, 180),
        (TV, "nobody", 120, 180),
        (TV, "private", 180, 300),
        ("A", "logged in", 0, 120),
        ("A", "in the room", 60, 120),
        ("A", "unsure", 0, 60),
        ("A", "private", 180, 300),
        ("B", "unsure", 0, 60),
        ("B", "private", 180, 300),
    }
    titles = next(frame for frame in datasets(chart) if "title" in frame and len(frame))
    assert titles["row"].tolist() == [SHOWN]


def test_the_panels_chart_has_a_line_for_each_way_and_breaks_where_nobody_is_known():
    shares = {"button": np.array([0.5, np.nan, 1.0]), "camera": np.array([np.nan] * 3)}
    starts = BEGAN_MS + 60_000 * np.arange(3)
    chart = panel_chart(starts, shares, [], LIGHT, UTC)  # type: ignore[arg-type]
    lines = next(frame for frame in datasets(chart) if "button" in frame)
    assert lines["button"].isna().tolist() == [False, True, False]
    said = next(frame for frame in datasets(chart) if "said" in frame)["said"]
    assert said.tolist() == ["19:30\nLogged in: 50 %", "19:31", "19:32\nLogged in: 100 %"]


def test_stretches_are_found_at_both_ends():
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]
    assert runs(np.array([], dtype=bool)) == []


def test_guests_are_kept_by_what_was_typed():
    taps = [tap(0, "set on"), tap(0, "guests", guests=[Guests(sex="male", count=2), Guests(ages="15 to 24", count=1)])]
    found = presence("ann", taps=taps)
    assert {group: count.tolist() for group, count in found.guests.items()} == {
        ("male", ""): [2],
        ("", "15 to 24"): [1],
    }
