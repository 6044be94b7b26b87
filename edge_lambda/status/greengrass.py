"""Sends status through AWS IoT Greengrass on the same device, which stores messages while the network is down."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Any, Final

from audience.errors import DeviceError, StatusNotSent
from audience.monitoring.status import status_message, status_topic
from audience.store import Heartbeat

ANSWER_WITHIN_S: Final = 10.0
"""Timeout of a request to Greengrass, seconds."""

_AT_LEAST_ONCE = "1"  # awsiot.greengrasscoreipc.model.QOS.AT_LEAST_ONCE
_COMPONENT_VARIABLES = ("AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT", "SVCUID")


def check_greengrass() -> None:
    """Checks that Greengrass v2 can be used.

    Raises:
        DeviceError: the program is not a Greengrass component, or the library is not installed.
    """
    if importlib.util.find_spec("awsiot") is None:
        raise DeviceError("status through greengrass needs a library: install houselights[greengrass]")
    if any(name not in os.environ for name in _COMPONENT_VARIABLES):
        raise DeviceError(
            "status through greengrass needs this program to run as a component of AWS IoT Greengrass v2: "
            "choose another HOUSELIGHTS_STATUS"
        )


def connect() -> Any:
    """Opens a client of Greengrass v2's inter-process communication."""
    from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

    return GreengrassCoreIPCClientV2(executor=None)  # it would run subscription handlers, and there are none


class GreengrassTransport:
    """Publishes through Greengrass v2. The component needs `aws.greengrass#PublishToIoTCore` on the camera's topic."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        """Creates the object without connecting.

        Args:
            connect: opens a client, as `connect` does; called again after a failure.
        """
        self._connect = connect
        self._client: Any = None

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Publishes a status; see `Transport.deliver`."""
        topic = status_topic(heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
        self.publish(topic, status_message(heartbeat))

    def publish(self, topic: str, message: bytes) -> None:
        """Publishes a message; see `Transport.publish`."""
        if self._client is None:
            self._client = self._connected()
        try:
            taken = self._client.publish_to_iot_core_async(topic_name=topic, qos=_AT_LEAST_ONCE, payload=message)
            taken.result(ANSWER_WITHIN_S)
        except NotInTime:
            self.close()
            raise StatusNotSent("Greengrass does not answer: see its log, greengrass.log") from None
        except Exception as problem:  # whatever the library's generated errors and its C runtime raise
            self.close()
            raise StatusNotSent(
                f"Greengrass does not accept the message ({type(problem).__name__}): "
                f"check that the component may publish on {topic}"
            ) from None

    def _connected(self) -> Any:
        try:
            return self._connect()
        except Exception as problem:  # see `deliver`
            raise StatusNotSent(
                f"Greengrass cannot be reached ({type(problem).__name__}): see its log, greengrass.log"
            ) from None

    def close(self) -> None:
        """Closes the connection; the next status opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()


class GreengrassV1Transport:
    """Publishes through Greengrass v1, which queues messages itself and does not acknowledge them."""

    def __init__(self, publish: Callable[[str, bytes], None]) -> None:
        """Creates the object without I/O.

        Args:
            publish: publishes a message on a topic.
        """
        self._publish = publish

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Publishes a status; see `Transport.deliver`."""
        topic = status_topic(heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
        self.publish(topic, status_message(heartbeat))

    def publish(self, topic: str, message: bytes) -> None:
        """Publishes a message; see `Transport.publish`."""
        try:
            self._publish(topic, message)
        except Exception as problem:  # the library does not document its errors
            raise StatusNotSent(f"Greengrass v1 does not accept the message ({type(problem).__name__})") from None

    def close(self) -> None:
        """Does nothing; there is no connection."""
