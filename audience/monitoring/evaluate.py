"""Evaluation of a session's alert rules: reads cameras and stages, and stores which alerts began and ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from audience.alerts import AlertBook, AlertRule, AlertWatcher, Finding, alert_changes
from audience.disclosure import MIN_FACES, bounded, share_text
from audience.language import ENGLISH, using
from audience.monitoring.cameras import UNUSABLE, CameraStatus, late_threshold_s
from audience.monitoring.situation import OVER_MS, Situation, SituationReader, StageNow, is_under_way
from audience.percents import percent_text
from audience.sessions import Session, Stage
from audience.store import Store


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
    holds: bool | None
    message = ""
    if rule.what == "camera":
        # A camera that never connected, or was stopped, raises no alert.
        holds = status.state in UNUSABLE
        if holds:
            message = f"camera {status.camera_id} of {name} is {status.state}"
    elif status.heartbeat is None or status.delay_s is None:
        # A camera that does not run has no delay; that of a dead one is unknown.
        holds = None if status.state == "dead" else False
    else:
        holds = status.delay_s > late_threshold_s(status.heartbeat, rule.limit)
        if holds:
            late = f"arrive {status.delay_s:.0f} s late (limit {rule.limit:g} s)"
            message = f"figures of camera {status.camera_id} of {name} {late}"
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


MOST_CHANGES: Final = 100
"""Alerts that one evaluation stores, each of which is a write. Where all cameras fail, others follow at the next."""


def evaluate(
    store: Store, session_id: str, now_ms: int, watcher: str = "", *, reader: SituationReader | None = None
) -> Situation:
    """Evaluates a session's rules once and stores the changes. Only one process at a time may evaluate a session.

    Args:
        store: where the session is.
        session_id: the session.
        now_ms: the instant, milliseconds since the epoch.
        watcher: name of the watcher; "" for a reader, which evaluates only if no watcher is active.
        reader: the session's reader, for who evaluates it again and again; None to read all of it.

    Returns:
        The state of the session, including the stored changes.

    Raises:
        SessionNotFound: there is none with that id.
        StoreUnavailable: the store cannot be read or written.
    """
    before = (reader or SituationReader(session_id)).read(store, now_ms)
    if not watcher and is_watched(before.book, now_ms):
        return before
    if watcher:
        store.alerting.put(session_id, AlertWatcher(name=watcher, at_ms=now_ms))
    rules = before.book.rules if is_under_way(before.session, now_ms) else ()
    names = message_names(before.session, before.stages)
    changes = alert_changes(findings(rules, before.cameras, before.now, names), before.book.alerts, now_ms)
    for alert in changes.put[:MOST_CHANGES]:
        store.alerting.put(session_id, alert)
    for alert in changes.drop[:MOST_CHANGES]:
        store.alerting.drop(session_id, alert)
    if not changes.put and not changes.drop:
        return before
    return replace(before, book=store.alerting.book(session_id))


def is_watched(book: AlertBook, now_ms: int, *, but: str = "") -> bool:
    """Whether a watcher other than `but` is active on a session."""
    watcher = book.watcher
    return watcher is not None and watcher.name != but and abs(now_ms - watcher.at_ms) < WATCHED_MS
