"""Loads recognisers by name; each is imported on use, as it needs a heavy library and a model that is downloaded."""

from __future__ import annotations

from pathlib import Path

from audience.errors import InvalidValue
from edge_lambda.recognisers import DEFAULT_RECOGNISER, RECOGNISERS, Progress, Recogniser


def load_recogniser(
    name: str = DEFAULT_RECOGNISER,
    *,
    threads: int = 1,
    sface_model: Path | None = None,
    on_progress: Progress | None = None,
) -> Recogniser:
    """Loads a recogniser by name. Call it only where somebody enrolled.

    Args:
        name: one of `RECOGNISERS`.
        threads: threads per call, at least 1.
        sface_model: SFace's model file, which nothing downloads.
        on_progress: called with the bytes downloaded so far and all bytes, where dlib's model has to be downloaded.

    Raises:
        InvalidValue: no recogniser has that name.
        ModelUnavailable: its model is missing or is another one, or cannot be downloaded.
    """
    if name == "dlib":
        from edge_lambda.recognisers.dlib_resnet import DlibResNet

        return DlibResNet(threads=threads, on_progress=on_progress)
    if name == "sface":
        from edge_lambda.recognisers.sface import SFace

        return SFace(model=sface_model)
    raise InvalidValue(f"no recogniser is called {name!r}: choose one of {', '.join(RECOGNISERS)}")
