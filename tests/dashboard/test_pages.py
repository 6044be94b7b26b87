"""The pages in each of their states, without a browser."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audience.store import ScorerRecord
from audience.stores import open_store
from audience.time import to_ms
from dashboard import data
from dashboard.wording import NOT_FEELING
from tests.builders import a_heartbeat, a_session, a_stage, a_window, after
from tests.dashboard.conftest import NASTY, Pages, put, text_of, windows_of


def links(app) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


def has_player(app) -> bool:
    return any(one.proto.component_name == "houselights.player" for one in app.get("bidi_component"))


def test_an_empty_store_says_how_to_fill_it(pages: Pages, store_url: str) -> None:
    text = text_of(pages.sessions())
    assert "There is no session in this store yet" in text
    assert "houselights score VIDEO --session ID" in text
    assert store_url in text


def test_the_list_names_every_session_with_its_kind_date_length_and_faces(pages: Pages, filled: str) -> None:
    app = pages.sessions()
    text = text_of(app)
    assert links(app)[:2] == ["Tomorrow", "Riverside"]
    assert "Mon 4 May 2026, 19:30 UTC · 5 min · Hall · up to 40 faces at once" in text
    assert "2 stages · up to 43 faces at once" in text
    assert "<span>Talk</span><span>Simulated</span>" in text
    assert "<span>Head count only</span>" in text
    assert "Tue 5 May 2026, 19:30 UTC · nothing recorded yet" in text


def test_a_search_leaves_what_was_searched_for(pages: Pages, filled: str) -> None:
    assert links(pages.sessions(q="river")) == ["Riverside"]
    assert links(pages.sessions(q="simulated TALK")) == ["Why bridges hum"]


def test_a_search_that_finds_nothing_says_so(pages: Pages, filled: str) -> None:
    text = text_of(pages.sessions(q="zebra"))
    assert "No session matches “zebra”" in text


def test_a_long_list_is_shown_some_at_a_time(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        for number in range(20):
            put(store, a_session(f"talk-{number}", ended_at=after(60)))
    app = pages.sessions()
    assert len(links(app)) == 15
    app.button[0].click().run()
    assert len(links(app)) == 20


def put_screenings(store_url: str, film: str = "Ferry") -> None:
    """Six screenings of two cuts in two cities."""
    with open_store(store_url) as store:
        for number in range(6):
            session = a_session(f"ferry-{number}", title=f"Evening {number}", started_at=after(86400 * number))
            cut, city = ("Long", "Lyon") if number % 2 else ("Short", "Porto")
            put(store, replace(session, kind="screening", film=film, cut=cut, city=city, tags=("students",)))


def test_the_screenings_of_a_film_are_one_line_until_they_are_asked_for(pages: Pages, store_url: str) -> None:
    put_screenings(store_url)
    app = pages.sessions()
    assert links(app) == ["Compare them"]
    assert "6 screenings · 2 cuts · Lyon, Porto · 4 May 2026 to 9 May 2026" in text_of(app)
    app.session_state["of-film-0"] = True
    app.run()
    assert links(app)[1:] == [f"Evening {number}" for number in (5, 3, 1, 4, 2, 0)]
    assert "Long · 3 screenings" in text_of(app)


def test_a_search_finds_single_screenings_by_film_cut_city_and_audience(pages: Pages, store_url: str) -> None:
    put_screenings(store_url)
    assert links(pages.sessions(q="ferry students porto short")) == ["Evening 4", "Evening 2", "Evening 0"]


def test_the_name_of_a_film_is_data_and_not_markup(pages: Pages, store_url: str) -> None:
    put_screenings(store_url, film=NASTY)
    assert "&lt;img src=x" in text_of(pages.sessions())
    assert "<img src=x" not in text_of(pages.sessions())


def test_a_talk_given_twice_is_two_lines(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        for number in range(2):
            put(store, replace(a_session(f"talk-{number}", title=f"Talk {number}"), film="Talk"))
    assert len(links(pages.sessions())) == 2


def test_a_session_begins_with_its_title_and_a_headline(pages: Pages, filled: str) -> None:
    app = pages.session("talk-1")
    text = text_of(app)
    assert "<h1>Why bridges hum</h1>" in text
    assert "About 1 in 3 faces smiled on average. The biggest smile came at 1:57, in “Live demo”" in text
    assert "coverage 80 %" in text


def test_every_page_says_that_expression_is_measured_not_feeling(pages: Pages, filled: str) -> None:
    assert NOT_FEELING in text_of(pages.sessions())
    assert NOT_FEELING in text_of(pages.session("talk-1"))
    assert NOT_FEELING in text_of(pages.session("no-such"))


def test_the_band_is_explained_beside_the_chart(pages: Pages, filled: str) -> None:
    text = text_of(pages.session("talk-1"))
    assert "95 % interval" in text
    assert "not for scorer errors" in text


def test_expressions_whose_accuracy_is_not_established_say_so(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        store.put_scorer(ScorerRecord(name="s 1", thresholds={}, experimental=frozenset({"smile"})))
        put(store, a_session(), (a_stage(), [a_window(at, smiling=2, of=9, scorer="s 1") for at in range(99)]))
    assert pages.session("talk-1").selectbox(key="expression").options == ["Smile (experimental)"]


def test_the_address_chooses_the_stage(pages: Pages, filled: str) -> None:
    for name in ("Workshop", "small"):
        assert pages.session("fest-1", stage=name).selectbox(key="stage").value == "small"


def test_too_few_faces_show_no_share_and_say_why(pages: Pages, filled: str) -> None:
    app = pages.session("fest-1", stage="Workshop")
    assert "Too few people in view: at most 3 faces at once" in text_of(app)
    assert [box.key for box in app.selectbox] == ["stage", "language"]


def test_a_head_count_shows_faces_and_its_reason_and_offers_no_expression(pages: Pages, filled: str) -> None:
    app = pages.session("heads-1")
    text = text_of(app)
    assert "About 30 faces in view on average" in text
    assert "Only heads are counted: inferring emotions at a workplace is prohibited in the EU" in text
    assert [box.key for box in app.selectbox] == ["language"]
    assert has_player(app)


def test_a_session_without_windows_says_how_to_score_into_it(pages: Pages, filled: str) -> None:
    app = pages.session("empty-1")
    assert "houselights score VIDEO --session empty-1" in text_of(app)
    assert not has_player(app)


def test_a_session_without_a_stage_says_how_to_score_into_it(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put(store, a_session())
    assert "houselights score VIDEO --session talk-1" in text_of(pages.session("talk-1"))


def test_an_unknown_session_is_one_line(pages: Pages, filled: str) -> None:
    assert "There is no session “no-such” in this store" in text_of(pages.session("no-such"))


def test_no_session_in_the_address_points_to_the_list(pages: Pages, filled: str) -> None:
    assert "No session selected" in text_of(pages.session(""))


def test_a_session_that_was_deleted_meanwhile_is_gone_from_the_page(pages: Pages, filled: str) -> None:
    pages.session("talk-1")
    with open_store(filled) as store:
        store.delete_session("talk-1")
    assert "There is no session “talk-1”" in text_of(pages.session("talk-1"))


def test_a_title_full_of_markup_is_shown_as_it_is(pages: Pages, filled: str) -> None:
    text = text_of(pages.session("nasty-1"))
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; **Bold**" in text
    assert NASTY not in text


@pytest.mark.parametrize("page", ["list", "session"])
def test_a_store_that_cannot_be_used_is_one_line_on_the_page(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{tmp_path / 'file' / 'houselights.db'}")
    text = text_of(pages.sessions() if page == "list" else pages.session("talk-1"))
    assert "choose another place with --store" in text


@pytest.mark.parametrize("page", ["list", "session"])
def test_a_store_of_a_newer_version_is_one_line_on_the_page(
    pages: Pages, filled: str, tmp_path: Path, page: str
) -> None:
    with sqlite3.connect(tmp_path / "houselights.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    text = text_of(pages.sessions() if page == "list" else pages.session("talk-1"))
    assert "update Houselights" in text


def test_a_running_session_shows_what_came_in_since(
    pages: Pages, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    session = a_session(started_at=now)
    with open_store(store_url) as store:
        began_ms = to_ms(now) // 1000 * 1000
        put(store, session, (a_stage(), [a_window(start_ms=began_ms, smiling=5, of=10)]))
        store.put_heartbeat(replace(a_heartbeat(), at_ms=to_ms(now), last_window_ms=began_ms))
        assert "up to 10 faces" in text_of(pages.session("talk-1"))
        store.put_windows([a_window(start_ms=began_ms + 1000, smiling=5, of=30)])
        store.put_heartbeat(replace(a_heartbeat(), at_ms=to_ms(now) + 1000, last_window_ms=began_ms + 1000))
    text = text_of(pages.session("talk-1"))
    assert "<span>Live</span>" in text
    assert "up to 30 faces" in text


def test_what_cannot_have_changed_is_not_read_again(filled: str) -> None:
    with data.reader() as reader:
        file = reader.file("talk-1")
        first = reader.windows(file, file.stages[0])
    with data.reader() as reader:
        assert reader.windows(reader.file("talk-1"), file.stages[0]) is first


def test_a_running_session_makes_no_other_be_read_again(store_url: str) -> None:
    now = datetime.now(UTC)
    with open_store(store_url) as store:
        put(store, a_session("over", ended_at=after(300)), (a_stage(), windows_of("over")))
        put(store, a_session("running", started_at=now), (a_stage(), [a_window(session_id="running")]))
        store.put_heartbeat(replace(a_heartbeat(), session_id="running", at_ms=to_ms(now)))
    with data.reader() as reader:
        over, running = reader.file("over"), reader.file("running")
        assert running.live
        first = reader.windows(over, over.stages[0])
        reader.windows(running, running.stages[0])
        assert reader.windows(over, over.stages[0]) is first


def test_a_session_whose_cameras_went_silent_is_not_live(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put(store, a_session(), (a_stage(), windows_of("talk-1")))
        store.put_heartbeat(a_heartbeat())
    assert "<span>Live</span>" not in text_of(pages.session("talk-1"))
