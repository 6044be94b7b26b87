"""Live cameras, read over real HTTP from our own preview page, and files that play as cameras."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from audience.errors import DeviceError, InvalidValue, RecordingUnreadable
from edge_lambda.devices import Camera, opencv, without_secrets
from edge_lambda.devices.open_camera import open_camera
from edge_lambda.preview.page import PreviewPage
from tests.ticking import ticking, until
from tests.videos import number_of, numbered, write_video

EVENING = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)


class Stopwatch:
    """A clock that only advances by `sleep`, or when a test sets it."""

    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += timedelta(seconds=seconds)


class FilmedPage:
    """A preview page that is fed a new picture every few milliseconds, as a camera would."""

    def __init__(self, port: int = 0) -> None:
        self.page = PreviewPage(port=port)
        self.number = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._film)
        self._thread.start()

    @property
    def stream(self) -> str:
        return f"{self.page.url}stream.mjpg"

    @property
    def port(self) -> int:
        return urlsplit(self.page.url).port or 0

    def _film(self) -> None:
        while not self._over.wait(0.01):
            self.number += 1
            self.page.show(numbered(self.number % 4096))

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.page.close()


@pytest.fixture
def filmed() -> Iterator[FilmedPage]:
    with closing(FilmedPage()) as filmed:
        yield filmed


def opened(source: str, clock: Callable[[], datetime] | None = None) -> closing[Camera]:
    return closing(open_camera(source, clock=clock or Stopwatch(), sleep=time.sleep))


def test_a_network_camera_gives_pictures_with_their_time_of_capture(filmed: FilmedPage) -> None:
    with opened(filmed.stream) as camera:
        frames = [frame for frame, _ in zip(camera, range(5), strict=False)]
    numbers = [number_of(frame.image) for frame in frames]
    assert numbers == sorted(set(numbers))
    assert {frame.at for frame in frames} == {EVENING}
    assert frames[0].image.shape == (120, 160, 3)


def test_slow_scoring_gets_the_newest_picture_and_the_others_are_counted(filmed: FilmedPage) -> None:
    with opened(filmed.stream) as camera:
        pictures = iter(camera)
        first = number_of(next(pictures).image)
        already_dropped = camera.dropped  # while the stream was opened
        until(lambda: camera.dropped >= already_dropped + 20)  # scoring takes its time
        second = number_of(next(pictures).image)
        assert second > first + 20, "newer than all that were dropped"


def test_a_camera_that_disconnects_is_an_error_and_can_be_reopened() -> None:
    filmed = FilmedPage()
    port = filmed.port
    try:
        with opened(filmed.stream) as camera:
            pictures = iter(camera)
            next(pictures)
            filmed.close()
            with pytest.raises(DeviceError, match="disconnected"):
                list(pictures)
        with pytest.raises(DeviceError, match="sends no video"):
            opened(f"http://127.0.0.1:{port}/stream.mjpg")
        filmed = FilmedPage(port)
        with opened(filmed.stream) as camera:
            assert next(iter(camera)).image.shape == (120, 160, 3)
    finally:
        filmed.close()


def test_a_server_that_accepts_and_stays_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencv, "OPEN_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, ticking() as waited_s:
        with pytest.raises(DeviceError, match="sends no video"):
            opened(f"http://127.0.0.1:{silent.getsockname()[1]}/stream.mjpg")
        assert waited_s() < 8


def test_a_stream_that_freezes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencv, "READ_TIMEOUT_S", 0.3)
    with PreviewPage() as page:
        stop = threading.Event()

        def film() -> None:
            for number in range(20):
                page.show(numbered(number))
                stop.wait(0.02)

        thread = threading.Thread(target=film)
        thread.start()
        with opened(f"{page.url}stream.mjpg") as camera, pytest.raises(DeviceError):
            for _ in camera:
                pass
        stop.set()
        thread.join()


def test_closing_a_camera_that_fell_silent_does_not_wait_for_it() -> None:
    with PreviewPage() as page:
        page.show(numbered(1))
        camera = open_camera(f"{page.url}stream.mjpg", clock=Stopwatch(), sleep=time.sleep)
        time.sleep(0.2)
        with ticking() as waited_s:
            camera.close()
            assert waited_s() < 5
        assert list(camera) == []
    for thread in threading.enumerate():  # the page is gone, and the read under way has ended
        if thread.name.startswith("camera"):
            thread.join()


def test_a_closed_camera_ends_and_leaves_no_thread(filmed: FilmedPage) -> None:
    with opened(filmed.stream) as camera:
        pictures = iter(camera)
        next(pictures)
    assert list(pictures) == []
    camera.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("camera")]


def test_neither_messages_nor_names_nor_stderr_hold_a_password(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    for source in (
        f"rtsp://admin:s3cret@127.0.0.1:{port}/live",
        f"http://127.0.0.1:{port}/video?user=admin&pwd=s3cret",
        f"http://admin:s3/c#r?s3cret@127.0.0.1:{port}/video",
    ):
        with pytest.raises(DeviceError) as caught:
            opened(source)
        assert "127.0.0.1" in str(caught.value)
        assert "s3" not in str(caught.value)
    output = capfd.readouterr()
    assert (output.out, output.err) == ("", "")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://admin:pa@ss@10.0.0.5:554/live", "rtsp://***@10.0.0.5:554/live"),
        ("http://10.0.0.5/video.cgi?pwd=x", "http://10.0.0.5/video.cgi?..."),
        ("http://[broken:pw@host/a", "http://***@host/a"),
        ("admin:pw@host", "***@host"),
        ("webcam:0", "webcam:0"),
    ],
)
def test_a_source_is_shown_without_its_secrets(source: str, shown: str) -> None:
    assert without_secrets(source) == shown


@pytest.mark.parametrize("source", ["", "webcam:", "webcam:front", "webcam:²", "ftp://host/x", "rtsp:host", "talk.mp4"])
def test_an_unknown_source_is_refused_with_the_choices(source: str) -> None:
    with pytest.raises(InvalidValue, match="webcam:0"):
        open_camera(source, clock=Stopwatch(), sleep=time.sleep)


def test_a_webcam_that_is_not_there_is_a_clear_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DeviceError, match="webcam:97 cannot be opened"):
        opened("webcam:97")
    assert capfd.readouterr().err == ""


def test_a_file_plays_at_its_own_speed_and_ends(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=[0, 100, 500, 2500])
    watch = Stopwatch()
    with closing(open_camera(f"file:{path}", clock=watch, sleep=watch.sleep)) as camera:
        played = [((frame.at - EVENING).total_seconds(), number_of(frame.image)) for frame in camera]
    assert played == [(0.0, 0), (0.1, 1), (0.5, 2), (2.5, 3)]
    assert watch.now == EVENING + timedelta(seconds=2.5)
    assert camera.dropped == 0


def test_a_file_that_plays_while_scoring_is_slow_leaves_pictures_out(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=[100 * n for n in range(60)])
    watch = Stopwatch()
    with closing(open_camera(f"file:{path}", clock=watch, sleep=watch.sleep)) as camera:
        seen = []
        for frame in camera:
            seen.append(number_of(frame.image))
            watch.now += timedelta(seconds=1.5)
            assert (watch.now - frame.at).total_seconds() < 1.5 + 0.6
    assert len(seen) + camera.dropped == 60
    assert 4 <= len(seen) <= 7


def test_a_machine_too_slow_to_play_a_file_still_sees_something_of_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=[40 * n for n in range(100)])
    watch = Stopwatch()

    def creeping() -> datetime:
        watch.now += timedelta(seconds=10)
        return watch.now

    with closing(open_camera(f"file:{path}", clock=creeping, sleep=watch.sleep)) as camera:
        assert len(list(camera)) >= 3


def test_a_file_that_is_not_there_is_no_camera_to_wait_for(tmp_path: Path) -> None:
    with pytest.raises(RecordingUnreadable, match="does not exist"):
        open_camera(f"file:{tmp_path}/no.mp4", clock=Stopwatch(), sleep=time.sleep)


def test_closing_a_playing_file_ends_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", at_ms=[100 * n for n in range(60)])
    watch = Stopwatch()
    camera = open_camera(f"file:{path}", clock=watch, sleep=watch.sleep)
    for _ in camera:
        camera.close()
    assert watch.now - EVENING < timedelta(seconds=1)
