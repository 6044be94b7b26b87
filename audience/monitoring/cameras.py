"""Camera states, derived from each camera's newest heartbeat and newest recorded window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from audience.language import gettext, ngettext, whole
from audience.sessions import Camera, Session
from audience.store import Heartbeat

State = Literal["dead", "failed", "away", "dark", "blurred", "late", "starting", "expected", "ok", "ended"]
STATES: tuple[State, ...] = get_args(State)
"""Sorted by urgency."""

_URGENCY: Final = {state: place for place, state in enumerate(STATES)}

_ENDED: Final = ("stopped", "finished")
"""States of a heartbeat after which no other comes."""

UNUSABLE: Final[frozenset[State]] = frozenset({"dead", "failed", "away", "dark", "blurred"})
"""States without usable pictures."""

SILENT_S: Final = 10.0
DEAD_S: Final = 30.0
"""Seconds without a heartbeat after which a camera is late, and dead. Heartbeats come every two seconds, and a broken
connection is retried within ten. A camera with a lower frame rate sends fewer, so limits in frame intervals apply
too."""

_SILENT_INTERVALS, _DEAD_INTERVALS = 2, 3
_SILENT_HEARTBEATS, _DEAD_HEARTBEATS = 2, 3

GATHERED_S: Final = 15.0
"""Seconds that figures of a camera may be late by that gathers 12 s of them, as all do while the cloud lags."""

LONGEST_INTERVAL_S: Final = 3600.0
"""The longest frame interval that is believed, so that every silent camera is noticed eventually."""

RETRY_S: Final = 30.0
"""Seconds within which a disconnected camera or failed program is retried; until then it sends no heartbeat."""

ACTIVE_S: Final = 90.0
"""Seconds without a heartbeat of any camera after which a session no longer receives records."""

LATE_S: Final = 10.0
"""Seconds from capture to store from which a camera is late."""

DARK_BELOW: Final = 0.03
"""Brightness. Eleven photos and clips, darkened with a camera's noise (2 gray levels): at 8 % of the light they
measured .035 to .071, at 4 % .016 to .035, at 2 % at most .016; of 141 faces in ten 127, 61 and 1 were found."""

BLURRED_BELOW: Final = 0.33
"""Sharpness. The same, put out of focus by a Gaussian of some pixels at a width of 1280: at 3 px they measured .37 to
.45, at 5 px .24 to .29, at 8 px .15 to .19; 119, 109 and 62 faces were found."""

CLOCK_OFF_S: Final = 2.0
"""Seconds of clock error from which it is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """The state of one camera.

    Attributes:
        stage_id, camera_id: the camera.
        state: "ok"; "late" (its heartbeats or records are late); "dark" and "blurred" (by its picture); "away" (its
            program runs, but the camera is not connected); "failed" (as it reported); "dead" (no heartbeat);
            "starting"; "expected" (set up, but never connected or not recently); "ended" (stopped, or played to its
            end). A camera without heartbeats is "ok" or "late" by its records.
        seen_s: seconds since its last heartbeat, or its newest record if it sends none, 0 or more; None for neither.
        delay_s: seconds from capture to store, corrected for the camera's clock; None if unknown.
        clock_error_s: how far its clock is ahead, including the transfer time; None if unknown.
        heartbeat: its last heartbeat; None if it never sent one.
        device: the device that delivers for it, by name; "" for none, or where it is unknown.
    """

    stage_id: str
    camera_id: str
    state: State
    seen_s: float | None = None
    delay_s: float | None = None
    clock_error_s: float | None = None
    heartbeat: Heartbeat | None = None
    device: str = ""

    @property
    def why(self) -> str:
        """The reason in one line, in the reader's language; "" if the state says enough.

        What the camera's own program wrote stands in it as it came.
        """
        if self.state == "ended" and (self.heartbeat is None or self.heartbeat.state not in _ENDED):
            return gettext("the session has ended")
        lines = [_reason(self)]
        if self.heartbeat is not None and self.clock_error_s is not None and abs(self.clock_error_s) >= CLOCK_OFF_S:
            seconds = whole(round(abs(self.clock_error_s)))
            if self.clock_error_s > 0:
                lines.append(gettext("its clock is {seconds} s ahead", seconds=seconds))
            else:
                lines.append(gettext("its clock is {seconds} s behind", seconds=seconds))
        return "; ".join(filter(None, lines))


