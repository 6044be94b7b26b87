"""Reads the windows that a board needs from a store, and at each update only those that may have changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audience.board.board import Board, board, reads_from_ms
from audience.board.liveliness import StageSums, stage_sums
from audience.sessions import Camera, Stage
from audience.store import Store
from audience.window_table import WindowTable

SETTLED_MS = 30_000
"""How long windows are re-read at every update; later arrivals are found at the next refresh."""


def read_sums(
    store: Store, session_id: str, *, from_ms: int | None = None, until_ms: int | None = None
) -> list[StageSums]:
    """Reads all stages of a session with their windows that start in [from_ms, until_ms), sorted by id.

    With the windows of a whole day, `board` can be computed for any instant of it.
    """
    return [
        stage_sums(
            stage,
            store.cameras(session_id, stage.stage_id),
            store.windows(session_id, stage.stage_id, from_ms=from_ms, until_ms=until_ms),
        )
        for stage in store.stages(session_id)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedStage:
    """A stage with the sums of its windows that start in [from_ms, until_ms).

    Attributes:
        records: number of these windows.
    """

    stage: Stage
    cameras: list[Camera]
    from_ms: int
    until_ms: int
    records: int
    sums: StageSums


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cache:
    """The stages as read at `read_at_ms`."""

    read_at_ms: int
    stages: list[_CachedStage]


class BoardReader:
    """Computes one session's board repeatedly, with a cache. Not thread-safe.

    Every `refresh_ms` it checks everything the board depends on, including late windows and new stages; in between it
    reads the latest windows only. Older windows of a stage are re-read only if their number, the stage or its cameras
    have changed. An old window that was replaced, which no camera does, is seen within a quarter of an hour.
    """

    def __init__(self, session_id: str, *, refresh_ms: int = 30_000) -> None:
        """Creates the reader without I/O.

        Args:
            session_id: the session.
            refresh_ms: how long older windows are cached; longer where reading costs money.
        """
        self._session_id = session_id
        self._refresh_ms = refresh_ms
        self._cache: _Cache | None = None

    def board(self, store: Store, as_of_ms: int) -> Board:
        """Computes the board at an instant, which should be close to the previous one.

        Args:
            store: where the session is.
            as_of_ms: milliseconds since the epoch.

        Raises:
            SessionNotFound: the session does not exist.
        """
        session = store.session(self._session_id)  # never cached, so that its end is seen at once
        cache = self._cache
        if cache is None or not cache.read_at_ms <= as_of_ms < cache.read_at_ms + self._refresh_ms:
            cache = self._cache = self._read(store, as_of_ms)
        return board(session, [self._extended(store, one, as_of_ms).sums for one in cache.stages], as_of_ms)

    def _read(self, store: Store, as_of_ms: int) -> _Cache:
        before = {one.stage.stage_id: one for one in self._cache.stages} if self._cache else {}
        from_ms, until_ms = reads_from_ms(as_of_ms), as_of_ms - SETTLED_MS
        stages = []
        for stage in store.stages(self._session_id):
            cameras = store.cameras(self._session_id, stage.stage_id)
            one = before.get(stage.stage_id)
            if (
                one is None
                or (one.stage, one.cameras, one.from_ms) != (stage, cameras, from_ms)
                or one.until_ms > until_ms
                or self._count(store, one) != one.records
            ):
                one = self._empty(stage, cameras, from_ms)
            stages.append(self._extended(store, one, until_ms))
        return _Cache(read_at_ms=as_of_ms, stages=stages)

    def _count(self, store: Store, one: _CachedStage) -> int:
        stage_id = one.stage.stage_id
        return store.window_count(self._session_id, stage_id, from_ms=one.from_ms, until_ms=one.until_ms)

    def _empty(self, stage: Stage, cameras: list[Camera], from_ms: int) -> _CachedStage:
        sums = stage_sums(stage, cameras, WindowTable.of([]))
        return _CachedStage(stage=stage, cameras=cameras, from_ms=from_ms, until_ms=from_ms, records=0, sums=sums)

    def _extended(self, store: Store, one: _CachedStage, until_ms: int) -> _CachedStage:
        """Extends a cached stage to a later instant by reading the missing windows."""
        table = store.windows(self._session_id, one.stage.stage_id, from_ms=one.until_ms, until_ms=until_ms)
        return replace(
            one,
            until_ms=until_ms,
            records=one.records + len(table),
            sums=_joined(one.sums, stage_sums(one.stage, one.cameras, table)),
        )


def _joined(old: StageSums, new: StageSums) -> StageSums:
    """Concatenates windows of one stage."""
    if not len(new.end_ms):
        return old
    return replace(
        new,
        end_ms=np.concatenate([old.end_ms, new.end_ms]),
        faces=np.concatenate([old.faces, new.faces]),
        scored=np.concatenate([old.scored, new.scored]),
        total=np.concatenate([old.total, new.total]),
        squares=np.concatenate([old.squares, new.squares]),
        scorers=tuple(sorted({*old.scorers, *new.scorers})),
    )
