"""Boards of festivals, read from the store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import streamlit as st

from audience.board.board import Board, public_instant_ms
from audience.board.day import Day, read_day
from audience.board.reader import BoardReader
from audience.board.snapshot import board_snapshot
from audience.errors import InvalidValue, SessionNotFound
from audience.ids import check_id
from audience.language import gettext
from audience.monitoring.cameras import CameraStatus
from audience.monitoring.situation import SituationReader
from audience.sessions import Session
from audience.time import to_ms
from dashboard.access.data import open_store
from dashboard.data import store_url

MOST_BOARDS: Final = 64
"""Boards that are kept at once, the one that was asked for longest ago goes first."""

REFRESH_MS: Final = 8_000
"""How old what came in late may be on a board. A refresh counts half an hour of windows: cheap in SQLite."""

REFRESH_DYNAMODB_MS: Final = 30_000
"""The same where every reading is paid for."""

_DAY_READ_S = 60


@dataclass(slots=True)
class _Kept:
    """A session's reader and its newest board."""

    making: threading.Lock = field(default_factory=threading.Lock)
    reader: BoardReader | None = None
    situation: SituationReader | None = None
    newest: Board | None = None
    cameras: tuple[CameraStatus, ...] = ()
    cameras_at_ms: int = -1


class Boards:
    """The boards as of now, each computed once an update however many pages and phones ask."""

    def __init__(self) -> None:
        """Creates the object without I/O."""
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._keeping = threading.Lock()

    def board(self, session_id: str, at_ms: int) -> Board | None:
        """The board of a festival at an instant, or at its end where that is earlier.

        Args:
            session_id: as it stands in an address; anything.
            at_ms: milliseconds since the epoch.

        Returns:
            The board; None where there is no such session, or it is no festival.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        try:
            check_id("session id", session_id)
            with open_store(store_url()) as store:
                session = store.session(session_id)
                shown_ms = public_instant_ms(session, at_ms)
                if shown_ms is None:
                    return None
                kept = self._of(session_id)
                with kept.making:
                    if kept.newest is None or kept.newest.as_of_ms != shown_ms:
                        kept.reader = kept.reader or _reader(session_id)
                        kept.newest = kept.reader.board(store, shown_ms)
                    return kept.newest
        except (InvalidValue, SessionNotFound):
            return None

    def cameras(self, session_id: str, at_ms: int) -> tuple[CameraStatus, ...]:
        """The cameras of a session that is in the store, the most urgent first; at most some seconds old.

        Args:
            session_id: the session.
            at_ms: now, milliseconds since the epoch.

        Raises:
            SessionNotFound: there is none with that id.
            StoreUnavailable: the store cannot be read.
        """
        with open_store(store_url()) as store:
            store.session(session_id)  # a viewer who may not see it is refused here
            kept = self._of(session_id)
            with kept.making:
                if not 0 <= at_ms - kept.cameras_at_ms < REFRESH_MS:
                    kept.situation = kept.situation or SituationReader(session_id)
                    kept.cameras = tuple(kept.situation.read(store, at_ms).cameras)
                    kept.cameras_at_ms = at_ms
                return kept.cameras

    def document(self, session_id: str, at_ms: int) -> bytes | None:
        """The board as the JSON document of the public page."""
        made = self.board(session_id, at_ms)
        return None if made is None else board_snapshot(made)

    def _of(self, session_id: str) -> _Kept:
        with self._keeping:
            key = (store_url(), session_id)
            kept = self._kept.pop(key, None) or _Kept()
            self._kept[key] = kept
            while len(self._kept) > MOST_BOARDS:
                self._kept.popitem(last=False)
            return kept


def _reader(session_id: str) -> BoardReader:
    costly = store_url().startswith("dynamodb:")
    return BoardReader(session_id, refresh_ms=REFRESH_DYNAMODB_MS if costly else REFRESH_MS, by_rollups=costly)


@cache
def boards() -> Boards:
    """The boards of this process."""
    return Boards()


def festivals() -> list[Session]:
    """All festivals of the store, the latest start first."""
    with open_store(store_url()) as store:
        return [session for session in store.sessions() if session.kind == "festival"]


def day(session: Session, now_ms: int) -> Day:
    """A festival so far, read again once a minute while it lasts."""
    until_ms = now_ms if session.ended_at is None else min(now_ms, to_ms(session.ended_at))
    with st.spinner(gettext("Reading the day …")):
        return _day(store_url(), session, until_ms)


@st.cache_resource(ttl=_DAY_READ_S, max_entries=4, show_spinner=False)
def _day(url: str, session: Session, _until_ms: int) -> Day:
    with open_store(url) as store:
        return read_day(store, session, _until_ms)
