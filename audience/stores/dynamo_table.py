"""One table of DynamoDB over the wire: its schema, paging, parallel reads, writes in batches, and retries.

Every read is consistent, so that what was written is read. Nothing here scans. In the cloud the stack's template makes
the table; on an engine of one's own this does.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError

from audience.errors import StoreUnavailable
from audience.stores.dynamo_client import DynamoAddress, client_for, throttled, told
from audience.stores.dynamo_items import Item, KeyRange, distinct, rest_in_stretches
from audience.stores.dynamo_parsing import COLLECTING

WAYS = 8  # requests on their way at once
LOAD = 25  # items that one request may write
PAGE = 500  # items that one request reads: an engine on one's own machine takes seconds for the 1 MB that there may be
WRITE_ROUNDS = 10
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 5.0

Given = TypeVar("Given")
Made = TypeVar("Made")


class DynamoTable:
    """A table that is there already.

    All methods raise `StoreUnavailable` where the table cannot be used.
    """

    def __init__(self, address: DynamoAddress) -> None:
        """Nothing is sent yet.

        Raises:
            StoreUnavailable: no region is named, or AWS's own configuration is wrong.
        """
        with told(address):
            self._client: Any = client_for(address.region, address.endpoint, local=address.is_local)
        self.address = replace(address, region=self._client.meta.region_name)
        self._closed = threading.Event()

    def close(self) -> None:
        """Refuses all that comes after. The client stays: other stores of this process share it."""
        self._closed.set()

    def get(self, key: Item) -> Item | None:
        """The item under a key; None where there is none."""
        answer = self._call("get_item", TableName=self.address.table, Key=key, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def put(self, item: Item) -> None:
        """Writes one item, over one already there."""
        self._call("put_item", TableName=self.address.table, Item=item)

    def put_if(self, item: Item, condition: str, values: Item | None = None) -> bool:
        """Writes one item where a condition holds of the one under its key; returns whether it was written."""
        answer = self._call(
            "put_item",
            TableName=self.address.table,
            Item=item,
            ConditionExpression=condition,
            **({"ExpressionAttributeValues": values} if values else {}),
            unless="ConditionalCheckFailedException",
        )
        return bool(answer)

    def rows(
        self, keys: KeyRange, attributes: Sequence[str], *, expired_at_ms: int | None = None, holding: str = ""
    ) -> list[Item]:
        """The items of a range in the order of their keys, page after page.

        Args:
            keys: the range.
            attributes: which attributes of them.
            expired_at_ms: leaves out those that do not expire before this instant.
            holding: leaves out those without this attribute, which is one of `attributes`.
        """
        items, reached = self._page(keys, attributes, expired_at_ms=expired_at_ms, holding=holding)
        while reached:
            more, reached = self._page(keys, attributes, after=reached, expired_at_ms=expired_at_ms, holding=holding)
            items += more
        return items

    def rows_in_stretches(self, keys: KeyRange, attributes: Sequence[str], make: Callable[[Item], Made]) -> list[Made]:
        """The windows or faces of a range in the order of their keys; past the first page, several at once.

        Args:
            keys: the range, of windows or of faces.
            attributes: which attributes of them, `sk` among them.
            make: what an item becomes as soon as its page is there; a long session's items would take half a gigabyte.
        """
        items, reached = self._page(keys, attributes)
        made = [make(item) for item in items]
        if not reached:
            return made
        last, _ = self._page(keys, ("sk",), newest=True)
        if not last:  # deleted meanwhile
            return made
        stretches = rest_in_stretches(
            keys, first=items[0]["sk"]["S"], reached=reached["sk"]["S"], last=last[0]["sk"]["S"], ways=WAYS
        )
        with COLLECTING.paused():
            for rest in _at_once(lambda stretch: self._made(stretch, attributes, make), stretches):
                made += rest
        return made

    def _made(self, keys: KeyRange, attributes: Sequence[str], make: Callable[[Item], Made]) -> list[Made]:
        made: list[Made] = []
        reached: Item | None = None
        while True:
            items, reached = self._page(keys, attributes, after=reached)
            made += [make(item) for item in items]
            if not reached:
                return made

    def count(self, keys: KeyRange) -> int:
        """How many items a range holds; DynamoDB reads them to count them, and sends none."""
        counted = 0
        reached: Item | None = None
        while True:
            request = _query(self.address.table, keys, after=reached) | {"Select": "COUNT"}
            answer = self._call("query", **request)
            counted += int(answer["Count"])
            reached = answer.get("LastEvaluatedKey")
            if not reached:
                return counted

    def put_all(self, items: Iterable[Item]) -> None:
        """Writes items in no order; where this fails, some may be written and others not."""
        self._write([{"PutRequest": {"Item": item}} for item in distinct(items)])

    def delete_all(self, keys: Iterable[Item]) -> None:
        """Removes the items under keys, in no order; where this fails, some may be gone and others not."""
        self._write([{"DeleteRequest": {"Key": key}} for key in distinct(keys)])

    def delete_range(self, keys: KeyRange) -> int:
        """Removes all items of a range, page after page, and returns how many there were."""
        removed = 0
        reached: Item | None = None
        while True:
            found, reached = self._page(keys, ("pk", "sk"), after=reached)
            self.delete_all(found)
            removed += len(found)
            if not reached:
                return removed

    def delete_expired(self, keys: Sequence[Item], now_ms: int) -> int:
        """Removes those items that still expire before an instant, and returns how many did."""

        def delete(key: Item) -> int:
            # Told anew since it was read, a record may be kept for longer: that one stays.
            answer = self._call(
                "delete_item",
                TableName=self.address.table,
                Key=key,
                ConditionExpression="expires_ms < :now",
                ExpressionAttributeValues={":now": {"N": str(now_ms)}},
                ReturnValues="ALL_OLD",
                unless="ConditionalCheckFailedException",
            )
            return int("Attributes" in answer)

        return sum(_at_once(delete, keys))

    def replace_all(self, items: Sequence[tuple[Item, Item]], attribute: str) -> int:
        """Writes new items over old ones of the same keys, several at once, and returns how many were.

        Args:
            items: each old item as it was read, and the new one.
            attribute: of the old items; one that has changed it since, or is gone, stays as it is.
        """

        def put(pair: tuple[Item, Item]) -> int:
            old, new = pair
            answer = self._call(
                "put_item",
                TableName=self.address.table,
                Item=new,
                ConditionExpression="#attribute = :old",
                ExpressionAttributeNames={"#attribute": attribute},
                ExpressionAttributeValues={":old": old[attribute]},
                unless="ConditionalCheckFailedException",
            )
            return int(bool(answer))

        return sum(_at_once(put, items))

    def _page(
        self,
        keys: KeyRange,
        attributes: Sequence[str],
        *,
        after: Item | None = None,
        newest: bool = False,
        expired_at_ms: int | None = None,
        holding: str = "",
    ) -> tuple[list[Item], Item | None]:
        # By number, because many a good name is a reserved word of DynamoDB's.
        names = {f"#{index}": name for index, name in enumerate(attributes)}
        request = _query(self.address.table, keys, after=after) | {
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
            "Limit": PAGE,
        }
        if newest:
            request |= {"ScanIndexForward": False, "Limit": 1}
        if expired_at_ms is not None:
            request["FilterExpression"] = "expires_ms < :now"
            request["ExpressionAttributeValues"][":now"] = {"N": str(expired_at_ms)}
        if holding:
            request["FilterExpression"] = f"attribute_exists(#{attributes.index(holding)})"
        answer = self._call("query", **request)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def _write(self, requests: Sequence[dict[str, Any]]) -> None:
        loads = [requests[begin : begin + LOAD] for begin in range(0, len(requests), LOAD)]
        _at_once(self._write_load, loads)

    def _write_load(self, requests: Sequence[dict[str, Any]]) -> None:
        table = self.address.table
        for wait_s in _waits(WRITE_ROUNDS):
            time.sleep(wait_s)
            answer = self._call("batch_write_item", RequestItems={table: requests})
            requests = answer["UnprocessedItems"].get(table, [])
            if not requests:
                return
        raise throttled(self.address)

    def _call(self, operation: str, *, unless: str = "", **arguments: Any) -> dict[str, Any]:
        if self._closed.is_set():
            raise StoreUnavailable(f"store {self.address.url} was closed")
        with told(self.address):
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
            except self._client.exceptions.ClientError as problem:
                if problem.response["Error"]["Code"] != unless:
                    raise
                return {}
        return answer


def _query(table: str, keys: KeyRange, *, after: Item | None) -> dict[str, Any]:
    """What asks for the items of a range, from the first or from after one."""
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
        "ExpressionAttributeValues": {
            ":pk": {"S": keys.partition},
            ":low": {"S": keys.low},
            ":high": {"S": keys.high},
        },
        "ConsistentRead": True,
    }
    if after is not None:
        request["ExclusiveStartKey"] = after
    return request


def _at_once(work: Callable[[Given], Made], things: Sequence[Given]) -> list[Made]:
    """What `work` makes of each thing, several at a time, in order; what was not begun when one fails never is."""
    if len(things) < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(min(WAYS, len(things)), thread_name_prefix="dynamodb") as pool:
        return list(pool.map(work, things))


def _waits(rounds: int) -> Iterable[float]:
    """Seconds to wait before each round: none before the first, then longer and longer, and never all alike, so that
    writers who were turned away together do not come back together."""
    yield 0.0
    for tried in range(rounds - 1):
        yield random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**tried))


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
