"""What a run of the archive costs where one of 10,000 sessions changed, against a run that writes all of them.

Counted are calls of the store (each at least one request in DynamoDB), requests to the archive's place (one each in S3,
where a list of up to 1,000 names is one), and bytes that are read from it and written to it. The store is a stand-in in
memory, which costs no time: a real one would make a run of all sessions dearer still.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

import numpy as np

from audience.errors import SessionNotFound
from audience.sessions import Camera, Session, Stage
from audience.store import RecordingProgress, ScorerRecord, Store
from audience.time import to_ms
from audience.window_table import WindowTable
from bench.figures import Figure
from houselights.archiving.places import FolderPlace
from houselights.archiving.run import archive
from sample_data.generate import SCORER
from tests.builders import a_stage, a_timeline, a_window

SESSIONS: Final = 10_000
MONTHS: Final = 120
SECONDS: Final = 300

_STAGE: Final = a_stage(timelines=[a_timeline(("One", 0, 20), ("Two", 20, SECONDS))])
_WINDOWS: Final = WindowTable.of(a_window(at, smiling=5 + at % 9, of=30) for at in range(SECONDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run cost."""

    requests: int
    bytes: int
    seconds: float


class StandInStore:
    """A store of sessions with one stage each, whose calls are counted."""

    url = "sqlite:///stand-in.db"

    def __init__(self, count: int, months: int) -> None:
        self.calls = 0
        self.changed: set[str] = set()
        self.more: set[str] = set()
        self._months = months
        self._sessions = {
            session.session_id: session for session in (_session(number, months) for number in range(count))
        }

    def put(self, number: int) -> None:
        """Adds a session."""
        session = _session(number, self._months)
        self._sessions[session.session_id] = session
        self.changed = {session.session_id}

    def count_more(self, session_id: str) -> None:
        """Lets a session have more faces than it had."""
        self.more.add(session_id)
        self.changed = {session_id}

    def delete(self, session_id: str) -> None:
        """Deletes a session."""
        del self._sessions[session_id]
        self.changed = {session_id}

    def sessions(self) -> list[Session]:
        self.calls += 1
        return list(self._sessions.values())

    def session(self, session_id: str) -> Session:
        self.calls += 1
        try:
            return self._sessions[session_id]
        except KeyError:
            raise SessionNotFound(session_id) from None

    def changed_sessions(self, since_ms: int) -> list[str]:
        self.calls += 1
        return sorted(self.changed)

    def stages(self, session_id: str) -> list[Stage]:
        self.calls += 1
        return [_STAGE]

    def cameras(self, session_id: str, stage_id: str) -> list[Camera]:
        self.calls += 1
        return []

    def recordings(self, session_id: str) -> list[RecordingProgress]:
        self.calls += 1
        return []

    def scorers(self, session_id: str | None = None) -> dict[str, ScorerRecord]:
        self.calls += 1
        return {SCORER.name: SCORER}

    def windows(self, session_id: str, stage_id: str) -> WindowTable:
        self.calls += 1
        started_ms = to_ms(self._sessions[session_id].started_at)
        over = np.random.default_rng(int(session_id.rpartition("-")[2])).integers(5, 25, _WINDOWS.over.shape)
        return replace(
            _WINDOWS,
            start_ms=started_ms + 1000 * np.arange(SECONDS, dtype=np.int64),
            over=over,
            total=np.asarray(over * 0.7, np.float64),
            faces=_WINDOWS.faces + (session_id in self.more),
        )


class CountingPlace(FolderPlace):
    """A folder that counts what S3 would bill."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.requests = self.bytes = 0

    def names(self) -> set[str]:
        names = super().names()
        self.requests += 1 + len(names) // 1000
        return names

    def read(self, name: str) -> bytes | None:
        content = super().read(name)
        self._count(content or b"")
        return content

    def write(self, name: str, content: bytes) -> None:
        self._count(content)
        super().write(name, content)

    def replace(self, name: str, content: bytes, version: str | None) -> str | None:
        self._count(content)
        return FolderPlace(self.folder).replace(name, content, version)

    def remove(self, name: str) -> None:
        self._count(b"")
        super().remove(name)

    def _count(self, content: bytes) -> None:
        self.requests += 1
        self.bytes += len(content)


def figures() -> list[Figure]:
    """Runs of an archive of 10,000 sessions in ten years: of all, and of one that changed, is new or was deleted."""
    return measured(SESSIONS, MONTHS)


def measured(sessions: int, months: int) -> list[Figure]:
    """The same with so many sessions in so many months."""
    store = StandInStore(sessions, months)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "archive"
        everything = _run(store, folder, lambda: None)
        one = {
            "changed": lambda: store.count_more(_id(sessions // 2)),
            "new": lambda: store.put(sessions),
            "deleted": lambda: store.delete(_id(sessions // 3)),
        }
        costs = {what: _run(store, folder, change) for what, change in one.items()}
        files = len(FolderPlace(folder).names())
    found = [
        Figure(name=f"archive of {sessions:,} sessions in {months} months: files", value=files),
        Figure(name=f"archive run of {sessions:,} sessions: requests", value=everything.requests),
        Figure(name=f"archive run of {sessions:,} sessions: read and written", value=everything.bytes / 1e6, unit="MB"),
        Figure(name=f"archive run of {sessions:,} sessions: time", value=everything.seconds, unit="s"),
    ]
    for what, cost in costs.items():
        for measure in ("requests", "bytes", "seconds"):
            found.append(
                Figure(
                    name=f"archive run, 1 of {sessions:,} sessions {what}: {measure}, against a run of all",
                    value=100 * getattr(cost, measure) / getattr(everything, measure),
                    unit="%",
                    reach=1,
                    direction="at most",
                )
            )
    return found


def _run(store: StandInStore, folder: Path, change: Callable[[], object]) -> Cost:
    change()
    store.calls = 0
    place = CountingPlace(folder)
    began_s = time.perf_counter()
    archive(cast(Store, store), place, now_ms=to_ms(datetime.now(UTC)), on_session=lambda done, of: None)
    seconds = time.perf_counter() - began_s
    return Cost(requests=store.calls + place.requests, bytes=place.bytes, seconds=seconds)


def _id(number: int) -> str:
    return f"screening-{number:05}"


def _session(number: int, months: int) -> Session:
    """A screening in one of some months."""
    month = number % months
    began = datetime(2016 + month // 12, month % 12 + 1, 1, 20, tzinfo=UTC) + timedelta(hours=number // months * 7)
    return Session(session_id=_id(number), started_at=began, kind="screening", film=f"Film {number % 40}")
