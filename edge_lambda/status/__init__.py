"""Sends camera status: the `StatusSender` port and the function that opens its implementations.

Only the newest status matters: an unsent status is dropped once there is a newer one.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from audience.errors import InvalidValue, StatusNotSent
from audience.store import Heartbeat
from edge_lambda.device_certificate import DeviceCertificate
from edge_lambda.devices import without_secrets
from edge_lambda.status.log import LineWriter, LogStatus, to_stderr

KINDS: Final = "none, log, mqtt://HOST, mqtts://HOST, greengrass or greengrass-v1"

_BROKER = re.compile(r"(mqtts?)://([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class StatusSender(Protocol):
    """Sends the status of one camera."""

    def send(self, heartbeat: Heartbeat) -> None:
        """Sends a status now or as soon as possible; never raises, and never blocks on the network."""
        ...

    def publish(self, topic: str, message: bytes) -> None:
        """Publishes another message over the same connection; may block for some seconds.

        Raises:
            StatusNotSent: it may not have arrived, or there is no connection.
        """
        ...

    def close(self) -> None:
        """Gives the last status a few seconds to arrive, then closes the connection; may be called again."""
        ...


def open_status(
    url: str, *, thing: str = "", certificate: DeviceCertificate | None = None, write_line: LineWriter = to_stderr
) -> StatusSender:
    """Opens a status sender.

    Args:
        url: none; log (a line on stderr); mqtt://HOST[:PORT] or mqtts://HOST[:PORT] (a broker, default ports 1883 and
            8883, the second with the device's certificate); greengrass (AWS IoT Greengrass v2); or greengrass-v1.
        thing: the device's name in AWS IoT, whose MQTT broker requires it as the client id; "" lets the broker choose
            an id.
        certificate: identifies the device; for mqtts.
        write_line: called with one line when sending fails, and when it works again.

    Raises:
        InvalidValue: the url is none of these, or the certificate cannot be used.
        DeviceError: this program does not run under Greengrass.
    """
    from edge_lambda.status.latest_sender import LatestStatusSender

    if url == "none":
        return _NoStatus()
    if url == "log":
        return LogStatus(write_line)
    if broker := broker_of(url):
        kind, host, port = broker
        if kind == "mqtts" and certificate is None:
            raise InvalidValue(f"{url} needs HOUSELIGHTS_CERTIFICATE and HOUSELIGHTS_PRIVATE_KEY")
        from edge_lambda.status.mqtt import MqttTransport

        context = certificate.context() if certificate is not None and kind == "mqtts" else None
        return LatestStatusSender(MqttTransport(host, port, client_id=thing, context=context), write_line=write_line)
    if url == "greengrass":
        from edge_lambda.status.greengrass import GreengrassTransport, check_greengrass, connect

        check_greengrass()
        return LatestStatusSender(GreengrassTransport(connect), write_line=write_line)
    if url == "greengrass-v1":
        from edge_lambda.devices.deeplens import greengrass_v1_publisher
        from edge_lambda.status.greengrass import GreengrassV1Transport

        return LatestStatusSender(GreengrassV1Transport(greengrass_v1_publisher()), write_line=write_line)
    raise InvalidValue(f"{without_secrets(url)!r} is not a status destination; give {KINDS}")


def broker_of(url: str) -> tuple[str, str, int] | None:
    """Kind ("mqtt" or "mqtts"), host and port of an MQTT broker's address; None if it is no such address.

    Raises:
        InvalidValue: the port is not possible.
    """
    broker = _BROKER.fullmatch(url)
    if broker is None:
        return None
    port = int(broker[3] or _PORTS[broker[1]])
    if not 1 <= port <= 65535:
        raise InvalidValue(f"port {port} of {url} is not allowed: use 1 to 65535")
    return broker[1], broker[2].strip("[]"), port


class _NoStatus:
    def send(self, heartbeat: Heartbeat) -> None:
        pass

    def publish(self, topic: str, message: bytes) -> None:
        raise StatusNotSent("there is no connection to publish over: HOUSELIGHTS_STATUS is none")

    def close(self) -> None:
        pass
