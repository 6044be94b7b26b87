"""The planner in each of its states."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from audience.comparing.planning import Plan
from dashboard import download
from tests.dashboard.charts import datasets
from tests.dashboard.conftest import Pages, text_of


def said(app: AppTest) -> str:
    """The page's text with plain spaces."""
    return text_of(app).replace("\N{NO-BREAK SPACE}", " ")


def test_it_says_how_many_faces_and_screenings_a_difference_takes(pages: Pages, store_url: str) -> None:
    app = pages.planner(share="20", difference="10", faces="30", power="in 9 of 10 tries", alike="0.1")
    plan = Plan(share=0.2, power=0.9, faces_a_screening=30, alike_together=0.1, alike_over_time=0.3)
    faces, screenings = plan.faces(0.1), plan.screenings(0.1)
    told = f"it takes {faces:,} faces of each cut: {screenings} screenings of 30."
    assert f"To find a rise from 20 to 30 % in 9 of 10 tries, {told}" in said(app)
    assert len(app.get("vega_lite_chart")) == 1


def test_people_who_sit_alone_make_no_screenings(pages: Pages, store_url: str) -> None:
    text = said(pages.planner(faces="1", alike="0"))
    assert "it takes 294 faces of each cut." in text
    assert "tell as much as" not in text


def test_one_screening_is_not_told_as_several(pages: Pages, store_url: str) -> None:
    text = said(pages.planner(faces="1000", alike="0"))
    assert "294 faces, 1 screening</td>" in text
    assert "1 screenings" not in text


def test_fewer_screenings_than_can_be_compared_are_not_planned(pages: Pages, store_url: str) -> None:
    text = said(pages.planner(difference="60"))
    assert "Plan 5 screenings at least: fewer of either cut cannot be compared." in text


def test_a_fall_is_planned_too(pages: Pages, store_url: str) -> None:
    assert "To find a fall from 20 to 10 %" in said(pages.planner(difference="-10"))


@pytest.mark.parametrize("difference", ["0", "90", "-30"])
def test_a_difference_that_leads_nowhere_says_what_can_be_given(pages: Pages, store_url: str, difference: str) -> None:
    app = pages.planner(difference=difference)
    assert "give a difference between -20 and 80 points, other than 0." in said(app)
    assert len(app.get("vega_lite_chart")) == 0


def test_it_says_what_it_assumes(pages: Pages, store_url: str) -> None:
    text = said(pages.planner())
    assert "30 faces of one screening tell as much as 12.2 independent observations." in text
    assert "below ten of each cut it is somewhat optimistic" in text


def test_its_files_hold_the_figures_of_the_page(pages: Pages, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    builds = []
    monkeypatch.setattr(download, "offer", lambda build, **_: builds.append(build))
    app = pages.planner(share="20", difference="12")
    files = builds[-1]().files(datetime(2026, 6, 1, tzinfo=UTC))
    first = next(csv.DictReader(io.StringIO(files["plan.csv"].decode("utf-8-sig"))))
    assert first["difference"] == "0.12"
    assert f"it takes {first['faces']} faces of each cut: {first['screenings']} screenings of 30." in said(app)
    (line, marked, *_pointed_at) = datasets(builds[-1]().pictures[0].chart)
    assert marked["screenings"].tolist() == [int(first["screenings"])]
    assert marked["points"].tolist() == [line["points"][line["screenings"] == int(first["screenings"])].item()]
    assert files["plan.svg"].startswith(b"<svg")
