"""Puts a scorer's model of one's own on the cameras that AWS IoT Greengrass runs, as a version of the component.

Model and program travel as one version, so that a camera has both or neither, restarts once, and Greengrass goes back
to the version before if the new one does not run.
https://docs.aws.amazon.com/greengrass/v2/developerguide/manage-deployments.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from audience.errors import DeploymentFailed
from edge_lambda.scorers import load_scorer
from houselights.deploying.aws import aws_errors
from houselights.deploying.component import NAME

MODELS_A_RELEASE: Final = 1000
"""Versions that each patch release leaves room for."""

_KEPT: Final = ("deploymentName", "deploymentPolicies", "iotJobConfiguration")  # of the deployment before

_PATIENCE_S: Final = 120.0
_EVERY_S: Final = 2.0


def model_name(model: Path) -> str:
    """The name that records of this model carry, such as "expressionnet-2+0a1b2c3d".

    Raises:
        ScorerUnavailable: the file is no scorer of Houselights.
    """
    return load_scorer("expressionnet", model=model).name


def model_version(release: str, taken: Iterable[str]) -> str:
    """The next version of the component with a model: 1.2.3001 is the first for release 1.2.3, 1.2.3002 the second.

    Greengrass takes three numbers and no more. No two releases' versions meet while a release has fewer than a hundred
    patches; deployments name a version exactly, so that their order means nothing.

    Args:
        release: version of Houselights, three numbers with dots.
        taken: versions of the component that exist.

    Raises:
        DeploymentFailed: the release has no version left.
    """
    line, _, patch = release.rpartition(".")
    first = int(patch) * MODELS_A_RELEASE
    used = {int(number) for version in taken for head, _, number in [version.rpartition(".")] if head == line}
    for number in range(first + 1, first + MODELS_A_RELEASE):
        if number not in used:
            return f"{line}.{number}"
    raise DeploymentFailed(f"release {release} has {MODELS_A_RELEASE - 1} models already: deploy a newer release")


def existing_versions(session: Any) -> list[str]:
    """The versions of the component in the account.

    Raises:
        DeploymentFailed: AWS refuses.
    """
    greengrass = session.client("greengrassv2")
    arn = f"arn:{_partition(session)}:greengrass:{session.region_name}:{_account(session)}:components:{NAME}"
    with aws_errors(session):
        try:
            pages = list(greengrass.get_paginator("list_component_versions").paginate(arn=arn))
        except greengrass.exceptions.ResourceNotFoundException:
            return []
    return [one["componentVersion"] for page in pages for one in page["componentVersions"]]


def create_version(session: Any, recipe: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Creates the version that a recipe describes, and waits until it can be deployed.

    Args:
        session: a boto3 session with region and credentials.
        recipe: from `make_component`; its artifacts are uploaded.
        sleep: waits so many seconds.

    Raises:
        DeploymentFailed: AWS refuses it, or finds an error in it.
    """
    greengrass = session.client("greengrassv2")
    with aws_errors(session):
        arn = greengrass.create_component_version(inlineRecipe=recipe.read_bytes())["arn"]
        for _ in range(round(_PATIENCE_S / _EVERY_S)):
            status = greengrass.describe_component(arn=arn)["status"]
            if status["componentState"] == "DEPLOYABLE":
                return
            if status["componentState"] == "FAILED":
                raise DeploymentFailed(
                    f"AWS IoT Greengrass refused the component: {status.get('message', 'no reason')}"
                )
            sleep(_EVERY_S)
    raise DeploymentFailed(f"AWS IoT Greengrass has not made the component in {_PATIENCE_S:.0f} s: look it up there")


def deploy_version(session: Any, version: str, group: str) -> str:
    """Deploys a version to the cameras of a thing group, and leaves all else that is deployed to it as it is.

    Args:
        session: a boto3 session with region and credentials.
        version: of the component.
        group: the thing group, to which the component is deployed already.

    Returns:
        The deployment's id.

    Raises:
        DeploymentFailed: the component is not deployed to this group, or AWS refuses.
    """
    greengrass = session.client("greengrassv2")
    target = f"arn:{_partition(session)}:iot:{session.region_name}:{_account(session)}:thinggroup/{group}"
    with aws_errors(session):
        latest = greengrass.list_deployments(targetArn=target, historyFilter="LATEST_ONLY")["deployments"]
        before = greengrass.get_deployment(deploymentId=latest[0]["deploymentId"]) if latest else {}
        components = dict(before.get("components", {}))
        if NAME not in components:
            raise DeploymentFailed(
                f"{NAME} is not deployed to thing group {group!r} in {session.region_name}: deploy the camera first "
                "(infra/README.md)"
            )
        components[NAME] = _with_version(components[NAME], version)
        kept = {name: before[name] for name in _KEPT if before.get(name)}
        made = greengrass.create_deployment(targetArn=target, components=components, **kept)
    deployment: str = made["deploymentId"]
    return deployment


def _with_version(component: dict[str, Any], version: str) -> dict[str, Any]:
    """A component's part of a deployment with another version, scoring on the device."""
    update = dict(component.get("configurationUpdate", {}))
    merged = json.loads(update.get("merge") or "{}") | {"scoring": "device"}
    return component | {"componentVersion": version, "configurationUpdate": update | {"merge": json.dumps(merged)}}


def _account(session: Any) -> str:
    with aws_errors(session):
        account: str = session.client("sts").get_caller_identity()["Account"]
    return account


def _partition(session: Any) -> str:
    partition: str = session.get_partition_for_region(session.region_name)
    return partition
