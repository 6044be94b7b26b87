"""Both delivery paths give windows that add up to those of detecting and scoring the same frames directly."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from audience.deliveries.delivery import Delivery
from audience.deliveries.grid import MOST_TILES
from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet
from audience.deliveries.window_file import WindowFile
from audience.windows import WindowRecord
from edge_lambda.correction import PictureCorrector
from edge_lambda.delivery.paths import DeliveryPath, SheetDeliveryPath, WindowFileDeliveryPath
from edge_lambda.detectors import Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.facing import HeadPose, RoomAxis
from edge_lambda.live_frames import one_frame_a_window
from edge_lambda.pipeline import CameraKey, ScoredWindow, TimedFrame, scored_windows
from edge_lambda.recording import open_recording
from edge_lambda.scorers import Scorer, load_scorer
from edge_lambda.tracking import Tracker
from tests.builders import BEGAN_MS, after_ms
from tests.edge.faces_in_place import BrightScorer, FacesInPlace, picture
from tests.portraits import people_video
from tests.ticking import limit_s

CAMERA = CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS)


def delivered(way: DeliveryPath, frames: Iterable[TimedFrame]) -> list[Delivery]:
    """All deliveries of a path for some frames, flushed at the end."""
    sent = [one for window in way.process(frames, Tracker(run="r")) for one in window.deliveries]
    return sent + way.flush()


def directly(frames: Iterable[TimedFrame], detector: Detector, scorer: Scorer | None) -> list[ScoredWindow]:
    return list(
        scored_windows(
            frames, camera=CAMERA, corrector=PictureCorrector(detector), tracker=Tracker(run="r"), scorer=scorer
        )
    )


def counts(windows: Iterable[WindowRecord]) -> dict[int, tuple[int, int]]:
    return {window.start_ms: (window.faces, window.expected) for window in windows}


def added_up(deliveries: Iterable[Delivery]) -> dict[int, tuple[int, int]]:
    """Faces and expected of every window, over all its parts."""
    faces, expected = Counter[int](), Counter[int]()
    for delivery in deliveries:
        opened = read_delivery(delivery.key, delivery.data)
        for window in opened.manifest.windows if isinstance(opened, Sheet) else opened.windows:
            faces[window.start_ms] += window.faces
            expected[window.start_ms] += window.expected
    return {start_ms: (faces[start_ms], expected[start_ms]) for start_ms in expected}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of up to three people who come and go."""
    return people_video(tmp_path_factory.mktemp("clip") / "people.mp4", [3, 3, 2, 0, 0, 1, 3])


def frames_of(clip: Path) -> Iterator[TimedFrame]:
    for frame in open_recording(clip).sample(0.5):
        yield TimedFrame(at_ms=BEGAN_MS + round(frame.at_s * 1000), image=frame.image)


@pytest.mark.parametrize("interval_s", [1.0, 2.0, 12.0])
def test_sheets_of_a_recording_add_up_to_its_windows(clip, interval_s):
    detector = load_detector("centerface", threads=1, doubtful=True)
    windows = directly(frames_of(clip), detector, load_scorer("expressionnet"))
    sent = delivered(SheetDeliveryPath(CAMERA, detector, interval_s=interval_s), frames_of(clip))
    assert added_up(sent) == counts(window.record for window in windows)
    assert sum(window.record.faces for window in windows) > 8
    tiles = [
        (tile.track_id, tile.at_ms)
        for one in sent
        if isinstance(sheet := read_delivery(one.key, one.data), Sheet)
        for tile in sheet.manifest.tiles
    ]
    assert tiles == [(face.track_id, face.at_ms) for window in windows for face in window.faces.faces]


def test_sheets_say_which_faces_were_turned_to_the_front(clip):
    detector = load_detector("centerface", threads=1, doubtful=True)
    room = RoomAxis(detector.name, HeadPose(0, 0))
    sent = delivered(SheetDeliveryPath(CAMERA, detector, interval_s=12.0, room=room), frames_of(clip))
    (sheet,) = [one for one in (read_delivery(one.key, one.data) for one in sent) if isinstance(one, Sheet)]
    facing = [tile.facing for tile in sheet.manifest.tiles]
    assert None not in facing
    assert min(facing) > 0.5, "Eileen Collins looks at the camera"


