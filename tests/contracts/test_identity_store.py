"""The contract of every store of people. A store joins with a line in `inside`, which makes an empty one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from audience.errors import InvalidValue, StoreTooNew, StoreUnavailable
from audience.identity.audit import AuditEntry
from audience.identity.records import Confirmation, Person, Roster
from audience.identity.store import LARGEST_CONTENT, MOST_RECORDS, IdentityRecord, IdentityStore
from audience.stores import dynamo_table, has_identity, open_identity, open_store
from tests.contracts.people import ONE_OF_EACH, Inside, InsideDynamo, InsideSqlite, a_person, a_roster, an_entry
from tests.contracts.test_store import STORES
from tests.ticking import last_words

ROOT = Path(__file__).resolve().parents[2]
NAME = b"Zdislava Lemberk"


@pytest.fixture(scope="module")
def tables() -> dict[str, InsideDynamo]:
    """Tables that were made already, by engine."""
    return {}


@pytest.fixture(params=STORES)
def inside(request: pytest.FixtureRequest, tmp_path: Path, tables: dict[str, InsideDynamo]) -> Inside:
    """An empty store of people, seen from behind."""
    kind, _, engine = request.param.partition(" on ")
    if kind == "sqlite":
        return InsideSqlite(tmp_path)
    if engine in tables:
        tables[engine].clear()
    else:
        new_table: Callable[[str], str] = request.getfixturevalue("new_table")
        tables[engine] = InsideDynamo(new_table(request.getfixturevalue(engine)))
    return tables[engine]


@pytest.fixture
def transactions(request: pytest.FixtureRequest, inside: Inside) -> None:
    """Skips a test where the engine has none."""
    if "dynalite" in request.node.name:
        pytest.skip("dynalite has no TransactWriteItems")


@pytest.fixture
def store(inside: Inside) -> Iterator[IdentityStore]:
    """An empty store of people."""
    with open_identity(inside.url) as opened:
        yield opened


@pytest.mark.parametrize("kind", STORES)
def test_a_store_has_people_once_their_store_was_made(kind, request, tmp_path):
    name, _, engine = kind.partition(" on ")
    if name == "sqlite":
        url = f"sqlite:///{tmp_path}/houselights.db"
        open_store(url).close()
        make = lambda: open_identity(url).close()  # noqa: E731
    else:
        url = request.getfixturevalue("new_table")(request.getfixturevalue(engine))
        make = lambda: InsideDynamo(url)  # noqa: E731
    assert not has_identity(url)
    make()
    assert has_identity(url)


class TestRecords:
    def test_what_was_put_is_there_for_another_who_opens_the_store(self, store, inside):
        new = set(get_args(IdentityRecord)) - {type(record) for record in ONE_OF_EACH}
        assert not new, "put one of each new kind into ONE_OF_EACH"
        for record in ONE_OF_EACH:
            store.put(record)
        with open_identity(inside.url) as other:
            for record in ONE_OF_EACH:
                assert other.get(type(record), *record.key) == record
                assert other.all(type(record)) == [record]

    def test_a_record_replaces_the_one_of_its_kind_and_key_alone(self, store):
        store.put(a_roster(title="Members"))
        store.put(a_roster("guests"))
        store.put(a_roster(title="Members and friends"))
        assert [roster.title for roster in store.all(Roster)] == ["", "Members and friends"]

    def test_what_is_not_there_is_none(self, store):
        assert store.get(Person, "members", "p-1") is None
        assert store.all(Person) == store.all(Person, "members") == []
        store.drop(a_person("p-1"))

    def test_records_come_sorted_by_key_and_by_the_first_parts_asked_for(self, store):
        lists = ("member", "members", "members-2", "members.2")
        people = [a_person(f"p-{number}", roster) for roster in lists for number in (2, 10, 1)]
        for person in people:
            store.put(person)
        assert store.all(Person) == sorted(people, key=lambda person: person.key)
        assert [person.key for person in store.all(Person, "members")] == [
            ("members", "p-1"),
            ("members", "p-10"),
            ("members", "p-2"),
        ]
        assert store.all(Person, "members", "p-1") == [a_person("p-1")]
        (confirmation,) = [record for record in ONE_OF_EACH if isinstance(record, Confirmation)]
        for by in ("bob smith", "bob", "bob!"):
            store.put(replace(confirmation, by=by))
        assert [found.by for found in store.all(Confirmation, *confirmation.key[:3])] == ["bob", "bob smith", "bob!"]
        assert [found.by for found in store.all(Confirmation, *confirmation.key[:3], "bob")] == ["bob"]

    def test_more_than_a_page_of_records_is_read_whole(self, store, monkeypatch):
        monkeypatch.setattr(dynamo_table, "PAGE", 10)
        people = [a_person(f"p-{number:02d}") for number in range(25)]
        for person in people:
            store.put(person)
        assert store.all(Person, "members") == people

    @pytest.mark.usefixtures("transactions")
    def test_records_written_together_are_all_there(self, store):
        people = [a_person(f"p-{number:02d}") for number in range(MOST_RECORDS)]
        store.put(*people)
        assert store.all(Person) == people
        store.put(a_roster(title="Members"), a_roster(title="Members and friends"))
        assert [roster.title for roster in store.all(Roster)] == ["Members and friends"], "the last of one key"

    def test_a_dropped_record_is_gone_and_others_stay(self, store, inside):
        for person in (a_person("p-1"), a_person("p-secret")):
            store.put(person)
        store.drop(a_person("p-secret"), a_person("p-3"))
        assert store.all(Person) == [a_person("p-1")]
        assert b"p-secret" not in inside.content_bytes()

    def test_too_many_records_at_once_are_refused(self, store):
        with pytest.raises(InvalidValue, match="101"):
            store.put(*(a_person(f"p-{number}") for number in range(MOST_RECORDS + 1)))
        assert store.all(Person) == []

    def test_a_record_is_new_once(self, store):
        assert store.put_new(an_entry(1, "ada"))
        assert not store.put_new(an_entry(1, "bob"))
        assert store.put_new(an_entry(2, "bob"))
        assert [entry.actor for entry in store.all(AuditEntry)] == ["ada", "bob"]

    def test_of_two_processes_that_write_the_same_record_exactly_one_does(self, store, inside):
        each = 15
        writers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.contracts.new_records", inside.url, name, str(each)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in ("ada", "bob")
        ]
        assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
        for writer in writers:
            writer.stdin.write("\n")
            writer.stdin.flush()
        written = {}
        for name, writer in zip(("ada", "bob"), writers, strict=True):
            said, complaints = last_words(writer)
            assert (writer.returncode, complaints) == (0, "")
            written[name] = {int(line) for line in said.split()}
        assert sorted([*written["ada"], *written["bob"]]) == list(range(1, each + 1))
        entries = store.all(AuditEntry)
        assert {name: {entry.number for entry in entries if entry.actor == name} for name in written} == written

    def test_an_unknown_field_is_of_a_newer_version(self, store, inside):
        store.put(a_person("p-1"))
        inside.change_documents(lambda document: json.dumps(json.loads(document) | {"badge": 7}))
        with pytest.raises(StoreTooNew, match="badge"):
            store.get(Person, "members", "p-1")

    @pytest.mark.parametrize("damage", [lambda document: document[:-9], lambda document: document.replace("p-1", "/")])
    def test_a_damaged_record_is_one_line(self, store, inside, damage):
        store.put(a_person("p-1"))
        inside.change_documents(damage)
        for read in (lambda: store.get(Person, "members", "p-1"), lambda: store.all(Person)):
            with pytest.raises(StoreUnavailable, match="damaged") as problem:
                read()
            assert "\n" not in str(problem.value)


class TestSealing:
    def test_content_comes_back_byte_by_byte(self, store, inside):
        content = {"profile": NAME, "photo": bytes(range(256)) * 1000, "sighting:s-1": b""}
        store.seal("p-1", content)
        store.seal("p-2", {"profile": b"another"})
        with open_identity(inside.url) as other:
            assert other.sealed_names("p-1") == sorted(content)
            assert {name: other.unseal("p-1", name) for name in content} == content
            assert other.unseal("p-2", "profile") == b"another"

    def test_content_of_a_name_is_replaced_and_the_rest_stays(self, store):
        store.seal("p-1", {"profile": b"old", "photo": b"picture"})
        store.seal("p-1", {"profile": b"new"})
        assert (store.unseal("p-1", "profile"), store.unseal("p-1", "photo")) == (b"new", b"picture")

    def test_what_is_not_there_is_none(self, store):
        assert store.unseal("p-1", "profile") is None
        assert store.sealed_names("p-1") == []
        store.seal("p-1", {"profile": NAME})
        assert store.unseal("p-1", "photo") is None
        store.drop_sealed("p-1", "photo")

    def test_content_of_many_is_read_at_once_without_those_who_have_none(self, store, inside):
        for number in range(12):
            store.seal(f"p-{number}", {"template": bytes([number]), "profile": NAME})
        store.seal("p-without", {"profile": NAME})
        restore = inside.backup()
        store.destroy("p-3")
        store.destroy("p-4")
        restore()
        store.seal("p-4", {"profile": b"enrolled anew"})
        wanted = [*(f"p-{number}" for number in range(10)), "p-without", "p-unknown"]
        assert store.unseal_each(wanted, "template") == {
            f"p-{number}": bytes([number]) for number in range(10) if number not in (3, 4)
        }
        assert store.unseal_each([], "template") == {}
        inside.move_sealed("p-1", "template", "p-2", "template")
        with pytest.raises(StoreUnavailable, match="p-2"):
            store.unseal_each(wanted, "template")

    def test_no_byte_of_it_can_be_read_in_the_store(self, store, inside):
        store.seal("p-1", {"profile": NAME, "photo": NAME * 1000})
        store.seal("p-1", {"profile": NAME + b" again"})
        assert NAME[:6] not in inside.content_bytes() + inside.key_bytes()

    def test_content_that_is_too_large_or_has_no_name_is_refused_and_nothing_written(self, store):
        store.seal("p-1", {"photo": bytes(LARGEST_CONTENT)})
        for refused in ({"photo": bytes(LARGEST_CONTENT + 1)}, {"": b""}, {"a#b": b""}, {"x" * 129: b""}):
            with pytest.raises(InvalidValue):
                store.seal("p-2", {"profile": NAME, **refused})
        assert store.sealed_names("p-2") == []
        assert not store.destroy("p-2")

    @pytest.mark.parametrize("place", [("p-2", "profile"), ("p-1", "note")])
    def test_content_moved_to_another_person_or_name_is_refused(self, store, inside, place):
        for subject_id in ("p-1", "p-2"):
            store.seal(subject_id, {"profile": NAME, "note": b"a note"})
        inside.move_sealed("p-1", "profile", *place)
        with pytest.raises(StoreUnavailable, match=place[0]):
            store.unseal(*place)
        assert store.unseal("p-1", "profile") == NAME

    @pytest.mark.parametrize(
        "damage",
        [
            lambda sealed: sealed[:-1],
            lambda sealed: sealed[:5],
            lambda sealed: b"",
            lambda sealed: sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:],
            lambda sealed: b"\0" + sealed[1:],
        ],
    )
    def test_damaged_content_is_one_line_without_the_content(self, store, inside, damage):
        store.seal("p-1", {"profile": NAME})
        inside.change_sealed(damage)
        with pytest.raises(StoreUnavailable, match="damaged") as problem:
            store.unseal("p-1", "profile")
        assert "\n" not in str(problem.value)
        assert "Zdislava" not in str(problem.value)

    def test_content_of_a_newer_format_asks_for_a_newer_version(self, store, inside):
        store.seal("p-1", {"profile": NAME})
        inside.change_sealed(lambda sealed: b"\2" + sealed[1:])
        with pytest.raises(StoreTooNew):
            store.unseal("p-1", "profile")

    def test_dropped_content_is_gone_and_the_rest_stays(self, store):
        store.seal("p-1", {"profile": NAME, "photo": b"picture"})
        store.drop_sealed("p-1", "photo")
        assert store.sealed_names("p-1") == ["profile"]
        assert store.unseal("p-1", "photo") is None
        assert store.unseal("p-1", "profile") == NAME


class TestDestroying:
    def test_a_destroyed_subject_has_no_content_and_no_key(self, store, inside):
        store.put(a_person("p-1"))
        store.seal("p-1", {"profile": NAME, "photo": b"picture"})
        store.seal("p-2", {"profile": b"another"})
        assert b"p-1" in inside.key_bytes()
        assert store.destroy("p-1")
        assert store.sealed_names("p-1") == []
        assert store.unseal("p-1", "profile") is None
        assert b"p-1" not in inside.key_bytes()
        assert not store.destroy("p-1")
        assert store.unseal("p-2", "profile") == b"another"
        assert store.get(Person, "members", "p-1") == a_person("p-1"), "records are dropped, not destroyed"

    def test_a_backup_brings_no_destroyed_content_back_whether_enrolled_anew_or_not(self, store, inside):
        store.seal("p-1", {"profile": NAME, "photo": b"picture"})
        restore = inside.backup()
        store.destroy("p-1")
        restore()
        assert store.sealed_names("p-1") == []
        assert store.unseal("p-1", "photo") is None
        store.seal("p-1", {"profile": b"enrolled anew"})
        assert store.sealed_names("p-1") == ["profile"]
        assert store.unseal("p-1", "profile") == b"enrolled anew"
        assert store.unseal("p-1", "photo") is None
        assert store.destroy("p-1")
        assert NAME not in inside.content_bytes()
