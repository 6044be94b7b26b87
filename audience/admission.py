"""When a window may lie: what a session, its stages' axes and whoever receives deliveries take to be possible.

A camera's clock is not trusted. One that starts in 1970, or that somebody set to mislead, must not put a window where
no session is: a stage's axis runs from its first window to its last.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from audience.errors import DeliveryRefused, ScoringRefused, SheetRejected
from audience.sessions import BEFORE_MS, DAY_MS, HOUR_MS, LONGEST_MS, MINUTE_MS, Session
from audience.store import Heartbeat
from audience.time import from_ms, instant_text, to_ms

AFTER_MS: Final = 10 * MINUTE_MS
"""And so long after it ended: people leave, and clocks differ."""

AHEAD_MS: Final = 5 * MINUTE_MS
"""A camera's clock may differ by so much from the receiver's. Clocks that are set by a network differ by milliseconds,
one that was last set weeks ago by a minute; S3 itself takes nothing from clocks that are 15 minutes off."""

LATE_MS: Final = 14 * DAY_MS
"""A session that has ended takes late deliveries for so long: as long as a queue keeps them."""

JOINS_WITHIN_MS: Final = DAY_MS
"""A recording may begin so long before or after all that is known of the session it is added to."""


def check_recorded(session: Session, start_ms: int, delivered_ms: int, *, what: str = "window") -> None:
    """Checks that a delivery may tell of an instant.

    Args:
        session: whose.
        start_ms: the instant, milliseconds since the epoch.
        delivered_ms: when it was delivered, by the receiver's clock.
        what: what is of this instant, for the message.

    Raises:
        SheetRejected: the instant was still to come when it was delivered; it will never be right.
        DeliveryRefused: it lies outside the session, or the session ended too long ago.
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
                "check the camera's clock; a session that goes on has to be opened again"
            )
        if delivered_ms > ended_ms + LATE_MS:
            raise DeliveryRefused(
                f"session {session.session_id!r} ended at {_text(ended_ms)}: it takes late deliveries for "
                f"{LATE_MS // DAY_MS} days"
            )
    if start_ms >= began_ms + LONGEST_MS:
        raise DeliveryRefused(
            f"a {what} at {_text(start_ms)} is more than {LONGEST_MS // DAY_MS} days after session "
            f"{session.session_id!r} began ({_text(began_ms)}): set up a new session"
        )


def heard(session: Session, beat: Heartbeat, now_ms: int) -> Heartbeat:
    """A camera's word of itself as it may be recorded: of a window outside the session it tells nothing.

    A camera may say long before the session begins that it is there. One whose clock is wrong may say only that it
    waits: it has to be heard for somebody to set it.

    Args:
        session: whose camera it is.
        beat: its heartbeat.
        now_ms: the receiver's clock, milliseconds since the epoch; counts where nobody noted when it arrived.

    Raises:
        DeliveryRefused: its clock is wrong and it says that it records, or the session ended too long ago.
    """
    came_ms = now_ms if beat.received_ms is None else min(beat.received_ms, now_ms + AHEAD_MS)
    off_ms = beat.at_ms - came_ms
    records = beat.received_ms is None or beat.state == "running" or beat.last_window_ms is not None
    if abs(off_ms) > AHEAD_MS and records:
        raise DeliveryRefused(
            f"the camera's clock is {abs(off_ms) // 1000} s {'ahead' if off_ms > 0 else 'behind'}: set the clock"
        )
    if session.ended_at is not None and came_ms > to_ms(session.ended_at) + LATE_MS:
        raise DeliveryRefused(f"session {session.session_id!r} ended at {instant_text(session.ended_at)}")
    newest_ms = beat.last_window_ms
    if newest_ms is None:
        return beat
    if not came_ms - LONGEST_MS <= newest_ms <= came_ms + AHEAD_MS:
        raise DeliveryRefused(f"its newest window is of {_text(newest_ms)}: the camera's clock was wrong; set it")
    try:
        check_recorded(session, newest_ms, came_ms)
    except (DeliveryRefused, SheetRejected):
        return replace(beat, last_window_ms=None)
    return beat


def check_sent(sent_ms: int, delivered_ms: int) -> None:
    """Checks the clock of a device that says when it sent a delivery.

    Args:
        sent_ms: when, by the clock its windows are stamped by, milliseconds since the epoch.
        delivered_ms: when it arrived, by the receiver's clock.

    Raises:
        SheetRejected: the two differ by more than clocks do: nobody knows which seconds its windows are of.
    """
    ahead_ms = sent_ms - delivered_ms
    if abs(ahead_ms) > AHEAD_MS:
        raise SheetRejected(
            f"the camera's clock is {abs(ahead_ms) // 1000} s {'ahead' if ahead_ms > 0 else 'behind'}: its windows are "
            "not of the seconds they say; set the clock"
        )


def check_joins(session: Session, start_ms: int) -> None:
    """Checks that what is recorded on this machine from an instant on may belong to a session that is there.

    Raises:
        ScoringRefused: it is more than a day from all that is known of the session, or makes it too long.
    """
    began_ms = to_ms(session.started_at)
    ended_ms = began_ms if session.ended_at is None else to_ms(session.ended_at)
    latest_ms = began_ms + LONGEST_MS if session.ended_at is None else ended_ms + JOINS_WITHIN_MS
    length_ms = max(ended_ms, start_ms) - min(began_ms, start_ms)
    if not began_ms - JOINS_WITHIN_MS <= start_ms <= latest_ms or length_ms > LONGEST_MS:
        raise ScoringRefused(
            f"session {session.session_id!r} is of {_text(began_ms)}, and this begins at {_text(start_ms)}: say with "
            "--started-at when it began, or give it a --session of its own"
        )


def _text(ms: int) -> str:
    return instant_text(from_ms(ms))
