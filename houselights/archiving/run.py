"""Bringing an archive up to date: what changed is written, what is gone from the store is removed."""

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
from audience.reaction.curve import StageWindows, stage_windows
from audience.scorers import scorers_of
from audience.sessions import Session
from audience.store import Store
from houselights.archiving.columns import TABLES
from houselights.archiving.places import ArchivePlace
from houselights.archiving.tables import scorers_file, segments_file, sessions_file, windows_file

MANIFEST = "manifest.json"
SESSIONS_FILE = "sessions/sessions.parquet"
SCORERS_FILE = "scorers/scorers.parquet"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What a run did.

    Attributes:
        sessions: how many are in the archive.
        written, removed: files.
        refused: by session id, why its windows are not in the archive; they cannot be laid out.
    """

    sessions: int
    written: int
    removed: int
    refused: Mapping[str, str]


def archive(store: Store, place: ArchivePlace, *, on_session: Callable[[int, int], None]) -> Archived:
    """Brings an archive up to date with a store.

    Every window is read and every file made anew, and only those whose bytes are others than before are written. So
    what came late, was left out or described since is in the archive, and what did not change is not touched. What is
    not in the store any more is removed first. A run that was ended is taken up by the next one.

    Args:
        store: all of its sessions. Figures over fewer than `MIN_FACES` faces are withheld, for audiences of one too:
            an archive is read by others than the person.
        place: empty, or an archive of the same store.
        on_session: told how many sessions of how many are done.

    Raises:
        ExportFailed: the place cannot be read or written, holds something else, or the archive of another store.
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
                # One camera with a wrong clock must not keep a thousand sessions from being archived.
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
    """Where a session's windows lie. Ids are plain, so they are file names."""
    return f"windows/month={_month(session)}/{session.session_id}.parquet"


def segments_name(session: Session) -> str:
    """Where a session's segments lie."""
    return f"segments/month={_month(session)}/{session.session_id}.parquet"


def _month(session: Session) -> str:
    """The month it began in, by UTC, as Athena projects it."""
    return f"{session.started_at.astimezone(UTC):%Y-%m}"


def _stages(store: Store, session: Session) -> list[StageWindows]:
    return [
        stage_windows(
            session,
            stage,
            store.cameras(session.session_id, stage.stage_id),
            store.windows(session.session_id, stage.stage_id),
            min_faces=MIN_FACES,
        )
        for stage in store.stages(session.session_id)
    ]


class _Manifest(msgspec.Struct):
    """What is read of a manifest: the store it is the archive of, and the digest of each file."""

    format: int
    store: str
    files: dict[str, str]


class _Files:
    """The files of an archive, and the manifest that says what is in them."""

    def __init__(self, place: ArchivePlace, store_url: str) -> None:
        self.written = self.removed = 0
        self._place = place
        self._store_url = store_url
        self._there = place.names()
        self._digests: dict[str, str] = {}
        if self._there:
            told = self._manifest()
            if told.store != store_url:
                raise ExportFailed(
                    f"{place.name} is the archive of {told.store}, and this store is {store_url}: choose another "
                    f"place with --archive; if the store has only moved, say so under store in its {MANIFEST}"
                )
            self._digests = told.files
        else:
            # So that a run that is ended leaves an archive, and not files nobody knows.
            self.note()

    def remove_all_but(self, names: set[str]) -> None:
        """Removes the files of sessions that are not there any more, and what a run that was killed half wrote."""
        for name in sorted(self._there - names):
            if name.partition("/")[0] in TABLES:
                self._remove(name)

    def put(self, name: str, content: bytes | None) -> None:
        """Writes a file if it is another than before; None removes it."""
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
        """What the last run noted.

        Raises:
            ExportFailed: there are files, and no manifest of an archive.
        """
        with suppress(msgspec.DecodeError, RecursionError):
            manifest = msgspec.json.decode(self._place.read(MANIFEST) or b"", type=_Manifest)
            if manifest.format == _FORMAT:
                return manifest
        raise ExportFailed(
            f"{self._place.name} holds files, and no {MANIFEST} of an archive this Houselights writes: choose an empty "
            "place with --archive"
        )
