"""Reads sessions for pages: the one module of the dashboard, beside those of single pages, that opens the store.

A store is opened for each run of a page and closed after it, so that a page never reads from a database that was
deleted or replaced meanwhile, and no connection outlives the thread that made it. What is costly to read is kept for
as long as it cannot have changed: everything a camera or a scorer tells of itself is part of the key.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import streamlit as st

from audience.board.reader import SETTLED_MS
from audience.comparing.suggestions import Suggestion, earlier_givings, earlier_sessions, suggestions
from audience.errors import InvalidValue
from audience.faces import LEAD_EXPRESSION
from audience.language import language
from audience.monitoring.cameras import is_receiving
from audience.reaction.curve import StageWindows, stage_windows
from audience.reaction.moments import Moment, moments
from audience.reaction.review import Review, review_of
from audience.sessions import Camera, Session, Stage
from audience.slide_pictures import keep_pictures
from audience.store import Heartbeat, RecordingProgress, ScorerRecord, SessionPage, Store
from audience.stores import default_store_url
from audience.time import to_ms
from audience.transcripts import Transcript
from audience.window_table import WindowTable
from dashboard.access.data import open_store
from dashboard.access.identity import permit
from dashboard.access.permits import EVERYTHING

SETTLED_READ_S: Final = 60
"""How long the windows of a session are kept that has ended, and of one that goes on those that had settled."""

MANY_WINDOWS: Final = 100_000
MANY_READ_S: Final = 300
"""Of more windows, those that had settled are kept for so long while their session goes on, seconds."""

_LIVE_READ_S = 2
_MOST_BEHIND_MS = 600_000
_MOMENTS_READ_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFile:
    """A session and everything that belongs to it, except its windows.

    Attributes:
        session: the session.
        stages: its stages, in the order of their ids.
        cameras: by stage id.
        scorers: the scorers the session may have figures of, by name.
        recordings: how far each recording was scored, in the order of stage and camera.
        heartbeats: how each live camera is, or was when it ended.
        live: whether records still come in.
        marks: changes whenever a camera or a scorer says that there is more.
    """

    session: Session
    stages: list[Stage]
    cameras: dict[str, list[Camera]]
    scorers: dict[str, ScorerRecord]
    recordings: list[RecordingProgress]
    heartbeats: list[Heartbeat]
    live: bool
    marks: str


def store_url() -> str:
    """The URL of the store: from `houselights dashboard --store` or the environment, else the user's own."""
    return os.environ.get("HOUSELIGHTS_STORE") or default_store_url()


def whereabouts() -> str:
    """The store's URL in brackets, for the person at this machine; "" for everybody else."""
    return f" ({store_url()})" if permit() is EVERYTHING else ""