@pytest.mark.parametrize("interval_s", [1.0, 2.0, 12.0])
def test_window_files_of_a_recording_are_its_windows(clip, interval_s):
    detector, scorer = load_detector("centerface", threads=1, doubtful=True), load_scorer("expressionnet")
    windows = directly(frames_of(clip), detector, scorer)
    sent = delivered(WindowFileDeliveryPath(CAMERA, detector, scorer, interval_s=interval_s), frames_of(clip))
    files = [read_delivery(one.key, one.data) for one in sent]
    assert [record for file in files for record in file.windows] == [window.record for window in windows]
    assert len(files) == {1.0: len(windows), 2.0: -(-len(windows) // 2), 12.0: 1}[interval_s]
    assert {file.scorer.name for file in files if isinstance(file, WindowFile)} == {scorer.name}
    packed = [(one.start_ms, [face.track_id for face in one.faces]) for file in files for one in file.faces]
    seen = [(window.faces.start_ms, [face.track_id for face in window.faces.faces]) for window in windows]
    assert packed == [one for one in seen if one[1]]


def test_a_crowd_in_parts_adds_up_too():
    def crowd() -> Iterator[TimedFrame]:
        for at_s, faces in enumerate([230, 40, 180, 0, 110]):
            yield TimedFrame(at_ms=after_ms(at_s), image=picture(faces, width=14_000))

    sent = delivered(SheetDeliveryPath(CAMERA, FacesInPlace(), interval_s=12.0), crowd())
    windows = directly(crowd(), FacesInPlace(), BrightScorer())
    assert added_up(sent) == counts(window.record for window in windows)
    assert [len(read_delivery(one.key, one.data).manifest.tiles) for one in sent] == [MOST_TILES] * 5 + [60]


def test_heads_are_counted_without_a_picture_of_anybody(clip):
    detector = load_detector("centerface", threads=1, doubtful=True)
    sent = delivered(WindowFileDeliveryPath(CAMERA, detector, None, interval_s=2.0), frames_of(clip))
    assert added_up(sent) == counts(window.record for window in directly(frames_of(clip), detector, None))
    assert not any(one.key.endswith(".jpg") or b"\xff\xd8\xff" in one.data for one in sent)
    assert not any(window.tallies for one in sent for window in read_delivery(one.key, one.data).windows)


@pytest.mark.parametrize("path", [SheetDeliveryPath, partial(WindowFileDeliveryPath, scorer=None)])
def test_a_delivery_leaves_with_the_frame_that_completes_it(path):
    """Of a camera that samples once a window. It waited for the next window before, which is a second."""
    came = threading.Event()

    def taken() -> Iterator[TimedFrame]:
        for at_s in range(3):
            assert at_s < 2 or came.wait(limit_s()), "the delivery waits for the next window"
            yield TimedFrame(at_ms=after_ms(at_s), image=picture(2))

    windows = path(CAMERA, FacesInPlace(), interval_s=2, one_frame_each=True).process(taken(), Tracker(run="r"))
    assert [len(next(windows).deliveries) for _ in range(2)] == [0, 1]
    came.set()
    assert len(list(windows)) == 1


@pytest.mark.parametrize(("every_s", "one"), [(1, True), (2, True), (0.5, False), (1.5, False)])
def test_whether_a_sample_completes_its_window_follows_from_how_often_is_sampled(every_s, one):
    assert one_frame_a_window(every_s, 1000) is one


def test_a_delivery_path_names_its_detector_and_scorer():
    cloud = SheetDeliveryPath(CAMERA, FacesInPlace(), interval_s=2)
    here = WindowFileDeliveryPath(CAMERA, FacesInPlace(), BrightScorer(), interval_s=2)
    heads = WindowFileDeliveryPath(CAMERA, FacesInPlace(), None, interval_s=2)
    assert {way.detector for way in (cloud, here, heads)} == {"faces-in-place 1"}
    assert [way.scorer for way in (cloud, here, heads)] == ["", "bright 1", ""]


def test_smiles_scored_here_can_be_shown_and_others_are_not_guessed():
    taken = [TimedFrame(at_ms=after_ms(0), image=picture(2))]
    here = WindowFileDeliveryPath(CAMERA, FacesInPlace(), BrightScorer(), interval_s=2, keep_frames=True)
    (window,) = here.process(taken, Tracker(run="r"))
    assert [smile.smiling for smile in window.smiles.values()] == [True, True]
    assert len(window.kept) == 1
    (window,) = SheetDeliveryPath(CAMERA, FacesInPlace(), interval_s=2).process(taken, Tracker(run="r"))
    assert (window.smiles, window.kept) == ({}, ())
