"""The page that edits what was shown: its states without a browser, typing and uploading in one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from playwright.sync_api import Page, TimeoutError, expect
from streamlit.testing.v1 import AppTest

from audience.errors import StoreUnavailable
from audience.sessions import Stage
from audience.stores import open_store
from dashboard.pages.timeline.sources import NO_FILMS, distinct_names
from tests.audience.test_alignment import heard_in_a_room, recorded, speech, two_audiences
from tests.builders import a_cue, a_progress, a_session, a_stage, a_timeline, a_window, after
from tests.dashboard.conftest import NASTY, Pages, put, text_of
from tests.dashboard.test_recordings import marked
from tests.ticking import limit_s, until
from tests.timeline_files.test_slide_matching import DECK
from tests.timeline_files.test_sound import RATE, write_sound
from tests.timeline_files.written import a_slide, a_title, as_pptx
from tests.videos import write_video


def stage_of(url: str, session_id: str = "talk-1") -> Stage:
    with open_store(url) as store:
        return store.stages(session_id)[0]


def button(app: AppTest, label: str):
    (found,) = [one for one in app.button if one.label == label]
    return found


def typed(app: AppTest, label: str, text: str) -> None:
    (found,) = [one for one in app.text_input if one.label == label]
    found.input(text)


def called(app: AppTest) -> list[str]:
    """What the timeline in the table and the one that came in are called."""
    return [one.value for one in app.text_input if one.label == "Title"]


def test_it_shows_what_there_is_and_nothing_to_save(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    text = text_of(app)
    assert "Why bridges hum" in text
    assert "Nothing changed" in text
    assert len(app.get("vega_lite_chart")) == 1
    assert button(app, "Save").disabled
    assert button(app, "Undo").disabled
    assert list(app.dataframe[0].value["title"]) == ["Welcome", "Live demo", "Thanks"]


def test_a_title_with_spaces_around_it_is_no_change(pages: Pages, filled: str) -> None:
    with open_store(filled) as store:
        store.put_stage("talk-1", a_stage(timelines=[a_timeline((" Welcome ", 0, 5), title=" slides ")]))
    assert "Nothing changed" in text_of(pages.timeline("talk-1"))


def test_a_transcript_is_uploaded_shown_at_its_moments_and_removed(pages: Pages, filled: str) -> None:
    captions = b"WEBVTT\n\n01:45.000 --> 02:20.000\nThen the bridge began to sing.\n"
    app = pages.timeline("talk-1")
    app.file_uploader(key="transcript of talk-1 main").upload("talk.vtt", captions, "text/vtt").run()
    with open_store(filled) as store:
        assert [line.text for line in store.transcript("talk-1", "main").lines] == ["Then the bridge began to sing."]
    assert "Then the bridge began to sing." in text_of(app)
    assert "Then the bridge began to sing." in text_of(pages.session("talk-1"))
    assert "Nothing changed" in text_of(app)
    app.file_uploader(key="transcript of talk-1 main").upload("talk.txt", b"no times", "text/plain").run()
    assert "talk.txt: holds no words with their times" in text_of(app)
    button(app, "Remove transcript").click().run()
    with open_store(filled) as store:
        assert store.transcript("talk-1", "main") is None
    assert "began to sing" not in text_of(pages.session("talk-1"))


def test_the_slides_of_a_deck_are_kept_when_it_is_saved_and_go_when_it_is_removed(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    app.file_uploader(key="file of main").upload("deck.pdf", DECK, "application/pdf").run()
    assert called(app)[-1] == "deck"
    button(app, "Add").click().run()
    with open_store(filled) as store:
        assert store.slide_pictures("talk-1", "main") == {}
    button(app, "Save").click().run()
    with open_store(filled) as store:
        pictures = store.slide_pictures("talk-1", "main")
    named = [segment.picture for segment in stage_of(filled).timelines[-1].segments]
    assert len(pictures) == 5
    assert set(named) == pictures.keys()
    button(app, "Remove").click().run()
    button(app, "Save").click().run()
    with open_store(filled) as store:
        assert store.slide_pictures("talk-1", "main") == {}


def test_a_pause_is_added_undone_and_saved(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    typed(app, "Paused at", "1:00")
    typed(app, "For", "0:30")
    button(app, "Add break").click().run()
    assert "Not saved yet" in text_of(app)
    assert stage_of(filled).cues == (a_cue(10, 0),)
    button(app, "Undo").click().run()
    assert "Nothing changed" in text_of(app)
    typed(app, "Paused at", "1:00")
    typed(app, "For", "0:30")
    button(app, "Add break").click().run()
    button(app, "Save").click().run()
    assert "Saved." in text_of(app)
    assert stage_of(filled).cues == (a_cue(10, 0), a_cue(70, 60), a_cue(100, 60))
    assert [one.title for one in stage_of(filled).timelines] == ["slides"]


def test_when_it_began_is_told_in_the_sessions_own_time(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    typed(app, "Started this long after the session", "-1:00")
    button(app, "Set").click().run()
    typed(app, "Restarted when it had reached", "2:00")
    button(app, "Add restart").click().run()
    button(app, "Save").click().run()
    assert stage_of(filled).cues == (a_cue(0, 60), a_cue(60, 120), a_cue(60, 0))


@pytest.mark.parametrize(
    ("label", "text", "press", "says"),
    [
        ("Started this long after the session", "soon", "Set", "is not a time"),
        ("Paused at", "1:75", "Add break", "minutes and seconds go up to 59"),
        ("Restarted when it had reached", "", "Add restart", "is not a time"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    pages: Pages, filled: str, label: str, text: str, press: str, says: str
) -> None:
    app = pages.timeline("talk-1")
    typed(app, label, text)
    button(app, press).click().run()
    assert says in text_of(app)
    assert "Nothing changed" in text_of(app)


def test_a_timeline_is_written_from_nothing_called_led_by_and_removed(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    button(app, "New timeline").click().run()
    typed(app, "Title", "Chapters")
    app.run()
    button(app, "Use as main timeline").click().run()
    button(app, "Save").click().run()
    assert [(one.title, len(one.segments)) for one in stage_of(filled).timelines] == [("Chapters", 1), ("slides", 3)]
    button(app, "Remove").click().run()
    button(app, "Save").click().run()
    assert [one.title for one in stage_of(filled).timelines] == ["slides"]


def test_who_saves_second_is_told_and_may_see_what_the_first_saved(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    typed(app, "Started this long after the session", "0:20")
    button(app, "Set").click().run()
    with open_store(filled) as store:
        store.put_stage("talk-1", a_stage(timelines=[a_timeline(("Theirs", 0, 5))]))
    app.run()
    assert "Somebody else changed what was shown here since you opened it" in text_of(app)
    button(app, "Save").click().run()
    assert "so nothing was saved" in text_of(app)
    assert stage_of(filled).timelines == (a_timeline(("Theirs", 0, 5)),)
    button(app, "Discard changes").click().run()
    assert list(app.dataframe[0].value["title"]) == ["Theirs"]


def test_what_was_discarded_is_one_step_back(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    typed(app, "Title", "Chapters")
    app.run()
    button(app, "Discard changes").click().run()
    assert not [one for one in app.button if one.label == "Discard changes"]
    button(app, "Undo").click().run()
    button(app, "Save").click().run()
    assert [timeline.title for timeline in stage_of(filled).timelines] == ["Chapters"]


def test_a_store_that_is_away_when_saving_is_said_and_nothing_is_lost(
    pages: Pages, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = pages.timeline("talk-1")
    typed(app, "Title", "Chapters")
    app.run()
    with monkeypatch.context() as away:
        away.setattr("dashboard.pages.timeline.desk.change_stage", Mock(side_effect=StoreUnavailable("it is away")))
        button(app, "Save").click().run()
    assert "it is away" in text_of(app)
    assert len(app.get("vega_lite_chart")) == 1
    button(app, "Save").click().run()
    assert [one.title for one in stage_of(filled).timelines] == ["Chapters"]


def test_who_changed_nothing_sees_what_others_save_at_once(pages: Pages, filled: str) -> None:
    app = pages.timeline("talk-1")
    with open_store(filled) as store:
        store.put_stage("talk-1", a_stage(timelines=[a_timeline(("Theirs", 0, 5))]))
    app.run()
    assert list(app.dataframe[0].value["title"]) == ["Theirs"]


def test_a_stage_a_live_camera_watched_has_a_timeline_too(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put(store, a_session("live-1"), (a_stage(), [a_window(at, of=10, session_id="live-1") for at in range(60)]))
    app = pages.timeline("live-1")
    button(app, "New timeline").click().run()
    typed(app, "Started this long after the session", "0:20")
    button(app, "Set").click().run()
    button(app, "Save").click().run()
    stage = stage_of(store_url, "live-1")
    assert stage.cues == (a_cue(20, 0),)
    assert stage.timelines[0].segments[0].end_s == 3600  # nobody knows yet when it ends


@pytest.mark.parametrize("wanted", ["Workshop", "small"], ids=["by its name", "by its id"])
def test_each_stage_of_a_festival_is_edited_by_itself(pages: Pages, filled: str, wanted: str) -> None:
    app = pages.timeline("fest-1", stage=wanted)
    button(app, "New timeline").click().run()
    button(app, "Save").click().run()
    with open_store(filled) as store:
        assert [len(stage.timelines) for stage in store.stages("fest-1")] == [0, 1]


def test_what_was_typed_is_there_again_after_another_stage_was_looked_at(pages: Pages, filled: str) -> None:
    app = pages.timeline("fest-1", stage="big")
    button(app, "New timeline").click().run()
    typed(app, "Title", "Sets")
    app.run()
    app.selectbox(key="stage").set_value("small").run()
    app.selectbox(key="stage").set_value("big").run()
    assert called(app) == ["Sets"]
    assert "Not saved yet" in text_of(app)
    button(app, "Save").click().run()
    assert [one.title for one in stage_of(filled, "fest-1").timelines] == ["Sets"]


def test_what_was_typed_is_there_again_after_the_store_was_away(
    pages: Pages, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = pages.timeline("talk-1")
    typed(app, "Title", "Chapters")
    app.run()
    with monkeypatch.context() as away:
        away.setenv("HOUSELIGHTS_STORE", "sqlite:////dev/null/houselights.db")
        app.run()
        assert called(app) == []
    app.run()
    assert called(app) == ["Chapters"]
    assert "Not saved yet" in text_of(app)


def test_a_session_that_is_not_there_or_has_no_stage_is_said_in_a_line(pages: Pages, store_url: str) -> None:
    assert "nowhere" in text_of(pages.timeline("nowhere"))
    with open_store(store_url) as store:
        store.put_session(a_session("tonight"))
    assert "Nothing has been recorded in this session yet" in text_of(pages.timeline("tonight"))


def test_titles_are_data(pages: Pages, filled: str) -> None:
    with open_store(filled) as store:
        store.put_stage("nasty-1", a_stage(title=NASTY, timelines=[a_timeline((NASTY, 0, 300), title=NASTY)]))
    text = text_of(pages.timeline("nasty-1"))
    assert "<img src=x" not in text
    assert "onerror" not in text.replace("onerror=&quot;", "")


def test_another_audience_tells_when_it_began_and_the_viewer_decides(pages: Pages, store_url: str) -> None:
    ours, theirs = two_audiences(1, 900, laughs=12)
    known = a_stage(timelines=[a_timeline(("All", 0, 900))], cues=[a_cue(20, 0)])
    with open_store(store_url) as store:
        for session_id, stage, share, late_s in (("ours", a_stage(), ours, 45), ("premiere", known, theirs, 20)):
            records = [
                a_window(second + late_s, smiling=round(of * 30), of=30, session_id=session_id)
                for second, of in enumerate(share)
            ]
            put(store, a_session(session_id, ended_at=after(1000)), (stage, records))
    app = pages.timeline("ours")
    button(app, "Compare reactions").click().run()
    assert "times as well as any other over" in text_of(app)
    assert stage_of(store_url, "ours").cues == ()
    button(app, "Use it").click().run()
    button(app, "Save").click().run()
    (cue,) = stage_of(store_url, "ours").cues
    assert (cue.at - after(45)).total_seconds() - cue.timeline_s == pytest.approx(0, abs=1)


def test_a_session_without_a_stage_cannot_be_compared_with(pages: Pages, filled: str) -> None:
    with open_store(filled) as store:
        store.put_session(a_session("tonight", title="Tonight"))
    app = pages.timeline("talk-1")
    next(box for box in app.selectbox if box.label.startswith("Another audience")).set_value("tonight").run()
    button(app, "Compare reactions").click().run()
    assert [error.message for error in app.exception] == []
    assert "session &#x27;tonight&#x27; has no stage &#x27;main&#x27; to align with" in text_of(app)


def test_sessions_of_one_title_are_told_apart(pages: Pages, filled: str) -> None:
    with open_store(filled) as store:
        for session_id in ("ferry-1", "ferry-2"):
            store.put_session(a_session(session_id, title="Ferry"))
    app = pages.timeline("talk-1")
    (others,) = [box for box in app.selectbox if box.label.startswith("Another audience")]
    assert {"Ferry (ferry-1)", "Ferry (ferry-2)", "Riverside"} <= set(others.options)


def test_without_places_for_films_it_says_how_to_name_them(
    pages: Pages, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOUSELIGHTS_VIDEOS", raising=False)
    assert NO_FILMS.format(command="houselights dashboard --videos DIR") in text_of(pages.timeline("talk-1"))


def test_films_of_one_name_are_told_apart_by_as_many_of_their_folders_as_it_takes() -> None:
    films = [Path("/films", path) for path in ("2025/cam-1/a.mp4", "2026/cam-1/a.mp4", "2026/cam-2/a.mp4", "b.mp4")]
    assert distinct_names(films) == ["2025/cam-1/a.mp4", "2026/cam-1/a.mp4", "cam-2/a.mp4", "b.mp4"]
    assert distinct_names([]) == []


def test_scenes_are_found_in_a_film_of_the_operators_and_looked_at_first(
    pages: Pages, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shades = [np.full((120, 160, 3), shade, dtype=np.uint8) for shade in (0, 200)]
    for name in ("another.mp4", "film.mp4"):
        write_video(tmp_path / name, at_ms=range(0, 8000, 100), picture=lambda number: shades[number >= 40])
    monkeypatch.setenv("HOUSELIGHTS_VIDEOS", str(tmp_path))
    app = pages.timeline("talk-1")
    button(app, "Read chapters").click().run()
    assert "another.mp4: holds no chapters" in text_of(app)
    button(app, "Find scenes").click().run()
    assert called(app)[-1] == "scenes of another"
    next(box for box in app.selectbox if box.label == "Film").set_value(1)
    button(app, "Find scenes").click().run()
    assert called(app)[-1] == "scenes of film"
    assert "holds no chapters" not in text_of(app)
    assert len(stage_of(filled).timelines) == 1
    button(app, "Add").click().run()
    button(app, "Save").click().run()
    assert [(one.title, len(one.segments)) for one in stage_of(filled).timelines] == [
        ("slides", 3),
        ("scenes of film", 2),
    ]


def test_sound_tells_when_it_began_where_both_recordings_lie_there(
    pages: Pages, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(2)
    talk = speech(random, 60)
    audience = heard_in_a_room(random, recorded(talk, 12.5, 60), noise=0.5)
    # Sound in files that are called as films: what there is to hear is what counts.
    for name, samples in (("audience.wav", audience), ("talk.wav", talk)):
        write_sound(tmp_path / name, np.repeat(samples, RATE // 8000) / 4).rename(tmp_path / name.replace("wav", "avi"))
    progress = replace(a_progress(), fingerprint=marked(tmp_path / "audience.avi"))
    with open_store(store_url) as store:
        put(store, a_session(ended_at=after(300)), (a_stage(), [a_window(0, of=5)]))
        store.put_windows([], progress=progress)
    monkeypatch.setenv("HOUSELIGHTS_VIDEOS", str(tmp_path))
    app = pages.timeline("talk-1")
    next(box for box in app.selectbox if box.label.endswith("own recording")).set_value(1)
    button(app, "Compare sound").click().run(timeout=limit_s(120))
    assert "It began 12.5" in text_of(app)
    button(app, "Use it").click().run()
    button(app, "Save").click().run()
    (cue,) = stage_of(store_url).cues
    assert (cue.at - after(0)).total_seconds() == pytest.approx(12.5, abs=0.1)


@pytest.mark.browser
def test_a_file_is_looked_at_asked_about_taken_edited_in_place_and_saved(opened: Callable[..., Page]) -> None:
    page = opened("timeline?session=fest-1&stage=Main+stage")
    page.get_by_role("tab", name="Import").click()
    upload = page.locator('input[type="file"]').first
    upload.set_input_files({"name": "sets.csv", "mimeType": "text/csv", "buffer": b"A,0\nB,soon\n"})
    expect(page.locator(".hl-trouble")).to_contain_text("sets.csv: line 2: 'soon' is not a time")
    times_of_day = b"First set,19:30:00\nSecond set,19:32:30\n"
    upload.set_input_files({"name": "sets.csv", "mimeType": "text/csv", "buffer": times_of_day})
    page.get_by_text("Times of day: 19:30:00 is the beginning").click()
    add = page.get_by_role("button", name="Add", exact=True)

    def added() -> bool:
        # The file is read again, and what is below moves: a click meanwhile may miss its button.
        with contextlib.suppress(TimeoutError):
            add.click(timeout=5000)
        page.wait_for_timeout(500)
        return page.get_by_role("status").all_inner_texts() == ["Not saved yet"]

    until(added)
    page.get_by_role("tab", name="Segments").click()
    save = page.get_by_role("button", name="Save", exact=True)
    save.click()
    expect(page.get_by_role("status")).to_have_text(["Saved."])
    type_into(page, column=0, row=1, text="Encore")
    save.click()
    expect(page.get_by_role("status")).to_have_text(["Saved."])
    again = opened("timeline?session=fest-1&stage=Main+stage")
    with again.expect_download() as download:
        again.get_by_role("button", name="CSV").click()
    assert download.value.path().read_text(encoding="utf-8-sig").splitlines() == [
        "title,start,end",
        "First set,0:00,2:30",
        "Encore,2:30,5:00",
    ]


@pytest.mark.browser
def test_slides_of_a_deck_are_set_along_the_curve_by_keys_and_by_tapping(opened: Callable[..., Page]) -> None:
    page = opened("timeline?session=talk-1")
    page.get_by_role("tab", name="Import").click()
    deck = as_pptx(*(a_slide(a_title(title)) for title in ("One", "Two", "Three")))
    page.locator('input[type="file"]').first.set_input_files(
        {"name": "deck.pptx", "mimeType": "application/octet-stream", "buffer": deck}
    )
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("tab", name="Slide times").click()
    handle = page.get_by_role("slider", name="Two begins")
    expect(handle).to_have_attribute("aria-valuetext", re.compile("draft"))
    begins_s = float(handle.get_attribute("aria-valuenow") or "nan")
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(handle).not_to_have_attribute("aria-valuetext", re.compile("draft"))
    assert float(handle.get_attribute("aria-valuenow") or "nan") == pytest.approx(begins_s + 2, abs=0.06)
    page.get_by_role("button", name="Start the clock").click()
    # A second tap in the same tenth of a second would stand for the first.
    expect(page.locator('.tap [data-is="time"]')).to_have_text(re.compile("0:0[1-9]"))
    page.keyboard.press("Space")
    page.get_by_role("button", name="Undo").last.click()
    page.get_by_role("button", name="Next: Two").click()
    page.get_by_role("button", name="Use these times").click()
    expect(page.get_by_role("slider", name="Three begins")).to_have_attribute("aria-valuetext", re.compile("draft"))
    expect(handle).to_have_attribute("aria-valuetext", re.compile("^0:0[0-9]$"))


@pytest.mark.browser
def test_what_is_typed_while_saving_is_not_lost(opened: Callable[..., Page]) -> None:
    page = opened("timeline?session=fest-1&stage=Workshop")
    page.get_by_role("tab", name="Segments").click()
    page.get_by_role("button", name="New timeline").click()
    expect(page.get_by_role("status")).to_have_text(["Not saved yet"])
    type_into(page, column=0, row=0, text="Warm-up")
    save = page.get_by_role("button", name="Save", exact=True)
    # A table tells what was typed a moment later: this click is mostly faster, and what is typed is left to save.
    told = page.get_by_role("status")
    for _ in range(20):
        # A button seen enabled may be disabled by the time of the click: the page is saving by then.
        with contextlib.suppress(TimeoutError):
            save.click(timeout=1000)
        page.wait_for_timeout(1000)
        if told.all_inner_texts() == ["Saved."] and save.is_disabled():
            break
    expect(told).to_have_text(["Saved."])
    again = opened("timeline?session=fest-1&stage=Workshop").get_by_test_id("stDataFrame").first
    expect(again.get_by_test_id("glide-cell-2-0")).to_have_text("Warm-up")


@pytest.mark.browser
def test_a_time_that_is_none_is_named_and_cannot_be_saved_until_it_is_undone(opened: Callable[..., Page]) -> None:
    page = opened("timeline?session=talk-1")
    type_into(page, column=1, row=2, text="soon")
    expect(page.locator(".hl-trouble")).to_contain_text("slides: row 3: 'soon' is not a time")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".hl-trouble")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text(["Nothing changed"])


@pytest.mark.browser
def test_nothing_scrolls_sideways_on_a_phone(opened: Callable[..., Page]) -> None:
    page = opened("timeline?session=talk-1", width=390, height=844)
    expect(page.locator(".stVegaLiteChart svg")).to_be_visible()
    wide = page.locator('html, [data-testid="stMain"]').evaluate_all(
        "all => all.some(a => a.scrollWidth > a.clientWidth)"
    )
    assert not wide


def type_into(page: Page, *, column: int, row: int, text: str) -> None:
    """Types over a cell of the table of segments, which is drawn on a canvas."""
    table = page.get_by_test_id("stDataFrame").first
    expect(table.get_by_test_id(f"glide-cell-{column + 2}-{row}")).to_have_count(1)
    editor = page.locator("#portal textarea")
    # The page may still move while it is drawn: then the click was beside the cell.
    for _ in range(10):
        table.scroll_into_view_if_needed()
        box = table.bounding_box()
        assert box is not None
        # Before the columns there are a box to tick and the number of the row; rows and head are 35 pixels high.
        numbers = 83
        width = (box["width"] - numbers) / 3
        page.mouse.dblclick(box["x"] + numbers + (column + 0.4) * width, box["y"] + 35 * (row + 1) + 17)
        page.wait_for_timeout(500)
        if editor.count():
            break
    editor.fill(text)
    page.keyboard.press("Enter")
