"""Public boards in the cloud: publishes `/live/<session>` once for all viewers instead of for each request.

The dashboard's server uses the same functions of `audience` for which sessions have a board, and what it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from audience.board.board import public_instant_ms, session_is_over
from audience.board.liveliness import UPDATE_MS
from audience.board.reader import BoardReader
from audience.board.snapshot import board_snapshot
from audience.errors import BoardNotPublished, HouselightsError, SessionNotFound
from audience.sessions import Session
from audience.store import Store
from audience.time import to_ms
from ingest_lambda.board_objects import BoardObjects, WrittenSnapshot

CALL_MS: Final = 58_000
"""How long one call runs, milliseconds. The next starts after a minute and can reuse this function instance."""


@dataclass(slots=True)
class _BoardState:
    """State of a session's board between calls: what was read and written, and why the last update failed."""

    reader: BoardReader
    written: WrittenSnapshot | None
    problem: str = ""


@dataclass(slots=True)
class PublicBoards:
    """The boards of all sessions with a public board in a store. Not thread-safe.

    Attributes:
        store: the source of the records.
        objects: the bucket for the boards.
        page: the page, the same for every session.
    """

    store: Store
    objects: BoardObjects
    page: bytes
    _no_board_written: bool = False
    _states: dict[str, _BoardState] = field(default_factory=dict)
    _due: list[str] = field(default_factory=list)

    def refresh_sessions(self, now_ms: int) -> None:
        """Looks up which sessions have a public board. Adds the page of new ones, and removes the board of others.

        Args:
            now_ms: the current time, milliseconds since the epoch.

        Raises:
            StoreUnavailable: the store cannot be read.
            BoardNotPublished: S3 refused a request.
        """
        if not self._no_board_written:
            self.objects.put_no_board()
            self._no_board_written = True
        published = self.objects.sessions()  # before reading the store: a session set up in between keeps its page
        sessions = {
            session.session_id: session
            for session in self.store.sessions()
            if public_instant_ms(session, now_ms) is not None
        }
        for gone in published - sessions.keys():
            self.objects.remove(gone)
        self._states = {session_id: state for session_id, state in self._states.items() if session_id in sessions}
        for session_id in sessions:
            if session_id not in self._states:
                # Each function instance writes the page: it must match the script policy of this deployment.
                self.objects.put_page(session_id, self.page)
                written = self.objects.newest(session_id)
                self._states[session_id] = _BoardState(reader=BoardReader(session_id), written=written)
        self._due = [
            session_id
            for session_id, session in sessions.items()
            if not _is_final(self._states[session_id].written, _ended_ms(session, now_ms))
        ]

    def update(self, at_ms: int) -> bool:
        """Writes every board that is due. A failure affects only its own board.

        Args:
            at_ms: the update, milliseconds since the epoch.

        Returns:
            Whether another update within this call makes sense: a camera was active lately, or a board failed.
        """
        active = False
        for session_id in self._due:
            state = self._states[session_id]
            try:
                active |= self._update(session_id, state, at_ms)
                state.problem = ""
            except HouselightsError as problem:
                state.problem, active = str(problem), True
        return active

    def check(self) -> None:
        """Fails the call if a board is out of date; the alarm counts failed calls.

        Raises:
            BoardNotPublished: the last update of a session failed.
        """
        stale = [session_id for session_id, state in self._states.items() if state.problem]
        if stale:
            reason = self._states[stale[0]].problem
            raise BoardNotPublished(f"boards of {', '.join(stale)} are not up to date: {reason}")

    def _update(self, session_id: str, state: _BoardState, at_ms: int) -> bool:
        try:
            session = self.store.session(session_id)
        except SessionNotFound:
            return False
        shown_ms, ended_ms = public_instant_ms(session, at_ms), _ended_ms(session, at_ms)
        if shown_ms is None or _is_final(state.written, ended_ms):
            return False
        board = state.reader.board(self.store, shown_ms)
        state.written = self.objects.put_snapshot(
            session_id, board_snapshot(board), made_ms=at_ms, ended_ms=ended_ms, over=state.written
        )
        return ended_ms is None and any(row.age_s is not None for row in board.rows)


def publish(
    boards: PublicBoards, now_ms: Callable[[], int], wait: Callable[[float], None], *, call_ms: int = CALL_MS
) -> None:
    """Runs one call: writes all boards at every update, or only once if no camera is active.

    Args:
        boards: the boards.
        now_ms: the wall clock, milliseconds since the epoch.
        wait: sleeps for a number of seconds.
        call_ms: how long to run, milliseconds.

    Raises:
        StoreUnavailable, BoardNotPublished: a board is still out of date at the end of the call.
    """
    until_ms = now_ms() + call_ms
    boards.refresh_sessions(now_ms())
    while True:
        at_ms = now_ms() // UPDATE_MS * UPDATE_MS
        if not boards.update(at_ms) or at_ms + UPDATE_MS >= until_ms:
            break
        wait(max(0, at_ms + UPDATE_MS - now_ms()) / 1000)
    boards.check()


def _ended_ms(session: Session, at_ms: int) -> int | None:
    """When the session ended, milliseconds since the epoch; None if it has not."""
    return to_ms(session.ended_at) if session.ended_at is not None and session_is_over(session, at_ms) else None


def _is_final(written: WrittenSnapshot | None, ended_ms: int | None) -> bool:
    return written is not None and ended_ms is not None and written.ended_ms == ended_ms
