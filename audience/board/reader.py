"""Reads the windows that a board needs from a store, and at each update only those that may have changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np

from audience.board.board import Board, board, reads_from_ms
from audience.board.liveliness import LIVELY, StageSums, stage_sums
from audience.exclusions import excluded_windows
from audience.sessions import MINUTE_MS, Camera, Session, Stage
from audience.store import Store
from audience.window_table import WindowTable

SETTLED_MS = 30_000
"""How old windows are when they count as settled; what comes later is found at the next refresh."""

WHOLE_MS: Final = 15_000
"""How often all windows that have not settled are read again, for those that came after newer ones of their camera."""

RECENT_MS: Final = 2 * MINUTE_MS
"""How much of the past is read from windows where there are many cameras; what is older comes from roll-ups."""

FIRST_MS: Final = 30_000
"""How much of that is read for the first picture: enough for figures. The rest follows stage by stage (`WHOLE_MS`)."""

MOST_WINDOWS: Final = 60_000
"""The most windows of its past that a reader reads itself; where there are more it takes roll-ups."""

Argument = TypeVar("Argument")
Result = TypeVar("Result")


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
class CachedStage:
    """A stage with the sums of its windows that start in [from_ms, until_ms).

    Attributes:
        records: number of these windows; None where some of them were roll-ups, or were read by another process.
    """

    stage: Stage
    cameras: list[Camera]
    from_ms: int
    until_ms: int
    records: int | None
    sums: StageSums


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cache:
    """The stages as read at `read_at_ms`."""

    read_at_ms: int
    stages: list[CachedStage]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentWindows:
    """What a stage has since it had settled, as of the last update.

    Attributes:
        since_ms, at_ms: from when on and until when its windows were read, milliseconds since the epoch.
        whole_ms: when all of these were read last.
        newest_ms: by camera, the start of its newest window.
        sums: the windows.
    """

    since_ms: int
    at_ms: int
    whole_ms: int
    newest_ms: Mapping[str, int]
    sums: StageSums


class BoardReader:
    """Computes one session's board repeatedly, with a cache. Not thread-safe.

    An update reads each stage from the oldest of its cameras' newest windows on, since a camera delivers in order;
    every `WHOLE_MS` it reads all that have not settled. Every `refresh_ms` it checks everything the board depends on,
    including late windows and new stages. Settled windows of a stage are re-read only if their number, the stage or its
    cameras have changed. An old window that was replaced, which no camera does, is seen within a quarter of an hour.

    With `by_rollups`, stages whose past has too many windows (`MOST_WINDOWS`) begin with roll-ups instead, which are
    spread over their minutes. Windows of these that come later than `SETTLED_MS`, or more than `WHOLE_MS` after newer
    ones of their camera, may then be missing from the board.
    """

    def __init__(
        self,
        session_id: str,
        *,
        refresh_ms: int = 30_000,
        by_rollups: bool = False,
        among: Collection[str] | None = None,
        at_once: int = 1,
        early_ms: int = 0,
    ) -> None:
        """Creates the reader without I/O.

        Args:
            session_id: the session.
            refresh_ms: how long older windows are cached; longer where reading costs money.
            by_rollups: whether a long past may come from roll-ups.
            among: ids of the stages to read; None for all.
            at_once: stages that are read at once; over 1 only where the store may be used by several threads.
            early_ms: how much sooner the first refresh comes, so that several readers take turns.
        """
        self._session_id = session_id
        self._refresh_ms = refresh_ms
        self._by_rollups = by_rollups
        self._among = among
        self._at_once = at_once
        self._early_ms = early_ms
        self._cache: _Cache | None = None
        self._recent: dict[str, RecentWindows] = {}

    @property
    def settled(self) -> tuple[int, Sequence[CachedStage]]:
        """When the last refresh was, and the stages as they had settled then, for another reader to begin with."""
        return (self._cache.read_at_ms, self._cache.stages) if self._cache else (0, ())

    @property
    def recent(self) -> Mapping[str, RecentWindows]:
        """What came since, by stage."""
        return self._recent

    def begin_with(self, settled: Sequence[CachedStage], at_ms: int, recent: Mapping[str, RecentWindows]) -> None:
        """Takes over what another reader had read, until the next refresh is due.

        Args:
            settled: the stages.
            at_ms: when they were read.
            recent: what came since, of some of them.
        """
        self._cache = _Cache(read_at_ms=at_ms, stages=list(settled))
        self._recent = dict(recent)

    def board(self, store: Store, as_of_ms: int) -> Board:
        """Computes the board at an instant, which should be close to the previous one.

        Args:
            store: where the session is.
            as_of_ms: milliseconds since the epoch.

        Raises:
            SessionNotFound: the session does not exist.
        """
        session: Session = store.session(self._session_id)  # never cached, so that its end is seen at once
        return board(session, self.sums(store, as_of_ms), as_of_ms)

    def sums(self, store: Store, as_of_ms: int) -> list[StageSums]:
        """The stages with the windows that the board at an instant depends on, sorted by id."""
        cache = self._cache
        if cache is None or not cache.read_at_ms <= as_of_ms < cache.read_at_ms + self._refresh_ms:
            cache = self._cache = self._read(store, as_of_ms)
        stages = cache.stages
        recent = self._each(lambda place: self._recent_of(store, stages[place], as_of_ms, place), range(len(stages)))
        self._recent = {one.stage.stage_id: found for one, found in zip(stages, recent, strict=True)}
        return [joined(one.sums, found.sums) for one, found in zip(stages, recent, strict=True)]

    def _recent_of(self, store: Store, one: CachedStage, as_of_ms: int, place: int) -> RecentWindows:
        """What a stage has since it had settled: where the last update knew that, only what may be new is read."""
        stage_id = one.stage.stage_id
        before = self._recent.get(stage_id)
        if before is not None and before.newest_ms and 0 <= as_of_ms - before.whole_ms < WHOLE_MS:
            since_ms, whole_ms, newest_ms = before.since_ms, before.whole_ms, before.newest_ms
            from_ms = max(since_ms, min(newest_ms.values()))
            kept = _before(before.sums, from_ms)
        else:
            # Stages take turns, so that no update has to read all of all.
            whole_ms = as_of_ms - (0 if before else place * 1000 % WHOLE_MS)
            first = before is None and as_of_ms - one.until_ms >= RECENT_MS
            since_ms = from_ms = as_of_ms - FIRST_MS if first else one.until_ms
            newest_ms, kept = {}, None
        table = store.windows(self._session_id, stage_id, from_ms=from_ms, until_ms=as_of_ms)
        sums = stage_sums(one.stage, one.cameras, table)
        return RecentWindows(
            since_ms=since_ms,
            at_ms=as_of_ms,
            whole_ms=whole_ms,
            newest_ms={**newest_ms, **_newest_starts(table)},
            sums=sums if kept is None else joined(kept, sums),
        )

    def _read(self, store: Store, as_of_ms: int) -> _Cache:
        before = {one.stage.stage_id: one for one in self._cache.stages} if self._cache else {}
        from_ms, until_ms = reads_from_ms(as_of_ms), as_of_ms - SETTLED_MS
        stages = [
            stage for stage in store.stages(self._session_id) if self._among is None or stage.stage_id in self._among
        ]
        cameras = self._each(lambda stage: store.cameras(self._session_id, stage.stage_id), stages)
        seconds = (until_ms - from_ms) // 1000
        by_rollups = self._by_rollups and seconds * sum(map(len, cameras)) > MOST_WINDOWS

        def settled(found: tuple[Stage, list[Camera]]) -> tuple[CachedStage, RecentWindows | None]:
            stage, of_stage = found
            one, recent = before.get(stage.stage_id), self._recent.get(stage.stage_id)
            if one is not None and ((one.stage, one.cameras) != found or one.until_ms > until_ms):
                one = None
            if by_rollups:
                if one is None or recent is None or not (recent.since_ms <= one.until_ms <= until_ms <= recent.at_ms):
                    recent = None
                if one is None or (recent is None and one.until_ms < as_of_ms - RECENT_MS):
                    one = self._rolled_up(store, stage, of_stage, from_ms, as_of_ms - RECENT_MS)
                one = _since(one, from_ms)
                if recent is None:
                    return one, None
                one = replace(one, until_ms=until_ms, sums=joined(one.sums, _before(recent.sums, until_ms)))
                return one, replace(recent, since_ms=until_ms, sums=_from(recent.sums, until_ms))
            if one is None or one.from_ms != from_ms or self._count(store, one) != one.records:
                one = self._empty(stage, of_stage, from_ms)
            return self._extended(store, one, until_ms), None

        read = self._each(settled, list(zip(stages, cameras, strict=True)))
        self._recent = {one.stage.stage_id: recent for one, recent in read if recent is not None}
        read_at_ms = as_of_ms if self._cache else as_of_ms - self._early_ms
        return _Cache(read_at_ms=read_at_ms, stages=[one for one, _ in read])

    def _each(self, work: Callable[[Argument], Result], things: Sequence[Argument]) -> list[Result]:
        if self._at_once < 2 or len(things) < 2:
            return [work(thing) for thing in things]
        with ThreadPoolExecutor(min(self._at_once, len(things)), thread_name_prefix="board") as pool:
            return list(pool.map(work, things))

    def _count(self, store: Store, one: CachedStage) -> int:
        stage_id = one.stage.stage_id
        return store.window_count(self._session_id, stage_id, from_ms=one.from_ms, until_ms=one.until_ms)

    def _empty(self, stage: Stage, cameras: list[Camera], from_ms: int) -> CachedStage:
        sums = stage_sums(stage, cameras, WindowTable.of([]))
        return CachedStage(stage=stage, cameras=cameras, from_ms=from_ms, until_ms=from_ms, records=0, sums=sums)

    def _rolled_up(
        self, store: Store, stage: Stage, cameras: list[Camera], from_ms: int, recent_ms: int
    ) -> CachedStage:
        """A stage with its roll-ups until the minute in which its recent windows begin."""
        until_ms = recent_ms - recent_ms % MINUTE_MS
        minutes = store.rollups(
            self._session_id, stage.stage_id, width_ms=MINUTE_MS, from_ms=from_ms, until_ms=until_ms
        )
        one = self._empty(stage, cameras, from_ms)
        return replace(one, until_ms=until_ms, records=None, sums=spread_sums(stage, minutes))

    def _extended(self, store: Store, one: CachedStage, until_ms: int) -> CachedStage:
        """Extends a cached stage to a later instant by reading the missing windows."""
        table = store.windows(self._session_id, one.stage.stage_id, from_ms=one.until_ms, until_ms=until_ms)
        return replace(
            one,
            until_ms=until_ms,
            records=None if one.records is None else one.records + len(table),
            sums=joined(one.sums, stage_sums(one.stage, one.cameras, table)),
        )


def spread_sums(stage: Stage, minutes: WindowTable) -> StageSums:
    """Spreads roll-ups of minutes over windows of the width that was summed, each with the same part of its minute.

    Args:
        stage: the stage.
        minutes: its roll-ups of a minute.
    """
    row = np.repeat(np.arange(len(minutes)), minutes.spans)
    place = np.arange(len(row)) - np.repeat(np.cumsum(minutes.spans) - minutes.spans, minutes.spans)
    slots = MINUTE_MS // minutes.record_width_ms
    spans = minutes.spans[row]
    start_ms = minutes.start_ms[row] + place * slots // spans * minutes.record_width_ms
    excluded = excluded_windows(start_ms, minutes.record_width_ms, stage.exclusions)
    shape = (len(row), len(LIVELY))
    scored, total, squares = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape)
    for at, name in enumerate(LIVELY):
        if name not in minutes.measures:
            continue
        column = minutes.measures.index(name)
        behind = minutes.scored_spans[row, column]
        shown = (place < behind) & ~excluded
        share = np.maximum(behind, 1)
        scored[:, at] = np.where(shown, np.rint(minutes.scored[row, column] / share), 0)
        part = np.where(shown, scored[:, at] / np.maximum(minutes.scored[row, column], 1), 0.0)
        total[:, at], squares[:, at] = (sums[row, column] * part for sums in (minutes.total, minutes.squares))
    return StageSums(
        stage=stage,
        width_ms=minutes.record_width_ms,
        end_ms=start_ms + minutes.record_width_ms,
        faces=np.rint(minutes.faces[row] / spans).astype(np.int64),
        scored=scored,
        total=total,
        squares=squares,
        scorers=minutes.scorers,
    )


def _since(one: CachedStage, from_ms: int) -> CachedStage:
    """The stage without what lies before an instant."""
    return replace(one, from_ms=from_ms, sums=_from(one.sums, from_ms))


def _from(sums: StageSums, from_ms: int) -> StageSums:
    """The windows that end after an instant."""
    return rows_of(sums, slice(int(np.searchsorted(sums.end_ms, from_ms, side="right")), None))


def _before(sums: StageSums, until_ms: int) -> StageSums:
    """The windows that end at an instant or before."""
    return rows_of(sums, slice(int(np.searchsorted(sums.end_ms, until_ms, side="right"))))


def _newest_starts(table: WindowTable) -> dict[str, int]:
    """The start of each camera's newest window, milliseconds since the epoch."""
    newest = np.zeros(len(table.cameras), dtype=np.int64)
    np.maximum.at(newest, table.camera, table.start_ms)
    return dict(zip(table.cameras, newest.tolist(), strict=True))


def rows_of(sums: StageSums, rows: slice) -> StageSums:
    """Some of a stage's windows."""
    columns = ("end_ms", "faces", "scored", "total", "squares")
    return replace(sums, **{name: getattr(sums, name)[rows] for name in columns})


def joined(old: StageSums, new: StageSums) -> StageSums:
    """Concatenates windows of one stage, the older first."""
    if not len(new.end_ms):
        return old
    if not len(old.end_ms) or old.width_ms != new.width_ms:
        return new  # roll-ups of another width, from before the cameras were set up anew
    return replace(
        new,
        end_ms=np.concatenate([old.end_ms, new.end_ms]),
        faces=np.concatenate([old.faces, new.faces]),
        scored=np.concatenate([old.scored, new.scored]),
        total=np.concatenate([old.total, new.total]),
        squares=np.concatenate([old.squares, new.squares]),
        scorers=tuple(sorted({*old.scorers, *new.scorers})),
    )
