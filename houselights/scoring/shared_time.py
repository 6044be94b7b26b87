"""Refuses a recording that covers the same time of a stage as another camera, as people would count twice."""

from __future__ import annotations

from collections.abc import Collection

from audience.errors import ScoringRefused
from audience.session_setup import SessionSetup
from audience.sessions import Camera, overlapping
from audience.store import Store

# Consecutive recordings may overlap by this much, as stated lengths are imprecise.
_SHARED_MS = 2_000
# Assumed length of a recording of unknown length.
_UNKNOWN_MS = 12 * 3_600_000
# Number of sessions searched for the same recording, the latest first.
_SESSIONS = 200


def check_shared_time(
    store: Store,
    setup: SessionSetup,
    fingerprint: str,
    *,
    started_ms: int,
    length_s: float | None,
    overlaps: Collection[str],
    different_people: bool,
) -> None:
    """Refuses a recording that would count people of a stage twice.

    Args:
        store: the store of the session.
        setup: the session, stage and camera of the recording.
        fingerprint: fingerprint of the recording.
        started_ms: time of its first picture, milliseconds since the epoch.
        length_s: its length, seconds; None if unknown.
        overlaps: cameras of the stage known to see some of the same people.
        different_people: whether the cameras of this stage are known to see different people.

    Raises:
        ScoringRefused: the recording may count people twice; the message says in one line how to resolve it.
    """
    known = overlapping(store.cameras(setup.session_id, setup.stage_id))
    known_overlaps = {*overlaps, *(other for pair in known if setup.camera_id in pair for other in pair)}
    for other in store.recordings(setup.session_id):
        is_other = other.stage_id == setup.stage_id and other.camera_id != setup.camera_id
        if is_other and other.fingerprint == fingerprint and other.camera_id not in known_overlaps:
            raise ScoringRefused(
                f"this recording was already scored as camera {other.camera_id!r} of session "
                f"{setup.session_id!r}: its people would count twice",
                "leave it out, or choose another --session",
            )
    if different_people:
        return
    until_ms = started_ms + (_UNKNOWN_MS if length_s is None else round(length_s * 1000))
    from_ms = started_ms + _SHARED_MS
    if until_ms - _SHARED_MS <= from_ms:
        from_ms, until_ms = started_ms, until_ms + _SHARED_MS
    table = store.windows(
        setup.session_id, setup.stage_id, from_ms=from_ms, until_ms=max(from_ms + 1, until_ms - _SHARED_MS)
    )
    there = {table.cameras[index] for index in set(table.camera.tolist())} - {setup.camera_id, *known_overlaps}
    if there:
        cameras = " and ".join(repr(camera) for camera in sorted(there))
        raise ScoringRefused(
            f"camera {cameras} recorded stage {setup.stage_id!r} at the same time",
            f"if they see some of the same people, give --overlaps {min(there)}; if not, give --different-people; if "
            "the time is wrong (perhaps a part of one recording), give --started-at",
            wants_start=True,
        )


def other_sessions_with(store: Store, setup: SessionSetup, fingerprint: str) -> list[str]:
    """Lists other sessions and stages with the same recording, one line each."""
    lines = []
    for session in store.sessions()[:_SESSIONS]:
        for other in store.recordings(session.session_id):
            is_here = (other.session_id, other.stage_id) == (setup.session_id, setup.stage_id)
            if other.fingerprint == fingerprint and not is_here:
                lines.append(
                    f"Session {other.session_id}, stage {other.stage_id}, has the same recording "
                    f"(camera {other.camera_id})."
                )
    return lines


def add_overlaps(store: Store, setup: SessionSetup, overlaps: Collection[str]) -> None:
    """Stores which cameras of the stage see some of the same people.

    Raises:
        ScoringRefused: there is no such camera on the stage.
    """
    cameras = {camera.camera_id: camera for camera in store.cameras(setup.session_id, setup.stage_id)}
    if unknown := sorted(set(overlaps) - cameras.keys()):
        raise ScoringRefused(
            f"stage {setup.stage_id!r} has no camera {unknown[0]!r}",
            f"give --overlaps with one of {', '.join(sorted(cameras))}",
        )
    if overlaps:
        camera = cameras[setup.camera_id]
        together = Camera(camera_id=camera.camera_id, overlaps=camera.overlaps | frozenset(overlaps))
        store.put_camera(setup.session_id, setup.stage_id, together)
