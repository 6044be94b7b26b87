"""The DynamoDB store of people: two tables beside that of the sessions, `<TABLE>-people` and `<TABLE>-keys`.

| table | what | pk | sk |
|---|---|---|---|
| people | records | their kind, such as `Person` | their key, its parts joined by # |
| people | sealed content | `SEALED#<subject>` | its name |
| keys | the key of a subject | its id | `KEY` |

The table of keys has no point-in-time recovery and belongs into no backup, or a destroyed key could be brought back.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from audience.errors import StoreUnavailable
from audience.identity.store import IdentityRecord, Kept
from audience.ids import check_id
from audience.stores import documents
from audience.stores.dynamo_client import DynamoAddress
from audience.stores.dynamo_items import Item, KeyRange, document_item, key, under
from audience.stores.dynamo_table import DynamoTable, create_table
from audience.stores.identity_documents import KINDS, check_content, check_number, joined, kind_and_key
from audience.stores.sealing import SubjectKey, new_key, seal, unseal

PEOPLE: Final = "-people"
KEYS: Final = "-keys"
"""What follows the table's name in those of the two beside it."""

_SEALED = "SEALED"
_THERE: set[DynamoAddress] = set()  # stores whose tables of people are known to exist
_HIGHEST = "\U0010ffff"  # sorts after every text of a key


