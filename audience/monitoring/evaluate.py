"""Evaluation of a session's alert rules: reads cameras and stages, and stores which alerts began and ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from audience.admission import AHEAD_MS
from audience.alerts import AlertBook, AlertRule, AlertWatcher, Finding, alert_changes
from audience.board.liveliness import NEEDED_MS, UPDATE_MS, liveliness, without_small_rooms
from audience.board.reader import read_sums
from audience.disclosure import MIN_FACES, bounded, default_min_faces, share_text, shown_cells
from audience.exclusions import excluded_windows
from audience.faces import LEAD_EXPRESSION
from audience.language import ENGLISH, using
from audience.monitoring.cameras import UNUSABLE, CameraStatus, camera_statuses, late_threshold_s
from audience.percents import percent_text
from audience.privacy import Setting
from audience.sessions import Camera, Session, Stage, cues_of, overlapping
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


def findings(
    rules: Iterable[AlertRule],
    cameras: Sequence[CameraStatus],
    stages: Mapping[str, StageNow],
    names: Mapping[str, str],
) -> list[Finding]:
    """Evaluates every rule for every camera or stage that it applies to.

    Args:
        rules: of the session.
        cameras: all of the session.
        stages: by stage id.
        names: what each stage is called in messages, by its id.
    """
    found = []
    for rule in rules:
        for status in cameras:
            if rule.what in ("camera", "delay") and rule.stage_id in ("", status.stage_id):
                found.append(_of_camera(rule, status, names[status.stage_id]))
        for stage in stages.values():
            if rule.what in ("faces", "share", "liveliness") and rule.stage_id in ("", stage.stage_id):
                found.append(_of_stage(rule, stage, names[stage.stage_id]))
    return found


def _of_camera(rule: AlertRule, status: CameraStatus, name: str) -> Finding:
    where = f"camera {status.camera_id} of {name}"
    holds: bool | None
    if rule.what == "camera":
        # A camera that never connected, or was stopped, raises no alert.
        holds, message = status.state in UNUSABLE, f"{where} is {status.state}"
    elif status.heartbeat is None or status.delay_s is None:
        # A camera that does not run has no delay; that of a dead one is unknown.
        holds, message = (None if status.state == "dead" else False), ""
    else:
        holds = status.delay_s > late_threshold_s(status.heartbeat, rule.limit)
        message = f"figures of {where} arrive {status.delay_s:.0f} s late (limit {rule.limit:g} s)"
    return Finding(rule=rule, stage_id=status.stage_id, camera_id=status.camera_id, holds=holds, message=message)


def _of_stage(rule: AlertRule, stage: StageNow, name: str) -> Finding:
    value = {"faces": stage.faces, "share": stage.share, "liveliness": stage.liveliness}[rule.what]
    if value is None:
        message = ""
    elif rule.what == "faces":
        message = f"{value:.0f} faces in view on {name} (limit {rule.limit:g})"
    elif rule.what == "liveliness":
        message = f"liveliness of {name} is {value:.0f} (limit {rule.limit:g})"
    else:
        of = f"of about {stage.n:.0f} faces on {name}"
        message = f"{_minute_text(value, stage.n)} {of} smiled in the last minute (limit {percent_text(rule.limit)})"
    holds = None if value is None else value < rule.limit
    return Finding(rule=rule, stage_id=stage.stage_id, camera_id="", holds=holds, message=message)


def _minute_text(share: float, n: float) -> str:
    """Formats the share of a minute, clipped for small rooms."""
    # What is stored is read by others, and stays English.
    with using(ENGLISH):
        return share_text(*map(float, bounded(share, 0.0, 1.0, faces=n, min_faces=MIN_FACES, seconds=OVER_MS / 1000)))


WATCHED_MS: Final = 20_000
"""How long after its last evaluation a watcher counts as active."""

_LONGEST_NAME = 60  # of a stage in a message
_LATE_ENOUGH_MS = 15_000  # read this much further back than the limit; a camera that is later is late anyway


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


def message_names(session: Session, stages: Sequence[Stage]) -> dict[str, str]:
    """What each stage is called in messages about it, by its id.

    Its title, with the id where two stages have the same one; `stage ID` where it has none. Of a panel always that: its
    stages are households, and messages leave the store.
    """
    titles = Counter(stage.title for stage in stages)

    def name(stage: Stage) -> str:
        if session.kind == "panel" or not stage.title.strip():
            return f"stage {stage.stage_id}"
        title = stage.title if len(stage.title) <= _LONGEST_NAME else stage.title[: _LONGEST_NAME - 1] + "…"
        return title if titles[stage.title] == 1 else f"{title} ({stage.stage_id})"

    return {stage.stage_id: name(stage) for stage in stages}


def is_under_way(session: Session, now_ms: int) -> bool:
    """Whether the session has not ended."""
    return session.ended_at is None or to_ms(session.ended_at) > now_ms


def situation(store: Store, session_id: str, now_ms: int) -> Situation:
    """Reads the state of a session.

    Raises:
        SessionNotFound: there is none with that id.
        StoreUnavailable: the store cannot be read.
    """
    session = store.session(session_id)
    stages = store.stages(session_id)
    cameras: dict[str, list[Camera]] = {}
    heartbeats = store.heartbeats(session_id)
    recorded_until_ms: dict[tuple[str, str], int] = {}
    now: dict[str, StageNow] = {}
    book = store.alerting.book(session_id)
    with_share = any(rule.what in ("share", "liveliness") for rule in book.rules)
    beats_of: defaultdict[str, list[Heartbeat]] = defaultdict(list)
    for beat in heartbeats:
        beats_of[beat.stage_id].append(beat)
    for stage in stages:
        of_stage = cameras[stage.stage_id] = store.cameras(session_id, stage.stage_id)
        beats = beats_of[stage.stage_id]
        reads_s = max((late_threshold_s(beat, OVER_MS / 1000) for beat in beats), default=OVER_MS / 1000)
        read_from_ms = now_ms - round(reads_s * 1000) - _LATE_ENOUGH_MS
        # Windows from the future, by a clock that is ahead, would hide that a camera is late.
        until_ms = now_ms + AHEAD_MS
        windows = store.windows(session_id, stage.stage_id, from_ms=read_from_ms, until_ms=until_ms)
        for camera_id, recorded_ms in _recorded_until(windows, beats, read_from_ms).items():
            recorded_until_ms[stage.stage_id, camera_id] = recorded_ms
        last_minute = windows.rows((windows.start_ms >= now_ms - OVER_MS) & (windows.start_ms <= now_ms))
        paused = is_paused(cues_of(session, stage), from_ms(now_ms))
        now[stage.stage_id] = stage_now(
            stage, of_stage, session.setting, last_minute, paused=paused, with_share=with_share
        )
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


def evaluate(store: Store, session_id: str, now_ms: int, watcher: str = "") -> Situation:
    """Evaluates a session's rules once and stores the changes. Only one process at a time may evaluate a session.

    Args:
        store: where the session is.
        session_id: the session.
        now_ms: the instant, milliseconds since the epoch.
        watcher: name of the watcher; "" for a reader, which evaluates only if no watcher is active.

    Returns:
        The state of the session, including the stored changes.

    Raises:
        SessionNotFound: there is none with that id.
        StoreUnavailable: the store cannot be read or written.
    """
    before = situation(store, session_id, now_ms)
    if not watcher and is_watched(before.book, now_ms):
        return before
    if watcher:
        store.alerting.put(session_id, AlertWatcher(name=watcher, at_ms=now_ms))
    rules = before.book.rules if is_under_way(before.session, now_ms) else ()
    names = message_names(before.session, before.stages)
    changes = alert_changes(findings(rules, before.cameras, before.now, names), before.book.alerts, now_ms)
    for alert in changes.put:
        store.alerting.put(session_id, alert)
    for alert in changes.drop:
        store.alerting.drop(session_id, alert)
    if not changes.put and not changes.drop:
        return before
    return replace(before, book=store.alerting.book(session_id))


def is_watched(book: AlertBook, now_ms: int, *, but: str = "") -> bool:
    """Whether a watcher other than `but` is active on a session."""
    watcher = book.watcher
    return watcher is not None and watcher.name != but and abs(now_ms - watcher.at_ms) < WATCHED_MS


def _liveliness(store: Store, session_id: str, now_ms: int) -> dict[str, float]:
    """The newest liveliness of every stage that has one, 0..100."""
    read = read_sums(store, session_id, from_ms=now_ms - NEEDED_MS - UPDATE_MS, until_ms=now_ms)
    sums = [without_small_rooms(one) for one in read]
    newest = liveliness(sums, now_ms - UPDATE_MS, now_ms).figure[-1]
    return {
        of.stage.stage_id: 100 * float(figure) for of, figure in zip(sums, newest, strict=True) if not np.isnan(figure)
    }


def _recorded_until(windows: WindowTable, heartbeats: list[Heartbeat], read_from_ms: int) -> dict[str, int]:
    """End of each camera's newest window in the store; `read_from_ms` for a camera that sends but has none."""
    until = {beat.camera_id: read_from_ms for beat in heartbeats if beat.sent or beat.waiting}
    for start_ms, camera in zip(windows.start_ms.tolist(), windows.camera.tolist(), strict=True):
        until[windows.cameras[camera]] = start_ms + windows.width_ms
    return until
