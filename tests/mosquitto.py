"""Mosquitto, a real MQTT broker: getting it (`python -m tests.mosquitto`), running it, and listening to it."""

from __future__ import annotations

import os
import queue
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edge_lambda.device_certificate import DeviceCertificate
from tests.certificates import Authority
from tests.debian import install
from tests.ticking import limit_s

HOW_TO = "a broker is needed: on Debian `apt-get install mosquitto`, on macOS `brew install mosquitto`"


def program() -> str | None:
    """The broker's program on this machine; None where there is none."""
    # Debian and Homebrew put it where only administrators look.
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


class Broker:
    """A broker of one's own on a free port, in memory.

    Attributes:
        port: the port, the same after every start.
    """

    def __init__(self, program: str, folder: Path, settings: list[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._program = program
        self._settings = folder / "mosquitto.conf"
        # As root it would become a user who may not read the test's files.
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "connection_messages false", "log_dest stderr"]
        self._settings.write_text("\n".join([*lines, *(["user root"] if os.geteuid() == 0 else []), *settings]) + "\n")
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it, and waits until it takes connections."""
        command = [self._program, "-c", str(self._settings)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = ""
        for line in self._process.stderr:
            said += line
            if line.rstrip().endswith("running"):
                return
        pytest.fail(f"mosquitto did not start: {said}")

    def kill(self) -> None:
        """Ends it at once, as a lost supply would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stderr is not None
            self._process.stderr.close()
            self._process = None


@contextmanager
def a_broker(folder: Path, *settings: str) -> Iterator[Broker]:
    """A broker that is not started yet; it ends with the context.

    Without Mosquitto the test is skipped, and fails on a machine that checks submissions (CI=true).

    Args:
        folder: for its settings.
        settings: further lines of them; allow_anonymous for a broker without certificates.
    """
    found = program()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO)
        pytest.skip(HOW_TO)
    broker = Broker(found, folder, list(settings))
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def a_broker_with_rights(folder: Path, authority: Authority, rights: str) -> Iterator[Broker]:
    """A running broker to which clients are known by their certificates, as to AWS IoT.

    Args:
        folder: for its settings.
        authority: signs the broker's certificate and its clients'.
        rights: who may publish and read what, as Mosquitto's `acl_file` says it.
    """
    server, file = authority.signs("broker"), folder / "rights"
    file.write_text(rights)
    file.chmod(0o600)
    settings = (
        f"cafile {authority.root}",
        f"certfile {server.certificate}",
        f"keyfile {server.private_key}",
        "require_certificate true",
        "use_identity_as_username true",
        f"acl_file {file}",
    )
    with a_broker(folder, *settings) as broker:
        broker.start()
        yield broker


class Listener:
    """Hears everything that a broker is told."""

    def __init__(self, broker: Broker, *, certificate: DeviceCertificate | None = None) -> None:
        self._heard: queue.Queue[MQTTMessage] = queue.Queue()
        self._listens = queue.Queue[None]()
        client = Client(CallbackAPIVersion.VERSION2)
        if certificate is not None:
            client.tls_set_context(certificate.context())
        client.on_message = lambda _client, _userdata, message: self._heard.put(message)
        client.on_connect = lambda *_: client.subscribe("#", qos=1)
        client.on_subscribe = self._on_subscribe
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        self._client = client
        self._listens.get(timeout=limit_s())

    def _on_subscribe(self, *_: Any) -> None:
        self._listens.put(None)

    def next(self) -> MQTTMessage:
        """The next message."""
        return self._heard.get(timeout=limit_s())

    def silent_for(self, seconds: float) -> bool:
        """Whether nothing more is said."""
        try:
            self._heard.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _get_it() -> None:
    """Installs Debian's where that is possible; what cannot be had is said, not failed."""
    if program() is None:
        install("mosquitto", looked_for="MQTT broker")
    if program() is None:
        print(f"The tests of status over MQTT will be skipped: {HOW_TO}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    _get_it()
