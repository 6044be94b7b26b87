"""Evaluates a session's rules: reads cameras and stages, and stores which alerts began and ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from audience.admission import AHEAD_MS
from audience.alerts import AlertBook, AlertRule, AlertWatcher, Finding, alert_changes
from audience.board.liveliness import NEEDED_MS, UPDATE_MS, liveliness, of_large_rooms
from audience.board.reader import read_sums
from audience.disclosure import MIN_FACES, bounded, default_min_faces, share_text, shown_cells
from audience.exclusions import excluded_windows
from audience.faces import LEAD_EXPRESSION
from audience.monitoring.cameras import UNUSABLE, CameraStatus, camera_statuses, late_from_s
from audience.percents import percent_text
from audience.privacy import Setting
from audience.sessions import Camera, Session, Stage, cues_of, overlapping
from audience.store import Heartbeat, Store
from audience.time import from_ms, to_ms
from audience.timelines import is_paused
from audience.window_table import WindowTable

OVER_MS: Final = 60_000
"""Figures of a stage are of so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNow:
    """What a stage's rules are held against.

    Attributes:
        stage_id: which.
        faces: in view at once, a mean over the last minute; None where no camera looked.
        share: of the faces that were scored in that minute, those that smile, 0..1; None where nothing is shown now,
            the figure is withheld, or somebody left the minute out.
        n: how many faces at once the share rests on, a mean; 0 where there is none.
        liveliness: 0..100; None where there is none, or no rule asks for it.
    """

    stage_id: str
    faces: float | None
    share: float | None
    n: float
    liveliness: float | None = None


def stage_now(
    stage: Stage, cameras: Iterable[Camera], setting: Setting, windows: WindowTable, *, paused: bool
) -> StageNow:
    """Sums the last minute of a stage up.

    Args:
        stage: which.
        cameras: its cameras.
        setting: of its session.
        windows: of the last `OVER_MS`.
        paused: whether what is shown there is paused.
    """
    pairs = overlapping(cameras)
    table = windows.over_cameras(pairs)
    if not len(table):
        return StageNow(stage_id=stage.stage_id, faces=None, share=None, n=0.0)
    faces = float(table.faces.mean())
    min_faces = default_min_faces(stage.audience_size, setting, int(table.faces.max()))
    left_out = excluded_windows(table.start_ms, table.width_ms, stage.exclusions)
    shown = shown_cells(windows, min_faces, pairs).over_cameras(pairs).without_figures(left_out[:, None])
    share, n = None, 0.0
    if LEAD_EXPRESSION in shown.expressions and not paused:
        column = shown.expressions.index(LEAD_EXPRESSION)
        scored = shown.scored[:, column]
        if scored.any():
            share = float(shown.over[:, column].sum() / scored.sum())
            n = float(np.mean(scored[scored > 0]))
    return StageNow(stage_id=stage.stage_id, faces=faces, share=share, n=n)


def findings(
    rules: Iterable[AlertRule], cameras: Sequence[CameraStatus], stages: Mapping[str, StageNow]
) -> list[Finding]:
    """How every rule stands at every place it is about.

    Args:
        rules: of the session.
        cameras: all of the session.
        stages: by stage id.
    """
    found = []
    for rule in rules:
        for status in cameras:
            if rule.what in ("camera", "delay") and rule.stage_id in ("", status.stage_id):
                found.append(_of_camera(rule, status))
        for stage in stages.values():
            if rule.what in ("faces", "share", "liveliness") and rule.stage_id in ("", stage.stage_id):
                found.append(_of_stage(rule, stage))
    return found


def _of_camera(rule: AlertRule, status: CameraStatus) -> Finding:
    where = f"camera {status.camera_id} of stage {status.stage_id}"
    holds: bool | None
    if rule.what == "camera":
        # What was never heard of, or ended when it was told to, is nobody's surprise.
        holds, message = status.state in UNUSABLE, f"{where} is {status.state}"
    elif status.heartbeat is None or status.delay_s is None:
        # Of one that is not at work nothing comes late, and one that is dead says nothing.
        holds, message = (None if status.state == "dead" else False), ""
    else:
        holds = status.delay_s > late_from_s(status.heartbeat, rule.limit)
        message = f"figures of {where} come {status.delay_s:.0f} s late (limit {rule.limit:g} s)"
    return Finding(rule=rule, stage_id=status.stage_id, camera_id=status.camera_id, holds=holds, message=message)


def _of_stage(rule: AlertRule, stage: StageNow) -> Finding:
    value = {"faces": stage.faces, "share": stage.share, "liveliness": stage.liveliness}[rule.what]
    if value is None:
        message = ""
    elif rule.what == "faces":
        message = f"{value:.0f} faces in view on stage {stage.stage_id} (limit {rule.limit:g})"
    elif rule.what == "liveliness":
        message = f"liveliness of stage {stage.stage_id} is {value:.0f} (limit {rule.limit:g})"
    else:
        of = f"of about {stage.n:.0f} faces on stage {stage.stage_id}"
        message = f"{_minute_text(value, stage.n)} {of} smiled in the last minute (limit {percent_text(rule.limit)})"
    holds = None if value is None else value < rule.limit
    return Finding(rule=rule, stage_id=stage.stage_id, camera_id="", holds=holds, message=message)


def _minute_text(share: float, n: float) -> str:
    """The share of a minute as it may be told."""
    return share_text(*map(float, bounded(share, 0.0, 1.0, faces=n, min_faces=MIN_FACES, seconds=OVER_MS / 1000)))


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
    changes = alert_changes(findings(rules, before.cameras, before.now), before.book.alerts, now_ms)
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
