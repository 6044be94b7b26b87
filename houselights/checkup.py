"""Checks what works on this machine, for `houselights doctor`."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from audience.errors import HouselightsError
from houselights.leftovers import find_leftovers

State = Literal["ok", "missing", "broken", "left"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox")
_OPENCV_WHEELS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Result of one check.

    Attributes:
        what: what was checked.
        state: "ok"; "missing": something optional is absent; "broken": something required does not work; "left": files
            that can be removed.
        says: what was found.
        do: how to fix it; "" if there is nothing to do.
    """

    what: str
    state: State
    says: str
    do: str = ""

    def as_json(self) -> dict[str, str]:
        """The result as a JSON object."""
        return asdict(self)


def checkup(store_url: str) -> list[Finding]:
    """Runs all checks, in the order a user needs the parts; never raises."""
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("Python", _python),
        ("OpenCV", _opencv),
        ("video", _video),
        ("detector libfacedetection", _libfacedetection),
        ("detector centerface", _centerface),
        ("detector yunet", _yunet),
        ("detector haar", _haar),
        ("scorer expressionnet", _expressionnet),
        ("reports to Microsoft", _reports),
        ("store", lambda: _store(store_url)),
        ("camera", _camera),
        ("pages", _pages),
        ("browser", _browser),
    )
    findings = []
    for what, check in checks:
        try:
            findings.append(check())
        except HouselightsError as problem:
            findings.append(Finding(what=what, state="broken", says=str(problem)))
        except ImportError as problem:
            do = "Install Houselights with its extra `edge`."
            findings.append(Finding(what=what, state="broken", says=f"not installed: {problem}", do=do))
    return findings


def _python() -> Finding:
    return Finding(what="Python", state="ok", says=f"{sys.version.split()[0]} at {sys.executable}")


def _opencv() -> Finding:
    import cv2

    wheels = []
    for wheel in _OPENCV_WHEELS:
        with _ignoring_absence():
            wheels.append(f"{wheel} {metadata.version(wheel)}")
    if len(wheels) > 1:
        return Finding(
            what="OpenCV",
            state="broken",
            says=f"{len(wheels)} wheels overwrite each other: {', '.join(wheels)}",
            do="Keep one: uninstall them all, then install Houselights again.",
        )
    return Finding(what="OpenCV", state="ok", says=f"{cv2.__version__} ({', '.join(wheels) or 'not from a wheel'})")


def _video() -> Finding:
    import av

    if "libx264" not in av.codecs_available:
        return Finding(
            what="video",
            state="missing",
            says=f"PyAV {av.__version__} reads video, but cannot write H.264: no --preview",
        )
    return Finding(what="video", state="ok", says=f"PyAV {av.__version__} reads video and writes H.264")


def _libfacedetection() -> Finding:
    from edge_lambda.detectors.libfacedetection import WEIGHTS
    from edge_lambda.detectors.load import load_detector

    load_detector("libfacedetection", threads=1)
    return Finding(what="detector libfacedetection", state="ok", says=_file(Path(str(WEIGHTS.file))))


def _centerface() -> Finding:
    from edge_lambda.detectors.centerface import WEIGHTS
    from edge_lambda.detectors.load import load_detector

    load_detector("centerface", threads=1)
    return Finding(what="detector centerface", state="ok", says=_file(Path(str(WEIGHTS.file))))


def _yunet() -> Finding:
    from edge_lambda.detectors.yunet import MODEL_SHA256, cached_model

    path = cached_model()
    if not path.exists():
        return Finding(
            what="detector yunet",
            state="missing",
            says="its model is not on this machine (optional: finds a few more far faces)",
            do="`houselights doctor --fetch` downloads it.",
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != MODEL_SHA256:
        return Finding(
            what="detector yunet", state="broken", says=f"{path} is not the expected model", do=f"Delete {path}."
        )
    return Finding(what="detector yunet", state="ok", says=_file(path))


def _haar() -> Finding:
    from edge_lambda.detectors.load import load_detector

    load_detector("haar")
    return Finding(what="detector haar", state="ok", says="the cascade file is part of OpenCV; frontal faces only")


def _expressionnet() -> Finding:
    from edge_lambda.scorers import load_scorer

    scorer = load_scorer("expressionnet")
    experimental = f"; experimental: {', '.join(sorted(scorer.experimental))}" if scorer.experimental else ""
    return Finding(
        what="scorer expressionnet",
        state="ok",
        says=f"{scorer.name}, model sha256 {scorer.model_sha256[:16]}{experimental}",
    )


def _reports() -> Finding:
    left = find_leftovers().files
    if not left:
        return Finding(what="reports to Microsoft", state="ok", says="onnxruntime's are switched off")
    return Finding(
        what="reports to Microsoft",
        state="left",
        says=f"onnxruntime's are switched off, but earlier runs left an id and events: {', '.join(map(str, left))}",
        do="`houselights doctor --yes` removes only these files.",
    )


def _store(store_url: str) -> Finding:
    from audience.stores import open_store

    with open_store(store_url) as store:
        count = len(store.sessions())
    return Finding(
        what="store", state="ok", says=f"{store_url} opens, with {count} {'session' if count == 1 else 'sessions'}"
    )


def _camera() -> Finding:
    """Lists cameras without opening one, so that no camera light turns on."""
    if not sys.platform.startswith("linux"):
        return Finding(what="camera", state="ok", says="not checked on this system: try `houselights watch webcam:0`")
    cameras = sorted(path.name for path in Path("/dev").glob("video*"))
    if not cameras:
        return Finding(
            what="camera",
            state="missing",
            says="no webcam is connected",
            do="Connect one for `houselights watch webcam:0`, or watch rtsp://… or file:… instead.",
        )
    return Finding(what="camera", state="ok", says=f"found {', '.join(cameras)} (webcam:0 is the first)")


def _pages() -> Finding:
    try:
        return Finding(what="pages", state="ok", says=f"Streamlit {metadata.version('streamlit')}")
    except metadata.PackageNotFoundError:
        return Finding(
            what="pages",
            state="missing",
            says="Streamlit is not installed, so the dashboard cannot run",
            do="Install Houselights with its extra `dashboard`.",
        )


def _browser() -> Finding:
    found = [browser for browser in _BROWSERS if shutil.which(browser)]
    if found:
        return Finding(what="browser", state="ok", says=f"{found[0]} at {shutil.which(found[0])}")
    return Finding(
        what="browser",
        state="missing",
        says="none found on the path (only needed by the project's tests)",
        do="On Debian: apt-get install chromium",
    )


def _file(path: Path) -> str:
    return f"{path}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


@contextmanager
def _ignoring_absence() -> Iterator[None]:
    try:
        yield
    except metadata.PackageNotFoundError:
        return
