"""What keeps a deployed stack running: checks before and after a deployment, restored tables, runbook and dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import boto3
import pytest
from click.testing import CliRunner

from audience.errors import DeploymentFailed
from audience.stores import open_store
from houselights.cli import run
from houselights.deploying.__main__ import deploying
from houselights.deploying.account import check_account
from houselights.deploying.recovery import restore_table
from houselights.deploying.verify import Step, as_markdown, check_stack
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack
from tests.builders import a_session
from tests.infra.iam import Call, is_allowed
from tests.infra.resolved import ACCOUNT, REGION, Resolved
from tests.infra.standing import function_called, stand_up
from tests.infra.template import ROOT, dashboard_template, one_or_more, properties, template

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud(Stack(name=f"operate-{uuid4().hex[:8]}")) as running:
        yield running


@pytest.fixture
def session(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return boto3.Session(region_name=cloud.stack.region)


class TestRunbook:
    def test_every_alarm_says_what_to_do(self):
        headings = set(re.findall(r"^### (\w+)$", OPERATIONS, re.MULTILINE))
        for whole in (template(), dashboard_template()):
            for name, resource in whole["Resources"].items():
                if resource["Type"] == "AWS::CloudWatch::Alarm":
                    assert name in headings or f"`{name}`" in OPERATIONS, name

    def test_the_dashboard_shows_the_first_and_the_worst_of_many_stages(self):
        """CloudWatch draws a line for each: of a hundred nobody sees any."""
        body = json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])
        searches = [
            row[0]["expression"]
            for widget in body["widgets"]
            for row in widget["properties"].get("metrics", ())
            if isinstance(row[0], dict) and "SEARCH" in row[0]["expression"]
        ]
        assert len(searches) > 10
        for search in searches:
            assert re.fullmatch(r"SORT\(SEARCH\(.*\), (AVG|MAX|MIN), (ASC|DESC), (5|10)\)", search), search


class TestTenants:
    """A tenant is a stack: what a role of one may reach is of that stack."""

    def test_no_role_of_a_stack_may_use_what_is_anothers(self):
        stack = Resolved(LiveBoard="yes", People="yes")
        others = [
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other-table",
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other-table/stream/1",
            f"arn:aws:sqs:{REGION}:{ACCOUNT}:other-queue",
            f"arn:aws:sns:{REGION}:{ACCOUNT}:other-alerts",
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/houselights/other/ingest:*",
            "arn:aws:s3:::other-deliveries",
            "arn:aws:s3:::other-deliveries/sheets/talk/main/cam-1/x",
        ]
        own = Call("dynamodb:PutItem", stack.arn("Table"))
        assert is_allowed(own, stack.policies("IngestRole")), "so what is denied below is not denied by chance"
        roles = stack.resources("AWS::IAM::Role")
        assert len(roles) > 5
        for role in roles:
            documents = list(stack.policies(role))
            actions = {
                action
                for document in documents
                for one in document["Statement"]
                for action in one_or_more(one["Action"])
            }
            context = {"credentials-iot:ThingName": "cam-1", "credentials-iot:ThingTypeName": "talk"}
            for action in actions:
                for other in others:
                    if action.partition(":")[0] == other.split(":")[2]:
                        assert not is_allowed(Call(action, other, context), documents), (role, action, other)


class TestBeforehand:
    def test_it_says_where_a_stack_goes_and_what_it_costs(self, session):
        result = CliRunner().invoke(deploying, ["preflight", "--stack", "new", "--region", session.region_name])
        assert result.exit_code == 0, result.output
        assert session.region_name in result.output
        assert "no stack new yet" in result.output
        assert "$" in result.output.splitlines()[-1]

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--bucket", "no-such-bucket-here"], "there is no bucket"),
            (["MostAtOnce=many"], "whole numbers"),
            (["AlertEmail"], "NAME=VALUE"),
        ],
    )
    def test_what_would_fail_is_one_line(self, session, capsys, options, words):
        arguments = ["preflight", "--region", session.region_name, *options]
        assert run(arguments, command=deploying) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert words in line

    def test_a_region_without_rekognition_is_refused(self, session):
        with pytest.raises(DeploymentFailed, match="no rekognition in"):
            list(check_account(boto3.Session(region_name="eu-north-1"), "new", bucket=None, copies=10))


class TestRestore:
    def test_a_restored_table_has_the_sessions_and_its_settings_again(self, cloud, session):
        source, target, told = cloud.stack.table, f"{cloud.stack.table}-restored", []
        client = session.client("dynamodb")
        with open_store(cloud.store_url) as store:
            store.put_session(a_session("restored-talk"))
        client.update_continuous_backups(
            TableName=source, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        restore_table(session, source, target, at=None, notify=told.append, ready={"Delay": 1, "MaxAttempts": 60})
        with open_store(cloud.store_url.replace(source, target)) as store:
            assert store.session("restored-talk").session_id == "restored-talk"
        expiry = client.describe_time_to_live(TableName=target)["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")
        backups = client.describe_continuous_backups(TableName=target)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        assert client.describe_table(TableName=target)["Table"]["DeletionProtectionEnabled"]
        with pytest.raises(DeploymentFailed, match="choose another name"):
            restore_table(session, source, target, at=datetime.now(UTC), notify=told.append)

    @pytest.mark.parametrize("at", ["yesterday", "2026-05-04T18:00:00"])
    def test_an_instant_without_a_zone_is_refused(self, session, capsys, at):
        assert run(["restore", "--at", at, "--region", session.region_name], command=deploying) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


class TestVerify:
    def test_every_step_passes_on_a_stack_that_works_and_nothing_is_left(self, session, monkeypatch):
        stack = stand_up(session, f"verified-{uuid4().hex[:8]}", monkeypatch)
        with function_called(session, stack, monkeypatch):
            steps = list(check_stack(session, stack, deliver=True))
        assert not [one for one in steps if one.outcome != "ok"]
        names = [one.name for one in steps]
        assert sum(name.startswith("function ") for name in names) == len(stack.functions) == 2
        assert {"alarms", "cameras' credentials", "a delivery", "its line in the log"} < set(names)
        with open_store(stack.outputs["StoreUrl"]) as store:
            assert not store.sessions()

    def test_what_is_wrong_with_a_stack_is_found(self, session, monkeypatch):
        stack = stand_up(session, f"wrong-{uuid4().hex[:8]}", monkeypatch)
        session.client("sqs").send_message(QueueUrl=stack.outputs["DeadLettersUrl"], MessageBody="refused")
        session.client("dynamodb").update_time_to_live(
            TableName=stack.outputs["TableName"],
            TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
        )
        session.client("s3").delete_public_access_block(Bucket=stack.outputs["BucketName"])
        alarm = f"{stack.name}-QueueBehind"
        session.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="late")
        outputs = {name: value for name, value in stack.outputs.items() if name != "UndeliveredUrl"}
        steps = list(check_stack(session, replace(stack, status="ROLLBACK_COMPLETE", outputs=outputs), deliver=False))
        wrong = {one.name: one.detail for one in steps if one.outcome == "failed"}
        assert wrong.keys() == {"stack", "table", "bucket", "dead letters", "undelivered", "alarms"}
        assert alarm in wrong["alarms"]

    def test_a_stack_that_is_not_there_is_one_line(self, session, capsys):
        assert run(["verify", "--stack", "frob", "--region", session.region_name], command=deploying) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert "no stack 'frob'" in line

    def test_a_report_has_a_row_for_each_step(self):
        steps = [Step(name="table", outcome="ok", detail="a | b"), Step(name="alarms", outcome="failed", detail="none")]
        report = as_markdown(steps, "houselights", "eu-west-1")
        assert "1 of 2" in report
        assert "| table | ok | a / b |" in report
