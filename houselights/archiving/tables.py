"""Creates the archive's tables from sessions; every figure is a sum of windows that may be shown."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import bounded, is_bounded
from audience.faces import EXPRESSIONS
from audience.reaction.curve import StageWindows
from audience.sessions import Session
from audience.store import ScorerRecord
from audience.time import to_ms
from houselights.archiving.columns import SCORERS, SEGMENTS, SESSIONS, WINDOWS, ArchiveColumn, arrow_schema

Values = Sequence[Any] | NDArray[Any]

_SUMS = ("over", "scored", "total", "estimate", "variance")
Rows = dict[str, Values]


def windows_file(stages: Sequence[StageWindows]) -> bytes | None:
    """The windows of a session's stages, ordered by stage and time; None if there are none."""
    parts = [_windows(windows) for windows in stages if len(windows.place)]
    return _parquet(WINDOWS, parts) if parts else None


def segments_file(stages: Sequence[StageWindows]) -> bytes | None:
    """The segments of each stage's first timeline, in order; None if there are no segments or no windows."""
    parts = [_segments(windows) for windows in stages if len(windows.place) and windows.stage.timelines]
    return _parquet(SEGMENTS, parts) if parts else None


def sessions_file(sessions: Iterable[Session]) -> bytes:
    """The sessions, ordered by id."""
    ordered = sorted(sessions, key=lambda session: session.session_id)
    rows: dict[str, Values] = {
        name: [getattr(session, name) for session in ordered]
        for name in ("session_id", "title", "kind", "film", "cut", "city", "setting", "country", "simulated")
    }
    rows["tags"] = [list(session.tags) for session in ordered]
    rows["started_at"] = [to_ms(session.started_at) for session in ordered]
    rows["ended_at"] = [to_ms(session.ended_at) if session.ended_at else None for session in ordered]
    rows["measures"] = [session.mode for session in ordered]
    return _parquet(SESSIONS, [rows])


def scorers_file(scorers: Iterable[ScorerRecord]) -> bytes:
    """One row per scorer and expression."""
    rows = [
        (scorer.name, expression, threshold, expression in scorer.experimental, scorer.model_sha256)
        for scorer in sorted(scorers, key=lambda scorer: scorer.name)
        for expression, threshold in sorted(scorer.thresholds.items())
    ]
    return _parquet(SCORERS, [{column.name: [row[place] for row in rows] for place, column in enumerate(SCORERS)}])


def _windows(windows: StageWindows) -> Rows:
    table, place = windows.table, windows.place
    rows: dict[str, Values] = {
        **_key(windows, len(place)),
        "window_start": table.start_ms,
        "window_s": np.full(len(place), windows.width_ms / 1000),
        "session_s": windows.session_s[place],
        "timeline_s": windows.timeline_s[place],
        "segment": [windows.segment_title(index) for index in windows.segment[place].tolist()],
        "faces": table.faces,
        "expected": table.expected,
        "excluded": windows.excluded[place],
    }
    return rows | _sums(windows, np.arange(len(place)), len(place))


def _segments(windows: StageWindows) -> Rows:
    timeline, table = windows.stage.timelines[0], windows.table
    segment = windows.segment[windows.place]
    inside = segment >= 0
    count = len(timeline.segments)

    def summed(values: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(segment[inside], weights=values[inside], minlength=count).astype(np.int64)

    rows: dict[str, Values] = {
        **_key(windows, count),
        "timeline": [timeline.title] * count,
        "place": np.arange(count),
        "segment": [windows.segment_title(index) for index in range(count)],
        "start_s": [one.start_s for one in timeline.segments],
        "end_s": [one.end_s for one in timeline.segments],
        "windows": summed(np.ones(len(segment))),
        "faces": summed(table.faces),
        "expected": summed(table.expected),
    }
    return rows | _sums(windows, segment, count)


def _key(windows: StageWindows, count: int) -> dict[str, Values]:
    session = windows.session
    return {
        "session_id": [session.session_id] * count,
        "stage_id": [windows.stage.stage_id] * count,
        "film": [session.film] * count,
        "cut": [session.cut] * count,
        "city": [session.city] * count,
        "scorer": [" ".join(windows.table.scorers)] * count,
    }


def _sums(windows: StageWindows, row: NDArray[np.int64], count: int) -> Rows:
    """The sums of every expression, masked where there is no figure, or where it may not be shown exactly.

    Args:
        windows: a stage's windows.
        row: for each window of the table, the row it is added to, -1 for none.
        count: number of rows.
    """
    table = windows.table
    rows: dict[str, Values] = {}
    for name in EXPRESSIONS:
        if name not in table.expressions:
            rows |= {f"{name}_{what}": [None] * count for what in _SUMS}
            continue
        column = table.expressions.index(name)
        known = (table.scored[:, column] > 0) & (row >= 0)
        sums = {
            what: np.bincount(row[known], weights=getattr(table, what)[known, column], minlength=count)
            for what in (*_SUMS, "scored_spans")
        }
        each = {what: getattr(table, what)[known, column] for what in sums}
        hidden = np.bincount(row[known][_hidden(each, windows)], minlength=count)
        # A single hidden window could be computed by subtracting the others from their segment.
        masked = _hidden(sums, windows) | ((hidden > 0) & (hidden < windows.min_faces)) | (sums["scored"] == 0)
        for what in _SUMS:
            # Rounded to float32: the digits have no meaning, and fewer of them compress better.
            whole = what in ("over", "scored")
            values = sums[what].astype(np.int64) if whole else sums[what].astype(np.float32).astype(np.float64)
            rows[f"{name}_{what}"] = np.ma.masked_array(values, mask=masked | np.isnan(sums[what]))
    return rows


def _hidden(sums: Mapping[str, NDArray[Any]], windows: StageWindows) -> NDArray[np.bool_]:
    """Which sums are of so few faces, and so close to none or all showing an expression, that they would reveal each
    person's state."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [sums[what] / sums["scored"] for what in ("over", "estimate")]
        faces = sums["scored"] / sums["scored_spans"]
    long = sums["scored_spans"] * windows.table.record_width_ms >= 60_000
    none, all_of_them = np.zeros(len(faces)), np.ones(len(faces))
    at_once, over_a_minute = (
        np.any(
            [
                is_bounded(
                    *bounded(share, none, all_of_them, faces=faces, min_faces=windows.min_faces, seconds=seconds)
                )
                for share in shares
            ],
            axis=0,
        )
        for seconds in (0.0, 60.0)
    )
    found: NDArray[np.bool_] = np.where(long, over_a_minute, at_once)
    return found


def _parquet(columns: tuple[ArchiveColumn, ...], parts: Sequence[Rows]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(columns)

    def array(field: Any, values: Values) -> Any:
        if isinstance(values, np.ma.MaskedArray):
            return pa.array(values.data, mask=values.mask, from_pandas=True).cast(field.type)
        if isinstance(values, np.ndarray):
            return pa.array(values, from_pandas=True).cast(field.type)
        return pa.array(values, type=field.type)

    tables = [
        pa.Table.from_arrays([array(field, rows[field.name]) for field in schema], schema=schema) for rows in parts
    ]
    sink = io.BytesIO()
    pq.write_table(pa.concat_tables(tables), sink, compression="zstd")
    return sink.getvalue()
