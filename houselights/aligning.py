"""Alignment on the command line: reads the input of `timeline_files.aligning` from a store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from audience.errors import InvalidValue
from audience.sessions import Session, Stage
from audience.store import Store
from audience.time import from_ms
from houselights.stored_reviews import stored_windows
from timeline_files.aligning import Proposal, propose_from_reaction, propose_from_sound, stage_to_compare


def proposed_from_sound(
    store: Store,
    session: Session,
    stage: Stage,
    audience: Path,
    original: Path,
    *,
    camera_id: str | None,
    on_position: Callable[[str, float, float | None], None],
) -> Proposal | None:
    """Calls `propose_from_sound` with the start of the audience's recording from the store.

    Args:
        store: contains the start of the recording.
        session, stage: session and stage of the recording.
        audience, original, on_position: see `propose_from_sound`.
        camera_id: the recording's camera; None if all recordings of the stage began at the same time.

    Raises:
        RecordingUnreadable: a file cannot be read, or has no sound.
        InvalidValue: the start of the recording is not clear.
    """
    began_at = _recording_began(store, session, stage, camera_id)
    return propose_from_sound(audience, original, began_at=began_at, on_position=on_position)


def proposed_from_reaction(store: Store, session: Session, stage: Stage, other_id: str) -> Proposal | None:
    """Calls `propose_from_reaction` with another session, using its stage with the same id, or its only stage.

    Raises:
        SessionNotFound: the other session does not exist.
        InvalidValue: it has no such stage, or cannot be used for alignment.
    """
    other = store.session(other_id)
    there = stage_to_compare(store.stages(other_id), stage.stage_id, other_id)
    return propose_from_reaction(stored_windows(store, session, stage), stored_windows(store, other, there))


def _recording_began(store: Store, session: Session, stage: Stage, camera_id: str | None) -> datetime:
    recordings = [one for one in store.recordings(session.session_id) if one.stage_id == stage.stage_id]
    if camera_id is not None:
        recordings = [one for one in recordings if one.camera_id == camera_id]
        if not recordings:
            raise InvalidValue(f"no recording of camera {camera_id!r} was scored on stage {stage.stage_id!r}")
    began = {one.started_ms for one in recordings}
    if len(began) > 1:
        cameras = ", ".join(one.camera_id for one in recordings)
        raise InvalidValue(f"the recordings of {cameras} began at different times: choose one with --camera")
    return from_ms(began.pop()) if began else session.started_at
