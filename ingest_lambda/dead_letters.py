"""The dead-letter queue for messages that can never be recorded: the unchanged message, and the reason."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import DeliveriesUnavailable

REASON: Final = "reason"
_LONGEST_REASON = 500


class DeadLetterQueue:
    """Implements `ingest_lambda.worker.DeadLetters` on a standard SQS queue (not FIFO)."""

    def __init__(self, client: Any, queue_url: str) -> None:
        """Creates the object without I/O.

        Args:
            client: SQS client.
            queue_url: URL of the queue.
        """
        self._client, self._queue_url = client, queue_url

    def put(self, body: str, reason: str) -> None:
        # SQS refuses control characters, which untrusted text may contain.
        line = "".join(character if character.isprintable() else "?" for character in reason)[:_LONGEST_REASON]
        attributes = {REASON: {"DataType": "String", "StringValue": line or "no reason was given"}}
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body, MessageAttributes=attributes)
        except (ClientError, BotoCoreError) as problem:
            code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else type(problem).__name__
            raise DeliveriesUnavailable(
                f"the dead-letter queue refused a message ({code}): check HOUSELIGHTS_DEAD_LETTERS and the role"
            ) from None
