"""Finding the faces in one image: the port every detector follows, the detection it returns, and their loader.

One algorithm a file, each imported only when it is asked for, because each brings a heavy library.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audience.errors import UnknownDetector

Image = NDArray[np.uint8]

DETECTORS = ("centerface", "yunet", "haar")
DEFAULT_DETECTOR = "centerface"

SURE = 0.5
"""Confidence from which what a detector found counts as a face."""

CLEAR = 0.6
"""Confidence from which one look is enough; what is less certain CenterFace looks at again."""

DOUBTFUL = 0.3
"""Least confidence of what may still be a face: enough to continue a track, never to start one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One face in one image, in pixels of that image.

    Attributes:
        left: x of the box's left edge, pixels; may lie outside the image.
        top: y of the box's top edge, pixels; may lie outside the image.
        width: box width, pixels, over 0.
        height: box height, pixels, over 0; forehead to chin.
        confidence: the detector's certainty, 0..1.
        landmarks: five points (x, y) in pixels (the eye on the image's left, the eye on its right, nose tip,
            mouth corner left, mouth corner right), or None where the detector gives none.
    """

    left: float
    top: float
    width: float
    height: float
    confidence: float
    landmarks: tuple[tuple[float, float], ...] | None = None


class Detector(Protocol):
    """Finds faces.

    Attributes:
        name: with its version, because every record says what made it.
        landmarks_turn: whether its landmarks lie as the face does, also where the face lies on its side or upside down.
    """

    name: str
    landmarks_turn: bool

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image.

        Args:
            image: height x width x 3, BGR, 0..255, any size.

        Returns:
            The faces, most certain first; empty where there is none.
        """
        ...


def load_detector(
    name: str = DEFAULT_DETECTOR,
    *,
    threads: int | None = None,
    doubtful: bool = False,
    yunet_model: Path | None = None,
    deeplens_model: Path | None = None,
) -> Detector:
    """Loads a detector by its name, the one place where names become detectors.

    Args:
        name: one of `DETECTORS`, or "deeplens" on an AWS DeepLens.
        threads: threads CenterFace may use, None for as many as there are cores. OpenCV, which runs the others, has
            one setting for the whole process (`cv2.setNumThreads`) and is left as it is.
        doubtful: whether to return faces from DOUBTFUL on and not from SURE on, for a tracker, which alone can tell
            them from chance. CenterFace alone has such faces.
        yunet_model: YuNet's model file; None for the one in the user's cache folder, fetched where it is not there.
        deeplens_model: a face model optimised for DeepLens; None for the one of the device's sample project.

    Raises:
        UnknownDetector: there is no detector of that name.
        ModelUnavailable: its model file is missing, damaged or cannot be fetched.
        DeviceError: it needs a device that this is not.
    """
    if name == "centerface":
        from edge_lambda.detectors.centerface import CenterFace, Thresholds

        return CenterFace(threads=threads, thresholds=Thresholds(kept=DOUBTFUL if doubtful else SURE))
    if name == "yunet":
        from edge_lambda.detectors.yunet import YuNet

        return YuNet(model=yunet_model)
    if name == "haar":
        from edge_lambda.detectors.haar import Haar

        return Haar()
    if name == "deeplens":
        from edge_lambda.devices.deeplens import DeepLensDetector

        return DeepLensDetector(model=deeplens_model)
    raise UnknownDetector(f"no detector is called {name!r}: choose one of {', '.join(DETECTORS)}")
