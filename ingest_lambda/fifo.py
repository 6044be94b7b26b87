"""Puts messages into a FIFO queue of SQS, whose groups are worked on one message at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_AT_ONCE: Final = 10
"""Messages that SQS takes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FifoMessage:
    """A message.

    Attributes:
        group: of its group one message at a time is worked on.
        minute: since the epoch; of a group and minute the queue takes one message, however often it is put.
        body: what it says, as JSON can write it.
    """

    group: str
    minute: int
    body: Mapping[str, Any]


def put_all(sqs: Any, queue_url: str, messages: Sequence[FifoMessage]) -> list[str]:
    """Puts messages into a queue; returns the groups of those that it did not take."""
    refused = []
    for first in range(0, len(messages), _AT_ONCE):
        some = messages[first : first + _AT_ONCE]
        entries = [
            {
                "Id": str(number),
                "MessageBody": json.dumps(one.body),
                "MessageGroupId": one.group,
                "MessageDeduplicationId": f"{one.group}:{one.minute}",
            }
            for number, one in enumerate(some)
        ]
        answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
        refused += [some[int(failed["Id"])].group for failed in answer.get("Failed", ())]
    return refused
