"""AWS DeepLens as documented: its camera, its face model, and a machine that is not a DeepLens."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import DeviceError, ModelUnavailable
from edge_lambda.detectors import SURE, Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.devices import Camera, stream
from edge_lambda.devices.deeplens import DeepLensDetector
from edge_lambda.devices.open_camera import open_camera
from edge_lambda.program import run
from tests.deeplens import DeepLens
from tests.ticking import limit_s, ticking
from tests.videos import number_of, numbered

EVENING = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> DeepLens:
    device = DeepLens()
    device.put_on(monkeypatch)
    return device


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "faces.xml"
    path.write_text("<net/>")
    return path


@pytest.fixture
def detector(device: DeepLens, model: Path) -> Detector:
    return load_detector("deeplens", deeplens_model=model)


def opened() -> closing[Camera]:
    return closing(open_camera("deeplens", clock=lambda: EVENING, sleep=time.sleep))


def readers() -> list[threading.Thread]:
    """Threads that read the camera."""
    return [thread for thread in threading.enumerate() if thread.name == "camera deeplens"]


class Filming:
    """A device whose camera sees another picture every few milliseconds, in a place of its own or always in one."""

    def __init__(self, device: DeepLens, *, in_one_place: bool = False) -> None:
        self._device = device
        self._in_one_place = in_one_place
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._film)

    def _film(self) -> None:
        place, number = numbered(0), 0
        while not self._over.wait(0.005):
            number += 1
            picture = numbered(number % 4096)
            place[:] = picture
            self._device.frame = place if self._in_one_place else picture

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


class TestCamera:
    def test_gives_the_newest_frames_each_once_with_their_time_of_capture(self, device: DeepLens) -> None:
        with Filming(device), opened() as camera:
            frames = [frame for frame, _ in zip(camera, range(6), strict=False)]
        numbers = [number_of(frame.image) for frame in frames]
        assert numbers == sorted(set(numbers))
        assert {frame.at for frame in frames} == {EVENING}

    def test_frames_that_the_library_puts_in_one_place_are_told_apart_and_kept(self, device: DeepLens) -> None:
        with Filming(device, in_one_place=True), opened() as camera:
            pictures = iter(camera)
            first = next(pictures).image
            as_it_was = first.copy()
            assert number_of(next(pictures).image) > number_of(first)
            assert np.array_equal(first, as_it_was)

    def test_a_camera_without_frames_counts_as_disconnected_and_can_be_reopened(self, device: DeepLens) -> None:
        device.frame = None
        with opened() as camera, pytest.raises(DeviceError, match=r"^deeplens disconnected; check its power"):
            next(iter(camera))
        device.frame = numbered(0)
        with Filming(device), opened() as camera:
            assert next(iter(camera)).image.shape == (120, 160, 3)

    def test_a_library_error_counts_as_a_disconnected_camera(self, device: DeepLens) -> None:
        device.fault = RuntimeError("video pipeline is not running")
        with opened() as camera, pytest.raises(DeviceError, match=r"^deeplens disconnected"):
            next(iter(camera))

    def test_a_frozen_picture_is_not_scored_forever(self, device: DeepLens, monkeypatch: pytest.MonkeyPatch) -> None:
        with opened() as camera:
            pictures = iter(camera)
            with Filming(device):
                next(pictures)
            monkeypatch.setattr(stream, "STALLED_S", 0.2)
            with pytest.raises(DeviceError, match=r"^deeplens has sent no picture"):
                list(pictures)

    def test_a_library_that_hangs_is_given_up(self, device: DeepLens, hanging: threading.Event) -> None:
        with opened() as camera, pytest.raises(DeviceError, match=r"^deeplens has sent no picture"):
            next(iter(camera))

    @pytest.fixture
    def hanging(self, device: DeepLens, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        monkeypatch.setattr(stream, "STALLED_S", 0.2)
        device.hangs = threading.Event()
        yield device.hangs
        device.hangs.set()
        for thread in readers():
            thread.join()

    def test_closing_ends_the_reading_though_the_picture_stands_still(self, device: DeepLens) -> None:
        with ticking() as waited_s:
            with opened() as camera, Filming(device):
                next(iter(camera))
            assert waited_s() < 5
        for thread in readers():  # closing waits for a second at most
            thread.join(limit_s())
        assert readers() == []
        assert list(camera) == []


class TestDetector:
    def test_loads_the_model_onto_the_graphics_unit(self, device: DeepLens, detector: Detector, model: Path) -> None:
        assert device.loaded == [(str(model), {"GPU": 1})]
        assert detector.name == "deeplens-1"

    def test_the_model_sees_the_whole_frame_in_the_size_it_knows(self, device: DeepLens, detector: Detector) -> None:
        frame = np.zeros((1080, 1920, 3), np.uint8)
        frame[:540, 960:] = (10, 20, 30)  # the upper right quarter
        detector.detect(frame)
        (seen,) = device.looked_at
        assert seen.shape == (300, 300, 3)
        assert [seen[75, 225].tolist(), seen[75, 75].tolist(), seen[225, 225].tolist()] == [
            [10, 20, 30],
            [0, 0, 0],
            [0, 0, 0],
        ]

    def test_boxes_are_in_pixels_of_a_frame_of_1080_lines(self, device: DeepLens, detector: Detector) -> None:
        device.faces = [(30, 60, 45, 90, 0.8)]
        (face,) = detector.detect(np.zeros((1080, 1920, 3), np.uint8))
        assert [face.left, face.top, face.width, face.height] == pytest.approx([192, 216, 96, 108])
        assert face.confidence == 0.8
        assert face.landmarks is None

    @given(
        columns=st.integers(1, 4000),
        rows=st.integers(1, 4000),
        box=st.tuples(*[st.floats(0, 1)] * 4).filter(lambda box: box[0] < box[2] and box[1] < box[3]),
    )
    def test_a_face_lies_at_the_same_part_of_a_frame_of_any_size(
        self, columns: int, rows: int, box: tuple[float, float, float, float]
    ) -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            device = DeepLens()
            device.put_on(monkeypatch)
            detector = DeepLensDetector(model=Path(__file__))
            device.faces = [(*(300 * edge for edge in box), 0.9)]
            # A view of one line, so that no 4000 x 4000 pixels have to be made.
            frame = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (rows, columns, 3))
            found = detector.detect(frame)
        x, y, right, bottom = box
        for face in found:
            assert face.left / columns == pytest.approx(x)
            assert face.top / rows == pytest.approx(y)
            assert (face.left + face.width) / columns == pytest.approx(right)
            assert (face.top + face.height) / rows == pytest.approx(bottom)
            assert face.width > 0
            assert face.height > 0
        if right - x > 1e-9 and bottom - y > 1e-9:
            assert len(found) == 1

    def test_a_box_may_reach_past_the_frame(self, device: DeepLens, detector: Detector) -> None:
        device.faces = [(-30, 270, 30, 330, 0.9)]
        (face,) = detector.detect(np.zeros((600, 600, 3), np.uint8))
        assert [face.left, face.top, face.width, face.height] == pytest.approx([-60, 540, 120, 120])

    def test_gives_the_surest_first_and_nobody_who_is_doubtful(self, device: DeepLens, detector: Detector) -> None:
        device.faces = [(0, 0, 9, 9, SURE), (0, 0, 9, 9, SURE - 0.01), (0, 0, 9, 9, 1.0004), (0, 0, 9, 9, float("nan"))]
        assert [face.confidence for face in detector.detect(np.zeros((300, 300, 3), np.uint8))] == [1.0, SURE]

    def test_takes_labels_as_texts_and_as_numbers_and_only_that_of_a_face(
        self, device: DeepLens, detector: Detector
    ) -> None:
        box = {"xmin": 10, "ymin": 10, "xmax": 40, "ymax": 50}
        device.faces = [{"label": label, "prob": 0.9, **box} for label in (1, "1", 1.0, 0, "2", -1)]
        assert len(detector.detect(np.zeros((300, 300, 3), np.uint8))) == 3

    def test_boxes_without_an_area_are_no_faces(self, device: DeepLens, detector: Detector) -> None:
        nan = float("nan")
        device.faces = [(9, 9, 9, 20, 0.9), (9, 20, 20, 9, 0.9), (nan, 0, 9, 9, 0.9), (0, 0, float("inf"), 9, 0.9)]
        assert detector.detect(np.zeros((300, 300, 3), np.uint8)) == []

    @pytest.mark.parametrize("shape", [(0, 0, 3), (0, 10, 3), (10, 0, 3)])
    def test_sees_nobody_in_an_empty_image(
        self, device: DeepLens, detector: Detector, shape: tuple[int, int, int]
    ) -> None:
        device.faces = [(0, 0, 300, 300, 0.9)]
        assert detector.detect(np.zeros(shape, np.uint8)) == []

    def test_says_where_the_model_should_be(self, device: DeepLens) -> None:
        with pytest.raises(ModelUnavailable, match=r'no face model at /opt/awscam/.*: deploy the sample project "Face'):
            load_detector("deeplens")

    def test_a_cameras_program_loads_the_model_that_its_environment_names(
        self, device: DeepLens, model: Path, tmp_path: Path
    ) -> None:
        environment = {
            "HOUSELIGHTS_SOURCE": "deeplens",
            "HOUSELIGHTS_DETECTOR": "deeplens",
            "HOUSELIGHTS_DEEPLENS_MODEL": str(model),
            "HOUSELIGHTS_SESSION": "talk-1",
            "HOUSELIGHTS_BUCKET": f"dir:{tmp_path / 'bucket'}",
            "HOUSELIGHTS_OUTBOX": str(tmp_path / "outbox"),
            "HOUSELIGHTS_STATUS": "none",
        }
        over = threading.Event()

        def stop_once_loaded() -> None:
            while not over.wait(0.01):
                if device.loaded:
                    os.kill(os.getpid(), signal.SIGTERM)
                    return

        stopping = threading.Thread(target=stop_once_loaded)
        stopping.start()
        try:
            assert run(environment) == 0
        finally:
            over.set()
            stopping.join()
        assert [path for path, _ in device.loaded] == [str(model)]

    def test_a_model_that_cannot_be_loaded_is_reported_in_one_line(self, device: DeepLens, model: Path) -> None:
        device.model_fault = RuntimeError("inference engine:\nno such layer")
        with pytest.raises(ModelUnavailable, match=r"^DeepLens cannot load .*faces\.xml \(RuntimeError\)$"):
            load_detector("deeplens", deeplens_model=model)


class TestAnyOtherMachine:
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "awscam", None)

    def test_has_no_such_camera(self) -> None:
        with pytest.raises(DeviceError, match=r"^the source and the detector deeplens need an AWS DeepLens"):
            open_camera("deeplens", clock=lambda: EVENING, sleep=time.sleep)

    def test_has_no_such_detector(self, model: Path) -> None:
        with pytest.raises(DeviceError, match=r"^the source and the detector deeplens need an AWS DeepLens"):
            load_detector("deeplens", deeplens_model=model)
