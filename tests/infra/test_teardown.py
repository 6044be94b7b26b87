"""Teardown of a stack, on moto over real HTTP, with those of the template's resources that moto can create."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from click.testing import CliRunner
from moto.iot.models import FakePolicy
from moto.s3.models import s3_backends

from audience.errors import DeploymentFailed
from houselights.cli import run
from houselights.deploying.__main__ import deploying
from houselights.deploying.stack import SAM_STACK, find_stack, take_down
from houselights.local_cloud.moto_server import running_moto
from houselights.local_cloud.serving import serving
from tests.infra.template import template
from tests.local_aws import REGION, use_local_aws

STANDING = ("Deliveries", "Table", "IngestLog", "AlertsKey")


class Collections:
    """Rekognition, as far as it is about collections: moto has none."""

    def __init__(self) -> None:
        self.there: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        assert environ["HTTP_X_AMZ_TARGET"] == "RekognitionService.DeleteCollection"
        name = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["CollectionId"]
        status, answer = "200 OK", {"StatusCode": 200}
        if name not in self.there:
            status, answer = "400 Bad Request", {"__type": "ResourceNotFoundException", "Message": "no such collection"}
        self.there.discard(name)
        start_response(status, [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps(answer).encode()]


@pytest.fixture(scope="module")
def collections() -> Collections:
    return Collections()


@pytest.fixture(scope="module")
def addresses(collections: Collections) -> Iterator[tuple[str, str]]:
    """Those of moto and of Rekognition."""
    with running_moto() as moto, serving(collections) as rekognition:
        yield moto, rekognition


@pytest.fixture
def session(addresses: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    moto, rekognition = addresses
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", rekognition)
    return use_local_aws(monkeypatch, moto)


@pytest.fixture
def stack(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an existing stack."""
    # AWS lists a policy by its name, moto by nothing.
    monkeypatch.setattr(FakePolicy, "physical_resource_id", property(lambda policy: policy.name), raising=False)
    name = f"houselights-{uuid4().hex[:8]}"
    whole = template()
    # The template's own refers to a role alias, which moto makes and cannot delete.
    policy = {"PolicyName": f"{name}-camera", "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}
    part = {
        "Parameters": whole["Parameters"],
        "Conditions": whole["Conditions"],
        "Resources": {one: whole["Resources"][one] for one in STANDING}
        | {"CameraPolicy": {"Type": "AWS::IoT::Policy", "Properties": policy}},
    }
    session.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(part))
    return name


def resource(session: boto3.Session, stack: str, kind: str) -> str:
    listed = session.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    (found,) = [one["PhysicalResourceId"] for one in listed if one["ResourceType"] == kind]
    return found


def deliver(session: boto3.Session, bucket: str, *keys: str) -> None:
    for key in keys:
        session.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")


def names_of_stacks(session: boto3.Session) -> set[str]:
    pages = session.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {one["StackName"] for page in pages for one in page["Stacks"]}


def buckets(session: boto3.Session) -> set[str]:
    return {one["Name"] for one in session.client("s3").list_buckets()["Buckets"]}


def tables(session: boto3.Session) -> list[str]:
    pages = session.client("dynamodb").get_paginator("list_tables").paginate()
    return [name for page in pages for name in page["TableNames"]]


def test_it_empties_the_bucket_with_all_versions_and_deletes_the_stack(session, stack):
    bucket = resource(session, stack, "AWS::S3::Bucket")
    session.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    deliver(session, bucket, "sheets/a", "sheets/a", "windows/b")
    session.client("s3").delete_object(Bucket=bucket, Key="windows/b")
    take_down(session, find_stack(session, stack), with_data=False)
    assert stack not in names_of_stacks(session)
    assert bucket not in buckets(session)


def test_more_objects_than_one_request_deletes_go_too(session, stack):
    bucket = resource(session, stack, "AWS::S3::Bucket")
    account = session.client("sts").get_caller_identity()["Account"]
    for number in range(1001):  # past HTTP, where it would take half a minute
        s3_backends[account]["aws"].put_object(bucket, f"sheets/{number}", b"x")
    take_down(session, find_stack(session, stack), with_data=False)
    assert bucket not in buckets(session)


def test_the_bucket_of_the_public_board_goes_too(session):
    name, whole = f"houselights-{uuid4().hex[:8]}", template()
    part = {
        "Parameters": whole["Parameters"],
        "Conditions": whole["Conditions"],
        "Resources": {"Boards": whole["Resources"]["Boards"]},
    }
    on = [{"ParameterKey": "LiveBoard", "ParameterValue": "yes"}]
    session.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(part), Parameters=on)
    bucket = resource(session, name, "AWS::S3::Bucket")
    deliver(session, bucket, "live/fete", "live/fete/live.json", "no-board.txt")
    take_down(session, find_stack(session, name), with_data=False)
    assert bucket not in buckets(session)


