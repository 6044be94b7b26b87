"""The sessions in the table of a store, and writing under one of them: only while it is there.

A condition on every write would double what writing costs. So a store that writes looks first whether the session is
there, and believes it for `BELIEVED_S`; and who deletes one says so on its item, takes everything away, waits until
nobody can believe in it any more, and takes away what was written meanwhile. What a writer itself finds that it wrote
later than it may believe, it takes away again.
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
from audience.stores.dynamo_items import SESSIONS, Item, document_item, key, under
from audience.stores.dynamo_table import DynamoTable
from audience.stores.presence import being_deleted, nothing_written, set_up_anew
from audience.time import parse_instant, to_ms

BELIEVED_S = 5.0
"""For so long a session is written under after it was looked at: a deletion waits as long."""

_PUT_TRIES = 10


@dataclass(frozen=True, slots=True)
class Belief:
    """That a session is there.

    Attributes:
        at_s: when it was looked at, by the monotonic clock.
        set_up_at: as it is stored.
    """

    at_s: float
    set_up_at: datetime | None

    @property
    def holds(self) -> bool:
        """Whether it may be acted upon still."""
        return time.monotonic() - self.at_s < BELIEVED_S


class DynamoSessions:
    """The sessions of one table. May be used from several threads."""

    def __init__(self, table: DynamoTable) -> None:
        """Asks nothing yet."""
        self._table, self._url = table, table.address.url
        self._beliefs: dict[str, Belief] = {}
        self._lock = threading.Lock()

    def put(self, session: Session) -> None:
        """See `Store.put_session`."""
        for _ in range(_PUT_TRIES):
            at_s = time.monotonic()
            if self._table.put_if(_item(session), "attribute_not_exists(pk)"):
                self._believe(session.session_id, at_s, session.set_up_at)
                return
            item = self._table.get(_key(session.session_id))
            if item is None:
                continue  # deleted this moment
            if "deleting" in item:
                raise being_deleted(session.session_id)
            session = replace(session, set_up_at=_set_up_at(item))
            if self._put_over(session):
                self._believe(session.session_id, at_s, session.set_up_at)
                return
        raise StoreUnavailable(
            f"session {session.session_id!r} of {self._url} is deleted and set up again and again: try later"
        )

    def change(self, session: Session) -> None:
        """See `Store.change_session`."""
        if not self._put_over(session):
            self.forget(session.session_id)
            raise nothing_written(session.session_id)

    def one(self, session_id: str) -> Session:
        """See `Store.session`."""
        at_s = time.monotonic()
        item = self._table.get(_key(session_id))
        if item is None:
            self.forget(session_id)
            raise SessionNotFound(
                f"no session {session_id!r} in {self._url}: `houselights sessions` lists those there are"
            )
        if "deleting" not in item:
            self._believe(session_id, at_s, _set_up_at(item))
        return _session(item)

    def all(self) -> list[Session]:
        """See `Store.sessions`."""
        sessions = [_session(item) for item in self._table.rows(under(SESSIONS), ("document",))]
        return sorted(sessions, key=lambda session: (-to_ms(session.started_at), session.session_id))

    @contextmanager
    def writing_under(
        self, session_ids: Iterable[str], keys: Iterable[Item], set_up_at: datetime | None = None
    ) -> Iterator[dict[str, datetime | None]]:
        """Writing what belongs to sessions: begun only where they are there, and taken back where it was late.

        Args:
            session_ids: what is written belongs to these.
            keys: of what is written.
            set_up_at: as the writer knows it; None where it does not.

        Yields:
            When each of the sessions was set up.

        Raises:
            SessionNotFound: one is not there, or was set up at another instant; nothing of the write is left.
        """
        beliefs = {session_id: self._belief(session_id, set_up_at) for session_id in set(session_ids)}
        try:
            yield {session_id: belief.set_up_at for session_id, belief in beliefs.items()}
        finally:
            late = {session_id: belief for session_id, belief in beliefs.items() if not belief.holds}
            for session_id, belief in late.items():
                try:
                    self._look(session_id, belief.set_up_at)
                except SessionNotFound:
                    self._table.delete_all(keys)
                    raise

    def begin_deletion(self, session_id: str) -> float | None:
        """Says on a session that it is being deleted, so that nobody begins to write under it any more.

        Returns:
            Until when others may believe in it, by the monotonic clock; None where there is no such session.

        Raises:
            SessionNotFound: somebody else deleted it this moment, and perhaps set it up anew.
        """
        self.forget(session_id)
        item = self._table.get(_key(session_id))
        if item is None:
            return None
        if not self._put_same({**item, "deleting": {"BOOL": True}}):
            raise set_up_anew(session_id)
        return time.monotonic() + BELIEVED_S

    def is_being_deleted(self, session_id: str) -> bool:
        """Whether somebody said so, and has not ended it."""
        return "deleting" in (self._table.get(_key(session_id)) or {})

    def end_deletion(self, session_id: str) -> None:
        """Removes the session itself."""
        self._table.delete_all([_key(session_id)])

    def forget(self, session_id: str) -> None:
        """Believes nothing of a session any more."""
        with self._lock:
            self._beliefs.pop(session_id, None)

    def _belief(self, session_id: str, set_up_at: datetime | None) -> Belief:
        with self._lock:
            belief = self._beliefs.get(session_id)
        if belief is None or not belief.holds:
            return self._look(session_id, set_up_at)
        return self._agreeing(belief, session_id, set_up_at)

    def _look(self, session_id: str, set_up_at: datetime | None) -> Belief:
        at_s = time.monotonic()
        item = self._table.get(_key(session_id))
        if item is None or "deleting" in item:
            self.forget(session_id)
            raise nothing_written(session_id) if item is None else being_deleted(session_id)
        return self._agreeing(self._believe(session_id, at_s, _set_up_at(item)), session_id, set_up_at)

    def _agreeing(self, belief: Belief, session_id: str, set_up_at: datetime | None) -> Belief:
        if set_up_at is not None and belief.set_up_at != set_up_at:
            raise set_up_anew(session_id)
        return belief

    def _believe(self, session_id: str, at_s: float, set_up_at: datetime | None) -> Belief:
        belief = Belief(at_s, set_up_at)
        with self._lock:
            self._beliefs[session_id] = belief
        return belief

    def _put_over(self, session: Session) -> bool:
        return self._put_same(_item(session), "attribute_not_exists(deleting)")

    def _put_same(self, item: Item, *conditions: str) -> bool:
        """Writes a session's item over one that was set up at the same instant."""
        if "set_up" not in item:
            return self._table.put_if(
                item, " AND ".join(("attribute_exists(pk)", "attribute_not_exists(set_up)", *conditions))
            )
        return self._table.put_if(item, " AND ".join(("set_up = :set_up", *conditions)), {":set_up": item["set_up"]})


def _key(session_id: str) -> Item:
    return key(SESSIONS, f"SESSION#{session_id}")


def _item(session: Session) -> Item:
    item = document_item(_key(session.session_id), documents.to_json(session))
    return item if session.set_up_at is None else {**item, "set_up": _set_up(session.set_up_at)}


def _set_up(at: datetime) -> dict[str, str]:
    return {"S": at.isoformat()}


def _set_up_at(item: Item) -> datetime | None:
    return parse_instant(item["set_up"]["S"]) if "set_up" in item else None


def _session(item: Item) -> Session:
    return documents.from_json(item["document"]["S"], Session)
