"""Reads and writes what the Operate page shows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from audience.alerts import Alert, AlertMark, AlertRule, AlertSilence, trial_alert
from audience.errors import InvalidValue
from audience.language import gettext
from audience.monitoring.cameras import is_receiving
from audience.monitoring.evaluate import evaluate
from audience.monitoring.situation import MANY_CAMERAS, Situation, SituationReader
from audience.session_setup import SessionSetup, prepare_session, record_notice_up, record_sheet
from audience.sessions import Session, Stage, cues_of
from audience.store import Store
from audience.stores import default_store_url
from audience.time import to_ms
from audience.timelines import Cue
from dashboard.access.data import open_store
from dashboard.data import change_stage, store_url

# One page at a time looks at the rules: two that look at once would each begin the same alert.
_looking = threading.Lock()
_KEPT: Final = "operate-situation"

SHARED_MS: Final = 2_000
"""How long everybody who looks at many cameras sees the same: as often as the page may be drawn again."""

_MOST_READERS: Final = 32
_AT_ONCE: Final = 8  # stages read at once where each is a request


@dataclass(slots=True)
class _Reading:
    """A session's reader, and what it read last, for all viewers of this process."""

    reader: SituationReader
    newest: Situation | None = None
    at_ms: int = 0


_readings: OrderedDict[tuple[str, str], _Reading] = OrderedDict()


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def named_store() -> str:
    """The --store option for a command; "" where the default store is used."""
    return "" if store_url() == default_store_url() else store_url()


def is_in_the_cloud() -> bool:
    """Whether the store is in AWS."""
    return store_url().startswith("dynamodb:")


def at_work(found: Sequence[Session]) -> str:
    """The id of the session to show first: the first one with a running camera.

    Args:
        found: one at least; the first stands where no camera is at work.
    """
    now_ms = to_ms(now())
    with _opened() as store:
        for session in found:
            # Of those that have ended, which are most, nothing is read.
            if session.ended_at is None and is_receiving(session, store.heartbeats(session.session_id), now_ms):
                return session.session_id
    return found[0].session_id


def situation(session_id: str) -> Situation:
    """A session's current state. Evaluates its rules, unless a watcher does so already.

    Within `read_once` it is read once, for all parts of the page.

    Raises:
        SessionNotFound: there is none of that id.
    """
    kept: dict[str, Situation] | None = st.session_state.get(_KEPT)
    if kept is not None and session_id in kept:
        return kept[session_id]
    with _looking, _opened() as store:
        store.session(session_id)  # a viewer who may not see it is refused here
        reading, at_ms = _reading(session_id), to_ms(now())
        found = reading.newest
        if found is None or len(found.cameras) <= MANY_CAMERAS or not 0 <= at_ms - reading.at_ms < SHARED_MS:
            found = evaluate(store, session_id, at_ms, reader=reading.reader)
            reading.newest, reading.at_ms = found, at_ms
    if kept is not None:
        kept[session_id] = found
    return found


def _reading(session_id: str) -> _Reading:
    """The session's reader, the one that nobody used for longest makes room; for who holds the lock."""
    key = (store_url(), session_id)
    found = _readings.pop(key, None) or _Reading(
        SituationReader(session_id, at_once=_AT_ONCE if is_in_the_cloud() else 1)
    )
    _readings[key] = found
    while len(_readings) > _MOST_READERS:
        _readings.popitem(last=False)
    return found


def _read_anew(session_id: str) -> None:
    """What this process has changed is shown at once, also to others."""
    with _looking:
        _readings.pop((store_url(), session_id), None)


@contextmanager
def read_once() -> Iterator[None]:
    """While the whole page is drawn, its parts show the same instant, and nothing is read twice."""
    st.session_state[_KEPT] = {}
    try:
        yield
    finally:
        st.session_state.pop(_KEPT, None)


def set_up(setup: SessionSetup, *, stage_title: str = "") -> Session:
    """Sets up a session, a stage and a camera, or adds to existing ones; see `prepare_session`.

    Raises:
        ScoringRefused: the session is there, and measures something else.
        InvalidValue: a value is not allowed.
    """
    with _opened() as store:
        session = prepare_session(store, setup, None, now(), device=False)
    if stage_title:
        change_stage(session.session_id, setup.stage_id, lambda stage: replace(stage, title=stage_title))
    _read_anew(session.session_id)
    return session


def set_directions(session_id: str, stage_id: str, directions: str) -> None:
    """Records how to get to a stage.

    Raises:
        InvalidValue: the stage is gone, or it is an address that does not begin with https://.
    """
    change_stage(session_id, stage_id, lambda stage: replace(stage, directions=directions.strip()))
    _changed(session_id)


def sheet_made(session_id: str, languages: Sequence[str]) -> None:
    """Records that the room notice was made."""
    with _changing(session_id) as store:
        record_sheet(store, session_id, languages, now())


def notice_is_up(session_id: str, by: str) -> None:
    """Records who put the room notice up.

    Raises:
        InvalidValue: nobody is named.
    """
    with _changing(session_id) as store:
        record_notice_up(store, session_id, by, now())


