"""A device survives every failure, reports each, loses nothing silently and counts nobody twice."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet
from audience.deliveries.window_file import WindowFile
from audience.errors import DeviceError, InvalidValue, ModelUnavailable, RecordingUnreadable
from audience.store import Heartbeat
from audience.time import from_ms
from edge_lambda.delivery.folder_bucket import FolderBucket
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.paths import DeliveryPath, SheetDeliveryPath, WindowFileDeliveryPath
from edge_lambda.delivery.recorded_until import RecordedUntil
from edge_lambda.delivery.uploader import Bucket, Uploader
from edge_lambda.detectors import Detection, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.device import Device
from edge_lambda.devices import Camera, LiveFrame
from edge_lambda.devices.open_camera import PlayedFile
from edge_lambda.pipeline import CameraKey
from edge_lambda.preview.live import LivePreview
from tests.builders import BEGAN_MS, after_ms
from tests.edge.faces_in_place import BrightScorer, FacesInPlace, picture
from tests.portraits import people_video
from tests.ticking import limit_s

CAMERA = CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS)


@dataclass
class Clock:
    """The device's clock, which advances with the camera's frames."""

    now_ms: int = after_ms(0)
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return from_ms(self.now_ms)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_ms += round(seconds * 1000)


class Live:
    """A camera with the given number of faces per frame, half a second apart, which then disconnects or ends.

    Where the clock stands when it is opened, there its frames begin.
    """

    def __init__(self, clock: Clock, faces: Sequence[int], then: Callable[[], None] | str = "") -> None:
        self.name, self.dropped, self.closed = "live", 0, False
        self._clock, self._faces, self._then = clock, faces, then

    def __iter__(self) -> Iterator[LiveFrame]:
        for count in self._faces:
            yield LiveFrame(at=self._clock(), image=picture(count))
            self._clock.now_ms += 500
        if isinstance(self._then, str) and self._then:
            raise DeviceError(self._then)
        if callable(self._then):
            self._then()
            yield LiveFrame(at=self._clock(), image=picture(0))

    def close(self) -> None:
        self.closed = True


class Stand:
    """A device with its whole environment, and a folder in place of S3."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.device: Device | None = None
        self.heartbeats: list[Heartbeat] = []
        self.cameras: list[Camera | Exception] = []
        self.loaded = 0
        self.write: Callable[[int, memoryview], int] = os.write
        self.bucket: Bucket = FolderBucket(folder / "bucket")
        self.preview: LivePreview | None = None

    def camera(self, faces: Sequence[int], then: Callable[[], None] | str = "") -> None:
        """What the next opening finds."""
        self.cameras.append(Live(self.clock, faces, then))

    def sheets(self) -> DeliveryPath:
        self.loaded += 1
        return SheetDeliveryPath(CAMERA, FacesInPlace(), interval_s=2.0, keep_frames=self.preview is not None)

    def files(self) -> DeliveryPath:
        return WindowFileDeliveryPath(
            CAMERA, FacesInPlace(), BrightScorer(), interval_s=2.0, keep_frames=self.preview is not None
        )

    def heads(self) -> DeliveryPath:
        return WindowFileDeliveryPath(CAMERA, FacesInPlace(), None, interval_s=2.0)

    def open(self) -> Camera:
        found = self.cameras.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def run(self, load: Callable[[], DeliveryPath] | None = None) -> None:
        """Runs the device until its cameras end or it is stopped."""
        with ExitStack() as stack:
            outbox = Outbox(self.folder / "outbox", write=self.write)
            stack.callback(outbox.close)
            self.device = Device(
                CAMERA,
                every_s=0.5,
                open_camera=self.open,
                load=load or self.sheets,
                outbox=outbox,
                recorded=RecordedUntil(self.folder / "outbox", CAMERA),
                uploader=Uploader(outbox, self.bucket),
                on_heartbeat=self.heartbeats.append,
                now=self.clock,
                wait=self.clock.wait,
                preview=self.preview,
            )
            self.device.run()

    def stop(self) -> None:
        """Stops the running device."""
        self.device.stop()

    @property
    def states(self) -> list[str]:
        """The reported states, without repetitions."""
        said = [beat.state for beat in self.heartbeats]
        return [state for index, state in enumerate(said) if index == 0 or said[index - 1] != state]

    def detail(self, state: str) -> str:
        """The detail of the first heartbeat with this state."""
        return next(beat.detail for beat in self.heartbeats if beat.state == state)

    def delivered(self) -> list[Sheet | WindowFile]:
        root = self.folder / "bucket"
        files = sorted(file for file in root.rglob("*") if file.is_file())
        return [read_delivery(file.relative_to(root).as_posix(), file.read_bytes()) for file in files]

    def windows(self) -> list[tuple[float, int, int]]:
        """Every part delivered: second of its start, faces, expected."""
        return sorted((after_s(one.start_ms), one.faces, one.expected) for d in self.delivered() for one in parts(d))

    def tracks(self) -> list[tuple[int, str]]:
        """Every face delivered: its window and its track."""
        return [
            (tile.at_ms // 1000, tile.track_id)
            for one in self.delivered()
            if isinstance(one, Sheet)
            for tile in one.manifest.tiles
        ]


def parts(delivery: Sheet | WindowFile) -> Sequence[object]:
    return delivery.manifest.windows if isinstance(delivery, Sheet) else delivery.windows


def after_s(start_ms: int) -> float:
    return (start_ms - BEGAN_MS) / 1000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_every_window_of_a_camera_is_delivered(stand):
    stand.camera([3, 3, 2, 2, 2, 2])
    stand.run()
    assert stand.windows() == [(0, 3, 3), (1, 2, 3), (2, 2, 3)]
    assert stand.states == ["starting", "ready", "running", "finished"]


def test_a_recording_is_delivered_as_what_can_be_seen_in_it(stand, tmp_path):
    video = people_video(tmp_path / "people.mp4", [2, 2, 0, 1])
    stand.cameras.append(PlayedFile(video, clock=stand.clock, sleep=stand.clock.wait))
    detector = load_detector("centerface", threads=1, doubtful=True)
    stand.run(lambda: SheetDeliveryPath(CAMERA, detector, interval_s=2.0))
    assert stand.windows() == [(0, 2, 2), (1, 2, 2), (2, 0, 2), (3, 1, 2)]


def test_windows_scored_on_the_device_are_delivered_as_files(stand):
    stand.camera([3, 3, 2, 2])
    stand.run(stand.files)
    (file,) = stand.delivered()
    assert isinstance(file, WindowFile)
    assert (file.scorer.name, file.windows[0].tallies["smile"].over) == ("bright 1", 3)
    assert stand.windows() == [(0, 3, 3), (1, 2, 3)]


def test_where_only_heads_are_counted_no_face_leaves_the_device(stand):
    stand.camera([3, 3, 0, 0])
    stand.run(stand.heads)
    (file,) = stand.delivered()
    assert isinstance(file, WindowFile)
    assert (file.scorer, dict(file.windows[0].tallies)) == (None, {})
    assert stand.windows() == [(0, 3, 3), (1, 0, 3)]
    assert not any(b"\xff\xd8\xff" in path.read_bytes() for path in stand.folder.rglob("*") if path.is_file())


def test_a_heartbeat_says_what_looks_and_what_was_sent(stand):
    stand.camera([4] * 8)
    stand.run()
    running = next(beat for beat in stand.heartbeats if beat.state == "running")
    assert (running.faces, running.frames_per_s, running.detector, running.scorer) == (4, 2, "faces-in-place 1", "")
    assert (stand.heartbeats[0].detector, stand.heartbeats[0].sent) == ("", 0)
    assert (stand.heartbeats[-1].sent, stand.heartbeats[-1].waiting) == (2, 0)


def test_a_camera_that_disconnects_is_reopened(stand):
    stand.camera([1] * 4, then="live went away; check its power")
    stand.cameras += [DeviceError("live is not there")] * 6
    stand.camera([1] * 4)
    stand.run()
    assert stand.states == ["starting", "ready", "running", "waiting", "running", "finished"]
    assert stand.detail("waiting") == "live went away; check its power. Retrying in 1 s."
    assert stand.clock.waits == [1, 2, 4, 8, 16, 30, 30]
    assert stand.loaded == 1


def test_the_wait_is_short_again_once_a_window_was_finished(stand):
    for faces in ([1] * 4, [], [1] * 4, []):
        stand.camera(faces, then="away")
    stand.camera([])
    stand.run()
    assert stand.clock.waits == [1, 2, 1, 2]


def test_the_window_a_camera_was_lost_in_is_reported_by_exactly_one_run(stand):
    stand.camera([2, 2, 2], then="away")
    stand.clock.wait = lambda seconds: None
    stand.camera([2, 2, 2, 2])
    stand.run()
    assert stand.windows() == [(0, 2, 2), (1, 2, 2), (2, 2, 2), (3, 2, 2)]
    runs = {
        window: {track.split("-")[0] for at, track in stand.tracks() if at == window} for window, _ in stand.tracks()
    }
    assert [len(names) for names in runs.values()] == [1, 1, 1, 1]
    assert len(stand.tracks()) == len(set(stand.tracks())) == 8


def test_the_window_a_process_was_stopped_in_is_reported_by_exactly_one_run(stand):
    stand.camera([2, 2, 2], then=stand.stop)
    stand.run()
    assert stand.states[-1] == "stopped"
    stand.camera([2, 2, 2, 2])
    stand.run()
    assert stand.windows() == [(0, 2, 2), (1, 2, 2), (2, 2, 2), (3, 2, 2)]
    assert len(stand.tracks()) == 8


def test_a_clock_that_was_set_back_counts_nobody_twice(stand):
    stand.camera([2] * 8)
    stand.run()
    stand.clock.now_ms = after_ms(-60)
    stand.camera([2] * 8, then=lambda: None)
    stand.clock.wait = lambda seconds: setattr(stand.clock, "now_ms", after_ms(3.5))
    stand.camera([2] * 8)
    stand.run()
    assert "behind the newest recorded frame" in stand.detail("waiting")
    assert [window for window, _, _ in stand.windows()] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert len(stand.tracks()) == 16


def test_a_camera_that_stands_still_does_not_delay_a_stop(stand):
    class Still(Live):
        def __iter__(self) -> Iterator[LiveFrame]:
            threading.Thread(target=stand.stop).start()
            assert let_go.wait(limit_s()), "nobody closed the camera"
            return iter(())

        def close(self) -> None:
            let_go.set()

    let_go = threading.Event()
    stand.cameras.append(Still(stand.clock, []))
    stand.run()
    assert stand.states == ["starting", "ready", "stopped"]


class Failing(FacesInPlace):
    """Fails on its n-th frame."""

    def __init__(self, on: int) -> None:
        self._left = on

    def detect(self, image: Image) -> list[Detection]:
        self._left -= 1
        if not self._left:
            raise RuntimeError("the graph ran\nout of memory")
        return super().detect(image)


def test_a_failing_detector_is_reported_and_loaded_again(stand):
    detectors = [Failing(on=6), Failing(on=1), FacesInPlace()]
    for _ in range(3):
        stand.camera([1] * 8)
    stand.run(lambda: SheetDeliveryPath(CAMERA, detectors.pop(0), interval_s=2.0))
    assert stand.states == ["starting", "ready", "running", "failed", "ready", "failed", "ready", "running", "finished"]
    assert stand.detail("failed").startswith("an unexpected RuntimeError at test_device.py:")
    assert stand.detail("failed").endswith(": the graph ran out of memory. Retrying in 1 s.")
    assert stand.clock.waits == [1, 2]
    assert stand.windows()[:2] == [(0, 1, 1), (1, 1, 1)]
    assert len(stand.tracks()) == len({window for window, _ in stand.tracks()})


def test_missing_models_are_retried(stand):
    ways: list[Callable[[], DeliveryPath]] = [stand.sheets]

    def load() -> DeliveryPath:
        if stand.clock.waits:
            return ways[0]()
        raise ModelUnavailable("yunet cannot be fetched")

    stand.camera([1] * 2)
    stand.run(load)
    assert stand.states == ["starting", "failed", "ready", "running", "finished"]
    assert stand.detail("failed") == "yunet cannot be fetched. Retrying in 1 s."


@pytest.mark.parametrize("mistake", [InvalidValue("'x' is not a camera"), RecordingUnreadable("x does not exist")])
def test_a_mistake_in_the_settings_ends_it(stand, mistake):
    stand.cameras.append(mistake)
    with pytest.raises(type(mistake)):
        stand.run()
    assert stand.clock.waits == []
    assert (stand.heartbeats[-1].state, stand.heartbeats[-1].detail) == ("stopped", str(mistake))


def test_a_full_disk_is_retried_with_the_delivery_kept(stand):
    full = [3]

    def write(handle: int, content: memoryview) -> int:
        if full[0] and len(content) > 500:
            full[0] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(handle, content)

    waits: list[float] = []
    stand.write, stand.clock.wait = write, waits.append
    stand.camera([1] * 12)
    stand.run()
    assert "is full" in stand.detail("failed")
    assert stand.detail("failed").endswith("deliveries waiting: 1. Retrying in 1 s.")
    assert waits == [1, 2, 4]
    assert stand.states == ["starting", "ready", "running", "failed", "running", "finished"]
    assert stand.windows() == [(at_s, 1, 1) for at_s in range(6)]
    assert stand.heartbeats[-1].detail == ""


def test_deliveries_that_cannot_be_written_before_the_end_are_reported_as_lost(stand):
    def write(handle: int, content: memoryview) -> int:
        stand.stop()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    stand.write = write
    stand.camera([1] * 4)
    stand.run()
    assert (stand.heartbeats[-1].state, stand.heartbeats[-1].detail) == (
        "stopped",
        "deliveries lost because the disk could not be written: 1",
    )


def test_what_cannot_be_sent_waits_for_the_next_process(stand):
    bucket = stand.folder / "bucket"
    bucket.write_text("not a folder")
    stand.camera([1] * 4)
    stand.run()
    assert (stand.heartbeats[-1].sent, stand.heartbeats[-1].waiting) == (0, 1)
    bucket.unlink()
    stand.camera([])
    stand.run()
    assert (stand.heartbeats[-1].sent, stand.heartbeats[-1].waiting) == (1, 0)
    assert stand.windows() == [(0, 1, 1), (1, 1, 1)]


def test_the_preview_shows_the_newest_frame(stand):
    shown = []

    class Page:
        def show(self, kept: Sequence[object], smiles: dict[str, object]) -> None:
            shown.append((kept[-1].at_ms, sorted(smiles)))

    stand.preview = Page()
    stand.camera([2] * 4)
    stand.run(stand.files)
    assert [at_ms for at_ms, _ in shown] == [after_ms(0.5), after_ms(1.5)]
    assert [len(tracks) for _, tracks in shown] == [2, 2]


def test_a_camera_is_closed_whatever_ends_its_run(stand):
    stand.camera([1] * 2, then="away")
    stand.camera([1] * 2)
    cameras = list(stand.cameras)
    stand.run()
    assert [camera.closed for camera in cameras] == [True, True]
