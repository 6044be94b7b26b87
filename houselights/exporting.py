"""Exports a session as files for other programs: the work of `houselights export`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from audience.errors import ExportFailed
from audience.exclusions import included_faces
from audience.export.files import csv_bytes, parquet_bytes
from audience.export.manifest import (
    DISCLAIMER,
    recording_entry,
    scorer_entry,
    scorers_behind,
    session_entry,
    stage_entry,
)
from audience.export.tables import SCHEMA, curve_table, dictionary_table, notes_table, tracks_table, transcript_table
from audience.private_files import private_folder, write_private
from audience.sessions import shown_span_ms
from audience.store import Store
from audience.windows import DEFAULT_WIDTH_MS
from houselights.stored_reviews import stored_windows

FORMATS = ("csv", "parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Result of an export: the files, the number of windows with too few faces for a figure, and the number of windows
    left out because they are far outside the session."""

    files: tuple[Path, ...]
    windows: int
    withheld: int
    min_faces: tuple[int, ...]
    outside: int = 0


def export_session(
    store: Store,
    session_id: str,
    folder: Path,
    *,
    formats: Sequence[str],
    min_faces: int | None,
    exported_at: datetime,
    mark: bool = True,
    units: bool = False,
) -> Exported:
    """Writes a session's curve, tracks, notes, transcript, dictionary and manifest. Files are written atomically, and
    only their owner may read them.

    Args:
        store: the store of the session.
        session_id: the session.
        folder: created if it does not exist; files of an earlier export are replaced.
        formats: from `FORMATS`.
        min_faces: figures over fewer faces are withheld; None for the default of each stage.
        exported_at: time for the manifest.
        mark, units: see `csv_bytes`.

    Raises:
        SessionNotFound: there is no such session.
        ExportFailed: the folder cannot be written, or pyarrow is missing for Parquet.
    """
    session = store.session(session_id)
    stages = [stored_windows(store, session, stage, min_faces=min_faces) for stage in store.stages(session_id)]
    from_ms, until_ms = shown_span_ms(session)
    faces = {
        windows.stage.stage_id: included_faces(
            store.faces(session_id, windows.stage.stage_id, from_ms=from_ms, until_ms=until_ms),
            windows.width_ms,
            windows.stage.exclusions,
        )
        for windows in stages
    }
    scorers = scorers_behind(stages, store.scorers(session_id))
    experimental = sorted({expression for scorer in scorers for expression in scorer.experimental})
    single_faces = bool(stages) and all(windows.min_faces <= 1 for windows in stages)
    tables = [
        curve_table(stages),
        tracks_table(
            session_id,
            faces,
            single_faces=single_faces,
            width_ms=max((windows.width_ms for windows in stages), default=DEFAULT_WIDTH_MS),
        ),
        notes_table(session_id, [windows.stage for windows in stages]),
        transcript_table(
            session_id,
            {
                windows.stage.stage_id: said
                for windows in stages
                if (said := store.transcript(session_id, windows.stage.stage_id)) is not None
            },
        ),
    ]
    tables.append(dictionary_table(tables, experimental))

    recordings = store.recordings(session_id)
    contents: dict[str, bytes] = {}
    for table in tables:
        if "csv" in formats or table.name == "dictionary":
            contents[f"{table.name}.csv"] = csv_bytes(table, mark=mark, units=units)
        if "parquet" in formats and table.name != "dictionary":
            contents[f"{table.name}.parquet"] = parquet_bytes(table)
    manifest = {
        "houselights": version("houselights"),
        "schema": SCHEMA,
        "exported_at": exported_at.isoformat(timespec="seconds"),
        "says": DISCLAIMER,
        "session": session_entry(session),
        "stages": [stage_entry(windows) for windows in stages],
        "detectors": sorted({recording.detector for recording in recordings}),
        "recordings": [recording_entry(recording) for recording in recordings],
        "scorers": [scorer_entry(scorer) for scorer in scorers],
        "tables": {table.name: len(table) for table in tables},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())},
    }
    contents["manifest.json"] = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    return Exported(
        files=_write(folder, contents),
        windows=sum(len(windows.start_ms) for windows in stages),
        withheld=sum(int(windows.withheld.sum()) for windows in stages if windows.expressions),
        min_faces=tuple(sorted({windows.min_faces for windows in stages})),
        outside=sum(sum(windows.outside.values()) for windows in stages),
    )


def _write(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Writes all files under temporary names first and then renames them, so that no file is ever incomplete."""
    parts: list[Path] = []
    try:
        private_folder(folder)
        for name, content in contents.items():
            part = folder / f".{name}.part"
            parts.append(part)
            write_private(part, content)
        for name, part in zip(contents, parts, strict=True):
            part.replace(folder / name)
    except OSError as problem:
        for part in parts:
            part.unlink(missing_ok=True)
        raise ExportFailed(
            f"{folder} cannot be written: {problem.strerror or problem}; choose another folder with --out"
        ) from None
    return tuple(folder / name for name in contents)
