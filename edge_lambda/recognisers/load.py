"""Loads recognisers by name; each is imported on use, as it needs a heavy library and a model that is downloaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from audience.errors import InvalidValue, ModelUnavailable
from edge_lambda.recognisers import DEFAULT_RECOGNISER, RECOGNISERS, Progress, Recogniser

SFACE_VARIABLE: Final = "HOUSELIGHTS_SFACE_MODEL"
"""Names SFace's model file, which nothing downloads."""


def load_recogniser(
    name: str = DEFAULT_RECOGNISER,
    *,
    threads: int = 1,
    on_progress: Progress | None = None,
) -> Recogniser:
    """Loads a recogniser by name. Call it only where somebody enrolled. SFace is read from `SFACE_VARIABLE`.

    Args:
        name: one of `RECOGNISERS`.
        threads: threads per call, at least 1.
        on_progress: called with the bytes downloaded so far and all bytes, where dlib's model has to be downloaded.

    Raises:
        InvalidValue: no recogniser has that name.
        ModelUnavailable: its model is missing or is another one, or cannot be downloaded.
    """
    if name == "dlib":
        from edge_lambda.recognisers.dlib_resnet import DlibResNet

        return DlibResNet(threads=threads, on_progress=on_progress)
    if name == "sface":
        from edge_lambda.recognisers.sface import MODEL_URL, SFace

        if not (named := os.environ.get(SFACE_VARIABLE)):
            raise ModelUnavailable(
                f"no SFace model is named: download {MODEL_URL} and put its path in {SFACE_VARIABLE}"
            )
        return SFace(model=Path(named))
    raise InvalidValue(f"no recogniser is called {name!r}: choose one of {', '.join(RECOGNISERS)}")
