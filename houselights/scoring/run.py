"""Stores the windows of one scoring run in groups, together with the recording's progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audience.faces import WindowFaces
from audience.sessions import Session
from audience.store import RecordingProgress, Store
from audience.windows import WindowRecord
from edge_lambda.pipeline import ScoredWindow
from edge_lambda.tracking import Tracker

# How often windows are stored: a crash loses at most this much work.
FLUSH_EVERY_S = 2.0
FLUSH_AT_WINDOWS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringNotes:
    """Lost seconds, clock steps and remarks of a recording so far; see `RecordingProgress`."""

    lost_s: float = 0.0
    clock_steps: int = 0
    remarks: tuple[str, ...] = ()


class RecordingRun:
    """Collects scored windows and stores them with the recording's progress, in one transaction."""

    def __init__(
        self,
        *,
        store: Store,
        progress: RecordingProgress,
        tracker: Tracker,
        set_up: Callable[[], Session],
        found: Callable[[float], ScoringNotes] | None = None,
    ) -> None:
        """Starts a run.

        Args:
            store: where the windows go.
            progress: progress of earlier runs.
            tracker: this run's tracker, for its number of tracks.
            set_up: called once, just before the first windows are stored; returns their session.
            found: returns notes on the recording up to the given number of seconds.
        """
        self.progress = progress
        self._store = store
        self._tracker = tracker
        self._set_up = set_up
        self._found = found
        self._session: Session | None = None
        self._from_s = progress.done_s
        self._tracks_before = progress.tracks
        self._began_s = self._flushed_s = time.monotonic()
        self._records: list[WindowRecord] = []
        self._faces: list[WindowFaces] = []

    def add(self, window: ScoredWindow) -> None:
        """Adds a window; stores collected windows every few seconds."""
        self._records.append(window.record)
        self._faces.append(window.faces)
        self.progress = replace(
            self.progress,
            done_s=(window.end_ms - self.progress.started_ms) / 1000.0,
            frames=self.progress.frames + window.frames,
            faces=self.progress.faces + window.record.faces,
            tracks=self._tracks_before + self._tracker.started,
        )
        if time.monotonic() - self._flushed_s > FLUSH_EVERY_S or len(self._records) >= FLUSH_AT_WINDOWS:
            self.flush()

    def finish(self, duration_s: float | None) -> None:
        """Marks the recording as finished; `duration_s` is its length if known."""
        # The last window may reach past the end of the recording, or end before it if the rest cannot be decoded.
        done_s = self.progress.done_s if duration_s is None else max(self._from_s, duration_s)
        self.progress = replace(self.progress, finished=True, done_s=done_s)

    def flush(self) -> None:
        """Stores collected windows, if there are any.

        Raises:
            SessionNotFound: the session was deleted since the first windows were stored.
        """
        if not (self._records or self.progress.finished):
            return
        if self._session is None:
            self._session = self._set_up()
        if self._found is not None:
            found = self._found(self.progress.done_s)
            self.progress = replace(
                self.progress, lost_s=found.lost_s, clock_steps=found.clock_steps, remarks=found.remarks
            )
        self._store.put_windows(self._records, self._faces, self.progress, set_up_at=self._session.set_up_at)
        self._records.clear()
        self._faces.clear()
        self._flushed_s = time.monotonic()

    def replace(self, records: Sequence[WindowRecord]) -> None:
        """Stores windows of this recording in place of those that are stored.

        Raises:
            SessionNotFound: the session was deleted since the first windows were stored.
        """
        if self._session is None:
            self._session = self._set_up()
        self._store.put_windows(records, set_up_at=self._session.set_up_at)

    @property
    def realtime_factor(self) -> float:
        """Recording seconds processed per second of this run so far."""
        return (self.progress.done_s - self._from_s) / max(time.monotonic() - self._began_s, 1e-9)
