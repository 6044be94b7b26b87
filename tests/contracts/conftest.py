"""Engines for store tests that implement DynamoDB's protocol, started on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from audience.stores import dynamo_client, dynamo_sessions
from audience.stores.dynamo_client import client_for
from audience.stores.dynamo_table import create_table
from houselights.local_cloud.moto_server import running_moto
from tests.contracts.dynalite import running_dynalite
from tests.ticking import limit_s

REGION = "eu-west-1"


PRESENCE_TTL_S = 0.5


@pytest.fixture(autouse=True)
def short_belief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session in DynamoDB is believed to be there for less long, since each deletion waits for it."""
    monkeypatch.setattr(dynamo_sessions, "PRESENCE_TTL_S", PRESENCE_TTL_S)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a stand-in for AWS."""
    with running_moto() as address:
        yield address


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    """The address of a strict DynamoDB engine."""
    with running_dynalite() as address:
        yield address


@pytest.fixture(scope="module")
def new_table() -> Iterator[Callable[[str], str]]:
    """Makes an empty table at an address and gives the URL of the store in it. AWS answers within the time that the
    store's client waits; an engine beside many tests may need longer."""
    as_with_aws = dynamo_client.READ_TIMEOUT_S
    dynamo_client.READ_TIMEOUT_S = limit_s(as_with_aws)

    def make(endpoint: str) -> str:
        name = f"houselights-{uuid4().hex}"
        create_table(client_for(REGION, endpoint, local=True), name)
        return f"dynamodb://{name}?region={REGION}&endpoint={endpoint}"

    yield make
    dynamo_client.READ_TIMEOUT_S = as_with_aws
    client_for.cache_clear()
