"""Access to one DynamoDB table: schema, paging, parallel reads, batch writes and retries.

Every read is strongly consistent, and nothing scans. In the cloud the stack's template creates the table; on a local
engine `create_table` does.
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
from audience.stores.dynamo_client import DynamoAddress, boto_errors, client_for, throttled
from audience.stores.dynamo_items import Item, KeyRange, distinct, split_rest
from audience.stores.dynamo_parsing import GC_PAUSE

PARALLEL_REQUESTS = 8  # requests in flight
ITEMS_PER_WRITE = 25  # items per write request
PAGE = 500  # items per read request: a local engine takes seconds for the 1 MB limit
WRITE_ROUNDS = 10
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 5.0

_NOT_TO_BE_SEEN = ("ResourceNotFoundException", "AccessDeniedException")

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class DynamoTable:
    """An existing table.

    All methods raise `StoreUnavailable` if the table cannot be used.
    """

    def __init__(self, address: DynamoAddress) -> None:
        """Creates the object without requests.

        Raises:
            StoreUnavailable: no region is configured, or AWS's own configuration is wrong.
        """
        try:
            with boto_errors(address):
                self._client: Any = client_for(address.region, address.endpoint, local=address.is_local)
        except ValueError as problem:  # AWS's own configuration has an address that is none
            raise StoreUnavailable(f"store {address.url} cannot be used: {problem}") from None
        self.address = replace(address, region=self._client.meta.region_name)
        self._closed = threading.Event()

    def close(self) -> None:
        """Refuses further calls. The client stays open, because other stores of this process share it."""
        self._closed.set()

    def is_there(self) -> bool:
        """Whether the table exists and these credentials may know of it."""
        with boto_errors(self.address):
            try:
                self._client.describe_table(TableName=self.address.table)
            except self._client.exceptions.ClientError as problem:
                if problem.response["Error"]["Code"] not in _NOT_TO_BE_SEEN:
                    raise
                return False
        return True

    def get(self, key: Item) -> Item | None:
        """The item with a key; None if there is none."""
        answer = self._call("get_item", TableName=self.address.table, Key=key, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def get_each(self, keys: Sequence[Item]) -> list[Item]:
        """The items with these keys that there are, in their order, read one by one and in parallel."""
        return [item for item in _in_parallel(self.get, keys) if item is not None]

    def put(self, item: Item) -> None:
        """Writes one item, replacing an existing one."""
        self._call("put_item", TableName=self.address.table, Item=item)

    def put_if(self, item: Item, condition: str, values: Item | None = None) -> bool:
        """Writes one item if a condition holds for the existing one; returns whether it was written."""
        answer = self._call(
            "put_item",
            TableName=self.address.table,
            Item=item,
            ConditionExpression=condition,
            **({"ExpressionAttributeValues": values} if values else {}),
            unless="ConditionalCheckFailedException",
        )
        return bool(answer)

    def put_together(self, items: Sequence[Item]) -> None:
        """Writes up to 100 items in one transaction: all of them, or none."""
        requests = [{"Put": {"TableName": self.address.table, "Item": item}} for item in items]
        for wait_s in _waits(WRITE_ROUNDS):
            time.sleep(wait_s)
            # Cancelled where another write of one of the items is under way.
            if self._call("transact_write_items", TransactItems=requests, unless="TransactionCanceledException"):
                return
        raise throttled(self.address)

    def delete(self, key: Item, condition: str = "", values: Item | None = None) -> bool:
        """Deletes one item, if a condition holds for it; returns whether it was there and was deleted."""
        answer = self._call(
            "delete_item",
            TableName=self.address.table,
            Key=key,
            ReturnValues="ALL_OLD",
            **({"ConditionExpression": condition, "ExpressionAttributeValues": values} if condition else {}),
            unless="ConditionalCheckFailedException",
        )
        return "Attributes" in answer

    def rows(
        self, keys: KeyRange, attributes: Sequence[str], *, expired_at_ms: int | None = None, holding: str = ""
    ) -> list[Item]:
        """The items of a range, sorted by key.

        Args:
            keys: the range.
            attributes: the attributes to return.
            expired_at_ms: only items that expire before this instant.
            holding: only items with this attribute, which is one of `attributes`.
        """
        items, reached = self._page(keys, attributes, expired_at_ms=expired_at_ms, holding=holding)
        while reached:
            more, reached = self._page(keys, attributes, after=reached, expired_at_ms=expired_at_ms, holding=holding)
            items += more
        return items

    def some(self, keys: KeyRange, attributes: Sequence[str], limit: int) -> list[Item]:
        """The first items of a range, up to a number."""
        return self._page(keys, attributes, limit=limit)[0]

    def rows_each(self, ranges: Sequence[KeyRange], attributes: Sequence[str]) -> list[list[Item]]:
        """The items of each of several ranges, read in parallel."""
        return _in_parallel(lambda keys: self.rows(keys, attributes), ranges)

    def parallel_rows(self, keys: KeyRange, attributes: Sequence[str], make: Callable[[Item], Result]) -> list[Result]:
        """The windows or faces of a range, sorted by key, read in parallel after the first page.

        Args:
            keys: the range, of windows or of faces.
            attributes: the attributes to read, including `sk`.
            make: converts each item when its page arrives, because a long session's items would take 0.5 GB.
        """
        items, reached = self._page(keys, attributes)
        made = [make(item) for item in items]
        if not reached:
            return made
        last, _ = self._page(keys, ("sk",), newest=True)
        if not last:  # deleted meanwhile
            return made
        stretches = split_rest(
            keys,
            first=items[0]["sk"]["S"],
            reached=reached["sk"]["S"],
            last=last[0]["sk"]["S"],
            parts=PARALLEL_REQUESTS,
        )
        with GC_PAUSE.paused():
            for rest in _in_parallel(lambda stretch: self._made(stretch, attributes, make), stretches):
                made += rest
        return made

    def _made(self, keys: KeyRange, attributes: Sequence[str], make: Callable[[Item], Result]) -> list[Result]:
        made: list[Result] = []
        reached: Item | None = None
        while True:
            items, reached = self._page(keys, attributes, after=reached)
            made += [make(item) for item in items]
            if not reached:
                return made

    def count(self, keys: KeyRange) -> int:
        """The number of items in a range; DynamoDB reads but does not send them."""
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
        """Writes items in any order; after a failure some may be written and others not."""
        self._write([{"PutRequest": {"Item": item}} for item in distinct(items)])

    def delete_all(self, keys: Iterable[Item]) -> None:
        """Deletes items in any order; after a failure some may be deleted and others not."""
        self._write([{"DeleteRequest": {"Key": key}} for key in distinct(keys)])

    def delete_range(self, keys: KeyRange) -> int:
        """Deletes all items of a range, and returns how many there were."""
        removed = 0
        reached: Item | None = None
        while True:
            found, reached = self._page(keys, ("pk", "sk"), after=reached)
            self.delete_all(found)
            removed += len(found)
            if not reached:
                return removed

    def delete_expired(self, keys: Sequence[Item], now_ms: int) -> int:
        """Deletes the items that still expire before an instant, and returns how many."""

        def delete(key: Item) -> int:
            # A record that was rewritten since it was read may expire later, and stays.
            return int(self.delete(key, "expires_ms < :now", {":now": {"N": str(now_ms)}}))

        return sum(_in_parallel(delete, keys))

    def replace_all(self, items: Sequence[tuple[Item, Item]], attribute: str) -> int:
        """Replaces items in parallel, and returns how many were replaced.

        Args:
            items: each old item as read, and its replacement.
            attribute: an attribute of the old items; an item is skipped if it has changed, or the item was deleted.
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

        return sum(_in_parallel(put, items))

    def _page(
        self,
        keys: KeyRange,
        attributes: Sequence[str],
        *,
        after: Item | None = None,
        newest: bool = False,
        limit: int = PAGE,
        expired_at_ms: int | None = None,
        holding: str = "",
    ) -> tuple[list[Item], Item | None]:
        # Numbered placeholders, because many names are reserved words of DynamoDB.
        names = {f"#{index}": name for index, name in enumerate(attributes)}
        request = _query(self.address.table, keys, after=after) | {
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
            "Limit": limit,
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
        chunks = [requests[begin : begin + ITEMS_PER_WRITE] for begin in range(0, len(requests), ITEMS_PER_WRITE)]
        _in_parallel(self._write_items, chunks)

    def _write_items(self, requests: Sequence[dict[str, Any]]) -> None:
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
        with boto_errors(self.address):
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
            except self._client.exceptions.ClientError as problem:
                if problem.response["Error"]["Code"] != unless:
                    raise
                return {}
        return answer


def _query(table: str, keys: KeyRange, *, after: Item | None) -> dict[str, Any]:
    """The query request for a range, from its start or after an item."""
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


def _in_parallel(work: Callable[[Argument], Result], things: Sequence[Argument]) -> list[Result]:
    """Maps `work` over things in parallel, with results in order; after a failure no further calls start."""
    if len(things) < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(min(PARALLEL_REQUESTS, len(things)), thread_name_prefix="dynamodb") as pool:
        return list(pool.map(work, things))


def _waits(rounds: int) -> Iterable[float]:
    """Yields the wait before each attempt: 0 for the first, then exponential backoff with jitter."""
    yield 0.0
    for tried in range(rounds - 1):
        yield random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**tried))


