"""What stands among the dead letters of the local cloud."""

from __future__ import annotations

import json
from typing import Any


def reasons_by_key(sqs: Any, dead_letters_url: str) -> dict[str, str]:
    """Why each delivery was set aside, by its key; "" where nothing says why.

    Args:
        sqs: boto3's client.
        dead_letters_url: the queue, which is left as it is for ten minutes to others.
    """
    reasons: dict[str, str] = {}
    while messages := sqs.receive_message(
        QueueUrl=dead_letters_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=600
    ).get("Messages", []):
        for message in messages:
            key = json.loads(message["Body"])["detail"]["object"]["key"]
            reason = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", "")
            reasons[key] = reasons.get(key) or reason
    return reasons
