"""Messages about alerts, and what sends them.

Messages contain what the stage is called, ids and figures: no names of people, no text from a device.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from audience.alerts import Alert
from audience.time import from_ms, instant_text

TIMEOUT_S: Final = 10.0
"""How long sending one message may take."""

LONGEST_SUBJECT: Final = 99  # SNS: "must be less than 100 characters long"

Turn = Literal["began", "over"]


def shortened(line: str) -> str:
    """A subject of at most `LONGEST_SUBJECT` characters."""
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 3] + "..."


class Message(Protocol):
    """What is sent: an alert, or a sighting that was confirmed."""

    @property
    def subject(self) -> str:
        """One short line of at most `LONGEST_SUBJECT` characters."""
        ...

    @property
    def text(self) -> str:
        """The message as text."""
        ...

    @property
    def document(self) -> dict[str, Any]:
        """The message as a JSON object; SNS gets those of its values that are in `ATTRIBUTES`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """A message about an alert.

    Attributes:
        session_id: the alert's session.
        alert: the alert.
        turn: whether it began or is over.
    """

    session_id: str
    alert: Alert
    turn: Turn

    @property
    def subject(self) -> str:
        """See `Message`."""
        return shortened(f"Houselights {self.session_id}: {'over: ' if self.turn == 'over' else ''}{self.alert.told}")

    @property
    def text(self) -> str:
        """See `Message`."""
        lines = [
            f"{self.alert.told[:1].upper()}{self.alert.told[1:]}.",
            f"Session: {self.session_id}",
            f"Since: {instant_text(from_ms(self.alert.since_ms))}",
        ]
        if self.turn == "over" and self.alert.ended_ms is not None:
            lines.insert(0, "This is over:")
            lines.append(f"Over: {instant_text(from_ms(self.alert.ended_ms))}")
        return "\n".join(lines)

    @property
    def document(self) -> dict[str, Any]:
        """See `Message`."""
        alert = self.alert
        return {
            "houselights": "alert",
            "schema": 1,
            "turn": self.turn,
            "alert": alert.alert_id,
            "session": self.session_id,
            "stage": alert.stage_id,
            "camera": alert.camera_id,
            "rule": alert.rule_id,
            "what": alert.what,
            "told": alert.told,
            "since": instant_text(from_ms(alert.since_ms)),
            "over": None if alert.ended_ms is None else instant_text(from_ms(alert.ended_ms)),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsMessage:
    """One message about many alerts of one kind, as where a network fails and hundreds of cameras are away.

    Attributes:
        session_id: the alerts' session.
        alerts: the alerts, two at least.
        turn: whether they began or are over.
    """

    session_id: str
    alerts: tuple[Alert, ...]
    turn: Turn

    @property
    def subject(self) -> str:
        """See `Message`."""
        over = "over: " if self.turn == "over" else ""
        return shortened(
            f"Houselights {self.session_id}: {over}{len(self.alerts)} alerts, the first: {self.alerts[0].told}"
        )

    @property
    def text(self) -> str:
        """See `Message`."""
        began = "are over" if self.turn == "over" else "began"
        lines = [f"- {one.told}, since {instant_text(from_ms(one.since_ms))}" for one in self.alerts]
        return "\n".join([f"{len(self.alerts)} alerts {began}:", *lines, f"Session: {self.session_id}"])

    @property
    def document(self) -> dict[str, Any]:
        """See `Message`; a stage, a camera and a rule are each a list, so that subscribers filter by any of them."""
        each = [AlertMessage(session_id=self.session_id, alert=one, turn=self.turn).document for one in self.alerts]
        return {
            "houselights": "alerts",
            "schema": 1,
            "turn": self.turn,
            "session": self.session_id,
            "what": self.alerts[0].what,
            **{name: sorted({one[name] for one in each} - {""}) for name in ("stage", "camera", "rule")},
            "alerts": each,
        }


class Notifier(Protocol):
    """Sends messages to one destination.

    Attributes:
        name: the same after a restart, and unique for each address, without revealing it.
    """

    name: str

    def send(self, message: Message) -> None:
        """Sends a message; blocks up to `TIMEOUT_S`.

        Raises:
            AlertNotDelivered: it may not have arrived; a retry may help.
        """
        ...


def fingerprint(address: str) -> str:
    """Identifies an address without revealing it, as a webhook's may contain a secret."""
    return hashlib.sha256(address.encode()).hexdigest()[:8]
