"""The state of a session at an instant: its cameras, and the last minute of each stage.

Of many cameras not everything can be read every few seconds: the last minute of 4,000 cameras is 240,000 windows, over
40,000 read units of DynamoDB. So a reader keeps what it knows of a stage, and looks at its windows once a minute.
Heartbeats, which say whether a camera is alive and how its picture is, are read each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np

from audience.admission import AHEAD_MS
from audience.alerts import AlertBook
from audience.board.liveliness import NEEDED_MS, UPDATE_MS, StageSums, liveliness, without_small_rooms
from audience.board.reader import read_sums, spread_sums
from audience.disclosure import default_min_faces, shown_cells
from audience.exclusions import excluded_windows
from audience.faces import LEAD_EXPRESSION
from audience.monitoring.cameras import (
    DEAD_S,
    LATE_S,
    CameraStatus,
    camera_statuses,
    late_threshold_s,
    seconds_since,
)
from audience.privacy import Setting
from audience.sessions import MINUTE_MS, Camera, Session, Stage, cues_of, overlapping
from audience.store import Heartbeat, Store
from audience.time import from_ms, to_ms
from audience.timelines import is_paused
from audience.window_table import WindowTable

OVER_MS: Final = 60_000
"""The period over which a stage's figures are averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNow:
    """The last minute of a stage, which rules are evaluated against.

    Attributes:
        stage_id: the stage.
        faces: mean number of faces in view; None if no camera recorded.
        share: share of the scored faces that smile, 0..1; None if the timeline is paused, the figure is withheld or
            excluded, or no rule needs it.
        n: mean number of faces behind the share; 0 if there is none.
        liveliness: 0..100; None if there is none, or no rule needs it.
    """

    stage_id: str
    faces: float | None
    share: float | None
    n: float
    liveliness: float | None = None


