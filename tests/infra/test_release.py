"""A release: what lies in the wheel, what its changelog says, and when none is made."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from datetime import date
from email import message_from_bytes
from importlib import metadata
from pathlib import Path

import pytest

from audience.errors import DeploymentFailed
from houselights.deploying import ROOT
from houselights.deploying.release import CHANGELOG, PROJECT, current_version, dated_changelog, make_release
from tests.architecture.shape import PRODUCT

WEIGHTS = {"edge_lambda/models/centerface.onnx", "edge_lambda/models/libfacedetection.safetensors"}
RUNTIME = {"dashboard/pages/watch/runtime/ort.mjs", "dashboard/pages/watch/runtime/ort.wasm.gz"}
"""What npm brings, where it is there."""
LICENCES = {"LICENSE", "NOTICE", "THIRD_PARTY_LICENSES.md"}
PACKAGES = set(PRODUCT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def in_git(*packages: str) -> set[str]:
    """The files of some folders, those not yet committed included and those that git ignores not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *packages]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return {path for path in listed if (ROOT / path).exists()}


def top_levels(names: list[str]) -> set[str]:
    return {name.split("/")[0] for name in names if ".dist-info/" not in name}


def test_the_wheel_has_every_file_of_its_packages_and_no_other(wheel: zipfile.ZipFile) -> None:
    """Pages' scripts and styles, sample sessions, the board's page, models; nothing that git does not know."""
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}
    runtime = {name for name in RUNTIME if (ROOT / name).exists()}
    assert files == in_git(*top_levels(wheel.namelist())) | WEIGHTS | runtime
    assert top_levels(wheel.namelist()) >= PACKAGES
    needed = {Path(name).suffix for name in files}
    assert needed >= {".py", ".css", ".js", ".mjs", ".html", ".svg", ".toml", ".onnx"}


def test_what_signing_in_is_kept_secret_by_is_neither_committed_nor_in_the_wheel() -> None:
    command = ["git", "check-ignore", "--quiet", "dashboard/.streamlit/secrets.toml"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_the_licences_go_along_that_of_the_weights_included(wheel: zipfile.ZipFile) -> None:
    kept = {Path(name).name: name for name in wheel.namelist() if ".dist-info/licenses/" in name}
    assert kept.keys() == LICENCES
    notice = wheel.read(kept["NOTICE"]).decode()
    assert "Copyright (c) 2019 StarClouds" in notice
    assert "Shiqi Yu, all rights reserved" in notice
    assert "Copyright (c) Microsoft Corporation" in notice
    assert "The above copyright notice and this permission notice shall be included" in notice


def test_pip_brings_one_opencv_and_no_ffmpeg_program(wheel: zipfile.ZipFile) -> None:
    """pip knows none of uv's overrides: whatever the wheel asks for, and what that asks for, is what it installs."""
    (path,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    wanted = message_from_bytes(wheel.read(path)).get_all("Requires-Dist", [])
    assert "override-dependencies" not in PROJECT.read_text()
    found: set[str] = set()
    waiting = [re.split(r"[^\w.-]", line)[0].lower() for line in wanted]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            asked = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of another system, or of an extra that is not installed here
            continue
        waiting += [re.split(r"[^\w.-]", line)[0].lower() for line in asked if "extra ==" not in line]
    assert "opencv-python-headless" in found
    assert found.isdisjoint({"opencv-python", "opencv-contrib-python", "imageio-ffmpeg"})


def test_nothing_it_is_installed_with_has_modules_of_the_same_names(wheel: zipfile.ZipFile) -> None:
    """The names are common words: the package installed last would overwrite the other's files."""
    ours = top_levels(wheel.namelist())
    others = {name: set(owners) - {"houselights"} for name, owners in metadata.packages_distributions().items()}
    assert {name: owners for name, owners in others.items() if name in ours and owners} == {}


def test_the_changelog_of_a_release_has_its_version_and_day() -> None:
    before = "# Changes\n\n## Unreleased\n\n- A thing.\n\n## 0.1.0, 2026-01-02\n\n- Another.\n"
    after = dated_changelog(before, "0.2.0", date(2026, 5, 4))
    assert after == before.replace("## Unreleased", "## 0.2.0, 2026-05-04")


@pytest.mark.parametrize("changelog", ["# Changes\n", "## Unreleased\n\n## 0.1.0, 2026-01-02\n\n- Another.\n"])
def test_without_a_change_nothing_is_released(changelog: str) -> None:
    with pytest.raises(DeploymentFailed, match="nothing under"):
        dated_changelog(changelog, "0.2.0", date(2026, 5, 4))


def test_the_changelog_has_a_section_for_the_next_release_or_is_of_this_one() -> None:
    text = CHANGELOG.read_text()
    assert "## Unreleased\n" in text or f"## {current_version(PROJECT.read_text())}, " in text


def test_the_command_says_the_version_of_the_project() -> None:
    assert metadata.version("houselights") == current_version(PROJECT.read_text())


def test_changes_that_are_not_committed_are_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (["init", "--quiet"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "secrets.toml").write_text("password = 1")
    monkeypatch.setattr("houselights.deploying.release.ROOT", tmp_path)
    with pytest.raises(DeploymentFailed, match=r"secrets\.toml is not committed"):
        make_release(None, date(2026, 5, 4), print)
