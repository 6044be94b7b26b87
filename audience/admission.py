"""Plausibility of timestamps: which windows and heartbeats a session accepts.

A camera's clock is not trusted. A clock that starts in 1970, or was set wrong on purpose, must not place a window
outside its session, because a stage's axis runs from its first window to its last.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from audience.errors import DeliveryRefused, ScoringRefused, SheetRejected
from audience.sessions import BEFORE_MS, DAY_MS, HOUR_MS, LONGEST_MS, MINUTE_MS, Session
from audience.store import Heartbeat
from audience.time import from_ms, instant_text, to_ms

AFTER_MS: Final = 10 * MINUTE_MS
"""How long after its end a session accepts windows: people leave, and clocks differ."""

AHEAD_MS: Final = 5 * MINUTE_MS
"""How far a camera's clock may differ from the receiver's. Clocks set by NTP differ by milliseconds, one last set weeks
ago by a minute; S3 itself refuses requests whose clock is 15 minutes off."""

LATE_MS: Final = 14 * DAY_MS
"""How long an ended session accepts late deliveries: as long as a queue keeps them."""

JOINS_WITHIN_MS: Final = DAY_MS
"""How long before or after a session a recording that is added to it may begin."""


def check_recorded(session: Session, start_ms: int, delivered_ms: int, *, what: str = "window") -> None:
    """Checks that a delivered window or face has a plausible timestamp.

    Args:
        session: the session it belongs to.
        start_ms: its timestamp, milliseconds since the epoch.
        delivered_ms: when it was delivered, by the receiver's clock.
        what: what has this timestamp, for the error message.

    Raises:
        SheetRejected: the timestamp is later than the delivery, so it can never be right.
        DeliveryRefused: it is outside the session, or the session ended too long ago.
    """
    if start_ms > delivered_ms + AHEAD_MS:
        raise SheetRejected(
            f"a {what} at {_text(start_ms)} was delivered at {_text(delivered_ms)}: the camera's clock is ahead; set it"
        )
    began_ms = to_ms(session.started_at)
    if start_ms < began_ms - BEFORE_MS:
        raise DeliveryRefused(
            f"a {what} at {_text(start_ms)} is more than {BEFORE_MS // HOUR_MS} hours before session "
            f"{session.session_id!r} began ({_text(began_ms)}): check the camera's clock, and when the session begins"
        )
    if session.ended_at is not None:
        ended_ms = to_ms(session.ended_at)
        if start_ms > ended_ms + AFTER_MS:
            raise DeliveryRefused(
                f"a {what} at {_text(start_ms)} is after session {session.session_id!r} ended ({_text(ended_ms)}): "
                "check the camera's clock; a session that continues must be reopened"
            )
        if delivered_ms > ended_ms + LATE_MS:
            raise DeliveryRefused(
                f"session {session.session_id!r} ended at {_text(ended_ms)}: it accepts late deliveries for "
                f"{LATE_MS // DAY_MS} days"
            )
    if start_ms >= began_ms + LONGEST_MS:
        raise DeliveryRefused(
            f"a {what} at {_text(start_ms)} is more than {LONGEST_MS // DAY_MS} days after session "
            f"{session.session_id!r} began ({_text(began_ms)}): set up a new session"
        )


def admitted_heartbeat(session: Session, beat: Heartbeat, now_ms: int) -> Heartbeat:
    """The heartbeat as it may be recorded: a last window outside the session is removed from it.

    A camera may send heartbeats long before the session begins. One whose clock is wrong may only report that it waits,
    so that somebody sees it and sets the clock.

    Args:
        session: the camera's session.
        beat: the heartbeat as received.
        now_ms: the receiver's clock, milliseconds since the epoch; used where the arrival time is unknown.

    Raises:
        DeliveryRefused: its clock is wrong while it records, or the session ended too long ago.
    """
    arrived_ms = now_ms if beat.received_ms is None else min(beat.received_ms, now_ms + AHEAD_MS)
    clock_error_ms = beat.at_ms - arrived_ms
    records = beat.received_ms is None or beat.state == "running" or beat.last_window_ms is not None
    if abs(clock_error_ms) > AHEAD_MS and records:
        raise DeliveryRefused(
            f"the camera's clock is {abs(clock_error_ms) // 1000} s {'ahead' if clock_error_ms > 0 else 'behind'}: "
            "set the clock"
        )
    if session.ended_at is not None and arrived_ms > to_ms(session.ended_at) + LATE_MS:
        raise DeliveryRefused(f"session {session.session_id!r} ended at {instant_text(session.ended_at)}")
    newest_ms = beat.last_window_ms
    if newest_ms is None:
        return beat
    if not arrived_ms - LONGEST_MS <= newest_ms <= arrived_ms + AHEAD_MS:
        raise DeliveryRefused(f"its newest window is at {_text(newest_ms)}: the camera's clock was wrong; set it")
    try:
        check_recorded(session, newest_ms, arrived_ms)
    except (DeliveryRefused, SheetRejected):
        return replace(beat, last_window_ms=None)
    return beat


def check_sent(sent_ms: int, delivered_ms: int) -> None:
    """Checks a device's clock by the send time in its delivery.

    Args:
        sent_ms: when it was sent, by the clock that stamps its windows, milliseconds since the epoch.
        delivered_ms: when it arrived, by the receiver's clock.

    Raises:
        SheetRejected: the two differ by more than `AHEAD_MS`, so the times of its windows are unknown.
    """
    ahead_ms = sent_ms - delivered_ms
    if abs(ahead_ms) > AHEAD_MS:
        raise SheetRejected(
            f"the camera's clock is {abs(ahead_ms) // 1000} s {'ahead' if ahead_ms > 0 else 'behind'}: the times "
            "of its windows are wrong; set the clock"
        )


def check_joins(session: Session, start_ms: int) -> None:
    """Checks that a recording made on this machine may be added to an existing session.

    Raises:
        ScoringRefused: it begins more than a day from the session, or makes the session too long.
    """
    began_ms = to_ms(session.started_at)
    ended_ms = began_ms if session.ended_at is None else to_ms(session.ended_at)
    latest_ms = began_ms + LONGEST_MS if session.ended_at is None else ended_ms + JOINS_WITHIN_MS
    length_ms = max(ended_ms, start_ms) - min(began_ms, start_ms)
    if not began_ms - JOINS_WITHIN_MS <= start_ms <= latest_ms or length_ms > LONGEST_MS:
        raise ScoringRefused(
            f"session {session.session_id!r} began at {_text(began_ms)}, this at {_text(start_ms)}: correct "
            "--started-at, or give this a --session of its own"
        )


def _text(ms: int) -> str:
    return instant_text(from_ms(ms))