def stage_now(
    stage: Stage,
    cameras: Iterable[Camera],
    setting: Setting,
    windows: WindowTable,
    *,
    paused: bool,
    with_share: bool = True,
) -> StageNow:
    """Summarises the last minute of a stage.

    Args:
        stage: the stage.
        cameras: its cameras.
        setting: of its session.
        windows: of the last `OVER_MS`.
        paused: whether its timeline is paused.
        with_share: whether the share is needed; it takes most of the time.
    """
    pairs = overlapping(cameras)
    table = windows.over_cameras(pairs)
    if not len(table):
        return StageNow(stage_id=stage.stage_id, faces=None, share=None, n=0.0)
    faces = float(table.faces.mean())
    if not with_share:
        return StageNow(stage_id=stage.stage_id, faces=faces, share=None, n=0.0)
    min_faces = default_min_faces(stage.audience_size, setting, int(table.faces.max()))
    excluded = excluded_windows(table.start_ms, table.width_ms, stage.exclusions)
    shown = shown_cells(windows, min_faces, pairs).over_cameras(pairs).without_figures(excluded[:, None])
    share, n = None, 0.0
    if LEAD_EXPRESSION in shown.expressions and not paused:
        column = shown.expressions.index(LEAD_EXPRESSION)
        scored = shown.scored[:, column]
        if scored.any():
            share = float(shown.over[:, column].sum() / scored.sum())
            n = float(np.mean(scored[scored > 0]))
    return StageNow(stage_id=stage.stage_id, faces=faces, share=share, n=n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The state of a session at an instant.

    Attributes:
        session, stages: as set up.
        cameras: camera states, sorted by urgency.
        now: the last minute, by stage id.
        recorded: whether anything was recorded, by the cameras' heartbeats or the last minute.
        book: rules, alerts and marks.
    """

    session: Session
    stages: list[Stage]
    cameras: list[CameraStatus]
    now: dict[str, StageNow]
    recorded: bool
    book: AlertBook


def is_under_way(session: Session, now_ms: int) -> bool:
    """Whether the session has not ended."""
    return session.ended_at is None or to_ms(session.ended_at) > now_ms


MANY_CAMERAS: Final = 100
"""Over this many cameras, a reader looks at each stage's windows once in `ROUND_MS`, and not each time."""

ROUND_MS: Final = 60_000

_LATE_ENOUGH_MS = 15_000  # read this much further back than the limit; a camera that is later is late anyway
_SHORT_MS = 3_000  # the same where only being late or not is asked
_FIRST_MS = 5_000  # the part of a round that a first reading looks at
_LONGEST_MS = 10_000  # and the most that any reading does, however long ago the one before was

Argument = TypeVar("Argument")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the store had of a stage.

    Attributes:
        at_ms: when it was read, milliseconds since the epoch.
        cameras: the stage's cameras.
        recorded_until_ms: end of each camera's newest window; what was read begins there for one that sends but has
            none.
        now: the stage's last minute; None where it was not read.
    """

    at_ms: int
    cameras: list[Camera]
    recorded_until_ms: dict[str, int]
    now: StageNow | None


class SituationReader:
    """Reads the state of one session again and again. Not thread-safe.

    Up to `MANY_CAMERAS` everything is read each time. Over that, how late a camera's figures are is known as of the
    last look at its stage, at most `ROUND_MS` ago while it is read every few seconds; the faces on a stage are those
    that its cameras report, except where a rule needs figures; and liveliness comes from roll-ups, so it is one to two
    minutes old. Cameras that were set up elsewhere are seen at the next look. Who stays away for longer than a round
    begins anew.
    """

    def __init__(self, session_id: str, *, at_once: int = 1) -> None:
        """Creates the reader without I/O.

        Args:
            session_id: the session.
            at_once: stages that are read at once; over 1 only where the store may be used by several threads.
        """
        self._session_id = session_id
        self._at_once = at_once
        self._cameras: dict[str, list[Camera]] = {}
        self._looks: dict[str, _Look] = {}
        self._read_ms = 0
        self._lively: tuple[int, dict[str, float]] = (0, {})

    def read(self, store: Store, now_ms: int) -> Situation:
        """Reads the state at an instant.

        Args:
            store: where the session is.
            now_ms: milliseconds since the epoch.

        Raises:
            SessionNotFound: there is no such session.
            StoreUnavailable: the store cannot be read.
        """
        session = store.session(self._session_id)
        stages = store.stages(self._session_id)
        heartbeats = store.heartbeats(self._session_id)
        book = store.alerting.book(self._session_id)
        with_share = any(rule.what in ("share", "liveliness") for rule in book.rules)
        beats: defaultdict[str, list[Heartbeat]] = defaultdict(list)
        for beat in heartbeats:
            beats[beat.stage_id].append(beat)
        if not 0 <= now_ms - self._read_ms < ROUND_MS:
            self._cameras, self._looks = {}, {}
        unknown = [stage for stage in stages if stage.stage_id not in self._cameras]
        for stage, of_stage in zip(unknown, self._each(lambda one: self._cameras_of(store, one), unknown), strict=True):
            self._cameras[stage.stage_id] = of_stage
        fresh = {stage.stage_id for stage in unknown}
        many = sum(len(self._cameras[stage.stage_id]) for stage in stages) > MANY_CAMERAS
        with_figures = not many or any(rule.what in ("faces", "share", "liveliness") for rule in book.rules)

        def look(stage: Stage) -> _Look:
            return _look(
                store,
                session,
                stage,
                self._cameras[stage.stage_id] if stage.stage_id in fresh else self._cameras_of(store, stage),
                beats[stage.stage_id],
                self._looks.get(stage.stage_id),
                now_ms,
                with_figures=with_figures,
                with_share=with_share,
            )

        due = self._due(stages, now_ms) if many else stages
        for stage, found in zip(due, self._each(look, due), strict=True):
            self._looks[stage.stage_id] = found
            self._cameras[stage.stage_id] = found.cameras
        self._read_ms = now_ms
        recorded_until_ms: dict[tuple[str, str], int] = {}
        now: dict[str, StageNow] = {}
        for stage in stages:
            seen = self._looks.get(stage.stage_id)
            if seen is not None:
                # As late as it was when somebody looked.
                for camera_id, recorded_ms in seen.recorded_until_ms.items():
                    recorded_until_ms[stage.stage_id, camera_id] = recorded_ms + now_ms - seen.at_ms
            if seen is not None and seen.now is not None:
                now[stage.stage_id] = seen.now
            else:
                of_stage = self._cameras[stage.stage_id]
                now[stage.stage_id] = _reported(stage.stage_id, of_stage, beats[stage.stage_id], now_ms)
        if any(rule.what == "liveliness" for rule in book.rules) and session.mode == "expressions":
            figures = self._liveliness(store, stages, now_ms, many=many)
            for stage_id, one in now.items():
                if one.share is not None:
                    now[stage_id] = replace(one, liveliness=figures.get(stage_id))
        return Situation(
            session=session,
            stages=stages,
            cameras=camera_statuses(
                {stage.stage_id: self._cameras[stage.stage_id] for stage in stages},
                heartbeats,
                recorded_until_ms,
                now_ms,
                over=not is_under_way(session, now_ms),
            ),
            now=now,
            recorded=bool(recorded_until_ms) or any(beat.last_window_ms is not None for beat in heartbeats),
            book=book,
        )

    def _due(self, stages: Sequence[Stage], now_ms: int) -> list[Stage]:
        """The stages whose last look is the oldest: as many as a round has for the time since the last reading."""
        passed_ms = min(now_ms - self._read_ms, _LONGEST_MS) if self._looks else _FIRST_MS
        looked = {stage_id: look.at_ms for stage_id, look in self._looks.items()}
        oldest = sorted(stages, key=lambda stage: looked.get(stage.stage_id, 0))
        return oldest[: -(-len(stages) * passed_ms // ROUND_MS)]

    def _cameras_of(self, store: Store, stage: Stage) -> list[Camera]:
        return store.cameras(self._session_id, stage.stage_id)

    def _liveliness(self, store: Store, stages: Sequence[Stage], now_ms: int, *, many: bool) -> dict[str, float]:
        """The newest liveliness of every stage that has one, 0..100."""
        if not many:
            return _newest_liveliness(
                read_sums(store, self._session_id, from_ms=now_ms - NEEDED_MS - UPDATE_MS, until_ms=now_ms), now_ms
            )
        # Roll-ups of the last whole minute may not be there yet.
        as_of_ms = now_ms - now_ms % MINUTE_MS - MINUTE_MS
        if self._lively[0] != as_of_ms:
            from_ms = as_of_ms - NEEDED_MS - MINUTE_MS

            def sums(stage: Stage) -> StageSums:
                return spread_sums(
                    stage,
                    store.rollups(
                        self._session_id, stage.stage_id, width_ms=MINUTE_MS, from_ms=from_ms, until_ms=as_of_ms
                    ),
                )

            self._lively = as_of_ms, _newest_liveliness(self._each(sums, stages), as_of_ms)
        return self._lively[1]

    def _each(self, work: Callable[[Argument], Result], things: Sequence[Argument]) -> list[Result]:
        if self._at_once < 2 or len(things) < 2:
            return [work(thing) for thing in things]
        with ThreadPoolExecutor(min(self._at_once, len(things)), thread_name_prefix="situation") as pool:
            return list(pool.map(work, things))


def situation(store: Store, session_id: str, now_ms: int) -> Situation:
    """Reads the state of a session once.

    Raises:
        SessionNotFound: there is none with that id.
        StoreUnavailable: the store cannot be read.
    """
    return SituationReader(session_id).read(store, now_ms)


def _look(
    store: Store,
    session: Session,
    stage: Stage,
    cameras: list[Camera],
    heartbeats: list[Heartbeat],
    before: _Look | None,
    now_ms: int,
    *,
    with_figures: bool,
    with_share: bool,
) -> _Look:
    def read(since_ms: int) -> WindowTable:
        # Windows from the future, by a clock that is ahead, would hide that a camera is late.
        return store.windows(session.session_id, stage.stage_id, from_ms=since_ms, until_ms=now_ms + AHEAD_MS)

    def reaching(limit_s: float, more_ms: int) -> int:
        reads_s = max((late_threshold_s(beat, limit_s) for beat in heartbeats), default=limit_s)
        return now_ms - round(reads_s * 1000) - more_ms

    long_ms = reaching(OVER_MS / 1000, _LATE_ENOUGH_MS)
    if not with_figures:
        short_ms = reaching(LATE_S, _SHORT_MS)
        until = _recorded_until(read(short_ms), heartbeats, short_ms)
        asked = {beat.camera_id for beat in heartbeats if _is_alive(beat, now_ms)}
        # Cameras without heartbeats that had records.
        known = {camera.camera_id for camera in cameras} if before is None else before.recorded_until_ms.keys()
        asked |= known - {beat.camera_id for beat in heartbeats}
        if all(until.get(camera_id, 0) > short_ms for camera_id in asked):
            return _Look(at_ms=now_ms, cameras=cameras, recorded_until_ms=until, now=None)
    windows = read(long_ms)
    until = _recorded_until(windows, heartbeats, long_ms)
    if not with_figures:
        return _Look(at_ms=now_ms, cameras=cameras, recorded_until_ms=until, now=None)
    last_minute = windows.rows((windows.start_ms >= now_ms - OVER_MS) & (windows.start_ms <= now_ms))
    paused = is_paused(cues_of(session, stage), from_ms(now_ms))
    now = stage_now(stage, cameras, session.setting, last_minute, paused=paused, with_share=with_share)
    return _Look(at_ms=now_ms, cameras=cameras, recorded_until_ms=until, now=now)


def _is_alive(beat: Heartbeat, now_ms: int) -> bool:
    return beat.state == "running" and seconds_since(beat, now_ms) < DEAD_S


def _reported(stage_id: str, cameras: Sequence[Camera], heartbeats: Sequence[Heartbeat], now_ms: int) -> StageNow:
    """A stage by what its cameras report: the faces in view, where cameras that overlap count once."""
    set_up = {camera.camera_id for camera in cameras}
    faces = {beat.camera_id: beat.faces for beat in heartbeats if beat.camera_id in set_up and _is_alive(beat, now_ms)}
    if pairs := overlapping(cameras):
        counted: list[str] = []
        # The same rule as for windows (`WindowTable.over_cameras`).
        for camera_id in sorted(faces, key=lambda one: (-faces[one], one)):
            if not any(frozenset({camera_id, other}) in pairs for other in counted):
                counted.append(camera_id)
        faces = {camera_id: faces[camera_id] for camera_id in counted}
    return StageNow(stage_id=stage_id, faces=float(sum(faces.values())) if faces else None, share=None, n=0.0)


def _newest_liveliness(read: Sequence[StageSums], as_of_ms: int) -> dict[str, float]:
    """The newest liveliness of every stage that has one, 0..100."""
    sums = [without_small_rooms(one) for one in read]
    newest = liveliness(sums, as_of_ms - UPDATE_MS, as_of_ms).figure[-1]
    return {
        of.stage.stage_id: 100 * float(figure) for of, figure in zip(sums, newest, strict=True) if not np.isnan(figure)
    }


def _recorded_until(windows: WindowTable, heartbeats: list[Heartbeat], read_from_ms: int) -> dict[str, int]:
    """End of each camera's newest window in the store; `read_from_ms` for a camera that sends but has none."""
    until = {beat.camera_id: read_from_ms for beat in heartbeats if beat.sent or beat.waiting}
    for start_ms, camera in zip(windows.start_ms.tolist(), windows.camera.tolist(), strict=True):
        until[windows.cameras[camera]] = start_ms + windows.width_ms
    return until
