"""Creates the archive's tables from sessions; every figure is a sum of windows that may be shown."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import bounded, is_bounded
from audience.faces import EXPRESSIONS
from audience.reaction.curve import StageWindows
from audience.sessions import Session
from audience.store import ScorerRecord
from audience.time import to_ms
from houselights.archiving.columns import SCORERS, SEGMENTS, SESSIONS, WINDOWS, ArchiveColumn, arrow_schema

_GROUP_ROWS: Final = 65_536
"""Rows of a row group: what a reader skips by the least and greatest film, cut or session in it."""

Values = Sequence[Any] | NDArray[Any]

_SUMS = ("over", "scored", "total", "estimate", "variance")
Rows = dict[str, Values]


def windows_table(windows: StageWindows) -> Any:
    """The windows of a stage in the order of time, as a pyarrow table."""
    return _table(WINDOWS, _windows(windows))


def segments_table(windows: StageWindows) -> Any:
    """The segments of a stage's first timeline in order, as a pyarrow table; empty without a timeline or windows."""
    if not len(windows.place) or not windows.stage.timelines:
        return arrow_schema(SEGMENTS).empty_table()
    return _table(SEGMENTS, _segments(windows))


def sessions_table(sessions: Iterable[Session]) -> Any:
    """The sessions, ordered by id, as a pyarrow table."""
    ordered = sorted(sessions, key=lambda session: session.session_id)
    rows: dict[str, Values] = {
        name: [getattr(session, name) for session in ordered]
        for name in ("session_id", "title", "kind", "film", "cut", "city", "setting", "country", "simulated")
    }
    rows["tags"] = [list(session.tags) for session in ordered]
    rows["started_at"] = [to_ms(session.started_at) for session in ordered]
    rows["ended_at"] = [to_ms(session.ended_at) if session.ended_at else None for session in ordered]
    rows["measures"] = [session.mode for session in ordered]
    return _table(SESSIONS, rows)


def scorers_table(scorers: Iterable[ScorerRecord]) -> Any:
    """One row per scorer and expression, as a pyarrow table."""
    rows = [
        (scorer.name, expression, threshold, expression in scorer.experimental, scorer.model_sha256)
        for scorer in sorted(scorers, key=lambda scorer: scorer.name)
        for expression, threshold in sorted(scorer.thresholds.items())
    ]
    return _table(SCORERS, {column.name: [row[place] for row in rows] for place, column in enumerate(SCORERS)})


def changed_scorers(content: bytes | None, scorers: Iterable[ScorerRecord]) -> bytes | None:
    """A file of `scorers` with what a former one holds, and these; None if that is what the former one holds.

    Args:
        content: the former file; None if there is none.
        scorers: they replace those of the same names.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = scorers_table(scorers)
    if content is not None:
        former = read_parquet(content)
        others = former.filter(pc.invert(pc.is_in(former["scorer"], table["scorer"].combine_chunks())))
        table = pa.concat_tables([others, table]).sort_by([("scorer", "ascending"), ("expression", "ascending")])
        if digest(table) == digest(former):
            return None
    return parquet([table])


def parquet(tables: Sequence[Any]) -> bytes:
    """A Parquet file of pyarrow tables of one kind, in this order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.concat_tables(tables), sink, compression="zstd", row_group_size=_GROUP_ROWS)
    return sink.getvalue()


def read_parquet(content: bytes) -> Any:
    """The pyarrow table of a Parquet file."""
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(content))


def digest(*tables: Any) -> str:
    """A digest of the content of pyarrow tables, as 32 hexadecimal digits."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    for table in tables:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()[:32]


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


def _table(columns: tuple[ArchiveColumn, ...], rows: Rows) -> Any:
    import pyarrow as pa

    schema = arrow_schema(columns)

    def array(field: Any, values: Values) -> Any:
        if isinstance(values, np.ma.MaskedArray):
            return pa.array(values.data, mask=values.mask, from_pandas=True).cast(field.type)
        if isinstance(values, np.ndarray):
            return pa.array(values, from_pandas=True).cast(field.type)
        return pa.array(values, type=field.type)

    return pa.Table.from_arrays([array(field, rows[field.name]) for field in schema], schema=schema)
