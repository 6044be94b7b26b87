"""Stored documents are read as they were written, by this version or an older one, or refused in one line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audience.alerts import Alert, AlertBook, AlertMark, AlertRule, AlertWatcher
from audience.errors import StoreTooNew, StoreUnavailable
from audience.exclusions import Annotation, Exclusion
from audience.sessions import Camera, Session, Stage
from audience.store import Heartbeat, RecordingProgress, ScorerRecord
from audience.stores.documents import book_of, from_json, key_of, to_json
from audience.timelines import Cue, Segment, Timeline


def at(day: int, hour: int = 0, minute: int = 0, microsecond: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, 0, microsecond, tzinfo=UTC)


# Written by 0.1 before msgspec, letter by letter, and what they say.
STORED: list[tuple[str, object]] = [
    (
        r'{"session_id":"talk-1","title":"Br\u00fccken","kind":"screening","started_at":"2026-05-04T17:30:00.250000+00:00",'
        r'"ended_at":"2026-05-04T18:30:00+00:00","setting":"cinema","country":"DE","notice_given":true,'
        r'"mode":"head count","mode_reason":"asked for","simulated":true,"film":"F","cut":"C","city":"K\u00f6ln",'
        r'"tags":["a","b"],"set_up_at":"2026-05-01T00:00:00+00:00"}',
        Session(
            session_id="talk-1",
            title="Brücken",
            kind="screening",
            started_at=at(4, 17, 30, 250_000),
            ended_at=at(4, 18, 30),
            setting="cinema",
            country="DE",
            notice_given=True,
            mode="head count",
            mode_reason="asked for",
            simulated=True,
            film="F",
            cut="C",
            city="Köln",
            tags=("a", "b"),
            set_up_at=at(1),
        ),
    ),
    (
        '{"stage_id":"main","title":"Hall","audience_size":40,'
        '"timelines":[{"title":"Slides","segments":[{"title":"One","start_s":0,"end_s":12.5}]}],'
        '"cues":[{"at":"2026-05-04T17:31:00+00:00","timeline_s":0.0}],'
        '"exclusions":[{"title":"Alarm","from_at":"2026-05-04T17:40:00+00:00","until_at":"2026-05-04T17:41:00+00:00",'
        '"by":"Ada","reason":""}],"annotations":[{"title":"Door","at":"2026-05-04T17:45:00+00:00","by":"Ada"}]}',
        Stage(
            stage_id="main",
            title="Hall",
            audience_size=40,
            timelines=(Timeline(title="Slides", segments=(Segment(title="One", start_s=0, end_s=12.5),)),),
            cues=(Cue(at=at(4, 17, 31), timeline_s=0),),
            exclusions=(Exclusion(title="Alarm", from_at=at(4, 17, 40), until_at=at(4, 17, 41), by="Ada"),),
            annotations=(Annotation(title="Door", at=at(4, 17, 45), by="Ada"),),
        ),
    ),
    (
        '{"camera_id":"cam-1","overlaps":["cam-2","cam-3"],"delivered_by":""}',
        Camera(camera_id="cam-1", overlaps=frozenset({"cam-2", "cam-3"}), delivered_by=""),
    ),
    (
        '{"name":"net 1","thresholds":{"smile":0.5,"fear":1},"experimental":["fear"],"model_sha256":"ab"}',
        ScorerRecord(
            name="net 1", thresholds={"smile": 0.5, "fear": 1}, experimental=frozenset({"fear"}), model_sha256="ab"
        ),
    ),
    (
        '{"session_id":"talk-1","stage_id":"main","camera_id":"cam-1","fingerprint":"f","started_ms":1777915800250,'
        '"every_s":1,"detector":"d 1","scorer":"net 1","done_s":12.5,"finished":false,"frames":12,"faces":30,'
        '"tracks":4,"started_from":"name","start_certainty":"likely","lost_s":0.5,"clock_steps":1,'
        '"remarks":["it jumps"]}',
        RecordingProgress(
            session_id="talk-1",
            stage_id="main",
            camera_id="cam-1",
            fingerprint="f",
            started_ms=1777915800250,
            every_s=1,
            detector="d 1",
            scorer="net 1",
            done_s=12.5,
            finished=False,
            frames=12,
            faces=30,
            tracks=4,
            started_from="name",
            start_certainty="likely",
            lost_s=0.5,
            clock_steps=1,
            remarks=("it jumps",),
        ),
    ),
    (
        '{"session_id":"talk-1","stage_id":"main","camera_id":"cam-1","at_ms":1777915800250,"state":"failed",'
        r'"frames_per_s":2,"faces":3,"last_window_ms":null,"lag_s":-0.5,"detail":"caf\udce9.mp4 is gone","sent":1,'
        '"waiting":2,"dropped":3,"detector":"d 1","scorer":"net 1","received_ms":1777915800300,"brightness":0.5,'
        '"sharpness":0,"preview_port":8600,"preview_blurred":true}',
        Heartbeat(
            session_id="talk-1",
            stage_id="main",
            camera_id="cam-1",
            at_ms=1777915800250,
            state="failed",
            frames_per_s=2,
            faces=3,
            last_window_ms=None,
            lag_s=-0.5,
            detail="caf\udce9.mp4 is gone",
            sent=1,
            waiting=2,
            dropped=3,
            detector="d 1",
            scorer="net 1",
            received_ms=1777915800300,
            brightness=0.5,
            sharpness=0,
            preview_port=8600,
            preview_blurred=True,
        ),
    ),
]
ALERTING: list[tuple[str, str]] = [
    (
        "ALERT#1777915800250:faces-1:main:",
        '{"rule_id":"faces-1","what":"faces","stage_id":"main","camera_id":"","since_ms":1777915800250,'
        '"began_ms":1777915830250,"well_ms":null,"ended_ms":null,"told":"2 faces in view"}',
    ),
    ("MARK#a#told over#SNS", '{"alert_id":"a","kind":"told over","by":"SNS","at_ms":1777915800250}'),
    ("RULE#faces-1", '{"rule_id":"faces-1","what":"faces","stage_id":"main","limit":5,"for_s":30}'),
    ("WATCHER#", '{"name":"box","at_ms":1777915800250}'),
]
BOOK = AlertBook(
    rules=(AlertRule(rule_id="faces-1", what="faces", stage_id="main", limit=5, for_s=30),),
    alerts=(
        Alert(
            rule_id="faces-1",
            what="faces",
            stage_id="main",
            camera_id="",
            since_ms=1777915800250,
            began_ms=1777915830250,
            told="2 faces in view",
        ),
    ),
    marks=(AlertMark(alert_id="a", kind="told over", by="SNS", at_ms=1777915800250),),
    watcher=AlertWatcher(name="box", at_ms=1777915800250),
)
# What stores of the first 0.1 wrote knows fewer fields.
OLDER: list[tuple[str, object]] = [
    (
        '{"session_id":"t","title":"","kind":"talk","started_at":"2026-05-04T17:30:00+00:00","ended_at":null,'
        '"setting":"event","country":null,"notice_given":false,"mode":"expressions","mode_reason":"","simulated":false}',
        Session(session_id="t", started_at=at(4, 17, 30)),
    ),
    ('{"stage_id":"main","title":"","audience_size":null,"timelines":[],"cues":[]}', Stage(stage_id="main")),
    ('{"camera_id":"cam-1","overlaps":[]}', Camera(camera_id="cam-1")),
    (
        '{"session_id":"t","stage_id":"main","camera_id":"c","fingerprint":"f","started_ms":1,"every_s":1.0,'
        '"detector":"d","scorer":"","done_s":2.0,"finished":true,"frames":3,"faces":4,"tracks":5}',
        RecordingProgress(
            session_id="t",
            stage_id="main",
            camera_id="c",
            fingerprint="f",
            started_ms=1,
            every_s=1,
            detector="d",
            scorer="",
            done_s=2,
            finished=True,
            frames=3,
            faces=4,
            tracks=5,
        ),
    ),
    (
        '{"session_id":"t","stage_id":"main","camera_id":"c","at_ms":1,"state":"ready","frames_per_s":1.0,"faces":0,'
        '"last_window_ms":null,"lag_s":0.0,"detail":""}',
        Heartbeat(
            session_id="t",
            stage_id="main",
            camera_id="c",
            at_ms=1,
            state="ready",
            frames_per_s=1,
            faces=0,
            last_window_ms=None,
            lag_s=0,
        ),
    ),
]
KINDS = [Session, Stage, Camera, ScorerRecord, RecordingProgress, Heartbeat, AlertRule, Alert, AlertMark, AlertWatcher]


def names(stored: list[tuple[str, object]]) -> list[str]:
    return [type(record).__name__ for _, record in stored]


@pytest.mark.parametrize(("document", "record"), [*STORED, *OLDER], ids=[*names(STORED), *names(OLDER)])
def test_what_an_older_version_stored_is_read_as_it_was_meant(document: str, record: object) -> None:
    assert from_json(document, type(record)) == record


@pytest.mark.parametrize(("document", "record"), STORED, ids=names(STORED))
def test_what_is_stored_now_says_what_an_older_version_would_have_stored(document: str, record: object) -> None:
    assert json.loads(to_json(record)) == json.loads(document)
    assert to_json(record).isascii()


def test_alerts_of_an_older_version_are_read_and_found_under_their_keys() -> None:
    assert book_of(ALERTING) == BOOK
    assert BOOK.watcher is not None
    every = [*BOOK.alerts, *BOOK.marks, *BOOK.rules, BOOK.watcher]
    assert [key_of(document) for document in every] == [key for key, _ in ALERTING]
    assert [json.loads(to_json(document)) for document in every] == [json.loads(text) for _, text in ALERTING]


def test_an_alert_document_of_a_kind_that_only_a_newer_version_knows_is_refused() -> None:
    with pytest.raises(StoreTooNew, match="SNOOZE#1"):
        book_of([*ALERTING, ("SNOOZE#1", "{}")])


def test_a_figure_that_numpy_made_is_stored_as_the_number_it_is() -> None:
    cue = Cue(at=at(4), timeline_s=np.float64(0.1))
    assert from_json(to_json(cue), Cue) == Cue(at=at(4), timeline_s=0.1)


@pytest.mark.parametrize(
    ("kind", "document", "says"),
    [
        (Session, '{"session_id":"t"', "Session"),
        (Session, "[]", "Session"),
        (Session, '{"session_id":"t","started_at":"2026-05-04T17:30:00"}', "zone"),
        (Session, '{"session_id":"t","started_at":"2026-05-04T17:30:00Z","kind":"party"}', "party"),
        (Stage, '{"stage_id":"a b"}', "a b"),
        (Stage, '{"stage_id":"main","audience_size":"40"}', "audience_size"),
        (
            Stage,
            '{"stage_id":"a","timelines":[{"title":"","segments":[{"title":"x","start_s":2,"end_s":1}]}]}',
            "segment 'x'",
        ),
        (Camera, "{}", "camera_id"),
        (Heartbeat, '{"session_id":"t","stage_id":"a","camera_id":"c","at_ms":true}', "at_ms"),
    ],
)
def test_a_damaged_document_is_refused_with_what_is_wrong_in_it(kind: type, document: str, says: str) -> None:
    with pytest.raises(StoreUnavailable, match=says):
        from_json(document, kind)


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (Camera, '{"camera_id":"c","lens":1}'),
        (
            Stage,
            '{"stage_id":"a","timelines":[{"title":"","segments":[{"title":"x","start_s":0,"end_s":1,"lens":1}]}]}',
        ),
    ],
)
def test_a_field_that_only_a_newer_version_knows_is_refused_and_not_lost(kind: type, document: str) -> None:
    with pytest.raises(StoreTooNew, match="'lens'"):
        from_json(document, kind)


FIELDS = sorted({name for kind in KINDS for name in kind.__dataclass_fields__})
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["a", "main"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=4),
    max_leaves=12,
)


def is_read_or_refused(fields: object, kind: type) -> bool:
    """Whether a document of these fields is read, or refused in one line by the store's own error."""
    try:
        return isinstance(from_json(json.dumps(fields), kind), kind)
    except StoreUnavailable as problem:
        return "\n" not in str(problem)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), values) | values)
@example(AlertMark, {"alert_id": "a", "kind": "told", "by": "\ud800", "at_ms": 10**400})
def test_any_json_is_read_or_refused_as_the_store_refuses(kind: type, fields: object) -> None:
    assert is_read_or_refused(fields, kind)


@given(st.sampled_from([*STORED, *OLDER]), st.data())
def test_a_stored_document_with_any_field_changed_is_read_or_refused(
    stored: tuple[str, object], data: st.DataObject
) -> None:
    fields = json.loads(stored[0])
    fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(values)
    assert is_read_or_refused(fields, type(stored[1]))
