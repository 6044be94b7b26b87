"""Registers this device as a camera: trades the claim, which many devices share, for a certificate of its own.

    python -m edge_lambda.provisioning /etc/houselights

The folder holds `claim.crt`, `claim.key` and `claim.env`, as `houselights cameras add --claims` makes them. Then it
holds `camera.crt`, `camera.key` and, written last, `camera.env`; the claim is removed. A device that is registered is
left as it is. What is asked for is kept on disk until it is done, so that a device that loses its power goes on, with
the same certificate. Exits with 0 when the device is registered, and with 2 where it is refused.
https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from audience.deliveries.claims import check_serial, settings_of
from audience.environment_files import environment_text, read_environment
from audience.errors import HouselightsError, InvalidValue, SheetRejected
from edge_lambda.atomic_write import write_atomic
from edge_lambda.backoff import Backoff
from edge_lambda.device_certificate import DeviceCertificate
from edge_lambda.status import broker_of
from edge_lambda.status.log import LineWriter, to_stderr

CREATE_TOPIC: Final = "$aws/certificates/create/json"
CLIENT_PREFIX: Final = "houselights-claim:"
"""Begins the MQTT client id of a device that has only the claim: no camera's id has a colon, so none is cut off."""

ANSWER_WITHIN_S: Final = 20.0
"""Timeout of a connection and of each request, seconds; AWS IoT itself waits five for the function that decides."""

TOKEN_LIFE_S: Final = 3300
"""How long a new certificate can be registered, seconds: five minutes less than AWS allows."""

CAMERA_ENV: Final = "camera.env"
CLAIM_FILES: Final = ("claim.key", "claim.crt", "claim.env")

_PENDING = "registration.json"
_LONGEST_WAIT_S = 300.0
_BUSY, _FROM_SERVER_ERRORS = 429, 500
# A Raspberry Pi's, and a PC's, which only root may read.
_SERIAL_FILES = ("/proc/device-tree/serial-number", "/sys/class/dmi/id/product_serial")


class RegistrationRefused(HouselightsError):
    """This device is not registered, however often it asks; the message is one line."""


