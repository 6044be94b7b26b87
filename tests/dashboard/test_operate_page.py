"""The operator's page in each of its states, without a browser."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from audience.alerts import AlertRule, AlertWatcher
from audience.ids import id_of
from audience.language import using
from audience.store import Store
from audience.stores import open_store
from audience.time import to_ms
from audience.timelines import is_paused, position_s
from dashboard import remote_data
from dashboard.clock import time_text
from dashboard.markup import qr_picture
from dashboard.pages.operate.camera_rows import ago
from dashboard.pages.operate.data import change_cues
from dashboard.pages.operate.running import CHANGES
from dashboard.pages.operate.stage_table.component import Wish
from dashboard.pages.operate.start_commands import StartCard, alerts_command, cards_html, device_command, watch_command
from tests.builders import a_camera, a_head_count, a_heartbeat, a_session, a_stage, a_window, an_alert
from tests.dashboard.conftest import NASTY, Pages, text_of
from tests.dashboard.page_texts import english_on

AT_ONCE = AlertRule(rule_id="camera-1", what="camera", for_s=0)


def now_ms(ago_s: float = 0) -> int:
    return to_ms(datetime.now(UTC) - timedelta(seconds=ago_s))


def beat(store: Store, camera_id: str = "cam-1", *, ago_s: float = 0, **changed: object) -> None:
    """A camera says how it is: well, unless told otherwise."""
    well = {"at_ms": now_ms(ago_s), "last_window_ms": now_ms(ago_s), "brightness": 0.5, "sharpness": 0.6}
    store.put_heartbeat(replace(a_heartbeat(camera_id=camera_id), **(well | changed)))  # type: ignore[arg-type]


@pytest.fixture
def talk(store_url: str) -> str:
    """A talk under way with two cameras on one stage."""
    with open_store(store_url) as store:
        store.put_session(a_session(title="Why bridges hum", started_at=datetime.now(UTC) - timedelta(minutes=20)))
        store.put_stage("talk-1", a_stage(title="Hall"))
        for camera in ("cam-1", "cam-2"):
            store.put_camera("talk-1", "main", a_camera(camera))
    return store_url


def button(app: AppTest, label: str) -> AppTest:
    (found,) = [one for one in app.button if one.label == label]
    return found  # type: ignore[return-value]


def end_session(app: AppTest) -> None:
    button(app, "End session").click().run()
    app.button(key="end-surely").click().run()


def table_of(app: AppTest) -> dict[str, Any]:
    """What the table of stages was given."""
    (given,) = [one for one in app.get("bidi_component") if one.proto.component_name == "houselights.stage_table"]
    return dict(json.loads(given.proto.json))


def states_in(app: AppTest) -> list[list[tuple[str, int]]]:
    """The cameras of each stage, by state."""
    return [[(state, count) for state, count, *_ in row["cameras"]] for row in table_of(app)["rows"]]


def detailed(app: AppTest, *stage_ids: str) -> str:
    """What the page says with the details of some stages open."""
    app.session_state["open-stages"] = (app.query_params["session"], stage_ids or ("main",))
    return text_of(app.run())


def ask(app: AppTest, wish: Wish, *stage_ids: str) -> None:
    """Does what the table's buttons do, which tests without a browser cannot click, and draws the page again."""
    session_id = app.query_params["session"]
    app.session_state[f"undo-{session_id}"] = (wish, change_cues(session_id, stage_ids, CHANGES[wish]))
    app.run()


def answering(app: AppTest) -> AppTest:
    """The page with the dialog that answers all alerts that are on."""
    ids = tuple(one["id"] for one in table_of(app)["alerts"])
    app.session_state["answer-alerts"] = (app.query_params["session"], ids)
    return app.run()


