"""The index of sessions in the DynamoDB table: by month, by film, by the words they are found by, and of alerts.

An entry leads to a session and is checked against it when it is read, so one that was left behind shows nothing. Keys
begin with the latest start. No partition is read by anything but a list, and each is written when a session is set up
or changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import islice
from typing import Final

from audience.errors import InvalidValue, StoreUnavailable
from audience.sessions import Session
from audience.store import Overview
from audience.stores import documents
from audience.stores.dynamo_items import SESSION, SESSIONS, Item, KeyRange, documents_of, key, under
from audience.stores.dynamo_table import DynamoTable
from audience.stores.overviews import matches, search_words, words_of
from audience.time import to_ms
from audience.windows import LATEST_MS

MONTHS: Final = "MONTHS"
ALERTS: Final = "ALERTS"
_VERSION: Final = key("VERSION", "VERSION")
OVERVIEW: Final = f"{SESSION}#OVERVIEW"

_MOST_ENTRIES = 200  # read for one page of a search
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Entry:
    """The key of an entry, and the session it leads to."""

    partition: str
    sort: str

    @property
    def session_id(self) -> str:
        return self.sort.rpartition("#")[2]


class SessionIndex:
    """The index of one table. Thread-safe."""

    def __init__(self, table: DynamoTable) -> None:
        """Creates the object without requests."""
        self._table = table
        self._known_months: set[str] = set()
        self._is_current = False

    def put(self, session: Session, before: Session | None) -> None:
        """Writes the entries of a session, and removes those that it had before and has no more."""
        entries = entries_of(session)
        month = _month(session)
        if month not in self._known_months:
            self._table.put(key(MONTHS, month))
            self._known_months.add(month)
        if before is not None and _of_alerts(before) != _of_alerts(session) and self._table.get(_of_alerts(before)):
            self.put_alerts(session)
            self._table.delete(_of_alerts(before))
        old = entries_of(before) if before is not None else {}
        self._table.put_all([item for at, item in entries.items() if old.get(at) != item])
        self._table.delete_all([key(at.partition, at.sort) for at in old.keys() - entries.keys()])

    def remove(self, session: Session) -> None:
        """Removes the entries of a session."""
        self._table.delete_all([_of_alerts(session), *(key(at.partition, at.sort) for at in entries_of(session))])

    def put_alerts(self, session: Session) -> None:
        """Writes the entry of a session that has rules or alerts."""
        self._table.put(_of_alerts(session))

    def with_alerts(self, since_ms: int) -> list[str]:
        """See `Alerting.sessions`."""
        keys = KeyRange(partition=ALERTS, low=" ", high=f"{LATEST_MS - since_ms:013d}$")
        found = self._table.rows(keys, ("sk",))
        if not found:
            self.check_version()
        return list(dict.fromkeys(item["sk"]["S"].rpartition("#")[2] for item in found))

    def all(self, *, of_earlier: bool = False) -> list[Session]:
        """Every session, the latest start first.

        Args:
            of_earlier: whether the table may be one of an earlier version, whose sessions are left out.
        """
        parts = [under(_of_month(month)) for month in self._months(of_earlier=of_earlier)]
        rows = [row for part in self._table.rows_each(parts, ("document",)) for row in part]
        return [documents.from_json(row["document"]["S"], Session) for row in rows]

    def page(
        self, words: str, film: str, among: Collection[str] | None, after: str | None, limit: int
    ) -> tuple[list[tuple[Session, Overview | None]], str | None]:
        """Sessions of one page of `Store.session_page` with their overviews, and where the next begins."""
        if among is not None:
            return self._page_among(among, words, film, after, limit)
        found: list[tuple[Session, Overview | None]] = []
        read = 0
        entries = self._found(words, film, after, limit)
        while True:
            wanted = limit - len(found)
            chunk = list(islice(entries, wanted))
            found += self._shown(chunk, words)
            read += len(chunk)
            if len(chunk) < wanted:
                return found, None
            if len(found) == limit or read >= _MOST_ENTRIES:
                more = next(entries, None) is not None
                return found, f"{chunk[-1].partition}|{chunk[-1].sort}" if more else None

    def _page_among(
        self, among: Collection[str], words: str, film: str, after: str | None, limit: int
    ) -> tuple[list[tuple[Session, Overview | None]], str | None]:
        found = [one for one in self._read(sorted(among)) if one is not None]
        found = [one for one in found if film in ("", one[0].film) and matches(one[0], words)]
        found.sort(key=lambda one: _latest_first(one[0]))
        rest = [one for one in found if after is None or _latest_first(one[0]) > after]
        return rest[:limit], _latest_first(rest[limit - 1][0]) if len(rest) > limit else None

    def check_version(self) -> None:
        """Checks, once, that the sessions of this table are not those of an earlier version.

        Raises:
            StoreUnavailable: they are.
        """
        if self._is_current or self.is_current():
            return
        if any(self._table.some(under(partition), ("sk",), 1) for partition in (MONTHS, SESSIONS)):
            url = self._table.address.url
            raise StoreUnavailable(
                f"store {url} has sessions of an earlier version: run `houselights migrate --store '{url}'` once"
            )

    def is_current(self) -> bool:
        """Whether the table is of this version; one without sessions may be of none."""
        self._is_current = self._table.get(_VERSION) is not None
        return self._is_current

    def set_current(self) -> None:
        """Writes that the table is of this version, if this object has not found so."""
        if not self._is_current:
            self._table.put(_VERSION)
            self._is_current = True

    def _months(self, *, of_earlier: bool = False) -> list[str]:
        months = [item["sk"]["S"] for item in self._table.rows(under(MONTHS), ("sk",))]
        if not months and not of_earlier:
            self.check_version()
        return sorted(months, reverse=True)

    def _found(self, words: str, film: str, after: str | None, limit: int) -> Iterator[_Entry]:
        """The entries that a page looks at, those of other words left out."""
        partition, _, sort = (after or "").rpartition("|")
        searched = search_words(words)
        if not searched:
            parts = [_of_film(film)] if film else [_of_month(month) for month in self._months()]
            if after is not None:
                if partition not in parts:
                    raise InvalidValue(f"no page of these sessions begins after {after[:80]!r}")
                parts = parts[parts.index(partition) :]
            for part in parts:
                yield from self._of(KeyRange(partition=part, low=" ", high=_AFTER_ALL), sort, limit)
                sort = ""
            return
        longest = max(searched, key=len)
        keys = KeyRange(partition=_of_word(longest), low=longest, high=longest + _AFTER_ALL)
        if after is not None and partition != keys.partition:
            raise InvalidValue(f"no page of these sessions begins after {after[:80]!r}")
        yield from self._of(keys, sort, limit)

    def _of(self, keys: KeyRange, sort: str, limit: int) -> Iterator[_Entry]:
        while True:
            low = f"{sort}!" if sort else keys.low
            items = self._table.some(KeyRange(partition=keys.partition, low=low, high=keys.high), ("sk",), limit + 1)
            for item in items:
                sort = item["sk"]["S"]
                yield _Entry(keys.partition, sort)
            if len(items) <= limit:
                return

    def _shown(self, entries: Sequence[_Entry], words: str) -> list[tuple[Session, Overview | None]]:
        """The sessions that entries lead to; one that is led to by several is shown for the first."""
        searched = search_words(words)
        longest = max(searched, key=len) if searched else ""
        shown = []
        for entry, read in zip(entries, self._read([one.session_id for one in entries]), strict=True):
            if read is None:
                continue
            session, _ = read
            if longest:
                first = next((word for word in words_of(session) if word.startswith(longest)), "")
                if entry != _word_entry(first, session) or not matches(session, words):
                    continue
            elif entry not in entries_of(session):
                continue
            shown.append(read)
        return shown

    def _read(self, session_ids: Sequence[str]) -> list[tuple[Session, Overview | None] | None]:
        """Each session with its overview; None where there is no such session."""
        ranges = [KeyRange(partition=documents_of(one), low=SESSION, high=OVERVIEW) for one in session_ids]
        found: list[tuple[Session, Overview | None] | None] = []
        for items in self._table.rows_each(ranges, ("sk", "document")):
            by_key = {item["sk"]["S"]: item["document"]["S"] for item in items}
            overview = documents.from_json(by_key[OVERVIEW], Overview) if OVERVIEW in by_key else None
            is_there = SESSION in by_key
            found.append((documents.from_json(by_key[SESSION], Session), overview) if is_there else None)
        return found


def entries_of(session: Session) -> dict[_Entry, Item]:
    """The items of a session's entries, by key."""
    latest_first = _latest_first(session)
    by_month = _Entry(_of_month(_month(session)), latest_first)
    others = [_word_entry(word, session) for word in words_of(session)]
    if session.film:
        others.append(_Entry(_of_film(session.film), latest_first))
    items = {one: key(one.partition, one.sort) for one in others}
    document = {"document": {"S": documents.to_json(session)}}
    return {by_month: key(by_month.partition, by_month.sort) | document, **items}


def _word_entry(word: str, session: Session) -> _Entry:
    return _Entry(_of_word(word), f"{word}#{_latest_first(session)}")


def _of_alerts(session: Session) -> Item:
    return key(ALERTS, _latest_first(session))


def _latest_first(session: Session) -> str:
    """Sorts as text: the latest start first, then by id."""
    return f"{LATEST_MS - to_ms(session.started_at):013d}#{session.session_id}"


def _month(session: Session) -> str:
    return f"{session.started_at.astimezone(UTC):%Y-%m}"


def _of_month(month: str) -> str:
    return f"{SESSIONS}#{month}"


def _of_film(film: str) -> str:
    return f"FILM#{film}"


def _of_word(word: str) -> str:
    return f"WORD#{word[:1]}"
