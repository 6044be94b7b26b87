"""What `uv.lock` pins, as a list that pip and uv install from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from audience.errors import DeploymentFailed
from houselights.deploying import ROOT

UV = Path(sys.executable).parent / "uv"


def pinned_requirements(*extras: str, without: Sequence[str] = ()) -> str:
    """The project's requirements, each of one version with the hashes of its files.

    Args:
        extras: of the project.
        without: packages to leave out, with what only they need.

    Returns:
        The text of a requirements file for any platform: markers say what is for which.

    Raises:
        DeploymentFailed: uv is not there or refuses.
    """
    options = [*(f"--extra={extra}" for extra in extras), *(f"--prune={package}" for package in without)]
    return run_uv("export", "--frozen", "--no-dev", "--no-emit-project", "--no-annotate", "--no-header", *options)


def run_uv(*arguments: str) -> str:
    """Runs the environment's uv on this project, and returns what it printed.

    Raises:
        DeploymentFailed: uv is not there or refuses.
    """
    if not UV.exists():
        raise DeploymentFailed(f"{UV} is not there: run this through make, which brings uv along")
    command = [str(UV), *arguments, "--project", str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if result.returncode:
        raise DeploymentFailed(f"`uv {arguments[0]}` failed: {result.stderr.strip() or 'it does not say why'}")
    return result.stdout
