"""A camera's status as one structured line."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable

from audience.store import Heartbeat
from audience.time import from_ms

Tell = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Writes one line; where nobody reads stderr any more, nobody misses it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class LogStatus:
    """Says every status in a line."""

    def __init__(self, tell: Tell = to_stderr) -> None:
        """Says nothing yet.

        Args:
            tell: what takes the lines.
        """
        self._tell = tell

    def send(self, heartbeat: Heartbeat) -> None:
        """Says it; see `StatusSender.send`."""
        self._tell(heartbeat_line(heartbeat))

    def close(self) -> None:
        """Nothing to let go."""


def heartbeat_line(heartbeat: Heartbeat) -> str:
    """The heartbeat as `name=value` pairs, leaving out what says nothing in its state."""
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
        # Quoted as JSON, so that a detail of several lines is still one.
        fields["detail"] = json.dumps(heartbeat.detail, ensure_ascii=False)
    return " ".join(f"{name}={value}" for name, value in fields.items())
