"""The catalog of an archive: which files belong to it, and which session's rows are in which of them.

`manifest.json` names a description of each month, and each description names its files. Descriptions and data files
are never changed, only replaced by others, and a change becomes valid when `manifest.json` is replaced, which one
program at a time can do. So an archive is consistent whenever a run stops, and two runs at once cannot damage it: the
later one takes over, and the earlier one ends at its next change.

A file in `ids/`, written at a run's end, tells in which month a session is; months that changed since are looked
through.

Athena reads lists of files instead (`lists/`), one for each table and month, which are replaced after `manifest.json`
and before any file is removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from typing import Final
from uuid import uuid4

import msgspec

from audience.disclosure import MIN_FACES
from audience.errors import ExportFailed
from audience.export.manifest import DISCLAIMER
from audience.time import to_ms
from houselights.archiving.columns import TABLES
from houselights.archiving.places import ArchivePlace

MANIFEST: Final = "manifest.json"
DICTIONARY: Final = "dictionary.json"
BY_STAGE: Final = ("windows", "segments")
"""Tables whose files hold stages of several sessions; `sessions` has one file a month, `scorers` one in all."""

_FORMAT: Final = 2
_MONTHLY: Final = (*BY_STAGE, "sessions")
_FOLDERS: Final = (*TABLES, "months", "ids")
_HASH_BYTES: Final = 4


class StageEntry(msgspec.Struct, kw_only=True, frozen=True):
    """A stage in the archive.

    Attributes:
        pack: the files that hold its rows.
        digest: of its rows.
        windows: number of its rows in `windows`.
        recordings: which recordings were scored for it; a stage that is scored anew is taken from the store as it is.
    """

    pack: str
    digest: str
    windows: int
    recordings: str


class SessionEntry(msgspec.Struct, kw_only=True, frozen=True):
    """A session in the archive.

    Attributes:
        digest: of its row in `sessions`.
        read_ms: when the store was last read for it, milliseconds since the epoch.
        set_up_ms: `Session.set_up_at`, milliseconds since the epoch; None if unknown.
        stages: its stages with windows, by id.
    """

    digest: str
    read_ms: int
    set_up_ms: int | None
    stages: dict[str, StageEntry]

    def is_of(self, set_up_at: datetime | None) -> bool:
        """Whether this is the session of that time, and not one that was deleted and set up again under its id."""
        return self.set_up_ms is None or set_up_at is None or self.set_up_ms == to_ms(set_up_at)


class FileEntry(msgspec.Struct, kw_only=True, frozen=True):
    """The SHA-256 and the length of a file in bytes."""

    sha256: str
    bytes: int


class Month(msgspec.Struct, kw_only=True, frozen=True):
    """The sessions that began in a month, and its files.

    Attributes:
        sessions: by id.
        files: by name.
    """

    sessions: dict[str, SessionEntry] = {}
    files: dict[str, FileEntry] = {}


class _MonthEntry(msgspec.Struct, kw_only=True, frozen=True):
    """A month in the manifest.

    Attributes:
        description: the name of its description.
        ids: of all its files: the description's own, `sessions`, and packs.
        members: another text whenever other sessions are in it; "" in what an earlier version wrote.
    """

    description: str
    ids: list[str]
    members: str = ""


class _MonthIds(msgspec.Struct, kw_only=True, frozen=True, array_like=True):
    """Hashes of the ids of a month's sessions, one after the other, and its `members` when they were written."""

    members: str
    hashes: bytes


