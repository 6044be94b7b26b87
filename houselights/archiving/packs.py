"""Packs: files of an archive that hold stages of several sessions of a month, so that readers open few files.

A change of a stage rewrites its pack, and no other. So a pack is large enough to be read well and small enough to be
rewritten cheaply.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import msgspec

from houselights.archiving.catalog import (
    BY_STAGE,
    Catalog,
    FileEntry,
    Month,
    SessionEntry,
    StageEntry,
    file_name,
    id_of,
)
from houselights.archiving.columns import TABLES, arrow_schema
from houselights.archiving.tables import parquet, read_parquet

MOST_STAGES: Final = 25
MOST_ROWS: Final = 125_000
"""The stages and windows of a pack; some 8 MB. A stage with more has a pack of its own."""

StageKey = tuple[str, str]
"""A session's id and a stage's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRows:
    """The rows of a stage: pyarrow tables of windows and segments, and its entry's `recordings` and `digest`.

    The digest is of the rows as they were computed: values under nulls differ in those that were read from a file.
    """

    windows: Any
    segments: Any
    recordings: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChange:
    """A session as it is to be in a month of the archive.

    Attributes:
        entry: what is known of it; its stages are those that stay as they are.
        row: its row in `sessions`, a pyarrow table.
        stages: the stages that are new or changed, by id.
    """

    entry: SessionEntry
    row: Any
    stages: Mapping[str, StageRows]


