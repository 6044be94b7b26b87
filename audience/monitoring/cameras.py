"""How each camera is, from its newest heartbeat and the newest window of it that was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from audience.sessions import Camera, Session
from audience.store import Heartbeat

State = Literal["dead", "failed", "away", "dark", "blurred", "late", "starting", "expected", "ok", "ended"]
STATES: tuple[State, ...] = get_args(State)
"""From the one that needs a hand most to the one that needs none."""

UNUSABLE: Final[frozenset[State]] = frozenset({"dead", "failed", "away", "dark", "blurred"})
"""States in which nothing, or nothing of use, is seen."""

SILENT_S: Final = 10.0
DEAD_S: Final = 30.0
"""Seconds without a word after which a camera is late, and dead. It speaks every two seconds; a broken way to it is
tried again within ten. One that looks less often speaks less often: it may miss that many turns."""

_SILENT_TURNS, _DEAD_TURNS = 2, 3

LONGEST_TURN_S: Final = 3600.0
"""A camera looks once an hour at least, so that whatever one says of itself, it is missed some day."""

TRIED_AGAIN_S: Final = 30.0
"""Seconds within which a camera that is away, or whose program failed, is tried again; until then it says nothing."""

AT_WORK_S: Final = 90.0
"""Seconds without a word of any camera after which no more records are waited for."""

LATE_S: Final = 10.0
"""Seconds from capture to store from which a camera is late."""

DARK_BELOW: Final = 0.03
"""Brightness. Eleven photos and clips, darkened with a camera's noise (2 gray levels): at 8 % of the light they
measured .035 to .071, at 4 % .016 to .035, at 2 % at most .016; of 141 faces in ten 127, 61 and 1 were found."""

BLURRED_BELOW: Final = 0.33
"""Sharpness. The same, put out of focus by a Gaussian of some pixels at a width of 1280: at 3 px they measured .37 to
.45, at 5 px .24 to .29, at 8 px .15 to .19; 119, 109 and 62 faces were found."""

CLOCK_OFF_S: Final = 2.0
"""Seconds of clock error that are worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """How one camera is.

    Attributes:
        stage_id, camera_id: which camera.
        state: "ok"; "late" (its word or its records come late); "dark" and "blurred" (by its picture); "away" (the
            camera itself is not there, its program is); "failed" (as it said); "dead" (nothing was heard);
            "starting"; "expected" (set up, and nothing was heard of it, now or ever); "ended" (stopped, or played to
            its end). One that tells no status is "ok" or "late" by its records.
        why: what the state rests on, in one line; "" where the state says it all.
        seen_s: seconds since it was heard of, or since its newest record where it tells no status, 0 or more; None
            where there is neither.
        delay_s: seconds from capture to store, the camera's clock put right; None where that is not known.
        clock_error_s: by how much its clock is ahead, the way included; None where nobody could tell.
        heartbeat: what it said last; None where it never did.
    """

    stage_id: str
    camera_id: str
    state: State
    why: str = ""
    seen_s: float | None = None
    delay_s: float | None = None
    clock_error_s: float | None = None
    heartbeat: Heartbeat | None = None


def camera_status(
    stage_id: str, camera_id: str, heartbeat: Heartbeat | None, recorded_until_ms: int | None, now_ms: int
) -> CameraStatus:
    """How a camera is at an instant.

    Args:
        stage_id, camera_id: which camera.
        heartbeat: its newest; None where there is none.
        recorded_until_ms: end of the newest window of it in the store, milliseconds since the epoch; None where it was
            not looked for, or there is none: then the delay is what the camera itself says.
        now_ms: the instant, milliseconds since the epoch.
    """
    if heartbeat is None:
        return _told_by_records(stage_id, camera_id, recorded_until_ms, now_ms)
    seen_s = max(0.0, (now_ms - _came_ms(heartbeat)) / 1000)
    error_s = None if heartbeat.received_ms is None else (heartbeat.at_ms - heartbeat.received_ms) / 1000
    delay_s = None
    if heartbeat.state == "running":
        delay_s = max(0.0, heartbeat.lag_s)
        if recorded_until_ms is not None:
            delay_s = max(0.0, (now_ms - recorded_until_ms) / 1000 + (error_s or 0.0))
    state, why = _judged(heartbeat, seen_s, delay_s)
    if error_s is not None and abs(error_s) >= CLOCK_OFF_S:
        off = f"its clock is {abs(error_s):,.0f} s {'ahead' if error_s > 0 else 'behind'}"
        why = f"{why}; {off}" if why else off
    return CameraStatus(
        stage_id=stage_id,
        camera_id=camera_id,
        state=state,
        why=why,
        seen_s=seen_s,
        delay_s=delay_s,
        clock_error_s=error_s,
        heartbeat=heartbeat,
    )


def late_from_s(heartbeat: Heartbeat, limit_s: float) -> float:
    """Seconds from capture to store from which figures come late, where `limit_s` is allowed to a camera.

    One that looks less often has nothing newer to give between two turns, and may miss as many as of its words.
    """
    return max(limit_s, _SILENT_TURNS * _turn_s(heartbeat))