def sessions() -> list[Session]:
    """All sessions, the latest start first."""
    with open_store(store_url()) as store:
        return store.sessions()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads sessions through one open store, for one run of a page.

    Attributes:
        store: what the page's viewer may see of the store.
        url: where it lies.
    """

    store: Store
    url: str

    def file(self, session_id: str) -> SessionFile:
        """A session as it is now.

        Raises:
            SessionNotFound: there is none of that id.
        """
        return _file(self.store, self.store.session(session_id))

    def page(self, *, words: str = "", film: str = "", after: str | None = None, limit: int) -> SessionPage:
        """One page of the list of sessions; see `Store.session_page`."""
        return self.store.session_page(words=words, film=film, after=after, limit=limit)

    def windows(self, file: SessionFile, stage: Stage) -> StageWindows:
        """The windows of one stage of a session on its axis; the same ones as long as nothing has changed."""
        return (_live_windows if file.live else _windows)(self.url, file.marks, stage.stage_id, self, file, stage)

    def review(self, file: SessionFile, stage: Stage, expression: str = LEAD_EXPRESSION) -> Review:
        """The review of one stage; the same one as long as nothing has changed, so each figure is computed once."""
        read = _live_review if file.live else _review
        return read(self.url, language(), file.marks, stage.stage_id, expression, self, file, stage)

    def moments_so_far(self, file: SessionFile, review: Review) -> tuple[Moment, ...]:
        """The moments of a session that still goes on; looked for twice a minute, for all viewers together."""
        if review.expression is None:
            return ()
        place = file.session.session_id, review.windows.stage.stage_id
        return _moments_so_far(self.url, language(), *place, review.expression, review.windows)

    def suggestions(self, file: SessionFile, stage: Stage, expression: str) -> tuple[Suggestion, ...]:
        """What to look at next, beside the latest earlier sessions in which the same was given; none while it runs."""
        if file.live:
            return ()
        # Which sessions there are depends on who looks: what is kept for one viewer is not for another.
        earlier = tuple(one.session_id for one in earlier_sessions(file.session, self.store.sessions()))
        return _suggestions(self.url, language(), file.marks, stage.stage_id, expression, earlier, self, file, stage)

    def read_windows(self, file: SessionFile, stage: Stage) -> StageWindows:
        """The windows of one stage of a session, as they are in the store now."""
        table = self.store.windows(file.session.session_id, stage.stage_id)
        return stage_windows(file.session, stage, file.cameras[stage.stage_id], table)

    def read_latest_windows(self, file: SessionFile, stage: Stage) -> StageWindows:
        """The same of a session that goes on: windows that had settled are read again once a minute, and where there
        are very many every five minutes."""
        cameras = file.cameras[stage.stage_id]
        growing = _growing(
            self.url, file.session.session_id, repr(file.session.set_up_at), stage.stage_id, repr(cameras)
        )
        return stage_windows(file.session, stage, cameras, growing.read(self.store, time.monotonic()))


class GrowingWindows:
    """The windows of a stage on which cameras record, so that each reading asks for the latest only. Thread-safe."""

    def __init__(self, session_id: str, stage_id: str) -> None:
        """Creates the object without I/O."""
        self._of = session_id, stage_id
        self._lock = threading.Lock()
        self._read_at_s = 0.0
        self._table: WindowTable | None = None

    def read(self, store: Store, now_s: float) -> WindowTable:
        """All windows; those that came late, or went, are known after `SETTLED_READ_S` or `MANY_READ_S` at the latest.

        Args:
            store: where the session is.
            now_s: by a steady clock, seconds.
        """
        with self._lock:
            table = self._table
            kept_s = MANY_READ_S if table is not None and len(table) > MANY_WINDOWS else SETTLED_READ_S
            if table is None or not len(table) or now_s - self._read_at_s >= kept_s:
                self._read_at_s = now_s
                table = store.windows(*self._of)
            else:
                from_ms = _unsettled_from_ms(table)
                settled = table.rows(table.start_ms < from_ms)
                table = settled.followed_by(store.windows(*self._of, from_ms=from_ms))
            self._table = table
            return table


def _unsettled_from_ms(table: WindowTable) -> int:
    """Where windows may still be missing: before the newest of the camera that is furthest behind, unless that is long
    ago."""
    newest_ms = np.zeros(len(table.cameras), dtype=np.int64)
    np.maximum.at(newest_ms, table.camera, table.start_ms)
    return max(int(newest_ms.min()), int(table.start_ms[-1]) - _MOST_BEHIND_MS) - SETTLED_MS


@contextmanager
def reader() -> Iterator[Reader]:
    """Opens the store for one run of a page."""
    url = store_url()
    with open_store(url) as store:
        yield Reader(store, url)


def change_stage(
    session_id: str,
    stage_id: str,
    change: Callable[[Stage], Stage],
    pictures: Mapping[str, bytes] | None = None,
) -> Stage:
    """Reads a stage, applies a change, and stores and returns the result.

    Args:
        session_id, stage_id: which.
        change: makes the new stage of the one there is.
        pictures: of its slides, by id; None where the change is of something else.

    Raises:
        InvalidValue: the stage is not there any more.
    """
    with open_store(store_url()) as store:
        now = next((stage for stage in store.stages(session_id) if stage.stage_id == stage_id), None)
        if now is None:
            raise InvalidValue(f"stage {stage_id!r} is not in session {session_id!r} any more: open the session again")
        changed = change(now)
        store.put_stage(session_id, changed)
        if pictures is not None:
            keep_pictures(store, session_id, changed, pictures)
    return changed


def slide_pictures(session_id: str, stage_id: str) -> dict[str, bytes]:
    """The pictures of what was shown on a stage, by id."""
    with open_store(store_url()) as store:
        return store.slide_pictures(session_id, stage_id)


def put_transcript(session_id: str, stage_id: str, transcript: Transcript | None) -> None:
    """Stores what was said on a stage, or removes it with None. Pages show it at once."""
    with open_store(store_url()) as store:
        if transcript is None:
            store.delete_transcript(session_id, stage_id)
        else:
            store.put_transcript(session_id, stage_id, transcript)
    _review.clear()
    _live_review.clear()


def _file(store: Store, session: Session) -> SessionFile:
    stages = store.stages(session.session_id)
    cameras = {stage.stage_id: store.cameras(session.session_id, stage.stage_id) for stage in stages}
    beats = store.heartbeats(session.session_id)
    recordings = store.recordings(session.session_id)
    progress = [(one.stage_id, one.camera_id, one.done_s, one.finished) for one in recordings]
    newest = [(beat.stage_id, beat.camera_id, beat.last_window_ms) for beat in beats]
    return SessionFile(
        session=session,
        stages=stages,
        cameras=cameras,
        scorers=store.scorers(session.session_id),
        recordings=recordings,
        heartbeats=beats,
        live=is_receiving(session, beats, to_ms(datetime.now(UTC))),
        marks=repr((session, stages, cameras, progress, newest)),
    )


def _make_review(reader: Reader, file: SessionFile, stage: Stage, expression: str) -> Review:
    return review_of(
        reader.windows(file, stage),
        expression,
        scorers=file.scorers,
        recordings=file.recordings,
        heartbeats=file.heartbeats,
        live=file.live,
        transcript=reader.store.transcript(file.session.session_id, stage.stage_id),
    )


# Kept as they are, not copied for every viewer: nothing in them is ever written to. Sentences are in the language of
# whoever asked first, so that what holds any is kept by language. What is kept for a session that
# goes on is a function of its own: Streamlit keeps by function, and one kept in two ways would never be kept at all.


@st.cache_resource(ttl=SETTLED_READ_S, max_entries=32, show_spinner=False)
def _windows(url: str, marks: str, stage_id: str, _reader: Reader, _file: SessionFile, _stage: Stage) -> StageWindows:
    return _reader.read_windows(_file, _stage)


@st.cache_resource(ttl=_LIVE_READ_S, max_entries=32, show_spinner=False)
def _live_windows(
    url: str, marks: str, stage_id: str, _reader: Reader, _file: SessionFile, _stage: Stage
) -> StageWindows:
    return _reader.read_latest_windows(_file, _stage)


@st.cache_resource(ttl=MANY_READ_S, max_entries=32, show_spinner=False)
def _growing(url: str, session_id: str, set_up_at: str, stage_id: str, cameras: str) -> GrowingWindows:
    return GrowingWindows(session_id, stage_id)


@st.cache_resource(ttl=SETTLED_READ_S, max_entries=64, show_spinner=False)
def _review(
    url: str, code: str, marks: str, stage_id: str, expression: str, _reader: Reader, _file: SessionFile, _stage: Stage
) -> Review:
    return _make_review(_reader, _file, _stage, expression)


@st.cache_resource(ttl=_LIVE_READ_S, max_entries=64, show_spinner=False)
def _live_review(
    url: str, code: str, marks: str, stage_id: str, expression: str, _reader: Reader, _file: SessionFile, _stage: Stage
) -> Review:
    return _make_review(_reader, _file, _stage, expression)


@st.cache_resource(ttl=_MOMENTS_READ_S, max_entries=64, show_spinner=False)
def _moments_so_far(
    url: str, code: str, session_id: str, stage_id: str, expression: str, _windows: StageWindows
) -> tuple[Moment, ...]:
    return moments(_windows, expression)


@st.cache_resource(ttl=SETTLED_READ_S, max_entries=64, show_spinner=False)
def _suggestions(
    url: str,
    code: str,
    marks: str,
    stage_id: str,
    expression: str,
    earlier: tuple[str, ...],
    _reader: Reader,
    _file: SessionFile,
    _stage: Stage,
) -> tuple[Suggestion, ...]:
    store = _reader.store
    givings = earlier_givings(store, _file.session, _stage, (store.session(one) for one in earlier))
    return suggestions(_reader.windows(_file, _stage), givings, expression)
