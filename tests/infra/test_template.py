"""Requirements of the stack, checked in its template."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from audience.deliveries.claims import CLAIMS, LONGEST_CLAIM
from audience.deliveries.delivery import SUFFIXES, key_of
from audience.deliveries.pressure import PRESSURE_KEY
from audience.faces import EXPRESSIONS
from audience.identity.bundle import LONGEST_LIFE
from audience.identity.records import LONGEST_SEARCH
from audience.identity.sealed_picture import FOLDER
from audience.identity.sightings import sighting_topic
from audience.monitoring.cost import SHEET_S, STATUS_EVERY_S, STATUS_S
from audience.monitoring.prices import DETECT_FACES
from audience.monitoring.status import status_topic
from audience.stores.dynamo_client import client_for
from audience.stores.dynamo_people import KEYS, PEOPLE
from audience.stores.dynamo_table import EXPIRY_ATTRIBUTE, KEY_SCHEMA, LONGEST_RECOVERY_DAYS
from edge_lambda.delivery.sheets import LIVE_INTERVAL_S
from houselights.deploying.package import PLATFORM, PYTHON, RUNTIMES
from ingest_lambda.bucket import quick_client
from ingest_lambda.handler import AT_ONCE, LIVE_SHARE, MEASURE, ONE_MESSAGE_S
from ingest_lambda.rekognition import rekognition_client
from ingest_lambda.worker import BACKLOG_WAITS_S, KEPT, LIVE_S
from tests.infra.iam import Call, is_allowed
from tests.infra.resolved import Resolved
from tests.infra.template import ROOT, one_or_more, properties, resources, template, text_of

STACK_README = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

# Actions that know no resource, and the policy of a key, in which a star means that key.
NO_RESOURCE = {"rekognition:DetectFaces", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}

NEW_ACCOUNT = 10
"""Copies of all functions together that a new account may run."""

ALARMS = resources("AWS::CloudWatch::Alarm")


def role_policies() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, role in resources("AWS::IAM::Role").items():
        for policy in role["Policies"]:
            yield f"{name}/{policy['PolicyName']}", policy["PolicyDocument"]
    for name, policy in resources("AWS::IAM::RolePolicy").items():
        yield name, policy["PolicyDocument"]


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy."""
    for name, document in role_policies():
        for statement in document["Statement"]:
            yield name, statement
    for kind in ("AWS::IoT::Policy", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for name, policy in resources(kind).items():
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement.get("Fn::If", [None, statement])[1]


# The bucket


def test_the_bucket_is_encrypted_and_closed_to_the_public():
    bucket = Resolved().value(properties("Deliveries"))
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_bucket_keeps_no_versions_of_a_crop_that_was_deleted():
    assert "VersioningConfiguration" not in properties("Deliveries")
    assert "ObjectLockEnabled" not in properties("Deliveries")


def test_the_bucket_is_reached_over_tls_only():
    (statement,) = properties("DeliveriesPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert [text_of(one) for one in statement["Resource"]] == ["${Deliveries.Arn}", "${Deliveries.Arn}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def kept_for_days(kept_crops_days: int) -> dict[str, int]:
    """By prefix, after how many days the bucket removes what lies there."""
    rules = Resolved(KeepCropsDays=kept_crops_days).value(properties("Deliveries"))["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}


def longest_wait_s() -> int:
    """How long a message of a delivery may lie in queues, seconds, moved on once from each queue of what went wrong."""

    def kept(queue: str) -> int:
        return properties(queue)["MessageRetentionPeriod"]

    target = next(one for one in properties("Created")["Targets"] if one["Id"] == "queue")
    # The function sets a message aside as a new one; and a message that is moved is a new one, too.
    worked_on = kept("Queue") + kept("DeadLetters")
    return target["RetryPolicy"]["MaximumEventAgeInSeconds"] + kept("Undelivered") + worked_on + worked_on


@pytest.mark.parametrize("keep_crops_days", [0, 1, 3, 14, 365])
def test_the_bucket_never_removes_a_delivery_that_a_queue_still_holds(keep_crops_days):
    days = kept_for_days(keep_crops_days)
    for kind in SUFFIXES:
        assert days[f"{kind}/"] * 86_400 > longest_wait_s()


def test_what_was_recorded_is_kept_for_as_long_as_is_asked_and_goes_when_nothing_is_kept_any_more():
    assert [kept_for_days(days)[KEPT] for days in (1, 7, 365)] == [1, 7, 365]
    assert kept_for_days(0)[KEPT] == 1


def test_no_sheet_and_no_window_file_stays_forever():
    for days in (kept_for_days(0), kept_for_days(30)):
        assert days.keys() == {KEPT, "bundles/", FOLDER, CLAIMS, *(f"{kind}/" for kind in SUFFIXES)}


def test_a_bundle_and_a_picture_stay_for_as_long_as_they_can_be_of_use():
    days = kept_for_days(0)
    assert days["bundles/"] * 86_400 > LONGEST_LIFE.total_seconds()
    assert days[FOLDER] * 86_400 >= LONGEST_SEARCH.total_seconds()
    assert days[CLAIMS] > LONGEST_CLAIM.days


# The way to the function


def test_what_reaches_the_bucket_under_a_delivery_s_key_goes_into_the_queue():
    rule = properties("Created")
    assert properties("Deliveries")["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert rule["EventPattern"]["source"] == ["aws.s3"]
    assert rule["EventPattern"]["detail"]["bucket"] == {"name": [{"Ref": "Deliveries"}]}
    prefixes = [one["prefix"] for one in rule["EventPattern"]["detail"]["object"]["key"]]
    for kind in ("sheets", "windows"):
        key = key_of(kind, session_id="talk", stage_id="main", camera_id="cam-1", start_ms=0, content="0" * 32)
        assert key.startswith(tuple(prefixes))
    target, live = rule["Targets"]
    assert text_of(target["Arn"]) == "${Queue.Arn}"
    assert text_of(target["DeadLetterConfig"]["Arn"]) == "${Undelivered.Arn}"
    assert text_of(live["Arn"]) == "${Live.Arn}"


def test_the_live_queue_holds_what_is_new_alone_and_the_other_everything_until_it_is_recorded():
    live, queue = properties("Live"), properties("Queue")
    assert live["MessageRetentionPeriod"] == 60, "so that after an outage nothing old stands before the newest"
    assert "RedrivePolicy" not in live, "what fails there comes again from the other queue"
    assert queue["DelaySeconds"] >= live["MessageRetentionPeriod"] > LIVE_S, "they do not work on one at once"
    assert queue["MessageRetentionPeriod"] == 14 * 86_400
    sources = {
        name: one["Properties"]["Queue"]
        for name, one in properties("Ingest")["Events"].items()
        if "Queue" in one["Properties"]
    }
    assert sources == {
        "Deliveries": {"Fn::GetAtt": ["Live", "Arn"]},
        "Backlog": {"Fn::GetAtt": ["Queue", "Arn"]},
        "Statuses": {"Fn::GetAtt": ["Statuses", "Arn"]},
    }
    environment = properties("Ingest")["Environment"]["Variables"]
    assert environment["HOUSELIGHTS_LIVE_QUEUE"] == sources["Deliveries"]
    assert environment["HOUSELIGHTS_STATUSES"] == sources["Statuses"]
    assert environment["HOUSELIGHTS_QUEUE"] == {"Ref": "Queue"}
    assert environment["HOUSELIGHTS_DELIVERIES"] == {"Ref": "Deliveries"}


def test_a_delivery_that_waits_for_a_service_is_no_dead_letter_within_ten_days():
    queue = properties("Queue")
    assert queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"] > 10 * 86_400


def test_the_quota_of_detect_faces_is_divided_among_the_copies_that_may_run():
    events, environment = properties("Ingest")["Events"], properties("Ingest")["Environment"]["Variables"]

    def copies(source: str) -> Any:
        return events[source]["Properties"]["ScalingConfig"]["MaximumConcurrency"]

    assert environment["LIVE_COPIES"] == copies("Deliveries") == {"Ref": "MostAtOnce"}
    assert environment["BACKLOG_COPIES"] == copies("Backlog") == {"Ref": "BacklogAtOnce"}
    assert environment["DETECT_FACES_PER_SECOND"] == {"Ref": "DetectFacesPerSecond"}


def test_the_defaults_suit_a_festival_and_a_new_account():
    usual = {name: one.get("Default") for name, one in template()["Parameters"].items()}
    assert usual["MostAtOnce"] + usual["BacklogAtOnce"] + usual["StatusesAtOnce"] <= NEW_ACCOUNT
    live = LIVE_SHARE * usual["DetectFacesPerSecond"]
    assert live * LIVE_INTERVAL_S >= 60, "cameras at a sheet every 2 s"
    assert usual["MostAtOnce"] * AT_ONCE / SHEET_S >= live
    assert (
        f"good for {live * LIVE_INTERVAL_S:g} cameras"
        in template()["Parameters"]["DetectFacesPerSecond"]["Description"]
    )
    assert usual["StatusesAtOnce"] / STATUS_S >= 10 * 3 / STATUS_EVERY_S, "10 stages of 3 cameras"


def test_the_function_measures_how_far_behind_it_is_every_minute_and_cameras_may_read_it():
    schedule = properties("Ingest")["Events"]["Pressure"]["Properties"]
    assert schedule["Schedule"] == "rate(1 minute)"
    assert json.loads(schedule["Input"]) == {"houselights": MEASURE}
    stack = Resolved()
    at = f"{stack.arn('Deliveries')}/{PRESSURE_KEY}"
    assert is_allowed(Call("s3:PutObject", at), stack.policies("IngestRole"))
    assert not is_allowed(Call("s3:PutObject", at), stack.policies("CameraRole"))
    assert is_allowed(Call("s3:GetObject", at), stack.policies("CameraRole"))


def test_writes_of_a_festival_day_may_be_paid_for_by_the_hour():
    table = Resolved(TableWritesPerSecond=4400, TableReadsPerSecond=300).resources("AWS::DynamoDB::Table")["Table"]
    assert table["BillingMode"] == "PROVISIONED"
    assert table["ProvisionedThroughput"] == {"WriteCapacityUnits": 4400, "ReadCapacityUnits": 300}
    usual = Resolved().resources("AWS::DynamoDB::Table")["Table"]
    assert usual["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in usual


@pytest.mark.parametrize(
    ("policy", "queue"), [("QueuePolicy", "Queue"), ("LivePolicy", "Live"), ("UndeliveredPolicy", "Undelivered")]
)
def test_a_queue_takes_from_the_rule_alone(policy, queue):
    (statement,) = properties(policy)["PolicyDocument"]["Statement"]
    assert properties(policy)["Queues"] == [{"Ref": queue}]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert (statement["Action"], text_of(statement["Resource"])) == ("sqs:SendMessage", f"${{{queue}.Arn}}")
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Created", "Arn"]}}}


def test_queues_are_encrypted_and_dead_letters_outlive_the_queue_they_came_through():
    assert all(queue["SqsManagedSseEnabled"] is True for queue in resources("AWS::SQS::Queue").values())
    queue = properties("Queue")
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert queue["MessageRetentionPeriod"] <= properties("DeadLetters")["MessageRetentionPeriod"]


def test_a_message_stays_out_of_sight_for_longer_than_the_function_may_take():
    for queue in ("Queue", "Live", "Statuses"):
        assert properties(queue)["VisibilityTimeout"] >= properties("Ingest")["Timeout"], "AWS refuses less"
    assert properties("Queue")["VisibilityTimeout"] >= 6 * properties("Ingest")["Timeout"]


def longest_s(client: Any) -> float:
    """All tries of a client of a service that stalls, and botocore's waits between them: 1, 2, 4 ... s at most."""
    config = client.meta.config
    tries = config.retries["total_max_attempts"]
    assert config.retries["mode"] == "standard"
    return tries * (config.connect_timeout + config.read_timeout) + 2 ** (tries - 1) - 1


def test_a_message_for_which_a_service_stalls_is_done_with_before_the_function_is_ended():
    session = boto3.Session(region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    s3, sqs = quick_client(session, "s3"), quick_client(session, "sqs")
    dynamodb = client_for("eu-west-1", "http://127.0.0.1:1", local=True)
    clients = (s3, sqs, rekognition_client(session), dynamodb)
    assert max(map(longest_s, clients)) <= ONE_MESSAGE_S
    # A download that stalls after it began is not tried again, but takes as long as one more answer.
    assert longest_s(s3) + s3.meta.config.read_timeout <= ONE_MESSAGE_S
    loads = [one["Properties"].get("BatchSize", 0) for one in properties("Ingest")["Events"].values()]
    assert max(loads) <= AT_ONCE, "all of a load at once"
    assert properties("Ingest")["Timeout"] >= ONE_MESSAGE_S + BACKLOG_WAITS_S


def test_a_message_that_came_again_once_does_not_look_like_a_queue_that_stands_still():
    assert properties("Queue")["VisibilityTimeout"] < ALARMS["QueueBehind"]["Threshold"]


def test_the_status_of_cameras_goes_into_a_queue_of_its_own():
    rule = properties("Status")["TopicRulePayload"]
    assert rule["Sql"] == "SELECT *, topic() AS topic, timestamp() AS received_ms FROM 'houselights/+/+/+/status'"
    of = {"+": "x"}
    filter_ = re.search(r"'(.*)'", rule["Sql"]).group(1)
    assert "/".join(of.get(level, level) for level in filter_.split("/")) == status_topic("x", "x", "x")
    (action,) = rule["Actions"]
    assert action["Sqs"]["QueueUrl"] == {"Ref": "Statuses"}
    assert action["Sqs"]["UseBase64"] is False
    assert rule["ErrorAction"]["Sqs"]["QueueUrl"] == {"Ref": "Undelivered"}


def test_sightings_go_into_a_queue_of_their_own_where_people_are_kept():
    assert "Sightings" not in Resolved().resources("AWS::SQS::Queue")
    stack = Resolved(People="yes")
    (rule,) = [rule for name, rule in stack.resources("AWS::IoT::TopicRule").items() if name == "Sighted"]
    (action,) = rule["TopicRulePayload"]["Actions"]
    assert action["Sqs"]["QueueUrl"] == stack.value({"Ref": "Sightings"}) != stack.value({"Ref": "Queue"})
    filter_ = re.search(r"'(.*)'", rule["TopicRulePayload"]["Sql"]).group(1)
    assert filter_.replace("+", "x") == sighting_topic("x", "x", "x")
    assert "topic() AS topic" in rule["TopicRulePayload"]["Sql"]


def test_a_camera_publishes_sightings_under_its_own_name_where_people_are_kept():
    for people, topics in (("no", 1), ("yes", 2)):
        policy = Resolved(People=people).resources("AWS::IoT::Policy")["CameraPolicy"]
        published = [one["Resource"] for one in policy["PolicyDocument"]["Statement"] if one["Action"] == "iot:Publish"]
        assert len(published) == topics
        assert all("Thing.ThingTypeName}/*/${iot:Connection.Thing.ThingName}" in one for one in published)


# The function


def test_the_function_runs_what_the_package_is_made_for():
    function = properties("Ingest")
    assert function["Runtime"] == {"Fn::Sub": "python${Python}"}
    python = template()["Parameters"]["Python"]
    assert (python["Default"], python["AllowedValues"]) == (PYTHON, list(RUNTIMES))
    assert function["Architectures"] == ["arm64"]
    assert PLATFORM.startswith("aarch64-")
    assert function["Handler"] == "ingest_lambda.handler.handler"
    assert function["Tracing"] == "Active"


def test_one_bad_sheet_does_not_block_those_it_came_with():
    for one in properties("Ingest")["Events"].values():
        assert one["Type"] != "SQS" or one["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    source = properties("Ingest")["Events"]["Deliveries"]["Properties"]
    assert source["MaximumBatchingWindowInSeconds"] == 0, "a sheet is in the table within 4 s of its first frame"
    assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MostAtOnce"}}


def test_every_log_is_kept_for_a_stated_time():
    assert resources("AWS::Logs::LogGroup")
    for group in resources("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == {"Ref": "LogDays"}
    assert properties("Ingest")["LoggingConfig"]["LogGroup"] == {"Ref": "IngestLog"}, "else AWS makes one that stays"


def test_the_function_and_the_table_agree_with_the_stacks_parameters():
    environment = properties("Ingest")["Environment"]["Variables"]
    assert text_of(environment["HOUSELIGHTS_STORE"]) == "dynamodb://${Table}?region=${AWS::Region}"
    assert environment["HOUSELIGHTS_DEAD_LETTERS"] == {"Ref": "DeadLetters"}
    for variable in ("KEEP_CROPS_DAYS", "KEEP_WINDOWS_DAYS", "KEEP_FACES_DAYS"):
        parameter = "".join(word.capitalize() for word in variable.split("_"))
        assert environment[variable] == {"Ref": parameter}
        assert isinstance(template()["Parameters"][parameter]["Default"], int)


# Who may do what


def test_each_policy_of_a_role_has_one_statement():
    assert {name: len(document["Statement"]) for name, document in role_policies()} == {
        name: 1 for name, _ in role_policies()
    }


def test_no_policy_allows_a_kind_of_actions_as_a_whole():
    for name, statement in statements():
        if statement["Effect"] == "Allow":
            assert not [action for action in one_or_more(statement["Action"]) if "*" in action], name


def test_only_actions_without_resources_are_allowed_on_all():
    for name, statement in statements():
        if statement["Effect"] == "Allow" and "*" in one_or_more(statement["Resource"]):
            assert set(one_or_more(statement["Action"])) <= NO_RESOURCE, name


def test_services_act_for_this_account_alone():
    """A service that acts for many accounts could else be talked into using ours."""
    for name, role in resources("AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        if statement["Principal"] != {"Service": "lambda.amazonaws.com"}:
            assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, name


# The table


def test_the_table_is_the_one_the_store_makes():
    table = Resolved().resources("AWS::DynamoDB::Table")["Table"]
    assert table["KeySchema"] == list(KEY_SCHEMA)
    assert table["AttributeDefinitions"] == [
        {"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in KEY_SCHEMA
    ]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRY_ATTRIBUTE, "Enabled": True}


def test_the_table_outlives_mistakes_and_the_stack():
    table = properties("Table")
    assert table["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": {"Ref": "RecoveryDays"},
    }
    assert template()["Parameters"]["RecoveryDays"]["MaxValue"] == LONGEST_RECOVERY_DAYS
    assert table["DeletionProtectionEnabled"] is True
    resource = template()["Resources"]["Table"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert "TableName" not in table, "a stack made anew could not make one of the same name"


# People who enrolled

PEOPLE_TABLES = {"PeopleTable": PEOPLE, "KeysTable": KEYS}


def test_a_stack_keeps_people_where_it_is_asked_to_alone():
    assert Resolved().resources("AWS::DynamoDB::Table").keys() == {"Table"}
    assert Resolved(People="yes").resources("AWS::DynamoDB::Table").keys() == {"Table", *PEOPLE_TABLES}


@pytest.mark.parametrize("name", PEOPLE_TABLES)
def test_a_table_of_people_is_the_one_the_store_of_people_looks_for(name):
    table = Resolved(People="yes").resources("AWS::DynamoDB::Table")[name]
    assert table["TableName"] == f"houselights-table{PEOPLE_TABLES[name]}"
    for what in ("KeySchema", "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled"):
        assert table[what] == Resolved().resources("AWS::DynamoDB::Table")["Table"][what]
    resource = template()["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_no_backup_keeps_a_key_that_was_destroyed():
    tables = Resolved(People="yes").resources("AWS::DynamoDB::Table")
    assert tables["KeysTable"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
    assert tables["PeopleTable"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_no_role_of_the_stack_reaches_people():
    stack = Resolved(People="yes", LiveBoard="yes", KeepCropsDays=1)
    for role in stack.resources("AWS::IAM::Role"):
        for name in PEOPLE_TABLES:
            for action in ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"):
                assert not is_allowed(Call(action, stack.arn(name)), stack.policies(role)), (role, name, action)


# Alarms, dashboard, outputs


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_notifies_somebody_and_is_explained(name):
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "Alerts"}]
    assert ALARMS[name]["AlarmDescription"].endswith(f"See docs/operations.md, {name}.")
    assert f"\n### {name}\n" in OPERATIONS


def test_every_alarm_explained_is_there_and_on_the_dashboard():
    explained = re.findall(r"^### (\w+)$", OPERATIONS.partition("## Alarms")[2], re.MULTILINE)
    assert sorted(explained) == sorted(ALARMS)
    (widget,) = [one for one in dashboard() if one["type"] == "alarm"]
    # A dashboard cannot name an alarm that a stack without a public board does not have.
    always = [name for name in ALARMS if "Condition" not in template()["Resources"][name]]
    assert sorted(widget["properties"]["alarms"]) == sorted(f"${{{name}.Arn}}" for name in always)


def test_alerts_are_encrypted_and_come_from_this_account_alone():
    assert properties("Alerts")["KmsMasterKeyId"] == {"Ref": "AlertsKey"}
    (statement,) = properties("AlertsPolicy")["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert properties("AlertsKey")["EnableKeyRotation"] is True


def dashboard() -> list[dict[str, Any]]:
    return json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])["widgets"]


def test_the_dashboard_shows_every_expression_by_stage():
    body = properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    for expression in EXPRESSIONS:
        assert f'MetricName=\\"Share{expression.capitalize()}\\"' in body


def test_widgets_do_not_lie_on_each_other():
    covered: set[tuple[int, int]] = set()
    for widget in dashboard():
        left, top = widget["x"], widget["y"]
        places = {(x, y) for x in range(left, left + widget["width"]) for y in range(top, top + widget["height"])}
        assert not covered & places
        assert left + widget["width"] <= 24
        covered |= places


def test_what_the_dashboard_takes_a_call_to_cost_is_its_list_price():
    assert float(template()["Parameters"]["DetectFacesPrice"]["Default"]) == DETECT_FACES


@pytest.mark.parametrize("name", sorted(template()["Outputs"]))
def test_an_output_is_documented(name):
    assert f"`{name}`" in STACK_README


@pytest.mark.parametrize("name", sorted(template()["Parameters"]))
def test_a_parameter_is_documented(name):
    assert f"`{name}`" in STACK_README
