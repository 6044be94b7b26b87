"""The types that pass through a camera's pipeline: frames, faces, and windows."""

from __future__ import annotations

from dataclasses import dataclass

from audience.faces import Box, WindowFaces
from audience.windows import WindowRecord
from edge_lambda.detectors import Image
from edge_lambda.tracking import TrackedFace


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedFrame:
    """One image of a camera.

    Attributes:
        at_ms: capture time, milliseconds since the epoch.
        image: height x width x 3, BGR, 0..255.
        interlaced: whether the source declares it interlaced.
    """

    at_ms: int
    image: Image
    interlaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFrame:
    """A corrected frame and the faces tracked in it."""

    at_ms: int
    image: Image
    tracked: tuple[TrackedFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BestCrop:
    """The best crop of one track in one window.

    Attributes:
        track_id: the track.
        at_ms: capture time of the crop, milliseconds since the epoch.
        box: the face in the camera's image, after the image was turned upright.
        quality: quality of the crop, 0..1.
        crop: the face cut out of the image; None in head-count mode.
        facing: probability that the face was turned to where the room looks, 0..1, the mean of the window's frames;
            None if that is not measured or not known.
        unscored: why the face cannot be scored, see `edge_lambda.crops.unscored`; "" if it can.
    """

    track_id: str
    at_ms: int
    box: Box
    quality: float
    crop: Image | None
    facing: float | None = None
    unscored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnscoredWindow:
    """A finished window whose faces are not scored yet.

    Attributes:
        start_ms: its start, milliseconds since the epoch.
        expected: faces estimated to be there (`edge_lambda.expected_faces`).
        faces: the best crop of every track in the window.
        frames: number of frames processed.
        kept: those frames if requested, else empty.
    """

    start_ms: int
    expected: int
    faces: tuple[BestCrop, ...]
    frames: int = 1
    kept: tuple[TrackedFrame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredWindow:
    """A finished window with its scores.

    Attributes:
        record: its sums.
        faces: the single faces behind them.
        frames: number of frames processed.
        kept: those frames if requested, else empty.
    """

    record: WindowRecord
    faces: WindowFaces
    frames: int
    kept: tuple[TrackedFrame, ...] = ()

    @property
    def end_ms(self) -> int:
        """End of the window (exclusive), milliseconds since the epoch."""
        return self.record.start_ms + self.record.width_ms
