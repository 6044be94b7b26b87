"""Reads what a board needs out of a store, at every update only what may have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audience.board import Board, board, reads_from_ms
from audience.liveliness_sums import StageSums, stage_sums
from audience.sessions import Camera, Stage
from audience.store import Store

SETTLED_MS = 30_000
"""Windows are read again at every update for so long; later ones come in when all is read anew."""


_Watched = tuple[Stage, list[Camera]]


def read_sums(
    store: Store, session_id: str, *, from_ms: int | None = None, until_ms: int | None = None
) -> list[StageSums]:
    """All stages of a session with their windows that start in [from_ms, until_ms), in the order of their ids.

    With a whole day of them, `board` tells every instant of it.
    """
    return _sums(store, session_id, _stages(store, session_id), from_ms, until_ms)


def _stages(store: Store, session_id: str) -> list[_Watched]:
    return [(stage, store.cameras(session_id, stage.stage_id)) for stage in store.stages(session_id)]


def _sums(
    store: Store, session_id: str, stages: Sequence[_Watched], from_ms: int | None, until_ms: int | None
) -> list[StageSums]:
    return [
        stage_sums(stage, cameras, store.windows(session_id, stage.stage_id, from_ms=from_ms, until_ms=until_ms))
        for stage, cameras in stages
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What was read at `read_at_ms`, with the windows that start before `until_ms`."""

    read_at_ms: int
    until_ms: int
    stages: Sequence[_Watched]
    sums: Sequence[StageSums]


class BoardReader:
    """Makes one session's board again and again as time goes on, for one thread.

    Every `refresh_ms` everything the board depends on is read anew (late windows and new stages with it), in between
    the last windows only.
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
        newest = _sums(store, self._session_id, kept.stages, kept.until_ms, as_of_ms)
        return board(session, [_joined(old, new) for old, new in zip(kept.sums, newest, strict=True)], as_of_ms)

    def _read(self, store: Store, as_of_ms: int) -> _Kept:
        stages, until_ms = _stages(store, self._session_id), as_of_ms - SETTLED_MS
        sums = _sums(store, self._session_id, stages, reads_from_ms(as_of_ms), until_ms)
        return _Kept(read_at_ms=as_of_ms, until_ms=until_ms, stages=stages, sums=sums)


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
