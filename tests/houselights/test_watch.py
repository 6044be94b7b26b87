"""`houselights watch`: live from a file in real time, and from a network stream that disconnects and returns."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from audience.errors import DeviceError, ScoringRefused
from audience.session_setup import SessionSetup
from audience.store import CameraState, Heartbeat, Store
from audience.stores import open_store
from audience.stores.sqlite import SqliteStore
from edge_lambda.preview.page import PreviewPage
from houselights.watching import Watch, WatchPlan
from tests.builders import a_heartbeat, a_scorer, a_session
from tests.houselights.conftest import Houselights
from tests.portraits import people_video, portrait
from tests.ticking import exit_code, last_words, limit_s, ticking, until


@contextmanager
def watching(source: str, store_path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A watch in a child process, ended at the latest with the context."""
    command = [sys.executable, "-m", "houselights", "watch", source, "--session", "live"]
    process = subprocess.Popen(
        [*command, "--store", f"sqlite:///{store_path}", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def windows_in(store: Store) -> int:
    return len(store.windows("live", "main"))


def state_in(store: Store) -> str:
    beats = store.heartbeats("live")
    return beats[0].state if beats else ""


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


@pytest.fixture
def live(store_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{store_path}") as opened:
        yield opened


@pytest.mark.parametrize(("state", "ends"), [("running", False), ("stopped", True)])
def test_a_session_ends_with_the_last_of_its_cameras(
    houselights: Houselights, store: Store, tmp_path: Path, state: CameraState, ends: bool
) -> None:
    video = people_video(tmp_path / "people.mp4", [1])
    now_ms = time.time_ns() // 1_000_000
    store.put_session(a_session("live", started_at=datetime.now(UTC)))
    store.put_heartbeat(replace(a_heartbeat("live", camera_id="cam-2"), at_ms=now_ms, state=state))
    assert houselights("watch", f"file:{video}", "--session", "live").code == 0
    assert (store.session("live").ended_at is not None) == ends


def test_a_camera_says_that_it_is_over_before_it_looks_for_others_at_work(
    houselights: Houselights, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that end at the same time each would take the other to go on, and the session would not end."""
    seen: list[str] = []
    heartbeats = SqliteStore.heartbeats

    def looked(self: SqliteStore, session_id: str) -> list[Heartbeat]:
        found = heartbeats(self, session_id)
        seen.extend(beat.state for beat in found)
        return found

    monkeypatch.setattr(SqliteStore, "heartbeats", looked)
    video = people_video(tmp_path / "people.mp4", [1])
    assert houselights("watch", f"file:{video}", "--session", "live").code == 0
    assert seen == ["finished"]


def test_a_file_is_played_at_real_speed_and_ends_as_finished(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    video = people_video(tmp_path / "people.mp4", [1, 1, 1])
    began = time.monotonic()
    ended = houselights("watch", f"file:{video}", "--session", "live")
    assert ended.code == 0
    assert time.monotonic() - began > 2.5
    assert windows_in(store) in (3, 4)
    assert set(store.windows("live", "main").faces.tolist()) == {1}
    assert state_in(store) == "finished"
    assert store.session("live").ended_at is not None
    assert re.search(r"state=running frames_per_s=1\.0 faces=1 lag_s=\d", ended.err)


def test_a_camera_hung_upside_down_is_turned_and_says_so_to_the_end(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    video = people_video(tmp_path / "people.mp4", [3, 3, 3], quarters=2)
    assert houselights("watch", f"file:{video}", "--session", "live").code == 0
    assert store.windows("live", "main").faces.max() == 3
    assert "180°" in store.heartbeats("live")[0].detail


def test_sigterm_ends_it_cleanly_and_keeps_the_open_window(tmp_path: Path, store_path: Path, live: Store) -> None:
    video = people_video(tmp_path / "people.mp4", [1] * 60)
    with watching(f"file:{video}", store_path, "--every", "0.5") as process:
        until(lambda: windows_in(live) >= 2)
        before = windows_in(live)
        process.send_signal(signal.SIGTERM)
        assert exit_code(process) == 0
    assert state_in(live) == "stopped"
    assert windows_in(live) > before


@pytest.mark.parametrize("anew", [False, True], ids=["deleted", "deleted and set up anew"])
def test_a_watch_ends_with_one_line_when_its_session_is_deleted_and_leaves_nothing(
    tmp_path: Path, store_path: Path, live: Store, anew: bool
) -> None:
    video = people_video(tmp_path / "people.mp4", [1] * 60)
    with watching(f"file:{video}", store_path) as process:
        until(lambda: windows_in(live) >= 2)
        live.delete_session("live")
        if anew:
            live.put_session(replace(a_session("live"), set_up_at=datetime.now(UTC)))
        assert exit_code(process) == 2
        assert process.stderr is not None
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "'live'" in said.splitlines()[-1]
    assert windows_in(live) == 0
    assert live.faces("live", "main") == live.heartbeats("live") == live.stages("live") == []


def test_a_camera_that_disconnects_is_reopened_and_its_windows_continue(store_path: Path, live: Store) -> None:
    picture = portrait(240)

    @contextmanager
    def camera(port: int = 0) -> Iterator[PreviewPage]:
        with PreviewPage(port=port) as page:
            page.show(picture)
            yield page

    def show_until(page: PreviewPage, condition: Callable[[], bool]) -> None:
        def shown() -> bool:
            page.show(picture)
            return condition()

        until(shown)

    with camera() as page:
        port = int(page.url.rsplit(":", 1)[1].strip("/"))
        source = f"{page.url}stream.mjpg"
        with watching(source, store_path) as process:
            show_until(page, lambda: windows_in(live) >= 2)
            page.close()
            until(lambda: state_in(live) == "waiting")
            seen = windows_in(live)
            with camera(port) as back:
                show_until(back, lambda: windows_in(live) >= seen + 2)
            process.send_signal(signal.SIGTERM)
            assert exit_code(process) == 0
    assert set(live.windows("live", "main").faces.tolist()) == {1}
    tracks = {face.track_id for window in live.faces("live", "main") for face in window.faces}
    assert 1 <= len(tracks) <= 2


def test_the_preview_page_shows_the_marked_picture(tmp_path: Path, store_path: Path, live: Store) -> None:
    video = people_video(tmp_path / "people.mp4", [1] * 60)
    with watching(f"file:{video}", store_path, "--preview-port", "0") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        address = line.split()[-1]
        until(lambda: windows_in(live) >= 2)
        with urllib.request.urlopen(f"{address}still.jpg", timeout=limit_s()) as answer:
            assert answer.read(2) == b"\xff\xd8"


def test_a_webcam_that_is_not_there_is_reported_and_waited_for(store_path: Path, live: Store) -> None:
    with watching("webcam:63", store_path) as process:
        until(lambda: state_in(live) == "waiting")
        assert "webcam:63" in live.heartbeats("live")[0].detail
        process.send_signal(signal.SIGTERM)
        assert exit_code(process) == 0


def test_a_camera_that_accepts_and_says_nothing_does_not_delay_a_stop(store_path: Path, live: Store) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        watching(f"http://127.0.0.1:{silent.getsockname()[1]}/stream.mjpg", store_path) as process,
    ):
        silent.settimeout(limit_s())
        asking, _ = silent.accept()
        with asking:
            assert asking.recv(4) == b"GET "
            with ticking() as waited_s:
                process.send_signal(signal.SIGTERM)
                assert exit_code(process) == 0
                assert waited_s() < 8, "OpenCV's own limit is ten seconds"
    assert state_in(live) == "stopped"


def test_an_invalid_source_is_one_line(houselights: Houselights, store: Store) -> None:
    complaint = houselights("watch", "carrier-pigeon:1", "--session", "live").complaint
    assert "webcam:0" in complaint
    assert store.sessions() == []


def test_a_file_that_is_not_there_is_one_line_and_leaves_nothing(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    complaint = houselights("watch", f"file:{tmp_path / 'nowhere.mp4'}", "--session", "live").complaint
    assert "does not exist" in complaint
    assert store.sessions() == []


def test_a_password_in_an_address_is_never_printed_or_stored(store_path: Path, live: Store) -> None:
    with watching("rtsp://user:hunter2@127.0.0.1:9/stream?token=hunter2", store_path) as process:
        until(lambda: state_in(live) == "waiting")
        process.send_signal(signal.SIGTERM)
        _, said = last_words(process)
    assert "state=waiting" in said
    assert "hunter2" not in said
    assert "hunter2" not in live.heartbeats("live")[0].detail


@pytest.mark.parametrize("speaks", [True, False])
def test_two_do_not_watch_under_one_camera_and_one_that_was_killed_is_followed(live: Store, speaks: bool) -> None:
    class Stop(threading.Event):
        """The other one speaks while this one waits, or does not."""

        def wait(self, timeout: float | None = None) -> bool:
            if speaks:
                live.put_heartbeat(replace(a_heartbeat("live"), at_ms=now_ms))
            else:
                self.set()
            return True

    live.put_session(a_session("live", started_at=datetime.now(UTC)))
    now_ms = time.time_ns() // 1_000_000
    live.put_session(a_session("live", started_at=datetime.now(UTC)))
    live.put_heartbeat(replace(a_heartbeat("live"), at_ms=now_ms - 1000))

    def nothing_there() -> NoReturn:
        raise DeviceError("no camera")

    detector: Any = SimpleNamespace(name="unused", landmarks_turn=True)
    scorer: Any = a_scorer()
    watch = Watch(
        SessionSetup(session_id="live"),
        WatchPlan(),
        store=live,
        open_camera=nothing_there,
        detector=detector,
        scorer=scorer,
        stop=Stop(),
    )
    if speaks:
        with pytest.raises(ScoringRefused, match="already being watched"):
            watch.run()
    else:
        watch.run()
        assert state_in(live) == "stopped"
