"""The audit trail cannot be changed unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from audience.identity.audit import AuditEntry, broken_at, next_entry

BEGAN = datetime(2026, 5, 4, 9, tzinfo=UTC)


def trail(length: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(length):
        entries.append(
            next_entry(
                entries[-1] if entries else None,
                at=BEGAN + timedelta(minutes=number),
                actor="ada@example.org",
                action="enrolled",
                roster_id="members",
                subject_id=f"p-{number}",
            )
        )
    return entries


def test_an_untouched_trail_is_whole():
    assert broken_at([]) is None
    entries = trail(5)
    assert broken_at(entries) is None
    assert broken_at(entries, last_hash=entries[-1].hash) is None
    assert [entry.key for entry in entries] == sorted(entry.key for entry in entries)


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "eve@example.org"},
        {"at": BEGAN},
        {"action": "withdrawn"},
        {"roster_id": "others"},
        {"subject_id": "p-9"},
        {"detail": "of no importance"},
    ],
)
def test_a_changed_entry_breaks_the_trail_there(change):
    entries = trail(5)
    entries[2] = replace(entries[2], **change)
    assert broken_at(entries) == 3


def test_a_removed_entry_breaks_the_trail_there():
    entries = trail(5)
    del entries[2]
    assert broken_at(entries) == 3


def test_entries_removed_from_the_end_are_missed_by_a_hash_noted_before():
    entries = trail(5)
    assert broken_at(entries[:3]) is None  # a chain cannot know what should follow
    assert broken_at(entries[:3], last_hash=entries[4].hash) == 4


def test_an_inserted_entry_breaks_the_trail_there():
    entries = trail(5)
    forged = next_entry(entries[1], at=BEGAN, actor="eve", action="approved", roster_id="members")
    assert broken_at([*entries[:2], forged, *entries[2:]]) == 4
