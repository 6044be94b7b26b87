"""Logs a camera's status as one structured line."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable

from audience.errors import StatusNotSent
from audience.store import Heartbeat
from audience.time import from_ms

LineWriter = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Writes one line to stderr; ignores a closed stderr."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class LogStatus:
    """A `StatusSender` that logs every status."""

    def __init__(self, write_line: LineWriter = to_stderr) -> None:
        """Creates the object without I/O.

        Args:
            write_line: writes a log line.
        """
        self._write_line = write_line

    def send(self, heartbeat: Heartbeat) -> None:
        """Logs the status; see `StatusSender.send`."""
        self._write_line(heartbeat_line(heartbeat))

    def publish(self, topic: str, message: bytes) -> None:
        """Refuses; see `StatusSender.publish`."""
        raise StatusNotSent("there is no connection to publish over: HOUSELIGHTS_STATUS is log")

    def close(self) -> None:
        """Does nothing; there is no connection."""


def heartbeat_line(heartbeat: Heartbeat) -> str:
    """Formats a heartbeat as `name=value` pairs, without fields that have no meaning in its state."""
    fields = {
        "at": from_ms(heartbeat.at_ms).isoformat(timespec="seconds"),
        "camera": f"{heartbeat.session_id}/{heartbeat.stage_id}/{heartbeat.camera_id}",
        "state": heartbeat.state,
    }
    if heartbeat.state == "running":
        fields |= {
            "frames_per_s": f"{heartbeat.frames_per_s:.1f}",
            "faces": str(heartbeat.faces),
            "lag_s": f"{heartbeat.lag_s:.2f}",
        }
    deliveries = {"sent": heartbeat.sent, "waiting": heartbeat.waiting, "dropped": heartbeat.dropped}
    if any(deliveries.values()):
        fields |= {name: str(count) for name, count in deliveries.items()}
    if heartbeat.state == "ready":
        fields |= {"detector": heartbeat.detector, "scorer": heartbeat.scorer or "none"}
    if heartbeat.detail:
        # Quoted as JSON, so that a multi-line detail stays on one line.
        fields["detail"] = json.dumps(heartbeat.detail, ensure_ascii=False)
    return " ".join(f"{name}={value}" for name, value in fields.items())
