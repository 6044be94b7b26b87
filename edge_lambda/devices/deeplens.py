"""AWS DeepLens: its camera, its face model, and messages through AWS IoT Greengrass v1, which it runs.

AWS ended DeepLens on 2024-01-31 and support of Greengrass v1 on 2026-10-07: this is for devices that still run.

The only module that imports `awscam` and `greengrasssdk`. `awscam` only exists on the device, in no package; its
documentation is the AWS DeepLens Developer Guide, "AWS DeepLens Device Library":

    ret, frame = awscam.getLastFrame()                 # the newest frame, BGR; ret is False if there is none
    model = awscam.Model(path, {"GPU": 1})             # an optimised model's .xml file
    found = model.parseResult("ssd", model.doInference(resized))
    {"ssd": [{"label": 1, "prob": 0.9, "xmin": 124, "ymin": 10, "xmax": 245, "ymax": 142}, ...]}

Boxes are in pixels of the model's input. The device's limits: docs/decisions/0008.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from audience.errors import DeviceError, ModelUnavailable
from edge_lambda.detectors import SURE, Detection, Image
from edge_lambda.devices import Clock, Sleep
from edge_lambda.devices.stream import StreamCamera

FACE_MODEL = Path("/opt/awscam/artifacts/mxnet_deploy_ssd_FP16_FUSED.xml")
"""Path of the optimised model of the sample project "Face detection"."""

_INPUT_PX = 300  # width and height of the model's input
_FACE = 1  # its only label

_LOOK_EVERY_S = 0.02  # poll interval for a new frame; the camera makes 30 a second
_LOOKS = 25  # polls before control returns to the reader, which may have been closed
_SAMPLED = 8  # every n-th pixel in each direction is compared with the last frame


def open_deeplens(*, clock: Clock, sleep: Sleep) -> StreamCamera:
    """Opens the DeepLens's camera.

    Raises:
        DeviceError: this is not a DeepLens.
    """
    return StreamCamera(_AwscamStream(_awscam(), sleep), name="deeplens", clock=clock)


class _AwscamStream:
    """The frames of `awscam`, as a `Stream`.

    `getLastFrame` does not tell whether its frame is new, so a frozen stream would be scored forever. Because of noise,
    no two frames of a camera are identical, so an identical frame counts as old.
    """

    def __init__(self, awscam: Any, sleep: Sleep) -> None:
        self._awscam = awscam
        self._sleep = sleep
        self._seen: Image | None = None
        self._frame: Image | None = None

    def grab(self) -> bool:
        self._frame = None
        for _ in range(_LOOKS):
            try:
                there, frame = self._awscam.getLastFrame()
            except Exception:  # the library is closed source and its errors are undocumented: on any, there is no frame
                return False
            if not there:
                return False
            sample = frame[::_SAMPLED, ::_SAMPLED]
            if self._seen is None or not np.array_equal(sample, self._seen):
                self._seen, self._frame = sample.copy(), frame
                return True
            self._sleep(_LOOK_EVERY_S)
        return True

    def retrieve(self) -> tuple[bool, Image | None]:
        # A copy, since the library may reuse the frame's memory.
        return self._frame is not None, None if self._frame is None else self._frame.copy()

    def release(self) -> None:
        """Does nothing: the device streams as long as it is on."""


class DeepLensDetector:
    """The DeepLens's face model on its GPU; no landmarks.

    Frames are scaled to the model's square input, as in the device's sample, so faces in a wide frame appear narrow.
    """

    name = "deeplens-1"
    landmarks_turn = None

    def __init__(self, *, model: Path | None = None) -> None:
        """Loads the model.

        Args:
            model: the .xml file of a face model with 300 x 300 pixel input, made by `mo.optimize` of the device's
                library; None for `FACE_MODEL`.

        Raises:
            DeviceError: this is not a DeepLens.
            ModelUnavailable: the model is missing or cannot be loaded.
        """
        awscam = _awscam()
        path = model or FACE_MODEL
        if not path.is_file():
            raise ModelUnavailable(
                f'no face model at {path}: deploy the sample project "Face detection" to the device, or name another '
                "in HOUSELIGHTS_DEEPLENS_MODEL"
            )
        try:
            self._model = awscam.Model(str(path), {"GPU": 1})
        except Exception as problem:  # see `grab`
            raise ModelUnavailable(f"DeepLens cannot load {path} ({type(problem).__name__})") from None

    def detect(self, image: Image) -> list[Detection]:
        """Finds the faces of one image; see `Detector.detect`."""
        if image.size == 0:
            return []
        rows, columns = image.shape[:2]
        scaled = cv2.resize(image, (_INPUT_PX, _INPUT_PX))
        found = self._model.parseResult("ssd", self._model.doInference(scaled))["ssd"]
        across, down = columns / _INPUT_PX, rows / _INPUT_PX
        faces = []
        for one in found:
            x, y, right, bottom = (float(one[edge]) for edge in ("xmin", "ymin", "xmax", "ymax"))
            box = (x * across, y * down, (right - x) * across, (bottom - y) * down)
            confidence = float(one["prob"])
            # The documentation shows labels as strings, the samples use numbers.
            if float(one["label"]) != _FACE or not confidence >= SURE:
                continue
            # The network computes with 16 bits: a box may have no area, and a confidence may exceed 1 slightly.
            if all(map(math.isfinite, box)) and box[2] > 0 and box[3] > 0:
                left, top, width, height = box
                faces.append(Detection(left=left, top=top, width=width, height=height, confidence=min(confidence, 1.0)))
        return sorted(faces, key=lambda face: -face.confidence)


def greengrass_v1_publisher() -> Callable[[str, bytes], None]:
    """Returns a function that publishes a message on a topic through AWS IoT Greengrass v1.

    Raises:
        DeviceError: the Greengrass v1 library is not installed, or the program is no function of Greengrass v1.
    """
    try:
        client = _greengrasssdk().client("iot-data")
    except ImportError:
        # Its core brings the modules that the library's clients import.
        raise DeviceError(
            "status through greengrass-v1 needs this program to run as a function of AWS IoT Greengrass v1, whose "
            "support ended on 2026-10-07: set HOUSELIGHTS_STATUS=mqtts://HOST, or greengrass for Greengrass v2"
        ) from None

    def publish(topic: str, payload: bytes) -> None:
        client.publish(topic=topic, payload=payload)

    return publish


def _awscam() -> Any:
    try:
        import awscam  # type: ignore[import-not-found]  # on the device only
    except ImportError:
        raise DeviceError(
            "the source and the detector deeplens need an AWS DeepLens, whose library awscam is missing: "
            "choose another source or detector"
        ) from None
    return awscam


def _greengrasssdk() -> Any:
    try:
        import greengrasssdk
    except ImportError:
        raise DeviceError(
            "status through greengrass-v1 needs a library: install houselights[greengrass-v1]. AWS ended support of "
            "Greengrass v1 on 2026-10-07: mqtts://HOST, or greengrass for Greengrass v2, needs none of it"
        ) from None
    return greengrasssdk
