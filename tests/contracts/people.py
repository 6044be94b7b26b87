"""Stores of people for tests: records to write, and what lies in a store, seen from behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from audience.identity.audit import AuditEntry, next_entry
from audience.identity.households import Guests, Household, Member, Seen, SeenMinute, Tap
from audience.identity.links import SecretLink
from audience.identity.records import (
    BundleKey,
    Confirmation,
    Consent,
    Enrolment,
    Notice,
    Person,
    PhotoQuality,
    Roster,
    Sighting,
    WatchEntry,
)
from audience.identity.store import IdentityRecord
from audience.stores.dynamo_client import DynamoAddress, client_for
from audience.stores.dynamo_people import KEYS, PEOPLE, create_identity_tables

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def a_roster(roster_id: str = "members", **changed: Any) -> Roster:
    """A welcome desk's list."""
    return replace(
        Roster(
            roster_id=roster_id,
            purpose="welcome desk",
            country="SE",
            stages=("fair/*",),
            accepted=("consent", "notice"),
            created_at=NOW,
            created_by="ada@example.org",
        ),
        **changed,
    )


def a_person(person_id: str, roster_id: str = "members") -> Person:
    """Somebody on it."""
    return Person(roster_id=roster_id, person_id=person_id, added_at=NOW)


def an_entry(number: int, actor: str = "ada@example.org") -> AuditEntry:
    """An entry of the audit trail."""
    return replace(next_entry(None, at=NOW, actor=actor, action="enrolled", roster_id="members"), number=number)


ONE_OF_EACH: tuple[IdentityRecord, ...] = (
    a_roster(),
    a_person("p-1"),
    Consent(
        roster_id="members",
        person_id="p-1",
        purpose="welcome desk",
        notice="2026-1",
        given_at=NOW,
        expires_at=NOW + timedelta(days=365),
        how="the enrolment page",
    ),
    Enrolment(
        roster_id="members",
        person_id="p-1",
        recogniser="dlib-resnet 1 0a1b2c",
        photos=(PhotoQuality(face_px=180, sharpness=0.8, brightness=0.5, turn=0.1),),
        enrolled_at=NOW,
    ),
    WatchEntry(
        roster_id="missing",
        entry_id="w-1",
        basis="missing person",
        reference="report 12/26",
        stages=("fair/*",),
        requested_by="ada@example.org",
        requested_at=NOW,
        approved_by="bob@example.org",
        approved_at=NOW,
        expires_at=NOW + timedelta(hours=24),
    ),
    Sighting(
        roster_id="members",
        subject_id="p-1",
        sighting_id="s-1",
        session_id="fair",
        stage_id="door",
        camera_id="cam-1",
        at_ms=1_777_885_200_123,
        similarity=0.9731,
        runner_up=None,
        crops=3,
        recogniser="dlib-resnet 1 0a1b2c",
    ),
    Confirmation(
        roster_id="missing",
        subject_id="w-1",
        sighting_id="s-1",
        by="cyd with a name, not an address",
        verdict="same person",
        at=NOW,
    ),
    Notice(roster_id="missing", subject_id="w-1", sighting_id="s-1", notifier="mail", at=NOW),
    an_entry(1),
    SecretLink(
        roster_id="members",
        link_id="l-1",
        use="join",
        secret_sha256="ab" * 32,
        made_at=NOW,
        expires_at=NOW + timedelta(days=1),
    ),
    BundleKey(holder="fair/door/cam-1", subject_id="key-1", made_at=NOW),
    Household(
        roster_id="panel",
        household_id="home-1",
        title="Household 1",
        alike=(("p-1", "p-2"),),
        set_up_at=NOW,
        set_up_by="ada@example.org",
    ),
    Member(roster_id="panel", household_id="home-1", person_id="p-1", sex="female", born=1985),
    Tap(
        roster_id="panel",
        household_id="home-1",
        tap_id="t1",
        at_ms=1_777_000_000_000,
        action="guests",
        guests=(Guests(sex="male", ages="25 to 44", count=2), Guests(count=1)),
    ),
    SeenMinute(
        roster_id="panel",
        household_id="home-1",
        minute_ms=1_776_999_960_000,
        looked_s=60.0,
        seen=(
            Seen(people=("p-1",), seconds=50.0, in_view_s=40.5, facing_s=30.25, smiling_s=2.0),
            Seen(people=("p-1", "p-2"), at_once=2, seconds=5.0, in_view_s=5.0),
            Seen(people=(), seconds=1.0, in_view_s=1.0),
        ),
    ),
)


