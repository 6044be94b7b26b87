"""Devices that register themselves: the list, the function that reads it, and the device, over a real broker.

A stand-in takes AWS IoT's part on the broker: it makes certificates, asks the real function, and fills in the template
of `infra/claims.yaml`.
"""

from __future__ import annotations

import json
import queue
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from audience.deliveries.claims import Claim, claim_key, read_claim, settings_of, used_key
from audience.errors import InvalidValue, SheetRejected
from audience.store import Store
from edge_lambda import provisioning
from edge_lambda.provisioning import NotRegisteredYet, RegistrationRefused, provision
from edge_lambda.settings import read_settings
from houselights.cli import run
from houselights.deploying.claims import read_serials
from houselights.deploying.fleet import read_stages
from houselights.local_cloud.moto_server import running_moto
from ingest_lambda import claim_hook
from tests.builders import a_session
from tests.certificates import Authority
from tests.houselights.conftest import Ended, Houselights
from tests.infra.iam import Call, is_allowed
from tests.infra.template import claims_template
from tests.local_aws import REGION, make_policies, use_local_aws
from tests.mosquitto import Broker, a_broker_with_rights
from tests.ticking import limit_s

BUCKET = f"deliveries-{uuid4().hex}"
TEMPLATE = "houselights-claims"
PROVISION = f"$aws/provisioning-templates/{TEMPLATE}/provision/json"
HOUR_S = 3600


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    claim_hook._s3.cache_clear()
    with running_moto() as address:
        yield address
    claim_hook._s3.cache_clear()


