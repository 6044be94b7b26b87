"""Stand-ins for `awscam` and `greengrasssdk`, which are on an AWS DeepLens only, as their documentation describes them.

AWS DeepLens Developer Guide, "AWS DeepLens Device Library"; AWS IoT Greengrass Core SDK for Python 1.6.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edge_lambda.detectors import Image


class DeepLens:
    """A device that shows what a test tells it to.

    Attributes:
        frame: what the camera sees: what `getLastFrame` gives; None where it gives none.
        fault: what `getLastFrame` raises; None for nothing.
        hangs: set to let go of a `getLastFrame` that hangs; None where none does.
        faces: what the model finds, in pixels of its input: (xmin, ymin, xmax, ymax, prob), or whole results.
        model_fault: what loading a model raises; None for nothing.
        loaded: paths and configurations of the models that were loaded.
        looked_at: pictures the model was given.
        published: topics and payloads, through Greengrass.
        refusal: what publishing raises; None for nothing.
    """

    def __init__(self) -> None:
        self.frame: Image | None = np.zeros((1080, 1920, 3), np.uint8)
        self.fault: Exception | None = None
        self.hangs: threading.Event | None = None
        self.faces: Sequence[tuple[float, ...] | dict[str, Any]] = ()
        self.model_fault: Exception | None = None
        self.loaded: list[tuple[str, dict[str, int]]] = []
        self.looked_at: list[Image] = []
        self.published: list[tuple[str, bytes]] = []
        self.refusal: Exception | None = None

    def put_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Makes this machine the device, for as long as the test lasts."""
        awscam, sdk = ModuleType("awscam"), ModuleType("greengrasssdk")
        awscam.getLastFrame = self._last_frame  # type: ignore[attr-defined]
        awscam.Model = self._model  # type: ignore[attr-defined]
        sdk.client = self._client  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "awscam", awscam)
        monkeypatch.setitem(sys.modules, "greengrasssdk", sdk)

    def _last_frame(self) -> tuple[bool, Image | None]:
        if self.hangs is not None:
            self.hangs.wait()
        if self.fault is not None:
            raise self.fault
        return self.frame is not None, self.frame

    def _model(self, model_topology_file: str, loading_config: dict[str, int], runtime: int = 0) -> _Model:
        if self.model_fault is not None:
            raise self.model_fault
        assert isinstance(model_topology_file, str), "a library written in C takes no Path"
        self.loaded.append((model_topology_file, loading_config))
        return _Model(self)

    def _client(self, name: str) -> _IotData:
        assert name == "iot-data"
        return _IotData(self)


class _Model:
    def __init__(self, device: DeepLens) -> None:
        self._device = device

    def doInference(self, video_frame: Image) -> dict[str, Any]:
        self._device.looked_at.append(video_frame)
        return {"detection_out": self._device.faces}

    def parseResult(self, model_type: str, raw_infer_result: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        names = ("xmin", "ymin", "xmax", "ymax", "prob")
        found = [
            one if isinstance(one, dict) else {"label": 1, **dict(zip(names, one, strict=True))}
            for one in raw_infer_result["detection_out"]
        ]
        return {model_type: found}


class _IotData:
    def __init__(self, device: DeepLens) -> None:
        self._device = device

    def publish(self, *, topic: str, payload: bytes) -> None:
        if self._device.refusal is not None:
            raise self._device.refusal
        self._device.published.append((topic, payload))