def camera_status(
    stage_id: str,
    camera_id: str,
    heartbeat: Heartbeat | None,
    recorded_until_ms: int | None,
    now_ms: int,
    *,
    device: str = "",
) -> CameraStatus:
    """Derives the state of a camera at an instant.

    Args:
        stage_id, camera_id: the camera.
        heartbeat: its newest; None if there is none.
        recorded_until_ms: end of its newest window in the store, milliseconds since the epoch; None if unknown or
            missing; then the delay is the camera's own figure.
        now_ms: the instant, milliseconds since the epoch.
        device: see `CameraStatus`.
    """
    if heartbeat is None:
        return replace(_status_from_records(stage_id, camera_id, recorded_until_ms, now_ms), device=device)
    seen_s = seconds_since(heartbeat, now_ms)
    error_s = None if heartbeat.received_ms is None else (heartbeat.at_ms - heartbeat.received_ms) / 1000
    delay_s = None
    if heartbeat.state == "running":
        delay_s = max(0.0, heartbeat.lag_s)
        if recorded_until_ms is not None:
            delay_s = max(0.0, (now_ms - recorded_until_ms) / 1000 + (error_s or 0.0))
    return CameraStatus(
        stage_id=stage_id,
        camera_id=camera_id,
        state=_state_of(heartbeat, seen_s, delay_s),
        seen_s=seen_s,
        delay_s=delay_s,
        clock_error_s=error_s,
        heartbeat=heartbeat,
        device=device,
    )


def late_threshold_s(heartbeat: Heartbeat, limit_s: float) -> float:
    """The delay from capture to store from which figures are late, seconds, given a limit for ordinary cameras.

    A camera with a low frame rate has nothing newer between two frames, so it may miss some frame intervals. One that
    spares a cloud that lags gathers its windows for longer.
    """
    gathered_s = GATHERED_S if heartbeat.step in ("thrifty", "device") else 0.0
    return gathered_s + max(limit_s, _SILENT_INTERVALS * _interval_s(heartbeat))


def camera_statuses(
    cameras: Mapping[str, Iterable[Camera]],
    heartbeats: Iterable[Heartbeat],
    recorded_until_ms: Mapping[tuple[str, str], int],
    now_ms: int,
    *,
    over: bool = False,
) -> list[CameraStatus]:
    """Derives the states of all cameras of a session, sorted by urgency.

    Args:
        cameras: those set up, by stage id.
        heartbeats: the newest of each; those of cameras that are not set up are ignored.
        recorded_until_ms: by stage and camera id, see `camera_status`.
        now_ms: the instant, milliseconds since the epoch.
        over: whether the session has ended. Then a silent camera has ended too, and one that still sends heartbeats is
            shown as it is, so that somebody stops it.
    """
    beats = {(beat.stage_id, beat.camera_id): beat for beat in heartbeats}
    found = [
        camera_status(
            stage,
            camera.camera_id,
            beats.get(place),
            recorded_until_ms.get(place),
            now_ms,
            device=camera.delivered_by or "",
        )
        for stage, of_stage in cameras.items()
        for camera in of_stage
        for place in [(stage, camera.camera_id)]
    ]
    if over:
        found = [_after_the_end(one) for one in found]
    return sorted(found, key=lambda one: (_URGENCY[one.state], one.stage_id, one.camera_id))


def is_receiving(session: Session, heartbeats: Iterable[Heartbeat], now_ms: int) -> bool:
    """Whether records of a session still arrive: it has not ended, and a camera sent a heartbeat recently.

    Args:
        session: the session.
        heartbeats: the newest of each of its cameras.
        now_ms: the instant, milliseconds since the epoch.
    """
    return session.ended_at is None and any(now_ms - _received_ms(beat) < ACTIVE_S * 1000 for beat in heartbeats)


def _after_the_end(status: CameraStatus) -> CameraStatus:
    """The state of a camera after the session has ended."""
    if status.state in ("dead", "expected") or (status.heartbeat is None and status.state == "late"):
        return replace(status, state="ended")
    return status


