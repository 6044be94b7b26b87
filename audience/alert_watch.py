"""One look at a session's rules: reads how things are, and writes down which alerts began and ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from audience.admission import AHEAD_MS
from audience.alert_findings import OVER_MS, StageNow, findings, stage_now
from audience.alerts import AlertBook, AlertWatcher, looked
from audience.board_reading import read_sums
from audience.camera_state import CameraStatus, camera_statuses, late_from_s
from audience.cueing import is_paused
from audience.instants import from_ms, to_ms
from audience.liveliness import NEEDED_MS, UPDATE_MS, liveliness
from audience.liveliness_sums import of_large_rooms
from audience.sessions import Camera, Session, Stage, cues_of
from audience.store import Heartbeat, Store
from audience.window_table import WindowTable

WATCHED_MS: Final = 20_000
"""So long after its last look a watcher is taken to be at work still."""

_LATE_ENOUGH_MS = 15_000  # so much longer than may be is read: a camera that is this late is late enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How a session is at an instant.

    Attributes:
        session, stages: as they are set up.
        cameras: how each is, the one that needs a hand most first.
        now: the last minute, by stage id.
        recorded: whether anything was, as far as its cameras say or the last minute shows.
        book: rules, alerts and what was noted on them.
    """

    session: Session
    stages: list[Stage]
    cameras: list[CameraStatus]
    now: dict[str, StageNow]
    recorded: bool
    book: AlertBook


def is_under_way(session: Session, now_ms: int) -> bool:
    """Whether nobody has ended the session yet."""
    return session.ended_at is None or to_ms(session.ended_at) > now_ms


def situation(store: Store, session_id: str, now_ms: int) -> Situation:
    """Reads how a session is.

    Raises:
        SessionNotFound: there is none of that id.
        StoreUnavailable: the store cannot be read.
    """
    session = store.session(session_id)
    stages = store.stages(session_id)
    cameras: dict[str, list[Camera]] = {}
    heartbeats = store.heartbeats(session_id)
    recorded_until_ms: dict[tuple[str, str], int] = {}
    now: dict[str, StageNow] = {}
    for stage in stages:
        of_stage = cameras[stage.stage_id] = store.cameras(session_id, stage.stage_id)
        beats = [beat for beat in heartbeats if beat.stage_id == stage.stage_id]
        reads_s = max((late_from_s(beat, OVER_MS / 1000) for beat in beats), default=OVER_MS / 1000)
        read_from_ms = now_ms - round(reads_s * 1000) - _LATE_ENOUGH_MS
        # What a clock that is ahead says of the future would hide that its camera is late.
        until_ms = now_ms + AHEAD_MS
        windows = store.windows(session_id, stage.stage_id, from_ms=read_from_ms, until_ms=until_ms)
        for camera_id, recorded_ms in _recorded_until(windows, beats, read_from_ms).items():
            recorded_until_ms[stage.stage_id, camera_id] = recorded_ms
        last_minute = windows.rows((windows.start_ms >= now_ms - OVER_MS) & (windows.start_ms <= now_ms))
        paused = is_paused(cues_of(session, stage), from_ms(now_ms))
        now[stage.stage_id] = stage_now(stage, of_stage, session.setting, last_minute, paused=paused)
    book = store.alerting.book(session_id)
    if any(rule.what == "liveliness" for rule in book.rules) and session.mode == "expressions":
        figures = _liveliness(store, session_id, now_ms)
        for stage_id, one in now.items():
            if one.share is not None:
                now[stage_id] = replace(one, liveliness=figures.get(stage_id))
    return Situation(
        session=session,
        stages=stages,
        cameras=camera_statuses(cameras, heartbeats, recorded_until_ms, now_ms, over=not is_under_way(session, now_ms)),
        now=now,
        recorded=bool(recorded_until_ms) or any(beat.last_window_ms is not None for beat in heartbeats),
        book=book,
    )


def look(store: Store, session_id: str, now_ms: int, watcher: str = "") -> Situation:
    """Looks at a session's rules once and writes down what changed. One at a time may look at a session.

    Args:
        store: where the session is.
        session_id: which.
        now_ms: the instant, milliseconds since the epoch.
        watcher: who looks; "" for somebody who does not say so, and leaves it to a watcher that is at work.

    Returns:
        How the session is, what was written down included.

    Raises:
        SessionNotFound: there is none of that id.
        StoreUnavailable: the store cannot be read or written.
    """
    before = situation(store, session_id, now_ms)
    if not watcher and is_watched(before.book, now_ms):
        return before
    if watcher:
        store.alerting.put(session_id, AlertWatcher(name=watcher, at_ms=now_ms))
    rules = before.book.rules if is_under_way(before.session, now_ms) else ()
    changes = looked(findings(rules, before.cameras, before.now), before.book.alerts, now_ms)
    for alert in changes.put:
        store.alerting.put(session_id, alert)
    for alert in changes.drop:
        store.alerting.drop(session_id, alert)
    if not changes.put and not changes.drop:
        return before
    return replace(before, book=store.alerting.book(session_id))


def is_watched(book: AlertBook, now_ms: int, *, but: str = "") -> bool:
    """Whether a watcher is at work on a session, other than the one named."""
    watcher = book.watcher
    return watcher is not None and watcher.name != but and abs(now_ms - watcher.at_ms) < WATCHED_MS


def _liveliness(store: Store, session_id: str, now_ms: int) -> dict[str, float]:
    """The newest figure of every stage that has one, 0..100."""
    read = read_sums(store, session_id, from_ms=now_ms - NEEDED_MS - UPDATE_MS, until_ms=now_ms)
    sums = [of_large_rooms(one) for one in read]
    newest = liveliness(sums, now_ms - UPDATE_MS, now_ms).figure[-1]
    return {
        of.stage.stage_id: 100 * float(figure) for of, figure in zip(sums, newest, strict=True) if not np.isnan(figure)
    }


def _recorded_until(windows: WindowTable, heartbeats: list[Heartbeat], read_from_ms: int) -> dict[str, int]:
    """End of the newest window of each camera in the store; of one that sends and has none, where reading began."""
    until = {beat.camera_id: read_from_ms for beat in heartbeats if beat.sent or beat.waiting}
    for start_ms, camera in zip(windows.start_ms.tolist(), windows.camera.tolist(), strict=True):
        until[windows.cameras[camera]] = start_ms + windows.width_ms
    return until
