"""Photos that people enrol with, or search by: measured in a process of its own, and kept nowhere.

A photo from the internet is decoded by C libraries, and finding a face needs models that pages do not load. So
`python -m edge_lambda.recognisers` does both, in a process with limits on memory and time; if it ends, the next photo
starts another. Photos and results pass through pipes and touch no disk.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue, ModelUnavailable
from audience.identity.records import PhotoQuality
from audience.identity.sealed import Vector
from audience.language import N_

LARGEST: Final = 8 << 20
"""Bytes of a photo."""

TIMEOUT_S: Final = 20.0
"""For one photo. The first one also loads the detector."""

TEMPLATE_TIMEOUT_S: Final = 300.0
"""For one photo and its template. The first one also loads the recogniser, which is downloaded once."""

BUSY: Final = N_("Other photos are being looked at: try again in a moment.")

LONGEST_WAIT_S: Final = 10.0
"""How long a photo waits for those before it. While the recogniser is downloaded, others are refused after this."""

_HEADER: Final = 8

_PASSED_ON: Final = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "HOUSELIGHTS_RECOGNISER",
    "HOUSELIGHTS_SFACE_MODEL",
    *(name for proxy in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (proxy, proxy.upper())),
)
"""Variables of the environment that the process gets: none that holds a secret of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPhoto:
    """What was found on a photo.

    Attributes:
        problem: one sentence on what to do better; "" where the photo can be used.
        quality: what was measured on the face; None where there is none, or more than one.
        vector: its template; None where it was not asked for or the photo cannot be used.
        recogniser: the model that made the template; "" for none.
        strangers: m x size, that model's (`audience.identity.matching`); None without a template.
        face: a small JPEG of the face, head and shoulders; b"" where the photo cannot be used.
    """

    problem: str
    quality: PhotoQuality | None = None
    vector: Vector | None = None
    recogniser: str = ""
    strangers: NDArray[np.float32] | None = None
    face: bytes = b""


class PhotoReader(Protocol):
    """Measures photos."""

    def read(self, photo: bytes, *, template: bool) -> MeasuredPhoto:
        """Measures one photo; blocks.

        Args:
            photo: of any format that browsers send; anything.
            template: whether to make its template too.

        Raises:
            InvalidValue: it is too large.
            ModelUnavailable: the models cannot be loaded, or took too long; or too many photos wait.
        """
        ...


class PhotoProcess:
    """A `PhotoReader` in a process that is started with the first photo. Safe to use from several threads."""

    def __init__(self) -> None:
        """Creates the object without I/O."""
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, photo: bytes, *, template: bool) -> MeasuredPhoto:
        if len(photo) > LARGEST:
            raise InvalidValue(f"A photo has at most {LARGEST >> 20} MB.")
        if not self._one_at_a_time.acquire(timeout=LONGEST_WAIT_S):
            raise ModelUnavailable(BUSY)
        try:
            process = self._process
            if process is None or process.poll() is not None:
                process = self._process = _start()
            try:
                answer = _ask(process, photo, template=template)
            except (OSError, EOFError, TimeoutError):
                self.close()
                raise ModelUnavailable("This photo could not be looked at: try another one.") from None
        finally:
            self._one_at_a_time.release()
        return _measured(answer)

    def close(self) -> None:
        """Ends the process; the next photo starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@cache
def photos() -> PhotoProcess:
    """The one process of this server."""
    return PhotoProcess()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge_lambda.recognisers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _ask(process: subprocess.Popen[bytes], photo: bytes, *, template: bool) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    request = json.dumps({"template": template, "size": len(photo)}).encode()
    process.stdin.write(len(request).to_bytes(_HEADER, "big") + request + photo)
    process.stdin.flush()
    within_s = TEMPLATE_TIMEOUT_S if template else TIMEOUT_S
    size = int.from_bytes(_receive(process.stdout.fileno(), _HEADER, within_s), "big")
    answer: dict[str, Any] = json.loads(_receive(process.stdout.fileno(), size, within_s))
    return answer


def _receive(file: int, size: int, within_s: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        if not select.select([file], [], [], within_s)[0]:
            raise TimeoutError
        part = os.read(file, size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def _measured(answer: dict[str, Any]) -> MeasuredPhoto:
    if line := answer.get("unavailable"):
        raise ModelUnavailable(line)
    has_template = "vector" in answer
    return MeasuredPhoto(
        problem=answer["problem"],
        quality=PhotoQuality(**answer["quality"]) if answer.get("quality") else None,
        vector=_unpacked(answer["vector"]) if has_template else None,
        strangers=np.stack([_unpacked(row) for row in answer["strangers"]]) if has_template else None,
        recogniser=answer.get("recogniser", ""),
        face=base64.b64decode(answer.get("face", "")),
    )


def _unpacked(vector: str) -> Vector:
    return np.frombuffer(base64.b64decode(vector), dtype="<f4").astype(np.float32)