class Inside(Protocol):
    """What lies in a store of people, without asking the store."""

    url: str

    def content_bytes(self) -> bytes:
        """All bytes of the store, its keys left out."""

    def key_bytes(self) -> bytes:
        """All bytes of its keys."""

    def change_documents(self, change: Callable[[str], str]) -> None:
        """Changes the JSON document of each record."""

    def change_sealed(self, change: Callable[[bytes], bytes]) -> None:
        """Changes each piece of sealed content."""

    def move_sealed(self, subject_id: str, name: str, to_subject: str, to_name: str) -> None:
        """Puts a piece of sealed content in the place of another, under that one's key id."""

    def backup(self) -> Callable[[], None]:
        """Copies all sealed content, without keys; returns what puts it back."""


class InsideDynamo:
    """Two tables of DynamoDB."""

    def __init__(self, url: str) -> None:
        address = DynamoAddress.of(url)
        self.url = url
        self._table = address.table
        self._client = client_for(address.region, address.endpoint, local=True)
        create_identity_tables(self._client, self._table)

    def content_bytes(self) -> bytes:
        return self._bytes(self._table + PEOPLE)

    def key_bytes(self) -> bytes:
        return self._bytes(self._table + KEYS)

    def change_documents(self, change: Callable[[str], str]) -> None:
        self._change("document", "S", change)

    def change_sealed(self, change: Callable[[bytes], bytes]) -> None:
        self._change("content", "B", change)

    def move_sealed(self, subject_id: str, name: str, to_subject: str, to_name: str) -> None:
        moved, place = (
            next(item for item in self._items(self._table + PEOPLE) if (item["pk"]["S"], item["sk"]["S"]) == at)
            for at in ((f"SEALED#{subject_id}", name), (f"SEALED#{to_subject}", to_name))
        )
        self._put(place | {"content": moved["content"]})

    def clear(self) -> None:
        """Removes everything, in less time than it takes to make tables anew."""
        for table in (self._table + PEOPLE, self._table + KEYS):
            for item in self._items(table):
                self._client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})

    def backup(self) -> Callable[[], None]:
        items = [item for item in self._items(self._table + PEOPLE) if "content" in item]

        def restore() -> None:
            for item in items:
                self._put(item)

        return restore

    def _items(self, table: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def _bytes(self, table: str) -> bytes:
        values = [value for item in self._items(table) for held in item.values() for value in held.values()]
        return b"".join(value if isinstance(value, bytes) else value.encode() for value in values)

    def _change(self, attribute: str, kind: str, change: Callable[[Any], Any]) -> None:
        for item in self._items(self._table + PEOPLE):
            if attribute in item:
                self._put(item | {attribute: {kind: change(item[attribute][kind])}})

    def _put(self, item: dict[str, Any]) -> None:
        self._client.put_item(TableName=self._table + PEOPLE, Item=item)


class InsideSqlite:
    """Two SQLite files."""

    def __init__(self, folder: Path) -> None:
        self._database = folder / "houselights.db"
        self.url = f"sqlite:///{self._database}"

    def content_bytes(self) -> bytes:
        return self._bytes("-people*")

    def key_bytes(self) -> bytes:
        return self._bytes("-keys*")

    def change_documents(self, change: Callable[[str], str]) -> None:
        self._change("records", "document", change)

    def change_sealed(self, change: Callable[[bytes], bytes]) -> None:
        self._change("sealed", "content", change)

    def move_sealed(self, subject_id: str, name: str, to_subject: str, to_name: str) -> None:
        with self._people() as people:
            people.execute(
                "UPDATE sealed SET content = (SELECT content FROM sealed WHERE subject_id = ? AND name = ?) "
                "WHERE subject_id = ? AND name = ?",
                (subject_id, name, to_subject, to_name),
            )

    def backup(self) -> Callable[[], None]:
        with self._people() as people:
            rows = people.execute("SELECT * FROM sealed").fetchall()

        def restore() -> None:
            with self._people() as people:
                people.executemany("INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)", rows)

        return restore

    def _bytes(self, pattern: str) -> bytes:
        files = sorted(self._database.parent.glob(self._database.name + pattern))
        assert files
        return b"".join(file.read_bytes() for file in files)

    def _change(self, table: str, column: str, change: Callable[[Any], Any]) -> None:
        with self._people() as people:
            people.create_function("changed", 1, change)
            people.execute(f"UPDATE {table} SET {column} = changed({column})")

    def _people(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(f"{self._database}-people", isolation_level=None))