class PackReader:
    """Reads packs of an archive, each once until `forget`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._read: dict[tuple[str, str], dict[StageKey, StageRows]] = {}

    def rows(self, name: str, pack: str) -> dict[StageKey, StageRows]:
        """The rows of all stages in a pack of a month."""
        if (name, pack) not in self._read:
            month = self._catalog.month(name)
            windows, segments = (
                _by_stage(read_parquet(self._catalog.read(file))) if file in month.files else {}
                for file in (file_name(table, name, pack) for table in BY_STAGE)
            )
            none = arrow_schema(TABLES["segments"]).empty_table()
            self._read[name, pack] = {
                stage: StageRows(
                    windows=windows[stage],
                    segments=segments.get(stage, none),
                    recordings=entry.recordings,
                    digest=entry.digest,
                )
                for stage, entry in _stages(month).items()
                if entry.pack == pack
            }
        return self._read[name, pack]

    def forget(self) -> None:
        """Frees the memory of all packs."""
        self._read.clear()


def changed_month(
    catalog: Catalog, reader: PackReader, name: str, changes: Mapping[str, SessionChange | None]
) -> Month:
    """Writes the files of a month in which sessions change: the packs of stages that are new, change or go.

    Args:
        catalog: the archive. The month is not put into it.
        reader: reads its packs.
        name: the month.
        changes: by session id; None removes the session.

    Returns:
        The month as it is to be.
    """
    month = catalog.month(name)
    known = _stages(month)
    changed = {(one, stage): rows for one, change in changes.items() if change for stage, rows in change.stages.items()}
    gone = {
        (one, stage)
        for one, stage in known
        if one in changes and ((change := changes[one]) is None or stage not in change.entry.stages)
    }
    touched = {known[stage].pack for stage in gone}
    room = _open_pack(known, touched) if changed.keys() - known.keys() else None
    if room is not None and not _fills(changed.values()):
        touched.add(room)
    moved = {stage: rows for pack in touched for stage, rows in reader.rows(name, pack).items() if stage not in gone}
    entries = {stage: entry for stage, entry in known.items() if entry.pack not in touched}
    files = {file: entry for file, entry in month.files.items() if id_of(file) not in touched}
    for pack in _cut({**moved, **changed}):
        pack_id = catalog.new_id()
        files |= _write_pack(catalog, name, pack_id, list(pack.values()))
        for stage, rows in pack.items():
            entries[stage] = StageEntry(
                pack=pack_id, digest=rows.digest, windows=len(rows.windows), recordings=rows.recordings
            )
    sessions = {one: entry for one, entry in month.sessions.items() if one not in changes}
    sessions |= {one: change.entry for one, change in changes.items() if change}
    stages_of: dict[str, dict[str, StageEntry]] = {one: {} for one in sorted(sessions)}
    for (one, stage_id), entry in sorted(entries.items()):
        stages_of[one][stage_id] = entry
    return Month(
        sessions={one: msgspec.structs.replace(sessions[one], stages=stages) for one, stages in stages_of.items()},
        files=_with_sessions(catalog, name, files, changes),
    )


def _stages(month: Month) -> dict[StageKey, StageEntry]:
    return {(one, stage_id): entry for one, of in month.sessions.items() for stage_id, entry in of.stages.items()}


def _open_pack(known: Mapping[StageKey, StageEntry], touched: set[str]) -> str | None:
    """The pack with the most room for further stages, besides those that are rewritten; None if all are full."""
    held: dict[str, list[int]] = {}
    for entry in known.values():
        if entry.pack not in touched:
            held.setdefault(entry.pack, []).append(entry.windows)
    rows = {pack: sum(of) for pack, of in held.items() if len(of) < MOST_STAGES and sum(of) < MOST_ROWS}
    return min(rows, key=lambda pack: (rows[pack], pack)) if rows else None


def _fills(stages: Collection[StageRows]) -> bool:
    """Whether these stages fill a pack without others."""
    return len(stages) >= MOST_STAGES or sum(len(rows.windows) for rows in stages) >= MOST_ROWS


def _cut(stages: Mapping[StageKey, StageRows]) -> Iterator[dict[StageKey, StageRows]]:
    """Cuts stages into packs, in the order of session and stage."""
    pack: dict[StageKey, StageRows] = {}
    rows = 0
    for stage in sorted(stages):
        count = len(stages[stage].windows)
        if pack and (len(pack) == MOST_STAGES or rows + count > MOST_ROWS):
            yield pack
            pack, rows = {}, 0
        pack[stage] = stages[stage]
        rows += count
    if pack:
        yield pack


def _write_pack(catalog: Catalog, name: str, pack: str, stages: Sequence[StageRows]) -> dict[str, FileEntry]:
    files = {}
    for table in BY_STAGE:
        tables = [rows for one in stages if len(rows := getattr(one, table))]
        if tables:
            file = file_name(table, name, pack)
            files[file] = catalog.write(file, parquet(tables))
    return files


def _with_sessions(
    catalog: Catalog, name: str, files: dict[str, FileEntry], changes: Mapping[str, SessionChange | None]
) -> dict[str, FileEntry]:
    """The files of a month with `sessions` as it is after some changes; it is only written if rows change."""
    import pyarrow as pa
    import pyarrow.compute as pc

    month = catalog.month(name)
    if all(
        change and one in month.sessions and change.entry.digest == month.sessions[one].digest
        for one, change in changes.items()
    ):
        return files
    kept = {file: entry for file, entry in files.items() if not file.startswith("sessions/")}
    rows = [read_parquet(catalog.read(file)) for file in files.keys() - kept.keys()]
    others = [
        table.filter(pc.invert(pc.is_in(table["session_id"], pa.array(list(changes), pa.string())))) for table in rows
    ]
    tables = [table for table in (*others, *(change.row for change in changes.values() if change)) if len(table)]
    if tables:
        file = file_name("sessions", name, catalog.new_id())
        kept[file] = catalog.write(file, parquet([pa.concat_tables(tables).sort_by("session_id")]))
    return kept


def _by_stage(table: Any) -> dict[StageKey, Any]:
    """The rows of each stage. A pack holds the rows of a stage one after the other."""
    ids = list(zip(table["session_id"].to_pylist(), table["stage_id"].to_pylist(), strict=True))
    starts = [place for place, stage in enumerate(ids) if place == 0 or stage != ids[place - 1]]
    return {ids[start]: table.slice(start, end - start) for start, end in pairwise([*starts, len(ids)]) if end > start}
