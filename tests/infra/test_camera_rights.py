"""A camera's permissions are limited to its own name and its session, by the rules of IAM and AWS IoT."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from audience.deliveries.delivery import Kind, key_of
from audience.deliveries.rollout import MODEL, ROLLOUT_KEY, version_key
from audience.monitoring.status import status_topic
from tests.infra.iam import Call, is_allowed
from tests.infra.resolved import ACCOUNT, REGION, Resolved
from tests.infra.template import properties

PLAIN = Resolved()
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
WITH_KEY = Resolved(FacesKeyArn=KEY)
NOON_MS = 1_795_780_800_000  # 2026-11-27T12:00:00Z

# https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html
THINGS = st.text("abyzABYZ0189:_-", min_size=1, max_size=128) | st.sampled_from(
    ["2026", "11", "27", "12", "main", "talk", "sheets", "windows", "status", "cam-1", "a:b", "-", ":", "_"]
)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True) | st.sampled_from(["main", "2026", "a"])
SESSIONS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True) | st.sampled_from(["talk", "2026", "a"])
KINDS = st.sampled_from(["sheets", "windows"])


def camera(thing: str | None, session: str | None) -> dict[str, str]:
    """IAM's context keys for a device with the credentials of its certificate."""
    known = {"credentials-iot:ThingName": thing, "credentials-iot:ThingTypeName": session}
    return {name: value for name, value in known.items() if value is not None}


def key(kind: Kind, session: str, stage: str, camera_id: str, content: str = "0" * 32) -> str:
    return key_of(kind, session_id=session, stage_id=stage, camera_id=camera_id, start_ms=NOON_MS, content=content)


def may_put(thing: str | None, session: str | None, key: str) -> bool:
    call = Call("s3:PutObject", f"{PLAIN.arn('Deliveries')}/{key}", camera(thing, session))
    return is_allowed(call, PLAIN.policies("CameraRole"))


@given(KINDS, THINGS, SESSIONS, IDS)
@example("sheets", "2026", "talk", "main")
@example("windows", "12", "12", "12")
@example("sheets", "x" * 128, "talk", "main")
def test_a_camera_of_any_name_delivers_for_its_session_from_any_stage(kind, thing, session, stage):
    assert may_put(thing, session, key(kind, session, stage, thing))


@given(KINDS, THINGS, SESSIONS, SESSIONS, IDS)
@example("sheets", "talk", "talk", "main", "talk")
@example("sheets", "main", "main", "talk", "main")
@example("sheets", "cam-1", "tal", "talk", "main")
def test_a_camera_writes_nothing_into_another_session(kind, thing, own, other, stage):
    assume(own != other)
    assert not may_put(thing, own, key(kind, other, stage, thing))


@given(KINDS, THINGS, THINGS, SESSIONS, IDS)
@example("sheets", "2026", "cam-1", "talk", "main")
@example("sheets", "11", "cam-1", "talk", "main")
@example("windows", "main", "cam-1", "talk", "main")
@example("windows", "talk", "cam-1", "talk", "main")
@example("sheets", "1", "cam-1", "talk", "main")
def test_a_camera_writes_nothing_under_another_name(kind, thing, other, session, stage):
    assume(thing != other)
    assert not may_put(thing, session, key(kind, session, stage, other))


@pytest.mark.parametrize("kind", ["sheets", "windows"])
@pytest.mark.parametrize(("thing", "session"), [("cam-1", None), (None, "talk"), (None, None)])
def test_a_thing_without_a_session_and_a_certificate_without_a_thing_deliver_nothing(kind, thing, session):
    assert not may_put(thing, session, key(kind, "talk", "main", "cam-1"))
    assert not may_put(thing, session, key(kind, "", "main", ""))


