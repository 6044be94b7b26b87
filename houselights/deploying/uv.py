"""Runs uv, and exports the pinned requirements of `uv.lock`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from audience.errors import DeploymentFailed
from houselights.deploying import ROOT

UV = Path(sys.executable).parent / "uv"


def pinned_requirements(*extras: str, without: Sequence[str] = ()) -> str:
    """Exports the project's requirements, each with one version and the hashes of its files.

    Args:
        extras: the project's extras to include.
        without: packages to leave out, with the dependencies that only they need.

    Returns:
        The text of a requirements file for all platforms, with platform markers.

    Raises:
        DeploymentFailed: uv is missing or fails.
    """
    options = [*(f"--extra={extra}" for extra in extras), *(f"--prune={package}" for package in without)]
    return run_uv("export", "--frozen", "--no-dev", "--no-emit-project", "--no-annotate", "--no-header", *options)


def run_uv(*arguments: str) -> str:
    """Runs the environment's uv on this project, and returns its output.

    Raises:
        DeploymentFailed: uv is missing or fails.
    """
    if not UV.exists():
        raise DeploymentFailed(f"{UV} is missing: run this through make, which installs uv")
    command = [str(UV), *arguments, "--project", str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if result.returncode:
        raise DeploymentFailed(f"`uv {arguments[0]}` failed: {result.stderr.strip() or 'no error message'}")
    return result.stdout
