"""Makes a release: sets the version, dates the changelog, builds wheel and source archive, and tries the wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from audience.errors import DeploymentFailed
from houselights.deploying import ROOT
from houselights.deploying.trial import try_wheel
from houselights.deploying.uv import run_uv

DIST = ROOT / "dist"
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "uv.lock"
CHANGELOG = ROOT / "CHANGELOG.md"

_UNRELEASED = "## Unreleased"
_VERSION = re.compile(r"\d+\.\d+\.\d+(rc\d+)?")
_VERSION_LINE = re.compile(r'^version = "([^"]*)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What was built and tried.

    Attributes:
        version: its version.
        wheel: path of the wheel, which was built from the source archive.
        archive: path of the source archive.
    """

    version: str
    wheel: Path
    archive: Path


def build(on_progress: Callable[[str], None]) -> Release:
    """Builds the source archive, and from it the wheel, into `DIST`; installs the wheel and runs its demo.

    Args:
        on_progress: called with what is done next, one line.

    Raises:
        DeploymentFailed: something cannot be built, or does not run from the wheel.
    """
    version = current_version(PROJECT.read_text(encoding="utf-8"))
    on_progress(f"Building {version}")
    shutil.rmtree(DIST, ignore_errors=True)
    run_uv("build", "--quiet", "--out-dir", str(DIST))
    release = Release(
        version=version,
        wheel=DIST / f"houselights-{version}-py3-none-any.whl",
        archive=DIST / f"houselights-{version}.tar.gz",
    )
    with tempfile.TemporaryDirectory() as folder:
        try_wheel(release.wheel, version, Path(folder), on_progress)
    return release


def make_release(version: str | None, today: date, on_progress: Callable[[str], None]) -> Release:
    """Sets version and date, then builds. Where that fails the files are as they were. Commits and publishes nothing.

    Args:
        version: the version to release; None for the one in `PROJECT`.
        today: date of the release.
        on_progress: called with what is done next, one line.

    Raises:
        DeploymentFailed: files are not committed, the version is already released or not of the form 1.2.3, the
            changelog has nothing to release, or `build` fails.
    """
    if changed := _git("status", "--porcelain"):
        raise DeploymentFailed(f"{changed.splitlines()[0][3:]} is not committed: commit all changes or remove them")
    before = {file: file.read_text(encoding="utf-8") for file in (PROJECT, LOCK, CHANGELOG)}
    version = version or current_version(before[PROJECT])
    if not _VERSION.fullmatch(version):
        raise DeploymentFailed(f"version {version!r} is not of the form 1.2.3 or 1.2.3rc1")
    if _git("tag", "--list", f"v{version}"):
        raise DeploymentFailed(f"version {version} is already released: choose another with version=1.2.3")
    dated = dated_changelog(before[CHANGELOG], version, today)
    try:
        CHANGELOG.write_text(dated, encoding="utf-8")
        PROJECT.write_text(_VERSION_LINE.sub(f'version = "{version}"', before[PROJECT], count=1), encoding="utf-8")
        run_uv("lock", "--quiet")
        return build(on_progress)
    except BaseException:
        for file, content in before.items():
            file.write_text(content, encoding="utf-8")
        raise


def current_version(project: str) -> str:
    """The version in the text of `PROJECT`."""
    found = _VERSION_LINE.search(project)
    if found is None:
        raise DeploymentFailed(f"{PROJECT.name} has no version")
    return found[1]


def dated_changelog(changelog: str, version: str, day: date) -> str:
    """Turns the section of unreleased changes into that of a version.

    Raises:
        DeploymentFailed: there is no such section, or nothing in it.
    """
    before, heading, rest = changelog.partition(f"{_UNRELEASED}\n")
    section = rest.partition("\n## ")[0]
    if not heading or not section.strip():
        raise DeploymentFailed(f"{CHANGELOG.name} has nothing under '{_UNRELEASED}': say what changed")
    return f"{before}## {version}, {day.isoformat()}\n{rest}"


def _git(*arguments: str) -> str:
    result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        raise DeploymentFailed(f"`git {arguments[0]}` failed: {result.stderr.strip()}")
    return result.stdout.rstrip()
