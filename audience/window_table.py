"""The windows of one stage as a table of columns, with the sums over cameras and time that views need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.faces import CODES, EXPRESSIONS, MEASURE_OF_CODE, MEASURES
from audience.windows import DEFAULT_WIDTH_MS, WindowRecord, pack_tallies, unpack_tallies

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)

_ROW_COLUMNS = (
    "start_ms",
    "camera",
    "faces",
    "expected",
    "covered",
    "scored",
    "total",
    "squares",
    "over",
    "estimate",
    "variance",
    "spans",
    "scored_spans",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTable:
    """Columns of windows of one stage, one row per window.

    Attributes:
        start_ms: (n,) start of the window, milliseconds since the epoch.
        width_ms: width of every window of this table.
        record_width_ms: width of the summed records; `width_ms` is a multiple of it.
        camera: (n,) index into `cameras`; -1 in rows that were summed over cameras.
        cameras: camera ids.
        faces: (n,) distinct tracks.
        expected: (n,) faces expected.
        covered: (n,) faces that count for coverage: those with scores of expressions, or all where only heads were
            counted; the same where figures are withheld.
        measures: what was measured in any row, in the order of `MEASURES`.
        scored: (n, m) faces it was measured on; fewer than `faces` where a face was not scored, only heads were counted
            or a figure is withheld.
        total: (n, m) Σ confidence.
        squares: (n, m) Σ confidence².
        over: (n, m) faces at or over the threshold.
        estimate: (n, m) faces that show it, corrected for the scorer's errors; NaN unless every record of the row that
            measured it has an estimate.
        variance: (n, m) Σ variance of these estimates, faces²; NaN where `estimate` is. Errors of different cameras are
            independent; those of one face in consecutive windows are not, so a row that sums k spans has the mean
            variance of one, `variance` / `scored_spans`.
        spans: (n,) number of record-width windows that the row sums over time.
        scored_spans: (n, m) number of these in which it was measured.
        scorers: names of the scorers, sorted.
        scorer: (n,) index into `scorers`, -1 for none; None if rows are sums.
    """

    start_ms: Ints
    width_ms: int
    record_width_ms: int
    camera: Ints
    cameras: tuple[str, ...]
    faces: Ints
    expected: Ints
    covered: Ints
    measures: tuple[str, ...]
    scored: Ints
    total: Floats
    squares: Floats
    over: Ints
    estimate: Floats
    variance: Floats
    spans: Ints
    scored_spans: Ints
    scorers: tuple[str, ...]
    scorer: Ints | None = None

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions among `measures`, which come first there."""
        return tuple(name for name in self.measures if name in EXPRESSIONS)

    @classmethod
    def of(cls, records: Iterable[WindowRecord]) -> Self:
        """Builds the table from records of one stage, in any order.

        Raises:
            InvalidValue: the records are of different widths.
        """
        return cls.of_rows(
            [
                (
                    record.start_ms,
                    record.camera_id,
                    record.width_ms,
                    record.faces,
                    record.expected,
                    pack_tallies(record.tallies),
                    record.scorer,
                )
                for record in records
            ]
        )

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, str, int, int, int, bytes, str]]) -> Self:
        """Builds the table from rows as stores read them.

        Args:
            rows: start_ms, camera id, width_ms, faces, expected, packed tallies, scorer.

        Raises:
            InvalidValue: the rows are of different widths, or their tallies are damaged.
        """
        widths = {row[2] for row in rows}
        if len(widths) > 1:
            raise InvalidValue(
                f"one stage has windows of {', '.join(f'{width} ms' for width in sorted(widths))}: use one width"
            )
        width_ms = widths.pop() if widths else DEFAULT_WIDTH_MS
        cameras = tuple(sorted({row[1] for row in rows}))
        camera_index = {camera: index for index, camera in enumerate(cameras)}
        scorers = tuple(sorted({row[6] for row in rows} - {""}))
        scorer_index = {"": -1, **{scorer: index for index, scorer in enumerate(scorers)}}
        faces = np.array([row[3] for row in rows], dtype=np.int64)

        tallies, row_of_tally = unpack_tallies([row[5] for row in rows], faces)
        found = {MEASURE_OF_CODE[code] for code in np.unique(tallies["code"]).tolist()}
        measures = tuple(name for name in MEASURES if name in found)
        column_of_code = np.zeros(256, dtype=np.int64)
        column_of_code[[CODES[name] for name in measures]] = np.arange(len(measures))
        place = row_of_tally * len(measures) + column_of_code[tallies["code"]]

        def column(name: str, dtype: type[Number]) -> NDArray[Number]:
            found = np.zeros(len(rows) * len(measures), dtype=dtype)
            found[place] = tallies[name]
            return found.reshape(len(rows), len(measures))

        scored = column("faces", np.int64)
        by_expression = scored[:, [place for place, name in enumerate(measures) if name in EXPRESSIONS]]
        heads_only = np.array([row[6] == "" for row in rows], dtype=bool)
        table = cls(
            start_ms=np.array([row[0] for row in rows], dtype=np.int64),
            width_ms=width_ms,
            record_width_ms=width_ms,
            camera=np.array([camera_index[row[1]] for row in rows], dtype=np.int64),
            cameras=cameras,
            faces=faces,
            expected=np.array([row[4] for row in rows], dtype=np.int64),
            covered=np.where(heads_only, faces, by_expression.max(axis=1, initial=0)),
            measures=measures,
            scored=scored,
            total=column("total", np.float64),
            squares=column("squares", np.float64),
            over=column("over", np.int64),
            estimate=column("estimate", np.float64),
            variance=column("variance", np.float64),
            spans=np.ones(len(rows), dtype=np.int64),
            scored_spans=(scored > 0).astype(np.int64),
            scorers=scorers,
            scorer=np.array([scorer_index[row[6]] for row in rows], dtype=np.int64),
        )
        return table.rows(np.lexsort((table.camera, table.start_ms)))

    def followed_by(self, later: Self) -> Self:
        """Appends windows of the same stage, all later than these; both as stored.

        Raises:
            InvalidValue: they are of another width.
        """
        if not len(self) or not len(later):
            return later if len(later) else self
        if self.width_ms != later.width_ms or self.scorer is None or later.scorer is None:
            raise InvalidValue(f"one stage has windows of {self.width_ms} ms, {later.width_ms} ms: use one width")
        measures = tuple(name for name in MEASURES if name in {*self.measures, *later.measures})
        cameras = tuple(sorted({*self.cameras, *later.cameras}))
        scorers = tuple(sorted({*self.scorers, *later.scorers}))
        changes: dict[str, Any] = {}
        for name in _ROW_COLUMNS:
            parts = []
            for table in (self, later):
                column = getattr(table, name)
                if column.ndim == 2:
                    wide = np.zeros((len(table), len(measures)), dtype=column.dtype)
                    wide[:, [measures.index(measure) for measure in table.measures]] = column
                    column = wide
                elif name == "camera":
                    column = np.array([cameras.index(camera) for camera in table.cameras], dtype=np.int64)[column]
                parts.append(column)
            changes[name] = np.concatenate(parts)
        # The last place is for windows without a scorer, whose index is -1.
        scorer = np.concatenate(
            [
                np.array([*(scorers.index(one) for one in table.scorers), -1], dtype=np.int64)[table.scorer]
                for table in (self, later)
            ]
        )
        return replace(self, measures=measures, cameras=cameras, scorers=scorers, scorer=scorer, **changes)

    def rows(self, index: Ints | NDArray[np.bool_]) -> Self:
        """Selects rows by a numpy index or mask."""
        everything = index.all() if index.dtype == bool else np.array_equal(index, np.arange(len(self)))
        if everything:
            return self
        scorer = None if self.scorer is None else self.scorer[index]
        return replace(self, scorer=scorer, **{name: getattr(self, name)[index] for name in _ROW_COLUMNS})

    def only(self, index: NDArray[np.bool_]) -> Self:
        """Selects rows by a mask, and drops cameras and scorers that have no row left."""
        kept = self.rows(index)
        seen, camera = np.unique(kept.camera, return_inverse=True)
        scorers, scorer = self.scorers, kept.scorer
        if kept.scorer is not None:
            behind = np.unique(kept.scorer[kept.scorer >= 0])
            scorers = tuple(self.scorers[index] for index in behind.tolist())
            scorer = np.where(kept.scorer >= 0, np.searchsorted(behind, kept.scorer), -1)
        cameras = tuple(self.cameras[index] for index in seen.tolist())
        return replace(kept, camera=camera, cameras=cameras, scorers=scorers, scorer=scorer)

    def without_figures(self, where: NDArray[np.bool_]) -> Self:
        """Removes the scores of some rows; their number of faces stays.

        Args:
            where: mask (n, m), or (n, 1) for all measures of a row.
        """
        if not where.any():
            return self
        return replace(
            self,
            scored=np.where(where, 0, self.scored),
            total=np.where(where, 0.0, self.total),
            squares=np.where(where, 0.0, self.squares),
            over=np.where(where, 0, self.over),
            estimate=np.where(where, 0.0, self.estimate),
            variance=np.where(where, 0.0, self.variance),
            scored_spans=np.where(where, 0, self.scored_spans),
        )

    def by_camera(self) -> Self:
        """Sums the parts of each window: one row per window and camera.

        Raises:
            InvalidValue: the rows are already widened.
        """
        if self.width_ms != self.record_width_ms:
            raise InvalidValue("cameras must be summed before windows are widened")
        return self._summed(self.start_ms, self.camera)

    def over_cameras(self, overlaps: Iterable[frozenset[str]] = ()) -> Self:
        """Sums the stage's cameras and parts: one row per window.

        Cameras of one stage are assumed to watch different people. Of an overlapping group, only the camera with the
        most faces in a window counts in that window (ties: the first by id). Where groups share cameras, they are
        visited by number of faces, most first, and a camera is skipped only if an overlapping one already counts. So
        nobody counts twice, and no camera is skipped for one that does not count itself.

        Args:
            overlaps: groups of camera ids that see some of the same people.

        Raises:
            InvalidValue: the rows are already widened. Which camera counts is decided window by window, so cameras are
                summed before time.
        """
        by_camera = self.by_camera()
        kept = by_camera.rows(~by_camera._superseded({group & set(self.cameras) for group in overlaps}))
        return kept._summed(kept.start_ms, np.full(len(kept), -1, dtype=np.int64))

    def _superseded(self, overlaps: Iterable[frozenset[str]]) -> NDArray[np.bool_]:
        """Mask (n,): whether an overlapping camera counts instead of the row's, given one row per window and camera."""
        superseded = np.zeros(len(self), dtype=bool)
        neighbours = np.zeros((len(self.cameras), len(self.cameras)), dtype=bool)
        for group in overlaps:
            members = [self.cameras.index(camera) for camera in group]
            neighbours[np.ix_(members, members)] = True
        if not neighbours.any():
            return superseded
        starts, window = np.unique(self.start_ms, return_inverse=True)
        row = np.full((len(starts), len(self.cameras)), -1, dtype=np.int64)
        row[window, self.camera] = np.arange(len(self))
        # Cameras without a record in a window come last.
        faces = np.where(row >= 0, self.faces[row], -1)
        here = np.arange(len(starts))
        counted = np.zeros(row.shape, dtype=bool)
        for camera in np.argsort(-faces, axis=1, kind="stable").T:
            recorded = row[here, camera] >= 0
            skipped = recorded & (counted & neighbours[camera]).any(axis=1)
            counted[here, camera] = recorded & ~skipped
            superseded[row[here, camera][skipped]] = True
        return superseded

    def widened(self, width_ms: int) -> Self:
        """Sums rows into wider windows; `spans` then counts the windows in each row.

        Args:
            width_ms: a multiple of this table's width.

        Raises:
            InvalidValue: it is not a multiple.
        """
        if width_ms < self.width_ms or width_ms % self.width_ms:
            raise InvalidValue(f"windows of {self.width_ms} ms cannot be summed into {width_ms} ms")
        wide = self._summed(self.start_ms - self.start_ms % width_ms, self.camera, over_time=True)
        return replace(wide, width_ms=width_ms)

    def _summed(self, start_ms: Ints, camera: Ints, *, over_time: bool = False) -> Self:
        if not len(self):
            return self
        # One combined key, because sorting pairs takes ten times as long.
        places = len(self.cameras) + 1
        key = start_ms * places + (camera + 1)
        # Nearly always the rows are in order, and often there is nothing to sum.
        order = None if (key[1:] >= key[:-1]).all() else np.argsort(key, kind="stable")
        in_order = key if order is None else key[order]
        first = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
        keys = in_order[first]

        def summed(column: NDArray[Number]) -> NDArray[Number]:
            ordered = column if order is None else column[order]
            return ordered if len(keys) == len(self) else np.add.reduceat(ordered, first, axis=0)

        scored = summed(self.scored)
        return replace(
            self,
            scorer=None,
            start_ms=keys // places,
            camera=keys % places - 1,
            faces=summed(self.faces),
            expected=summed(self.expected),
            covered=summed(self.covered),
            scored=scored,
            total=summed(self.total),
            squares=summed(self.squares),
            over=summed(self.over),
            estimate=summed(self.estimate),
            variance=summed(self.variance),
            spans=summed(self.spans) if over_time else np.ones(len(keys), dtype=np.int64),
            scored_spans=summed(self.scored_spans) if over_time else (scored > 0).astype(np.int64),
        )
