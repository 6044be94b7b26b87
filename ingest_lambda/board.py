"""Public boards in the cloud: each festival's is made by itself, once for all viewers instead of for each request.

`festivals_to_make` finds the festivals; `FestivalBoard` makes the board of one. A large one is read in parts, by calls
of their own (`FestivalPart`). The dashboard's server uses the same functions of `audience` for what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from audience.board.board import board, public_instant_ms, session_is_over
from audience.board.liveliness import StageSums
from audience.board.reader import BoardReader
from audience.board.snapshot import board_snapshot
from audience.errors import BoardNotPublished, HouselightsError, SessionNotFound
from audience.recent_sessions import recent_sessions
from audience.sessions import HOUR_MS, Session
from audience.store import Store
from audience.time import to_ms
from ingest_lambda.board_objects import BoardObjects, WrittenSnapshot
from ingest_lambda.board_parts import BoardParts, Part

EVERY_MS: Final = 1_000
"""How often a board is made, milliseconds. Its figures are those of the last multiple of `UPDATE_MS`, with what has
come since."""

CALL_MS: Final = 65_000
"""How long after its message was put a call goes on, milliseconds. By then that of the next minute waits, and is taken
at once."""

PART_LONGER_MS: Final = 5_000
"""How much longer a call goes on that reads a part: its next message is put when the board's next call begins."""

PART_CAMERAS: Final = 200
"""The most cameras that one call reads; a festival with more is read in parts."""

AFTER_PARTS_MS: Final = 300
"""How long after an update the parts of it are collected, milliseconds."""

REFRESH_MS: Final = 30_000
"""How often everything that a board depends on is checked, milliseconds."""

LATE_PART_MS: Final = 10_000
"""A part older than this is out of date, and is waited for as long at the start of a call."""

_AT_ONCE: Final = 8
_APART_MS: Final = 1_500  # between the refreshes of two parts, after each of which the board reads a part's past anew
_CHANGED_MS: Final = 10 * 60_000


def festivals_to_make(store: Store, objects: BoardObjects, now_ms: int) -> list[str]:
    """Ids of the sessions whose public board is to be made now, the latest start first.

    These are festivals under way or to come, and those that ended and have no final board yet. Nothing older than the
    longest session is looked at, so past festivals cost nothing.

    Args:
        store: of the sessions.
        objects: the bucket of the boards.
        now_ms: the current time, milliseconds since the epoch.

    Raises:
        StoreUnavailable: the store cannot be read.
        BoardNotPublished: S3 refused a request.
    """
    found: list[str] = []
    for session in recent_sessions(store, now_ms, words="festival"):
        if public_instant_ms(session, now_ms) is None:
            continue
        ended_ms = _ended_ms(session, now_ms)
        if ended_ms is None or not _is_final(objects.newest(session.session_id), ended_ms):
            found.append(session.session_id)
    return found


def remove_others(store: Store, objects: BoardObjects, now_ms: int) -> None:
    """Removes the boards of sessions that were deleted or are no festivals any more.

    Looks at the sessions that changed lately, and in the first minute of an hour at all that have a board.

    Raises:
        StoreUnavailable: the store cannot be read.
        BoardNotPublished: S3 refused a request.
    """
    published = objects.sessions()
    if published and now_ms % HOUR_MS >= 60_000:
        published &= set(store.changed_sessions(now_ms - _CHANGED_MS))
    for session_id in published:
        if _instant_of(store, session_id, now_ms) is None:
            objects.remove(session_id)


def parts_of(store: Store, session_id: str) -> list[list[str]]:
    """Ids of a festival's stages by part, of at most `PART_CAMERAS` cameras or one stage each; sorted."""
    stages = [stage.stage_id for stage in store.stages(session_id)]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="board") as pool:
        cameras = list(pool.map(lambda stage_id: len(store.cameras(session_id, stage_id)), stages))
    parts: list[list[str]] = []
    room = 0
    for stage_id, count in zip(stages, cameras, strict=True):
        if not parts or count > room:
            parts.append([])
            room = PART_CAMERAS
        parts[-1].append(stage_id)
        room -= count
    return parts


@dataclass(slots=True)
class FestivalPart:
    """Some stages of a festival, whose sums it reads for the call that makes the board. Not thread-safe.

    Attributes:
        store: the source of the records.
        parts: the parts of this festival.
        session_id: the festival.
        number: of the part.
        stages: ids of its stages.
    """

    store: Store
    parts: BoardParts
    session_id: str
    number: int
    stages: Sequence[str]
    problem: str = ""
    _reader: BoardReader | None = None
    _settled: Part | None = None

    def update(self, at_ms: int) -> bool:
        """Reads and writes the part's sums; returns whether another update within this call makes sense."""
        shown_ms = _instant_of(self.store, self.session_id, at_ms)
        if shown_ms is None:
            return False
        if self._reader is None:
            self._reader = reader_of(self.session_id, self.stages, early_ms=self.number * _APART_MS % REFRESH_MS)
            before = self.parts.to_go_on_from(self.number)
            if before is not None:
                settled, recent = before
                self._reader.begin_with(settled.stages, settled.at_ms, recent)
        sums = self._reader.sums(self.store, shown_ms)
        read_at_ms, stages = self._reader.settled
        if self._settled is None or self._settled.at_ms != read_at_ms:
            self._settled = Part(at_ms=read_at_ms, stages=tuple(stages))
        self.parts.put(self.number, self._settled, shown_ms, sums, self._reader.recent)
        return shown_ms == at_ms and any(len(one.end_ms) for one in sums)


