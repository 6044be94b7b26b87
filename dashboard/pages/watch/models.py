"""What a viewer's browser scores faces with: onnxruntime-web, our own scripts, and the models.

onnxruntime-web is put into the package when it is made (`hatch_build.py`); where it is missing, nobody can be measured.
The models are those of the cameras, made by a process of their own, because pages do not load that room.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from audience.errors import ModelUnavailable

TIMEOUT_S: Final = 120.0
"""For making the models: they load a network's runtime once."""

_PASSED_ON: Final = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
_HERE: Final = files(__package__ or "")
_RUNTIME: Final = _HERE / "runtime"
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class BrowserFile:
    """A file that the page loads.

    Attributes:
        content: its bytes, gzipped if `packed`.
        media_type: its type.
        packed: whether it is gzipped.
    """

    content: bytes
    media_type: str
    packed: bool = False


_SCRIPT: Final = "text/javascript; charset=utf-8"
NAMES: Final = ("worker.mjs", "scoring.mjs", "ort.mjs", "ort.wasm", "models")
"""The files there are."""


def can_measure() -> bool:
    """Whether browsers can score faces: onnxruntime-web is in the package."""
    return (_RUNTIME / "ort.mjs").is_file() and (_RUNTIME / "ort.wasm.gz").is_file()


@cache
def browser_file(name: str) -> BrowserFile:
    """One of `NAMES`; blocks while the models are made.

    Raises:
        ModelUnavailable: it is missing.
    """
    if name == "models":
        with _making:
            return BrowserFile(_models(), "application/octet-stream")
    try:
        if name == "ort.wasm":
            return BrowserFile((_RUNTIME / "ort.wasm.gz").read_bytes(), "application/wasm", packed=True)
        folder = _RUNTIME if name == "ort.mjs" else _HERE
        return BrowserFile(gzip.compress((folder / name).read_bytes(), 9, mtime=0), _SCRIPT, packed=True)
    except OSError:
        raise ModelUnavailable(f"{name} is missing: install Houselights again, with npm on this machine") from None


def _models() -> bytes:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        made = subprocess.run(
            [sys.executable, "-m", "edge_lambda.browser_models"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        raise ModelUnavailable("the models could not be made: install Houselights with its extra `edge`") from None
    return made.stdout
