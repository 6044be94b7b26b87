"""The function's package: one folder with the sources it needs and all they import, for AWS Lambda to run as it is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audience.errors import DeploymentFailed
from houselights.deploying import ROOT
from houselights.deploying.pinned import pinned_requirements, run_uv

SOURCES = ("audience", "board_page", "ingest_lambda")

PYTHON = "3.13"
PLATFORM = "aarch64-manylinux_2_34"
"""The function's runtime and architecture in `infra/template.yaml`: Amazon Linux 2023, whose C library is 2.34."""

NOT_NEEDED = ("click", "platformdirs", "rich", "scipy")
"""What other parts of Houselights need; a test runs the packaged function without."""

LARGEST = 250 * 1024 * 1024
"""Bytes that AWS Lambda takes, unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that was made.

    Attributes:
        size: bytes in it.
        compiled: whether it holds bytecode, without which every start of the function compiles it anew.
    """

    size: int
    compiled: bool


def make_package(folder: Path, *, python: str = PYTHON, platform: str | None = PLATFORM) -> Package:
    """Makes the package anew, in place of what was in `folder`.

    Args:
        folder: where to.
        python: version of Python it is for.
        platform: what it is for, as uv names platforms; None for this machine.

    Raises:
        DeploymentFailed: a requirement cannot be had for that platform, or it all is too large for AWS Lambda.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    requirements = folder / "requirements.txt"
    requirements.write_text(pinned_requirements("ingest", without=NOT_NEEDED))
    options = ["--target", str(folder), "--python-version", python, "--only-binary", ":all:", "--no-deps"]
    if platform is not None:
        options += ["--python-platform", platform]
    run_uv("pip", "install", "--require-hashes", "--link-mode=copy", *options, "-r", str(requirements))
    for source in SOURCES:
        copy_sources(ROOT / source, folder / source)
    for spare in list(_spare(folder)):
        shutil.rmtree(spare)
    compiled = _compile(folder, python)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > LARGEST:
        raise DeploymentFailed(f"{folder} has {size} bytes, and AWS Lambda takes {LARGEST}: leave something out")
    return Package(size=size, compiled=compiled)


def copy_sources(source: Path, target: Path) -> None:
    """Copies a room with its data files, without what Python made of it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def _compile(folder: Path, python: str) -> bool:
    """Compiles the package where this machine has the Python it is for: bytecode is of a version, not of a platform."""
    try:
        interpreter = run_uv("python", "find", "--no-python-downloads", python).strip()
    except DeploymentFailed:
        return False
    # Bytecode is used as it is: times of files do not survive the way to AWS, and nothing can be written there.
    options = ["-q", "-j0", "--invalidation-mode", "unchecked-hash"]
    subprocess.run(
        [interpreter, "-I", "-m", "compileall", *options, str(folder)], check=False, stdout=subprocess.DEVNULL
    )
    return True


def _spare(folder: Path) -> Iterator[Path]:
    """What installed packages bring along and nobody imports: their tests and their programs."""
    yield from (found for found in folder.glob("*/**/tests") if found.is_dir() and found.name == "tests")
    if (folder / "bin").exists():
        yield folder / "bin"