@pytest.fixture
def account(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """S3 and AWS IoT as the stacks leave them, for the command and for the function."""
    use_local_aws(monkeypatch, moto)
    monkeypatch.setenv("HOUSELIGHTS_DELIVERIES", BUCKET)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", uuid4().hex)  # a logger remembers where the test before wrote
    s3 = claim_hook._s3()
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    make_policies("houselights-camera", TEMPLATE)
    return s3


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[Broker]:
    """As AWS IoT with the claim's policy: who has the claim may ask for a certificate and its registration alone."""
    topics = ("$aws/certificates/create/json", PROVISION)
    lines = ["user claim"]
    for topic in topics:
        lines += [f"topic write {topic}", f"topic read {topic}/accepted", f"topic read {topic}/rejected"]
    lines += ["user aws", *(f"topic readwrite {topic}/#" for topic in topics)]
    lines += [f"topic read {topic}" for topic in topics]
    with a_broker_with_rights(tmp_path, authority, "\n".join(lines) + "\n") as running:
        yield running


class FleetProvisioning:
    """AWS IoT's part, on the broker.

    Attributes:
        made: ids of the certificates that it made.
        registered: which certificate each thing has got.
        rejects: what it answers instead of registering, once each.
    """

    def __init__(self, broker: Broker, authority: Authority) -> None:
        self.made: list[str] = []
        self.registered: dict[str, list[str]] = {}
        self.rejects: list[dict[str, Any]] = []
        self._authority = authority
        self._asked: list[Any] = []
        ready = queue.Queue[None]()
        client = Client(CallbackAPIVersion.VERSION2)
        client.tls_set_context(authority.device("aws").context())
        client.on_connect = lambda *_: client.subscribe([("$aws/certificates/create/json", 1), (PROVISION, 1)])
        client.on_subscribe = lambda *_: ready.put(None)
        client.on_message = self._on_message
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        self._client = client
        ready.get(timeout=limit_s())

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Any, _userdata: Any, message: MQTTMessage) -> None:
        given = json.loads(message.payload)
        answer = self._created() if message.topic != PROVISION else self._provisioned(given)
        outcome = "rejected" if "statusCode" in answer else "accepted"
        self._client.publish(f"{message.topic}/{outcome}", json.dumps(answer), qos=1)

    def _created(self) -> dict[str, Any]:
        certificate = uuid4().hex
        self.made.append(certificate)
        signed = self._authority.signs(certificate)
        return {
            "certificateId": certificate,
            "certificatePem": signed.certificate.read_text(),
            "privateKey": signed.private_key.read_text(),
            "certificateOwnershipToken": f"token-of-{certificate}",
        }

    def _provisioned(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.rejects:
            return self.rejects.pop()
        certificate = given["certificateOwnershipToken"].removeprefix("token-of-")
        decision = claim_hook.decide({"certificateId": certificate, "parameters": given["parameters"]}, None)
        if not decision["allowProvisioning"]:
            return {"statusCode": 401, "errorCode": "Unauthorized", "errorMessage": "the hook refuses"}
        text = claims_template()["Resources"]["Template"]["Properties"]["TemplateBody"]["Fn::Sub"]
        body = json.loads(text.replace("${CameraPolicyName}", "houselights-camera"))
        values = {"AWS::IoT::Certificate::Id": certificate, **given["parameters"], **decision["parameterOverrides"]}
        assert values.keys() == body["Parameters"].keys(), "the function fills in all that the template names"

        def filled(value: Any) -> Any:
            if isinstance(value, dict):
                return values[value["Ref"]] if value.keys() == {"Ref"} else {k: filled(v) for k, v in value.items()}
            return value

        thing = filled(body["Resources"]["thing"]["Properties"])
        assert thing["ThingTypeName"] in settings_of(values["Settings"]).values()
        self.registered.setdefault(thing["ThingName"], []).append(certificate)
        return {"thingName": thing["ThingName"], "deviceConfiguration": filled(body["DeviceConfiguration"])}


@pytest.fixture
def aws_iot(broker: Broker, authority: Authority) -> Iterator[FleetProvisioning]:
    standing_in = FleetProvisioning(broker, authority)
    yield standing_in
    standing_in.close()


class Fleet:
    """A fleet of one stage, whose devices are listed, and the image that all of them have."""

    def __init__(self, houselights: Houselights, folder: Path, session_id: str) -> None:
        self._houselights, self._folder, self.session_id = houselights, folder, session_id
        self.stage = f"barn-{uuid4().hex[:8]}"
        self.serials = [f"sn-{uuid4().hex[:8]}" for _ in range(2)]

    def add(self, *words: object) -> Ended:
        (self._folder / "stages.csv").write_text(f"stage,title\n{self.stage},The Barn\n", encoding="utf-8")
        (self._folder / "claims.csv").write_text("serial\n" + "\n".join(self.serials), encoding="utf-8")
        given = ("--session", self.session_id, "--stages", self._folder / "stages.csv", "--bucket", BUCKET)
        claimed = ("--each", 2, "--claims", self._folder / "claims.csv")
        return self._houselights("cameras", "add", *given, *claimed, "--to", self._folder / "cameras", *words)


def put_here(folder: Path, broker: Broker, authority: Authority) -> Path:
    """Has the devices of a kit ask the broker; moto signs certificates by nobody."""
    signed = authority.signs("claim")
    shutil.copy(signed.certificate, folder / "claim.crt")
    shutil.copy(signed.private_key, folder / "claim.key")
    there = (folder / "claim.env").read_text().splitlines()
    lines = [line for line in there if not line.startswith(("HOUSELIGHTS_STATUS", "HOUSELIGHTS_ROOT_CA"))]
    here = [f"HOUSELIGHTS_STATUS=mqtts://127.0.0.1:{broker.port}", f"HOUSELIGHTS_ROOT_CA={authority.root}"]
    (folder / "claim.env").write_text("\n".join([*lines, *here]) + "\n")
    return folder


class Devices:
    """Devices that were never started, and the list of those that may register."""

    def __init__(self, folder: Path, broker: Broker, authority: Authority, s3: Any) -> None:
        self._folder, self._broker, self._authority, self._s3 = folder, broker, authority, s3

    def __call__(self) -> Path:
        """The folder of one more device."""
        folder = self._folder / uuid4().hex
        folder.mkdir()
        (folder / "claim.env").write_text(f"HOUSELIGHTS_SOURCE=webcam:0\nHOUSELIGHTS_CLAIM={TEMPLATE}\n")
        return put_here(folder, self._broker, self._authority)

    def listed(self) -> str:
        """A serial number that is listed for a camera."""
        serial = f"sn-{uuid4().hex}"
        listed(self._s3, serial)
        return serial


@pytest.fixture
def devices(tmp_path: Path, broker: Broker, authority: Authority, account: Any) -> Devices:
    return Devices(tmp_path, broker, authority, account)


@pytest.fixture
def fleet(houselights: Houselights, tmp_path: Path, account: Any, store: Store) -> Fleet:
    session_id = f"day-{uuid4()}"
    store.put_session(a_session(session_id))
    return Fleet(houselights, tmp_path, session_id)


def aws_command(houselights: Houselights, *words: object) -> Ended:
    """Runs a command that has no store."""
    houselights.capsys.readouterr()
    code = run(["cameras", *map(str, words), "--bucket", BUCKET])
    out, err = houselights.capsys.readouterr()
    return Ended(code=code, out=out, err=err)


def never(seconds: float) -> None:
    raise AssertionError(f"it waits {seconds} s and asks again")


def test_a_listed_device_becomes_its_camera_and_gives_up_the_claim(
    fleet: Fleet,
    broker: Broker,
    authority: Authority,
    aws_iot: FleetProvisioning,
    houselights: Houselights,
    tmp_path: Path,
) -> None:
    iot = boto3.client("iot")
    before = len(iot.list_certificates(pageSize=250)["certificates"])
    ended = fleet.add()
    assert ended.code == 0, ended.err
    assert fleet.add().code == 0, "and again, which changes nothing"
    assert len(iot.list_certificates(pageSize=250)["certificates"]) == before + 1, "the claim alone"
    cards = (tmp_path / "cameras" / fleet.stage / "cards.html").read_text()
    assert all(serial in cards for serial in fleet.serials)
    camera, device = f"{fleet.stage}-02", put_here(tmp_path / "cameras" / "claim", broker, authority)
    assert iot.describe_thing(thingName=camera)["thingTypeName"] == fleet.session_id
    assert provision(device, lambda: fleet.serials[1], sleep=never) is True
    assert aws_iot.registered == {camera: aws_iot.made}
    assert sorted(path.name for path in device.iterdir()) == ["camera.crt", "camera.env", "camera.key"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in device.iterdir())
    environment = dict(line.split("=", 1) for line in (device / "camera.env").read_text().splitlines())
    settings = read_settings(environment, state_folder=lambda: device)
    assert (settings.session_id, settings.stage_id, settings.camera_id) == (fleet.session_id, fleet.stage, camera)
    assert (settings.thing, settings.bucket) == (camera, BUCKET)
    assert settings.certificate is not None
    settings.certificate.context()
    assert provision(device, str, sleep=never) is False, "and nothing is done twice"
    said = aws_command(houselights, "claims").out
    assert f"{fleet.serials[1]}  registered" in said
    assert f"{fleet.serials[0]}  not yet" in said


def test_a_device_that_is_stopped_at_any_step_goes_on_as_one_camera(
    devices: Devices, authority: Authority, aws_iot: FleetProvisioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, serial = devices(), devices.listed()
    write, left = provisioning._write, 0

    def stopped(file: Path, content: bytes) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        write(file, content)

    monkeypatch.setattr(provisioning, "_write", stopped)
    for writes in (0, 1, 0, 1, 0, 1, 2):  # the certificate, its registration, key, certificate, settings
        left = writes
        with pytest.raises(KeyboardInterrupt):
            provision(device, lambda: serial, sleep=never)
        assert (device / "claim.key").exists(), "it can still ask"
        assert not (device / "camera.env").exists()
    left = 9
    assert provision(device, lambda: serial, sleep=never) is True
    (certificates,) = aws_iot.registered.values()
    assert len(certificates) > 1, "it asked again, as it could not keep the answer"
    assert len(set(certificates)) == 1
    assert (device / "camera.crt").read_text() == (authority.root.parent / f"{certificates[0]}.crt").read_text()
    assert not (device / "claim.key").exists()


def test_a_claim_is_used_once(devices: Devices, aws_iot: FleetProvisioning) -> None:
    serial, copy = devices.listed(), devices()
    provision(devices(), lambda: serial, sleep=never)
    with pytest.raises(RegistrationRefused, match=serial):
        provision(copy, lambda: serial, sleep=never)
    assert (copy / "claim.key").exists()
    assert [len(made) for made in aws_iot.registered.values()] == [1]


def test_a_serial_number_that_was_taken_off_the_list_is_refused_and_its_certificate_switched_off(
    account: Any, houselights: Houselights
) -> None:
    iot, serial, unused = boto3.client("iot"), f"sn-{uuid4().hex}", f"sn-{uuid4().hex}"
    listed(account, serial)
    listed(account, unused)
    certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateId"]
    assert asked(serial, certificate)
    ended = aws_command(houselights, "revoke", serial, unused)
    assert ended.code == 0, ended.err
    assert iot.describe_certificate(certificateId=certificate)["certificateDescription"]["status"] == "INACTIVE"
    assert not asked(serial, certificate)
    assert not asked(unused)
    assert serial in aws_command(houselights, "revoke", serial).complaint
    listed(account, serial)
    assert asked(serial, "another"), "listed anew, it may register again"


def test_a_busy_service_is_asked_again_for_the_same_certificate(devices: Devices, aws_iot: FleetProvisioning) -> None:
    device, serial = devices(), devices.listed()
    aws_iot.rejects = [{"statusCode": 503, "errorMessage": "later"}, {"statusCode": 429, "errorMessage": "slower"}]
    said, waits = list[str](), list[float]()
    provision(device, lambda: serial, write_line=said.append, sleep=waits.append)
    assert len(said) == 2
    assert 0 < waits[0] < waits[1]
    assert len(aws_iot.made) == 1


def test_a_certificate_that_aws_has_forgotten_is_asked_for_anew(devices: Devices, aws_iot: FleetProvisioning) -> None:
    device, serial = devices(), devices.listed()
    aws_iot.rejects = [{"statusCode": 400, "errorMessage": "no"}]
    with pytest.raises(RegistrationRefused):
        provision(device, lambda: serial, sleep=never, now_s=lambda: 0.0)
    provision(device, lambda: serial, sleep=never, now_s=lambda: 3600.0)
    assert len(aws_iot.made) == 2


def test_without_a_broker_a_device_waits_and_says_so_in_one_line(devices: Devices, broker: Broker) -> None:
    device, said = devices(), list[str]()
    broker.kill()

    def once(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provision(device, lambda: "sn-1111", write_line=said.append, sleep=once)
    (line,) = said
    assert "cannot be reached" in line


def test_a_certificate_that_is_no_claim_gets_nothing(
    devices: Devices, authority: Authority, aws_iot: FleetProvisioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, stranger = devices(), authority.signs("stranger")
    shutil.copy(stranger.certificate, device / "claim.crt")
    shutil.copy(stranger.private_key, device / "claim.key")
    monkeypatch.setattr(provisioning, "ANSWER_WITHIN_S", 0.5)
    with pytest.raises((NotRegisteredYet, RegistrationRefused)):
        provisioning._Registration(device, "sn-1111", lambda: 0.0).go_on()
    assert aws_iot.made == []
    assert (device / "claim.key").exists()


# The function


def listed(s3: Any, serial: str, *, until_ms: int = 2**52) -> None:
    settings = {"HOUSELIGHTS_SESSION": "day", "HOUSELIGHTS_STAGE": "barn", "HOUSELIGHTS_CAMERA": "barn-01"}
    s3.put_object(Bucket=BUCKET, Key=claim_key(serial), Body=Claim(until_ms=until_ms, settings=settings).document())


def asked(serial: Any, certificate: str = "a") -> bool:
    answer = claim_hook.decide({"certificateId": certificate, "parameters": {"SerialNumber": serial}}, None)
    return bool(answer["allowProvisioning"])


def test_of_devices_that_ask_at_once_by_one_serial_number_one_gets_it(account: Any) -> None:
    serial = f"sn-{uuid4().hex}"
    listed(account, serial)
    assert [asked(serial, "a"), asked(serial, "b"), asked(serial, "a")] == [True, False, True]


@pytest.mark.parametrize("serial", ["nobody", "", None, 7, "../claims/x", "a" * 65, "sn\n1", "x.used"])
def test_what_is_not_listed_is_refused_and_marks_nothing(account: Any, serial: Any) -> None:
    before = account.list_objects_v2(Bucket=BUCKET).get("KeyCount")
    assert asked(serial) is False
    assert account.list_objects_v2(Bucket=BUCKET).get("KeyCount") == before


def test_a_claim_that_has_ended_or_is_damaged_is_refused(account: Any) -> None:
    ended, damaged = f"sn-{uuid4().hex}", f"sn-{uuid4().hex}"
    listed(account, ended, until_ms=1)
    account.put_object(Bucket=BUCKET, Key=claim_key(damaged), Body=b'{"settings": {"LD_PRELOAD": "x"}}')
    assert not asked(ended)
    assert not asked(damaged)
    keys = {one["Key"] for one in account.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert not keys & {used_key(ended), used_key(damaged)}


# The list


def test_for_another_session_the_same_devices_stay_listed_and_those_that_registered_keep_their_certificates(
    fleet: Fleet, account: Any, houselights: Houselights, store: Store
) -> None:
    fleet.add()
    assert asked(fleet.serials[0])
    houselights("revoke", "--session", fleet.session_id)
    fleet.session_id = f"day-{uuid4()}"
    store.put_session(a_session(fleet.session_id))
    assert fleet.add().code == 0
    assert boto3.client("iot").describe_thing(thingName=f"{fleet.stage}-01")["thingTypeName"] == fleet.session_id
    claims = [read_claim(account.get_object(Bucket=BUCKET, Key=claim_key(one))["Body"].read()) for one in fleet.serials]
    assert {claim.session_id for claim in claims} == {fleet.session_id}
    assert not asked(fleet.serials[0], "another"), "its claim is used"


def test_a_serial_number_that_is_listed_for_another_camera_is_not_moved(fleet: Fleet, account: Any) -> None:
    listed(account, fleet.serials[0])
    assert "houselights cameras revoke" in fleet.add().complaint


def test_an_account_without_the_stack_of_claims_says_so(fleet: Fleet) -> None:
    boto3.client("iot").create_policy(policyName="other-camera", policyDocument="{}")
    assert "make deploy-claims" in fleet.add("--stack", "other").complaint


def a_table(folder: Path, text: str) -> Path:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    return folder / "table.csv"


def test_a_line_may_name_its_camera_and_the_others_take_what_is_left(tmp_path: Path) -> None:
    stages = read_stages(a_table(tmp_path, "stage\nbarn\n"), 3)
    found = read_serials(a_table(tmp_path, "serial,camera\nsn-1111,\nsn-2222,barn-01\nsn-3333,\n"), stages)
    assert found == {"barn-01": "sn-2222", "barn-02": "sn-1111", "barn-03": "sn-3333"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no column `serial`"),
        ("serial\nsn-1111\n", "1 serial number for 2 cameras"),
        ("serial\nsn-1111\nsn-2222\nsn-3333\n", "3 serial numbers for 2 cameras"),
        ("serial\nsn-1111\nsn-1111\n", "line 3.*twice"),
        ("serial\nsn 1\n", "line 2.*serial number"),
        ("serial,camera\nsn-1111,barn-01\nsn-2222,barn-01\n", "line 3.*twice"),
        ("serial,camera\nsn-1111,ring-01\n", "line 2.*ring-01"),
    ],
)
def test_a_wrong_line_of_the_claims_is_named(tmp_path: Path, text: str, fault: str) -> None:
    stages = read_stages(a_table(tmp_path, "stage\nbarn\n"), 2)
    with pytest.raises(InvalidValue, match=fault):
        read_serials(a_table(tmp_path, text), stages)


@pytest.mark.parametrize(
    "line",
    [
        "HOUSELIGHTS_SESSION=day HOUSELIGHTS_CAMERA=a HOUSELIGHTS_SOURCE=file:/etc/shadow",
        "HOUSELIGHTS_SESSION=day HOUSELIGHTS_CAMERA=a;reboot",
        "HOUSELIGHTS_SESSION=day",
        "LD_PRELOAD=x HOUSELIGHTS_SESSION=day HOUSELIGHTS_CAMERA=a",
        "",
    ],
)
def test_a_device_takes_no_other_settings_from_its_claim(line: str) -> None:
    with pytest.raises(SheetRejected):
        settings_of(line)


def test_a_claim_is_read_as_it_was_written() -> None:
    claim = Claim(until_ms=5, settings={"HOUSELIGHTS_SESSION": "day", "HOUSELIGHTS_CAMERA": "a"})
    assert read_claim(claim.document()) == claim
    assert settings_of(claim.line()) == claim.settings


# The stack


def policy(role: str, name: str) -> dict[str, Any]:
    policies = claims_template()["Resources"][role]["Properties"]["Policies"]
    (found,) = [one["PolicyDocument"] for one in policies if one["PolicyName"] == name]
    return resolved(found)


def resolved(value: Any) -> Any:
    match value:
        case {"Fn::Sub": text}:
            for name, one in {
                "AWS::Partition": "aws",
                "AWS::Region": "eu-west-1",
                "AWS::AccountId": "1",
                "AWS::StackName": TEMPLATE,
                "BucketName": BUCKET,
            }.items():
                text = text.replace(f"${{{name}}}", one)
            return text
        case {"Ref": _} | {"Fn::GetAtt": _}:
            return str(value)
        case dict():
            return {name: resolved(one) for name, one in value.items()}
        case list():
            return [resolved(one) for one in value]
    return value


def test_who_has_the_claim_alone_may_ask_to_be_registered_and_nothing_else() -> None:
    document = resolved(claims_template()["Resources"]["ClaimPolicy"]["Properties"]["PolicyDocument"])

    def may(action: str, resource: str) -> bool:
        return is_allowed(Call(f"iot:{action}", f"arn:aws:iot:eu-west-1:1:{resource}"), [document])

    for topic in (provisioning.CREATE_TOPIC, PROVISION):
        assert may("Publish", f"topic/{topic}")
        for outcome in ("accepted", "rejected"):
            assert may("Subscribe", f"topicfilter/{topic}/{outcome}")
            assert may("Receive", f"topic/{topic}/{outcome}")
    assert may("Connect", f"client/{provisioning.CLIENT_PREFIX}sn-1")
    assert not may("Connect", "client/barn-01"), "or it could cut cameras off"
    assert not may("Publish", "topic/houselights/day/barn/barn-01/status")
    assert not may("Publish", "topic/$aws/provisioning-templates/other/provision/json")
    assert not may("Subscribe", "topicfilter/#")
    assert not may("AssumeRoleWithCertificate", "rolealias/houselights-camera")


def test_the_function_lists_nobody_and_reads_no_delivery() -> None:
    read, mark = policy("HookRole", "read-claims"), policy("HookRole", "mark-claims-as-used")

    def may(action: str, key: str) -> bool:
        return is_allowed(Call(f"s3:{action}", f"arn:aws:s3:::{BUCKET}/{key}"), [read, mark])

    assert may("GetObject", claim_key("sn-1111"))
    assert may("GetObject", used_key("sn-1111"))
    assert may("PutObject", used_key("sn-1111"))
    assert not may("PutObject", claim_key("sn-1111"))
    assert not may("DeleteObject", used_key("sn-1111"))
    assert not may("GetObject", "sheets/day/barn/barn-01/x.jpg")
