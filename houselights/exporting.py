"""Writing a session out as files other programs read: what `houselights export` does."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from audience.curve import StageWindows, stage_windows
from audience.errors import ExportFailed
from audience.exclusions import included_faces
from audience.export import Cell, ExportTable, curve_table, dictionary_table, notes_table, tracks_table
from audience.store import Store

FORMATS = ("csv", "parquet")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: the files, and how many windows had too few faces for a figure."""

    files: tuple[Path, ...]
    windows: int
    withheld: int
    min_faces: tuple[int, ...]


def export_session(
    store: Store,
    session_id: str,
    folder: Path,
    *,
    formats: Sequence[str],
    min_faces: int | None,
    exported_at: datetime,
) -> Exported:
    """Writes a session's curve, tracks, notes, dictionary and manifest; each file whole or not at all.

    Args:
        store: where the session is.
        session_id: which.
        folder: made if it is not there; files of an earlier export are replaced.
        formats: of `FORMATS`.
        min_faces: figures over fewer faces are withheld; None takes the default of each stage.
        exported_at: goes into the manifest.

    Raises:
        SessionNotFound: there is no such session.
        ExportFailed: the folder cannot be written, or Parquet was asked for without pyarrow.
    """
    session = store.session(session_id)
    stages = [
        stage_windows(
            session,
            stage,
            store.cameras(session_id, stage.stage_id),
            store.windows(session_id, stage.stage_id),
            min_faces=min_faces,
        )
        for stage in store.stages(session_id)
    ]
    faces = {
        windows.stage.stage_id: included_faces(
            store.faces(session_id, windows.stage.stage_id), windows.width_ms, windows.stage.exclusions
        )
        for windows in stages
    }
    scorers = store.scorers()
    used = sorted({name for windows in stages for name in windows.table.scorers})
    experimental = sorted({expression for name in used if name in scorers for expression in scorers[name].experimental})
    single_faces = bool(stages) and all(windows.min_faces <= 1 for windows in stages)
    tables = [
        curve_table(stages),
        tracks_table(session_id, faces, single_faces=single_faces),
        notes_table(session_id, [windows.stage for windows in stages]),
    ]
    tables.append(dictionary_table(tables, experimental))

    contents: dict[str, bytes] = {}
    for table in tables:
        if "csv" in formats or table.name == "dictionary":
            contents[f"{table.name}.csv"] = _csv(table)
        if "parquet" in formats and table.name != "dictionary":
            contents[f"{table.name}.parquet"] = _parquet(table)
    manifest = {
        "houselights": version("houselights"),
        "exported_at": exported_at.isoformat(timespec="seconds"),
        "says": "Visible expression, as a scorer sees it; not what people felt.",
        "session": {
            "session_id": session.session_id,
            "title": session.title,
            "kind": session.kind,
            "started_at": session.started_at.isoformat(),
            "ended_at": session.ended_at.isoformat() if session.ended_at else None,
            "simulated": session.simulated,
            "measures": session.mode,
            "why": session.mode_reason,
        },
        "stages": [_stage(windows) for windows in stages],
        "detectors": sorted({recording.detector for recording in store.recordings(session_id)}),
        "scorers": [
            {
                "name": name,
                "thresholds": dict(scorers[name].thresholds),
                "experimental": sorted(scorers[name].experimental),
                "model_sha256": scorers[name].model_sha256,
            }
            for name in used
            if name in scorers
        ],
        "tables": {table.name: len(table) for table in tables},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())},
    }
    contents["manifest.json"] = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    return Exported(
        files=_write(folder, contents),
        windows=sum(len(windows.start_ms) for windows in stages),
        withheld=sum(int(windows.withheld.sum()) for windows in stages if windows.expressions),
        min_faces=tuple(sorted({windows.min_faces for windows in stages})),
    )


def _stage(windows: StageWindows) -> dict[str, object]:
    return {
        "stage_id": windows.stage.stage_id,
        "title": windows.stage.title,
        "audience_size": windows.stage.audience_size,
        "window_s": windows.width_ms / 1000,
        "min_faces": windows.min_faces,
        "cameras": list(windows.table.cameras),
    }


def defused(cell: Cell) -> Cell:
    """The cell as a spreadsheet will show and not run it: text that begins like a formula gets an apostrophe."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _csv(table: ExportTable) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    writer.writerows([defused(cell) for cell in row] for row in zip(*table.values, strict=True))
    return text.getvalue().encode()


def _parquet(table: ExportTable) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ExportFailed(
            "Parquet needs pyarrow: install it with `uv sync --extra export`, or use --format csv"
        ) from None

    def array(cells: Sequence[Cell]) -> Any:
        # An expression nobody was scored for has no type of its own: its column is empty, and of numbers.
        return pa.array(cells, type=pa.float64() if all(cell is None for cell in cells) and cells else None)

    fields: list[Any] = []
    arrays: list[Any] = []
    for column, cells in zip(table.columns, table.values, strict=True):
        values = array(cells)
        about: Mapping[str, str] = {"unit": column.unit, "meaning": column.meaning}
        fields.append(pa.field(column.name, values.type, metadata=about))
        arrays.append(values)
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"houselights": version("houselights")})), sink
    )
    return sink.getvalue()


def _write(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Writes all files beside their places first and renames them last, so that none is ever half there."""
    parts: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            part = folder / f".{name}.part"
            parts.append(part)
            part.write_bytes(content)
        for name, part in zip(contents, parts, strict=True):
            part.replace(folder / name)
    except OSError as problem:
        for part in parts:
            part.unlink(missing_ok=True)
        raise ExportFailed(
            f"{folder} cannot be written: {problem.strerror or problem}; choose another folder with --out"
        ) from None
    return tuple(folder / name for name in contents)
