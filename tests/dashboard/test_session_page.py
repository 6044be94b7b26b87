"""The presenter's page in each of its states, without a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from audience.errors import InvalidValue
from audience.language import using
from audience.reaction.headline import did
from audience.sessions import Session
from audience.store import Store
from audience.stores import open_store
from audience.time import to_ms
from audience.windows import WindowRecord
from dashboard import data
from dashboard.access.identity import asked_as
from dashboard.access.permits import EVERYTHING, Permit
from dashboard.pages.session.earlier import earlier_of
from tests.builders import (
    BEGAN,
    a_face,
    a_heartbeat,
    a_progress,
    a_session,
    a_stage,
    a_timeline,
    a_transcript,
    a_window,
    after,
    after_ms,
    an_annotation,
    an_exclusion,
)
from tests.dashboard.conftest import NASTY, Pages, file_of, put, text_of, windows_of
from tests.dashboard.page_texts import english_on

SLIDES = a_timeline(("Welcome", 0, 100), ("Live demo", 100, 200), ("Thanks", 200, 290))


def shown_in(app: AppTest, component: str) -> dict[str, Any]:
    """What a component on the page was given."""
    (given,) = [one for one in app.get("bidi_component") if one.proto.component_name == f"houselights.{component}"]
    return dict(json.loads(given.proto.json))


def markers_of(app: AppTest) -> list[dict[str, Any]]:
    """What the list of moments has the player point at."""
    (listed,) = re.findall(r'data-markers="([^"]*)"', text_of(app))
    return list(json.loads(unescape(listed)))


def components(app: AppTest) -> list[str]:
    """The components of the page itself; each page has one more, which sets its language."""
    names = [one.proto.component_name.removeprefix("houselights.") for one in app.get("bidi_component")]
    return [name for name in names if name != "page_language"]


def headers(app: AppTest) -> list[str]:
    return [header.value for header in app.header]


def quiet(session_id: str = "talk-1", *, seconds: int = 300, scorer: str = "expressionnet 1") -> list[WindowRecord]:
    """A quarter of forty faces smile all along."""
    return [a_window(at, smiling=10, of=40, session_id=session_id, scorer=scorer) for at in range(seconds)]


def a_talk(store: Store, session_id: str, *, days: int = 0, film: str = "", scorer: str = "s 1", **more: Any) -> None:
    """A talk with slides, so many days after the others."""
    began = BEGAN + timedelta(days=days)
    session = a_session(session_id, title=session_id.capitalize(), started_at=began)
    shifted = [
        replace(window, start_ms=window.start_ms + days * 86_400_000, scorer=scorer)
        for window in windows_of(session_id)
    ]
    session = replace(session, ended_at=began + timedelta(seconds=300), film=film, **more)
    put(store, session, (a_stage(timelines=[SLIDES]), shifted))


# Moments.


def test_words_and_notes_stand_under_their_moment_as_text(pages: Pages, filled: str) -> None:
    with open_store(filled) as store:
        store.put_transcript("talk-1", "main", a_transcript((100, 140, f"It sang. {NASTY}.")))
        (stage,) = store.stages("talk-1")
        slides = tuple(replace(one, notes=f"About {one.title}.") for one in stage.timelines[0].segments)
        store.put_stage("talk-1", replace(stage, timelines=(replace(stage.timelines[0], segments=slides),)))
    text = text_of(pages.session("talk-1"))
    assert f"It sang. {escape(NASTY)}." in text
    assert NASTY not in text
    assert "About Live demo." in text


def test_a_moment_is_told_with_its_segment_its_sentence_and_how_sure(pages: Pages, filled: str) -> None:
    app = pages.session("talk-1")
    text = text_of(app)
    assert "1 in 20 sessions would show a moment at all" in text
    assert '<span class="hl-moment-title">Live demo</span>' in text
    assert "sure</span>" in text
    assert "points above the minutes around it." in text
    markers = markers_of(app)
    assert [marker["kind"] for marker in markers].count("peak") == text.count("hl-number hl-peak")
    assert f'data-seek="{markers[0]["at_s"]:g}"' in text


def test_a_moment_leads_to_its_second_in_another_tab_too(pages: Pages, filled: str) -> None:
    app = pages.session("talk-1", t="7", against="pre-roll")
    at = int(markers_of(app)[0]["at_s"])
    assert f'href="?session=talk-1&amp;t={at}&amp;against=pre-roll"' in text_of(app)


def test_where_nothing_stands_out_that_is_said_as_an_answer(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put(store, a_session(ended_at=after(300)), (a_stage(), quiet()))
    text = text_of(pages.session("talk-1"))
    assert "Nothing stood out more than chance explains" in text
    assert "<li>" not in text


def test_a_session_too_short_for_moments_says_how_much_it_takes(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put(store, a_session(ended_at=after(30)), (a_stage(), quiet(seconds=30)))
    assert "Not enough data for moments: they need 45 seconds of figures." in text_of(pages.session("talk-1"))


def test_while_a_session_runs_its_moments_are_those_so_far(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        going_on(store, laugh=True)
    app = pages.session("talk-1")
    assert [marker["kind"] for marker in markers_of(app)] == ["peak"]
    assert "so far" in headers(app)[0]
    assert "may not at the end" in text_of(app)


def test_while_nothing_has_stood_out_yet_that_is_said(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        going_on(store)
    assert "data-markers" not in text_of(pages.session("talk-1"))
    assert "so far" in text_of(pages.session("talk-1"))


# Segments.


def test_segments_have_a_share_a_change_faces_and_coverage(pages: Pages, filled: str) -> None:
    table = shown_in(pages.session("talk-1"), "segments")
    assert table["columns"] == ["Segment", "Share", "Compared with the whole session", "Faces", "Coverage"]
    demo = table["rows"][1]
    assert (demo["title"], demo["when"], demo["seek"]) == ("Live demo", "1:40 to 3:20", 110)
    share, change, faces, coverage = demo["cells"]
    assert share["text"] == "43 %"
    assert change["text"] == "+12"
    assert faces["text"] == "36"
    assert coverage["text"] == "72 %"  # for ten seconds of it nobody was in view
    assert len(demo["spark"]) == 24


def test_the_baseline_is_a_choice_and_stands_in_the_address(pages: Pages, filled: str) -> None:
    app = pages.session("talk-1", against="pre-roll")
    assert app.selectbox(key="against").value == "pre-roll"
    table = shown_in(app, "segments")
    assert table["columns"][2] == "Compared with before the start"
    assert [row["cells"][1]["text"] for row in table["rows"]] == ["0", "+18", "0"]
    assert [line["name"] for line in shown_in(app, "player")["lines"]] == ["Baseline: before the start"]


def links(app: AppTest) -> dict[str, str]:
    return {link.proto.label: f"{link.proto.page}?{link.proto.query_string}" for link in app.get("page_link")}


def test_without_a_timeline_the_page_leads_to_where_one_is_laid(pages: Pages, filled: str) -> None:
    app = pages.session("nasty-1")
    assert "This session has no timeline yet" in text_of(app)
    assert links(app)["Add slides and times"] == "timeline?session=nasty-1&stage=main"
    assert components(app) == ["player"]
    assert "Edit slides and times" in links(pages.session("talk-1"))


def test_a_session_that_goes_on_leads_to_where_people_at_home_are_invited(pages: Pages, filled: str) -> None:
    (address,) = [to for label, to in links(pages.session("empty-1")).items() if label == "Invite people at home"]
    assert parse_qs(address.partition("?")[2]) == {"session": ["empty-1"], "part": ["Remote audience"]}
    assert "Invite people at home" not in links(pages.session("talk-1"))


def test_what_was_lost_of_a_recording_and_a_doubtful_start_are_said(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put(store, a_session(), (a_stage(), quiet()))
        lost = replace(
            a_progress(),
            started_from="the file's date less its length",
            start_certainty="doubtful",
            remarks=("For 19 s no picture could be decoded.",),
        )
        store.put_windows((), (), lost)
    shown = text_of(pages.session("talk-1"))
    assert "For 19 s no picture could be decoded." in shown
    assert "Doubtful start" in shown


def test_what_was_done_to_a_live_cameras_pictures_is_said_once_it_has_ended_too(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put(store, a_session(), (a_stage(), quiet()))
        turned = replace(a_heartbeat("talk-1"), state="finished", detail="Picture turned by 180°")
        store.put_heartbeat(turned)
    assert "Picture turned by 180°." in text_of(pages.session("talk-1"))


def test_the_report_is_offered(pages: Pages, filled: str) -> None:
    offered = [button.proto.label for button in pages.session("talk-1").get("download_button")]
    assert offered == ["Report (HTML)", "Report (PDF)", "Slides (PowerPoint)"]


def test_a_segment_that_was_never_shown_leads_nowhere(pages: Pages, store_url: str) -> None:
    slides = a_timeline(("CompareView", 0, 300), ("Never shown", 400, 500))
    with open_store(store_url) as store:
        put(store, a_session(ended_at=after(300)), (a_stage(timelines=[slides]), quiet()))
    _, never = shown_in(pages.session("talk-1"), "segments")["rows"]
    assert (never["seek"], never["href"]) == (None, None)
    assert never["cells"][0]["text"] == "not enough data"
    assert never["cells"][1]["text"] == ""


# The curve.


def test_other_expressions_are_laid_beside_the_leading_one(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        seen = [a_face(f"t{face}", confidences={"smile": 0.9, "surprised": 0.1}) for face in range(10)]
        both = [a_window(at, seen=seen) for at in range(60)]
        put(store, a_session(ended_at=after(60)), (a_stage(), both))
    app = pages.session("talk-1", beside="surprised")
    assert [line["name"] for line in shown_in(app, "player")["lines"]] == ["Surprised", "Baseline: the whole session"]


def test_a_link_opens_the_very_second(pages: Pages, filled: str) -> None:
    assert shown_in(pages.session("talk-1", t="125"), "player")["start_s"] == 125


@pytest.mark.parametrize("nonsense", ["", "abc", "nan", "inf"])
def test_without_a_second_in_the_address_it_opens_where_the_talk_began(
    pages: Pages, filled: str, nonsense: str
) -> None:
    assert shown_in(pages.session("talk-1", t=nonsense), "player")["start_s"] == 10


def test_a_head_count_has_its_curve_and_its_notes_and_nothing_of_expressions(pages: Pages, filled: str) -> None:
    app = pages.session("heads-1")
    assert components(app) == ["player"]
    assert headers(app) == ["Notes and exclusions"]


def test_where_too_few_faces_were_seen_there_are_no_moments_and_no_segments(pages: Pages, filled: str) -> None:
    app = pages.session("fest-1", stage="Workshop")
    assert components(app) == ["player"]
    assert headers(app) == ["Notes and exclusions"]


# Earlier sessions.


def test_earlier_givings_of_the_same_talk_are_laid_beside_it_without_asking(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        a_talk(store, "first", film="Bridges")
        a_talk(store, "second", days=7, film="Bridges")
    app = pages.session("second")
    assert app.multiselect(key="earlier-second").value == ["first"]
    names = [line["name"] for line in shown_in(app, "player")["lines"]]
    assert names == ["Baseline: the whole session", "Earlier session"]
    table = shown_in(app, "segments")
    assert table["columns"][-1] == "Earlier"
    assert [row["cells"][-1]["small"] for row in table["rows"]] == ["in 1", "in 1", "in 1"]
    assert table["rows"][0]["cells"][-1]["text"] == table["rows"][0]["cells"][0]["text"]
    text = text_of(app)
    assert '<a href="?session=first" target="_self">First</a>' in text
    assert text.count("31 %<small>") == 2


def test_the_range_of_earlier_sessions_is_drawn_where_it_is_asked_for_and_there_are_three(
    pages: Pages, store_url: str
) -> None:
    with open_store(store_url) as store:
        for days in range(4):
            a_talk(store, f"talk-{days}", days=days, film="Bridges")
    assert shown_in(pages.session("talk-3"), "player")["usual"] is None
    assert shown_in(pages.session("talk-2", usual="true"), "player")["usual"] is None
    assert shown_in(pages.session("talk-3", usual="true"), "player")["usual"]["name"] == "Range of 3 earlier sessions"


@pytest.fixture
def a_stronger_talk(store_url: str) -> str:
    """Five talks of one name, the last of which is far stronger than the others."""
    with open_store(store_url) as store:
        for days, smiling in enumerate((10, 11, 10, 9, 28)):
            began = BEGAN + timedelta(days=days)
            session = a_session(f"talk-{days}", started_at=began)
            session = replace(session, ended_at=began + timedelta(seconds=300), film="Bridges")
            windows = [
                replace(
                    a_window(at, smiling=smiling + at % 3, of=40, session_id=session.session_id),
                    start_ms=after_ms(days * 86_400 + at),
                )
                for at in range(300)
            ]
            put(store, session, (a_stage(), windows))
    return store_url


def test_what_differs_from_earlier_talks_is_one_sentence_that_leads_to_its_second(
    pages: Pages, a_stronger_talk: str
) -> None:
    app = pages.session("talk-4")
    assert "4 earlier talks" in text_of(app)
    assert 'data-seek="0"' in text_of(app)
    assert "What to look at next" in headers(app)
    assert "What to look at next" not in headers(pages.session("talk-3"))


def test_nothing_is_said_of_earlier_talks_that_whoever_looks_may_not_see(a_stronger_talk: str) -> None:
    def said() -> int:
        with data.reader() as reader:
            file = reader.file("talk-4")
            return len(reader.suggestions(file, file.stages[0], "smile"))

    assert asked_as(EVERYTHING, said)() == 1
    assert asked_as(Permit(role="viewer", own=("talk-4",)), said)() == 0


def test_sessions_of_another_scorer_are_refused_with_the_reason(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        a_talk(store, "first", film="Bridges", scorer="rekognition 1")
        a_talk(store, "second", days=7, film="Bridges")
    app = pages.session("second")
    assert "“First” is left out: these sessions were scored by rekognition 1 and s 1" in text_of(app)
    assert [line["kind"] for line in shown_in(app, "player")["lines"]] == ["baseline"]


def test_any_session_of_the_kind_can_be_chosen_and_no_other(pages: Pages, filled: str) -> None:
    app = pages.session("talk-1")
    assert app.multiselect(key="earlier-talk-1").value == []
    offered = app.multiselect(key="earlier-talk-1").options
    assert [name.partition(", ")[0] for name in offered] == ["Tomorrow", NASTY]
    app.multiselect(key="earlier-talk-1").select(offered[1]).run()
    assert shown_in(app, "segments")["columns"][-1] == "Coverage", "no segment of theirs is called alike"


def test_the_latest_three_of_the_same_film_and_cut_are_chosen_at_first() -> None:
    def one(name: str, days: int, film: str = "Film", cut: str = "A") -> Session:
        return replace(a_session(name, started_at=BEGAN + timedelta(days=days)), film=film, cut=cut)

    this = one("this", 9)
    others = [one(f"s{days}", days) for days in (1, 2, 3, 4, 12)]
    assert earlier_of(this, [*others, one("b", 5, cut="B"), one("other", 5, film="Else")]) == ["s4", "s3", "s2"]
    assert earlier_of(replace(this, film=""), [one("nameless", 1, film="")]) == []


# Notes and exclusions.


def writing(pages: Pages, session_id: str, stage_id: str, at_s: float) -> AppTest:
    """The page after “Note” was pressed at a second."""
    app = pages.session(session_id)
    app.session_state["writing-note"] = (session_id, stage_id, at_s)
    return app.run()


def test_a_note_is_written_by_name_and_stands_on_the_axis_and_in_the_list(pages: Pages, filled: str) -> None:
    app = writing(pages, "talk-1", "main", 130)
    assert "At 2:00." in text_of(app)
    app.text_input(key="note-title").input("A glass broke")
    app.text_input(key="note-by").input("Ada")
    app.button(key="note-save").click().run()
    (stage,) = file_of("talk-1").stages
    assert [(note.title, note.by, note.at) for note in stage.annotations] == [("A glass broke", "Ada", after(130))]
    text = text_of(app)
    assert '2:00</span> <span class="hl-said-kind">Note</span> <strong>A glass broke</strong>' in text
    assert shown_in(app, "player")["markers"][-1] == {
        "at_s": 130,
        "kind": "note",
        "name": "Note",
        "title": "A glass broke (Ada)",
    }


def test_a_stretch_is_left_out_of_every_figure(pages: Pages, filled: str) -> None:
    app = writing(pages, "talk-1", "main", 110)
    app.toggle(key="note-leave-out").set_value(True).run()
    app.radio(key="note-extent").set_value("The whole segment").run()
    app.text_input(key="note-title").input("Projector failed")
    app.text_input(key="note-by").input("Ada")
    app.button(key="note-save").click().run()
    (stage,) = file_of("talk-1").stages
    (left_out,) = stage.exclusions
    assert (left_out.from_at, left_out.until_at) == (after(110), after(210))
    assert shown_in(app, "segments")["rows"][1]["cells"][0]["text"] == "not enough data"
    assert [110, 210, "excluded", "left out: Projector failed"] in shown_in(app, "player")["gaps"]


def test_what_nobody_signs_is_not_written_and_the_reason_is_said(pages: Pages, filled: str) -> None:
    app = writing(pages, "talk-1", "main", 110)
    app.text_input(key="note-title").input("A glass broke")
    app.button(key="note-save").click().run()
    assert "name of the author of a note is empty" in text_of(app)
    assert file_of("talk-1").stages[0].annotations == ()


def test_what_was_left_out_comes_back_once_it_is_removed(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        stage = a_stage(exclusions=[an_exclusion(10, 40)], annotations=[an_annotation(5, title=NASTY)])
        put(store, a_session(ended_at=after(300)), (stage, quiet()))
    app = pages.session("talk-1")
    text = text_of(app)
    assert "0:10 to 0:40" in text
    assert "Nothing to see" in text
    assert "&lt;img src=x" in text
    app.button(key="remove-1").click().run()
    assert "written by Ada" in text_of(app)
    app.button(key="remove-surely").click().run()
    (stage,) = file_of("talk-1").stages
    assert stage.exclusions == ()
    assert len(stage.annotations) == 1


def test_a_note_is_written_beside_what_others_wrote_meanwhile(filled: str) -> None:
    (before,) = file_of("talk-1").stages
    with open_store(filled) as store:
        store.put_stage("talk-1", replace(before, title="Another hall"))
    data.change_stage("talk-1", "main", lambda now: replace(now, annotations=(an_annotation(1),)))
    (stage,) = file_of("talk-1").stages
    assert (stage.title, len(stage.annotations)) == ("Another hall", 1)
    with pytest.raises(InvalidValue, match="open the session again"):
        data.change_stage("talk-1", "gone", lambda now: now)


# A session that goes on.


def going_on(store: Store, *, seconds: int = 300, before: int = 0, laugh: bool = False) -> None:
    """A talk that began so long ago and has a camera that still sends; at first three faces, then forty."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=before + seconds)
    late = to_ms(began) - to_ms(BEGAN)
    records = [
        replace(one, start_ms=one.start_ms + late)
        for one in [
            *[a_window(at, smiling=1, of=3) for at in range(before)],
            *[a_window(before + at, smiling=36 if laugh and 150 <= at < 180 else 10, of=40) for at in range(seconds)],
        ]
    ]
    put(store, a_session(started_at=began), (a_stage(), records))
    store.put_heartbeat(replace(a_heartbeat(), at_ms=to_ms(datetime.now(UTC)), last_window_ms=records[-1].start_ms))