KEY_SCHEMA = ({"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"})
EXPIRY_ATTRIBUTE = "expires_at"

LONGEST_RECOVERY_DAYS: Final = 35
"""The longest time after which point-in-time recovery can restore deleted items, days."""

_READY_AFTER_S = 1
_READY_TRIES = 60


def create_table(client: Any, name: str, *, with_stream: bool = False) -> None:
    """Creates an empty table like `infra/template.yaml`, unless there is one of that name, and waits until it is ready.

    Args:
        client: boto3's client of DynamoDB.
        name: the table's name.
        with_stream: whether it tells the keys of items that change, for roll-ups; not every local engine can.
    """
    stream: dict[str, Any] = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"} if with_stream else {}
    try:
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in KEY_SCHEMA],
            KeySchema=list(KEY_SCHEMA),
            BillingMode="PAY_PER_REQUEST",
            **({"StreamSpecification": stream} if stream else {}),
        )
    except ClientError as problem:
        # Also where the answer to the first attempt came too late, and boto3 asked again.
        if problem.response["Error"]["Code"] != "ResourceInUseException":
            raise
    client.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": _READY_AFTER_S, "MaxAttempts": _READY_TRIES}
    )
    try:
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY_ATTRIBUTE}
        )
    except ClientError as problem:
        # Some local engines have no TTL; use `houselights prune` there.
        if problem.response["Error"]["Code"] != "UnknownOperationException":
            raise
