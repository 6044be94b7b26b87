"""Frames become windows: every track once, with its best crop, and without crops in head-count mode."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from edge_lambda.correction import CorrectedFrame, PictureCorrector
from edge_lambda.delivery.contact_sheet import crop_for_sheet
from edge_lambda.detectors import Detection, Image
from edge_lambda.pipeline import CameraKey, TimedFrame, UnscoredWindow, scored_windows, unscored_windows
from edge_lambda.tracking import Tracker
from tests.builders import BEGAN_MS, after_ms
from tests.edge.faces_in_place import BrightScorer, FacesInPlace, picture
from tests.ticking import limit_s

CAMERA = CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS)


def frames(*faces: int, every_s: float = 0.5) -> list[TimedFrame]:
    """A frame every so often with so many faces in it."""
    return [TimedFrame(at_ms=after_ms(index * every_s), image=picture(count)) for index, count in enumerate(faces)]


def seen(taken: Iterable[TimedFrame], **options: object) -> list[UnscoredWindow]:
    cut, corrector = options.pop("cut", crop_for_sheet), options.pop("corrector", PictureCorrector(FacesInPlace()))
    return list(
        unscored_windows(taken, camera=CAMERA, corrector=corrector, tracker=Tracker(run="r"), cut=cut, **options)
    )


def test_a_window_has_every_track_once():
    first, second = seen(frames(3, 3, 2, 2))
    assert [face.track_id for face in first.faces] == ["r-1", "r-2", "r-3"]
    assert [len(window.faces) for window in (first, second)] == [3, 2]
    assert [(window.start_ms, window.frames) for window in (first, second)] == [(after_ms(0), 2), (after_ms(1), 2)]


def test_a_window_expects_the_faces_of_the_last_minute():
    windows = seen(frames(*[4] + [1] * 61, every_s=1))
    assert [window.expected for window in windows] == [4] * 60 + [1] * 2


class Turned(PictureCorrector):
    """Finds out with the third picture that all of them are to be turned."""

    def correct(self, image: Image, *, interlaced: bool = False) -> CorrectedFrame:
        self.seen = getattr(self, "seen", 0) + 1
        frame = super().correct(np.ascontiguousarray(image[:, ::-1]) if self.seen > 2 else image)
        return replace(frame, moved=self.seen == 3, unusable=self.seen == 2)


def test_people_count_once_in_a_window_in_which_the_picture_is_turned():
    taken = frames(4, 4, 4, 4, every_s=0.2)
    (window,) = seen(taken, corrector=Turned(FacesInPlace()))
    assert [face.track_id for face in window.faces] == ["r-5", "r-6", "r-7", "r-8"]


def test_of_a_picture_that_is_not_usable_nothing_is_scored_and_its_people_are_missed():
    first, second = seen(frames(4, 4, every_s=1), corrector=Turned(FacesInPlace()))
    assert (len(first.faces), len(second.faces), second.expected) == (4, 0, 4)


def test_faces_are_cut_out_by_what_was_handed_in():
    (window,) = seen(frames(2), cut=lambda image, face: image[:1, :1])
    assert [face.crop.shape for face in window.faces] == [(1, 1, 3)] * 2


def test_nothing_is_cut_out_where_only_heads_are_counted():
    (window,) = seen(frames(2), cut=None)
    assert [face.crop for face in window.faces] == [None, None]
    scored = scored_windows(
        frames(2), camera=CAMERA, corrector=PictureCorrector(FacesInPlace()), tracker=Tracker(run="r"), scorer=None
    )
    (counted,) = scored
    assert (counted.record.faces, counted.record.scorer, dict(counted.record.tallies)) == (2, "", {})


def test_a_scored_window_is_the_seen_one_with_its_scores():
    taken = frames(3, 2, 0)
    scored = list(
        scored_windows(
            taken,
            camera=CAMERA,
            corrector=PictureCorrector(FacesInPlace()),
            tracker=Tracker(run="r"),
            scorer=BrightScorer(),
        )
    )
    pairs = zip(scored, seen(taken), strict=True)
    for one, other in pairs:
        assert (one.record.start_ms, one.record.faces) == (other.start_ms, len(other.faces))
        assert (one.record.expected, one.frames) == (other.expected, other.frames)
        assert [(face.track_id, face.at_ms, face.box) for face in one.faces.faces] == [
            (face.track_id, face.at_ms, face.box) for face in other.faces
        ]
    assert scored[0].record.tallies["smile"].over == 3


class FacesOfKinds(FacesInPlace):
    """Finds a face that can be scored, one that is too small, one turned away, and one more, whose mouth is covered."""

    def detect(self, image: Image) -> list[Detection]:
        changes = {
            70: {"width": 11, "height": 11},
            130: {"landmarks": ((132.0, 28), (140, 28), (131, 33), (134, 38), (139, 38))},
        }
        return [replace(face, **changes.get(int(face.left), {})) for face in super().detect(image)]


class AbstainingScorer(BrightScorer):
    """Scores bright faces, and abstains from the last one of a batch."""

    def score(self, crops: Sequence[Image]) -> np.ndarray:
        scores = super().score(crops)
        scores[-1] = np.nan
        return scores


def test_faces_that_cannot_be_read_have_no_score_and_say_why():
    (window,) = scored_windows(
        frames(4),
        camera=CAMERA,
        corrector=PictureCorrector(FacesOfKinds()),
        tracker=Tracker(run="r"),
        scorer=AbstainingScorer(),
    )
    assert [face.unscored for face in window.faces.faces] == ["", "small", "profile", "covered"]
    assert [bool(face.confidences) for face in window.faces.faces] == [True, False, False, False]
    assert (window.record.faces, window.record.tallies["smile"].faces, window.record.tallies["smile"].over) == (4, 1, 1)


def test_frames_are_kept_where_they_were_asked_for_alone():
    taken = frames(1, 1)
    assert seen(taken)[0].kept == ()
    (window,) = seen(taken, keep_frames=True)
    assert [(frame.at_ms, len(frame.tracked)) for frame in window.kept] == [(taken[0].at_ms, 1), (taken[1].at_ms, 1)]


def test_the_next_frame_is_processed_while_a_window_is_scored():
    looked_at_both, scored = threading.Event(), threading.Event()

    class Watched(FacesInPlace):
        def detect(self, image: Image) -> list[Detection]:
            if image is last.image:
                looked_at_both.set()
                assert scored.wait(limit_s()), "scoring waited for detecting"
            return super().detect(image)

    class Waiting(BrightScorer):
        def score(self, crops: Sequence[Image]) -> np.ndarray:
            assert looked_at_both.wait(limit_s()), "detecting waited for scoring"
            scored.set()
            return super().score(crops)

    taken = frames(1, 1, 1, every_s=1)
    last = taken[-1]
    windows = scored_windows(
        taken, camera=CAMERA, corrector=PictureCorrector(Watched()), tracker=Tracker(run="r"), scorer=Waiting()
    )
    assert len(list(windows)) == 3


def test_frames_that_cannot_even_be_begun_are_reported_and_every_thread_ends():
    class Closed:
        def __iter__(self) -> Iterator[TimedFrame]:
            raise ValueError("the camera was closed")

    before = threading.active_count()
    with pytest.raises(ValueError, match="the camera was closed"):
        seen(Closed())
    assert threading.active_count() == before


def test_a_failing_detector_is_reported_and_every_thread_ends():
    class Failing(FacesInPlace):
        def detect(self, image: Image) -> list[Detection]:
            raise RuntimeError("out of memory")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="out of memory"):
        list(
            unscored_windows(
                frames(1),
                camera=CAMERA,
                corrector=PictureCorrector(Failing()),
                tracker=Tracker(run="r"),
                cut=crop_for_sheet,
            )
        )
    assert threading.active_count() == before


def test_a_window_of_one_frame_does_not_wait_for_the_next():
    came = threading.Event()

    def taken() -> Iterator[TimedFrame]:
        first, second = frames(1, 2, every_s=1.0)
        yield first
        assert came.wait(limit_s()), "the first window waits for the second frame"
        yield second

    corrector = PictureCorrector(FacesInPlace())
    windows = unscored_windows(
        taken(), camera=CAMERA, corrector=corrector, tracker=Tracker(run="r"), cut=None, one_frame_each=True
    )
    first = next(windows)
    came.set()
    assert [len(window.faces) for window in (first, *windows)] == [1, 2]
