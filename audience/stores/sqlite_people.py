"""The SQLite store of people: two files beside the database of the sessions.

`<database>-people` holds records as JSON documents, and sealed content. `<database>-keys` holds the key of each
subject; leave it out of backups, or a destroyed key is still there. Both are apart from the database, so that what
measures an audience never opens them, and a copy of the database holds no people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from audience.identity.store import IdentityRecord, Kept
from audience.ids import check_id
from audience.stores import documents
from audience.stores.identity_documents import KINDS, check_content, check_number, joined, kind_and_key
from audience.stores.sealing import SubjectKey, new_key, seal, unseal
from audience.stores.sqlite_file import Rows, SqliteFile

_VERSION = 1
_PEOPLE_SCHEMA = """
CREATE TABLE records (kind TEXT, key TEXT, document TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
CREATE TABLE sealed (
    subject_id TEXT, name TEXT, key_id TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (subject_id, name)
) STRICT, WITHOUT ROWID;
"""
_KEYS_SCHEMA = """
CREATE TABLE subject_keys (
    subject_id TEXT PRIMARY KEY, key_id TEXT NOT NULL, secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;
"""
_SEALED_KEY = "subject_id, name"


class SqliteIdentityStore:
    """Implements `audience.identity.store.IdentityStore` on two SQLite files."""

    def __init__(self, database: Path) -> None:
        """Opens the files, creating them and their folder if they do not exist.

        Args:
            database: where the store of the sessions is or would be; it is not opened.

        Raises:
            StoreUnavailable: the path cannot be written, or a file is not one of this store.
            StoreTooNew: a newer Houselights created them.
        """
        database = database.absolute()
        self.url = f"sqlite:///{database}"
        self._people = SqliteFile(
            database.with_name(f"{database.name}-people"), schema=_PEOPLE_SCHEMA, version=_VERSION, known_by="sealed"
        )
        try:
            self._keys = SqliteFile(
                database.with_name(f"{database.name}-keys"),
                schema=_KEYS_SCHEMA,
                version=_VERSION,
                known_by="subject_keys",
            )
        except BaseException:
            self._people.close()
            raise

    @property
    def has_pending_erasure(self) -> bool:
        return self._people.has_pending_erasure or self._keys.has_pending_erasure

    def put(self, *records: IdentityRecord) -> None:
        check_number(records)
        rows = [(*kind_and_key(record), documents.to_json(record)) for record in records]
        with self._people.transaction() as cursor:
            cursor.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)

    def put_new(self, record: IdentityRecord) -> bool:
        row = (*kind_and_key(record), documents.to_json(record))
        with self._people.transaction() as cursor:
            return cursor.execute("INSERT OR IGNORE INTO records VALUES (?, ?, ?)", row).rowcount == 1

    def get(self, kind: type[Kept], *key: str) -> Kept | None:
        rows = self._people.rows("SELECT document FROM records WHERE kind = ? AND key = ?", (KINDS[kind], joined(key)))
        return documents.from_json(rows[0][0], kind) if rows else None

    def all(self, kind: type[Kept], *first: str) -> list[Kept]:
        condition, values = "kind = ?", [KINDS[kind]]
        if first:
            begin = joined(first)
            condition += " AND (key = ? OR key > ? AND key < ?)"
            values += [begin, f"{begin}#", f"{begin}$"]  # "$" is the character after "#"
        rows = self._people.rows(f"SELECT document FROM records WHERE {condition} ORDER BY key", values)
        return [documents.from_json(document, kind) for (document,) in rows]

    def drop(self, *records: IdentityRecord) -> None:
        rows = [
            Rows(table="records", key="kind, key", condition="kind = ? AND key = ?", values=kind_and_key(record))
            for record in records
        ]
        if rows:
            self._people.erase(rows)

    def seal(self, subject_id: str, content: Mapping[str, bytes]) -> None:
        check_content(subject_id, content)
        # While this transaction lasts nobody else makes or destroys a key.
        with self._keys.transaction() as keys:
            rows = keys.execute(
                "SELECT key_id, secret FROM subject_keys WHERE subject_id = ?", (subject_id,)
            ).fetchall()
            if rows:
                key = SubjectKey(key_id=rows[0][0], secret=rows[0][1])
            else:
                key = new_key()
                keys.execute("INSERT INTO subject_keys VALUES (?, ?, ?)", (subject_id, key.key_id, key.secret))
            sealed = [
                (subject_id, name, key.key_id, seal(key, subject_id, name, piece)) for name, piece in content.items()
            ]
            with self._people.transaction() as people:
                people.executemany("INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)", sealed)

    def unseal(self, subject_id: str, name: str) -> bytes | None:
        key = self._key(subject_id)
        if key is None:
            return None
        rows = self._people.rows(
            "SELECT content FROM sealed WHERE subject_id = ? AND name = ? AND key_id = ?",
            (subject_id, name, key.key_id),
        )
        return unseal(key, subject_id, name, rows[0][0]) if rows else None

    def unseal_each(self, subject_ids: Sequence[str], name: str) -> dict[str, bytes]:
        wanted = json.dumps(subject_ids)
        keys = {
            subject_id: SubjectKey(key_id=key_id, secret=secret)
            for subject_id, key_id, secret in self._keys.rows(
                "SELECT subject_id, key_id, secret FROM subject_keys "
                "WHERE subject_id IN (SELECT value FROM json_each(?))",
                (wanted,),
            )
        }
        rows = self._people.rows(
            "SELECT subject_id, key_id, content FROM sealed "
            "WHERE name = ? AND subject_id IN (SELECT value FROM json_each(?))",
            (name, wanted),
        )
        return {
            subject_id: unseal(keys[subject_id], subject_id, name, content)
            for subject_id, key_id, content in rows
            if subject_id in keys and keys[subject_id].key_id == key_id
        }

    def sealed_names(self, subject_id: str) -> list[str]:
        key = self._key(subject_id)
        if key is None:
            return []
        query = "SELECT name FROM sealed WHERE subject_id = ? AND key_id = ? ORDER BY name"
        return [name for (name,) in self._people.rows(query, (subject_id, key.key_id))]

    def drop_sealed(self, subject_id: str, name: str) -> None:
        self._people.erase(
            [Rows(table="sealed", key=_SEALED_KEY, condition="subject_id = ? AND name = ?", values=(subject_id, name))]
        )

    def destroy(self, subject_id: str) -> bool:
        condition, values = "subject_id = ?", (check_id("subject id", subject_id),)
        keys = self._keys.erase([Rows(table="subject_keys", key="subject_id", condition=condition, values=values)])
        self._people.erase([Rows(table="sealed", key=_SEALED_KEY, condition=condition, values=values)])
        return keys > 0

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
        rows = self._keys.rows("SELECT key_id, secret FROM subject_keys WHERE subject_id = ?", (subject_id,))
        return SubjectKey(key_id=rows[0][0], secret=rows[0][1]) if rows else None
