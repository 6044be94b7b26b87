"""The queue of recordings that were brought, scored by the real decoder, detector and scorer."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audience import incoming as arrival
from audience.incoming import IncomingRecording, IncomingRecordings, RecordingRequest
from audience.recording_files import fingerprint
from audience.stores import open_store, recordings_folder
from houselights.scoring import queue
from houselights.scoring.queue import ScoringQueue
from tests.audience.test_incoming import a_request, again, fill
from tests.portraits import people_video
from tests.ticking import exit_code, until
from tests.videos import write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face for four seconds, nobody for two, two faces for two."""
    return people_video(tmp_path_factory.mktemp("videos") / "people.mp4", [1, 1, 1, 1, 0, 0, 2, 2])


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes in which nobody is in view; its bytes are spread over all of it."""
    path = tmp_path_factory.mktemp("videos") / "long.mp4"
    return write_video(path, at_ms=range(0, 120_000, 200), fps=5, key_every=5)


@pytest.fixture
def arriving(
    incoming: IncomingRecordings, long_video: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[IncomingRecording, bytes]:
    """A recording of which a half has arrived, and all of its bytes."""
    for name, size in (("FRONT", 4096), ("TAIL", 32_768), ("PART", 4096)):
        monkeypatch.setattr(arrival, name, size)
    monkeypatch.setattr("audience.recording_files._BYTES", 4096)
    content = long_video.read_bytes()
    one = incoming.add(asked(long_video))
    fill(incoming, one, content, until=len(content) * 2 // 3)
    assert again(incoming, one).received is not None
    return one, content


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'houselights.db'}"


@pytest.fixture
def incoming(url: str) -> IncomingRecordings:
    return IncomingRecordings(recordings_folder(url))


@contextmanager
def scoring(url: str, incoming: IncomingRecordings) -> Iterator[threading.Event]:
    """The queue at work, for as long as the context lasts."""
    ending = threading.Event()
    thread = threading.Thread(target=ScoringQueue(url, incoming, ending).run)
    thread.start()
    try:
        yield ending
    finally:
        ending.set()
        thread.join()


def asked(video: Path, **changed: object) -> RecordingRequest:
    status = video.stat()
    plain = a_request(status.st_size, modified_ms=status.st_mtime_ns // 10**6, started_ms=1_777_923_000_000)
    return replace(plain, **changed)  # type: ignore[arg-type]


def faces_of(url: str, session_id: str) -> list[int]:
    with open_store(url) as store:
        return [int(count) for count in store.windows(session_id, "main").faces]


def step(incoming: IncomingRecordings, one: IncomingRecording) -> str:
    return again(incoming, one).step


def test_recordings_are_scored_one_after_another_and_a_bad_one_holds_nobody_up(
    url: str, incoming: IncomingRecordings, video: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(video.read_bytes()[:200])
    first = incoming.add(asked(video, named=str(video), asked_ms=1, session_id="first"))
    broken = incoming.add(asked(bad, named=str(bad), asked_ms=2, session_id="broken", file_name="bad.mp4"))
    last = incoming.add(asked(video, asked_ms=3, session_id="last", heads_only=True))
    fill(incoming, last, video.read_bytes())
    with scoring(url, incoming):
        until(lambda: all(step(incoming, one) in ("done", "failed") for one in (first, broken, last)))
    assert faces_of(url, "first") == faces_of(url, "last") == [1, 1, 1, 1, 0, 0, 2, 2]
    state = again(incoming, first).state
    assert (round(state.done_s), state.faces) == (8, 2)
    assert state.starts_ms is not None
    problem = again(incoming, broken).state
    assert problem.step == "failed"
    assert "bad.mp4" in problem.line
    assert str(tmp_path) not in problem.line
    with open_store(url) as store:
        assert store.session("last").mode == "head count"
        assert store.session("first").ended_at is not None


def test_scoring_begins_before_all_has_arrived_and_waits_for_the_rest(
    url: str, incoming: IncomingRecordings, arriving: tuple[IncomingRecording, bytes], long_video: Path
) -> None:
    one, content = arriving
    with scoring(url, incoming):
        until(lambda: again(incoming, one).state.done_s > 10)
        early = again(incoming, one).state
        assert early.step == "scoring"
        assert early.done_s < 120
        fill(incoming, one, content)
        until(lambda: step(incoming, one) == "done")
    assert faces_of(url, "talk") == [0] * 120
    with open_store(url) as store, long_video.open("rb") as file:
        (recording,) = store.recordings("talk")
        assert recording.finished
        assert recording.lost_s == 0
        assert recording.fingerprint == fingerprint(file)


def test_what_was_scored_of_a_stopped_recording_is_kept_and_it_goes_on_from_there(
    url: str, incoming: IncomingRecordings, arriving: tuple[IncomingRecording, bytes]
) -> None:
    one, content = arriving
    with scoring(url, incoming):
        until(lambda: again(incoming, one).state.done_s > 0)
        incoming.stop(one.request.recording_id)
        until(lambda: again(incoming, one).state.step == "waiting")
    assert step(incoming, one) == "stopped"
    assert 0 < len(faces_of(url, "talk")) < 120
    incoming.go_on(one.request.recording_id)
    with scoring(url, incoming):  # ended with the server, while it waits for bytes
        until(lambda: again(incoming, one).state.step == "scoring")
    fill(incoming, one, content)
    with scoring(url, incoming):
        until(lambda: step(incoming, one) == "done")
    assert faces_of(url, "talk") == [0] * 120


def test_a_recording_that_is_removed_while_it_is_scored_is_gone(
    url: str, incoming: IncomingRecordings, arriving: tuple[IncomingRecording, bytes]
) -> None:
    one, _ = arriving
    with scoring(url, incoming):
        until(lambda: again(incoming, one).state.step == "scoring")
        incoming.remove(one.request.recording_id)
        until(lambda: not (incoming.folder / one.request.recording_id).exists())


def test_a_recording_that_is_removed_just_before_it_is_opened_ends_nothing(
    url: str, incoming: IncomingRecordings, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (incoming.add(asked(video, named=str(video), session_id=name)) for name in ("removed", "kept"))
    opening = queue.ArrivingFile

    def removed_first(*arguments: Any) -> Any:
        if arguments[1].request == one.request:
            incoming.remove(one.request.recording_id)
            raise FileNotFoundError(2, "No such file or directory")
        return opening(*arguments)

    monkeypatch.setattr(queue, "ArrivingFile", removed_first)
    with scoring(url, incoming):
        until(lambda: step(incoming, two) == "done")


def test_a_recording_of_which_nobody_knows_when_it_began_asks_for_that_and_is_scored_then(
    url: str, incoming: IncomingRecordings, video: Path
) -> None:
    in_2100_ms = 4_102_444_800_000
    one = incoming.add(asked(video, named=str(video), started_ms=None, modified_ms=in_2100_ms))
    with scoring(url, incoming):
        until(lambda: step(incoming, one) == "failed")
        state = again(incoming, one).state
        assert state.wants_start
        assert "talk.mp4 is unknown" in state.line
        assert "--" not in state.line
        incoming.go_on(one.request.recording_id, 1_777_923_000_000)
        until(lambda: step(incoming, one) == "done")
    assert again(incoming, one).state.starts_ms == 1_777_923_000_000


def test_the_process_ends_with_its_server_and_another_one_beside_it_scores_nothing(
    url: str, incoming: IncomingRecordings, video: Path
) -> None:
    one = incoming.add(asked(video, named=str(video)))
    command = [sys.executable, "-m", "houselights.scoring.queue", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        until(lambda: step(incoming, one) == "done")
        process.stdin.close()
        assert exit_code(process) == 0
    assert faces_of(url, "talk") == [1, 1, 1, 1, 0, 0, 2, 2]


def test_a_recording_at_which_scoring_dies_again_and_again_is_left_alone(
    url: str, incoming: IncomingRecordings, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = incoming.add(asked(video, named=str(video)))

    def die(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as dying:
        dying.setattr("houselights.scoring.queue.score_recording", die)
        for _ in range(arrival.MOST_ATTEMPTS):
            with pytest.raises(MemoryError):
                ScoringQueue(url, incoming, threading.Event()).run(idle_s=60)
    ScoringQueue(url, incoming, threading.Event()).run(idle_s=0.1)
    assert step(incoming, one) == "failed"
