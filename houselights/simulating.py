"""Writes a simulated festival day into a store, all at once or in real time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from audience.errors import InvalidValue, SessionNotFound
from audience.store import Heartbeat, Store
from audience.time import from_ms, to_ms
from sample_data.festival_day.deliveries import Arrival, arrivals
from sample_data.festival_day.plan import DayPlan
from sample_data.generate import SCORER

AT_ONCE = 5_000
_TICK_S = 0.25


def set_up(store: Store, day: DayPlan, *, running: bool) -> None:
    """Puts the session, its stages and its cameras into the store.

    Args:
        store: the store.
        day: the day.
        running: whether the session is still running, so that its end is not known yet.

    Raises:
        InvalidValue: another session with this id exists.
    """
    session = day.session
    try:
        there = store.session(session.session_id)
    except SessionNotFound:
        there = None
    planned_stages = [planned.stage for planned in day.stages]
    if there is not None and (
        there.started_at != session.started_at or store.stages(session.session_id) != planned_stages
    ):
        raise InvalidValue(
            f"session {session.session_id!r} exists and is a different day: choose another id with --session, or "
            "remove it with `houselights delete`"
        )
    store.put_scorer(SCORER)
    store.put_session(replace(session, ended_at=None if running else session.ended_at, set_up_at=datetime.now(UTC)))
    for planned in day.stages:
        store.put_stage(session.session_id, planned.stage)
        for camera in planned.cameras:
            store.put_camera(session.session_id, planned.stage.stage_id, camera.camera)


def write_at_once(store: Store, day: DayPlan, on_second: Callable[[int], None] = lambda second: None) -> int:
    """Writes the whole day.

    Args:
        store: the store, after `set_up`.
        day: the day.
        on_second: called now and then with the number of seconds written.

    Returns:
        Number of windows delivered; those delivered twice count twice.

    Raises:
        SessionNotFound: the session was deleted meanwhile.
    """
    begins_ms = to_ms(day.session.started_at)
    set_up_at = store.session(day.session.session_id).set_up_at
    written = 0
    arriving = arrivals(day)
    while some := list(islice(arriving, AT_ONCE)):
        written += _put(store, some, set_up_at)
        on_second(min(day.length_s, (some[-1].at_ms - begins_ms) // 1000))
    return written


def play(
    store: Store,
    day: DayPlan,
    *,
    speed: float,
    stop: threading.Event,
    elapsed_s: Callable[[], float],
    on_second: Callable[[int], None] = lambda second: None,
) -> int:
    """Writes deliveries when they are due, until the day is over or stopped; then ends the session.

    Args:
        store: the store, after `set_up`.
        day: the day; its first second is now.
        speed: seconds of the day per second.
        stop: set from any thread to stop.
        elapsed_s: seconds since playback began, by a monotonic clock.
        on_second: called now and then with the current second of the day.

    Returns:
        Number of windows delivered; those delivered twice count twice.

    Raises:
        SessionNotFound: the session was deleted meanwhile.
    """
    session = store.session(day.session.session_id)
    begins_ms = to_ms(day.session.started_at)
    ends_ms = begins_ms + day.length_s * 1000
    written, now_ms = 0, begins_ms
    arriving = arrivals(day)
    waiting = next(arriving, None)
    while now_ms < ends_ms and not stop.is_set():
        now_ms = min(begins_ms + int(elapsed_s() * speed * 1000), ends_ms)
        due = []
        while waiting is not None and waiting.at_ms <= now_ms:
            due.append(waiting)
            waiting = next(arriving, None)
        written += _put(store, due, session.set_up_at)
        on_second((now_ms - begins_ms) // 1000)
        stop.wait(_TICK_S)
    store.change_session(replace(session, ended_at=from_ms(now_ms)))
    return written


def _put(store: Store, some: Sequence[Arrival], set_up_at: datetime | None) -> int:
    """Stores arrivals; of each camera's heartbeats only the newest, as only that is kept."""
    windows = [arrival.window for arrival in some if arrival.window is not None]
    beats: dict[tuple[str, str], Heartbeat] = {}
    for arrival in some:
        if arrival.heartbeat is not None:
            beats[arrival.heartbeat.stage_id, arrival.heartbeat.camera_id] = arrival.heartbeat
    if windows:
        store.put_windows(windows, set_up_at=set_up_at)
    for beat in beats.values():
        store.put_heartbeat(beat, set_up_at=set_up_at)
    return len(windows)