@pytest.mark.parametrize(
    "key",
    [
        "kept/sheets/talk/main/cam-1/2026/11/27/12/1795780800000-00000000000000000000000000000000.jpg",
        "components/houselights.Camera/0.1.0/camera.zip",
        "sheets/talk/main/cam-1/more/2026/11/27/12/1795780800000-00000000000000000000000000000000.jpg",
        "sheets/talk/main/cam-1/anything.jpg",
        "sheets/talk/main/cam-1/2026/11/27/12/1795780800000-00000000000000000000000000000000.exe",
    ],
)
def test_a_camera_writes_nothing_but_deliveries(key):
    assert not may_put("cam-1", "talk", key)


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:PutObjectTagging"])
def test_a_camera_does_nothing_else_to_deliveries(action):
    call = Call(action, f"{PLAIN.arn('Deliveries')}/{key('sheets', 'talk', 'main', 'cam-1')}", camera("cam-1", "talk"))
    assert not is_allowed(call, PLAIN.policies("CameraRole"))


@pytest.mark.parametrize("name", ["components/camera.zip", ROLLOUT_KEY, version_key("1.2.3", MODEL)])
def test_a_camera_fetches_the_component_and_what_was_rolled_out_and_writes_neither(name):
    def may(action: str) -> bool:
        call = Call(action, f"{PLAIN.arn('Deliveries')}/{name}", camera("cam-1", "talk"))
        return is_allowed(call, PLAIN.policies("CameraRole"))

    assert may("s3:GetObject")
    assert not may("s3:PutObject")


def test_what_a_camera_may_ends_soon_after_its_session_was_taken_away():
    assert properties("CameraRoleAlias")["CredentialDurationSeconds"] <= 1800


# Its status


def connected(thing: str, session: str | None) -> dict[str, str]:
    """AWS IoT's context keys for a device connected over MQTT."""
    known = {
        "iot:Connection.Thing.ThingName": thing,
        "iot:Connection.Thing.ThingTypeName": session,
        "iot:Connection.Thing.IsAttached": "true",
    }
    return {name: value for name, value in known.items() if value is not None}


def iot(action: str, resource: str, context: dict[str, str]) -> bool:
    document = PLAIN.resources("AWS::IoT::Policy")["CameraPolicy"]["PolicyDocument"]
    return is_allowed(Call(action, f"arn:aws:iot:{REGION}:{ACCOUNT}:{resource}", context), [document])


def is_listened_to(topic: str) -> bool:
    """Whether the rule passes a topic on: it has one level for each plus."""
    wanted = re.search(r"'(.*)'", properties("Status")["TopicRulePayload"]["Sql"]).group(1).split("/")
    levels = topic.split("/")
    return len(levels) == len(wanted) and all(
        one == "+" or one == other for one, other in zip(wanted, levels, strict=True)
    )


@given(THINGS, SESSIONS, IDS)
def test_a_camera_sends_its_status_in_its_session(thing, session, stage):
    topic = f"houselights/{session}/{stage}/{thing}/status"
    assert iot("iot:Publish", f"topic/{topic}", connected(thing, session))
    assert is_listened_to(topic)


@given(THINGS, THINGS, SESSIONS, SESSIONS, IDS)
def test_a_camera_sends_no_other_cameras_status(thing, other, own, elsewhere, stage):
    for session, name in ((own, other), (elsewhere, thing), (elsewhere, other)):
        if (session, name) != (own, thing):
            topic = f"houselights/{session}/{stage}/{name}/status"
            assert not iot("iot:Publish", f"topic/{topic}", connected(thing, own))


@given(THINGS, SESSIONS, st.text("ab/+#", max_size=12))
def test_a_stage_with_slashes_is_listened_to_as_nobody_else(thing, session, stage):
    topic = f"houselights/{session}/{stage}/{thing}/status"
    if iot("iot:Publish", f"topic/{topic}", connected(thing, session)) and is_listened_to(topic):
        assert topic.split("/")[1] == session
        assert topic.split("/")[3] == thing


def test_a_camera_connects_under_its_own_name_with_its_own_certificate():
    own = connected("cam-1", "talk")
    assert iot("iot:Connect", "client/cam-1", own)
    assert not iot("iot:Connect", "client/cam-2", own)
    assert not iot("iot:Connect", "client/cam-1", own | {"iot:Connection.Thing.IsAttached": "false"})