class DynamoIdentityStore:
    """Implements `audience.identity.store.IdentityStore` on two existing tables of DynamoDB."""

    def __init__(self, url: str) -> None:
        """Creates the store without requests.

        Args:
            url: that of the store of the sessions, `dynamodb://TABLE?region=eu-west-1`.

        Raises:
            InvalidValue: the URL is wrong.
            StoreUnavailable: no region is configured, or AWS's own configuration is wrong.
        """
        address = DynamoAddress.of(url)
        self._people = DynamoTable(replace(address, table=address.table + PEOPLE))
        self._keys = DynamoTable(replace(address, table=address.table + KEYS))
        self.url = replace(self._people.address, table=address.table).url

    @property
    def has_pending_erasure(self) -> bool:
        """Always False: DynamoDB deletes at once. What its backups hold is sealed, and the keys are in none."""
        return False

    def put(self, *records: IdentityRecord) -> None:
        check_number(records)
        items = [_record_item(record) for record in {kind_and_key(record): record for record in records}.values()]
        if len(items) == 1:
            self._people.put(items[0])
        elif items:
            self._people.put_together(items)

    def put_new(self, record: IdentityRecord) -> bool:
        mark = {"S": secrets.token_hex(8)}
        if self._people.put_if(_record_item(record) | {"mark": mark}, "attribute_not_exists(pk)"):
            return True
        # boto3 asks again where an answer was lost: then the record that is there is this one.
        found = self._people.get(key(*kind_and_key(record)))
        return found is not None and found.get("mark") == mark

    def get(self, kind: type[Kept], *parts: str) -> Kept | None:
        item = self._people.get(key(KINDS[kind], joined(parts)))
        return documents.from_json(item["document"]["S"], kind) if item else None

    def all(self, kind: type[Kept], *first: str) -> list[Kept]:
        begin = joined(first)
        # "$" is the character after "#".
        keys = KeyRange(partition=KINDS[kind], low=begin or " ", high=f"{begin}$" if first else _HIGHEST)
        items = self._people.rows(keys, ("sk", "document"))
        if first:  # in the range is also what goes on with a character before "#"
            items = [item for item in items if f"{item['sk']['S']}#".startswith(f"{begin}#")]
        return [documents.from_json(item["document"]["S"], kind) for item in items]

    def drop(self, *records: IdentityRecord) -> None:
        self._people.delete_all(key(*kind_and_key(record)) for record in records)

    def seal(self, subject_id: str, content: Mapping[str, bytes]) -> None:
        check_content(subject_id, content)
        subject_key = self._key(subject_id) or self._new_key(subject_id)
        items = [
            _sealed_key(subject_id, name)
            | {"key_id": {"S": subject_key.key_id}, "content": {"B": seal(subject_key, subject_id, name, piece)}}
            for name, piece in content.items()
        ]
        self._people.put_all(items)
        # Whoever destroyed the key meanwhile may have looked for content before it was written.
        now = self._key(subject_id)
        if now is None or now.key_id != subject_key.key_id:
            for name in content:
                self._people.delete(
                    _sealed_key(subject_id, name), "key_id = :key_id", {":key_id": {"S": subject_key.key_id}}
                )
            raise StoreUnavailable(f"{subject_id} was erased meanwhile: nothing of theirs was kept")

    def unseal(self, subject_id: str, name: str) -> bytes | None:
        subject_key = self._key(subject_id)
        if subject_key is None:
            return None
        item = self._people.get(_sealed_key(subject_id, name))
        if item is None or item["key_id"]["S"] != subject_key.key_id:
            return None
        return unseal(subject_key, subject_id, name, item["content"]["B"])

    def unseal_each(self, subject_ids: Sequence[str], name: str) -> dict[str, bytes]:
        keys = {
            item["pk"]["S"]: _subject_key(item)
            for item in self._keys.get_each([_key_key(subject_id) for subject_id in subject_ids])
        }
        items = self._people.get_each([_sealed_key(subject_id, name) for subject_id in keys])
        contents = {item["pk"]["S"].partition("#")[2]: item for item in items}
        return {
            subject_id: unseal(keys[subject_id], subject_id, name, item["content"]["B"])
            for subject_id, item in contents.items()
            if item["key_id"]["S"] == keys[subject_id].key_id
        }

    def sealed_names(self, subject_id: str) -> list[str]:
        subject_key = self._key(subject_id)
        if subject_key is None:
            return []
        items = self._people.rows(under(f"{_SEALED}#{subject_id}"), ("sk", "key_id"))
        return [item["sk"]["S"] for item in items if item["key_id"]["S"] == subject_key.key_id]

    def drop_sealed(self, subject_id: str, name: str) -> None:
        self._people.delete(_sealed_key(subject_id, name))

    def destroy(self, subject_id: str) -> bool:
        check_id("subject id", subject_id)
        was_there = self._keys.delete(_key_key(subject_id))
        self._people.delete_range(under(f"{_SEALED}#{subject_id}"))
        return was_there

    def close(self) -> None:
        self._people.close()
        self._keys.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _key(self, subject_id: str) -> SubjectKey | None:
        item = self._keys.get(_key_key(subject_id))
        return _subject_key(item) if item else None

    def _new_key(self, subject_id: str) -> SubjectKey:
        """Makes the key of a subject, or reads the one that another process made first."""
        made = new_key()
        item = _key_key(subject_id) | {"key_id": {"S": made.key_id}, "secret": {"B": made.secret}}
        if self._keys.put_if(item, "attribute_not_exists(pk)"):
            return made
        found = self._key(subject_id)
        if found is None:
            raise StoreUnavailable(f"{subject_id} was erased meanwhile: nothing of theirs was kept")
        return found


def has_identity_tables(url: str) -> bool:
    """Whether the tables of people beside that of a store exist, and these credentials may know of them.

    Asked until they are there: the head of every page depends on it.

    Raises:
        InvalidValue, StoreUnavailable: see `DynamoIdentityStore`; also if DynamoDB cannot be reached.
    """
    address = DynamoAddress.of(url)
    if address not in _THERE and DynamoTable(replace(address, table=address.table + PEOPLE)).is_there():
        _THERE.add(address)
    return address in _THERE


def create_identity_tables(client: Any, name: str) -> None:
    """Creates the two tables beside that of the sessions, as `infra/template.yaml` does.

    Args:
        client: boto3's client of DynamoDB.
        name: name of the sessions' table.
    """
    for suffix in (PEOPLE, KEYS):
        create_table(client, name + suffix)


def _record_item(record: IdentityRecord) -> Item:
    return document_item(key(*kind_and_key(record)), documents.to_json(record))


def _sealed_key(subject_id: str, name: str) -> Item:
    return key(f"{_SEALED}#{subject_id}", name)


def _key_key(subject_id: str) -> Item:
    return key(subject_id, "KEY")


def _subject_key(item: Item) -> SubjectKey:
    return SubjectKey(key_id=item["key_id"]["S"], secret=item["secret"]["B"])
