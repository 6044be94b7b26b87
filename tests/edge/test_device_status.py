"""A device's heartbeats: what they contain, and how often they are sent."""

from __future__ import annotations

import pytest

from audience.errors import DeviceError
from audience.monitoring.status import LONGEST_DETAIL
from audience.store import Heartbeat
from audience.time import from_ms
from edge_lambda.delivery.outbox import OutboxStatus
from edge_lambda.delivery.paths import WindowResult
from edge_lambda.delivery.uploader import UploadStatus
from edge_lambda.picture_quality import PictureQuality
from edge_lambda.pipeline import CameraKey
from edge_lambda.status.heartbeats import DeviceStatus, user_message
from tests.builders import BEGAN_MS, after_ms

CAMERA = CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS)


class Said:
    """A status with a clock and an uploader set by hand."""

    def __init__(self, every_s: float = 0.5) -> None:
        self.now_ms = after_ms(0)
        self.last_error, self.quarantined, self.clock_problem = "", 0, ""
        self.heartbeats: list[Heartbeat] = []
        self.status = DeviceStatus(
            CAMERA,
            every_s=every_s,
            uploads=self.uploads,
            picture=lambda: PictureQuality(brightness=0.5, sharpness=0.6),
            on_heartbeat=self.heartbeats.append,
            now=lambda: from_ms(self.now_ms),
            clock_problem=lambda: self.clock_problem,
        )

    def uploads(self) -> UploadStatus:
        outbox = OutboxStatus(waiting=3, waiting_bytes=9, oldest_at=None, dropped=2, quarantined=self.quarantined)
        return UploadStatus(outbox=outbox, sent=7, last_error=self.last_error)

    def window(self, at_s: float, faces: int = 4) -> None:
        """A window was looked at, and it is half a second after its end."""
        self.now_ms = after_ms(at_s + 1.5)
        start_ms, end_ms = after_ms(at_s), after_ms(at_s + 1)
        self.status.add_window(
            WindowResult(start_ms=start_ms, end_ms=end_ms, frames=2, faces=faces, kept=(), smiles={}, deliveries=())
        )
        self.status.report_running()


@pytest.fixture
def said() -> Said:
    return Said()


def test_a_running_device_sends_a_heartbeat_every_two_seconds(said):
    for at_s in range(7):
        said.window(at_s)
    assert [beat.at_ms - after_ms(1.5) for beat in said.heartbeats] == [0, 2000, 4000, 6000]


def test_a_window_that_comes_a_little_early_puts_no_heartbeat_off(said):
    for at_s in (0, 1, 1.95, 3, 3.9):
        said.window(at_s)
    assert [beat.at_ms - after_ms(1.5) for beat in said.heartbeats] == [0, 1950, 3900]


def test_a_running_heartbeat_follows_another_state_at_once(said):
    said.window(0)
    said.status.report("waiting", "the camera is away")
    said.window(1)
    assert [beat.state for beat in said.heartbeats] == ["running", "waiting", "running"]


def test_a_clock_that_was_set_back_does_not_silence_it(said):
    said.window(1000)
    said.window(1)
    assert len(said.heartbeats) == 2


def test_a_heartbeat_holds_the_figures_of_the_newest_window(said):
    said.status.detector, said.status.scorer = "d 1", "s 1"
    said.window(0, faces=5)
    (beat,) = said.heartbeats
    assert (beat.faces, beat.frames_per_s, beat.last_window_ms, beat.lag_s) == (5, 2.0, after_ms(0), 0.5)
    assert (beat.sent, beat.waiting, beat.dropped, beat.detector, beat.scorer) == (7, 3, 2, "d 1", "s 1")


def test_a_window_cut_short_by_the_cameras_end_is_no_negative_lag(said):
    said.window(0)
    said.now_ms = after_ms(0.2)
    said.status.report_running()
    said.status.report("running")
    assert said.heartbeats[-1].lag_s == 0


def test_a_device_that_does_not_run_sees_nobody_now(said):
    said.window(0)
    said.status.report("waiting", "away")
    beat = said.heartbeats[-1]
    assert (beat.faces, beat.frames_per_s, beat.last_window_ms, beat.detail) == (0, 0, after_ms(0), "away")


def test_a_heartbeat_has_notes_for_the_operator(said):
    said.last_error, said.quarantined = "S3 is busy (SlowDown): will be retried", 1
    said.window(0)
    assert said.heartbeats[-1].detail == (
        "S3 is busy (SlowDown): will be retried; deliveries refused or damaged, kept in the outbox: 1"
    )


def test_a_wrong_clock_of_the_computer_is_reported_as_long_as_it_is_wrong(said):
    said.window(0)
    said.clock_problem = "the clock was set 3600 s ahead"
    said.window(2)
    said.clock_problem = ""
    said.window(4)
    assert ["set 3600 s ahead" in beat.detail for beat in said.heartbeats] == [False, True, False]


def test_windows_missed_by_a_slow_device_are_counted(said):
    for at_s in (0, 1, 5, 8):
        said.window(at_s)
    assert said.heartbeats[-1].detail == "windows missed because the device was too slow: 5"


def test_windows_between_samples_are_not_missed():
    said = Said(every_s=10)
    for at_s in (0, 10, 20, 40):
        said.window(at_s)
    assert said.heartbeats[-2].detail == ""
    assert said.heartbeats[-1].detail == "windows missed because the device was too slow: 1"


def test_while_the_camera_is_away_nothing_is_missed(said):
    said.window(0)
    said.status.camera_opened()
    said.window(60)
    assert said.heartbeats[-1].detail == ""


def test_an_error_raised_on_purpose_is_its_own_line():
    assert user_message(DeviceError("webcam:0 went away")) == "webcam:0 went away"


def test_an_unexpected_error_says_what_and_where_in_one_line():
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // int("0")
    assert user_message(caught.value).startswith("an unexpected ZeroDivisionError at test_device_status.py:")
    assert user_message(OSError()) == "an unexpected OSError"
    long = user_message(RuntimeError("a\nb" * 1000))
    assert "\n" not in long
    assert len(long) < LONGEST_DETAIL
