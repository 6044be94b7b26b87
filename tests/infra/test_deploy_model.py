"""A model on Greengrass cameras: its version, what AWS is asked, held to botocore's model, and that it runs."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from audience.errors import DeploymentFailed, ScorerUnavailable
from edge_lambda.scorers import load_scorer
from edge_lambda.settings import read_settings
from houselights.deploying.component import MODEL, NAME, make_component
from houselights.deploying.model import create_version, deploy_version, existing_versions, model_name, model_version
from tests.own_model import own_model

ACCOUNT, REGION = "123456789012", "eu-west-1"
TARGET = f"arn:aws:iot:{REGION}:{ACCOUNT}:thinggroup/hall"
COMPONENT = f"arn:aws:greengrass:{REGION}:{ACCOUNT}:components:{NAME}"


class StubbedSession:
    """A boto3 session whose clients answer as told, and whose requests are held to botocore's model."""

    region_name = REGION

    def __init__(self) -> None:
        self._session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
        self.clients = {name: self._session.client(name) for name in ("greengrassv2", "sts")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, name: str) -> Any:
        return self.clients[name]

    def get_partition_for_region(self, region: str) -> str:
        return str(self._session.get_partition_for_region(region))

    def answers(self, operation: str, response: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
        service = "sts" if operation == "get_caller_identity" else "greengrassv2"
        self.stubs[service].add_response(operation, response, expected)

    def is_the_account(self) -> None:
        self.answers("get_caller_identity", {"Account": ACCOUNT, "UserId": "u", "Arn": "arn:aws:iam::1:user/u"})

    def is_done(self) -> None:
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def session() -> StubbedSession:
    return StubbedSession()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The recipe, the artifact and the model."""
    folder = tmp_path_factory.mktemp("component")
    model = own_model(folder / "trained.onnx")
    return (*make_component(folder / "out", version="1.2.3001", bucket="our-bucket", model=model), model)


def test_a_release_s_models_have_versions_of_their_own():
    assert model_version("1.2.3", []) == "1.2.3001"
    assert model_version("1.2.3", ["1.2.3", "1.2.3001", "1.2.4001", "1.1.3002"]) == "1.2.3002"
    with pytest.raises(DeploymentFailed):
        model_version("0.1.0", [f"0.1.{number}" for number in range(1000)])


def test_the_recipe_fetches_the_model_and_names_it_to_the_camera(made):
    recipe = yaml.safe_load(made[0].read_text())
    (manifest,) = recipe["Manifests"]
    camera, model = (one["Uri"] for one in manifest["Artifacts"])
    assert recipe["ComponentVersion"] == "1.2.3001"
    assert model.rpartition("/")[0] == camera.rpartition("/")[0]
    assert manifest["Artifacts"][1]["Unarchive"] == "NONE"
    assert manifest["Lifecycle"]["Setenv"]["HOUSELIGHTS_MODEL"] == "{artifacts:path}/" + model.rpartition("/")[2]
    configured = recipe["ComponentConfiguration"]["DefaultConfiguration"]
    assert configured["scoring"] == "device"
    named = set(re.findall(r"\{configuration:/(\w+)\}", " ".join(manifest["Lifecycle"]["Setenv"].values())))
    assert named == configured.keys() - {"accessControl"}


def test_the_camera_of_that_version_scores_with_it(made):
    """As Greengrass lays both artifacts into one folder, and fills the recipe's variables in."""
    recipe, artifact, model = made
    beside = artifact.with_name(MODEL)
    assert zipfile.is_zipfile(artifact)
    text = yaml.safe_load(recipe.read_text())
    configuration = text["ComponentConfiguration"]["DefaultConfiguration"] | {"session": "talk", "bucket": "dir:/b"}
    variables = {
        name: re.sub(r"\{configuration:/(\w+)\}", lambda found: configuration[found[1]], value)
        .replace("{artifacts:path}", str(beside.parent))
        .replace("{work:path}", "/work")
        for name, value in text["Manifests"][0]["Lifecycle"]["Setenv"].items()
    }
    settings = read_settings(variables, state_folder=lambda: Path("/state"))
    assert settings.scoring == "device"
    assert load_scorer("expressionnet", model=settings.model).name == model_name(model)


def test_what_is_no_scorer_is_not_deployed(tmp_path):
    (tmp_path / "notes.onnx").write_bytes(b"notes")
    with pytest.raises(ScorerUnavailable, match=r"notes\.onnx"):
        model_name(tmp_path / "notes.onnx")


def test_the_account_s_versions_are_all_read(session):
    session.is_the_account()
    first = {"componentVersions": [{"componentVersion": "0.1.0"}], "nextToken": "more"}
    session.answers("list_component_versions", first, {"arn": COMPONENT})
    last = {"componentVersions": [{"componentVersion": "0.1.1"}]}
    session.answers("list_component_versions", last, {"arn": COMPONENT, "nextToken": "more"})
    assert existing_versions(session) == ["0.1.0", "0.1.1"]
    session.is_done()


def test_a_version_is_created_and_waited_for(session, made):
    arn = f"{COMPONENT}:versions:1.2.3001"
    response = {"arn": arn, "componentName": NAME, "componentVersion": "1.2.3001", "creationTimestamp": 0, "status": {}}
    session.answers("create_component_version", response, {"inlineRecipe": made[0].read_bytes()})
    for state in ("REQUESTED", "DEPLOYABLE"):
        session.answers("describe_component", {"status": {"componentState": state}}, {"arn": arn})
    waited: list[float] = []
    create_version(session, made[0], sleep=waited.append)
    assert len(waited) == 1
    session.is_done()


def test_what_greengrass_finds_wrong_is_said(session, made):
    session.answers(
        "create_component_version",
        {"arn": COMPONENT, "componentName": NAME, "componentVersion": "1", "creationTimestamp": 0, "status": {}},
    )
    session.answers("describe_component", {"status": {"componentState": "FAILED", "message": "artifact not found"}})
    with pytest.raises(DeploymentFailed, match="artifact not found"):
        create_version(session, made[0], sleep=lambda _: None)


def test_a_deployment_changes_the_version_and_leaves_the_rest(session):
    session.is_the_account()
    session.answers(
        "list_deployments",
        {"deployments": [{"deploymentId": "d1"}]},
        {"targetArn": TARGET, "historyFilter": "LATEST_ONLY"},
    )
    before = {
        NAME: {
            "componentVersion": "0.1.0",
            "configurationUpdate": {"merge": '{"session": "talk", "scoring": "cloud"}'},
        },
        "aws.greengrass.Cli": {"componentVersion": "2.12.0"},
    }
    policies = {"failureHandlingPolicy": "ROLLBACK"}
    session.answers("get_deployment", {"components": before, "deploymentName": "hall", "deploymentPolicies": policies})
    merge = {"session": "talk", "scoring": "device"}
    after = before | {NAME: {"componentVersion": "0.1.1", "configurationUpdate": {"merge": json.dumps(merge)}}}
    session.answers(
        "create_deployment",
        {"deploymentId": "d2"},
        {
            "targetArn": TARGET,
            "components": after,
            "deploymentName": "hall",
            "deploymentPolicies": policies,
        },
    )
    assert deploy_version(session, "0.1.1", "hall") == "d2"
    session.is_done()


@pytest.mark.parametrize("components", [None, {"aws.greengrass.Cli": {"componentVersion": "2.12.0"}}])
def test_cameras_without_the_component_are_not_deployed_to(session, components):
    session.is_the_account()
    session.answers("list_deployments", {"deployments": [{"deploymentId": "d1"}] if components else []})
    if components:
        session.answers("get_deployment", {"components": components})
    with pytest.raises(DeploymentFailed, match="'hall'"):
        deploy_version(session, "0.1.1", "hall")
