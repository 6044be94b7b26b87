"""Sends messages: to a topic of Amazon SNS, which forwards them by mail, SMS or HTTPS, to a webhook, and by mail.

Messages contain what the stage is called, ids and figures: no names of people, no text from a device.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import unicodedata
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

from audience.alerts import Alert
from audience.errors import AlertNotDelivered, InvalidValue
from audience.time import from_ms, instant_text
from dashboard.mail import MailServer, check_mail_address

TIMEOUT_S: Final = 10.0
LONGEST_SUBJECT: Final = 99  # SNS: "must be less than 100 characters long"

ATTRIBUTES: Final = frozenset({"turn", "session", "stage", "camera", "rule", "what", "roster"})
"""Fields of a message that subscribers of an SNS topic can filter by."""

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


class SnsTopic:
    """A topic of Amazon SNS."""

    def __init__(self, arn: str, *, session: Any, endpoint_url: str | None = None) -> None:
        """Creates the object without I/O.

        Args:
            arn: ARN of the topic.
            session: a boto3 session with credentials.
            endpoint_url: address of SNS, if it is not AWS's own.

        Raises:
            InvalidValue: not the ARN of a topic.
        """
        from botocore.config import Config

        parts = arn.split(":")
        if len(parts) != 6 or parts[0] != "arn" or parts[2] != "sns" or not parts[3] or not parts[5]:
            raise InvalidValue(f"{arn!r} is not a topic: write it as arn:aws:sns:eu-west-1:123456789012:NAME")
        self.name = f"sns {parts[5]} {fingerprint(arn)}"
        self._arn = arn
        # The watcher itself backs off between retries.
        config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=TIMEOUT_S / 2,
            read_timeout=TIMEOUT_S / 2,
        )
        self._client = session.client("sns", region_name=parts[3], endpoint_url=endpoint_url, config=config)

    def send(self, message: Message) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.publish(
                TopicArn=self._arn,
                Subject=_as_ascii(message.subject),
                Message=message.text,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in message.document.items()
                    if name in ATTRIBUTES and value
                },
            )
        except ClientError as problem:
            code = problem.response.get("Error", {}).get("Code", "unknown")
            raise AlertNotDelivered(
                f"SNS refused the alert ({code}): check the topic, and the permission sns:Publish"
            ) from None
        except BotoCoreError as problem:
            raise AlertNotDelivered(
                f"SNS cannot be reached ({type(problem).__name__}): check network and credentials"
            ) from None


class Webhook:
    """POSTs alerts to an address as JSON."""

    def __init__(self, url: str) -> None:
        """Creates the object without I/O.

        Raises:
            InvalidValue: not an http or https address.
        """
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isascii()
        except ValueError:
            usable = False
        if not usable:
            raise InvalidValue("--webhook is not a valid address: write it as https://example.org/alerts")
        self.name = f"web {parts.hostname} {fingerprint(url)}"
        self._url = url
        self._opener = urllib.request.build_opener(_NoRedirect())

    def send(self, message: Message) -> None:
        request = urllib.request.Request(
            self._url,
            data=json.dumps(message.document).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "houselights"},
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S):
                pass
        except urllib.error.HTTPError as problem:
            problem.close()
            raise AlertNotDelivered(f"the webhook answered {problem.code}: check its address") from None
        except (OSError, http.client.HTTPException) as problem:
            raise AlertNotDelivered(
                f"the webhook cannot be reached ({type(problem).__name__}): check its address"
            ) from None


class Mail:
    """Sends messages as mail, by a server of one's own."""

    def __init__(self, server: MailServer, to: str) -> None:
        """Creates the object without I/O.

        Args:
            server: takes the mail.
            to: the address.

        Raises:
            InvalidValue: that is no address.
        """
        check_mail_address(to)
        self._server, self._to = server, to
        self.name = f"mail {fingerprint(to)}"

    def send(self, message: Message) -> None:
        self._server.send(self._to, message.subject, message.text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects, so that alerts only go to the configured address."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


def _as_ascii(line: str) -> str:
    """A subject as SNS requires it: without accents, and with ? for letters that ASCII does not have."""
    letters = (one for one in unicodedata.normalize("NFKD", line) if not unicodedata.combining(one))
    return "".join(letters).encode("ascii", "replace").decode()


def fingerprint(address: str) -> str:
    """Identifies an address without revealing it, as a webhook's may contain a secret."""
    return hashlib.sha256(address.encode()).hexdigest()[:8]
