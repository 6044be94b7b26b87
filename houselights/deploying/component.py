"""The component for AWS IoT Greengrass: a recipe, and an artifact with the sources and the list of what they need."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

from houselights.deploying import ROOT
from houselights.deploying.aws import told
from houselights.deploying.pinned import pinned_requirements

RECIPE = ROOT / "infra" / "greengrass" / "recipe.yaml"
SOURCES = ("audience", "edge_lambda")
EXTRAS = ("edge", "device", "greengrass")
NAME = "houselights.Camera"
BUCKET = "${BUCKET}"
"""Stands in the recipe for the name of the bucket that the artifact is fetched from."""

_THE_SAME_EACH_TIME = (1980, 1, 1, 0, 0, 0)


def make_component(folder: Path, *, version: str, bucket: str | None = None) -> tuple[Path, Path]:
    """Makes the component anew, in place of what was in `folder`.

    Args:
        folder: where to.
        version: the component's, three numbers with dots.
        bucket: where the artifact will lie; None leaves `BUCKET` for somebody else to fill in.

    Returns:
        The recipe and the artifact. The same sources give the same bytes.

    Raises:
        DeploymentFailed: uv is not there or refuses.
    """
    shutil.rmtree(folder, ignore_errors=True)
    artifact = folder / artifact_key(version)
    artifact.parent.mkdir(parents=True)
    with zipfile.ZipFile(artifact, "w") as archive:
        _add(archive, "requirements.txt", pinned_requirements(*EXTRAS).encode())
        for file in sorted(file for source in SOURCES for file in (ROOT / source).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                _add(archive, file.relative_to(ROOT).as_posix(), file.read_bytes())
    recipe = folder / "recipe.yaml"
    text = RECIPE.read_text(encoding="utf-8").replace("${VERSION}", version)
    recipe.write_text(text.replace(BUCKET, bucket) if bucket else text, encoding="utf-8")
    return recipe, artifact


def send_component(session: Any, artifact: Path, *, bucket: str, version: str) -> str:
    """Puts the artifact where the recipe says it is, and returns that address.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    with told(session):
        # Not by a key of KMS that pictures may have: a camera decrypts nothing, and this it is to fetch.
        session.client("s3").put_object(
            Bucket=bucket, Key=artifact_key(version), Body=artifact.read_bytes(), ServerSideEncryption="AES256"
        )
    return f"s3://{bucket}/{artifact_key(version)}"


def artifact_key(version: str) -> str:
    """The artifact's key in the bucket, and its path under the folder."""
    return f"components/{NAME}/{version}/camera.zip"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _THE_SAME_EACH_TIME)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
