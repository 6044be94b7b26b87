"""Sends messages to a topic of Amazon SNS, which forwards them by mail, SMS or HTTPS."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Final

from audience.errors import AlertNotDelivered, InvalidValue
from audience.monitoring.alert_messages import TIMEOUT_S, Message, fingerprint

ATTRIBUTES: Final = frozenset({"turn", "session", "stage", "camera", "rule", "what", "roster"})
"""Fields of a message that subscribers of a topic can filter by."""


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
                    name: _attribute(value) for name, value in message.document.items() if name in ATTRIBUTES and value
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


def _attribute(value: str | list[str]) -> dict[str, str]:
    """A field as SNS has it; a filter lets a list pass where any of its values does."""
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    return {"DataType": "String.Array", "StringValue": json.dumps(value)}


def _as_ascii(line: str) -> str:
    """A subject as SNS requires it: without accents, and with ? for letters that ASCII does not have."""
    letters = (one for one in unicodedata.normalize("NFKD", line) if not unicodedata.combining(one))
    return "".join(letters).encode("ascii", "replace").decode()