def camera_statuses(
    cameras: Mapping[str, Iterable[Camera]],
    heartbeats: Iterable[Heartbeat],
    recorded_until_ms: Mapping[tuple[str, str], int],
    now_ms: int,
    *,
    over: bool = False,
) -> list[CameraStatus]:
    """How every camera of a session is, the one that needs a hand most first.

    Args:
        cameras: those set up, by stage id.
        heartbeats: the newest of each; of a camera that is not set up it is left out.
        recorded_until_ms: by stage and camera id, as for `camera_status`.
        now_ms: the instant, milliseconds since the epoch.
        over: whether the session has ended. Then nothing is expected of a camera: one that is silent has ended too, and
            one that still speaks is shown as it is, for somebody to stop it.
    """
    beats = {(beat.stage_id, beat.camera_id): beat for beat in heartbeats}
    found = [
        camera_status(stage, camera.camera_id, beats.get(place), recorded_until_ms.get(place), now_ms)
        for stage, of_stage in cameras.items()
        for camera in of_stage
        for place in [(stage, camera.camera_id)]
    ]
    if over:
        found = [_over(one) for one in found]
    return sorted(found, key=lambda one: (STATES.index(one.state), one.stage_id, one.camera_id))


def records_come_in(session: Session, heartbeats: Iterable[Heartbeat], now_ms: int) -> bool:
    """Whether records of a session still come in: nobody has ended it, and a camera was heard of lately.

    Args:
        session: whose records.
        heartbeats: the newest of each of its cameras.
        now_ms: the instant, milliseconds since the epoch.
    """
    return session.ended_at is None and any(now_ms - _came_ms(beat) < AT_WORK_S * 1000 for beat in heartbeats)


def _over(status: CameraStatus) -> CameraStatus:
    """How a camera is once its session has ended."""
    if status.state in ("dead", "expected") or (status.heartbeat is None and status.state == "late"):
        return replace(status, state="ended", why="the session has ended")
    return status


def _told_by_records(stage_id: str, camera_id: str, recorded_until_ms: int | None, now_ms: int) -> CameraStatus:
    """How a camera is that tells no status: one whose settings do not say where to."""
    if recorded_until_ms is None:
        return CameraStatus(stage_id=stage_id, camera_id=camera_id, state="expected", why="not heard of lately")
    seen_s = max(0.0, (now_ms - recorded_until_ms) / 1000)
    state: State = "late" if seen_s > DEAD_S else "ok"
    why = "tells no status; its figures come in" if state == "ok" else "tells no status; its figures have stopped"
    return CameraStatus(stage_id=stage_id, camera_id=camera_id, state=state, why=why, seen_s=seen_s, delay_s=seen_s)


def _came_ms(heartbeat: Heartbeat) -> int:
    """When it was heard, by a clock that is not the camera's where there is one."""
    return heartbeat.at_ms if heartbeat.received_ms is None else heartbeat.received_ms


def _judged(heartbeat: Heartbeat, seen_s: float, delay_s: float | None) -> tuple[State, str]:
    """The state and why; the first that applies, from the worst."""
    if heartbeat.state in ("stopped", "finished"):
        return "ended", heartbeat.detail or ("stopped" if heartbeat.state == "stopped" else "played to its end")
    turn_s = _turn_s(heartbeat)
    silent_s = TRIED_AGAIN_S if heartbeat.state in ("waiting", "failed") else 0.0
    if seen_s > max(DEAD_S + silent_s, _DEAD_TURNS * turn_s):
        return "dead", f"last said “{heartbeat.state}”" + (f": {heartbeat.detail}" if heartbeat.detail else "")
    if heartbeat.state == "failed":
        return "failed", heartbeat.detail
    if heartbeat.state == "waiting":
        return "away", heartbeat.detail
    if heartbeat.state in ("starting", "ready"):
        return "starting", heartbeat.detail
    if heartbeat.brightness is not None and heartbeat.brightness < DARK_BELOW:
        return "dark", "the picture is black: is the lens covered, are the lights out?"
    if heartbeat.sharpness is not None and heartbeat.sharpness < BLURRED_BELOW:
        return "blurred", "the picture is out of focus, shaken or empty: wipe the lens, focus, look where it points"
    if seen_s > max(SILENT_S, _SILENT_TURNS * turn_s):
        return "late", "has not been heard of for a while"
    if delay_s is not None and delay_s > late_from_s(heartbeat, LATE_S):
        waits = f"; {heartbeat.waiting} deliveries wait in its outbox" if heartbeat.waiting else ""
        return "late", f"figures come {delay_s:,.0f} s after their capture{waits}"
    return "ok", heartbeat.detail


def _turn_s(heartbeat: Heartbeat) -> float:
    """Seconds from one look of a camera to the next, at most `LONGEST_TURN_S`; 0 where it does not say."""
    return min(1 / heartbeat.frames_per_s, LONGEST_TURN_S) if heartbeat.frames_per_s else 0.0
