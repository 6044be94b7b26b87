"""Rooms of people whose faces are known one by one, made fast: for what single faces give away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from audience.window_table import WindowTable
from tests.builders import BEGAN_MS, SCORER, THRESHOLDS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LENGTH_S = 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a camera might see of some people.

    Attributes:
        confidence: (T, people) of each in each second.
        seen: (T, people) whether the camera finds them.
    """

    confidence: Floats
    seen: Bools

    def table(self, camera: str = "cam-1", only: slice = slice(None)) -> WindowTable:
        """The records of one camera, of all seconds or some."""
        seen = self.seen[only]
        at = np.arange(len(self.seen))[only]
        faces = seen.sum(axis=1)
        total = np.where(seen, self.confidence[only], 0).sum(axis=1)
        squares = np.where(seen, self.confidence[only] ** 2, 0).sum(axis=1)
        over = (seen & (self.confidence[only] >= THRESHOLDS["smile"])).sum(axis=1)
        columns = {"scored": faces, "total": total, "squares": squares, "over": over}
        return WindowTable(
            start_ms=BEGAN_MS + 1000 * at,
            width_ms=1000,
            record_width_ms=1000,
            camera=np.zeros(len(at), dtype=np.int64),
            cameras=(camera,),
            faces=faces,
            expected=faces,
            covered=faces,
            measures=("smile",),
            estimate=np.full((len(at), 1), np.nan),
            variance=np.full((len(at), 1), np.nan),
            spans=np.ones(len(at), dtype=np.int64),
            scored_spans=(faces > 0).astype(np.int64)[:, None],
            scorers=(SCORER,),
            scorer=np.zeros(len(at), dtype=np.int64),
            **{name: values[:, None] for name, values in columns.items()},
        )


@cache
def a_room(people: int, seed: int, *, found: float = 1.0) -> Room:
    """So many people and one more, the last, who is there all the time; `found` is how often a face is detected."""
    rng = np.random.default_rng([seed, people])
    usual = rng.uniform(0.05, 0.95, people + 1)
    own = lfilter([1.0], [1.0, -0.8], rng.normal(0, 0.12, (LENGTH_S, people + 1)), axis=0)
    together = 0.15 * np.sin(np.arange(LENGTH_S) / 60)[:, None]
    confidence = np.clip(usual + together + own, 0, 1)
    return Room(confidence=confidence, seen=rng.uniform(size=confidence.shape) < found)


def with_last(room: Room, there: Bools) -> Room:
    """The room with the last person there only at some seconds."""
    seen = room.seen.copy()
    seen[:, -1] &= there
    return Room(confidence=room.confidence, seen=seen)


def without_last(room: Room) -> Room:
    """The room without the last person."""
    return Room(confidence=room.confidence[:, :-1], seen=room.seen[:, :-1])


def only_last(room: Room) -> Room:
    """The last person alone."""
    return Room(confidence=room.confidence[:, -1:], seen=room.seen[:, -1:])


def together(tables: list[WindowTable]) -> WindowTable:
    """Records of several cameras, or of several parts of one, as one table."""
    names = tuple(sorted({name for table in tables for name in table.cameras}))
    per_row = ("start_ms", "faces", "expected", "covered", "spans", "scorer")
    per_measure = ("scored", "total", "squares", "over", "estimate", "variance", "scored_spans")
    columns = per_row + per_measure
    joined = {name: np.concatenate([getattr(table, name) for table in tables]) for name in columns}
    camera = np.concatenate([np.full(len(table), names.index(table.cameras[0])) for table in tables])
    first = tables[0]
    return WindowTable(
        width_ms=first.width_ms,
        record_width_ms=first.record_width_ms,
        cameras=names,
        camera=camera,
        measures=first.measures,
        scorers=first.scorers,
        **joined,
    ).rows(np.lexsort((camera, joined["start_ms"])))
