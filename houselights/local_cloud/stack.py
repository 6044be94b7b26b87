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

VISIBLE_AGAIN_S: Final = 270
"""Visibility timeout: how long a received message is hidden from other receivers, seconds."""

MOST_RECEIVES: Final = 5
"""How many times a message is received before it goes to the dead letters."""

_TARGET = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Names and settings of one set of resources. Stacks in one process need different names.

    Attributes:
        name: prefix of all names: 3 to 40 lower-case letters, digits and hyphens.
        region: AWS region.
        visible_again_s: as `VISIBLE_AGAIN_S`, 1 or more; shorter in tests that kill receivers.
    """

    name: str = "houselights"
    region: str = "eu-west-1"
    visible_again_s: int = VISIBLE_AGAIN_S

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
        """The queue of events for new deliveries."""
        return f"{self.name}-queue"

    @property
    def dead_letters(self) -> str:
        """The dead-letter queue."""
        return f"{self.name}-dead-letters"

    @property
    def rule(self) -> str:
        """The EventBridge rule from the bucket to the queue."""
        return f"{self.name}-created"

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


def create_resources(stack: Stack, client: Callable[[str], Any]) -> tuple[str, str]:
    """Creates all resources, empty.

    Args:
        stack: names and settings.
        client: returns the boto3 client of a service.

    Returns:
        The URLs of the queue and of the dead-letter queue.
    """
    create_table(client("dynamodb"), stack.table)
    create_identity_tables(client("dynamodb"), stack.table)
    dead_letters, dead_letters_arn = _queue(client("sqs"), stack.dead_letters, {})
    redrive = {"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": MOST_RECEIVES}
    queue, queue_arn = _queue(
        client("sqs"),
        stack.queue,
        {"VisibilityTimeout": str(stack.visible_again_s), "RedrivePolicy": json.dumps(redrive)},
    )
    events = client("events")
    events.put_rule(Name=stack.rule, EventPattern=json.dumps(stack.pattern))
    events.put_targets(Rule=stack.rule, Targets=[{"Id": _TARGET, "Arn": queue_arn}])
    _bucket(client("s3"), stack)
    return queue, dead_letters


def _queue(sqs: Any, name: str, attributes: dict[str, str]) -> tuple[str, str]:
    """Creates a queue, and returns its URL and ARN."""
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def _bucket(s3: Any, stack: Stack) -> None:
    s3.create_bucket(Bucket=stack.bucket, CreateBucketConfiguration={"LocationConstraint": stack.region})
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=stack.bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    s3.put_bucket_notification_configuration(
        Bucket=stack.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
