"""People in DynamoDB: transactions, and what happens between requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from audience.errors import StoreUnavailable
from audience.identity.records import Person
from audience.identity.store import IdentityStore
from audience.stores import dynamo_table, has_identity, open_identity
from audience.stores.dynamo_client import client_for
from tests.contracts.faulty_engine import Answer, FaultyEngine, faulty_engine, refusal
from tests.contracts.people import InsideDynamo, a_person
from tests.infra.iam import Call, is_allowed
from tests.infra.resolved import ACCOUNT, REGION
from tests.infra.test_deploy_rights import policy

NAME = b"Zdislava Lemberk"


@pytest.fixture(scope="module")
def engine(moto: str) -> Iterator[FaultyEngine]:
    """An engine that can be made to fail."""
    with faulty_engine(moto) as between:
        yield between


@pytest.fixture
def inside(engine: FaultyEngine, new_table: Callable[[str], str]) -> InsideDynamo:
    """Two empty tables behind it."""
    engine.calm_down()
    inside = InsideDynamo(new_table(engine.address))
    engine.operations.clear()
    return inside


@pytest.fixture
def store(inside: InsideDynamo) -> Iterator[IdentityStore]:
    """The store of people in them."""
    with open_identity(inside.url) as opened:
        yield opened


@pytest.fixture
def other(inside: InsideDynamo, engine: FaultyEngine, moto: str) -> Iterator[IdentityStore]:
    """The same store for another, who never meets trouble."""
    with open_identity(inside.url.replace(engine.address, moto)) as opened:
        yield opened


def test_records_are_written_together_in_one_transaction_which_is_tried_again(store, engine, monkeypatch):
    monkeypatch.setattr(dynamo_table, "FIRST_WAIT_S", 0.001)
    conflicts = iter([refusal("TransactionCanceledException", "[TransactionConflict]")] * 2)
    engine.trouble = lambda operation, request: next(conflicts, None)
    store.put(a_person("p-1"), a_person("p-2"))
    assert engine.operations == ["TransactWriteItems"] * 3
    engine.calm_down()
    assert store.all(Person) == [a_person("p-1"), a_person("p-2")]


def test_a_transaction_that_is_cancelled_again_and_again_is_reported(store, engine, monkeypatch):
    monkeypatch.setattr(dynamo_table, "WRITE_ROUNDS", 2)
    engine.trouble = lambda operation, request: refusal("TransactionCanceledException", "[TransactionConflict]")
    with pytest.raises(StoreUnavailable, match="throttled"):
        store.put(a_person("p-1"), a_person("p-2"))


@pytest.mark.parametrize("mine", [True, False])
def test_who_writes_a_new_record_knows_that_they_did_though_the_answer_was_lost(store, inside, engine, moto, mine):
    client = client_for(REGION, moto, local=True)

    def answer_lost(operation: str, request: dict[str, Any]) -> Answer | None:
        if operation != "PutItem" or lost:
            return None
        lost.append(operation)
        item = request["Item"] if mine else request["Item"] | {"mark": {"S": "of another"}}
        client.put_item(TableName=request["TableName"], Item=item)
        return 500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": ""}

    lost: list[str] = []
    engine.trouble = answer_lost
    assert store.put_new(a_person("p-1")) is mine
    assert engine.operations.count("PutItem") == 2
    assert store.get(Person, "members", "p-1") == a_person("p-1")


@pytest.mark.parametrize("enrols_anew", [False, True])
def test_who_is_erased_while_content_is_sealed_leaves_none_of_it(store, other, inside, engine, enrols_anew):
    store.seal("p-1", {"profile": b"before"})

    def erased_meanwhile(operation: str, request: dict[str, Any]) -> None:
        if operation == "BatchWriteItem" and not erased:
            erased.append(other.destroy("p-1"))
            if enrols_anew:
                other.seal("p-1", {"photo": b"of the next"})

    erased: list[bool] = []
    engine.trouble = erased_meanwhile
    with pytest.raises(StoreUnavailable, match="p-1 was erased"):
        store.seal("p-1", {"profile": NAME, "photo": b"picture"})
    assert erased == [True]
    assert b"profile" not in inside.content_bytes()
    assert other.unseal("p-1", "profile") is None


def test_of_two_who_seal_first_one_makes_the_key_and_the_other_uses_it(store, other, engine):
    def sealed_meanwhile(operation: str, request: dict[str, Any]) -> None:
        if operation == "PutItem":
            engine.calm_down()
            other.seal("p-1", {"photo": b"picture"})

    engine.trouble = sealed_meanwhile
    store.seal("p-1", {"profile": NAME})
    assert (other.unseal("p-1", "profile"), store.unseal("p-1", "photo")) == (NAME, b"picture")


def test_an_erasure_that_is_interrupted_is_completed_by_the_next_call(store, inside, engine):
    store.seal("p-1", {"profile": NAME})
    engine.trouble = lambda operation, request: refusal("AccessDeniedException") if operation == "Query" else None
    with pytest.raises(StoreUnavailable, match="Query"):
        store.destroy("p-1")
    engine.calm_down()
    assert inside.key_bytes() == b"", "the key goes first"
    assert b"profile" in inside.content_bytes()
    assert store.unseal("p-1", "profile") is None
    assert not store.destroy("p-1")
    assert inside.content_bytes() == b""


def test_without_its_tables_the_store_says_which_is_missing(new_table, moto):
    with open_identity(new_table(moto)) as store, pytest.raises(StoreUnavailable, match="-people'"):
        store.get(Person, "members", "p-1")


def test_tables_that_may_not_be_seen_count_as_none_and_those_that_are_there_are_looked_up_once(inside, engine):
    engine.trouble = lambda operation, request: refusal("InternalServerError")
    with pytest.raises(StoreUnavailable):
        has_identity(inside.url)
    engine.trouble = lambda operation, request: refusal("AccessDeniedException")
    assert not has_identity(inside.url)
    engine.calm_down()
    engine.operations.clear()
    assert [has_identity(inside.url) for _ in range(3)] == [True] * 3
    assert engine.operations == ["DescribeTable"]


def test_every_request_is_one_that_the_policy_for_rosters_allows(store, inside, engine):
    asked: set[tuple[str, str]] = set()

    def note(operation: str, request: dict[str, Any]) -> None:
        tables = [request["TableName"]] if "TableName" in request else [*request.get("RequestItems", ())]
        tables += [one["Put"]["TableName"] for one in request.get("TransactItems", ())]
        # A transaction needs the right to what it does.
        asked.update((operation.replace("TransactWriteItems", "PutItem"), table) for table in tables)

    engine.trouble = note
    store.put(a_person("p-1"))
    store.put(a_person("p-1"), a_person("p-2"))
    store.put_new(a_person("p-3"))
    store.all(Person, "members")
    store.drop(a_person("p-3"), a_person("p-2"))
    for content in ({"profile": NAME, "photo": NAME}, {"profile": b"new"}):
        store.seal("p-1", content)
    store.unseal("p-1", "profile")
    store.sealed_names("p-1")
    store.drop_sealed("p-1", "photo")
    store.destroy("p-1")
    name = urlsplit(inside.url).netloc
    assert {table for _, table in asked} == {f"{name}-people", f"{name}-keys"}
    for operation, table in asked:
        arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/houselights-Table-X{table.removeprefix(name)}"
        assert is_allowed(Call(f"dynamodb:{operation}", arn), [policy("people")]), (operation, arn)