def test_a_remote_audience_is_opened_and_closed_with_its_link_at_hand(
    pages: Pages, talk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.operate.remote_audience.can_measure", lambda: False)
    app = pages.operate(session="talk-1", part="Remote audience")
    assert "npm" in text_of(app)  # what is missing is said, and what to do
    button(app, "Open to viewers").click().run()
    audience = remote_data.audiences().of_session("talk-1", datetime.now(UTC))
    assert audience is not None
    assert any(f"/watch/{audience.token}" in code.value for code in app.code)
    button(app, "Close to viewers").click().run()
    assert remote_data.audiences().of_session("talk-1", datetime.now(UTC)) is None
    assert button(app, "Open to viewers")


@pytest.mark.parametrize(
    "part",
    ["Run", "Alert rules", "Set up", "Phone camera", "Room notice", "Remote audience", "Cost", "Preview"],
)
def test_each_part_speaks_the_language_of_its_viewer_and_its_address_is_the_same(
    pages: Pages, dark: str, part: str
) -> None:
    with open_store(dark) as store:
        store.alerting.put("talk-1", AlertRule(rule_id="faces-1", what="faces", limit=10, stage_id="main"))
    with using("de"):  # the test names the options of lists, too
        app = answering(pages.operate(part=part, language="de"))
        assert english_on(app, "de") == []
        detailed(app)
        assert english_on(app, "de") == []
        assert app.query_params.get("part", "Run") == part


def test_an_empty_store_offers_a_new_session(pages: Pages, store_url: str) -> None:
    assert "set one up with “New session”" in text_of(pages.operate())


def test_a_session_with_a_camera_at_work_is_shown_before_a_later_one(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store)
        store.put_session(a_session("tomorrow", title="Tomorrow", started_at=datetime.now(UTC)))
        beat_of_yesterday = replace(a_heartbeat("yesterday"), at_ms=now_ms(90_000))
        store.put_session(a_session("yesterday", started_at=datetime.now(UTC) - timedelta(minutes=1)))
        store.put_heartbeat(beat_of_yesterday)
    assert pages.operate().selectbox(key="session").value == "talk-1"
    assert pages.operate(session="Tomorrow").selectbox(key="session").value == "tomorrow"
    with open_store(talk) as store:
        store.put_session(replace(store.session("talk-1"), ended_at=datetime.now(UTC)))
    assert pages.operate().selectbox(key="session").value == "tomorrow"


def test_the_page_stays_with_the_session_of_its_address_whatever_begins_or_ends(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store)
    app = pages.operate()
    assert app.query_params["session"] == "talk-1"
    with open_store(talk) as store:
        store.put_session(a_session("later", title="Later", started_at=datetime.now(UTC)))
        store.put_stage("later", a_stage())
        store.put_camera("later", "main", a_camera())
        store.put_heartbeat(replace(a_heartbeat("later"), at_ms=now_ms()))
        store.put_session(replace(store.session("talk-1"), ended_at=datetime.now(UTC)))
    app.run()
    assert app.selectbox(key="session").value == "talk-1"
    assert app.query_params["session"] == "talk-1"
    app.selectbox(key="session").select("later").run()
    assert app.query_params["session"] == "later"
    assert "Later" in text_of(app)


@pytest.mark.parametrize("asked", ["gone", "../etc", NASTY])
def test_an_address_of_a_session_that_is_not_there_says_so_and_opens_no_other(
    pages: Pages, talk: str, asked: str
) -> None:
    app = pages.operate(session=asked)
    text = text_of(app)
    assert "There is no session" in text
    assert "Why bridges hum" not in text
    assert "<img src=x" not in text
    assert app.selectbox(key="session").value is None
    assert app.query_params["session"] == asked
    app.selectbox(key="session").select("talk-1").run()
    assert "Why bridges hum" in text_of(app)


def test_cameras_stand_worst_first_with_sign_word_and_when_they_were_seen(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store, "cam-1", ago_s=-120)  # well for as long as a slow machine may take
        beat(store, "cam-2", ago_s=300, detector="centerface-1", version="1.2.3001")
    app = pages.operate()
    assert states_in(app) == [[("dead", 1), ("ok", 1)]]
    (dead, _) = table_of(app)["rows"][0]["cameras"]
    assert [(camera, seen_s) for camera, seen_s in dead[3]] == [("cam-2", pytest.approx(300, abs=60))]
    text = detailed(app)
    assert "Ok: 1 of 2 running cameras. cam-2 on Hall is dead." in text
    assert text.index("hl-camera-dead") < text.index("hl-camera-ok")
    assert "5 min ago" in text
    assert "centerface-1" in text
    assert "1.2.3001" in text
    assert '<span aria-hidden="true">✕</span> dead' in text


def test_of_a_dead_camera_no_figure_is_shown_that_was_true_once(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store, ago_s=300)
    assert "frames/s" not in detailed(pages.operate())


def test_a_camera_that_is_set_up_is_expected_until_it_is_heard_of(pages: Pages, talk: str) -> None:
    app = pages.operate()
    assert states_in(app) == [[("expected", 2)]]
    text = detailed(app)
    assert "No camera is running; 2 are set up." in text
    assert text.count("never connected") == 2


def test_the_only_camera_that_is_not_ok_is_told_as_one(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store, brightness=0.0)
    assert "Ok: 0 of 1 running camera. cam-1 on Hall is dark." in text_of(pages.operate())


def test_an_alert_says_since_when_and_how_long_ago_of_the_same_instant(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        store.alerting.put("talk-1", AT_ONCE)
        beat(store, brightness=0.0)
        told = replace(an_alert(), since_ms=now_ms(600), began_ms=now_ms(540))
        store.alerting.put("talk-1", told)
    assert f"since {time_text(told.since_ms, UTC)}, 10 min ago" in table_of(pages.operate())["alerts"][0]["facts"]


@pytest.fixture
def dark(talk: str) -> str:
    """The talk with a camera that is dark, and a rule that says so at once."""
    with open_store(talk) as store:
        beat(store, brightness=0.0)
        store.alerting.put("talk-1", AT_ONCE)
    return talk


def test_an_alert_names_its_stage_and_is_acknowledged_by_name_with_a_note(pages: Pages, dark: str) -> None:
    app = pages.operate()
    (alert,) = table_of(app)["alerts"]
    assert (alert["state"], alert["text"]) == ("on", "Camera cam-1 of Hall is dark")
    answering(app)
    assert button(app, "Acknowledge").disabled
    app.text_input(key="operator").input("Ada <b>").run()
    app.text_input(key="answer-note").input("new <bulb>")
    button(app, "Acknowledge").click().run()
    (alert,) = table_of(app)["alerts"]
    assert alert["state"] == "seen"
    assert "seen by Ada <b> at" in alert["facts"]
    assert "“new <bulb>”" in alert["facts"]
    assert not [one for one in app.button if one.label == "Acknowledge"]
    with open_store(dark) as store:
        assert [(mark.by, mark.note) for mark in store.alerting.book("talk-1").marks] == [("Ada <b>", "new <bulb>")]


@pytest.mark.parametrize(("label", "for_s"), [("15 min", 900), ("1 h", 3600), ("Until the session ends", None)])
def test_a_camera_is_silenced_for_a_while_and_heard_of_again_at_a_button(
    pages: Pages, dark: str, label: str, for_s: float | None
) -> None:
    app = answering(pages.operate())
    app.text_input(key="operator").input("Ada").run()
    button(app, label).click().run()
    (alert,) = table_of(app)["alerts"]
    assert alert["state"] == "silenced"
    with open_store(dark) as store:
        (silence,) = store.alerting.book("talk-1").silences
    assert (silence.stage_id, silence.camera_id, silence.by) == ("main", "cam-1", "Ada")
    assert silence.until_ms == (None if for_s is None else silence.at_ms + 1000 * for_s)
    button(answering(app), "End the silence").click().run()
    assert table_of(app)["alerts"][0]["state"] == "on"


def test_who_is_signed_in_acknowledges_by_that_name_and_no_other(
    pages: Pages, dark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = {"is_logged_in": True, "email": "ada@example.org", "email_verified": True}
    monkeypatch.setattr(type(st.user), "to_dict", lambda _: claims)
    app = answering(pages.operate())
    assert not [one for one in app.text_input if one.label == "Your name"]
    button(app, "Acknowledge").click().run()
    with open_store(dark) as store:
        assert [mark.by for mark in store.alerting.book("talk-1").marks] == ["ada@example.org"]


def test_where_nobody_watches_the_page_says_how_to_be_told(pages: Pages, talk: str) -> None:
    assert f"houselights alerts --store {talk}" in text_of(pages.operate())
    with open_store(talk) as store:
        store.alerting.put("talk-1", AlertWatcher(name="server", at_ms=now_ms()))
    assert "houselights alerts" not in text_of(pages.operate())


def test_a_test_alert_is_asked_for_at_a_button(pages: Pages, talk: str) -> None:
    app = pages.operate(part="Alert rules")
    button(app, "Send a test alert").click().run()
    assert "This is a test requested by an operator" in text_of(app)


def test_rules_are_added_and_taken_away(pages: Pages, talk: str) -> None:
    app = pages.operate(part="Alert rules")
    button(app, "Add the usual rules").click().run()
    app.selectbox(key="rule-what").select("share").run()
    app.selectbox(key="rule-stage").select("main")
    app.number_input(key="limit-share").set_value(25)
    button(app, "Add rule").click().run()
    told = [one.value for one in app.markdown]
    assert "Under 25 % of the faces on Hall smile for 60 s" in told
    app.button(key="remove-camera-1").click().run()
    with open_store(talk) as store:
        rules = store.alerting.book("talk-1").rules
    assert [(rule.rule_id, rule.stage_id, rule.limit) for rule in rules] == [
        ("delay-1", "", 10),
        ("share-1", "main", 0.25),
    ]


def test_a_rule_taken_away_by_mistake_is_put_back_beside_one_that_was_added_since(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        store.alerting.put("talk-1", AT_ONCE)
    app = pages.operate(part="Alert rules")
    app.button(key="remove-camera-1").click().run()
    button(app, "Add rule").click().run()
    button(app, "Undo").click().run()
    with open_store(talk) as store:
        assert [(rule.rule_id, rule.for_s) for rule in store.alerting.book("talk-1").rules] == [
            ("camera-1", 60),
            ("camera-2", 0),
        ]
    assert not [one for one in app.button if one.label == "Undo"]


def test_two_who_add_a_rule_at_once_add_two(pages: Pages, talk: str) -> None:
    both = [pages.operate(part="Alert rules"), pages.operate(part="Alert rules")]
    for app, fewest in zip(both, (10, 20), strict=True):
        app.selectbox(key="rule-what").select("faces").run()
        app.number_input(key="limit-faces").set_value(fewest)
    for app in both:
        button(app, "Add rule").click().run()
    with open_store(talk) as store:
        assert [rule.limit for rule in store.alerting.book("talk-1").rules] == [10, 20]


def stage_of(url: str):
    with open_store(url) as store:
        return store.stages("talk-1")[0]


def test_cues_at_a_button_can_be_taken_back(pages: Pages, talk: str) -> None:
    app = pages.operate()
    button(app, "Talk starts now").click().run()
    begun = stage_of(talk).cues
    assert position_s(begun, datetime.now(UTC)) == pytest.approx(0, abs=5)
    button(app, "Pause").click().run()
    assert is_paused(stage_of(talk).cues, datetime.now(UTC))
    assert "Hall: talk paused since" in text_of(app)
    button(app, "Undo").click().run()
    assert stage_of(talk).cues == begun
    assert not [one for one in app.button if one.label == "Undo"]
    button(app, "Pause").click().run()
    button(app, "Resume").click().run()
    assert not is_paused(stage_of(talk).cues, datetime.now(UTC))


def test_a_second_click_takes_nothing_more_back(pages: Pages, talk: str) -> None:
    app = pages.operate()
    button(app, "Talk starts now").click().run()
    begun = stage_of(talk).cues
    undo = button(app, "Undo").click()
    del app.session_state["undo-talk-1"]  # as the first click leaves it
    undo.run()
    assert [error.message for error in app.exception] == []
    assert stage_of(talk).cues == begun


def test_what_somebody_else_cued_since_is_not_taken_back(pages: Pages, talk: str) -> None:
    app = pages.operate()
    button(app, "Talk starts now").click().run()
    with open_store(talk) as store:
        store.put_stage("talk-1", replace(stage_of(talk), cues=()))
    button(app, "Undo").click().run()
    assert "somebody has changed the cues since: nothing was undone" in text_of(app)


def test_a_session_is_ended_and_goes_on(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store)
    app = pages.operate()
    end_session(app)
    assert "Still running: cam-1 on Hall" in text_of(app)
    with open_store(talk) as store:
        ended = store.session("talk-1")
    assert ended.ended_at is not None
    button(app, "Resume session").click().run()
    with open_store(talk) as store:
        assert store.session("talk-1") == replace(ended, ended_at=None)


def test_a_session_is_ended_only_by_who_is_asked_and_says_so(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store)
    app = pages.operate()
    button(app, "End session").click().run()
    text = text_of(app)
    assert "<strong>Why bridges hum</strong>" in text
    assert "1 stage and 2 cameras" in text
    with open_store(talk) as store:
        assert store.session("talk-1").ended_at is None
    app.button(key="end-not").click().run()
    assert not [one for one in app.button if one.key == "end-surely"]
    with open_store(talk) as store:
        assert store.session("talk-1").ended_at is None


def test_of_a_session_that_has_ended_no_camera_is_dead_and_nobody_is_told_to_watch(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        beat(store, ago_s=7200)
        store.put_session(replace(store.session("talk-1"), ended_at=datetime.now(UTC) - timedelta(minutes=5)))
    app = pages.operate()
    assert states_in(app) == [[("ended", 2)]]
    text = text_of(app)
    assert "No camera is running" in text
    assert "houselights alerts" not in text


def test_a_session_whose_cameras_tell_nothing_keeps_its_beginning_when_it_goes_on(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        store.put_windows([a_window(start_ms=now_ms(600) // 1000 * 1000)])
        ended = replace(store.session("talk-1"), ended_at=datetime.now(UTC) - timedelta(minutes=5))
        store.put_session(ended)
    button(pages.operate(), "Resume session").click().run()
    with open_store(talk) as store:
        assert store.session("talk-1") == replace(ended, ended_at=None)


def test_what_was_recorded_since_the_page_was_drawn_stays_in_the_session(pages: Pages, talk: str) -> None:
    app = pages.operate()
    with open_store(talk) as store:
        began = store.session("talk-1").started_at
        store.put_windows([a_window(start_ms=now_ms(300) // 1000 * 1000)])
    button(app, "Start session").click().run()
    assert "the session already has recordings" in text_of(app)
    with open_store(talk) as store:
        assert store.session("talk-1").started_at == began


def test_a_session_of_which_nothing_is_recorded_starts_when_somebody_says_so(pages: Pages, talk: str) -> None:
    app = pages.operate()
    button(app, "Start session").click().run()
    with open_store(talk) as store:
        assert datetime.now(UTC) - store.session("talk-1").started_at < timedelta(seconds=20)


def test_a_session_is_set_up_with_a_stage_a_camera_and_the_usual_rules(pages: Pages, talk: str) -> None:
    app = pages.operate(part="Set up")
    app.text_input(key="new-title").input("Why bridges hum!")
    app.selectbox(key="new-setting").select("workplace")
    app.text_input(key="new-stage").input("Große Halle")
    button(app, "Set up session").click().run()
    assert app.query_params["session"] == "why-bridges-hum"
    assert app.selectbox(key="session").value == "why-bridges-hum"
    assert "Only heads are counted" in text_of(app)
    with open_store(talk) as store:
        session = store.session("why-bridges-hum")
        assert (session.title, session.setting, session.mode) == ("Why bridges hum!", "workplace", "head count")
        assert [(stage.stage_id, stage.title) for stage in store.stages(session.session_id)] == [
            ("groe-halle", "Große Halle")
        ]
        assert [camera.camera_id for camera in store.cameras(session.session_id, "groe-halle")] == ["cam-1"]
        assert len(store.alerting.book(session.session_id).rules) == 2
    app.text_input(key="new-title").input("Why bridges hum")
    app.selectbox(key="new-setting").select("event")
    button(app, "Set up session").click().run()
    assert app.selectbox(key="session").value == "why-bridges-hum-2"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"new-title": "..."}, "need a title with a letter or a digit"),
        ({"new-title": "x", "new-camera": "cam 1"}, "camera id &#x27;cam 1&#x27; is not allowed"),
    ],
)
def test_what_cannot_be_set_up_is_one_line(pages: Pages, store_url: str, fields: dict[str, str], why: str) -> None:
    app = pages.operate()
    app.selectbox(key="new-setting").select("event")
    for key, value in fields.items():
        app.text_input(key=key).input(value)
    button(app, "Set up session").click().run()
    assert why in text_of(app)
    with open_store(store_url) as store:
        assert store.sessions() == []


def outcome(app: AppTest) -> str:
    return text_of(app).partition('class="hl-outcome"')[2].partition("</p>")[0]


def test_what_a_new_session_may_measure_is_said_before_and_changes_with_every_field(
    pages: Pages, store_url: str
) -> None:
    app = pages.operate()
    assert app.selectbox(key="new-setting").value is None
    assert app.selectbox(key="new-country").value is None
    assert "measured" in outcome(app)
    assert "Expressions are measured" not in outcome(app)
    for field, value, said in (
        ("new-setting", "event", "Expressions are measured"),
        ("new-setting", "workplace", "no country was given"),
        ("new-country", "DE", "Germany is in the EU"),
        ("new-country", "GE", "Georgia is outside the EU"),
        ("new-setting", "education", "ban on inferring emotions in education"),
        ("new-country", "GF", "French Guiana is in the EU"),
    ):
        app.selectbox(key=field).select(value).run()
        assert said in outcome(app)
    app.selectbox(key="new-country").select("US").run()
    app.checkbox(key="new-heads").check().run()
    assert "Only heads are counted, as requested" in outcome(app)
    with open_store(store_url) as store:
        assert store.sessions() == []


def test_a_workplace_in_germany_is_chosen_by_name_and_only_its_heads_are_counted(pages: Pages, store_url: str) -> None:
    app = pages.operate()
    names = app.selectbox(key="new-country").options
    assert len(names) == 249
    for searched in ("Germany", "Deutschland", "Holland", "USA", "UK", "England", "Czech Republic"):
        assert [name for name in names if searched.casefold() in name.casefold()], searched
    app.text_input(key="new-title").input("All hands")
    app.selectbox(key="new-setting").select("workplace")
    app.selectbox(key="new-country").select("DE")
    button(app, "Set up session").click().run()
    with open_store(store_url) as store:
        (session,) = store.sessions()
    assert (session.country, session.mode) == ("DE", "head count")


def test_without_a_kind_of_place_nothing_is_set_up_and_afterwards_nothing_stays_chosen(
    pages: Pages, store_url: str
) -> None:
    app = pages.operate()
    app.text_input(key="new-title").input("All hands")
    button(app, "Set up session").click().run()
    assert "Choose the kind of place" in text_of(app)
    with open_store(store_url) as store:
        assert store.sessions() == []
    app.selectbox(key="new-setting").select("event")
    app.selectbox(key="new-country").select("US")
    button(app, "Set up session").click().run()
    assert app.query_params["session"] == "all-hands"
    assert app.selectbox(key="new-setting").value is None
    assert app.selectbox(key="new-country").value is None


def test_a_camera_is_added_to_a_stage_or_with_a_new_one_and_its_start_line_is_shown(pages: Pages, talk: str) -> None:
    app = pages.operate(part="Set up")
    app.text_input(key="add-camera-id").input("cam-3")
    button(app, "Add camera").click().run()
    app.text_input(key="add-stage-talk-1").input("Foyer")
    app.text_input(key="add-camera-id").input("cam-1")
    button(app, "Add camera").click().run()
    with open_store(talk) as store:
        assert [stage.title for stage in store.stages("talk-1")] == ["Foyer", "Hall"]
        assert [camera.camera_id for camera in store.cameras("talk-1", "main")] == ["cam-1", "cam-2", "cam-3"]
    command = app.code[0].value
    assert command.startswith("houselights watch webcam:0 --session talk-1 --stage foyer --camera cam-1")
    assert f"--store {talk}" in command
    app.selectbox(key="start-where").select("A camera with a computer of its own").run()
    assert app.code[0].value.endswith("HOUSELIGHTS_BUCKET=BUCKET python -m edge_lambda")


@pytest.fixture
def quiet(talk: str) -> str:
    """A second session under way, with one camera on one stage."""
    with open_store(talk) as store:
        store.put_session(a_session("quiet", title="Quiet"))
        store.put_stage("quiet", a_stage(title="Loft"))
        store.put_camera("quiet", "main", a_camera())
    return "quiet"


def test_a_camera_is_offered_a_stage_of_the_session_that_is_chosen(pages: Pages, talk: str, quiet: str) -> None:
    app = pages.operate(part="Set up", session="Why bridges hum")
    app.selectbox(key="session").select(quiet).run()
    app.text_input(key="add-camera-id").input("cam-2")
    button(app, "Add camera").click().run()
    with open_store(talk) as store:
        assert [stage.title for stage in store.stages(quiet)] == ["Loft"]
        assert [camera.camera_id for camera in store.cameras(quiet, "main")] == ["cam-1", "cam-2"]


def test_a_day_is_estimated_for_the_cameras_of_the_session_that_is_chosen(pages: Pages, talk: str, quiet: str) -> None:
    app = pages.operate(part="Cost", session="Why bridges hum")
    app.selectbox(key="cost-scoring").select("cloud").run()
    assert "2 cameras running" in text_of(app)
    app.selectbox(key="session").select(quiet).run()
    assert app.number_input(key="cost-cameras-quiet").value == 1


def test_a_stage_that_is_named_by_its_id_keeps_its_title(pages: Pages, talk: str) -> None:
    app = pages.operate(part="Set up")
    app.text_input(key="add-stage-talk-1").input("main")
    app.text_input(key="add-camera-id").input("cam-3")
    button(app, "Add camera").click().run()
    with open_store(talk) as store:
        assert [stage.title for stage in store.stages("talk-1")] == ["Hall"]
        assert "cam-3" in [camera.camera_id for camera in store.cameras("talk-1", "main")]


def test_the_estimate_says_what_it_assumes_and_whether_it_is_within_the_budget(pages: Pages, talk: str) -> None:
    app = pages.operate(part="Cost")
    assert "Nothing leaves your machines" in text_of(app)
    app.selectbox(key="cost-scoring").select("cloud").run()
    text = text_of(app)
    assert "over the budget of $20.00" in text
    assert "2 cameras running for 8 hours, with 30 faces in view of each" in text
    app.number_input(key="cost-interval").set_value(12.0).run()
    assert "within the budget of $20.00" in text_of(app)


def test_the_day_s_estimate_and_budget_stand_at_the_head_of_the_page(pages: Pages, talk: str) -> None:
    assert "$" not in text_of(pages.operate())  # on one's own machines nothing is paid
    text = text_of(pages.operate(**{"cost-scoring": "cloud", "cost-budget": "50"}))
    assert "of $50.00 for the day" in text


def test_a_preview_is_offered_only_where_a_camera_of_this_machine_shows_one(pages: Pages, talk: str) -> None:
    assert "No camera preview is available here" in text_of(pages.operate(part="Preview"))


def test_a_head_count_is_operated_alike_and_never_scored_in_the_cloud(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        store.put_session(replace(store.session("talk-1"), mode="head count"))
        start_ms = now_ms(5) // 1000 * 1000
        store.put_windows([replace(a_head_count(heads=7), start_ms=start_ms)])
        beat(store, brightness=0.0)
        store.alerting.put("talk-1", AT_ONCE)
    app = pages.operate(part="Cost")
    text = text_of(app)
    assert table_of(app)["rows"][0]["faces"] == 7
    assert table_of(app)["alerts"][0]["text"] == "Camera cam-1 of Hall is dark"
    assert "7 faces" in text
    assert len(app.selectbox(key="cost-scoring").options) == 2


def test_names_and_details_full_of_markup_are_shown_as_they_are(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        store.put_session(a_session(title=NASTY))
        store.put_stage("talk-1", a_stage(title=NASTY))
        store.put_camera("talk-1", "main", a_camera())
        beat(store, state="failed", detail=NASTY)
        store.alerting.put("talk-1", replace(AT_ONCE, stage_id="main"))
    app = pages.operate()
    assert table_of(app)["rows"][0]["name"] == NASTY  # as text, by the table's script
    text = detailed(app)
    assert NASTY not in text
    assert text.count("&lt;img src=x") >= 3


def test_a_session_that_was_deleted_meanwhile_is_one_line(pages: Pages, talk: str) -> None:
    app = pages.operate()
    with open_store(talk) as store:
        store.put_session(a_session("other"))
        store.delete_session("talk-1")
    app.run()
    assert [error.message for error in app.exception] == []


def test_the_stage_tells_how_many_faces_it_has(pages: Pages, talk: str) -> None:
    with open_store(talk) as store:
        store.put_windows([a_window(start_ms=now_ms(second) // 1000 * 1000, of=12) for second in range(2, 9)])
    app = pages.operate()
    assert table_of(app)["rows"][0]["faces"] == 12
    assert "12 faces" in text_of(app)


@pytest.fixture
def festival(store_url: str) -> str:
    """A festival under way with three stages, two cameras each."""
    with open_store(store_url) as store:
        began = a_session("fest-1", title="Riverside", started_at=datetime.now(UTC) - timedelta(minutes=20))
        store.put_session(replace(began, kind="festival"))
        for stage_id in ("barn", "mill", "tent"):
            store.put_stage("fest-1", a_stage(stage_id, title=stage_id.capitalize()))
            for camera in ("cam-1", "cam-2"):
                store.put_camera("fest-1", stage_id, a_camera(camera))
    return store_url


def cues_in(app: AppTest) -> dict[str, str]:
    return {row["name"]: row["cue"] for row in table_of(app)["rows"]}


def test_stages_are_started_and_paused_together_and_that_is_taken_back_at_once(pages: Pages, festival: str) -> None:
    app = pages.operate()
    assert cues_in(app) == {"Barn": "waiting", "Mill": "waiting", "Tent": "waiting"}
    ask(app, "start", "barn", "mill")
    assert cues_in(app) == {"Barn": "running", "Mill": "running", "Tent": "waiting"}
    ask(app, "pause", "barn", "tent")  # of which one has nothing to pause
    assert cues_in(app) == {"Barn": "paused", "Mill": "running", "Tent": "waiting"}
    assert "Paused: Barn." in text_of(app)
    button(app, "Undo").click().run()
    ask(app, "start", "barn", "mill", "tent")
    button(app, "Undo").click().run()
    assert cues_in(app) == {"Barn": "running", "Mill": "running", "Tent": "waiting"}


def test_all_cameras_have_their_lines_in_one_block_and_a_card_each_to_print(pages: Pages, festival: str) -> None:
    app = pages.operate(part="Set up")
    lines = app.code[0].value.splitlines()
    assert len(lines) == 6
    assert shlex.split(lines[3])[3:9] == ["--session", "fest-1", "--stage", "mill", "--camera", "cam-2"]
    cards = [StartCard(stage="Barn <i>", camera_id="cam-1", command=line) for line in lines]
    page = cards_html(cards, session=NASTY)
    assert page.count("<svg") == 6
    assert "Barn &lt;i&gt;" in page
    assert "<img" not in page


def test_a_festival_s_stage_says_how_to_get_there(pages: Pages, festival: str) -> None:
    app = pages.operate()
    detailed(app, "barn")
    field = app.text_input(key="directions-fest-1-barn")
    field.input("http://maps.example/barn")
    button(app, "Save").click().run()
    assert "begins with https://" in text_of(app)
    app.text_input(key="directions-fest-1-barn").input(" 6 min from the gate ")
    button(app, "Save").click().run()
    with open_store(festival) as store:
        assert [stage.directions for stage in store.stages("fest-1")] == ["6 min from the gate", "", ""]


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Opening night: Zoë", "opening-night-zoe"), ("大きさ", ""), ("  --  ", ""), ("x" * 99, "x" * 64)],
)
def test_an_id_is_made_of_a_title(title: str, expected: str) -> None:
    assert id_of(title) == expected


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "never"), (0.4, "0 s ago"), (119, "119 s ago"), (7300, "2 h ago")]
)
def test_ages_are_read_at_a_glance(seconds: float | None, text: str) -> None:
    assert ago(seconds) == text


def test_a_start_line_is_one_line_that_a_shell_reads_back_word_for_word() -> None:
    source = "rtsp://user:it's@camera.local/stream?a=1&b=2"
    command = watch_command(session_id="talk-1", stage_id="main", camera_id="cam-1", source=source, store_url="")
    assert shlex.split(command)[2] == source
    assert "--store" not in command
    assert "--blur" in command
    watcher = alerts_command(store_url="sqlite:////home/ada/my films/houselights.db")
    assert shlex.split(watcher)[2:] == ["--store", "sqlite:////home/ada/my films/houselights.db"]
    device = device_command({"HOUSELIGHTS_SESSION": "talk-1"}, source=source, deliver_to="dir:/my folder")
    assert shlex.split(device) == [
        "HOUSELIGHTS_SESSION=talk-1",
        f"HOUSELIGHTS_SOURCE={source}",
        "HOUSELIGHTS_BUCKET=dir:/my folder",
        "python",
        "-m",
        "edge_lambda",
    ]
    assert qr_picture(device).startswith("data:image/svg+xml")
