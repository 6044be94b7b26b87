"""The process that scores recordings which somebody brought: `python -m houselights.scoring.queue STORE`.

The pages' server starts it and ends it by closing its standard input; it ends by itself when there was nothing to do
for a while. It scores one recording after another, and is told of new ones and of people who stop one by the files of
`audience.incoming` alone. Killed at any time, it continues at the first window that was not stored.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from audience.errors import HouselightsError, RecordingUnreadable, ScoringRefused
from audience.incoming import MOST_ATTEMPTS, IncomingRecording, IncomingRecordings
from audience.sessions import Session
from audience.stores import open_store, recordings_folder
from audience.time import from_ms, to_ms
from edge_lambda.detectors import DEFAULT_DETECTOR, Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers import Scorer, load_scorer
from houselights.commands.options import MODEL_VARIABLE
from houselights.scoring.arriving import ArrivingFile
from houselights.scoring.score import Position, ScoringPlan, score_recording
from houselights.scoring.summary import Summary

IDLE_S = 120.0
"""So long it waits for something to do; whoever opens the page meanwhile need not wait for models to be loaded."""

PATIENCE_S = 15.0
"""So long it waits for bytes that do not come, while another recording could be scored."""

_LOOK_S = 0.25
_WRITE_EVERY_S = 0.3


class _Interrupted(Exception):
    """A person stopped or removed the recording, its bytes do not come, or the process is to end."""


class ScoringQueue:
    """Scores what is in the queue of one store."""

    def __init__(self, store_url: str, incoming: IncomingRecordings, ending: threading.Event) -> None:
        """Creates the object without I/O.

        Args:
            store_url: where the windows go.
            incoming: the queue.
            ending: set when the process is to end.
        """
        self._url, self._incoming, self._ending = store_url, incoming, ending

    def run(self, idle_s: float = IDLE_S) -> None:
        """Scores until there was nothing to do for so many seconds, or the process is to end."""
        since_s = time.monotonic()
        while not self._ending.is_set() and time.monotonic() - since_s < idle_s:
            with self._incoming.scoring() as alone:
                recording = self._incoming.next() if alone else None
                while recording is not None and not self._ending.is_set():
                    self._score(recording)
                    since_s = time.monotonic()
                    recording = self._incoming.next()
            self._ending.wait(_LOOK_S)

    def _score(self, recording: IncomingRecording) -> None:
        request, before = recording.request, recording.state
        state = _Reporting(self._incoming, recording)
        if before.attempts >= MOST_ATTEMPTS:
            state.put(step="failed", line="Scoring this recording broke off again and again: it is left alone.")
            return
        state.put(step="scoring", line="", attempts=before.attempts + 1)
        plan = ScoringPlan(
            started_at=None if request.started_ms is None else from_ms(request.started_ms),
            written=from_ms(request.modified_ms),
            opener=lambda _: arriving(),
        )

        def arriving() -> ArrivingFile:
            try:
                return ArrivingFile(self._incoming, recording, wait)
            except OSError as problem:
                self._go_on(recording, 0.0)  # removed just now
                raise RecordingUnreadable(f"{recording.path} cannot be opened: {problem.strerror}") from None

        def wait(wait_s: float) -> None:
            state.catch_up()
            self._go_on(recording, wait_s)

        def show(position: Position) -> None:
            state.show(position)
            self._go_on(recording, 0.0)

        try:
            with open_store(self._url) as store:
                summary = score_recording(
                    recording.path,
                    request.setup,
                    plan,
                    store=store,
                    load_detector=_detector,
                    load_scorer=_scorer,
                    on_plan=state.plan,
                    on_position=show,
                )
        except _Interrupted:
            state.put(step="waiting", speed=0.0, attempts=0)
        except HouselightsError as problem:
            refused = problem if isinstance(problem, ScoringRefused) else None
            line = (refused.problem if refused else str(problem)).replace(str(recording.path), request.file_name)
            state.put(step="failed", line=line, wants_start=refused is not None and refused.wants_start)
        else:
            state.finish(summary)

    def _go_on(self, recording: IncomingRecording, wait_s: float) -> None:
        """Ends scoring where it is to end.

        Raises:
            _Interrupted: it is.
        """
        now = self._incoming.find(recording.request.recording_id)
        if self._ending.is_set() or now is None or now.stop:
            raise _Interrupted
        if wait_s > PATIENCE_S:
            ready = self._incoming.next()
            if ready is not None and ready.request.recording_id != recording.request.recording_id:
                raise _Interrupted


class _Reporting:
    """Writes how far the scoring of one recording is, some times a second. Safe to use from several threads."""

    def __init__(self, incoming: IncomingRecordings, recording: IncomingRecording) -> None:
        self._incoming, self._id = incoming, recording.request.recording_id
        self._state = self._written = recording.state
        self._lock = threading.RLock()
        self._written_s = self._began_s = time.monotonic()
        self._from_s: float | None = None

    def put(self, **changed: object) -> None:
        """Writes the state with some changes."""
        with self._lock:
            self._state = replace(self._state, **changed, at_ms=to_ms(datetime.now(UTC)))  # type: ignore[arg-type]
            self._incoming.put_state(self._id, self._state)
            self._written = self._state
            self._written_s = time.monotonic()

    def catch_up(self) -> None:
        """Writes the last position where it was only kept: scoring waits, and no other may follow soon."""
        if self._state is not self._written:
            self.put()

    def plan(self, session: Session) -> None:
        """Writes what is measured."""
        self.put(measured=session.mode_reason)

    def show(self, position: Position) -> None:
        """Keeps a position, and writes it where the last is old."""
        now_s = time.monotonic()
        is_first = self._from_s is None
        if self._from_s is None:
            self._from_s, self._began_s = position.done_s, now_s
        took_s = now_s - self._began_s
        with self._lock:
            self._state = replace(
                self._state,
                done_s=position.done_s,
                length_s=position.duration_s,
                faces=position.faces,
                speed=(position.done_s - self._from_s) / took_s if took_s > 0 else 0.0,
                attempts=0,
            )
            if is_first or now_s - self._written_s > _WRITE_EVERY_S:
                self.put()

    def finish(self, summary: Summary) -> None:
        """Writes that all is scored."""
        self.put(
            step="done",
            done_s=summary.seconds,
            length_s=summary.seconds,
            speed=summary.realtime_factor or 0.0,
            measured=summary.mode_reason,
            notes=summary.notes,
            starts_ms=to_ms(summary.started_at),
            starts_by=summary.started_from,
            start_certainty=summary.start_certainty,
        )


@cache
def _detector() -> Detector:
    return load_detector(DEFAULT_DETECTOR, doubtful=True)


@cache
def _scorer() -> Scorer:
    own = os.environ.get(MODEL_VARIABLE)
    return load_scorer("expressionnet", model=Path(own) if own else None)


def main() -> int:
    """Scores the queue of the store that the first argument names."""
    url = sys.argv[1]
    ending = threading.Event()

    def end_with_server() -> None:
        sys.stdin.buffer.read()
        ending.set()

    threading.Thread(target=end_with_server, daemon=True).start()
    os.nice(5)  # the pages come first
    with suppress(HouselightsError):  # said of each recording, when it is scored
        _detector()
        _scorer()
    ScoringQueue(url, IncomingRecordings(recordings_folder(url)), ending).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
