"""Whose a camera's records are: a device's, a recording's that was scored here, or a live camera's of this machine.

Under one camera only one of them records, or they would write over each other's windows.
"""

from __future__ import annotations

from audience.errors import ScoringRefused
from audience.sessions import Camera
from audience.store import Heartbeat, Store

Place = tuple[str, str, str]  # session, stage and camera, by their ids


def camera_at(store: Store, place: Place) -> Camera | None:
    """The camera as it is set up, if it is."""
    session_id, stage_id, camera_id = place
    return next((camera for camera in store.cameras(session_id, stage_id) if camera.camera_id == camera_id), None)


def check_not_delivered(store: Store, place: Place) -> None:
    """Checks that no device delivers for a camera under which something is to be recorded here.

    Raises:
        ScoringRefused: one does.
    """
    camera = camera_at(store, place)
    if camera is None or camera.delivered_by == "":
        return
    # Where nobody said who delivers, a status that came from a device tells.
    if camera.delivered_by or any(beat.received_ms is not None for beat in _beats(store, place)):
        raise ScoringRefused(f"{_called(place)} is one that a device delivers for: give this a --camera of its own")


def check_not_recorded_here(store: Store, place: Place) -> None:
    """Checks that nothing was recorded here under a camera that a device is to deliver for.

    Raises:
        ScoringRefused: something was.
    """
    camera = camera_at(store, place)
    if camera is None or camera.delivered_by:
        return
    if camera.delivered_by == "" or store.progress(*place) is not None:
        raise ScoringRefused(
            f"{_called(place)} was recorded on a computer of one's own: give the device a --camera of its own"
        )


def check_not_watched(store: Store, place: Place) -> None:
    """Checks that a recording does not write over what was watched live under its camera, nor mixes with it.

    Raises:
        ScoringRefused: it would.
    """
    if _beats(store, place):
        raise ScoringRefused(
            f"{_called(place)} was watched live: give this recording its own --camera, or throw away what was seen "
            "live with --again"
        )


def check_not_scored(store: Store, place: Place) -> None:
    """Checks that a live camera does not write over a recording that was scored under its camera.

    Raises:
        ScoringRefused: it would.
    """
    if store.progress(*place) is not None:
        raise ScoringRefused(f"{_called(place)} holds a recording that was scored: give this camera its own --camera")


def _beats(store: Store, place: Place) -> list[Heartbeat]:
    session_id, *camera = place
    return [beat for beat in store.heartbeats(session_id) if [beat.stage_id, beat.camera_id] == camera]


def _called(place: Place) -> str:
    session_id, stage_id, camera_id = place
    return f"camera {camera_id!r} of stage {stage_id!r} of session {session_id!r}"
