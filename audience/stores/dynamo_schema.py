"""The table's schema, and making one on an engine of one's own. In the cloud the stack's template makes it."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

KEY_SCHEMA = ({"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"})
EXPIRY_ATTRIBUTE = "expires_at"

LONGEST_RECOVERY_DAYS: Final = 35
"""Days for which point-in-time recovery can bring deleted items back at most."""

_READY_AFTER_S = 1
_READY_TRIES = 60


def create_table(client: Any, name: str) -> None:
    """Makes an empty table as `infra/template.yaml` does, and returns once it can be used.

    Args:
        client: boto3's client of DynamoDB.
        name: the table's.
    """
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in KEY_SCHEMA],
        KeySchema=list(KEY_SCHEMA),
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": _READY_AFTER_S, "MaxAttempts": _READY_TRIES}
    )
    try:
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY_ATTRIBUTE}
        )
    except ClientError as problem:
        # Some local engines forget nothing by themselves; `houselights prune` does it there.
        if problem.response["Error"]["Code"] != "UnknownOperationException":
            raise
