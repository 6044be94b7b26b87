"""Checks a deployed stack step by step, and sends a delivery the whole way: docs/five-dollar-hour.md."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from audience.deliveries.window_file import WindowFile
from audience.errors import DeploymentFailed, HouselightsError
from audience.session_setup import SessionSetup, prepare_session
from audience.stores import open_store
from audience.time import to_ms
from audience.windows import DEFAULT_WIDTH_MS, ONLY_PART, WindowRecord, window_start
from houselights.deploying.stack import Stack
from houselights.wording import counted

Outcome = Literal["ok", "failed", "not asked"]

RECORDED_WITHIN_S: Final = 180.0
"""How long a delivery may take to be recorded: the queue of all deliveries has it a minute later, and again after a
quarter of an hour, so a live one that was missed comes through in this time."""

_LOOK_AGAIN_S: Final = 1.0
_HEADS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check.

    Attributes:
        name: what was checked.
        outcome: ok, failed, or not asked where AWS does not allow asking.
        detail: what was found, in one line.
    """

    name: str
    outcome: Outcome
    detail: str


def check_stack(session: Any, stack: Stack, *, deliver: bool, within_s: float = RECORDED_WITHIN_S) -> Iterator[Step]:
    """Checks a stack. Nothing is changed but for the delivery, whose session is deleted again.

    Args:
        session: a boto3 session with region and credentials.
        stack: from `find_stack`.
        deliver: whether to send a delivery.
        within_s: how long to wait for its record, seconds.

    Yields:
        Each step as it is done.
    """
    yield _step("stack", lambda: _holds(stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack.status))
    yield _step("table", lambda: _table(session, stack))
    yield _step("bucket", lambda: _bucket(session, stack))
    yield _step("dead letters", lambda: _queue_is_empty(session, stack, "DeadLettersUrl"))
    yield _step("undelivered", lambda: _queue_is_empty(session, stack, "UndeliveredUrl"))
    for function in stack.functions:
        yield _step(f"function {function}", partial(_function, session, function))
    yield _step("alarms", lambda: _alarms(session, stack))
    yield _step("cameras' credentials", lambda: _role_alias(session, stack))
    if deliver:
        yield from _delivery(session, stack, within_s)


def as_markdown(steps: Sequence[Step], stack: str, region: str) -> str:
    """The report: a table of the steps."""
    rows = "".join(f"| {one.name} | {one.outcome} | {one.detail.replace('|', '/')} |\n" for one in steps)
    good = sum(one.outcome == "ok" for one in steps)
    return (
        f"# {stack} in {region}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n\n{good} of {len(steps)} steps are ok.\n\n"
        f"| step | outcome | found |\n|---|---|---|\n{rows}"
    )


def _step(name: str, look: Callable[[], str]) -> Step:
    try:
        return Step(name=name, outcome="ok", detail=look())
    except ClientError as problem:
        code = problem.response["Error"]["Code"]
        denied = "AccessDenied" in code or code in ("403", "UnauthorizedOperation")
        return Step(name=name, outcome="not asked" if denied else "failed", detail=f"{problem.operation_name}: {code}")
    except (BotoCoreError, HouselightsError) as problem:
        return Step(name=name, outcome="failed", detail=" ".join(str(problem).split()))


def _holds(good: object, found: str) -> str:
    """What was found, if it is good.

    Raises:
        DeploymentFailed: it is not.
    """
    if not good:
        raise DeploymentFailed(found)
    return found


def _output(stack: Stack, name: str) -> str:
    if not stack.outputs.get(name):
        raise DeploymentFailed(f"the stack has no output {name}: deploy it again")
    return stack.outputs[name]


def _table(session: Any, stack: Stack) -> str:
    table, client = _output(stack, "TableName"), session.client("dynamodb")
    found = client.describe_table(TableName=table)["Table"]
    _holds(found["TableStatus"] == "ACTIVE", f"{table} is {found['TableStatus']}")
    expiry = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    _holds(expiry in ("ENABLED", "ENABLING"), f"{table} lets nothing expire ({expiry})")
    backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    _holds(recovery == "ENABLED", f"{table} has no point-in-time recovery ({recovery})")
    _holds(found.get("StreamSpecification", {}).get("StreamEnabled"), f"{table} has no stream: roll-ups are not made")
    return f"{table} is active, with expiry, recovery and stream"


def _bucket(session: Any, stack: Stack) -> str:
    bucket, client = _output(stack, "BucketName"), session.client("s3")
    blocked = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    _holds(all(blocked.values()), f"{bucket} could be made public")
    said = client.get_bucket_notification_configuration(Bucket=bucket)
    _holds("EventBridgeConfiguration" in said, f"{bucket} does not notify EventBridge: nothing is recorded")
    rules = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    _holds(any(rule["Status"] == "Enabled" for rule in rules), f"{bucket} lets nothing expire")
    return f"{bucket} is private, notifies EventBridge, and lets pictures expire"


