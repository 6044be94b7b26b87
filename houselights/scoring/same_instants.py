"""Whether a recording shows instants of a stage that another camera recorded already: then people would count twice."""

from __future__ import annotations

from collections.abc import Collection

from audience.errors import ScoringRefused
from audience.session_setup import SessionSetup
from audience.sessions import Camera, overlapping
from audience.store import Store

# Two recordings one after the other may share this much, by how their lengths are told.
_SHARED_MS = 2_000
# Of a recording whose length is not known, this much is looked at.
_UNKNOWN_MS = 12 * 3_600_000
# Sessions looked through for the same recording, the latest first.
_SESSIONS = 200


def check_same_instants(
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
        store: where the session is, or will be.
        setup: the session, stage and camera of the recording.
        fingerprint: of the recording.
        started_ms: instant of its first picture, milliseconds since the epoch.
        length_s: its length, seconds; None where unknown.
        overlaps: cameras of the stage that are known to see some of the same people.
        different_people: whether the cameras of this stage are known to look at different people.

    Raises:
        ScoringRefused: with one line that asks which it is.
    """
    known = overlapping(store.cameras(setup.session_id, setup.stage_id))
    asked = {*overlaps, *(other for pair in known if setup.camera_id in pair for other in pair)}
    for other in store.recordings(setup.session_id):
        is_other = other.stage_id == setup.stage_id and other.camera_id != setup.camera_id
        if is_other and other.fingerprint == fingerprint and other.camera_id not in asked:
            raise ScoringRefused(
                f"this is the recording of camera {other.camera_id!r} of session {setup.session_id!r}: its people "
                "would count twice; leave it out, or choose another --session"
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
    there = {table.cameras[index] for index in set(table.camera.tolist())} - {setup.camera_id, *asked}
    if there:
        cameras = " and ".join(repr(camera) for camera in sorted(there))
        raise ScoringRefused(
            f"camera {cameras} recorded the same instants of stage {setup.stage_id!r}: say whether they see some of "
            f"the same people, with --overlaps {min(there)}, or none, with --different-people; where the time is "
            "wrong (a chapter of one recording, perhaps), give --started-at"
        )


def elsewhere(store: Store, setup: SessionSetup, fingerprint: str) -> list[str]:
    """Names other sessions and stages that hold the same recording, a line each."""
    lines = []
    for session in store.sessions()[:_SESSIONS]:
        for other in store.recordings(session.session_id):
            is_here = (other.session_id, other.stage_id) == (setup.session_id, setup.stage_id)
            if other.fingerprint == fingerprint and not is_here:
                lines.append(
                    f"Session {other.session_id}, stage {other.stage_id}, holds the same recording "
                    f"(camera {other.camera_id})."
                )
    return lines


def add_overlaps(store: Store, setup: SessionSetup, overlaps: Collection[str]) -> None:
    """Notes which cameras of the stage see some of the people this one sees.

    Raises:
        ScoringRefused: there is no such camera on the stage.
    """
    cameras = {camera.camera_id: camera for camera in store.cameras(setup.session_id, setup.stage_id)}
    if unknown := sorted(set(overlaps) - cameras.keys()):
        raise ScoringRefused(
            f"there is no camera {unknown[0]!r} on stage {setup.stage_id!r} that could be overlapped: give one of "
            f"{', '.join(sorted(cameras))}"
        )
    if overlaps:
        camera = cameras[setup.camera_id]
        together = Camera(camera_id=camera.camera_id, overlaps=camera.overlaps | frozenset(overlaps))
        store.put_camera(setup.session_id, setup.stage_id, together)