def _status_from_records(stage_id: str, camera_id: str, recorded_until_ms: int | None, now_ms: int) -> CameraStatus:
    """The state of a camera that sends no heartbeats, by its records."""
    if recorded_until_ms is None:
        return CameraStatus(stage_id=stage_id, camera_id=camera_id, state="expected")
    seen_s = max(0.0, (now_ms - recorded_until_ms) / 1000)
    state: State = "late" if seen_s > DEAD_S else "ok"
    return CameraStatus(stage_id=stage_id, camera_id=camera_id, state=state, seen_s=seen_s, delay_s=seen_s)


def seconds_since(heartbeat: Heartbeat, now_ms: int) -> float:
    """Seconds since a heartbeat arrived, 0 or more."""
    return max(0.0, (now_ms - _received_ms(heartbeat)) / 1000)


def _received_ms(heartbeat: Heartbeat) -> int:
    """When it arrived, by the receiver's clock if known."""
    return heartbeat.at_ms if heartbeat.received_ms is None else heartbeat.received_ms


def _state_of(heartbeat: Heartbeat, seen_s: float, delay_s: float | None) -> State:
    """The first state that applies, from the worst."""
    if heartbeat.state in _ENDED:
        return "ended"
    silent_s = RETRY_S if heartbeat.state in ("waiting", "failed") else 0.0
    every_s = heartbeat.every_s or 0.0
    if seen_s > max(DEAD_S + silent_s, _DEAD_INTERVALS * _interval_s(heartbeat), _DEAD_HEARTBEATS * every_s):
        return "dead"
    if heartbeat.state == "failed":
        return "failed"
    if heartbeat.state == "waiting":
        return "away"
    if heartbeat.state in ("starting", "ready"):
        return "starting"
    if heartbeat.brightness is not None and heartbeat.brightness < DARK_BELOW:
        return "dark"
    if heartbeat.sharpness is not None and heartbeat.sharpness < BLURRED_BELOW:
        return "blurred"
    if _is_silent(heartbeat, seen_s) or (delay_s is not None and delay_s > late_threshold_s(heartbeat, LATE_S)):
        return "late"
    return "ok"


def _is_silent(heartbeat: Heartbeat, seen_s: float) -> bool:
    every_s = heartbeat.every_s or 0.0
    return seen_s > max(SILENT_S, _SILENT_INTERVALS * _interval_s(heartbeat), _SILENT_HEARTBEATS * every_s)


def _reason(status: CameraStatus) -> str:
    """Why a camera is in its state, apart from its clock."""
    beat = status.heartbeat
    if beat is None:
        if status.state == "expected":
            return gettext("never connected")
        if status.state == "ok":
            return gettext("sends no status; its figures arrive")
        return gettext("sends no status; its figures have stopped")
    match status.state:
        case "ended" if not beat.detail:
            return gettext("stopped") if beat.state == "stopped" else gettext("played to its end")
        case "dead":
            last = gettext("last reported “{state}”", state=beat.state)
            return f"{last}: {beat.detail}" if beat.detail else last
        case "dark":
            return gettext("the picture is black: is the lens covered, are the lights out?")
        case "blurred":
            return gettext(
                "the picture is out of focus, shaken or empty: clean the lens, focus, and check where it points"
            )
        case "late" if _is_silent(beat, status.seen_s or 0.0) or status.delay_s is None:
            return gettext("no recent heartbeat")
        case "late":
            seconds = whole(round(status.delay_s or 0.0))
            if not beat.waiting:
                return gettext("figures arrive {seconds} s after capture", seconds=seconds)
            return ngettext(
                "figures arrive {seconds} s after capture; {count} delivery waits in its outbox",
                "figures arrive {seconds} s after capture; {count} deliveries wait in its outbox",
                beat.waiting,
                seconds=seconds,
            )
    return beat.detail


def _interval_s(heartbeat: Heartbeat) -> float:
    """The camera's frame interval in seconds, at most `LONGEST_INTERVAL_S`; 0 if unknown."""
    return min(1 / heartbeat.frames_per_s, LONGEST_INTERVAL_S) if heartbeat.frames_per_s else 0.0
