"""The audit trail: what was done with whose data, by whom, in a chain of hashes.

Each entry's hash covers its content and the hash of the entry before it (Haber and Stornetta 1991), so an entry cannot
be changed, removed or inserted without breaking every later one. Who could rewrite the whole store could rewrite the
chain too: note the last hash elsewhere now and then, and `broken_at` compares with it.

Entries name people by their ids. They outlive what they speak of: an erased person's id then stands for nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from audience.errors import InvalidValue
from audience.ids import check_id, check_title
from audience.time import instant_text, to_ms


class AuditStore(Protocol):
    """What the trail needs of the `IdentityStore`."""

    def put_new(self, record: AuditEntry) -> bool:
        """See `IdentityStore.put_new`."""
        ...

    def get(self, kind: type[AuditEntry], *key: str) -> AuditEntry | None:
        """See `IdentityStore.get`."""
        ...

    def all(self, kind: type[AuditEntry], *first: str) -> list[AuditEntry]:
        """See `IdentityStore.all`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the trail.

    Attributes:
        number: 1 for the first, then one more each.
        at: aware UTC.
        actor: account of whoever acted, "the enrolment page", or a camera's id.
        action: what was done, such as "enrolled" or "search approved".
        roster_id, subject_id: of what it speaks; the second is "" for a whole roster.
        detail: ids, counts, versions and references; no name.
        before: hash of the entry before; "" for the first.
        hash: SHA-256 of all of the above, hexadecimal.
    """

    number: int
    at: datetime
    actor: str
    action: str
    roster_id: str
    subject_id: str = ""
    detail: str = ""
    before: str
    hash: str

    def __post_init__(self) -> None:
        if self.number < 1:
            raise InvalidValue(f"an entry of the audit trail cannot have the number {self.number}")
        check_id("roster id", self.roster_id)
        for what in ("actor", "action", "subject_id", "detail"):
            check_title(what, getattr(self, what))
        to_ms(self.at)

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store; keys sort as the numbers do."""
        return (f"{self.number:012d}",)


def next_entry(
    last: AuditEntry | None,
    *,
    at: datetime,
    actor: str,
    action: str,
    roster_id: str,
    subject_id: str = "",
    detail: str = "",
) -> AuditEntry:
    """The entry that follows another.

    Args:
        last: the last entry so far; None for the first.
        at, actor, action, roster_id, subject_id, detail: see `AuditEntry`.
    """
    number, before = (last.number + 1, last.hash) if last else (1, "")
    content = [number, instant_text(at), actor, action, roster_id, subject_id, detail, before]
    return AuditEntry(
        number=number,
        at=at,
        actor=actor,
        action=action,
        roster_id=roster_id,
        subject_id=subject_id,
        detail=detail,
        before=before,
        hash=_hash(content),
    )


def broken_at(entries: Sequence[AuditEntry], *, last_hash: str = "") -> int | None:
    """The number of the first entry that was changed, removed or inserted; None if the chain is whole.

    Args:
        entries: all entries, sorted by number.
        last_hash: hash of an entry noted earlier; "" to compare with none. An entry with it must be there.
    """
    before = ""
    for number, entry in enumerate(entries, start=1):
        content = [
            entry.number,
            instant_text(entry.at),
            entry.actor,
            entry.action,
            entry.roster_id,
            entry.subject_id,
            entry.detail,
            entry.before,
        ]
        if entry.number != number or entry.before != before or entry.hash != _hash(content):
            return number
        before = entry.hash
    if last_hash and all(entry.hash != last_hash for entry in entries):
        return len(entries) + 1
    return None


def _hash(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


class AuditTrail:
    """The trail in a store; several processes may write to it at the same time."""

    def __init__(self, store: AuditStore) -> None:
        """Creates the object without I/O."""
        self._store = store
        self._last: AuditEntry | None = None

    def add(
        self, *, at: datetime, actor: str, action: str, roster_id: str, subject_id: str = "", detail: str = ""
    ) -> AuditEntry:
        """Writes the next entry, after whatever others have written, and returns it.

        Raises:
            StoreUnavailable: it could not be written.
        """
        while True:
            entry = next_entry(
                self._find_last(),
                at=at,
                actor=actor,
                action=action,
                roster_id=roster_id,
                subject_id=subject_id,
                detail=detail,
            )
            if self._store.put_new(entry):
                self._last = entry
                return entry

    def last(self) -> AuditEntry | None:
        """The last entry; None if there is none."""
        self._last = self._find_last()
        return self._last

    def entries(self) -> list[AuditEntry]:
        """All entries, sorted by number."""
        return self._store.all(AuditEntry)

    def _find_last(self) -> AuditEntry | None:
        """The last entry, found in a few lookups: by doubling steps from the last one known, then by halving them."""
        last = self._last
        known, step = (last.number if last else 0), 1
        while (entry := self._at(known + step)) is not None:
            last, known, step = entry, known + step, step * 2
        while step > 1:
            step //= 2
            if (entry := self._at(known + step)) is not None:
                last, known = entry, known + step
        return last

    def _at(self, number: int) -> AuditEntry | None:
        return self._store.get(AuditEntry, f"{number:012d}")
