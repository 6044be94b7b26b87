"""The frames of a live camera: one a slot, never an earlier one, and none of a window that was seen in part."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import DeviceError
from audience.time import from_ms
from edge_lambda.backoff import Backoff
from edge_lambda.devices import LiveFrame
from edge_lambda.live_frames import LiveFrames
from tests.videos import numbered

PICTURE = numbered(0)


class Reel:
    """A camera with frames at given times, milliseconds since the epoch, which then disconnects or ends."""

    def __init__(self, at_ms: Sequence[int], lost: str = "") -> None:
        self.name, self.dropped = "reel", 0
        self._at_ms, self._lost = at_ms, lost

    def __iter__(self) -> Iterator[LiveFrame]:
        for at_ms in self._at_ms:
            yield LiveFrame(at=from_ms(at_ms), image=PICTURE)
        if self._lost:
            raise DeviceError(self._lost)

    def close(self) -> None:
        pass


def taken(frames: LiveFrames, camera: Reel) -> list[int]:
    return [frame.at_ms for frame in frames.read(camera)]


def live(every_s: float = 1.0, **options: int) -> LiveFrames:
    return LiveFrames(every_s=every_s, stop=threading.Event(), **options)


def test_the_first_frame_of_every_slot_is_processed():
    assert taken(live(), Reel([300, 340, 1010, 1050, 2990, 3000])) == [300, 1010, 2990, 3000]
    assert taken(live(0.5), Reel([300, 340, 510, 990, 1000])) == [300, 510, 1000]


def test_the_first_window_is_one_that_the_camera_sees_from_its_start_on():
    frames = live(whole_windows_ms=1000)
    assert taken(frames, Reel([4300, 4340, 5040, 6040])) == [5040, 6040]
    assert taken(frames, Reel([6300, 7040])) == [7040]
    assert taken(frames, Reel([9000, 9500])) == [9000]


def test_long_slots_do_not_put_the_first_window_off():
    assert taken(live(10, whole_windows_ms=1000), Reel([12300, 13040, 14040, 20010])) == [13040, 20010]


def test_frames_never_go_back_not_even_over_two_cameras():
    frames = live()
    assert taken(frames, Reel([5000, 4000, 4100, 6000])) == [5000, 6000]
    assert taken(frames, Reel([5500, 6000, 7000])) == [7000]
    assert frames.lost is None


def test_a_clock_that_was_set_back_is_reported_and_waited_for():
    frames = live(after_ms=3_600_000)
    assert taken(frames, Reel([60_000, 61_000])) == []
    assert "3540 s behind the newest recorded frame" in str(frames.lost)
    assert taken(frames, Reel([3_600_000, 3_601_000])) == [3_601_000]
    assert frames.lost is None


def test_a_camera_that_disconnects_ends_the_frames_with_a_reason():
    frames = live()
    assert taken(frames, Reel([1000], lost="reel went away")) == [1000]
    assert str(frames.lost) == "reel went away"


def test_a_stop_ends_them_at_the_next_frame():
    stop = threading.Event()
    frames = LiveFrames(every_s=1, stop=stop).read(Reel([1000, 2000]))
    next(frames)
    stop.set()
    assert list(frames) == []


@given(
    reels=st.lists(st.lists(st.integers(0, 40).map(lambda step: step * 100), max_size=8), max_size=3),
    every_ms=st.sampled_from([40, 500, 1000, 3000]),
)
def test_no_window_is_processed_by_two_cameras_whatever_their_clock_does(reels, every_ms):
    frames = live(every_ms / 1000, whole_windows_ms=1000)
    instants = [taken(frames, Reel(reel)) for reel in reels]
    everything = [at_ms for found in instants for at_ms in found]
    assert everything == sorted(set(everything))
    windows = [{at_ms // 1000 for at_ms in found} for found in instants]
    assert sum(map(len, windows)) == len(set().union(*windows))


def test_waits_double_up_to_the_longest_and_start_again_after_a_success():
    backoff = Backoff()
    assert [backoff.next_s() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.next_s() == pytest.approx(1)
