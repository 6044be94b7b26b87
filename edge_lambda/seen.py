"""What passes through the pipeline of a camera: its frames, the faces in them, and the windows they add up to."""

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
        at_ms: the instant it was taken, milliseconds since the epoch.
        image: height x width x 3, BGR, 0..255.
        interlaced: whether its source says that it is; False where it does not say.
    """

    at_ms: int
    image: Image
    interlaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFrame:
    """A frame as it was put right, and the faces followed in it."""

    at_ms: int
    image: Image
    tracked: tuple[TrackedFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """The best crop of one track in one window.

    Attributes:
        track_id: the track.
        at_ms: when the crop was taken, milliseconds since the epoch.
        box: the face in the camera's image, as that was turned.
        quality: how well it could be seen, 0..1.
        crop: the face as it was cut out; None where only heads are counted.
    """

    track_id: str
    at_ms: int
    box: Box
    quality: float
    crop: Image | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWindow:
    """A finished window that is still to be scored.

    Attributes:
        start_ms: its start, milliseconds since the epoch.
        expected: faces estimated to be there (`edge_lambda.expected_faces`).
        faces: every track of the window, once.
        frames: how many frames were looked at.
        kept: those frames, where they were asked for; else empty.
    """

    start_ms: int
    expected: int
    faces: tuple[SeenFace, ...]
    frames: int = 1
    kept: tuple[TrackedFrame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredWindow:
    """A finished window.

    Attributes:
        record: its sums.
        faces: the single faces behind them.
        frames: how many frames were looked at.
        kept: those frames, where they were asked for; else empty.
    """

    record: WindowRecord
    faces: WindowFaces
    frames: int
    kept: tuple[TrackedFrame, ...] = ()

    @property
    def end_ms(self) -> int:
        """The window ends before this instant."""
        return self.record.start_ms + self.record.width_ms
