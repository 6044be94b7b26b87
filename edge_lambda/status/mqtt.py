"""Sends status to an MQTT broker: one on the local network, or AWS IoT Core with the device's certificate.

Quality of service 1, not retained, with a last will. Why: docs/decisions/0008.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import replace
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from audience.errors import StatusNotSent
from audience.monitoring.status import status_message, status_topic
from audience.store import Heartbeat

KEEP_ALIVE_S: Final = 30
"""The minimum that AWS IoT allows, seconds. After one and a half times this in silence, a broker considers a device
dead."""

ANSWER_WITHIN_S: Final = 10.0
"""Timeout for the connection, and then for the acknowledgement, seconds."""

WILL: Final = "the connection broke without a word: the camera's computer lost its power, its network or its program"

_LONGEST_RECONNECT_S = 30


class MqttTransport:
    """Publishes one camera's status to a broker. Connects on the first status, and reconnects by itself."""

    def __init__(self, host: str, port: int, *, client_id: str, context: ssl.SSLContext | None) -> None:
        """Creates the object without connecting.

        Args:
            host, port: address of the broker.
            client_id: MQTT client id; "" lets the broker choose.
            context: for TLS with the device's certificate; None for an unencrypted connection.
        """
        self._broker = f"{host}:{port}"
        self._connected = threading.Event()
        self._refusal = ""
        self._last: Heartbeat | None = None
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
        if context is not None:
            client.tls_set_context(context)
        client.reconnect_delay_set(min_delay=1, max_delay=_LONGEST_RECONNECT_S)
        client.max_queued_messages_set(1)  # `LatestStatusSender` keeps the newest
        client.on_pre_connect = self._write_will
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.connect_async(host, port, keepalive=KEEP_ALIVE_S)
        self._client = client
        self._started = False

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Publishes a status and waits for the acknowledgement; see `Transport.deliver`."""
        self._last = heartbeat
        topic = status_topic(heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
        self.publish(topic, status_message(heartbeat))

    def publish(self, topic: str, message: bytes) -> None:
        """Publishes a message and waits for the acknowledgement; see `Transport.publish`."""
        if not self._started:
            self._client.loop_start()
            self._started = True
        if not self._connected.wait(ANSWER_WITHIN_S):
            why = self._refusal or "check its address, the network and, with mqtts, the certificates of both sides"
            raise StatusNotSent(f"MQTT broker {self._broker} accepts no connection: {why}")
        receipt = self._client.publish(topic, message, qos=1)
        try:
            receipt.wait_for_publish(ANSWER_WITHIN_S)
            arrived = receipt.is_published()
        except (RuntimeError, ValueError):  # the connection broke just now, or an earlier message still waits
            arrived = False
        if not arrived:
            raise StatusNotSent(
                f"MQTT broker {self._broker} does not acknowledge: check that this device may publish on {topic}"
            )

    def close(self) -> None:
        """Disconnects cleanly, so that the broker does not publish the last will."""
        self._client.disconnect()
        self._client.loop_stop()

    def _write_will(self, client: Client, _userdata: Any) -> None:
        if self._last is not None:
            key = (self._last.session_id, self._last.stage_id, self._last.camera_id)
            will = replace(self._last, state="failed", frames_per_s=0.0, faces=0, lag_s=0.0, detail=WILL)
            client.will_set(status_topic(*key), status_message(will), qos=1)

    def _on_connect(self, _client: Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refusal = f"it answers {str(reason).lower()}"
        else:
            self._refusal = ""
            self._connected.set()

    def _on_disconnect(self, *_: Any) -> None:
        self._connected.clear()
