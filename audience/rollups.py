"""Roll-ups: sums of a minute and of ten minutes of one stage, recomputed from its windows, never incremented.

A roll-up sums the stage's cameras and holds figures that may be shown whatever else is recorded: those of one camera's
window over `SURE_FACES` or more (`audience.disclosure`). Faces in view are summed over all windows. Where figures of
fewer faces were left out, `scored_spans` is below `spans`; whether they may be shown only the windows can say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from audience.disclosure import MIN_FACES, SMALL_ROOM, withheld
from audience.errors import InvalidValue
from audience.faces import MEASURES
from audience.sessions import MINUTE_MS, Camera, overlapping
from audience.window_table import Floats, WindowTable

TEN_MINUTES_MS: Final = 600_000

RollupWidth = Literal[60_000, 600_000]

SURE_FACES: Final = SMALL_ROOM + MIN_FACES
"""Faces from which on a figure of one camera's window is always shown: in a small room, whose usual number is at most
`SMALL_ROOM`, those of at least `MIN_FACES` more are, and in a larger one those of more than `SMALL_ROOM`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureSums:
    """Sums of one measure, as the columns of `WindowTable`; None for an estimate that not every record has."""

    scored: int
    over: int
    total: float
    squares: float
    estimate: float | None
    variance: float | None
    scored_spans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """One row of a roll-up, as stores keep it.

    Attributes:
        start_ms: start, milliseconds since the epoch.
        record_width_ms: width of the windows that were summed.
        faces, expected, covered, spans: see `WindowTable`.
        scorers: names of the scorers of these windows, sorted.
        sums: by measure.
        expires_ms: when the last of these windows expires, milliseconds since the epoch; None for never.
    """

    start_ms: int
    record_width_ms: int
    faces: int
    expected: int
    covered: int
    spans: int
    scorers: tuple[str, ...]
    sums: Mapping[str, MeasureSums]
    expires_ms: int | None = None


def rolled_up(table: WindowTable, cameras: Iterable[Camera]) -> WindowTable | None:
    """Sums a stage's windows over its cameras and into minutes; see the module's description.

    Args:
        table: all windows of the minutes, as stored.
        cameras: the stage's cameras, which name those they overlap with.

    Returns:
        One row a minute; None where the windows cannot be summed into minutes, because of their width.
    """
    if table.width_ms > MINUTE_MS or MINUTE_MS % table.width_ms:
        return None
    cells = withheld(table, MIN_FACES).by_camera()
    return cells.without_figures(cells.scored < SURE_FACES).over_cameras(overlapping(cameras)).widened(MINUTE_MS)


def minute_rollup(table: WindowTable, cameras: Iterable[Camera], expires_ms: int | None) -> Rollup | None:
    """The roll-up of one minute; None if nothing was recorded, or its windows cannot be summed into minutes.

    Args:
        table: all windows of the minute, as stored.
        cameras: the stage's cameras.
        expires_ms: when the last of these windows expires; None for never.
    """
    minutes = rolled_up(table, cameras)
    return next(iter(rollup_rows(minutes, expires_ms)), None) if minutes is not None else None


def ten_minute_rollup(minutes: Sequence[Rollup]) -> Rollup | None:
    """Sums the roll-ups of the minutes of ten minutes; None if there are none, or their windows differ in width."""
    if not minutes:
        return None
    try:
        table = rollup_table(minutes, MINUTE_MS).widened(TEN_MINUTES_MS)
    except InvalidValue:
        return None
    ends = [one.expires_ms for one in minutes]
    expires_ms = None if None in ends else max(end for end in ends if end is not None)
    return rollup_rows(table, expires_ms)[0]


def rollup_rows(table: WindowTable, expires_ms: int | None) -> list[Rollup]:
    """The rows of a table that was summed over cameras and time."""
    return [
        Rollup(
            start_ms=int(table.start_ms[row]),
            record_width_ms=table.record_width_ms,
            faces=int(table.faces[row]),
            expected=int(table.expected[row]),
            covered=int(table.covered[row]),
            spans=int(table.spans[row]),
            scorers=table.scorers,
            sums={
                name: MeasureSums(
                    scored=int(table.scored[row, column]),
                    over=int(table.over[row, column]),
                    total=float(table.total[row, column]),
                    squares=float(table.squares[row, column]),
                    estimate=_known(table.estimate[row, column]),
                    variance=_known(table.variance[row, column]),
                    scored_spans=int(table.scored_spans[row, column]),
                )
                for column, name in enumerate(table.measures)
                if table.scored[row, column]
            },
            expires_ms=expires_ms,
        )
        for row in range(len(table))
    ]


def rollup_table(rows: Sequence[Rollup], width_ms: int) -> WindowTable:
    """Builds a table from roll-ups of one stage and width, sorted by start.

    Raises:
        InvalidValue: the windows they sum are of different widths.
    """
    widths = {row.record_width_ms for row in rows}
    if len(widths) > 1:
        raise InvalidValue(f"one stage has windows of {len(widths)} widths: use one width")
    found = {name for row in rows for name in row.sums}
    measures = tuple(name for name in MEASURES if name in found)

    def counts(name: str) -> list[list[int]]:
        return [[getattr(row.sums[one], name) if one in row.sums else 0 for one in measures] for row in rows]

    def sums(name: str) -> Floats:
        values = [
            [_number(getattr(row.sums[one], name)) if one in row.sums else 0.0 for one in measures] for row in rows
        ]
        return np.array(values, dtype=np.float64).reshape(len(rows), len(measures))

    def whole(values: list[list[int]]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        return np.array(values, dtype=np.int64).reshape(len(rows), len(measures))

    return WindowTable(
        start_ms=np.array([row.start_ms for row in rows], dtype=np.int64),
        width_ms=width_ms,
        record_width_ms=widths.pop() if widths else width_ms,
        camera=np.full(len(rows), -1, dtype=np.int64),
        cameras=(),
        faces=np.array([row.faces for row in rows], dtype=np.int64),
        expected=np.array([row.expected for row in rows], dtype=np.int64),
        covered=np.array([row.covered for row in rows], dtype=np.int64),
        measures=measures,
        scored=whole(counts("scored")),
        total=sums("total"),
        squares=sums("squares"),
        over=whole(counts("over")),
        estimate=sums("estimate"),
        variance=sums("variance"),
        spans=np.array([row.spans for row in rows], dtype=np.int64),
        scored_spans=whole(counts("scored_spans")),
        scorers=tuple(sorted({name for row in rows for name in row.scorers})),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