def has_recordings(session_id: str) -> bool:
    """Whether a recording was scored into the session."""
    with _opened() as store:
        return bool(store.recordings(session_id))


def start(session_id: str) -> None:
    """Starts the session now.

    Raises:
        InvalidValue: something was recorded of it already.
    """
    with _changing(session_id) as store:
        session = store.session(session_id)
        if any(len(store.windows(session_id, stage.stage_id)) for stage in store.stages(session_id)):
            raise InvalidValue(gettext("the session already has recordings, so it has already begun"))
        store.change_session(replace(session, started_at=now(), ended_at=None))


def go_on(session_id: str) -> None:
    """Resumes an ended session."""
    with _changing(session_id) as store:
        store.change_session(replace(store.session(session_id), ended_at=None))


def end(session_id: str) -> None:
    """Ends the session now, also one that has not begun."""
    with _changing(session_id) as store:
        session, at = store.session(session_id), now()
        store.change_session(replace(session, started_at=min(session.started_at, at), ended_at=at))


def acknowledge(session_id: str, alerts: Sequence[Alert], by: str, note: str = "") -> None:
    """Records who acknowledged alerts, and what they wrote.

    Raises:
        InvalidValue: nobody is named, or the note is too long.
    """
    marks = [
        AlertMark(
            alert_id=alert.alert_id,
            kind="acknowledged",
            by=by.strip(),
            at_ms=to_ms(now()),
            note=note.strip() or None,
        )
        for alert in alerts
    ]
    with _changing(session_id) as store:
        for mark in marks:
            store.alerting.put(session_id, mark)


def silence(session_id: str, alerts: Sequence[Alert], by: str, note: str, *, for_s: float | None) -> None:
    """Has nobody notified of the places of some alerts for so long; None until the session ends.

    Raises:
        InvalidValue: nobody is named, or the note is too long.
    """
    at_ms = to_ms(now())
    silences = [
        AlertSilence(
            stage_id=stage_id,
            camera_id=camera_id,
            by=by.strip(),
            at_ms=at_ms,
            until_ms=None if for_s is None else at_ms + round(for_s * 1000),
            note=note.strip() or None,
        )
        for stage_id, camera_id in sorted({(alert.stage_id, alert.camera_id) for alert in alerts})
    ]
    with _changing(session_id) as store:
        for one in silences:
            store.alerting.put(session_id, one)


def end_silence(session_id: str, silences: Sequence[AlertSilence]) -> None:
    """Has people notified again."""
    with _changing(session_id) as store:
        for one in silences:
            store.alerting.drop(session_id, one)


def change_cues(
    session_id: str, stage_ids: Collection[str], change: Callable[[tuple[Cue, ...], datetime], tuple[Cue, ...]]
) -> list[tuple[Stage, Stage]]:
    """Changes the cues of some stages at one instant; those whose cues cannot be changed so stay as they are.

    Returns:
        Each stage that changed, before and after.
    """
    at, changed = now(), []
    with _changing(session_id) as store:
        session = store.session(session_id)
        for stage in store.stages(session_id):
            if stage.stage_id not in stage_ids:
                continue
            before = cues_of(session, stage)
            after = replace(stage, cues=change(before, at))
            if after.cues != before:
                store.put_stage(session_id, after)
                changed.append((stage, after))
    return changed


def restore_cues(session_id: str, changed: Sequence[tuple[Stage, Stage]]) -> None:
    """Takes a change of cues back.

    Raises:
        InvalidValue: somebody has changed the cues since; then nothing is taken back.
    """
    with _changing(session_id) as store:
        there = {stage.stage_id: stage for stage in store.stages(session_id)}
        if any(one.stage_id not in there or there[one.stage_id].cues != one.cues for _, one in changed):
            raise InvalidValue(gettext("somebody has changed the cues since: nothing was undone"))
        for before, after in changed:
            store.put_stage(session_id, replace(there[after.stage_id], cues=before.cues))


def ask_for_a_test(session_id: str) -> None:
    """Starts a test alert, which the watcher sends."""
    with _changing(session_id) as store:
        store.alerting.put(session_id, trial_alert(to_ms(now())))


def rules(session_id: str) -> tuple[AlertRule, ...]:
    """The current rules, in the order of their ids."""
    with _opened() as store:
        return store.alerting.book(session_id).rules


def put_rule(session_id: str, rule: AlertRule) -> None:
    """Stores a rule."""
    with _changing(session_id) as store:
        store.alerting.put(session_id, rule)


def drop_rule(session_id: str, rule: AlertRule) -> None:
    """Removes a rule; its alerts end at the next evaluation."""
    with _changing(session_id) as store:
        store.alerting.drop(session_id, rule)


def _opened() -> Store:
    return open_store(store_url())


@contextmanager
def _changing(session_id: str) -> Iterator[Store]:
    """The store, to change something that the page shows: what was read before is not shown to anybody any more."""
    try:
        with _opened() as store:
            yield store
    finally:
        _changed(session_id)


def _changed(session_id: str) -> None:
    with _looking:  # what is being read now is not kept afterwards either
        if (reading := _readings.get((store_url(), session_id))) is not None:
            reading.newest = None
