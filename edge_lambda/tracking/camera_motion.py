"""Measures how a camera moved between two frames, from the whole picture: shift, roll and zoom.

People sit still in a picture that shakes, swings or zooms; what moves all of it alike is the camera. On a gray picture
of 240 pixels:

1. Phase correlation gives the shift, however far (Kuglin and Hines, "The phase correlation image alignment method",
   International Conference on Cybernetics and Society, 1975).
2. From the better of that shift and none, corners are followed into the other picture by optical flow (Bouguet,
   "Pyramidal implementation of the Lucas Kanade feature tracker", Intel, 2000), and a similarity transform is fitted to
   them, whatever single people do in between (RANSAC: Fischler and Bolles, Communications of the ACM 24, 1981).
3. Whichever makes the two pictures agree best is the motion. If nothing makes them agree, the picture shows another
   view: a cut, or a camera that was bumped further than its picture reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Image

Transform = NDArray[np.float64]
"""2 x 3 matrix M of a similarity: a point (x, y) of the earlier frame lies at M · (x, y, 1) in the later one."""

SAME_VIEW: Final = 0.15
"""Agreement (correlation, -1..1) from which two pictures show one view. Measured: at most .05 between different clips,
.9 under shake, swing, zoom and roll, .7 in a street walked through with the camera in hand."""

BETTER: Final = 0.05
"""Agreement that a motion has to gain over none: a sixth of a picture that scrolls on a screen gains nothing."""

REFERENCE_S: Final = 10.0
"""Seconds for which a picture is compared with later ones, where those between were dark."""

_SIDE, _LEAST_SIDE = 240, 32  # of the small picture, pixels: the longer one, and the least of the other
_STRUCTURE = 0.15  # mean absolute value of a normalised picture that shows anything; 0 where it is dark or covered
_STILL = 0.8  # agreement without any motion from which a camera that did not shift did not turn or zoom either
_CORNERS, _LEAST_CORNERS = 80, 12
_ZOOM_AT_MOST = 1.5  # between two frames
_OVERLAP = 0.25  # of the picture, at least, that must be in both
_OUTSIDE = 1e9  # value outside a normalised picture, so far from any within that the least part of it shows


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    at_ms: int
    size: tuple[int, int]
    picture: NDArray[np.float32]


class CameraMotion:
    """The motion of one camera, from frame to frame."""

    def __init__(self) -> None:
        """Starts without a picture."""
        self._reference: _Reference | None = None
        self._window: NDArray[np.float32] | None = None

    def update(self, image: Image, at_ms: int) -> Transform | None:
        """Measures the motion since the latest picture that showed anything.

        Args:
            image: height x width x 3, BGR, 0..255.
            at_ms: the instant of the frame, milliseconds, later than that of the frame before.

        Returns:
            The motion in pixels of `image`; none (the identity) at the first picture, in the dark, where the
            picture's size changed, and where it is far too narrow. None if the picture shows another view.
        """
        height, width = image.shape[:2]
        picture = _normalised(_small(image))
        if min(picture.shape) < _LEAST_SIDE or float(np.abs(picture).mean()) < _STRUCTURE:
            return np.eye(2, 3)
        before = self._reference
        self._reference = _Reference(at_ms, (width, height), picture)
        if before is None or before.size != (width, height) or at_ms - before.at_ms > REFERENCE_S * 1000:
            return np.eye(2, 3)
        motion = self._between(before.picture, picture)
        if motion is None:
            return None
        scale = width / picture.shape[1]
        # Pixel centres lie at whole numbers, and a small pixel's centre in the middle of the pixels it is made of.
        middle = (scale - 1) / 2
        motion[:, 2] = scale * motion[:, 2] + middle - motion[:, :2] @ (middle, middle)
        return motion

    def forget(self) -> None:
        """Drops the picture, so that the next one is compared with nothing."""
        self._reference = None

    def _between(self, earlier: NDArray[np.float32], later: NDArray[np.float32]) -> Transform | None:
        if self._window is None or self._window.shape != later.shape:
            self._window = np.asarray(cv2.createHanningWindow(later.shape[::-1], cv2.CV_32F), dtype=np.float32)
        (across, down), _ = cv2.phaseCorrelate(earlier, later, self._window)
        still, shift = np.eye(2, 3), np.array([[1, 0, across], [0, 1, down]])
        unmoved = agreement(earlier, later, still)
        if unmoved >= _STILL and max(abs(across), abs(down)) < 1:
            return still
        motion, agreed = still, unmoved
        for candidate in (shift, None):
            if candidate is None:
                candidate = _fitted(earlier, later, motion)
                if candidate is None:
                    break
            agrees = agreement(earlier, later, candidate)
            if agrees > max(agreed, unmoved + BETTER):
                motion, agreed = candidate, agrees
        return motion if agreed >= SAME_VIEW else None


def agreement(earlier: NDArray[np.float32], later: NDArray[np.float32], motion: Transform) -> float:
    """Correlation of two pictures where they overlap after a motion, -1..1; 0 if they overlap by less than a quarter.

    Args:
        earlier, later: height x width, mean about 0.
        motion: from `earlier` to `later`.
    """
    moved = cv2.warpAffine(earlier, motion, later.shape[::-1], borderValue=_OUTSIDE)
    shared = np.abs(moved) < 1e3
    if shared.mean() < _OVERLAP:
        return 0.0
    one, other = moved[shared], later[shared]
    return float(one @ other / np.sqrt((one @ one) * (other @ other) + 1e-9))


def _fitted(earlier: NDArray[np.float32], later: NDArray[np.float32], start: Transform) -> Transform | None:
    """The similarity transform that most corners follow; None if too few do."""
    first, second = _as_bytes(earlier), _as_bytes(later)
    corners = cv2.goodFeaturesToTrack(first, _CORNERS, 0.01, 5)
    if corners is None or len(corners) < _LEAST_CORNERS:
        return None
    expected = (corners @ start[:, :2].T + start[:, 2]).astype(np.float32)
    found, followed, _ = cv2.calcOpticalFlowPyrLK(
        first, second, corners, expected, winSize=(13, 13), maxLevel=1, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    kept = followed.ravel() == 1
    if kept.sum() < _LEAST_CORNERS:
        return None
    motion, _ = cv2.estimateAffinePartial2D(corners[kept], found[kept], ransacReprojThreshold=1.0)
    if motion is None or not 1 / _ZOOM_AT_MOST < np.hypot(motion[0, 0], motion[1, 0]) < _ZOOM_AT_MOST:
        return None
    return np.asarray(motion, dtype=np.float64)


def _small(image: Image) -> Image:
    height, width = image.shape[:2]
    skip = max(1, max(height, width) // (2 * _SIDE))  # of the large pictures, every second pixel or fewer are read
    scale = _SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image[::skip, ::skip, 1], size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _normalised(gray: Image) -> NDArray[np.float32]:
    """A picture less its surroundings' brightness and contrast, so that light may change; about 0 where it is dark."""
    detail = gray.astype(np.float32)
    detail -= cv2.boxFilter(detail, -1, (15, 15))
    # Running sums may end a little under 0 where nothing is.
    contrast = np.sqrt(np.maximum(cv2.boxFilter(detail * detail, -1, (31, 31)), 0))
    return np.asarray(detail / (contrast + 4), dtype=np.float32)


def _as_bytes(picture: NDArray[np.float32]) -> Image:
    return np.asarray(np.clip(picture * 40 + 128, 0, 255), dtype=np.uint8)
