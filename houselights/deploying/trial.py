"""Installs a wheel into an empty environment and runs what a newcomer runs: version, doctor, demo and report."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from audience.errors import DeploymentFailed

EXTRA = "demo"
PATIENCE_S = 600.0
"""How long the demo may take until it answers, and until it ends."""

_SERVED = {"/": '<div id="root">', "/_stcore/health": "ok", "/live/demo": "stages", "/live/demo/live.json": '"stages"'}
"""What of the demo's server is looked at: the pages, and the public board of its festival; each with a text in it."""

_FIRST_PAGE = """
from importlib import resources
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(str(resources.files("dashboard") / "pages" / "navigation.py"), default_timeout=60).run()
print(*[error.message for error in app.exception], *[link.proto.label for link in app.get("page_link")], sep="; ")
"""

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine is reached through no proxy
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_KEPT = ("PATH", "LANG", "PIP_", "SSL_", "HTTP_", "HTTPS_", "http_proxy", "https_proxy", "no_proxy", "TMPDIR")


def try_wheel(wheel: Path, version: str, folder: Path, on_progress: Callable[[str], None]) -> None:
    """Installs the wheel with plain pip, and runs it apart from the checkout and from this user's files.

    Args:
        wheel: path of the wheel.
        version: the version that it should say it has.
        folder: empty folder for the environment, and for all that the commands write.
        on_progress: called with what is done next, one line.

    Raises:
        DeploymentFailed: it cannot be installed, or a command or page of it fails.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    environment |= {"HOME": str(folder), "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1"}
    on_progress(f"Installing it with pip into {folder}")
    _run([sys.executable, "-m", "venv", "venv"], folder, environment)
    program = folder / "venv" / "bin"
    _run([str(program / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[{EXTRA}]"], folder, environment)
    command = str(program / "houselights")
    said = _run([command, "--version"], folder, environment)
    if version not in said:
        raise DeploymentFailed(f"{wheel.name} says {said.strip()!r}, not version {version}")
    on_progress("Running doctor")
    _run([command, "doctor"], folder, environment)
    on_progress("Running the demo: it scores a clip and serves the pages")
    _demo(command, folder, environment)


def _demo(command: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Runs the demo until a page and the board of its festival answer; its clip must be scored by then."""
    output = folder / "demo.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            [command, "demo"], cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    try:
        address = _address(process, output)
        for path, expected in _SERVED.items():
            page = _page(address + path)
            if expected not in page:
                raise DeploymentFailed(f"the demo's page {path} does not contain {expected!r}: {page[:200]!r}")
    finally:
        # As Ctrl-C in a terminal does: it reaches everything that was started from it.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        code = _ended(process)
    if code:
        raise DeploymentFailed(f"the demo ended with exit code {code}: {output.read_text()[-500:]}")
    store = re.search(r"sqlite:///\S+", output.read_text())
    if store is None:
        raise DeploymentFailed(f"the demo did not name its store: {output.read_text()[-500:]}")
    python = str(Path(command).with_name("python"))
    page = _run([python, "-c", _FIRST_PAGE], folder, {**environment, "HOUSELIGHTS_STORE": store[0]})
    for title in ("Demo clip", "Why bridges hum"):
        if title not in page:
            raise DeploymentFailed(f"the first page does not show the session {title!r}: {page[-500:]}")
    _run([command, "report", "demo-clip", "--to", "report.pdf", "--store", store[0]], folder, environment)


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise DeploymentFailed(f"the demo did not end {PATIENCE_S:.0f} s after Ctrl-C") from None


def _address(process: subprocess.Popen[bytes], output: Path) -> str:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        if found := _ADDRESS.search(output.read_text()):
            return found[0]
        time.sleep(0.2)
    raise DeploymentFailed(f"the demo served no page: {output.read_text()[-500:]}")


def _page(address: str) -> str:
    try:
        with _DIRECTLY.open(address, timeout=30) as answer:
            content: bytes = answer.read()
    except (urllib.error.URLError, OSError) as problem:
        raise DeploymentFailed(f"the demo does not answer at {address}: {problem}") from None
    return content.decode("utf-8", "replace")


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        said = (result.stderr or result.stdout).strip()[-500:]
        raise DeploymentFailed(f"`{Path(command[0]).name} {' '.join(command[1:])}` failed: {said}")
    return result.stdout
