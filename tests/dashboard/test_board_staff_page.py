"""The staff's board: as of now, as it ended, and of any instant of the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from audience.board.board import Board, BoardRow
from audience.language import using
from audience.monitoring.cameras import CameraStatus
from audience.stores import open_store
from audience.time import to_ms
from dashboard.pages.board.needs import needs_line
from dashboard.pages.board.staff_table import staff_table
from dashboard.wording import NOT_FEELING
from tests.builders import a_camera, a_heartbeat, a_session, a_stage, a_timeline, after
from tests.dashboard.conftest import NASTY, put, text_of, windows_of
from tests.dashboard.page_texts import english_on


@pytest.fixture
def festival(store_url: str) -> None:
    """A festival that has ended: on one stage four in five smile from 2:00 to 2:30, another has three people."""
    session = replace(a_session("fete", title="Fête"), kind="festival", ended_at=after(300))
    loud = a_stage("main", title=NASTY, timelines=(a_timeline(("The Ferries", 0, 600), title="Sets"),))
    with open_store(store_url) as store:
        put(
            store,
            session,
            (loud, windows_of("fete", "main")),
            (a_stage("nook", title="Nook"), windows_of("fete", "nook", faces=3)),
        )


def test_without_a_festival_the_page_says_how_to_simulate_one(pages, store_url):
    assert "houselights simulate festival --live" in text_of(pages.board())


def test_the_board_of_a_festival_that_is_over_is_the_one_it_ended_with(pages, festival):
    text = text_of(pages.board())
    assert "As of 19:35:00" in text
    assert "too few faces to say" in text
    assert "The Ferries" in text
    assert NOT_FEELING in text


@pytest.mark.parametrize("when", ["Now", "Replay"])
def test_the_board_speaks_the_language_of_its_viewer(pages, festival, when):
    with using("de"):  # the test names the options of lists, too
        app = pages.board(language="de", every="15.0")
        app.segmented_control[0].set_value(when).run()
        assert english_on(app, "de") == []
    assert "15.0" in app.query_params["every"]


def test_of_two_festivals_of_one_title_the_address_opens_its_own(pages, festival, store_url):
    with open_store(store_url) as store:
        store.put_session(replace(a_session("fete-2", title="Fête"), kind="festival", ended_at=after(100)))
    for session_id in ("fete", "fete-2"):
        for named in (session_id, f"Fête ({session_id})"):
            assert pages.board(session=named).selectbox(key="session").value == session_id


def test_a_board_stays_with_its_festival_when_a_later_one_is_set_up(pages, festival, store_url):
    app = pages.board()
    with open_store(store_url) as store:
        put(store, replace(a_session("next", title="Next", started_at=after(9000)), kind="festival"), (a_stage(), []))
    app.run()
    assert app.selectbox(key="session").value == "fete"
    assert app.query_params["session"] == "fete"


def test_an_address_of_another_festival_opens_none(pages, festival):
    text = text_of(pages.board(session="gone"))
    assert "There is no session" in text
    assert "Fête" not in text


def test_titles_are_text(pages, festival):
    text = text_of(pages.board())
    assert NASTY not in text
    assert "&lt;img src=x" in text


def test_any_instant_of_the_day_is_shown_as_it_was_then(pages, festival):
    app = pages.board()
    app.segmented_control[0].set_value("Replay").run()
    quiet = figure_of(app, after(110))
    lively = figure_of(app, after(155))
    assert lively > quiet + 10


def test_a_replay_moves_on_by_itself_at_the_speed_chosen_and_stops_at_the_end(pages, festival):
    app = pages.board()
    app.segmented_control[0].set_value("Replay").run()
    began = app.slider[0].value
    app.selectbox(key="speed").set_value(10).run()
    app.run()
    assert app.slider[0].value >= began + timedelta(seconds=50)
    app.selectbox(key="speed").set_value(600).run()
    app.run()
    assert app.slider[0].value == after(300).replace(tzinfo=None)


def test_an_instant_stays_where_it_was_put_while_the_festival_goes_on(pages, festival, store_url):
    app = pages.board()
    app.segmented_control[0].set_value("Replay").run()
    app.slider[0].set_value(after(110).replace(tzinfo=None)).run()
    for ends, stands in ((360, 110), (400, 110), (100, 100)):  # the last: its operator says that it ended before
        with open_store(store_url) as store:
            store.put_session(replace(store.session("fete"), ended_at=after(ends)))
        app.run()
        assert [error.message for error in app.exception] == []
        assert app.slider[0].value == after(stands).replace(tzinfo=None)


def test_the_page_for_staff_says_first_which_stage_needs_somebody(pages, store_url):
    now = datetime.now(UTC).replace(microsecond=0)
    with open_store(store_url) as store:
        store.put_session(replace(a_session("fete", title="Fête"), kind="festival", started_at=now))
        for stage, brightness in (("barn", 0.4), ("mill", 0.0)):
            store.put_stage("fete", a_stage(stage, title=stage.capitalize()))
            store.put_camera("fete", stage, a_camera())
            store.put_heartbeat(
                replace(a_heartbeat(), session_id="fete", stage_id=stage, at_ms=to_ms(now), brightness=brightness)
            )
    text = text_of(pages.board(session="fete"))
    assert "1 stage needs you: Mill" in text
    assert "cam-1 is dark" in text
    assert text.index("needs you: Mill") < text.index("<table>")


def test_of_many_stages_that_need_somebody_some_are_named_and_all_are_counted():
    rows = [BoardRow(stage_id=f"s-{at}", title=f"Stage {at}", state="live") for at in range(200)]
    board = Board(session=a_session(), as_of_ms=0, ranked_at_ms=0, rows=tuple(rows))
    dead = [
        CameraStatus(stage_id=f"s-{at}", camera_id=f"cam-{number}", state="dead", seen_s=90.0)
        for at in range(150)
        for number in range(20)
    ]
    line = needs_line(board, dead)
    assert "150 stages need you: Stage 0" in line
    assert line.count("<li>") < 20
    assert "17 more" in line  # of twenty cameras, after three
    assert len(line) < 5000


def test_a_group_is_too_close_to_call_and_every_cell_keeps_its_name():
    rows = [
        BoardRow(
            stage_id=str(at), title=f"Stage {at}", state="live", rank=rank, tied=rank == 2, figure=60, low=50, high=70
        )
        for at, rank in enumerate((1, 2, 2))
    ]
    table = staff_table(Board(session=a_session(), as_of_ms=0, ranked_at_ms=0, rows=tuple(rows)))
    assert table.count("Too close to call") == 1
    assert table.index("Stage 0") < table.index("Too close to call") < table.index("Stage 1")
    assert [table.count(f'data-name="{name}"') for name in ("Faces", "Newest window", "What changed")] == [3, 3, 3]


def figure_of(app: AppTest, instant) -> int:
    app.slider[0].set_value(instant.replace(tzinfo=None)).run()
    return int(text_of(app).partition("<b>")[2].partition("</b>")[0])
