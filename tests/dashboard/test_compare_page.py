"""The page that compares sessions, in each of its states, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from audience.stores import open_store
from dashboard.wording import NOT_FEELING
from tests.builders import a_stage
from tests.dashboard.conftest import NASTY, Pages, put, text_of
from tests.dashboard.lab_sessions import a_showing, put_screening, put_two_cuts


@pytest.fixture
def two_cuts(store_url: str) -> str:
    """Six screenings of either cut of a film."""
    with open_store(store_url) as store:
        put_two_cuts(store)
    return store_url


def opened(**query: str | list[str]) -> AppTest:
    return Pages().compare(**query)


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
    assert "No session is what you look for" in text_of(opened(find="zebra"))


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
    assert "Left out, scored by rekognition 1: Elsewhere." in text
    assert "1 screening ·" in text_of(opened(scorer="rekognition 1"))


def test_what_has_no_figures_is_left_out_with_the_reason(two_cuts: str) -> None:
    with open_store(two_cuts) as store:
        put(store, a_showing("empty", title=NASTY, days=50), (a_stage(), []))
    text = text_of(opened())
    assert "12 screenings" in text
    assert "Left out, nothing recorded: &lt;img src=x" in text


def test_more_sessions_than_can_be_told_apart_are_refused(store_url: str) -> None:
    with open_store(store_url) as store:
        for number in range(61):
            put(store, a_showing(f"s-{number}"))
    assert "61 sessions are more than the 60" in text_of(opened())