def _queue_is_empty(session: Any, stack: Stack, output: str) -> str:
    asked = session.client("sqs").get_queue_attributes(
        QueueUrl=_output(stack, output), AttributeNames=["ApproximateNumberOfMessages"]
    )
    waiting = int(asked["Attributes"]["ApproximateNumberOfMessages"])
    return _holds(not waiting, f"{counted(waiting, 'message')} in it" if waiting else "empty")


def _function(session: Any, name: str) -> str:
    found = session.client("lambda").get_function_configuration(FunctionName=name)
    state = found.get("State", "Active")
    _holds(state == "Active", f"{state}: {found.get('StateReason', '')}")
    update = found.get("LastUpdateStatus", "Successful")
    _holds(update == "Successful", f"its last update is {update}: {found.get('LastUpdateStatusReason', '')}")
    return f"{found['Runtime']}, {'/'.join(found.get('Architectures', ('x86_64',)))}, {found['CodeSize'] / 1e6:.0f} MB"


def _alarms(session: Any, stack: Stack) -> str:
    pages = session.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{stack.name}-")
    alarms = [one for page in pages for one in page["MetricAlarms"]]
    _holds(alarms, "there are none")
    ringing = sorted(one["AlarmName"] for one in alarms if one["StateValue"] == "ALARM")
    _holds(not ringing, f"in alarm: {', '.join(ringing)}")
    mute = sorted(one["AlarmName"] for one in alarms if not one.get("AlarmActions"))
    return _holds(not mute, f"nobody is notified by {', '.join(mute)}" if mute else f"{len(alarms)}, none in alarm")


def _role_alias(session: Any, stack: Stack) -> str:
    alias, client = _output(stack, "RoleAlias"), session.client("iot")
    found = client.describe_role_alias(roleAlias=alias)["roleAliasDescription"]
    endpoint = client.describe_endpoint(endpointType="iot:CredentialProvider")["endpointAddress"]
    return f"{alias} at {endpoint}, for {found['credentialDurationSeconds']} s"


def _delivery(session: Any, stack: Stack, within_s: float) -> Iterator[Step]:
    """Sends a window file twice, and something that is no delivery, in a session of their own."""
    session_id, now = f"verify-{uuid4().hex[:8]}", datetime.now(UTC)
    camera = SessionSetup(session_id=session_id, title="Verification", heads_only=True)
    window = WindowRecord(
        session_id=session_id,
        stage_id=camera.stage_id,
        camera_id=camera.camera_id,
        start_ms=window_start(to_ms(now)) - 2 * DEFAULT_WIDTH_MS,
        part=ONLY_PART,
        width_ms=DEFAULT_WIDTH_MS,
        faces=_HEADS,
        expected=_HEADS,
        tallies={},
        scorer="",
    )
    delivery = WindowFile(windows=(window,)).delivery()
    content = delivery.key.rpartition("-")[2].partition(".")[0]

    def send_and_wait() -> str:
        bucket, began = _output(stack, "BucketName"), time.monotonic()
        session.client("s3").put_object(Bucket=bucket, Key=delivery.key, Body=delivery.data)
        while time.monotonic() - began < within_s:
            if heads() == [_HEADS]:
                return f"recorded after {time.monotonic() - began:.1f} s"
            time.sleep(_LOOK_AGAIN_S)
        raise DeploymentFailed(f"not recorded within {within_s:.0f} s: look at the dead letters, then at the log")

    def heads() -> list[int]:
        found = store.windows(session_id, camera.stage_id, from_ms=window.start_ms, until_ms=window.start_ms + 1)
        return [int(faces) for faces in found.faces]

    def send_again() -> str:
        session.client("s3").put_object(Bucket=_output(stack, "BucketName"), Key=delivery.key, Body=delivery.data)
        return _holds(heads() == [_HEADS], f"{heads()} windows' faces, sent {_HEADS}")

    def logged() -> str:
        pattern = json.dumps(content)
        found = session.client("logs").filter_log_events(
            logGroupName=_output(stack, "LogGroup"), startTime=to_ms(now - timedelta(minutes=1)), filterPattern=pattern
        )
        return _holds(found["events"], f"{len(found['events'])} lines name delivery {content}")

    try:
        with open_store(_output(stack, "StoreUrl")) as store:
            prepare_session(store, camera, now - timedelta(minutes=1), now)
            try:
                yield _step("a delivery", send_and_wait)
                yield _step("the same again", send_again)
                yield _step("its line in the log", logged)
            finally:
                yield _step("deleted again", lambda: _holds(store.delete_session(session_id), f"session {session_id}"))
    except HouselightsError as problem:
        yield Step(name="a delivery", outcome="failed", detail=" ".join(str(problem).split()))