def test_without_a_session_a_camera_sends_nothing():
    topic = status_topic("talk", "main", "cam-1")
    assert not iot("iot:Publish", f"topic/{topic}", connected("cam-1", None))


def test_a_camera_hears_nothing():
    for action in ("iot:Subscribe", "iot:Receive", "iot:RetainPublish", "iot:UpdateThingShadow"):
        assert not iot(action, "topic/houselights/talk/main/cam-1/status", connected("cam-1", "talk"))


# A key of one's own


def kms(
    action: str, role: str, resolved: Resolved, service: str = f"s3.{REGION}.amazonaws.com", key: str = KEY
) -> bool:
    return is_allowed(Call(action, key, {"kms:ViaService": service}), resolved.policies(role))


def put_with(**headers: str) -> bool:
    context: dict[str, Any] = camera("cam-1", "talk") | {
        f"s3:x-amz-server-side-encryption{name}": value for name, value in headers.items()
    }
    resource = f"{WITH_KEY.arn('Deliveries')}/{key('sheets', 'talk', 'main', 'cam-1')}"
    return is_allowed(Call("s3:PutObject", resource, context), WITH_KEY.policies("CameraRole"))


def test_with_a_key_of_ones_own_a_camera_encrypts_by_it_and_decrypts_nothing():
    assert kms("kms:GenerateDataKey", "CameraRole", WITH_KEY)
    assert not kms("kms:Decrypt", "CameraRole", WITH_KEY)
    assert not kms("kms:GenerateDataKey", "CameraRole", WITH_KEY, service="dynamodb.eu-west-1.amazonaws.com")
    assert put_with()
    assert put_with(**{"": "aws:kms"})
    assert put_with(**{"": "aws:kms", "-aws-kms-key-id": KEY})


def test_a_camera_cannot_encrypt_by_another_key_than_the_buckets():
    assert not put_with(**{"": "AES256"})
    assert not put_with(**{"": "aws:kms", "-aws-kms-key-id": KEY.replace("1111", "9999")})


def test_with_a_key_of_ones_own_the_function_reads_and_keeps_by_it_and_the_board_does_not():
    board = Resolved(FacesKeyArn=KEY, LiveBoard="yes")
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert kms(action, "IngestRole", WITH_KEY)
        assert not kms(action, "BoardRole", board)
        assert not kms(action, "StatusRole", WITH_KEY)


def test_the_bucket_of_faces_is_encrypted_by_the_key_that_is_named():
    (rule,) = WITH_KEY.value(properties("Deliveries"))["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    by_default = rule["ServerSideEncryptionByDefault"]
    assert (by_default["SSEAlgorithm"], by_default["KMSMasterKeyID"]) == ("aws:kms", KEY)
    assert rule["BucketKeyEnabled"] is True, "else S3 asks KMS, for money, for each sheet"


def test_without_one_nobody_is_allowed_any_key_but_who_sends_alerts_that_of_their_topic():
    (role,) = [name for name in PLAIN.resources("AWS::IAM::Role") if "kms:" in str(list(PLAIN.policies(name)))]
    alerts_key = PLAIN.arn("AlertsKey")
    assert kms("kms:Decrypt", role, PLAIN, service=f"sns.{REGION}.amazonaws.com", key=alerts_key)
    assert not kms("kms:Decrypt", role, PLAIN, key=alerts_key)
    assert not kms("kms:Decrypt", role, PLAIN, service=f"sns.{REGION}.amazonaws.com")


def test_the_function_writes_only_what_it_is_to_keep():
    kept = f"{PLAIN.arn('Deliveries')}/kept/{key('sheets', 'talk', 'main', 'cam-1')}"
    assert not is_allowed(Call("s3:PutObject", kept), PLAIN.policies("IngestRole"))
    keeping = Resolved(KeepCropsDays=7)
    assert is_allowed(Call("s3:PutObject", kept), keeping.policies("IngestRole"))
    delivered = kept.replace("/kept/", "/")
    assert not is_allowed(Call("s3:PutObject", delivered), keeping.policies("IngestRole"))