@dataclass(slots=True)
class FestivalBoard:
    """The public board of one festival. Not thread-safe.

    Attributes:
        store: the source of the records.
        objects: the bucket for the boards.
        session_id: the festival.
        reader: of all stages; what it cached in an earlier call saves reading.
        parts: how many parts are read by others instead; 0 for none.
        problem: why the last update failed; "" if it did not.
    """

    store: Store
    objects: BoardObjects
    session_id: str
    reader: BoardReader
    parts: int = 0
    problem: str = ""
    _read_parts: BoardParts | None = None
    _written: WrittenSnapshot | None = None
    _began_ms: int | None = None
    _looked_up: bool = field(default=False)

    def update(self, at_ms: int) -> bool:
        """Writes the board if it is due.

        Args:
            at_ms: the update, milliseconds since the epoch.

        Returns:
            Whether another update within this call makes sense.
        """
        if not self._looked_up:
            self._written, self._looked_up, self._began_ms = self.objects.newest(self.session_id), True, at_ms
        try:
            session = self.store.session(self.session_id)
        except SessionNotFound:
            return False
        shown_ms, ended_ms = public_instant_ms(session, at_ms), _ended_ms(session, at_ms)
        if shown_ms is None or _is_final(self._written, ended_ms):
            return False
        sums = self._sums(shown_ms, at_ms)
        if sums is None:
            return True
        made = board(session, sums, shown_ms)
        self._written = self.objects.put_snapshot(
            self.session_id, board_snapshot(made), made_ms=at_ms, ended_ms=ended_ms, over=self._written
        )
        return ended_ms is None and any(row.age_s is not None for row in made.rows)

    def _sums(self, shown_ms: int, at_ms: int) -> list[StageSums] | None:
        """The stages; None where parts are still to come."""
        if not self.parts:
            return self.reader.sums(self.store, shown_ms)
        self._read_parts = read = self._read_parts or BoardParts(self.objects, self.session_id)
        with ThreadPoolExecutor(min(self.parts, _AT_ONCE), thread_name_prefix="board") as pool:
            found = list(pool.map(read.newest, range(self.parts)))
        late = [number for number, part in enumerate(found) if part is None or part.at_ms < shown_ms - LATE_PART_MS]
        if late:
            assert self._began_ms is not None
            if at_ms - self._began_ms < LATE_PART_MS:
                return None
            raise BoardNotPublished(f"parts {', '.join(map(str, late))} of {self.parts} are out of date")
        return sorted((one for part in found if part for one in part.sums), key=lambda one: one.stage.stage_id)


def publish(
    board: FestivalBoard | FestivalPart,
    now_ms: Callable[[], int],
    wait: Callable[[float], None],
    *,
    until_ms: int,
) -> None:
    """Runs one call: writes every second, or only once if no camera is active.

    Args:
        board: the board, or a part of one.
        now_ms: the wall clock, milliseconds since the epoch.
        wait: sleeps for a number of seconds.
        until_ms: when to end, milliseconds since the epoch.

    Raises:
        BoardNotPublished: it is still out of date at the end of the call.
    """
    behind_ms = AFTER_PARTS_MS if isinstance(board, FestivalBoard) and board.parts else 0
    while True:
        at_ms = (now_ms() - behind_ms) // EVERY_MS * EVERY_MS
        try:
            active, board.problem = board.update(at_ms), ""
        except HouselightsError as problem:
            active, board.problem = True, str(problem)
        following_ms = at_ms + EVERY_MS + behind_ms
        if not active or following_ms >= until_ms:
            break
        wait(max(0, following_ms - now_ms()) / 1000)
    if board.problem:
        raise BoardNotPublished(f"the board of {board.session_id} is not up to date: {board.problem}")


def reader_of(session_id: str, among: Sequence[str] | None = None, *, early_ms: int = 0) -> BoardReader:
    """A reader of some stages of a festival, or of all; its first refresh may come early."""
    return BoardReader(
        session_id, refresh_ms=REFRESH_MS, by_rollups=True, among=among, at_once=_AT_ONCE, early_ms=early_ms
    )


def _instant_of(store: Store, session_id: str, at_ms: int) -> int | None:
    """The instant of a session's public board; None if it has none."""
    try:
        return public_instant_ms(store.session(session_id), at_ms)
    except SessionNotFound:
        return None


def _ended_ms(session: Session, at_ms: int) -> int | None:
    """When the session ended, milliseconds since the epoch; None if it has not."""
    return to_ms(session.ended_at) if session.ended_at is not None and session_is_over(session, at_ms) else None


def _is_final(written: WrittenSnapshot | None, ended_ms: int | None) -> bool:
    return written is not None and ended_ms is not None and written.ended_ms == ended_ms