class _Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """What `manifest.json` holds.

    Attributes:
        format, store, houselights: version of the format, URL of the store, version that wrote it.
        run: id of the latest run.
        since_ms: changes of the store up to here are in the archive, milliseconds since the epoch; None before the
            first run ended.
        unfinished_ms: when the first of the runs began that have not ended since; None if the last one ended.
        months: by name.
        unlisted: the months whose lists may not be written yet.
        refused: ids of sessions that the last run could not archive wholly; the next one looks at them again.
        scorers: id of the file of `scorers`; "" if there is none.
        index: id of the file in `ids`, by which a session's month is found; "" if there is none.
    """

    format: int
    store: str
    houselights: str
    run: str
    since_ms: int | None = None
    unfinished_ms: int | None = None
    months: dict[str, _MonthEntry] = {}
    unlisted: list[str] = []
    refused: list[str] = []
    scorers: str = ""
    index: str = ""


class Catalog:
    """The catalog of an archive, open for one run, which ends every earlier one.

    Args:
        place: where the archive is.
        store_url: its store.
        now_ms: when this run began, milliseconds since the epoch.

    Raises:
        ExportFailed: the place cannot be read or written, or contains other files or the archive of another store.
    """

    def __init__(self, place: ArchivePlace, store_url: str, now_ms: int) -> None:
        self.written = self.removed = 0
        self._place = place
        self._now_ms = now_ms
        self._run = uuid4().hex[:12]
        self._made = 0
        self._known: dict[str, Month] = {}
        self._index: dict[str, _MonthIds] | None = None
        found = place.read_state(MANIFEST)
        self._version = found[1] if found else None
        last = self._last_manifest(found[0] if found else None, store_url)
        # Resuming: what an unfinished run has read since it began need not be read again.
        self.refused = tuple(last.refused) if last else ()
        self.since_ms = last.since_ms if last else None
        self.unfinished_ms = last.unfinished_ms if last else None
        self._manifest = last or _Manifest(
            format=_FORMAT, store=store_url, houselights=version("houselights"), run=self._run
        )
        unlisted = self._manifest.unlisted
        began_ms = now_ms if self.unfinished_ms is None else self.unfinished_ms
        self._replace(run=self._run, unfinished_ms=began_ms, houselights=version("houselights"))
        if last is None or last.houselights != version("houselights"):
            place.write(DICTIONARY, _dictionary())
        names = place.names()
        if unlisted:
            self._list(unlisted)
        if self._manifest.scorers:
            self._list_scorers()
        self._sweep(names)

    @property
    def months(self) -> list[str]:
        """The months that have sessions, in order."""
        return sorted(self._manifest.months)

    def month(self, name: str) -> Month:
        """What is in a month; empty if nothing is."""
        if name not in self._known:
            entry = self._manifest.months.get(name)
            content = self._place.read(entry.description) if entry else b"{}"
            try:
                self._known[name] = msgspec.json.decode(content or b"", type=Month)
            except msgspec.DecodeError:
                raise self._broken() from None
        return self._known[name]

    def month_with(self, session_id: str) -> str | None:
        """The month in which the archive has a session; None if it does not.

        Reads the index of ids, and the descriptions of months which may have it: those that the index does not know as
        they are now, and where an id has the same hash.
        """
        hashed = _hash(session_id)
        for name in self.months:
            indexed = None if name in self._known else self._ids_of(name)
            if (indexed is None or hashed in indexed.hashes) and session_id in self.month(name).sessions:
                return name
        return None

    def new_id(self) -> str:
        """An id for files that no other run uses."""
        self._made += 1
        return f"{self._run}-{self._made}"

    def read(self, name: str) -> bytes:
        """The content of a file of the archive.

        Raises:
            ExportFailed: it is gone, because another run began or somebody removed it.
        """
        content = self._place.read(name)
        if content is None:
            raise ExportFailed(
                f"{name} is missing in {self._place.name}: if another run was going on, run the command again"
            )
        return content

    def write(self, name: str, content: bytes) -> FileEntry:
        """Writes a file under a new name. It belongs to the archive once a month names it."""
        self._place.write(name, content)
        self.written += 1
        return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

    def put(self, months: Mapping[str, Month]) -> None:
        """Replaces months, whose files are written, in one step, and removes the files that they had and now have not.

        Args:
            months: by name. Lists of files are replaced in this order: a month that a session leaves comes before the
                one that it moves to, so that no reader of lists finds it in both.

        Raises:
            ExportFailed: another run began. Files that this one wrote for the months are removed.
        """
        entries = dict(self._manifest.months)
        descriptions = []
        members = {name: entry.members for name in months if (entry := entries.get(name))}
        before = {file for name in months for file in self.month(name).files}
        former = [entry.description for name in months if (entry := entries.pop(name, None))]
        after = {file for month in months.values() for file in month.files}
        for name, month in months.items():
            if month.sessions:
                description = f"months/{name}/{self.new_id()}.json"
                self._place.write(description, msgspec.json.encode(month))
                are_same = month.sessions.keys() == self.month(name).sessions.keys()
                entries[name] = _MonthEntry(
                    description=description,
                    ids=sorted({id_of(file) for file in month.files}),
                    members=(are_same and members.get(name)) or id_of(description),
                )
                descriptions.append(description)
        try:
            self._replace(months=dict(sorted(entries.items())), unlisted=sorted(months))
        except _AnotherRun:
            for file in (*(after - before), *descriptions):
                self._place.remove(file)
            raise
        self._known |= months
        self._list(months)
        for file in sorted(before - after):
            self._place.remove(file)
            self.removed += 1
        for description in former:
            self._place.remove(description)

    def scorers(self) -> bytes | None:
        """The content of the file of `scorers`; None if there is none."""
        return self.read(_scorers(self._manifest.scorers)) if self._manifest.scorers else None

    def put_scorers(self, content: bytes) -> None:
        """Replaces the file of `scorers`."""
        last, new = self._manifest.scorers, self.new_id()
        self.write(_scorers(new), content)
        self._replace(scorers=new)
        self._list_scorers()
        if last:
            self._place.remove(_scorers(last))
            self.removed += 1

    def finish(self, refused: Iterable[str]) -> None:
        """Notes that all changes up to the beginning of this run, or of the one it resumed, are in the archive.

        Args:
            refused: ids of sessions that are not.
        """
        last = self._manifest.index
        self._replace(
            since_ms=self._manifest.unfinished_ms,
            unfinished_ms=None,
            unlisted=[],
            refused=sorted(refused),
            index=self._written_index(),
        )
        if last not in ("", self._manifest.index):
            self._place.remove(_index(last))

    def _ids_of(self, name: str) -> _MonthIds | None:
        """The ids of a month in the index; None where it does not have them as they are now."""
        if self._index is None:
            content = self._place.read(_index(self._manifest.index)) if self._manifest.index else None
            self._index = {}
            with suppress(msgspec.DecodeError):
                self._index = msgspec.msgpack.decode(content or b"\x80", type=dict[str, _MonthIds])
        found, entry = self._index.get(name), self._manifest.months[name]
        return found if found is not None and entry.members and found.members == entry.members else None

    def _written_index(self) -> str:
        """The id of the index of all months as they are now, which is written unless it is the one there is."""
        members = {name: entry.members for name, entry in self._manifest.months.items()}
        new = hashlib.sha256(repr(members).encode()).hexdigest()[:16] if members else ""
        if new not in ("", self._manifest.index):
            made = {
                name: self._ids_of(name)
                or _MonthIds(members=members[name], hashes=b"".join(sorted(map(_hash, self.month(name).sessions))))
                for name in members
            }
            self._place.write(_index(new), msgspec.msgpack.encode(made))
        return new

    def _last_manifest(self, content: bytes | None, store_url: str) -> _Manifest | None:
        """The manifest of the last run; None for a new archive, or one in an earlier version's files."""
        if content is None:
            if self._place.names():
                raise self._broken()
            return None
        with suppress(msgspec.DecodeError, RecursionError):
            head = msgspec.json.decode(content, type=_Head)
            if head.store != store_url:
                raise ExportFailed(
                    f"{self._place.name} is the archive of {head.store}, and this store is {store_url}: choose another "
                    f"place with --archive; if the store was moved, change `store` in its {MANIFEST}"
                )
            if head.format == 1:
                return None
            if head.format == _FORMAT:
                return msgspec.json.decode(content, type=_Manifest)
        raise self._broken()

    def _broken(self) -> ExportFailed:
        return ExportFailed(
            f"{self._place.name} contains files, but no {MANIFEST} of an archive that this version writes: choose an "
            "empty place with --archive"
        )

    def _replace(self, **changes: object) -> None:
        manifest = msgspec.structs.replace(self._manifest, **changes)
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        new = self._place.replace(MANIFEST, content, self._version)
        if new is None:
            # It may have been this one, whose first attempt was not answered.
            found = self._place.read_state(MANIFEST)
            if found is None or found[0] != content:
                raise self._another_run()
            new = found[1]
        self._manifest, self._version = manifest, new

    def _another_run(self) -> _AnotherRun:
        return _AnotherRun(
            f"another run is changing the archive in {self._place.name}: this one stops, and nothing is lost"
        )

    def _list(self, months: Iterable[str]) -> None:
        """Replaces the lists of months. One without files is empty, not removed: what is removed late could be another
        run's."""
        self._write_lists(
            {
                f"lists/{table}/month={month}/files.txt": [
                    name for name in self.month(month).files if name.startswith(f"{table}/")
                ]
                for month in months
                for table in _MONTHLY
            }
        )

    def _list_scorers(self) -> None:
        self._write_lists({"lists/scorers/files.txt": [_scorers(self._manifest.scorers)]})

    def _write_lists(self, lists: Mapping[str, list[str]]) -> None:
        """Replaces lists of files, unless another run began: a list that it replaced since is no longer at its version.

        Raises:
            ExportFailed: another run began.
        """
        left = dict(lists)
        while left:
            found = {name: self._place.read_state(name) for name in left}
            manifest = self._place.read_state(MANIFEST)
            if manifest is None or manifest[1] != self._version:
                raise self._another_run()
            for name, last in found.items():
                content = "".join(f"{self._place.link(file)}\n" for file in sorted(left[name])).encode()
                is_there = last is not None and last[0] == content
                if is_there or self._place.replace(name, content, last[1] if last else None) is not None:
                    del left[name]

    def _sweep(self, names: Iterable[str]) -> None:
        """Removes files of interrupted runs, and of earlier versions once their sessions are in this one's files."""
        months = self._manifest.months
        ids = {one for month in months.values() for one in (*month.ids, id_of(month.description))}
        ids |= {self._manifest.scorers, self._manifest.index}
        for name in sorted(names):
            if name.partition("/")[0] in _FOLDERS and id_of(name) not in ids:
                self._place.remove(name)
                self.removed += 1


class _AnotherRun(ExportFailed):
    """Another run of the same archive began."""


class _Head(msgspec.Struct):
    format: int
    store: str


def file_name(table: str, month: str, file_id: str) -> str:
    """The name of a data file of a month."""
    return f"{table}/month={month}/{file_id}.parquet"


def _scorers(file_id: str) -> str:
    return f"scorers/{file_id}.parquet"


def _index(file_id: str) -> str:
    return f"ids/{file_id}.msgpack"


def _hash(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()[:_HASH_BYTES]


def id_of(name: str) -> str:
    """The id in the name of a file."""
    return name.rpartition("/")[2].partition(".")[0]


def _dictionary() -> bytes:
    tables: Mapping[str, object] = {
        table: [{"name": one.name, "type": one.kind, "unit": one.unit, "meaning": one.meaning} for one in columns]
        for table, columns in TABLES.items()
    }
    content = {"says": DISCLAIMER, "min_faces": MIN_FACES, "tables": tables}
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
