"""Public boards in the cloud: what `/live/<session>` shows, written for all viewers at once instead of made for each.

Which sessions have one, of which instant, and what it says is decided where the dashboard's own server has it from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from audience.board import public_instant_ms, session_is_over
from audience.board_reading import BoardReader
from audience.board_snapshot import board_snapshot
from audience.errors import BoardNotPublished, HouselightsError, SessionNotFound
from audience.instants import to_ms
from audience.liveliness import UPDATE_MS
from audience.sessions import Session
from audience.store import Store
from ingest_lambda.board_objects import BoardObjects, Written

CALL_MS: Final = 58_000
"""For how long one call goes on. The next comes after a minute and finds this one's copy of the function free."""


@dataclass(slots=True)
class _Kept:
    """What is kept of a festival from call to call: what was read, what was written, and why the last try failed."""

    reader: BoardReader
    written: Written | None
    problem: str = ""


@dataclass(slots=True)
class PublicBoards:
    """The boards of all festivals of a store, for one thread.

    Attributes:
        store: where the records are.
        objects: where the boards go.
        page: the page, the same for every session.
    """

    store: Store
    objects: BoardObjects
    page: bytes
    _began: bool = False
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _due: list[str] = field(default_factory=list)

    def look_around(self, now_ms: int) -> None:
        """Finds the festivals there are. New ones get their page; a session that is none any more loses its board.

        Args:
            now_ms: milliseconds since the epoch.

        Raises:
            StoreUnavailable: the store cannot be read.
            BoardNotPublished: the bucket does not do as it is asked.
        """
        if not self._began:
            self.objects.put_no_board()
            self._began = True
        there = self.objects.sessions()  # before the festivals, or one set up in between would lose its page
        festivals = {
            session.session_id: session
            for session in self.store.sessions()
            if public_instant_ms(session, now_ms) is not None
        }
        for gone in there - festivals.keys():
            self.objects.remove(gone)
        self._kept = {session_id: kept for session_id, kept in self._kept.items() if session_id in festivals}
        for session_id in festivals:
            if session_id not in self._kept:
                # Anew by each copy of the function: the page has to fit the policy of scripts it was deployed with.
                self.objects.put_page(session_id, self.page)
                self._kept[session_id] = _Kept(reader=BoardReader(session_id), written=self.objects.newest(session_id))
        self._due = [
            session_id
            for session_id, session in festivals.items()
            if not _is_final(self._kept[session_id].written, _ended_ms(session, now_ms))
        ]

    def update(self, at_ms: int) -> bool:
        """Writes every board that is due. What fails for one holds up none of the others.

        Args:
            at_ms: the update, milliseconds since the epoch.

        Returns:
            Whether there will be news within the call: a camera has looked at some stage of late.
        """
        awake = False
        for session_id in self._due:
            kept = self._kept[session_id]
            try:
                awake |= self._update(session_id, kept, at_ms)
                kept.problem = ""
            except HouselightsError as problem:
                kept.problem, awake = str(problem), True
        return awake

    def check(self) -> None:
        """Makes a call that left a board as it was end with an error, which is what the alarm counts.

        Raises:
            BoardNotPublished: the last update of a session failed.
        """
        old = [name for name, kept in self._kept.items() if kept.problem]
        if old:
            raise BoardNotPublished(f"boards of {', '.join(old)} are not up to date: {self._kept[old[0]].problem}")

    def _update(self, session_id: str, kept: _Kept, at_ms: int) -> bool:
        try:
            session = self.store.session(session_id)
        except SessionNotFound:
            return False
        shown_ms, ended_ms = public_instant_ms(session, at_ms), _ended_ms(session, at_ms)
        if shown_ms is None or _is_final(kept.written, ended_ms):
            return False
        board = kept.reader.board(self.store, shown_ms)
        kept.written = self.objects.put_snapshot(
            session_id, board_snapshot(board), made_ms=at_ms, ended_ms=ended_ms, over=kept.written
        )
        return ended_ms is None and any(row.age_s is not None for row in board.rows)


def publish(
    boards: PublicBoards, now_ms: Callable[[], int], wait: Callable[[float], None], *, call_ms: int = CALL_MS
) -> None:
    """What one call does: every board at every update; once, where nothing moves.

    Args:
        boards: which.
        now_ms: the wall clock, milliseconds since the epoch.
        wait: for so many seconds.
        call_ms: for how long.

    Raises:
        StoreUnavailable, BoardNotPublished: a board could not be written, and is not there by the end of the call.
    """
    until_ms = now_ms() + call_ms
    boards.look_around(now_ms())
    while True:
        at_ms = now_ms() // UPDATE_MS * UPDATE_MS
        if not boards.update(at_ms) or at_ms + UPDATE_MS >= until_ms:
            break
        wait(max(0, at_ms + UPDATE_MS - now_ms()) / 1000)
    boards.check()


def _ended_ms(session: Session, at_ms: int) -> int | None:
    """When the session ended, if it has."""
    return to_ms(session.ended_at) if session.ended_at is not None and session_is_over(session, at_ms) else None


def _is_final(written: Written | None, ended_ms: int | None) -> bool:
    return written is not None and ended_ms is not None and written.ended_ms == ended_ms
