"""Status senders: the available destinations, the log line, and delivery of the newest status."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audience.errors import DeviceError, InvalidValue, StatusNotSent
from audience.monitoring.status import read_status
from audience.store import Heartbeat
from edge_lambda.device_certificate import DeviceCertificate
from edge_lambda.status import greengrass, latest_sender, open_status
from edge_lambda.status.greengrass import GreengrassTransport
from edge_lambda.status.latest_sender import LatestStatusSender
from edge_lambda.status.log import heartbeat_line
from tests.builders import a_heartbeat
from tests.certificates import Authority
from tests.deeplens import DeepLens
from tests.ticking import limit_s, ticking, until

TOPIC = "houselights/talk-1/main/cam-1/status"


def beat(number: int) -> Heartbeat:
    return a_heartbeat(at_s=number, detail=f"beat {number}")


class TestChoosing:
    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("", "'' is not a status destination; give none, log, mqtt://HOST, mqtts://HOST, greengrass or"),
            ("mqtt", "'mqtt' is not a status destination"),
            ("mqtt://", "'mqtt://' is not a status destination"),
            ("mqtt://a..b", "'mqtt://a..b' is not a status destination"),
            (f"mqtt://{'a' * 64}", f"'mqtt://{'a' * 64}' is not a status destination"),
            ("mqtt://host/topic", "'mqtt://host/topic' is not a status destination"),
            ("mqtt://me:s3cret@host", "'mqtt://***@host' is not a status destination"),
            ("mqtt://host:0", "port 0 of mqtt://host:0 is not allowed: use 1 to 65535"),
            ("mqtt://host:65536", "port 65536 of mqtt://host:65536 is not allowed"),
            ("http://host", "'http://host' is not a status destination"),
            ("mqtts://host", "mqtts://host needs HOUSELIGHTS_CERTIFICATE and HOUSELIGHTS_PRIVATE_KEY"),
        ],
    )
    def test_an_unknown_destination_is_refused_in_one_line(self, url, why):
        with pytest.raises(InvalidValue) as refused:
            open_status(url)
        assert str(refused.value).startswith(why)
        assert "s3cret" not in str(refused.value)

    def test_none_says_nothing(self, capfd):
        status = open_status("none")
        status.send(beat(1))
        status.close()
        assert capfd.readouterr() == ("", "")

    def test_only_what_is_chosen_is_loaded(self):
        program = (
            "import sys\nfrom edge_lambda.status import open_status\nopen_status('log').close()\n"
            "print({'paho', 'awsiot', 'awscrt', 'cv2', 'boto3'} & set(sys.modules))"
        )
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == "set()"


class TestLog:
    def test_is_a_line_on_stderr(self, capfd):
        status = open_status("log")
        status.send(replace(beat(1), sent=3, waiting=2))
        status.close()
        assert capfd.readouterr() == (
            "",
            "at=2026-05-04T19:30:01+00:00 camera=talk-1/main/cam-1 state=running frames_per_s=5.0 faces=12 lag_s=0.20 "
            'sent=3 waiting=2 dropped=0 detail="beat 1"\n',
        )

    def test_says_what_was_loaded_once_it_is(self):
        ready = replace(a_heartbeat(), state="ready", detector="centerface-1")
        assert heartbeat_line(ready).endswith("state=ready detector=centerface-1 scorer=none")

    def test_a_detail_of_two_lines_is_still_one(self):
        assert heartbeat_line(a_heartbeat(detail='a "b"\nc')).endswith(r'detail="a \"b\"\nc"')

    def test_nobody_reading_it_is_no_error(self, monkeypatch):
        class Gone:
            def write(self, _: str) -> None:
                raise BrokenPipeError

        monkeypatch.setattr("sys.stderr", Gone())
        open_status("log").send(beat(1))


class Slow:
    """A transport that delivers when a test allows it, and fails on demand."""

    def __init__(self) -> None:
        self.delivered: list[Heartbeat] = []
        self.tries = 0
        self.problem: Exception | None = None
        self.open = threading.Event()
        self.closed = threading.Event()

    def deliver(self, heartbeat: Heartbeat) -> None:
        self.tries += 1
        self.open.wait()
        if self.problem is not None:
            raise self.problem
        self.delivered.append(heartbeat)

    def close(self) -> None:
        self.closed.set()


class TestTheNewest:
    @pytest.fixture(autouse=True)
    def hurried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(latest_sender, "FIRST_WAIT_S", 0.01)
        monkeypatch.setattr(latest_sender, "LONGEST_WAIT_S", 0.02)

    @pytest.fixture
    def transport(self) -> Slow:
        return Slow()

    def test_replaces_a_status_that_could_not_be_sent_in_time(self, transport):
        sender = LatestStatusSender(transport, write_line=lambda line: None)
        sender.send(beat(0))
        until(lambda: transport.tries == 1)
        for number in range(1, 1000):
            sender.send(beat(number))
        transport.open.set()
        until(lambda: len(transport.delivered) == 2)
        sender.close()
        assert transport.delivered == [beat(0), beat(999)]

    def test_is_tried_until_it_has_arrived(self, transport):
        said: list[str] = []
        transport.open.set()
        transport.problem = StatusNotSent("the broker is away")
        sender = LatestStatusSender(transport, write_line=said.append)
        sender.send(beat(1))
        until(lambda: transport.tries > 5)
        transport.problem = None
        until(lambda: transport.delivered == [beat(1)])
        sender.close()
        assert said == ["status not sent: the broker is away", "sending status works again"]

    def test_is_what_is_tried_next_after_a_failure(self, transport):
        transport.problem = StatusNotSent("the broker is away")
        sender = LatestStatusSender(transport, write_line=lambda line: None)
        sender.send(beat(1))
        until(lambda: transport.tries == 1)
        sender.send(beat(2))
        transport.open.set()
        until(lambda: transport.tries > 1)
        transport.problem = None
        until(lambda: bool(transport.delivered))
        sender.close()
        assert transport.delivered == [beat(2)]

    def test_survives_an_unexpected_error(self, transport):
        said: list[str] = []
        transport.open.set()
        transport.problem = ZeroDivisionError("secret")
        sender = LatestStatusSender(transport, write_line=said.append)
        sender.send(beat(1))
        until(lambda: transport.tries > 2)
        transport.problem = None
        sender.send(beat(2))
        until(lambda: beat(2) in transport.delivered)
        sender.close()
        assert said[0] == "status not sent: unexpected ZeroDivisionError"

    def test_is_still_sent_at_the_end(self, transport):
        transport.open.set()
        sender = LatestStatusSender(transport, write_line=lambda line: None)
        sender.send(beat(1))
        sender.close()
        sender.close()
        assert transport.delivered == [beat(1)]
        assert transport.closed.is_set()

    def test_delays_the_end_by_a_few_seconds_only(self, transport, monkeypatch):
        monkeypatch.setattr(latest_sender, "CLOSING_S", 0.2)
        sender = LatestStatusSender(transport, write_line=lambda line: None)
        sender.send(beat(1))
        until(lambda: transport.tries == 1)
        with ticking() as waited_s:
            sender.close()
            assert waited_s() < 5
        transport.open.set()
        assert transport.closed.wait(limit_s())

    def test_that_cannot_be_sent_is_given_up_at_the_end(self, transport):
        transport.open.set()
        transport.problem = StatusNotSent("the broker is away")
        sender = LatestStatusSender(transport, write_line=lambda line: None)
        sender.send(beat(1))
        sender.close()
        assert transport.closed.wait(limit_s())


class Nucleus:
    """A fake client of Greengrass v2's inter-process communication.

    Attributes:
        published: topic, quality of service and payload of each message.
        problem: what a publication ends with; None for success; `...` for no end.
        made, closed: how many clients there were.
    """

    def __init__(self) -> None:
        self.published: list[tuple[str, str, bytes]] = []
        self.problem: Any = None
        self.made = self.closed = 0

    def connect(self) -> Nucleus:
        self.made += 1
        return self

    def publish_to_iot_core_async(self, *, topic_name: str, qos: str, payload: bytes) -> Future[None]:
        self.published.append((topic_name, qos, payload))
        taken: Future[None] = Future()
        if self.problem is None:
            taken.set_result(None)
        elif self.problem is not ...:
            taken.set_exception(self.problem)
        return taken

    def close(self) -> None:
        self.closed += 1


class TestGreengrass:
    @pytest.fixture
    def nucleus(self) -> Nucleus:
        return Nucleus()

    def test_hands_messages_over_for_delivery_at_least_once(self, nucleus):
        from awsiot.greengrasscoreipc.model import QOS

        transport = GreengrassTransport(nucleus.connect)
        transport.deliver(beat(1))
        transport.deliver(beat(2))
        transport.close()
        assert [(topic, qos) for topic, qos, _ in nucleus.published] == [(TOPIC, QOS.AT_LEAST_ONCE)] * 2
        assert [read_status(payload) for _, _, payload in nucleus.published] == [beat(1), beat(2)]
        assert (nucleus.made, nucleus.closed) == (1, 1)

    def test_connects_again_after_a_failure(self, nucleus):
        from awsiot.greengrasscoreipc.model import UnauthorizedError

        transport = GreengrassTransport(nucleus.connect)
        nucleus.problem = UnauthorizedError(message="not authorized\nto publish")
        with pytest.raises(
            StatusNotSent, match=r"^Greengrass does not accept the message \(UnauthorizedError\): check"
        ):
            transport.deliver(beat(1))
        nucleus.problem = None
        transport.deliver(beat(2))
        assert (nucleus.made, nucleus.closed) == (2, 1)

    def test_that_gives_no_answer_is_not_waited_for_long(self, nucleus, monkeypatch):
        monkeypatch.setattr(greengrass, "ANSWER_WITHIN_S", 0.1)
        nucleus.problem = ...
        with pytest.raises(StatusNotSent, match=r"^Greengrass does not answer"):
            GreengrassTransport(nucleus.connect).deliver(beat(1))
        assert nucleus.closed == 1

    def test_the_fake_client_accepts_what_the_library_accepts(self):
        """Names and order of the arguments, read from the installed library."""
        from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

        theirs = inspect.signature(GreengrassCoreIPCClientV2.publish_to_iot_core_async).parameters
        ours = inspect.signature(Nucleus.publish_to_iot_core_async).parameters
        assert set(ours) <= set(theirs)
        assert {"executor"} <= set(inspect.signature(GreengrassCoreIPCClientV2).parameters)

    def test_a_program_that_is_no_component_says_so(self, monkeypatch):
        monkeypatch.delenv("SVCUID", raising=False)
        with pytest.raises(DeviceError, match=r"needs this program to run as a component of AWS IoT Greengrass v2"):
            open_status("greengrass")

    def test_a_component_without_the_library_says_what_to_install(self, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(DeviceError, match=r"install houselights\[greengrass\]"):
            open_status("greengrass")

    def test_a_nucleus_that_is_down_is_reported_and_retried(self, monkeypatch, tmp_path):
        monkeypatch.setenv("SVCUID", "token")
        monkeypatch.setenv("AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT", str(tmp_path / "no.socket"))
        said: list[str] = []
        status = open_status("greengrass", write_line=said.append)
        status.send(beat(1))
        until(lambda: bool(said))
        status.close()
        assert said == ["status not sent: Greengrass cannot be reached (RuntimeError): see its log, greengrass.log"]


class TestGreengrassV1:
    @pytest.fixture
    def device(self, monkeypatch: pytest.MonkeyPatch) -> DeepLens:
        device = DeepLens()
        device.put_on(monkeypatch)
        return device

    def test_publishes_on_the_cameras_own_topic(self, device):
        status = open_status("greengrass-v1")
        status.send(beat(1))
        status.close()
        ((topic, payload),) = device.published
        assert (topic, read_status(payload)) == (TOPIC, beat(1))

    def test_a_refusal_is_reported_in_one_line(self, device):
        said: list[str] = []
        device.refusal = RuntimeError("queue\nfull")
        status = open_status("greengrass-v1", write_line=said.append)
        status.send(beat(1))
        until(lambda: bool(said))
        status.close()
        assert said == ["status not sent: Greengrass v1 does not accept the message (RuntimeError)"]

    def test_without_the_library_it_names_the_extra_and_what_to_use_instead(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "greengrasssdk", None)
        with pytest.raises(DeviceError, match=r"install houselights\[greengrass-v1\].*mqtts://HOST"):
            open_status("greengrass-v1")

    def test_with_the_library_and_without_greengrass_it_does_not_name_the_extra(self):
        with pytest.raises(DeviceError, match=r"run as a function of AWS IoT Greengrass v1.*mqtts://HOST") as refused:
            open_status("greengrass-v1")
        assert "install" not in str(refused.value)


class TestCertificates:
    @pytest.fixture
    def device(self, tmp_path: Path) -> DeviceCertificate:
        return Authority(tmp_path).device("cam-1")

    def test_those_that_belong_together_are_taken(self, device):
        device.context()

    @pytest.mark.parametrize(
        ("part", "setting"),
        [
            ("certificate", "HOUSELIGHTS_CERTIFICATE"),
            ("private_key", "HOUSELIGHTS_PRIVATE_KEY"),
            ("root_ca", "HOUSELIGHTS_ROOT_CA"),
        ],
    )
    def test_a_file_that_is_missing_or_damaged_is_named(self, device, part, setting, tmp_path):
        with pytest.raises(InvalidValue, match=rf"no\.pem cannot be read \(No such file or directory\): .*{setting}$"):
            replace(device, **{part: tmp_path / "no.pem"}).context()
        (tmp_path / "odd.pem").write_text("-----BEGIN CERTIFICATE-----\nodd\n")
        with pytest.raises(InvalidValue, match=rf"odd\.pem .*{setting}"):
            replace(device, **{part: tmp_path / "odd.pem"}).context()

    def test_a_key_of_another_certificate_is_refused(self, device, tmp_path):
        (tmp_path / "else").mkdir()
        other = Authority(tmp_path / "else").device("cam-1")
        with pytest.raises(InvalidValue, match="not a certificate and its unencrypted private key"):
            replace(device, private_key=other.private_key).context()

    def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(self, tmp_path):
        locked = Authority(tmp_path).signs("cam-1", password=b"s3cret")
        device = DeviceCertificate(certificate=locked.certificate, private_key=locked.private_key)
        with pytest.raises(InvalidValue, match="not a certificate and its unencrypted private key"):
            device.context()

    def test_a_broker_is_not_opened_with_one_that_cannot_be_used(self, device, tmp_path):
        with pytest.raises(InvalidValue, match="cannot be read"):
            open_status("mqtts://127.0.0.1", certificate=replace(device, certificate=tmp_path / "no.pem"))