def test_the_table_stays_unless_the_data_is_to_go(session, stack):
    table = resource(session, stack, "AWS::DynamoDB::Table")
    session.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "SESSIONS"}, "sk": {"S": "SESSION#a"}})
    # moto's CloudFormation leaves this out.
    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 20}
    session.client("dynamodb").update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
    left = take_down(session, find_stack(session, stack), with_data=False)
    assert table in tables(session)
    (line,) = [one for one in left if one.startswith("table ")]
    assert line.startswith(f"table {table}: 1 items, ")
    assert "20 days" in line, "what was deleted can be brought back for so long"


def test_with_the_data_the_table_goes_though_it_is_protected(session, stack):
    table = resource(session, stack, "AWS::DynamoDB::Table")
    assert session.client("dynamodb").describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
    left = take_down(session, find_stack(session, stack), with_data=True)
    assert table not in tables(session)
    assert not [one for one in left if one.startswith("table ")]


def test_a_cameras_certificate_loses_its_rights_and_is_listed(session, stack):
    iot = session.client("iot")
    certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    policy = resource(session, stack, "AWS::IoT::Policy")
    assert policy == f"{stack}-camera"
    iot.attach_policy(policyName=policy, target=certificate)
    left = take_down(session, find_stack(session, stack), with_data=False)
    assert iot.list_attached_policies(target=certificate)["policies"] == []
    assert [one for one in left if one.startswith(f"certificate {certificate}: ")]


def test_the_collection_goes_with_the_stack(session, stack, collections):
    collections.there = {f"houselights-{stack}", "somebody-elses"}
    take_down(session, find_stack(session, stack), with_data=False)
    assert collections.there == {"somebody-elses"}


def test_logs_and_sams_own_bucket_are_listed(session, stack):
    session.client("logs").create_log_group(logGroupName=f"/aws/lambda/{stack}-Ingest-1")
    sam = {"Resources": {"SamCliSourceBucket": {"Type": "AWS::S3::Bucket"}}}
    session.client("cloudformation").create_stack(StackName=SAM_STACK, TemplateBody=json.dumps(sam))
    try:
        left = take_down(session, find_stack(session, stack), with_data=True)
    finally:
        session.client("cloudformation").delete_stack(StackName=SAM_STACK)
    assert [one.partition(" ")[0] for one in left] == ["log", "key", "bucket"]


def test_a_stack_that_is_not_there_is_reported_with_account_and_region(session):
    with pytest.raises(DeploymentFailed, match=r"no stack 'frob' in eu-west-1 of account \d{12}"):
        find_stack(session, "frob")


def test_what_aws_refuses_is_reported_in_one_line(session, stack, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    with pytest.raises(DeploymentFailed, match="AWS cannot be used: Could not connect"):
        find_stack(boto3.Session(region_name=REGION), stack)


# The asking


@pytest.fixture
def ask(session: boto3.Session) -> Callable[..., Any]:
    def answer(stack: str, *options: str, typed: str | None) -> Any:
        return CliRunner().invoke(deploying, ["teardown", "--stack", stack, *options], input=typed)

    return answer


def test_typing_the_stacks_name_takes_it_down_and_says_what_is_left(session, stack, ask):
    result = ask(stack, typed=f"{stack}\n")
    assert result.exit_code == 0, result.output
    assert stack not in names_of_stacks(session)
    assert "Left in the account:\n  table " in result.output


def test_it_says_what_it_would_delete_before_it_asks(session, stack, ask):
    table = resource(session, stack, "AWS::DynamoDB::Table")
    assert f"keeps table {table}" in ask(stack, typed="no\n").output
    with_data = ask(stack, "--data", typed="no\n").output
    assert f"table {table} and everything recorded" in with_data
    assert "35 days" in with_data


@pytest.mark.parametrize("typed", ["yes\n", "\n", "houselights\n", None])
def test_any_other_answer_and_none_delete_nothing(session, stack, ask, collections, typed):
    bucket = resource(session, stack, "AWS::S3::Bucket")
    deliver(session, bucket, "sheets/a")
    collections.there = {f"houselights-{stack}"}
    assert ask(stack, "--data", typed=typed).exit_code != 0
    assert stack in names_of_stacks(session)
    assert session.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    assert resource(session, stack, "AWS::DynamoDB::Table") in tables(session)
    assert collections.there


def test_ctrl_c_deletes_nothing(session, stack, monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    code = run(["teardown", "--stack", stack], command=deploying, program="deploying")
    assert code == 130
    assert stack in names_of_stacks(session)
    assert capsys.readouterr().err.strip() == "houselights: stopped"
