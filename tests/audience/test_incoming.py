"""Recordings that are brought: what has arrived survives everything, and nothing arrives where it does not belong."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.errors import InvalidValue, StoreUnavailable
from audience.incoming import (
    DAY_MS,
    FRONT,
    PART,
    TAIL,
    IncomingRecording,
    IncomingRecordings,
    Received,
    RecordingRequest,
    ScoringState,
    new_id,
)
from audience.recording_files import file_name_of, fingerprint, named_recordings, refusal_of
from tests.examples import examples


def a_request(size: int, **changed: object) -> RecordingRequest:
    plain = RecordingRequest(
        recording_id=new_id(),
        session_id="talk",
        title="A talk",
        kind="talk",
        setting="event",
        country="DE",
        heads_only=False,
        notice_given=True,
        file_name="talk.mp4",
        size=size,
        modified_ms=1,
        account="this machine",
        asked_ms=1000,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


@pytest.fixture
def incoming(tmp_path: Path) -> IncomingRecordings:
    return IncomingRecordings(tmp_path / "houselights.db-recordings")


def again(incoming: IncomingRecordings, one: IncomingRecording) -> IncomingRecording:
    found = incoming.find(one.request.recording_id)
    assert found is not None
    return found


def fill(incoming: IncomingRecordings, one: IncomingRecording, content: bytes, *, until: int | None = None) -> int:
    """Sends what is wanted until all is there, or so many bytes are; returns how many were sent."""
    sent = 0
    while (received := again(incoming, one).received) is not None and (until is None or received.count < until):
        assert received.wanted is not None
        first, last = received.wanted
        incoming.write(again(incoming, one), first, content[first:last], settle=False)
        sent += last - first
    return sent


@given(st.integers(1, FRONT + TAIL + 3 * PART), st.integers(0, 1 << 30))
@settings(max_examples=examples(30))
def test_every_byte_is_wanted_once_and_what_identifies_a_recording_comes_first(size: int, seed: int) -> None:
    received, asked = Received(size=size), []
    while (wanted := received.wanted) is not None:
        first, last = wanted
        assert first < last <= size
        count = 1 + seed % (last - first)
        if received.both_ends:
            # Both megabytes of the fingerprint can be read, while others are missing.
            assert received.readable(0) >= min(FRONT, size)
            begin = max(0, size - FRONT)
            assert received.readable(begin) == size - begin
        asked.append((first, first + count))
        received = received.with_bytes(first, count)
        if len(asked) > 200:
            seed = size  # else a byte at a time takes for ever
    asked.sort()
    assert asked[0][0] == 0
    assert asked[-1][1] == size
    assert all(one[1] == other[0] for one, other in pairwise(asked))


def test_what_arrived_is_the_file_and_has_its_fingerprint_before_its_middle_came(incoming: IncomingRecordings) -> None:
    content = os.urandom(FRONT + TAIL + 5 * PART + 17)
    one = incoming.add(a_request(len(content)))
    assert not one.may_be_scored
    fill(incoming, one, content, until=FRONT + TAIL)
    early = again(incoming, one)
    assert early.received is not None
    assert early.may_be_scored
    with early.path.open("rb") as file:
        assert fingerprint(file) == fingerprint(io.BytesIO(content))
    fill(incoming, one, content)
    whole = again(incoming, one)
    assert whole.received is None
    assert whole.path.read_bytes() == content
    assert whole.path.stat().st_mode & 0o077 == 0


def test_the_queue_takes_whole_recordings_before_those_on_their_way_and_leaves_stopped_ones(
    incoming: IncomingRecordings,
) -> None:
    content = os.urandom(FRONT + TAIL + PART)
    arriving = incoming.add(a_request(len(content), asked_ms=1))
    fill(incoming, arriving, content, until=FRONT + TAIL)
    first, second = (incoming.add(a_request(3, asked_ms=at)) for at in (2, 3))
    for one in (first, second):
        fill(incoming, one, b"abc")

    def ahead() -> str | None:
        return None if (one := incoming.next()) is None else one.request.recording_id

    assert ahead() == first.request.recording_id
    incoming.stop(first.request.recording_id)
    assert again(incoming, first).step == "stopped"
    assert ahead() == second.request.recording_id
    incoming.put_state(second.request.recording_id, ScoringState(step="failed", line="no picture"))
    assert ahead() == arriving.request.recording_id
    incoming.go_on(second.request.recording_id)
    incoming.go_on(first.request.recording_id)
    assert ahead() == first.request.recording_id
    for one in (arriving, first, second):
        incoming.remove(one.request.recording_id)
    assert not incoming.has_work()
    assert [*incoming.folder.iterdir()] == []


def test_a_removed_recording_takes_no_more_bytes_and_no_state(incoming: IncomingRecordings) -> None:
    one = incoming.add(a_request(10))
    incoming.remove(one.request.recording_id)
    with pytest.raises(StoreUnavailable, match="removed"):
        incoming.write(one, 0, b"12345", settle=False)
    incoming.put_state(one.request.recording_id, ScoringState(step="done"))
    assert incoming.all() == []
    assert [*incoming.folder.iterdir()] == []


def test_unfinished_uploads_and_recordings_whose_time_is_over_are_removed(incoming: IncomingRecordings) -> None:
    now_ms = 2_000_000_000_000
    kept, month, once, named = (
        incoming.add(a_request(1, keep=keep, named=path, asked_ms=at))
        for at, (keep, path) in enumerate([("session", ""), ("month", ""), ("scoring", ""), ("scoring", "/x/a.mp4")])
    )
    for one in (kept, month, once, named):
        fill(incoming, one, b"x")
        incoming.put_state(one.request.recording_id, ScoringState(step="done", at_ms=now_ms - 29 * DAY_MS))
    unfinished = incoming.add(a_request(5, asked_ms=9))
    touched_ms = unfinished.arrived_ms
    assert touched_ms is not None

    def left() -> list[str]:
        return [one.request.recording_id for one in incoming.all()]

    incoming.tidy(now_ms, unfinished_ms=now_ms - touched_ms + 1000)
    assert left() == [one.request.recording_id for one in (kept, month, named, unfinished)]
    incoming.tidy(now_ms + 2 * DAY_MS, unfinished_ms=2 * DAY_MS)
    assert left() == [one.request.recording_id for one in (kept, named)]
    assert incoming.remove_session("talk") == 2
    assert left() == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("GH010042.MP4", "GH010042.MP4"),
        ("../../etc/cron.d/talk.mp4", "talk.mp4"),
        ("C:\\Users\\ada\\talk.mov", "talk.mov"),
        ("..mp4", None),
        (".mp4", None),
        ("a\0b\n<c>.mkv", "a_b__c_.mkv"),
        ("Zoë – Vortrag 2026-05-04_19-30-00.webm", "Zoë _ Vortrag 2026-05-04_19-30-00.webm"),
        ("é" * 200 + ".mp4", "é" * 60 + ".mp4"),
        ("talk.mp4/..", None),
        ("slides.pptx", None),
        ("request.json", None),
        ("", None),
    ],
)
def test_a_file_keeps_its_name_and_no_path_comes_of_it(name: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(InvalidValue):
            file_name_of(name)
    else:
        assert file_name_of(name) == kept
        assert Path(kept).name == kept


@pytest.mark.parametrize(
    ("head", "is_recording"),
    [
        (b"\0\0\0\x18ftypmp42" + bytes(100), True),
        (b"\0\0\0\x18ftypqt  " + bytes(100), True),
        (b"\x1a\x45\xdf\xa3" + bytes(100), True),
        (b"RIFF\0\0\0\0AVI LIST", True),
        (b"\x47" + bytes(187) + b"\x47" + bytes(187) + b"\x47" + bytes(187) + b"\x47" + bytes(187), True),
        (bytes(4) + (b"\x47" + bytes(191)) * 5, True),
        (b"\0\0\0\x18ftypheic" + bytes(100), False),
        (b"RIFF\0\0\0\0WAVEfmt ", False),
        (b"%PDF-1.7", False),
        (b"PK\x03\x04" + bytes(100), False),
        (b"just some words", False),
        (b"", False),
        (bytes(4096), False),
    ],
)
def test_a_recording_is_known_by_its_first_bytes(head: bytes, is_recording: bool) -> None:
    assert (refusal_of(head) == "") is is_recording


def test_a_place_on_this_machine_is_a_file_or_all_recordings_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MKV", "notes.txt", ".hidden.mp4"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in named_recordings(f' "{tmp_path}" ')] == ["a.MKV", "b.mp4"]
    assert named_recordings(str(tmp_path / "b.mp4")) == [tmp_path.resolve() / "b.mp4"]
    for wrong in (tmp_path / "notes.txt", tmp_path / "none.mp4"):
        with pytest.raises(InvalidValue):
            named_recordings(str(wrong))