class NotRegisteredYet(HouselightsError):
    """The device could not be registered this time; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """A certificate that is asked to be registered.

    Attributes:
        certificate, private_key: PEM.
        token: proves to AWS IoT that it was made for this device.
        at_s: when it was made, seconds since the epoch, by this device's clock.
        settings: the camera's settings, once it is registered; "" before.
    """

    certificate: str
    private_key: str
    token: str
    at_s: float
    settings: str = ""


def main() -> None:
    """Runs the program and ends the process with its exit code."""
    parser = argparse.ArgumentParser(prog="python -m edge_lambda.provisioning", description="Register this device.")
    parser.add_argument("folder", type=Path, help="folder of the device's files, such as /etc/houselights")
    parser.add_argument("--serial", help="serial number, if not HOUSELIGHTS_SERIAL or the computer's own")
    given = parser.parse_args()
    try:
        if provision(given.folder, lambda: given.serial or own_serial(os.environ)):
            to_stderr("registered: the claim is removed, and camera.env says what this camera is")
    except HouselightsError as problem:
        to_stderr(f"houselights: {problem}")
        sys.exit(2)


def own_serial(environment: Mapping[str, str]) -> str:
    """The device's serial number: `HOUSELIGHTS_SERIAL`, else that of the computer.

    Raises:
        InvalidValue: it has none.
    """
    if found := environment.get("HOUSELIGHTS_SERIAL", "").strip():
        return found
    for name in _SERIAL_FILES:
        try:
            found = Path(name).read_text(encoding="ascii").strip("\0 \n")
        except (OSError, ValueError):
            continue
        if found:
            return found
    raise InvalidValue("this computer says no serial number: give one with --serial or HOUSELIGHTS_SERIAL")


def provision(
    folder: Path,
    serial: Callable[[], str],
    *,
    write_line: LineWriter = to_stderr,
    sleep: Callable[[float], None] = time.sleep,
    now_s: Callable[[], float] = time.time,
) -> bool:
    """Registers this device, unless it is registered; asks again until there is an answer.

    Args:
        folder: of the device's files.
        serial: returns its serial number; called where it is not registered.
        write_line: called with one line when a try fails.
        sleep: waits so many seconds.
        now_s: the device's clock, seconds since the epoch.

    Returns:
        Whether it was registered now, and not before.

    Raises:
        InvalidValue: the claim's files or the serial number cannot be used.
        RegistrationRefused: AWS IoT does not register it.
    """
    if (folder / CAMERA_ENV).exists():
        _remove_claim(folder)
        return False
    registration = _Registration(folder, check_serial(serial()), now_s)
    backoff = Backoff(first_s=2.0, longest_s=_LONGEST_WAIT_S)
    while True:
        try:
            registration.go_on()
        except NotRegisteredYet as problem:
            wait_s = backoff.next_s()
            write_line(f"not registered yet: {problem}; asks again in {wait_s:.0f} s")
            sleep(wait_s)
        else:
            return True


class _Registration:
    """The steps of a registration, each on disk before the next."""

    def __init__(self, folder: Path, serial: str, now_s: Callable[[], float]) -> None:
        self._folder, self._serial, self._now_s = folder, serial, now_s
        self._settings = read_environment(folder / "claim.env")
        for name in ("HOUSELIGHTS_CLAIM", "HOUSELIGHTS_STATUS"):
            if not self._settings.get(name):
                raise InvalidValue(f"{folder / 'claim.env'} has no {name}: take the file that `cameras add` made")
        broker = broker_of(self._settings["HOUSELIGHTS_STATUS"])
        if broker is None or broker[0] != "mqtts":
            raise InvalidValue(f"{self._settings['HOUSELIGHTS_STATUS']} is not an address such as mqtts://HOST:8883")
        self._host, self._port = broker[1:]
        root_ca = self._settings.get("HOUSELIGHTS_ROOT_CA")
        self._claim = DeviceCertificate(
            certificate=folder / "claim.crt",
            private_key=folder / "claim.key",
            root_ca=Path(root_ca) if root_ca else None,
        )

    def go_on(self) -> None:
        """Goes on with the first step that is not done."""
        pending = self._pending()
        if pending is None or not pending.settings:
            context = self._claim.context()
            with _connected(self._host, self._port, f"{CLIENT_PREFIX}{self._serial}", context) as connection:
                pending = pending or self._created(connection)
                pending = self._registered(connection, pending)
        own = settings_of(pending.settings)
        _write(self._folder / "camera.key", pending.private_key.encode())
        _write(self._folder / "camera.crt", pending.certificate.encode())
        certificate = replace(
            self._claim, certificate=self._folder / "camera.crt", private_key=self._folder / "camera.key"
        )
        # The claim is given up only once the device's own certificate is good for something.
        with _connected(self._host, self._port, own["HOUSELIGHTS_CAMERA"], certificate.context()):
            pass
        shared = {name: value for name, value in self._settings.items() if name != "HOUSELIGHTS_CLAIM"}
        settings = {
            **shared,
            **own,
            "HOUSELIGHTS_THING": own["HOUSELIGHTS_CAMERA"],
            "HOUSELIGHTS_CERTIFICATE": str(certificate.certificate),
            "HOUSELIGHTS_PRIVATE_KEY": str(certificate.private_key),
        }
        _write(self._folder / CAMERA_ENV, environment_text(settings).encode())
        _remove_claim(self._folder)

    def _pending(self) -> _Pending | None:
        """What an earlier try left, if AWS IoT still knows it."""
        try:
            pending = _Pending(**json.loads((self._folder / _PENDING).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        alive = 0 <= self._now_s() - pending.at_s < TOKEN_LIFE_S
        return pending if pending.settings or alive else None

    def _created(self, connection: _Connection) -> _Pending:
        answer = connection.request(CREATE_TOPIC, {})
        pending = _Pending(
            certificate=_text(answer, "certificatePem"),
            private_key=_text(answer, "privateKey"),
            token=_text(answer, "certificateOwnershipToken"),
            at_s=self._now_s(),
        )
        self._keep(pending)
        return pending

    def _registered(self, connection: _Connection, pending: _Pending) -> _Pending:
        topic = f"$aws/provisioning-templates/{self._settings['HOUSELIGHTS_CLAIM']}/provision/json"
        parameters = {"SerialNumber": self._serial}
        try:
            answer = connection.request(topic, {"certificateOwnershipToken": pending.token, "parameters": parameters})
        except RegistrationRefused as refusal:
            raise RegistrationRefused(
                f"serial number {self._serial} is not registered ({refusal}): whoever organises this can look with "
                "`houselights cameras claims`, and list it again with `cameras add --claims`"
            ) from None
        configuration = answer.get("deviceConfiguration")
        settings = _text(configuration if isinstance(configuration, dict) else {}, "Settings")
        try:
            settings_of(settings)
        except SheetRejected as problem:
            raise RegistrationRefused(f"the settings that came cannot be used: {problem}") from None
        pending = replace(pending, settings=settings)
        self._keep(pending)
        return pending

    def _keep(self, pending: _Pending) -> None:
        _write(self._folder / _PENDING, json.dumps(asdict(pending)).encode())


class _Connection:
    """Requests to AWS IoT over MQTT, answered on topics beside theirs."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._answers: queue.Queue[MQTTMessage] = queue.Queue()
        self._subscribed: queue.Queue[bool] = queue.Queue()
        client.on_message = lambda _client, _userdata, message: self._answers.put(message)
        client.on_subscribe = self._on_subscribe

    def request(self, topic: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Sends a request and waits for its answer.

        Raises:
            RegistrationRefused: it is refused.
            NotRegisteredYet: there is no answer, or AWS IoT is busy.
        """
        accepted, rejected = f"{topic}/accepted", f"{topic}/rejected"
        self._client.subscribe([(accepted, 1), (rejected, 1)])
        try:
            if not self._subscribed.get(timeout=ANSWER_WITHIN_S):
                raise RegistrationRefused("the claim's policy does not allow to ask")
            self._client.publish(topic, json.dumps(fields), qos=1)
            message = self._answers.get(timeout=ANSWER_WITHIN_S)
        except queue.Empty:
            raise NotRegisteredYet(f"no answer on {topic}: check the claim's policy") from None
        try:
            answer = json.loads(message.payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise NotRegisteredYet(f"the answer on {topic} is not JSON")
        if message.topic == accepted:
            return answer
        why = " ".join(str(answer.get("errorMessage") or answer.get("errorCode") or "no reason").split())[:200]
        status = answer.get("statusCode")
        if isinstance(status, int) and (status == _BUSY or status >= _FROM_SERVER_ERRORS):
            raise NotRegisteredYet(f"AWS IoT is busy: {why}")
        raise RegistrationRefused(why)

    def _on_subscribe(self, _client: Any, _userdata: Any, _mid: Any, reasons: Any, _properties: Any) -> None:
        self._subscribed.put(not any(reason.is_failure for reason in reasons))


@contextmanager
def _connected(host: str, port: int, client_id: str, context: ssl.SSLContext) -> Iterator[_Connection]:
    """A connection to the broker, as a client of that id.

    Raises:
        NotRegisteredYet: there is none.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    client.tls_set_context(context)
    connected, refusal = threading.Event(), ""

    def on_connect(_client: Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        nonlocal refusal
        refusal = f"it answers {str(reason).lower()}" if reason.is_failure else ""
        connected.set()

    client.on_connect = on_connect
    connection = _Connection(client)
    try:
        client.connect(host, port)
    except (OSError, ValueError) as problem:
        raise NotRegisteredYet(f"{host}:{port} cannot be reached ({problem})") from None
    client.loop_start()
    try:
        if not connected.wait(ANSWER_WITHIN_S) or refusal:
            why = refusal or "it does not answer: check that the certificate is active"
            raise NotRegisteredYet(f"{host}:{port} accepts no connection from {client_id}: {why}")
        yield connection
    finally:
        client.disconnect()
        client.loop_stop()


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise NotRegisteredYet(f"the answer of AWS IoT has no {name}")
    return value


def _write(file: Path, content: bytes) -> None:
    try:
        write_atomic(file, content, part=file.with_name(f".{file.name}.part"))
    except OSError as problem:
        raise InvalidValue(f"{file} cannot be written: {problem.strerror or problem}") from None


def _remove_claim(folder: Path) -> None:
    """Removes what the device no longer needs: the claim, and the keys that were on their way."""
    try:
        for name in (_PENDING, *CLAIM_FILES):
            (folder / name).unlink(missing_ok=True)
    except OSError as problem:
        raise InvalidValue(f"the claim in {folder} cannot be removed: {problem.strerror or problem}") from None


if __name__ == "__main__":
    main()
