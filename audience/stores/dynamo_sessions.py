"""Sessions in the DynamoDB table, and writes that are allowed only while their session exists.

A condition on every write would double its cost. Instead, a writer checks that the session exists and caches the result
for `PRESENCE_TTL_S`. A deletion marks the session's item, deletes everything, waits until all caches have expired, and
deletes what was written meanwhile. A writer whose cache expired during a write checks again, and deletes its own write
if the session is gone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from audience.errors import SessionNotFound, StoreUnavailable
from audience.sessions import Session
from audience.stores import documents
from audience.stores.dynamo_index import SessionIndex
from audience.stores.dynamo_items import SESSION, Item, document_item, documents_of, key
from audience.stores.dynamo_table import DynamoTable
from audience.stores.presence import being_deleted, nothing_written, set_up_again
from audience.time import parse_instant

PRESENCE_TTL_S = 5.0
"""How long a writer may rely on a check that a session exists; a deletion waits as long."""

_PUT_TRIES = 10


@dataclass(frozen=True, slots=True)
class CachedPresence:
    """A cached check that a session exists.

    Attributes:
        at_s: when it was checked, by the monotonic clock.
        set_up_at: as stored.
    """

    at_s: float
    set_up_at: datetime | None

    @property
    def is_valid(self) -> bool:
        """Whether the cached check may still be relied on."""
        return time.monotonic() - self.at_s < PRESENCE_TTL_S


class DynamoSessions:
    """The sessions of one table. Thread-safe."""

    def __init__(self, table: DynamoTable) -> None:
        """Creates the object without requests."""
        self._table, self._url = table, table.address.url
        self.index = SessionIndex(table)
        self._cache: dict[str, CachedPresence] = {}
        self._lock = threading.Lock()

    def put(self, session: Session) -> None:
        """See `Store.put_session`."""
        self.index.check_version()
        self.index.set_current()
        for _ in range(_PUT_TRIES):
            at_s = time.monotonic()
            if self._table.put_if(_item(session), "attribute_not_exists(pk)"):
                self._remember(session.session_id, at_s, session.set_up_at)
                self.index.put(session, None)
                return
            item = self._table.get(_key(session.session_id))
            if item is None:
                continue  # deleted just now
            if "deleting" in item:
                raise being_deleted(session.session_id)
            session = replace(session, set_up_at=_set_up_at(item))
            if self._put_over(session):
                self._remember(session.session_id, at_s, session.set_up_at)
                self.index.put(session, _session(item))
                return
        raise StoreUnavailable(
            f"session {session.session_id!r} of {self._url} is deleted and set up repeatedly: try later"
        )

    def change(self, session: Session) -> None:
        """See `Store.change_session`."""
        before = self._table.get(_key(session.session_id))
        if before is None or not self._put_over(session):
            self.forget(session.session_id)
            raise nothing_written(session.session_id)
        self.index.put(session, _session(before))

    def one(self, session_id: str) -> Session:
        """See `Store.session`."""
        at_s = time.monotonic()
        item = self._table.get(_key(session_id))
        if item is None:
            self.forget(session_id)
            self.index.check_version()
            raise SessionNotFound(
                f"no session {session_id!r} in {self._url}: `houselights sessions` lists those there are"
            )
        if "deleting" not in item:
            self._remember(session_id, at_s, _set_up_at(item))
        return _session(item)

    def all(self) -> list[Session]:
        """See `Store.sessions`."""
        return self.index.all()

    @contextmanager
    def writing_under(
        self, session_ids: Iterable[str], keys: Iterable[Item], set_up_at: datetime | None = None
    ) -> Iterator[dict[str, datetime | None]]:
        """A context for writes that belong to sessions: entered only if they exist, and undone if one was deleted.

        Args:
            session_ids: the sessions of the write.
            keys: keys of the written items.
            set_up_at: the writer's `set_up_at`; None if unknown.

        Yields:
            `set_up_at` of each session.

        Raises:
            SessionNotFound: a session does not exist, or has another `set_up_at`; the write is undone.
        """
        presences = {session_id: self._presence(session_id, set_up_at) for session_id in set(session_ids)}
        try:
            yield {session_id: presence.set_up_at for session_id, presence in presences.items()}
        finally:
            late = {session_id: presence for session_id, presence in presences.items() if not presence.is_valid}
            for session_id, presence in late.items():
                try:
                    self._fetch(session_id, presence.set_up_at)
                except SessionNotFound:
                    self._table.delete_all(keys)
                    raise

    def begin_deletion(self, session_id: str) -> float | None:
        """Marks a session as being deleted, so that no new writes begin.

        Returns:
            When all cached checks have expired, by the monotonic clock; None if there is no such session.

        Raises:
            SessionNotFound: another process just deleted it, and perhaps set it up again.
        """
        self.forget(session_id)
        item = self._table.get(_key(session_id))
        if item is None:
            self.index.check_version()
            return None
        if not self._put_same({**item, "deleting": {"BOOL": True}}):
            raise set_up_again(session_id)
        return time.monotonic() + PRESENCE_TTL_S

    def is_being_deleted(self, session_id: str) -> bool:
        """Whether a deletion was begun and not ended."""
        return "deleting" in (self._table.get(_key(session_id)) or {})

    def end_deletion(self, session_id: str) -> None:
        """Deletes the session itself, after what leads to it."""
        item = self._table.get(_key(session_id))
        if item is not None:
            self.index.remove(_session(item))
            self._table.delete(_key(session_id))

    def forget(self, session_id: str) -> None:
        """Removes a session from the cache."""
        with self._lock:
            self._cache.pop(session_id, None)

    def _presence(self, session_id: str, set_up_at: datetime | None) -> CachedPresence:
        with self._lock:
            presence = self._cache.get(session_id)
        if presence is None or not presence.is_valid:
            return self._fetch(session_id, set_up_at)
        return self._checked(presence, session_id, set_up_at)

    def _fetch(self, session_id: str, set_up_at: datetime | None) -> CachedPresence:
        at_s = time.monotonic()
        item = self._table.get(_key(session_id))
        if item is None or "deleting" in item:
            self.forget(session_id)
            self.index.check_version()
            raise nothing_written(session_id) if item is None else being_deleted(session_id)
        return self._checked(self._remember(session_id, at_s, _set_up_at(item)), session_id, set_up_at)

    def _checked(self, presence: CachedPresence, session_id: str, set_up_at: datetime | None) -> CachedPresence:
        if set_up_at is not None and presence.set_up_at != set_up_at:
            raise set_up_again(session_id)
        return presence

    def _remember(self, session_id: str, at_s: float, set_up_at: datetime | None) -> CachedPresence:
        presence = CachedPresence(at_s, set_up_at)
        with self._lock:
            self._cache[session_id] = presence
        return presence

    def _put_over(self, session: Session) -> bool:
        return self._put_same(_item(session), "attribute_not_exists(deleting)")

    def _put_same(self, item: Item, *conditions: str) -> bool:
        """Replaces a session's item if its `set_up_at` is the same."""
        if "set_up" not in item:
            return self._table.put_if(
                item, " AND ".join(("attribute_exists(pk)", "attribute_not_exists(set_up)", *conditions))
            )
        return self._table.put_if(item, " AND ".join(("set_up = :set_up", *conditions)), {":set_up": item["set_up"]})


def _key(session_id: str) -> Item:
    return key(documents_of(session_id), SESSION)


def _item(session: Session) -> Item:
    item = document_item(_key(session.session_id), documents.to_json(session))
    return item if session.set_up_at is None else {**item, "set_up": _set_up(session.set_up_at)}


def _set_up(at: datetime) -> dict[str, str]:
    return {"S": at.isoformat()}


def _set_up_at(item: Item) -> datetime | None:
    return parse_instant(item["set_up"]["S"]) if "set_up" in item else None


def _session(item: Item) -> Session:
    return documents.from_json(item["document"]["S"], Session)
