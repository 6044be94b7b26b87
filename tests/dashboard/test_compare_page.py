"""The page that compares sessions, in each of its states, without a browser."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from audience.stores import open_store
from dashboard.pages import screening_data as lab_data
from dashboard.wording import NOT_FEELING, plain
from tests.builders import a_cue, a_stage, a_timeline, a_window, an_exclusion
from tests.dashboard.conftest import NASTY, Pages, put, text_of
from tests.dashboard.lab_sessions import a_showing, put_faces, put_screening, put_two_cuts


@pytest.fixture(scope="module")
def two_cuts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six screenings of either cut of a film, made once."""
    file = tmp_path_factory.mktemp("two-cuts") / "houselights.db"
    with open_store(f"sqlite:///{file}") as store:
        put_two_cuts(store)
    return file


@pytest.fixture
def two_cuts(two_cuts_file: Path, store_url: str) -> str:
    """A store of these screenings for a test of its own."""
    shutil.copy(two_cuts_file, store_url.removeprefix("sqlite:///"))
    return store_url


def opened(**query: str | list[str]) -> AppTest:
    return Pages().compare(**query)


def chart_of(app: AppTest) -> dict[str, Any]:
    (chart,) = app.get("vega_lite_chart")
    spec: dict[str, Any] = json.loads(chart.proto.spec)
    return spec


def names_of(app: AppTest) -> list[str]:
    """The lines that the chart's legend names."""
    legends = [layer.get("encoding", {}).get("color", {}).get("legend") for layer in chart_of(app)["layer"]]
    return next((json.loads(legend["labelExpr"].partition("[indexof(")[0]) for legend in legends if legend), [])


def ends_of(app: AppTest) -> list[float]:
    """From when to when the chart shows, seconds."""
    scales = [layer.get("encoding", {}).get("x", {}).get("scale") for layer in chart_of(app)["layer"]]
    (ends,) = {tuple(scale["domain"]) for scale in scales if scale}
    return list(ends)


def difference_of(app: AppTest) -> str:
    """What the chart's lower plot shows; empty where there is none."""
    _lines, *lower = [str(frame["name"][0]) for frame in frames_of(app) if list(frame.columns) == ["name"]]
    return lower[0] if lower else ""


def frames_of(app: AppTest) -> list[pd.DataFrame]:
    """What the chart is drawn from."""
    (chart,) = app.get("vega_lite_chart")
    return [pa.ipc.open_stream(one.data.data).read_pandas() for one in chart.proto.datasets]


def table_of(app: AppTest, first: str) -> pd.DataFrame:
    (found,) = [table.value for table in app.dataframe if table.value.columns[0] == first]
    return found


def test_an_empty_store_says_how_to_fill_it(store_url: str) -> None:
    text = text_of(opened())
    assert "There is no session in this store yet" in text
    assert "houselights demo" in text
    assert NOT_FEELING in text


