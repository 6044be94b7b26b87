"""Samples faces of a recording for the comparison of two scoring methods: on contact sheets, and one picture each."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2

from audience.deliveries.delivery import Delivery
from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet
from audience.errors import RecordingUnreadable
from edge_lambda.correction import PictureCorrector
from edge_lambda.delivery.contact_sheet import crop_for_sheet
from edge_lambda.delivery.sheets import SheetBuilder
from edge_lambda.detectors import Detection, Detector, Image
from edge_lambda.pipeline import BestCrop, CameraKey, TimedFrame, UnscoredWindow, unscored_windows
from edge_lambda.recording import Recording, open_recording
from edge_lambda.tracking import Tracker

AROUND_PX: Final = 25
ALONE_QUALITY: Final = 90
"""Margin around a face's box, pixels, and JPEG quality, 0..100: the values of the camera demos of 2017."""

_CAMERA: Final = CameraKey(session_id="calibration", stage_id="main", camera_id="cam-1", written_ms=0)
_SEED: Final = 1  # the same recording gives the same faces


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledFaces:
    """Faces of a recording, prepared for both methods.

    Attributes:
        sheets: contact sheets with all faces.
        pictures: a JPEG of each face, in the order of the tiles.
    """

    sheets: tuple[Sheet, ...]
    pictures: tuple[bytes, ...]


def sample_faces(
    video: Path, *, most: int, detector: Detector, on_progress: Callable[[int], None] = lambda faces: None
) -> SampledFaces:
    """Samples faces over a whole recording, as a camera would: the best crop of a track in a window.

    Args:
        video: the recording.
        most: maximum number of faces, 1 or more.
        detector: finds the faces.
        on_progress: called after each window with the number of faces so far.

    Raises:
        RecordingUnreadable: it cannot be read, or shows no face.
    """
    recording = open_recording(video)
    # As many samples as faces, for many different people and moments, but not more often than a camera samples.
    every_s = max(1.0, (recording.duration_s or 0.0) / most)
    samples = math.ceil((recording.duration_s or 0.0) / every_s)
    windows = unscored_windows(
        _frames(recording, every_s),
        camera=_CAMERA,
        corrector=PictureCorrector(detector),
        tracker=Tracker(run=_CAMERA.session_id),
        cut=crop_for_sheet,
        keep_frames=True,
    )
    # Sheets are only sent when full.
    builder = SheetBuilder(_CAMERA, interval_s=math.inf)
    deliveries: list[Delivery] = []
    pictures: list[bytes] = []
    chance = random.Random(_SEED)
    with closing(windows):
        for index, window in enumerate(windows):
            wanted = math.ceil((most - len(pictures)) / max(1, samples - index))
            faces = tuple(chance.sample(window.faces, min(wanted, len(window.faces))))
            if faces:
                pictures += [_alone(window, face) for face in faces]
                deliveries += builder.add(replace(window, faces=faces))
            on_progress(len(pictures))
            if len(pictures) == most:
                break
    deliveries += builder.flush()
    if not pictures:
        raise RecordingUnreadable(f"no face was found in {video}: choose a recording of an audience")
    sheets = [read_delivery(delivery.key, delivery.data) for delivery in deliveries]
    return SampledFaces(sheets=tuple(sheet for sheet in sheets if isinstance(sheet, Sheet)), pictures=tuple(pictures))


def picture_alone(image: Image, face: Detection) -> bytes:
    """Encodes a face as the camera demos of 2017 did: `AROUND_PX` around its box, at full resolution, as a JPEG."""
    height, width = image.shape[:2]
    left, top = max(0, int(face.left) - AROUND_PX), max(0, int(face.top) - AROUND_PX)
    right = min(width, int(face.left + face.width) + AROUND_PX)
    bottom = min(height, int(face.top + face.height) + AROUND_PX)
    _, jpeg = cv2.imencode(".jpg", image[top:bottom, left:right], [cv2.IMWRITE_JPEG_QUALITY, ALONE_QUALITY])
    return bytes(jpeg)


def _frames(recording: Recording, every_s: float) -> Iterator[TimedFrame]:
    # Times count from the epoch, so that the true time is not sent.
    for frame in recording.sample(every_s):
        yield TimedFrame(at_ms=round(frame.at_s * 1000), image=frame.image, interlaced=frame.interlaced)


def _alone(window: UnscoredWindow, face: BestCrop) -> bytes:
    """Encodes the face of a tile from the same frame."""
    (frame,) = (frame for frame in window.kept if frame.at_ms == face.at_ms)
    (seen,) = (tracked.detection for tracked in frame.tracked if tracked.track == face.track_id)
    return picture_alone(frame.image, seen)
