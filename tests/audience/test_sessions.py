"""Sessions, stages and cameras refuse invalid values."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from audience.errors import InvalidValue
from audience.sessions import Camera, Session, Stage
from tests.builders import BEGAN, a_camera, a_session, a_stage, after


def test_a_session_is_called_by_its_title_and_else_by_its_id():
    assert a_session("talk-1", title="Opening keynote").name == "Opening keynote"
    assert a_session("talk-1").name == "talk-1"
    assert a_stage("main", title="Große Bühne").name == "Große Bühne"
    assert a_stage("main").name == "main"


def test_a_session_measures_expressions_at_an_event_by_default():
    session = Session(session_id="s", started_at=BEGAN)
    assert (session.kind, session.setting, session.mode) == ("talk", "event", "expressions")
    assert not session.simulated
    assert not session.notice_given


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("session_id", "a/b", "session id 'a/b'"),
        ("title", "x" * 201, "201 characters"),
        ("film", "x" * 201, "film has 201 characters"),
        ("cut", "final\x00", "cut .* control characters"),
        ("city", "Paris\nTexas", "city .* control characters"),
        ("tags", ("students", " "), "tag is empty"),
        ("kind", "show", "kind 'show'"),
        ("setting", "office", "setting 'office'"),
        ("mode", "emotions", "mode 'emotions'"),
        ("country", "XX", "'XX'.* country"),
        ("started_at", BEGAN.replace(tzinfo=None), "no zone"),
        ("ended_at", after(-1), "ends before it starts"),
    ],
)
def test_a_session_names_the_value_it_refuses(field, value, named):
    with pytest.raises(InvalidValue, match=named):
        Session(**{"session_id": "talk-1", "started_at": BEGAN, field: value})


def test_a_session_may_begin_in_any_zone():
    there = BEGAN.astimezone(timezone(timedelta(hours=9)))
    assert a_session(started_at=there) == a_session(started_at=BEGAN)


@pytest.mark.parametrize(("written", "kept"), [("uk", "GB"), ("de", "DE"), ("FR", "FR")])
def test_a_country_is_kept_as_its_code(written, kept):
    assert a_session(country=written).country == kept


def test_tags_are_a_set_of_words_in_one_order():
    session = Session(session_id="s", started_at=BEGAN, tags=("students", "recruited", "students"))
    assert session.tags == ("recruited", "students")


@pytest.mark.parametrize("size", [0, -1])
def test_an_audience_is_of_at_least_one(size):
    with pytest.raises(InvalidValue, match=f"audience size {size}"):
        a_stage(audience_size=size)


@pytest.mark.parametrize("name", ["", "Main Stage", "main#2", "ü"])
def test_stages_and_cameras_have_plain_ids(name):
    with pytest.raises(InvalidValue, match="stage id"):
        Stage(stage_id=name)
    with pytest.raises(InvalidValue, match="camera id"):
        Camera(camera_id=name)
    with pytest.raises(InvalidValue, match="camera id"):
        a_camera(overlaps=[name])
