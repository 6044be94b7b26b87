"""Reads what a board needs out of a store, at every update only what may have changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audience.board.board import Board, board, reads_from_ms
from audience.board.liveliness import StageSums, stage_sums
from audience.sessions import Camera, Stage
from audience.store import Store
from audience.window_table import WindowTable

SETTLED_MS = 30_000
"""Windows are read again at every update for so long; what comes later is looked for at the refreshes."""


def read_sums(
    store: Store, session_id: str, *, from_ms: int | None = None, until_ms: int | None = None
) -> list[StageSums]:
    """All stages of a session with their windows that start in [from_ms, until_ms), in the order of their ids.

    With a whole day of them, `board` tells every instant of it.
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
class _KeptStage:
    """A stage with what its windows that start in [from_ms, until_ms) say.

    Attributes:
        records: how many there were.
    """

    stage: Stage
    cameras: list[Camera]
    from_ms: int
    until_ms: int
    records: int
    sums: StageSums


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What was read at `read_at_ms`."""

    read_at_ms: int
    stages: list[_KeptStage]


class BoardReader:
    """Makes one session's board again and again as time goes on, for one thread.

    Every `refresh_ms` everything the board depends on is looked at anew (late windows and new stages with it), in
    between the last windows only. The older windows of a stage are read again only where their number has changed, or
    the stage or its cameras have. A window that was told anew in its old place, which no camera does once it is
    settled, is seen when the board's past begins anew, once in a quarter of an hour.
    """

    def __init__(self, session_id: str, *, refresh_ms: int = 30_000) -> None:
        """Reads nothing yet.

        Args:
            session_id: whose board.
            refresh_ms: how old the older windows may be; longer where reading costs money.
        """
        self._session_id = session_id
        self._refresh_ms = refresh_ms
        self._kept: _Kept | None = None

    def board(self, store: Store, as_of_ms: int) -> Board:
        """The board at an instant, which is now or near the one asked for before.

        Args:
            store: where the session is.
            as_of_ms: milliseconds since the epoch.

        Raises:
            SessionNotFound: the session is not there.
        """
        session = store.session(self._session_id)  # that it has ended is to be seen at once
        kept = self._kept
        if kept is None or not kept.read_at_ms <= as_of_ms < kept.read_at_ms + self._refresh_ms:
            kept = self._kept = self._read(store, as_of_ms)
        return board(session, [self._upto(store, one, as_of_ms).sums for one in kept.stages], as_of_ms)

    def _read(self, store: Store, as_of_ms: int) -> _Kept:
        before = {one.stage.stage_id: one for one in self._kept.stages} if self._kept else {}
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
                one = self._nothing(stage, cameras, from_ms)
            stages.append(self._upto(store, one, until_ms))
        return _Kept(read_at_ms=as_of_ms, stages=stages)

    def _count(self, store: Store, one: _KeptStage) -> int:
        stage_id = one.stage.stage_id
        return store.window_count(self._session_id, stage_id, from_ms=one.from_ms, until_ms=one.until_ms)

    def _nothing(self, stage: Stage, cameras: list[Camera], from_ms: int) -> _KeptStage:
        sums = stage_sums(stage, cameras, WindowTable.of([]))
        return _KeptStage(stage=stage, cameras=cameras, from_ms=from_ms, until_ms=from_ms, records=0, sums=sums)

    def _upto(self, store: Store, one: _KeptStage, until_ms: int) -> _KeptStage:
        """A stage with its windows up to a later instant, of which those it has not are read."""
        table = store.windows(self._session_id, one.stage.stage_id, from_ms=one.until_ms, until_ms=until_ms)
        return replace(
            one,
            until_ms=until_ms,
            records=one.records + len(table),
            sums=_joined(one.sums, stage_sums(one.stage, one.cameras, table)),
        )


def _joined(old: StageSums, new: StageSums) -> StageSums:
    """Windows of one stage, those of `old` before those of `new`."""
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
