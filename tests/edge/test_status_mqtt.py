"""Status over MQTT reaches a real broker despite network failures, and never delays the camera."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audience.monitoring.status import read_status
from audience.store import Heartbeat
from edge_lambda.device_certificate import DeviceCertificate
from edge_lambda.status import StatusSender, latest_sender, mqtt, open_status
from edge_lambda.status.mqtt import WILL
from tests.builders import a_heartbeat
from tests.certificates import DAY, Authority
from tests.mosquitto import Broker, Listener, a_broker, a_broker_with_rights
from tests.ticking import last_words, ticking, until

TOPIC = "houselights/talk-1/main/cam-1/status"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with a_broker(tmp_path, "allow_anonymous true") as broker:
        yield broker


@contextmanager
def listening(broker: Broker) -> Iterator[Listener]:
    with closing(Listener(broker)) as listener:
        yield listener


class Said(list[str]):
    """The log lines."""

    def count_of(self, words: str) -> int:
        return sum(words in line for line in self)


@pytest.fixture
def said() -> Said:
    return Said()


def opened(broker: Broker, said: Said) -> closing[StatusSender]:
    return closing(open_status(f"mqtt://127.0.0.1:{broker.port}", write_line=said.append))


def beat(number: int) -> Heartbeat:
    return a_heartbeat(at_s=number, detail=f"beat {number}")


def test_a_status_lands_on_its_cameras_own_topic_and_nowhere_else(broker, said):
    broker.start()
    heartbeat = replace(beat(1), sent=7, waiting=2, detector="centerface-1", scorer="expressionnet-1")
    with listening(broker) as everything, opened(broker, said) as status:
        status.send(heartbeat)
        message = everything.next()
        assert message.topic == TOPIC
        assert read_status(message.payload) == heartbeat
        assert everything.silent_for(0.3)
    assert said == []


def test_every_status_arrives_in_order_while_the_broker_keeps_up(broker, said):
    broker.start()
    with listening(broker) as listener, opened(broker, said) as status:
        for number in range(20):
            status.send(beat(number))
            assert read_status(listener.next().payload) == beat(number)


def test_a_broker_that_is_away_at_first_gets_the_newest_status_when_it_comes(broker, said):
    with opened(broker, said) as status:
        with ticking() as waited_s:
            for number in range(100):
                status.send(beat(number))
            assert waited_s() < 2
        time.sleep(1.5)
        broker.start()
        with listening(broker) as listener:
            assert read_status(listener.next().payload).detail in ("beat 0", "beat 99")
            status.send(beat(100))
            while read_status(listener.next().payload) != beat(100):
                pass


def test_a_restarted_broker_gets_the_cameras_status_again(broker, said, monkeypatch):
    monkeypatch.setattr(mqtt, "ANSWER_WITHIN_S", 0.5)
    broker.start()
    with opened(broker, said) as status:
        with listening(broker) as listener:
            status.send(beat(1))
            listener.next()
        broker.kill()
        for number in range(2, 50):
            status.send(beat(number))
            time.sleep(0.02)
        broker.start()
        with listening(broker) as listener:
            status.send(beat(50))
            while read_status(listener.next().payload) != beat(50):
                pass
            status.send(beat(51))
            assert read_status(listener.next().payload) == beat(51)


def test_an_error_and_its_end_are_each_reported_once(broker, said, monkeypatch):
    monkeypatch.setattr(mqtt, "ANSWER_WITHIN_S", 0.2)
    monkeypatch.setattr(latest_sender, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(latest_sender, "LONGEST_WAIT_S", 0.05)
    with opened(broker, said) as status:
        status.send(beat(1))
        until(lambda: said)
        time.sleep(0.5)  # and it tries several times more
        broker.start()
        with listening(broker) as listener:
            listener.next()
            until(lambda: len(said) == 2)
    assert said == [
        f"status not sent: MQTT broker 127.0.0.1:{broker.port} accepts no connection: check its address, the network "
        "and, with mqtts, the certificates of both sides",
        "sending status works again",
    ]


_A_CAMERA = """
import sys
from dataclasses import replace
from edge_lambda.status import open_status
from tests.builders import a_heartbeat
status = open_status(sys.argv[1])
status.send(a_heartbeat())
sys.stdin.read()
status.send(replace(a_heartbeat(), state="stopped"))
status.close()
"""


@contextmanager
def a_camera(broker: Broker) -> Iterator[subprocess.Popen[bytes]]:
    """A process that says it is running, and stops when its input ends."""
    command = [sys.executable, "-c", _A_CAMERA, f"mqtt://127.0.0.1:{broker.port}"]
    with subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2], stdin=subprocess.PIPE) as camera:
        yield camera


def test_a_killed_camera_is_reported_as_failed(broker):
    broker.start()
    with listening(broker) as listener, a_camera(broker) as camera:
        assert read_status(listener.next().payload).state == "running"
        camera.kill()
        will = listener.next()
    assert will.topic == TOPIC
    assert read_status(will.payload) == replace(
        a_heartbeat(), state="failed", detail=WILL, frames_per_s=0.0, faces=0, lag_s=0.0
    )


def test_a_camera_that_stops_reports_stopped_and_not_failed(broker):
    broker.start()
    with listening(broker) as listener:
        with a_camera(broker) as camera:
            assert read_status(listener.next().payload).state == "running"
            last_words(camera)
            assert camera.returncode == 0
        assert read_status(listener.next().payload).state == "stopped"
        assert listener.silent_for(0.5)


def test_nothing_stays_at_the_broker(broker, said):
    broker.start()
    with opened(broker, said) as status:
        with listening(broker) as listener:
            status.send(beat(1))
            listener.next()
        with listening(broker) as late:
            assert late.silent_for(0.3)


def test_a_broker_that_accepts_and_stays_silent_blocks_nobody(said, monkeypatch):
    monkeypatch.setattr(mqtt, "ANSWER_WITHIN_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        status = open_status(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", write_line=said.append)
        with ticking() as waited_s:
            for number in range(1000):
                status.send(beat(number))
            assert waited_s() < 10, "a thousand answers waited for take five minutes"
        until(lambda: said)
        with ticking() as waited_s:
            status.close()
            assert waited_s() < latest_sender.CLOSING_S + 1


def test_a_broker_that_refuses_the_device_is_reported_with_its_reason(tmp_path, said, monkeypatch):
    monkeypatch.setattr(mqtt, "ANSWER_WITHIN_S", 0.5)
    with a_broker(tmp_path, "allow_anonymous false") as strict:
        strict.start()
        with opened(strict, said) as status:
            status.send(beat(1))
            until(lambda: said)
    assert said[0].endswith(f"MQTT broker 127.0.0.1:{strict.port} accepts no connection: it answers not authorized")


class TestWithCertificates:
    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    @pytest.fixture
    def secured(self, tmp_path: Path, authority: Authority) -> Iterator[Broker]:
        """As AWS IoT is with the project's policy: a device publishes on the topic of its own name only."""
        rights = "pattern write houselights/+/+/%u/status\n\nuser operator\ntopic read #\n"
        with a_broker_with_rights(tmp_path, authority, rights) as broker:
            yield broker

    @contextmanager
    def operator(self, broker: Broker, authority: Authority) -> Iterator[Listener]:
        with closing(Listener(broker, certificate=authority.device("operator"))) as listener:
            yield listener

    def status(self, broker: Broker, certificate: DeviceCertificate, said: Said) -> closing[StatusSender]:
        url = f"mqtts://127.0.0.1:{broker.port}"
        return closing(open_status(url, thing="cam-1", certificate=certificate, write_line=said.append))

    def test_a_status_arrives_encrypted_from_who_has_the_devices_certificate(self, secured, authority, said):
        with (
            self.operator(secured, authority) as listener,
            self.status(secured, authority.device("cam-1"), said) as status,
        ):
            status.send(beat(1))
            message = listener.next()
        assert (message.topic, read_status(message.payload)) == (TOPIC, beat(1))
        assert said == []

    def test_a_device_speaks_for_no_other(self, secured, authority, said):
        with (
            self.operator(secured, authority) as listener,
            self.status(secured, authority.device("cam-2"), said) as status,
        ):
            status.send(beat(1))
            assert listener.silent_for(1)
            status.send(replace(beat(2), camera_id="cam-2"))
            assert read_status(listener.next().payload).camera_id == "cam-2"

    # paho leaves a socket whose handshake failed to the garbage collector.
    @pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.parametrize("wrong", ["signed by another", "out of date", "of another broker"])
    def test_a_certificate_that_is_not_accepted_is_reported_in_one_line(
        self, secured, authority, said, wrong, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(mqtt, "ANSWER_WITHIN_S", 0.5)
        (tmp_path / "else").mkdir()
        other = Authority(tmp_path / "else", "another")
        if wrong == "signed by another":
            certificate = replace(other.device("cam-1"), root_ca=authority.root)
        elif wrong == "out of date":
            certificate = authority.device("cam-1", valid_until=datetime.now(UTC) - DAY)
        else:
            certificate = replace(authority.device("cam-1"), root_ca=other.root)
        with self.status(secured, certificate, said) as status:
            status.send(beat(1))
            until(lambda: said)
        assert said.count_of("accepts no connection: check its address, the network and, with mqtts, the cert") == 1
        assert all("\n" not in line for line in said)
