"""Saying how a camera is: the port every way of saying it follows, and the one place that opens them.

Only the newest status matters: what could not be said in time is left out once there is something newer.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from audience.errors import InvalidValue
from audience.store import Heartbeat
from edge_lambda.device_certificate import DeviceCertificate
from edge_lambda.devices import without_secrets
from edge_lambda.status.log import LogStatus, Tell, to_stderr

KINDS: Final = "none, log, mqtt://HOST, mqtts://HOST, greengrass or greengrass-v1"

_BROKER = re.compile(r"(mqtts?)://([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class StatusSender(Protocol):
    """Says how one camera is."""

    def send(self, heartbeat: Heartbeat) -> None:
        """Says it, at once or as soon as it can be said; never raises, and never waits for a network."""
        ...

    def close(self) -> None:
        """Gives what was sent last a few seconds to arrive, and lets go; may be called again."""
        ...


def open_status(
    url: str, *, thing: str = "", certificate: DeviceCertificate | None = None, tell: Tell = to_stderr
) -> StatusSender:
    """Opens a way to say how a camera is.

    Args:
        url: none; log (a line on stderr); mqtt://HOST[:PORT] or mqtts://HOST[:PORT] (a broker, 1883 and 8883 unless
            said otherwise, the second with the device's certificate); greengrass (AWS IoT Greengrass v2); or
            greengrass-v1.
        thing: the device's name in AWS IoT, which an MQTT broker there demands as the client's id; "" leaves the id
            to the broker.
        certificate: who the device is; for mqtts.
        tell: told in one line when the way breaks, and when it is whole again.

    Raises:
        InvalidValue: it is none of these, or the certificate cannot be used.
        DeviceError: this program does not run under Greengrass.
    """
    from edge_lambda.status.newest import NewestSender

    if url == "none":
        return _Silence()
    if url == "log":
        return LogStatus(tell)
    if broker := _BROKER.fullmatch(url):
        kind, host, port = broker[1], broker[2].strip("[]"), int(broker[3] or _PORTS[broker[1]])
        if not 1 <= port <= 65535:
            raise InvalidValue(f"port {port} of {url} is not allowed: use 1 to 65535")
        if kind == "mqtts" and certificate is None:
            raise InvalidValue(f"{url} needs HOUSELIGHTS_CERTIFICATE and HOUSELIGHTS_PRIVATE_KEY")
        from edge_lambda.status.mqtt import MqttCourier

        context = certificate.context() if certificate is not None and kind == "mqtts" else None
        return NewestSender(MqttCourier(host, port, client_id=thing, context=context), tell=tell)
    if url == "greengrass":
        from edge_lambda.status.greengrass import GreengrassCourier, check_greengrass, connect

        check_greengrass()
        return NewestSender(GreengrassCourier(connect), tell=tell)
    if url == "greengrass-v1":
        from edge_lambda.devices.deeplens import greengrass_v1_publisher
        from edge_lambda.status.greengrass import GreengrassV1Courier

        return NewestSender(GreengrassV1Courier(greengrass_v1_publisher()), tell=tell)
    raise InvalidValue(f"{without_secrets(url)!r} is no way to say a status; give {KINDS}")


class _Silence:
    def send(self, heartbeat: Heartbeat) -> None:
        pass

    def close(self) -> None:
        pass
