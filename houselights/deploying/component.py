"""Builds the AWS IoT Greengrass component: a recipe, and an artifact with the sources and their requirements.

A version of it may bring a scorer's model of somebody's own, as a second artifact that the recipe names to the camera.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from audience.deliveries.rollout import ARCHIVE, COMPONENT, MODEL, version_key
from audience.errors import DeploymentFailed
from houselights.deploying import ROOT
from houselights.deploying.aws import aws_errors
from houselights.deploying.uv import pinned_requirements

RECIPE = ROOT / "infra" / "greengrass" / "recipe.yaml"
SOURCES = ("audience", "edge_lambda")
EXTRAS = ("edge", "device", "greengrass")
NAME = COMPONENT
BUCKET = "${BUCKET}"
"""Placeholder in the recipe for the name of the artifact's bucket."""
_MODEL_SETTING = '"{configuration:/model}"'
_SCORING_SETTING = "scoring: cloud"
_LAST_ARTIFACT = "        Unarchive: ZIP\n"

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # for reproducible archives


def make_component(
    folder: Path, *, version: str, bucket: str | None = None, model: Path | None = None
) -> tuple[Path, Path]:
    """Builds the component, and replaces the content of `folder`.

    Args:
        folder: output folder.
        version: version of the component, three numbers with dots.
        bucket: bucket for the artifact; None leaves the placeholder `BUCKET` in the recipe.
        model: a scorer's model file; cameras of this version score with it on the device, unless their configuration
            says otherwise. None leaves both as configured.

    Returns:
        The paths of the recipe and the artifact; a model lies beside the artifact. The same sources give the same
        bytes.

    Raises:
        DeploymentFailed: uv is missing or fails.
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
    text = RECIPE.read_text(encoding="utf-8")
    if model is not None:
        shutil.copyfile(model, artifact.with_name(MODEL))
        text = _with_model(text)
    text = text.replace("${VERSION}", version)
    recipe.write_text(text.replace(BUCKET, bucket) if bucket else text, encoding="utf-8")
    return recipe, artifact


def upload_component(session: Any, artifact: Path, *, bucket: str, version: str) -> str:
    """Uploads the artifact, and a model beside it, to the locations in the recipe; returns the artifact's s3:// URL.

    A version that is there stays as it is: cameras take what has a name that they have for the same, and what does not
    have the hash that was rolled out for wrong.

    Raises:
        DeploymentFailed: the bucket has another artifact or model of this version, or AWS refuses.
    """
    with aws_errors(session):
        s3 = session.client("s3")
        for file in (artifact, artifact.with_name(MODEL)):
            if file.exists():
                _put_once(s3, bucket, version_key(version, file.name), file.read_bytes(), version)
    return f"s3://{bucket}/{artifact_key(version)}"


def artifact_key(version: str) -> str:
    """The artifact's key in the bucket, also its path below the output folder."""
    return version_key(version, ARCHIVE)


def _put_once(s3: Any, bucket: str, key: str, data: bytes, version: str) -> None:
    try:
        # S3's own encryption, not the KMS key for pictures: cameras fetch this, and may not decrypt with that key.
        s3.put_object(Bucket=bucket, Key=key, Body=data, ServerSideEncryption="AES256", IfNoneMatch="*")
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in ("PreconditionFailed", "ConditionalRequestConflict"):
            raise
        if s3.get_object(Bucket=bucket, Key=key)["Body"].read() != data:
            raise DeploymentFailed(
                f"s3://{bucket}/{key} is another version {version}, which cameras may run: give yours another number "
                "(`version` in pyproject.toml), or delete that one if no camera has it"
            ) from None


def _with_model(recipe: str) -> str:
    """The recipe with a model's artifact, which its cameras score with."""
    uri = f"s3://{BUCKET}/{artifact_key('${VERSION}').rpartition('/')[0]}/{MODEL}"
    for before, after in (
        (_MODEL_SETTING, f'"{{artifacts:path}}/{MODEL}"'),
        (_SCORING_SETTING, "scoring: device"),
        ('    model: ""\n', ""),
        (_LAST_ARTIFACT, f"{_LAST_ARTIFACT}      - Uri: {uri}\n        Unarchive: NONE\n"),
    ):
        assert recipe.count(before) == 1, before
        recipe = recipe.replace(before, after)
    return recipe


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _FIXED_TIME)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
