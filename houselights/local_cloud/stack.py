"""What `infra/template.yaml` makes in AWS, made in a stand-in for it: its names and settings, in this one place.

Left out is what the stand-in does not act on: policies, encryption, expiry, the queue of what EventBridge could not
deliver. A test holds the rest to the template.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from audience.errors import InvalidValue
from audience.sheets.delivery import SUFFIXES
from audience.stores.dynamo_schema import create_table

VISIBLE_AGAIN_S: Final = 270
"""How long a message that was received is hidden from other receivers, unless it is deleted before."""

MOST_RECEIVES: Final = 5
"""How often a message is received before it goes to the dead letters."""

_TARGET = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One set of everything. Stacks of one process need names of their own.

    Attributes:
        name: 3 to 40 lower-case letters, digits and hyphens; every other name begins with it.
        region: of AWS.
        visible_again_s: as `VISIBLE_AGAIN_S`, whole seconds over 0; shorter where receivers are to be killed.
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
        """Where cameras put deliveries."""
        return f"{self.name}-deliveries"

    @property
    def queue(self) -> str:
        """What tells of them."""
        return f"{self.name}-queue"

    @property
    def dead_letters(self) -> str:
        """What could not be taken."""
        return f"{self.name}-dead-letters"

    @property
    def rule(self) -> str:
        """What brings word from the one to the other."""
        return f"{self.name}-created"

    @property
    def table(self) -> str:
        """The store's."""
        return f"{self.name}-store"

    @property
    def pattern(self) -> dict[str, Any]:
        """Which of EventBridge's events the rule passes on."""
        return {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [self.bucket]},
                "object": {"key": [{"prefix": f"{kind}/"} for kind in SUFFIXES]},
            },
        }


def make(stack: Stack, client: Callable[[str], Any]) -> tuple[str, str]:
    """Makes everything, empty.

    Args:
        stack: what.
        client: makes boto3's client of a service.

    Returns:
        The URLs of the queue and of the dead letters.
    """
    create_table(client("dynamodb"), stack.table)
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
    """The URL and the ARN of a new queue."""
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def _bucket(s3: Any, stack: Stack) -> None:
    s3.create_bucket(Bucket=stack.bucket, CreateBucketConfiguration={"LocationConstraint": stack.region})
    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=stack.bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
    s3.put_bucket_notification_configuration(
        Bucket=stack.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
