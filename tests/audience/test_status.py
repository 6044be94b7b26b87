"""Status messages: written as one message, and parsed as untrusted input."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue, SheetRejected
from audience.monitoring.status import LARGEST_STATUS, LONGEST_DETAIL, read_status, status_message, status_topic
from audience.store import CAMERA_STATES, Heartbeat
from audience.stores.documents import from_json, to_json
from audience.windows import LATEST_MS
from tests.builders import BEGAN_MS, a_heartbeat

TOPIC = "houselights/talk-1/main/cam-1/status"

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
instants = st.integers(0, LATEST_MS)
counts = st.integers(0, 2**53)
names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)
heartbeats = st.builds(
    Heartbeat,
    session_id=ids,
    stage_id=ids,
    camera_id=ids,
    at_ms=instants,
    state=st.sampled_from(CAMERA_STATES),
    frames_per_s=st.floats(0, 1000),
    faces=counts,
    last_window_ms=st.none() | instants,
    lag_s=st.floats(-1e9, 1e9),
    detail=st.text(max_size=600),
    sent=counts,
    waiting=counts,
    dropped=counts,
    brightness=st.none() | st.floats(0, 1),
    sharpness=st.none() | st.floats(0, 1),
    detector=names,
    scorer=names,
    received_ms=st.none() | instants,
)


def said(heartbeat: Heartbeat | None = None, **changed: Any) -> bytes:
    """A message with some of its fields changed; `...` leaves a field out."""
    fields = json.loads(status_message(heartbeat or a_heartbeat())) | changed
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def test_a_message_is_read_as_it_was_sent():
    heartbeat = replace(
        a_heartbeat(detail="S3 is busy (SlowDown): waiting"),
        state="failed",
        sent=120,
        waiting=3,
        dropped=1,
        detector="centerface-1",
        scorer="expressionnet-1",
    )
    assert read_status(status_message(heartbeat)) == heartbeat


@given(heartbeat=heartbeats)
def test_any_heartbeat_arrives_whole_but_for_a_detail_made_one_line(heartbeat):
    read = read_status(status_message(heartbeat))
    assert replace(read, detail="") == replace(heartbeat, detail="", received_ms=None)
    assert len(read.detail) <= LONGEST_DETAIL
    assert len(read.detail.splitlines()) <= 1


@pytest.mark.parametrize(
    ("detail", "arrives"),
    [
        ("two\nlines\u2028and\ta tab", "two lines and a tab"),
        ("caf\udce9.mp4 cannot be read", "caf?.mp4 cannot be read"),
        ("a bell\x07", "a bell?"),
        ("é" * 501, "é" * 497 + "..."),
    ],
)
def test_a_detail_is_made_one_line_of_text(detail, arrives):
    assert read_status(status_message(a_heartbeat(detail=detail))).detail == arrives


def test_fields_added_by_aws_iot_are_read_too():
    heartbeat = a_heartbeat()
    received = read_status(said(heartbeat, topic=TOPIC, received_ms=BEGAN_MS + 250))
    assert received == replace(heartbeat, received_ms=BEGAN_MS + 250)


def test_a_null_dropped_in_transit_is_a_camera_without_a_window_yet():
    assert read_status(said(last_window_ms=...)).last_window_ms is None


def test_the_largest_status_there_can_be_is_not_too_large():
    longest = "\U0001f3ad"  # written as two escapes of six bytes
    heartbeat = replace(
        a_heartbeat("s" * 64, "t" * 64, "c" * 64, detail=longest * LONGEST_DETAIL),
        detector=longest * 200,
        scorer=longest * 200,
        frames_per_s=1 / 3e7,
        lag_s=-1 / 3e7,
        **dict.fromkeys(("faces", "sent", "waiting", "dropped"), 2**53),
    )
    topic = status_topic("s" * 64, "t" * 64, "c" * 64)
    assert read_status(said(heartbeat, topic=topic, received_ms=LATEST_MS)).detector == longest * 200


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "the status is not JSON"),
        (b"\xff", "the status is not JSON (not UTF-8)"),
        (b"[" * 9000, "the status is not JSON (nested too deeply)"),
        (b"[]", "the status is not an object"),
        (b'{"detail-type": "Object Created"}', "it is not a status"),
        (b'{"format": "houselights-status", "format": "x"}', "the status is not JSON (a field is repeated)"),
        (b" " * (LARGEST_STATUS + 1), f"it has {LARGEST_STATUS + 1} bytes: a status has at most {LARGEST_STATUS}"),
        (said(schema=2), "the status is of schema 2, and this reads schema 1"),
        (said(schema=True), "the schema is not a whole number"),
        (said(faces=...), "the status must have the fields format, schema,"),
        (said(more=1), "the status must have the fields format, schema,"),
        (said(topic=TOPIC), "the status must have the fields format, schema,"),
        (said(received_ms=1), "the status must have the fields format, schema,"),
        (said(session="#"), "session id '#' is not allowed"),
        (said(camera=7), "the camera's id is not a text"),
        (said(state="dancing"), "camera state 'dancing' is unknown"),
        (said(state="x" * 9000), "the state is not one line of at most 20 characters"),
        (said(at_ms=BEGAN_MS + 0.5), "the status' instant is not a whole number"),
        (said(at_ms=-1), "a heartbeat at -1 ms is not within the years 1970 to 2286"),
        (said(last_window_ms=LATEST_MS + 1), f"a heartbeat at {LATEST_MS + 1} ms is not within"),
        (said(topic=TOPIC, received_ms=-1), "a heartbeat at -1 ms is not within"),
        (said(topic=TOPIC, received_ms=None), "the instant of arrival is not a whole number"),
        (said(frames_per_s=-1), "a camera cannot have -1 frames per second"),
        (said(frames_per_s="5"), "the frames per second is not a number"),
        (said(lag_s=float("nan")), "the status is not JSON (NaN is not a number)"),
        (said(faces=-1), "a camera cannot have 5 frames per second, -1 faces"),
        (said(waiting=-1), "a camera cannot send 0, keep -1 and drop 0"),
        (said(detail="two\nlines"), "the detail is not one line of at most 500 characters"),
        (said(detail="x" * 501), "the detail is not one line of at most 500 characters"),
        (said(detail="\ud800"), "the detail is not a text"),
        (said(scorer="x" * 201), "the scorer's name is not one line of at most 200 characters"),
        (
            said(topic="houselights/talk-1/main/cam-2/status", received_ms=BEGAN_MS),
            f"the status belongs on topic {TOPIC}, and came on another",
        ),
        (said(topic=None, received_ms=BEGAN_MS), f"the status belongs on topic {TOPIC}, and came on another"),
    ],
)
def test_an_invalid_status_is_rejected_in_one_line(message, why):
    with pytest.raises(SheetRejected) as rejected:
        read_status(message)
    assert str(rejected.value).startswith(why)
    assert len(str(rejected.value)) < 300
    assert "\n" not in str(rejected.value)


@given(noise=st.binary(max_size=200), at=st.integers(0, 400))
def test_damage_never_raises_anything_else(noise, at):
    whole = said(topic=TOPIC, received_ms=BEGAN_MS)
    with suppress(SheetRejected):
        read_status(whole[:at] + noise + whole[at + len(noise) :])


@given(key=st.tuples(ids, ids, ids))
def test_every_camera_has_a_topic_of_its_own(key):
    topic = status_topic(*key)
    assert topic.split("/") == ["houselights", *key, "status"]
    assert not set(topic) & set("+#$")


@pytest.mark.parametrize("odd", ["", "+", "#", "a/b", "$aws", "cam 1", "..", "cam\n", "é", "x" * 65])
def test_no_id_makes_a_wildcard_or_the_topic_of_another(odd):
    for key in [(odd, "main", "cam-1"), ("talk-1", odd, "cam-1"), ("talk-1", "main", odd)]:
        with pytest.raises(InvalidValue, match="is not allowed"):
            status_topic(*key)


class TestHeartbeats:
    def test_every_state_is_allowed_and_no_other(self):
        for state in CAMERA_STATES:
            assert replace(a_heartbeat(), state=state).state == state
        with pytest.raises(InvalidValue, match="camera state 'lost' is unknown: use one of starting, ready,"):
            replace(a_heartbeat(), state="lost")

    def test_one_stored_before_deliveries_were_counted_is_still_read(self):
        older = json.loads(to_json(a_heartbeat()))
        for name in ("sent", "waiting", "dropped", "detector", "scorer", "received_ms"):
            del older[name]
        assert from_json(json.dumps(older), Heartbeat) == a_heartbeat()

    def test_a_heartbeat_from_before_pictures_were_measured_is_still_read(self):
        older = json.loads(to_json(a_heartbeat()))
        for name in ("brightness", "sharpness", "preview_port", "preview_blurred"):
            del older[name]
        assert from_json(json.dumps(older), Heartbeat) == a_heartbeat()
        assert read_status(said(brightness=..., sharpness=...)) == a_heartbeat()

    def test_a_picture_is_measured_within_its_bounds_and_shown_at_a_port(self):
        for wrong in ({"brightness": 1.1}, {"sharpness": -0.1}, {"brightness": float("nan")}, {"preview_port": 0}):
            with pytest.raises(InvalidValue, match="cannot"):
                replace(a_heartbeat(), **wrong)

    def test_a_camera_acknowledges_its_bundle_and_one_that_recognises_nobody_sends_no_field_of_it(self):
        assert b"bundle" not in status_message(a_heartbeat())
        with_one = replace(a_heartbeat(), bundle=1_777_885_200_000)
        assert read_status(status_message(with_one)) == with_one
        with pytest.raises(SheetRejected):
            read_status(said(bundle=0))

    def test_a_camera_says_its_version_and_one_that_knows_none_sends_no_field_of_it(self):
        assert b"version" not in status_message(a_heartbeat())
        assert b"version" not in to_json(a_heartbeat()).encode()
        with_one = replace(a_heartbeat(), version="1.2.3001")
        assert read_status(status_message(with_one)) == from_json(to_json(with_one), Heartbeat) == with_one
        for wrong in ("1" * 41, "1\n2", 1):
            with pytest.raises(SheetRejected):
                read_status(said(version=wrong))

    def test_a_preview_is_not_part_of_the_message(self):
        shown = replace(a_heartbeat(), preview_port=8600, preview_blurred=True)
        assert read_status(status_message(shown)) == a_heartbeat()
