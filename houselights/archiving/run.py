"""Updates an archive: writes files that changed, and removes those that are no longer in the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from importlib.metadata import version

import msgspec

from audience.disclosure import MIN_FACES
from audience.errors import ExportFailed, InvalidValue
from audience.export.manifest import DISCLAIMER
from audience.reaction.curve import StageWindows
from audience.scorers import scorers_of
from audience.sessions import Session
from audience.store import Store
from houselights.archiving.columns import TABLES
from houselights.archiving.places import ArchivePlace
from houselights.archiving.tables import scorers_file, segments_file, sessions_file, windows_file
from houselights.stored_reviews import stored_windows

MANIFEST = "manifest.json"
SESSIONS_FILE = "sessions/sessions.parquet"
SCORERS_FILE = "scorers/scorers.parquet"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Result of an update.

    Attributes:
        sessions: number of sessions in the archive.
        written, removed: number of files.
        refused: for each session whose windows could not be archived, the reason by session id.
    """

    sessions: int
    written: int
    removed: int
    refused: Mapping[str, str]


def archive(store: Store, place: ArchivePlace, *, on_session: Callable[[int, int], None]) -> Archived:
    """Updates an archive from a store.

    All windows are read and all files are created again, but only files whose content changed are written. So late
    windows, exclusions and descriptions are included, and unchanged files are not touched. Files of sessions that are
    no longer in the store are removed first. The next run completes an interrupted one.

    Args:
        store: the store; all sessions are archived. Figures over fewer than `MIN_FACES` faces are withheld, also for
            audiences of one, because other people read an archive.
        place: empty, or an archive of the same store.
        on_session: called with the number of sessions done, and of all sessions.

    Raises:
        ExportFailed: the place cannot be read or written, or contains other files or the archive of another store.
        StoreUnavailable: the store cannot be read.
    """
    sessions = store.sessions()
    files = _Files(place, store.url)
    refused: dict[str, str] = {}
    try:
        ours = {name for session in sessions for name in (windows_name(session), segments_name(session))}
        files.remove_all_but(ours | {SESSIONS_FILE, SCORERS_FILE})
        files.put(SESSIONS_FILE, sessions_file(sessions))
        known = scorers_of(store, [session.session_id for session in sessions])
        files.put(SCORERS_FILE, scorers_file(known.values()))
        for done, session in enumerate(sessions):
            on_session(done, len(sessions))
            try:
                stages = _stages(store, session)
            except InvalidValue as problem:
                # One camera with a wrong clock must not prevent archiving all other sessions.
                refused[session.session_id] = str(problem)
                stages = []
            files.put(windows_name(session), windows_file(stages))
            files.put(segments_name(session), segments_file(stages))
        on_session(len(sessions), len(sessions))
    finally:
        files.note()
    return Archived(
        sessions=len(sessions) - len(refused), written=files.written, removed=files.removed, refused=refused
    )


def windows_name(session: Session) -> str:
    """File name of a session's windows. Session ids are valid file names."""
    return f"windows/month={_month(session)}/{session.session_id}.parquet"


def segments_name(session: Session) -> str:
    """File name of a session's segments."""
    return f"segments/month={_month(session)}/{session.session_id}.parquet"


def _month(session: Session) -> str:
    """The month in which a session began, in UTC, for Athena's partition projection."""
    return f"{session.started_at.astimezone(UTC):%Y-%m}"


def _stages(store: Store, session: Session) -> list[StageWindows]:
    return [stored_windows(store, session, stage, min_faces=MIN_FACES) for stage in store.stages(session.session_id)]


class _Manifest(msgspec.Struct):
    """The parts of a manifest that are read: the archive's store, and the digest of each file."""

    format: int
    store: str
    files: dict[str, str]


class _Files:
    """The files of an archive and their manifest."""

    def __init__(self, place: ArchivePlace, store_url: str) -> None:
        self.written = self.removed = 0
        self._place = place
        self._store_url = store_url
        self._there = place.names()
        self._digests: dict[str, str] = {}
        if self._there:
            found = self._manifest()
            if found.store != store_url:
                raise ExportFailed(
                    f"{place.name} is the archive of {found.store}, and this store is {store_url}: choose another "
                    f"place with --archive; if the store was moved, change `store` in its {MANIFEST}"
                )
            self._digests = found.files
        else:
            # Written first, so that an interrupted run leaves a valid archive.
            self.note()

    def remove_all_but(self, names: set[str]) -> None:
        """Removes files of deleted sessions, and files of an interrupted run."""
        for name in sorted(self._there - names):
            if name.partition("/")[0] in TABLES:
                self._remove(name)

    def put(self, name: str, content: bytes | None) -> None:
        """Writes a file if its content changed; None removes it."""
        if content is None:
            if name in self._there:
                self._remove(name)
            return
        digest = hashlib.sha256(content).hexdigest()
        if name not in self._there or self._digests.get(name) != digest:
            self._place.write(name, content)
            self._there.add(name)
            self._digests[name] = digest
            self.written += 1

    def note(self) -> None:
        """Writes the manifest."""
        manifest = {
            "houselights": version("houselights"),
            "format": _FORMAT,
            "says": DISCLAIMER,
            "store": self._store_url,
            "min_faces": MIN_FACES,
            "tables": {
                table: [
                    {"name": one.name, "type": one.kind, "unit": one.unit, "meaning": one.meaning} for one in columns
                ]
                for table, columns in TABLES.items()
            },
            "files": dict(sorted(self._digests.items())),
        }
        self._place.write(MANIFEST, (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())

    def _remove(self, name: str) -> None:
        self._place.remove(name)
        self._there.discard(name)
        self._digests.pop(name, None)
        self.removed += 1

    def _manifest(self) -> _Manifest:
        """Reads the manifest of the last run.

        Raises:
            ExportFailed: there are files, but no valid manifest.
        """
        with suppress(msgspec.DecodeError, RecursionError):
            manifest = msgspec.json.decode(self._place.read(MANIFEST) or b"", type=_Manifest)
            if manifest.format == _FORMAT:
                return manifest
        raise ExportFailed(
            f"{self._place.name} contains files, but no {MANIFEST} of an archive that this version writes: choose an "
            "empty place with --archive"
        )
