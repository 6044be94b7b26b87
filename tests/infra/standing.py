"""A deployed stack in moto: the parts of the template that deliveries pass, made as CloudFormation makes them.

moto's CloudFormation knows no transform, no alarms, and not every property of a table or a bucket: functions are
written out, and the rest is set by each service's own requests, from the template's values. Nothing calls a function by
itself: `function_called` does, as Lambda would.
"""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto.core.responses import ActionResult
from moto.iot.models import FakeRoleAlias
from moto.s3.responses import S3Response

from audience.stores.dynamo_table import EXPIRY_ATTRIBUTE
from houselights.deploying.stack import Stack, find_stack
from ingest_lambda import handler as module
from tests.infra.template import properties, template

_PARTS = (
    *("Deliveries", "Live", "Statuses", "Queue", "DeadLetters", "Undelivered", "Created", "Table"),
    *("Ingest", "IngestLog", "IngestRole", "Rollups", "RollupsRole", "CameraRole", "CameraRoleAlias"),
    *("AlertsKey", "Alerts"),
)
_OUTPUTS = (
    "BucketName",
    "TableName",
    "StoreUrl",
    "QueueUrl",
    "DeadLettersUrl",
    "UndeliveredUrl",
    "LogGroup",
    "RoleAlias",
)
_OF_A_FUNCTION = ("Handler", "Runtime", "Architectures", "MemorySize", "Timeout", "Role", "Environment")


def stand_up(session: boto3.Session, name: str, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """Deploys the parts under a name, and looks the stack up."""
    # AWS names an alias, moto nothing.
    monkeypatch.setattr(FakeRoleAlias, "physical_resource_id", property(lambda alias: alias.role_alias), raising=False)
    monkeypatch.setattr(S3Response, "get_bucket_notification", _notifies_event_bridge)
    whole = template()
    part = {
        "Parameters": whole["Parameters"],
        "Conditions": whole["Conditions"],
        "Resources": {one: _written_out(whole["Resources"][one]) for one in _PARTS},
        "Outputs": {one: whole["Outputs"][one] for one in _OUTPUTS},
    }
    session.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(part))
    stack = find_stack(session, name)
    _complete_table(session, stack.outputs["TableName"])
    _complete_bucket(session, stack.outputs["BucketName"])
    _put_alarms(session, name)
    return stack


def _notifies_event_bridge(response: S3Response) -> Any:
    """What a bucket notifies; moto itself leaves EventBridge out."""
    found = response.backend.get_bucket_notification_configuration(response.bucket_name)
    response.data["Action"] = "GetBucketNotificationConfiguration"
    answer = {"EventBridgeConfiguration": {}} if found and found.event_bridge is not None else {}
    return response.serialized(ActionResult(answer))


def _written_out(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource as moto knows it."""
    given = resource["Properties"]
    match resource["Type"]:
        case "AWS::Serverless::Function":
            kept = {name: given[name] for name in _OF_A_FUNCTION}
            code = {"ZipFile": "def handler(event, context): pass"}
            return {"Type": "AWS::Lambda::Function", "Properties": {**kept, "Code": code}}
        case "AWS::IAM::Role":
            trust = {"AssumeRolePolicyDocument": given["AssumeRolePolicyDocument"]}
            return {"Type": resource["Type"], "Properties": trust}
    return {"Type": resource["Type"], "Properties": given}


def _complete_table(session: boto3.Session, table: str) -> None:
    client, given = session.client("dynamodb"), properties("Table")
    assert given["TimeToLiveSpecification"]["AttributeName"] == EXPIRY_ATTRIBUTE
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=given["TimeToLiveSpecification"])
    recovery = given["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery}
    )


def _complete_bucket(session: boto3.Session, bucket: str) -> None:
    client, given = session.client("s3"), properties("Deliveries")
    client.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=given["PublicAccessBlockConfiguration"]
    )
    assert given["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"]
    client.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    rules = [
        {"ID": one["Id"], "Status": one["Status"], "Filter": {"Prefix": one["Prefix"]}, "Expiration": {"Days": days}}
        for one in given["LifecycleConfiguration"]["Rules"]
        if (days := one.get("ExpirationInDays"))
    ]
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _put_alarms(session: boto3.Session, stack: str) -> None:
    """The template's alarms on queues; others watch what only AWS counts."""
    (topic,) = [
        one["TopicArn"] for one in session.client("sns").list_topics()["Topics"] if f":{stack}-" in one["TopicArn"]
    ]
    for name, resource in template()["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"].get("Namespace") == "AWS/SQS":
            kept = {
                key: value
                for key, value in resource["Properties"].items()
                if key not in ("Dimensions", "AlarmActions", "AlarmDescription")
            }
            session.client("cloudwatch").put_metric_alarm(AlarmName=f"{stack}-{name}", AlarmActions=[topic], **kept)


class _Log(io.TextIOBase):
    """What a function prints, in its log group line by line."""

    def __init__(self, logs: Any, group: str) -> None:
        self._place = {"logGroupName": group, "logStreamName": "copy"}
        self._logs = logs
        self._started = ""
        logs.create_log_stream(**self._place)

    def write(self, text: str) -> int:
        *lines, self._started = (self._started + text).split("\n")
        now_ms = time.time_ns() // 1_000_000
        events = [{"timestamp": now_ms, "message": line} for line in lines if line]
        if events:
            self._logs.put_log_events(**self._place, logEvents=events)
        return len(text)


@contextmanager
def function_called(session: boto3.Session, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls ingest with what comes into its live queue, in the environment that the stack gives it."""
    (name,) = [one for one in stack.functions if "-Ingest-" in one]
    found = session.client("lambda").get_function_configuration(FunctionName=name)
    for key, value in (found["Environment"]["Variables"] | {"POWERTOOLS_TRACE_DISABLED": "true"}).items():
        monkeypatch.setenv(key, str(value))
    module._function.cache_clear()
    stop = threading.Event()
    log = _Log(session.client("logs"), stack.outputs["LogGroup"])
    thread = threading.Thread(target=_call, args=(session.client("sqs"), os.environ["HOUSELIGHTS_LIVE_QUEUE"], stop))
    with patch("sys.stdout", log):
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            module._function.cache_clear()


def _call(sqs: Any, queue_arn: str, stop: threading.Event) -> None:
    url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
    while not stop.is_set():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"])
        for message in found.get("Messages", ()):
            record = {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "eventSourceARN": queue_arn,
            }
            if not module.handler({"Records": [record]}, None)["batchItemFailures"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
