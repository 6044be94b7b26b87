"""Estimates the shares of a recording again, once all of it is stored: what comes after a window counts for it too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from audience.faces import WindowFaces
from audience.reaction.corrected_share import ScoreTable, WholeEstimator
from audience.store import RecordingProgress, Store
from audience.window_table import WindowTable
from audience.windows import Tally, WindowRecord
from edge_lambda.pipeline import CameraKey

BLOCK_WINDOWS: Final = 120
"""Windows whose faces are in memory at once; of 200 faces each some 30 MB."""


def windows_estimated_again(
    store: Store, recording: RecordingProgress, camera: CameraKey, tables: Mapping[str, ScoreTable]
) -> Iterator[list[WindowRecord]]:
    """Estimates the shares of a recording's windows from all of it (`audience.reaction.corrected_share`).

    It rests on the raw tallies and single faces in the store alone, so that doing it twice changes nothing. A window
    whose faces are gone keeps the estimate that it has. Counts, and how long records are kept, stay as they are.

    Args:
        store: where the windows are. The faces are read twice, a block of windows at a time.
        recording: the recording that they are of.
        camera: how long its records are kept.
        tables: of the scorer, by expression.

    Yields:
        Of one block after another, the windows whose estimate is another now, to replace those in the store.
    """
    table = store.windows(recording.session_id, recording.stage_id)
    if not tables or recording.camera_id not in table.cameras:
        return
    table = table.rows(table.camera == table.cameras.index(recording.camera_id))
    blocks = [
        table.rows(np.arange(at, min(at + BLOCK_WINDOWS, len(table)))) for at in range(0, len(table), BLOCK_WINDOWS)
    ]
    estimator = WholeEstimator(tables)
    for block in reversed(blocks):
        estimator.look_back(_faces(store, recording, block))
    for block in blocks:
        row = {start_ms: at for at, start_ms in enumerate(block.start_ms.tolist())}
        faces = _faces(store, recording, block)
        before = [_tallies(block, row[seen.start_ms]) for seen in faces]
        after = estimator.corrected(before, faces)
        yield [
            _record(block, row[seen.start_ms], camera, seen, tallies)
            for seen, earlier, tallies in zip(faces, before, after, strict=True)
            if tallies != earlier
        ]


def _faces(store: Store, recording: RecordingProgress, block: WindowTable) -> list[WindowFaces]:
    """The faces of those windows of a block whose faces are still there."""
    from_ms, until_ms = int(block.start_ms[0]), int(block.start_ms[-1]) + 1
    found = store.faces(recording.session_id, recording.stage_id, from_ms=from_ms, until_ms=until_ms)
    starts = set(block.start_ms.tolist())
    return [seen for seen in found if seen.camera_id == recording.camera_id and seen.start_ms in starts]


def _tallies(table: WindowTable, row: int) -> dict[str, Tally]:
    tallies = {}
    for column, name in enumerate(table.measures):
        if not table.scored[row, column]:
            continue
        estimate, variance = float(table.estimate[row, column]), float(table.variance[row, column])
        tallies[name] = Tally(
            faces=int(table.scored[row, column]),
            total=float(table.total[row, column]),
            squares=float(table.squares[row, column]),
            over=int(table.over[row, column]),
            estimate=None if math.isnan(estimate) else estimate,
            variance=None if math.isnan(variance) else variance,
        )
    return tallies


def _record(
    table: WindowTable, row: int, camera: CameraKey, seen: WindowFaces, tallies: Mapping[str, Tally]
) -> WindowRecord:
    kept_from_ms = None if seen.expires_ms is None else seen.expires_ms - camera.faces_kept_ms
    return WindowRecord(
        session_id=seen.session_id,
        stage_id=seen.stage_id,
        camera_id=seen.camera_id,
        start_ms=seen.start_ms,
        part=seen.part,
        width_ms=table.width_ms,
        faces=int(table.faces[row]),
        expected=int(table.expected[row]),
        tallies=tallies,
        scorer=seen.scorer,
        expires_ms=None if kept_from_ms is None else kept_from_ms + camera.windows_kept_ms,
    )
