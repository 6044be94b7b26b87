"""Creates the resources of `infra/template.yaml` in the emulated AWS. Their names and settings are all here.

Without what the emulation ignores: policies, encryption, expiry, and the queue for EventBridge's failed deliveries. A
test compares the rest with the template.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from audience.deliveries.delivery import SUFFIXES
from audience.errors import InvalidValue
from audience.stores.dynamo_people import create_identity_tables
from audience.stores.dynamo_table import create_table

VISIBLE_AGAIN_S: Final = 900
"""Visibility timeout: how long a received message is hidden from other receivers, seconds."""

MOST_RECEIVES: Final = 1000
"""How many times a message is received before it goes to the dead letters."""

LIVE_RETENTION_S: Final = 60
"""How long the live queue keeps a message, seconds."""

DELAY_S: Final = 60
"""How much later than the live queue that of all deliveries hands a message out, seconds."""

BOARD_QUEUE: Final = {"FifoQueue": "true", "VisibilityTimeout": "105", "MessageRetentionPeriod": "120"}
"""Settings of the queue of boards to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Names and settings of one set of resources. Stacks in one process need different names.

    Attributes:
        name: prefix of all names: 3 to 40 lower-case letters, digits and hyphens.
        region: AWS region.
        visible_again_s: as `VISIBLE_AGAIN_S`, 1 or more; shorter in tests that kill receivers.
        delay_s: as `DELAY_S`; 0 by default, for receivers that take from the queue of all deliveries alone.
        most_receives: as `MOST_RECEIVES`.
    """

    name: str = "houselights"
    region: str = "eu-west-1"
    visible_again_s: int = VISIBLE_AGAIN_S
    delay_s: int = 0
    most_receives: int = MOST_RECEIVES

    def __post_init__(self) -> None:
        if not (3 <= len(self.name) <= 40 and self.name.replace("-", "a").isalnum() and self.name.islower()):
            raise InvalidValue(f"a stack cannot be called {self.name!r}: use lower-case letters, digits and hyphens")
        if self.visible_again_s < 1:
            raise InvalidValue(f"a message cannot be hidden for {self.visible_again_s} s: use 1 or more")

    @property
    def bucket(self) -> str:
        """The bucket for deliveries."""
        return f"{self.name}-deliveries"

    @property
    def queue(self) -> str:
        """The queue of events for all deliveries."""
        return f"{self.name}-queue"

    @property
    def live(self) -> str:
        """The queue of events for deliveries of the last minute."""
        return f"{self.name}-live"

    @property
    def dead_letters(self) -> str:
        """The dead-letter queue."""
        return f"{self.name}-dead-letters"

    @property
    def rule(self) -> str:
        """The EventBridge rule from the bucket to the queues."""
        return f"{self.name}-created"

    @property
    def boards(self) -> str:
        """The bucket of public boards."""
        return f"{self.name}-boards"

    @property
    def board_queue(self) -> str:
        """The queue of boards to make."""
        return f"{self.name}-boards.fifo"

    @property
    def table(self) -> str:
        """The store's table."""
        return f"{self.name}-store"

    @property
    def pattern(self) -> dict[str, Any]:
        """The event pattern of the rule."""
        return {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [self.bucket]},
                "object": {"key": [{"prefix": f"{kind}/"} for kind in SUFFIXES]},
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """The URLs of the queues.

    Attributes:
        all: the queue of all deliveries.
        live, live_arn: the live queue, and its ARN.
        dead_letters: the dead-letter queue.
        boards: the queue of boards to make.
    """

    all: str
    live: str
    live_arn: str
    dead_letters: str
    boards: str


def create_resources(stack: Stack, client: Callable[[str], Any], *, with_stream: bool) -> Queues:
    """Creates all resources, empty.

    Args:
        stack: names and settings.
        client: returns the boto3 client of a service.
        with_stream: whether the engine of the table has streams.

    Returns:
        Its queues.
    """
    create_table(client("dynamodb"), stack.table, with_stream=with_stream)
    create_identity_tables(client("dynamodb"), stack.table)
    dead_letters, dead_letters_arn = _queue(client("sqs"), stack.dead_letters, {})
    redrive = {"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": stack.most_receives}
    queue, queue_arn = _queue(
        client("sqs"),
        stack.queue,
        {
            "VisibilityTimeout": str(stack.visible_again_s),
            "DelaySeconds": str(stack.delay_s),
            "RedrivePolicy": json.dumps(redrive),
        },
    )
    live, live_arn = _queue(client("sqs"), stack.live, {"MessageRetentionPeriod": str(LIVE_RETENTION_S)})
    events = client("events")
    events.put_rule(Name=stack.rule, EventPattern=json.dumps(stack.pattern))
    events.put_targets(Rule=stack.rule, Targets=[{"Id": "queue", "Arn": queue_arn}, {"Id": "live", "Arn": live_arn}])
    boards, _ = _queue(client("sqs"), stack.board_queue, BOARD_QUEUE)
    for bucket in (stack.bucket, stack.boards):
        _bucket(client("s3"), bucket, stack.region)
    client("s3").put_bucket_notification_configuration(
        Bucket=stack.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return Queues(all=queue, live=live, live_arn=live_arn, dead_letters=dead_letters, boards=boards)


def _queue(sqs: Any, name: str, attributes: dict[str, str]) -> tuple[str, str]:
    """Creates a queue, and returns its URL and ARN."""
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def _bucket(s3: Any, name: str, region: str) -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
