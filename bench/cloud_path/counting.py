"""Counting what a boto3 client sends: requests, and their bytes as they leave the machine (but for TLS)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from audience.stores.dynamo_items import Item
from audience.stores.dynamo_migration import write_units


@dataclass(slots=True)
class Sent:
    """What was sent so far.

    Attributes:
        requests: how many.
        size: bytes of their lines, headers and bodies.
        items: DynamoDB items put by them.
        write_units: what DynamoDB would charge for those items, a unit for each KB begun.
    """

    requests: int = 0
    size: int = 0
    items: int = 0
    write_units: int = 0


def counted(client: Any, operation: str) -> Sent:
    """Begins to count one kind of request.

    Args:
        client: a boto3 client.
        operation: as "PutObject" of the client's service.
    """
    sent = Sent()

    def count(request: Any, **_: Any) -> None:
        headers = sum(len(f"{name}: {_text(value)}\r\n") for name, value in request.headers.items())
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        if hasattr(request.body, "seek"):
            request.body.seek(0)
        sent.requests += 1
        sent.size += len(f"{request.method} {request.url} HTTP/1.1\r\n") + headers + 2 + len(body)
        for item in _items(operation, body):
            sent.items += 1
            sent.write_units += write_units(item)

    client.meta.events.register(f"before-send.{client.meta.service_model.service_name}.{operation}", count)
    return sent


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _items(operation: str, body: bytes) -> list[dict[str, Any]]:
    if operation == "PutItem":
        return [_held(json.loads(body)["Item"])]
    if operation == "BatchWriteItem":
        tables = json.loads(body)["RequestItems"].values()
        return [_held(put["PutRequest"]["Item"]) for puts in tables for put in puts if "PutRequest" in put]
    return []


def _held(item: Item) -> Item:
    """An item as the table holds it: binary travels in base64."""
    return {name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()}
