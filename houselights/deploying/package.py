"""Builds the package of the AWS Lambda functions: one folder with their sources and dependencies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audience.errors import DeploymentFailed
from houselights.deploying import ROOT
from houselights.deploying.uv import pinned_requirements, run_uv

SOURCES = ("audience", "board_page", "ingest_lambda")

PYTHON = "3.13"
RUNTIMES = ("3.11", "3.12", "3.13", "3.14")
"""Versions of Python that AWS Lambda has, and the template's parameter `Python` takes."""

PLATFORM = "aarch64-manylinux_2_34"
"""Runtime and architecture of the function in `infra/template.yaml`: Amazon Linux 2023, with glibc 2.34."""

SERVICES = ("dynamodb", "rekognition", "s3", "sns", "sqs", "sts", "xray")
"""AWS services that the functions ask; botocore brings the descriptions of over 400."""

NOT_NEEDED = ("click", "platformdirs", "rich", "scipy")
"""Dependencies of other parts of Houselights; a test runs the packaged function without them."""

LARGEST = 250 * 1024 * 1024
"""AWS Lambda's limit for an unpacked package, bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A built package.

    Attributes:
        size: size, bytes.
        python: the version of Python that it is for.
        compiled: whether it contains bytecode; without it every start of the function compiles the sources again.
    """

    size: int
    python: str
    compiled: bool


def python_for_package() -> str:
    """The version of Python to build for: `PYTHON`, or this machine's own where `PYTHON` is not installed.

    Only an interpreter of a version makes bytecode that this version runs, and AWS Lambda has all of `RUNTIMES`.
    """
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return own if _interpreter(PYTHON) is None and own in RUNTIMES else PYTHON


def make_package(folder: Path, *, python: str = PYTHON, platform: str | None = PLATFORM) -> Package:
    """Builds the package, and replaces the content of `folder`.

    Args:
        folder: output folder.
        python: target Python version.
        platform: target platform, as uv names it; None for this machine.

    Raises:
        DeploymentFailed: a requirement is not available for the platform, or the package is too large for AWS Lambda.
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
    for unneeded in list(_unneeded(folder)):
        shutil.rmtree(unneeded)
    compiled = _compile(folder, python)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > LARGEST:
        raise DeploymentFailed(
            f"{folder} has {size:,} bytes, over AWS Lambda's limit of {LARGEST}: leave something out"
        )
    return Package(size=size, python=python, compiled=compiled)


def copy_sources(source: Path, target: Path) -> None:
    """Copies a source folder with its data files, without bytecode."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def _interpreter(python: str) -> str | None:
    """The path of an installed interpreter of a version, or None."""
    try:
        return run_uv("python", "find", "--no-python-downloads", python).strip()
    except DeploymentFailed:
        return None


def _compile(folder: Path, python: str) -> bool:
    """Compiles the package if its Python version is installed here; bytecode is the same on all platforms."""
    interpreter = _interpreter(python)
    if interpreter is None:
        return False
    # Unchecked bytecode: file times change in the upload to AWS, and Lambda's file system is read-only.
    options = ["-q", "-j0", "--invalidation-mode", "unchecked-hash"]
    subprocess.run(
        [interpreter, "-I", "-m", "compileall", *options, str(folder)], check=False, stdout=subprocess.DEVNULL
    )
    return True


def _unneeded(folder: Path) -> Iterator[Path]:
    """The tests and programs of installed packages, which nobody imports, and services that nobody asks."""
    yield from (found for found in folder.glob("*/**/tests") if found.is_dir() and found.name == "tests")
    if (folder / "bin").exists():
        yield folder / "bin"
    services = folder / "botocore" / "data"
    if services.exists():
        yield from (found for found in services.iterdir() if found.is_dir() and found.name not in SERVICES)
