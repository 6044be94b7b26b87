"""The page that brings a recording: what it asks, what it shows of the queue, and who has it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import repeat
from pathlib import Path
from unittest.mock import Mock

import pytest
from streamlit.testing.v1 import AppTest

from audience.incoming import IncomingRecordings, ScoringState
from audience.stores import open_store, recordings_folder
from audience.time import from_ms
from dashboard.access.entry import has_page
from dashboard.access.permits import EVERYTHING, Permit
from dashboard.access.settings import UploadRules, settings_of
from dashboard.pages.bring.data import FileFields, SessionFields, take
from tests.audience.test_incoming import a_request, fill
from tests.builders import a_session, a_stage
from tests.dashboard.conftest import Pages, text_of
from tests.timeline_files.test_slide_matching import DECK


@pytest.fixture
def incoming(store_url: str) -> IncomingRecordings:
    return IncomingRecordings(recordings_folder(store_url))


def component(app: AppTest) -> dict[str, object]:
    """What the script that sends recordings is given."""
    (found,) = [one for one in app.get("bidi_component") if "houselights.bring" in one.proto.component_name]
    return dict(json.loads(found.proto.json))


def button(app: AppTest, label: str) -> AppTest:
    (found,) = [one for one in app.button if one.label == label]
    return found  # type: ignore[return-value]


def test_a_file_is_chosen_once_the_place_is_said_and_what_may_be_measured_is_said_with_it(
    pages: Pages, store_url: str
) -> None:
    page = pages.bring()
    assert component(page)["session"] is None
    page.selectbox(key="bring-setting").select("workplace").run()
    assert "Only heads are counted" in text_of(page)
    page.selectbox(key="bring-country").select("JP").run()
    assert "Japan is outside the EU" in text_of(page)
    page.text_input(key="bring-title").input("Town hall").run()
    session = component(page)["session"]
    assert isinstance(session, dict)
    assert (session["title"], session["setting"], session["country"]) == ("Town hall", "workplace", "JP")


def test_a_file_of_this_machine_is_named_where_it_lies(
    pages: Pages, incoming: IncomingRecordings, tmp_path: Path
) -> None:
    talk = tmp_path / "talk.mp4"
    talk.write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    page = pages.bring()
    page.selectbox(key="bring-setting").select("event").run()
    page.text_input(key="bring-place").input(str(tmp_path / "none.mp4")).run()
    button(page, "Score it").click().run()
    assert "none.mp4" in text_of(page)
    page.text_input(key="bring-place").input(str(talk)).run()
    button(page, "Score it").click().run()
    (one,) = incoming.all()
    assert (one.request.named, one.request.title, one.received) == (str(talk.resolve()), "talk", None)


def test_the_queue_says_what_is_scored_what_waits_and_what_failed_and_each_can_be_changed(
    pages: Pages, incoming: IncomingRecordings, store_url: str
) -> None:
    with open_store(store_url) as store:
        store.put_session(a_session("first"))
    for at, name in enumerate(("first", "second", "third", "fourth")):
        one = incoming.add(a_request(5, session_id=name, title=name, asked_ms=at))
        if name != "fourth":
            fill(incoming, one, b"12345")
    first, second, third, _ = (one.request.recording_id for one in incoming.all())
    scoring = ScoringState(step="scoring", done_s=12, length_s=60, faces=24, speed=8)
    incoming.put_state(first, scoring)
    incoming.put_state(third, ScoringState(step="failed", line="third.mp4 has no picture"))
    page = pages.bring()
    lines = [one.proto.text for one in page.get("progress")]
    assert "0:12 of 1:00 scored" in lines[0].replace("\\", "")
    assert "24 faces" in lines[0]
    assert "Waits for 1 other" in lines[1].replace("\\", "")
    assert "0 % has arrived" in lines[2].replace("\\", "")
    assert "third.mp4 has no picture" in text_of(page)
    assert len(page.get("page_link")) == 1
    page.button(key=f"stop-{first}").click().run()
    assert incoming.all()[0].stop
    page.button(key=f"go-on-{first}").click().run()
    page.button(key=f"go-on-{third}").click().run()
    page.button(key=f"remove-{second}").click().run()
    assert [(one.request.session_id, one.step) for one in incoming.all()][:2] == [
        ("first", "scoring"),
        ("third", "waiting"),
    ]
    incoming.put_state(first, replace(scoring, step="done", starts_ms=1_777_923_000_000, starts_by="its header"))
    assert "its header" in text_of(pages.bring())


def test_when_a_recording_began_is_asked_for_where_that_is_not_known(
    pages: Pages, incoming: IncomingRecordings
) -> None:
    one = incoming.add(a_request(5, named="/talk.mp4"))
    incoming.put_state(one.request.recording_id, ScoringState(step="failed", line="no time", wants_start=True))
    page = pages.bring()
    began = datetime(2026, 5, 4, 19, 30)  # noqa: DTZ001 as somebody types it
    page.datetime_input(key=f"began-{one.request.recording_id}").set_value(began).run()
    button(page, "Try again").click().run()
    (one,) = incoming.all()
    assert one.step == "waiting"
    assert one.request.started_ms is not None
    assert from_ms(one.request.started_ms).minute == 30


def test_slides_are_added_where_a_recording_is_scored(
    pages: Pages, incoming: IncomingRecordings, store_url: str
) -> None:
    with open_store(store_url) as store:
        store.put_session(a_session("talk"))
        store.put_stage("talk", a_stage())
    one = incoming.add(a_request(5, named="/talk.mp4"))
    incoming.put_state(one.request.recording_id, ScoringState(step="done", done_s=500, length_s=500))
    page = pages.bring()
    slides = f"slides-{one.request.recording_id}"
    page.file_uploader(key=slides).upload("deck.pdf", b"%PDF-1.4 no more", "application/pdf").run()
    assert "deck.pdf" in text_of(page)
    page.file_uploader(key=slides).upload("deck.pdf", DECK, "application/pdf").run()
    with open_store(store_url) as store:
        (timeline,) = store.stages("talk")[0].timelines
        assert len(store.slide_pictures("talk", "main")) == 5
    assert (timeline.is_draft, timeline.segments[-1].end_s) == (True, 500)
    assert slides not in {one.key for one in page.file_uploader}


def test_two_who_bring_recordings_of_one_title_at_once_get_a_session_each(
    store_url: str, incoming: IncomingRecordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.bring.data.scoring", Mock())
    monkeypatch.setattr("dashboard.pages.bring.data.check_room", lambda *_, **__: time.sleep(0.05))
    fields = SessionFields(title="Closing night", setting="event")
    files = [FileFields(name=f"{number}.mp4", size=5, modified_ms=1) for number in range(4)]
    with ThreadPoolExecutor() as people:
        taken = {one.request.session_id for one in people.map(take, files, repeat(fields))}
    assert len(taken) == len(incoming.all()) == 4


def test_of_a_folder_with_something_else_in_it_nothing_is_taken(
    pages: Pages, incoming: IncomingRecordings, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    (tmp_path / "b.mp4").write_bytes(b"%PDF-1.7")
    page = pages.bring()
    page.selectbox(key="bring-setting").select("event").run()
    page.text_input(key="bring-place").input(str(tmp_path)).run()
    button(page, "Score it").click().run()
    assert "b.mp4: This is a PDF" in text_of(page)
    assert incoming.all() == []


def test_an_empty_store_leads_to_the_page_first(pages: Pages, store_url: str) -> None:
    (link,) = [one for one in pages.sessions().get("page_link") if "Score a recording" in one.proto.label]
    assert link.proto.page == "bring"


def test_the_page_is_for_those_who_may_bring_recordings() -> None:
    assert has_page(EVERYTHING, "bring")
    assert not has_page(Permit(role="admin"), "bring")
    assert not has_page(Permit(role="analyst", brings=True), "bring")
    assert has_page(Permit(role="operator", brings=True), "bring")
    text = 'address = "https://a.example"\ncontact = "Ada"\n'
    assert settings_of(text).uploads is None
    assert settings_of(text + "[uploads]\n").uploads == UploadRules()
    for wrong in ('role = "viewer"', "person_gb = 0", "persons_gb = 5", 'largest_gb = "much"'):
        with pytest.raises(ValueError, match="uploads"):
            settings_of(f"{text}[uploads]\n{wrong}\n")