def test_the_film_shown_most_is_compared_at_first_and_stands_in_the_address(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        put_screening(store, a_showing("boat", film="Day Boat", cut=""))
    app = opened()
    assert "12 screenings · Night Train · A: 6 · B: 6" in text_of(app)
    assert app.multiselect(key="film").value == ["Night Train"]
    assert app.query_params["film"] == "Night Train"


def test_the_address_chooses_the_sessions(two_cuts: str) -> None:
    assert "6 screenings · Night Train · B: 6" in text_of(opened(film="Night Train", cut="B"))
    assert "2 screenings · Night Train · A: 2" in text_of(opened(only=["night-a-1", "night-a-3"]))
    assert "1 screening ·" in text_of(opened(find="evening 4", cut="A"))
    assert "6 screenings" in text_of(opened(tag="students"))


def test_single_sessions_that_are_chosen_stand_in_the_address_by_their_id(two_cuts: str) -> None:
    app = opened()
    app.multiselect(key="only").set_value(["night-a-1", "night-b-1"]).run()
    assert app.query_params["only"] == ["night-a-1", "night-b-1"]
    assert "2 screenings · Night Train · A: 1 · B: 1" in text_of(app)


def test_a_choice_that_leaves_nothing_says_what_to_do(two_cuts: str) -> None:
    assert "No session matches" in text_of(opened(find="zebra"))


def test_several_scorers_are_refused_with_which_sessions_have_which_until_one_is_chosen(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        put_screening(store, a_showing("other", title="Elsewhere", days=40), scorer="rekognition 1")
    app = opened()
    text = text_of(app)
    assert "scored by 2 scorers, whose thresholds and errors differ" in text
    assert "Elsewhere" in text
    assert [button.label for button in app.button] == ["Use 12 of expression\\-net 1", "Use 1 of rekognition 1"]
    text = text_of(app.button[0].click().run())
    assert "12 screenings" in text
    assert "1 left out" in text
    assert "Left out (scored by rekognition 1): Elsewhere." in text
    assert "1 screening ·" in text_of(opened(scorer="rekognition 1"))


def test_what_has_no_figures_is_left_out_with_the_reason(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        put(store, a_showing("empty", title=NASTY, days=50), (a_stage(), []))
    text = text_of(opened())
    assert "12 screenings" in text
    assert "Left out (nothing recorded): &lt;img src=x" in text


def test_more_sessions_than_can_be_told_apart_are_refused(store_url: str) -> None:
    with open_store(store_url) as store:
        for number in range(61):
            put(store, a_showing(f"s-{number}"))
    assert "61 sessions are more than the 60" in text_of(opened())


def test_two_cuts_are_told_apart_in_words_and_in_a_difference_under_the_lines(two_cuts: str) -> None:
    app = opened()
    text = text_of(app)
    assert "A and B differ by more than chance, in one time range. The largest difference: B is higher by" in text
    assert "<ol" in text
    assert "(“Chase”): B higher than A by 20 points on average (p" in text
    assert "Each screening counts once, however many people sat in it: the answer is about the groups." in text
    assert "Effect size (Cohen" in text
    assert difference_of(app).startswith("A less B")


def test_the_screenings_lie_where_the_film_began_in_each(two_cuts: str) -> None:
    """Every screening began at another second, and the chase lies from 1:00 to 1:30 in all of them."""
    table = table_of(opened(), "Screening")
    assert table["Highest"].str.contains("at 1:").all()


def test_a_stretch_in_the_address_narrows_chart_and_tables(two_cuts: str) -> None:
    whole, chase = table_of(opened(), "Screening"), opened(stretch=["1:00", "1:30"])
    assert table_of(chase, "Screening")["Share"].min() >= 40 > whole["Share"].max()
    assert ends_of(chase)[0] == 60
    assert chase.select_slider[0].value == ("1:00", "1:30")
    assert chase.query_params["stretch"] == ["1:00", "1:30"]


def test_the_slider_sets_the_stretch_and_a_button_widens_it_again(two_cuts: str) -> None:
    app = opened()
    app.select_slider[0].set_value(("0:30", "1:00")).run()
    assert app.query_params["stretch"] == ["0:30", "1:00"]
    assert ends_of(app)[1] == 60
    next(button for button in app.button if button.label == "Whole length").click().run()
    assert "stretch" not in app.query_params
    assert ends_of(app)[1] == 120


@pytest.mark.parametrize("told", [["1:30", "1:00"], ["1:00"], ["yesterday", "9:99"]])
def test_a_stretch_that_is_none_is_all_of_the_film(two_cuts: str, told: list[str]) -> None:
    assert ends_of(opened(stretch=told))[1] == 120


def test_groups_are_told_with_their_screenings_faces_and_coverage(two_cuts: str) -> None:
    groups = table_of(opened(), "Group")
    assert groups["Group"].tolist() == ["A", "B"]
    assert groups["Screenings"].tolist() == [6, 6]
    assert groups["Faces"].tolist() == [10, 10]
    assert (groups["Coverage"] > 90).all()
    assert groups["95 %"].str.contains(" to ").all()


def test_few_screenings_give_not_enough_data_instead_of_a_number(two_cuts: str) -> None:
    assert "of the faces on average over 2 screenings" in text_of(opened(find="evening 1"))
    app = opened(find="evening 1", lines="A line for each cut")
    text = text_of(app)
    assert "Not enough data to compare: 1 screening of A and 1 of B have figures, and a comparison takes 5" in text
    assert "Effect size" not in text
    assert not difference_of(app)
    assert table_of(app, "Group")["95 %"].tolist() == ["not enough data"] * 2


def test_what_is_in_no_group_is_said_to_be_in_the_table_alone(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        put_screening(store, a_showing("nowhere", days=30))
    app = opened(lines="A line for each city")
    assert "in no group and appears only in the table." in text_of(app)
    assert len(table_of(app, "Screening")) == 13


def test_screenings_in_both_groups_are_not_compared_with_themselves(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        put_screening(store, a_showing("both", days=30, tags=("recruited", "students")))
    assert "1 screening is in both “recruited” and “students”" in text_of(opened(lines="A line for each audience"))


def test_cities_are_compared_as_the_address_says(two_cuts: str) -> None:
    app = opened(lines="A line for each city", a="Compare Leeds", b="with Oslo")
    assert [box.value for box in app.selectbox if box.key in ("a", "b")] == ["Leeds", "Oslo"]
    assert names_of(app) == ["Ghent", "Leeds", "Oslo"]
    assert "Not enough data to compare: 4 screenings of Leeds and 4 of Oslo" in text_of(app)


def test_groups_that_share_no_screening_are_compared_first(store_url: str) -> None:
    with open_store(store_url) as store:
        for number in range(12):
            tags = ("recruited",) if number < 6 else ("members", "regulars")
            put_screening(store, a_showing(f"s-{number}", days=number, tags=tags))
    app = opened()
    assert app.selectbox(key="lines").value == "tag"
    assert [box.value for box in app.selectbox if box.key in ("a", "b")] == ["members", "recruited"]
    assert "Members and recruited do not differ by more than chance." in text_of(app)


def test_each_screening_can_be_a_line_and_rows_that_are_chosen_stand_out(two_cuts: str) -> None:
    app = opened(lines="A line for each screening", mark=["night-b-2/main"])
    (quiet,) = [frame for frame in frames_of(app) if "piece" in frame]
    assert quiet["piece"].nunique() == 11
    assert names_of(app) == ["Night Train, cut B, evening 2"]
    assert "of the faces on average over 12 screenings" in text_of(app)
    assert app.query_params["mark"] == "night-b-2/main"


def test_a_cut_with_another_beginning_is_laid_on_the_first_by_titles(two_cuts: str) -> None:
    """In cut B the chase comes first: by titles it lies where it lies in A, second by second it does not."""
    with open_store(two_cuts) as store:
        for session in store.sessions():
            if session.cut == "B":
                (stage,) = store.stages(session.session_id)
                late = (replace(stage.cues[0], at=stage.cues[0].at + timedelta(seconds=60)),)
                moved = a_timeline(("Chase", 0, 30), ("Credits", 30, 60), title="scenes")
                store.put_stage(session.session_id, replace(stage, timelines=(moved,), cues=late))
    by_title, by_second = opened(), opened(align="Align cuts second by second")
    assert "B is aligned where both show the same" in text_of(by_title)
    assert "B higher than A by 20 points" in text_of(by_title)
    assert "A and B are aligned second by second" in text_of(by_second)
    assert table_of(by_title, "Screening")["Highest"].str.contains("at 1:").all()


def test_people_of_two_screenings_are_compared_at_a_button(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        for session_id, smile in (("night-a-1", 0.2), ("night-b-1", 0.7)):
            put_faces(store, session_id, smile)
    app = opened(unit="People of one screening of each")
    assert "the answer is about these two audiences" in text_of(app)
    assert not difference_of(app)
    next(button for button in app.button if button.label == "Compare their people").click().run()
    text = text_of(app)
    assert "Night Train, cut B, evening 1 is higher by 50 points" in text
    assert difference_of(app).endswith("points of mean confidence")


def test_faces_are_read_once_whatever_is_looked_at(two_cuts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(two_cuts) as store:
        for session_id in ("night-a-1", "night-b-1"):
            put_faces(store, session_id, 0.4)
    read: list[str] = []
    faces = lab_data.faces
    monkeypatch.setattr(lab_data, "faces", lambda one: read.append(one.key) or faces(one))
    app = opened(unit="People of one screening of each")
    next(button for button in app.button if button.label == "Compare their people").click().run()
    app.select_slider[0].set_value(("0:30", "1:00")).run()
    assert difference_of(app).endswith("points of mean confidence")
    assert read == ["night-a-1/main", "night-b-1/main"]


def test_people_of_screenings_of_one_title_are_told_apart(store_url: str) -> None:
    with open_store(store_url) as store:
        for number in range(4):
            put_screening(store, a_showing(f"night-{number}", title="Night Train", cut="AB"[number % 2], days=number))
    app = opened(lines="A line for each cut", unit="People of one screening of each", **{"of-a": "night-0/main"})
    (of_a,) = [box for box in app.selectbox if box.label == "Screening of A"]
    assert of_a.options == ["Night Train (night-0)", "Night Train (night-2)"]
    assert names_of(app) == ["Night Train (night-0)", "Night Train (night-1)"]
    of_a.set_value("night-2/main").run()
    assert app.query_params["of-a"] == "night-2/main"
    assert names_of(app) == ["Night Train (night-2)", "Night Train (night-1)"]


def test_sessions_that_began_together_under_one_title_are_told_apart(store_url: str) -> None:
    with open_store(store_url) as store:
        for session_id in ("east", "west"):
            put_screening(store, a_showing(session_id, title="Night Train"))
    app = opened()
    options = app.multiselect(key="only").options
    assert {option.rsplit(" ", 1)[1] for option in options} == {"(east)", "(west)"}
    app.multiselect(key="only").set_value(["east"]).run()
    assert app.query_params["only"] == "east"


def test_people_whose_faces_are_not_kept_are_not_compared(two_cuts: str) -> None:
    app = opened(unit="People of one screening of each")
    next(button for button in app.button if button.label == "Compare their people").click().run()
    assert (
        "No single face of Night Train, cut A, evening 1 or Night Train, cut B, evening 1 is stored any more"
        in text_of(app)
    )


def test_what_is_on_the_screen_is_offered_as_files(two_cuts: str) -> None:
    app = opened()
    files = {button.label for button in app.get("download_button")}
    assert {"Everything (.zip)", "screenings.csv", "lines.parquet", "differences.csv", "lines.svg"} <= files


def test_what_was_left_out_by_hand_is_named(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        (stage,) = store.stages("night-a-1")
        store.put_stage("night-a-1", replace(stage, exclusions=(an_exclusion(20, 40),)))
    assert "Night Train, cut A, evening 1 · Left out" in text_of(opened())


def test_a_cut_full_of_markup_is_asked_for_as_text(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        for number in range(8):
            put_screening(store, a_showing(f"nasty-{number}", cut=NASTY, days=30 + number))
    app = opened(align="Align cuts by edit lists")
    labels = [box.proto.label for box in app.get("file_uploader")]
    assert labels == [f"Edit of {plain(NASTY)}", "Edit of A"]


def test_titles_full_of_markup_are_shown_as_text(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        put_screening(store, a_showing("nasty", title=NASTY, city=NASTY, days=30))
    app = opened(lines="A line for each city")
    assert NASTY in names_of(app)
    assert "<img src=x" not in text_of(app)


def test_parts_that_have_no_room_for_a_title_in_the_chart_are_listed_by_number(pages: Pages, store_url: str) -> None:
    timeline = a_timeline(*((f"Shot {number}", 3 * number, 3 * number + 3) for number in range(39)), ("End", 117, 120))
    windows = [a_window(second, smiling=2, of=10, session_id="night-a-1") for second in range(120)]
    with open_store(store_url) as store:
        put(store, a_showing("night-a-1"), (a_stage(timelines=[timeline], cues=[a_cue(0, 0)]), windows))
    text = text_of(pages.compare())
    assert "<strong>39</strong> Shot 38</li>" in text
    assert "<strong>40</strong> End</li>" in text
