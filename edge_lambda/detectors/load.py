"""Loads detectors by name; each is imported on use, as it needs a heavy library."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from audience.errors import UnknownDetector
from edge_lambda.detectors import DEFAULT_DETECTOR, DETECTORS, DOUBTFUL, SURE, Detector

COMPASS_PIXELS: Final = 960 * 540
"""Size at which CenterFace finds the faces that show a picture's orientation: the near ones do."""


def load_detector(
    name: str = DEFAULT_DETECTOR,
    *,
    threads: int | None = None,
    doubtful: bool = False,
    yunet_model: Path | None = None,
    deeplens_model: Path | None = None,
) -> Detector:
    """Loads a detector by name.

    Args:
        name: one of `DETECTORS`, or "deeplens" on an AWS DeepLens.
        threads: threads for libfacedetection and CenterFace; None for one per core. OpenCV, which runs the others, has
            one setting for the whole process (`cv2.setNumThreads`), which is not changed.
        doubtful: whether to return faces from DOUBTFUL on instead of SURE, for a tracker, which can tell true faces
            from false ones. Only libfacedetection and CenterFace support this.
        yunet_model: YuNet's model file; None for the one in the user's cache folder, downloaded if missing.
        deeplens_model: a face model optimised for DeepLens; None for that of the device's sample project.

    Raises:
        UnknownDetector: there is no detector with that name.
        ModelUnavailable: its model file is missing, damaged or cannot be downloaded.
        DeviceError: it needs a device that this is not.
    """
    if name == "libfacedetection":
        from edge_lambda.detectors.libfacedetection import LibFaceDetection

        return LibFaceDetection(threads=threads, kept=DOUBTFUL if doubtful else SURE)
    if name == "centerface":
        from edge_lambda.detectors.centerface import CenterFace
        from edge_lambda.detectors.second_look import Thresholds

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


def load_compass(detector: Detector) -> Detector | None:
    """Loads the detector that shows a picture's orientation, for one whose landmarks stay upright in a tilted face.

    Args:
        detector: finds the faces.

    Returns:
        CenterFace for small pictures; None if the detector's own landmarks turn, or if it gives none.

    Raises:
        ModelUnavailable: see `CenterFace`.
    """
    if detector.landmarks_turn is not False:
        return None
    from edge_lambda.detectors.centerface import CenterFace
    from edge_lambda.detectors.second_look import Thresholds

    # Without a second look: faces that need one do not count here.
    once = Thresholds(candidate=DOUBTFUL, kept=DOUBTFUL, certain=DOUBTFUL)
    return CenterFace(thresholds=once, max_pixels=COMPASS_PIXELS)
