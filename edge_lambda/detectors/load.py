"""Loads detectors by name; each is imported on use, as it needs a heavy library."""

from __future__ import annotations

from pathlib import Path

from audience.errors import UnknownDetector
from edge_lambda.detectors import DEFAULT_DETECTOR, DETECTORS, DOUBTFUL, SURE, Detector


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
        threads: threads for CenterFace; None for one per core. OpenCV, which runs the others, has one setting for the
            whole process (`cv2.setNumThreads`), which is not changed.
        doubtful: whether to return faces from DOUBTFUL on instead of SURE, for a tracker, which can tell true faces
            from false ones. Only CenterFace supports this.
        yunet_model: YuNet's model file; None for the one in the user's cache folder, downloaded if missing.
        deeplens_model: a face model optimised for DeepLens; None for that of the device's sample project.

    Raises:
        UnknownDetector: there is no detector with that name.
        ModelUnavailable: its model file is missing, damaged or cannot be downloaded.
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