def test_while_it_goes_on_it_is_shown_from_where_figures_last_and_stays_at_its_end(
    store_url: str, pages: Pages
) -> None:
    with open_store(store_url) as store:
        going_on(store, before=200)
    given = shown_in(pages.session("talk-1"), "player")
    assert given["from_s"] == 200
    assert given["live"]
    assert given["start_s"] is None


def test_a_mark_is_a_note_on_this_very_moment(store_url: str, pages: Pages) -> None:
    with open_store(store_url) as store:
        going_on(store)
    app = pages.session("talk-1")
    app.button(key="mark").click().run()
    assert not app.exception
    with open_store(store_url) as store:
        (note,) = store.stages("talk-1")[0].annotations
    assert abs((datetime.now(UTC) - note.at).total_seconds()) < 60


def test_who_may_not_write_notes_has_no_button_to_mark(
    store_url: str, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(store_url) as store:
        going_on(store)
    monkeypatch.setattr("dashboard.pages.session.notes.permit", lambda: Permit(role="viewer", own=("*",)))
    app = pages.session("talk-1")
    assert [button.key for button in app.button if button.key == "mark"] == []


# The speaker's view.


def test_the_speakers_view_is_one_number_and_one_line_and_its_address_keeps_it(store_url: str, pages: Pages) -> None:
    with open_store(store_url) as store:
        going_on(store)
    app = pages.session("talk-1", view="speaker")
    said = text_of(app)
    assert "25 %" in said
    assert "of 40 faces smile" in said
    assert said.count("<img") == 1
    assert components(app) == []
    assert headers(app) == []
    assert "speaker" in app.query_params["view"]
    assert [button.key for button in app.button] == ["mark"]


def test_the_speakers_view_says_nothing_of_too_few(store_url: str, pages: Pages) -> None:
    with open_store(store_url) as store:
        put(store, a_session(ended_at=after(300)), (a_stage(), windows_of("talk-1", faces=3)))
    said = text_of(pages.session("talk-1", view="speaker"))
    assert "%" not in re.sub(r"<img[^>]*>", "", said)
    assert "too few faces" in said or "No figure" in said


def test_the_speakers_view_of_a_stage_is_that_stages(filled: str, pages: Pages) -> None:
    assert "of 40 faces" in text_of(pages.session("fest-1", view="speaker", stage="big"))
    assert "of 40 faces" not in text_of(pages.session("fest-1", view="speaker", stage="small"))


@pytest.mark.parametrize("session_id", ["talk-1", "fest-1", "heads-1", "empty-1"])
def test_no_sentence_of_the_page_stays_english(pages: Pages, filled: str, session_id: str) -> None:
    app = pages.session(session_id, language="de")
    assert not app.exception
    assert english_on(app, "de") == []


def test_who_changes_language_keeps_the_choices_and_gets_a_review_in_it(pages: Pages, filled: str) -> None:
    english = pages.session("talk-1", smoothing="60.0", language="en")
    german = pages.session("talk-1", smoothing="60.0", language="de")
    assert english.selectbox(key="smoothing").value == german.selectbox(key="smoothing").value == 60
    for page, code in ((english, "en"), (german, "de")):
        with using(code):
            assert did("smile", 1) in text_of(page)
