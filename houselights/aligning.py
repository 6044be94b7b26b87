"""When what was shown began, told from recordings or from another audience: proposed, for the user to decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from audience.alignment import SOUND_RATE, Alignment, align_reactions, align_sound, sound_features
from audience.curve import StageWindows, reaction_curve, stage_windows
from audience.errors import InvalidValue
from audience.instants import from_ms
from audience.sessions import Session, Stage
from audience.store import Store
from timeline_files.sound import read_sound

# Which of the expressions is read: laughter is what audiences share most.
EXPRESSION = "smile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """When second 0 of what was shown may have been.

    Attributes:
        zero_at: the instant.
        alignment: how sure that is.
    """

    zero_at: datetime
    alignment: Alignment


def propose_from_sound(
    store: Store,
    session: Session,
    stage: Stage,
    audience: Path,
    original: Path,
    *,
    camera_id: str | None,
    on_position: Callable[[str, float, float | None], None],
) -> Proposal | None:
    """Aligns the sound of an audience's recording with that of what was shown.

    Args:
        store: says when the recording began.
        session, stage: whose recording it is.
        audience: the recording of the audience.
        original: the film's or talk's own recording.
        camera_id: of which camera; None where all recordings of the stage began at the same instant.
        on_position: told which file is read, how far, and its length in seconds; None where that is not stated.

    Returns:
        What fits best; None where there is too little sound to tell.

    Raises:
        RecordingUnreadable: a file cannot be read, or has no sound.
        InvalidValue: it cannot be told when the recording began.
    """
    began_at = _recording_began(store, session, stage, camera_id)
    features = [
        sound_features(
            read_sound(path, SOUND_RATE, on_position=lambda at_s, of_s, path=path: on_position(path.name, at_s, of_s))  # type: ignore[misc]
        )
        for path in (audience, original)
    ]
    alignment = align_sound(*features)
    return _proposal(began_at, alignment)


def propose_from_reaction(store: Store, session: Session, stage: Stage, other_id: str) -> Proposal | None:
    """Aligns a stage's smiles with those of another session of the same film, on the stage of the same id or its only.

    Returns:
        What fits best; None where there are too few figures to tell.

    Raises:
        SessionNotFound: there is no such other session.
        InvalidValue: it is not known where the film stood in the other session.
    """
    other = store.session(other_id)
    stages = store.stages(other_id)
    there = next((one for one in stages if one.stage_id == stage.stage_id), stages[0] if len(stages) == 1 else None)
    if there is None:
        raise InvalidValue(f"session {other_id!r} has no stage {stage.stage_id!r} to align with")
    ours, theirs = _windows(store, session, stage), _windows(store, other, there)
    if not np.isfinite(theirs.timeline_s).any():
        raise InvalidValue(f"session {other_id!r} has no timeline to align with: give it one first")
    if ours.width_ms != theirs.width_ms:
        raise InvalidValue(f"sessions {session.session_id!r} and {other_id!r} have windows of different widths")
    step_s = ours.width_ms / 1000
    alignment = align_reactions(reaction_curve(ours, EXPRESSION).share, _along_timeline(theirs), step_s)
    return _proposal(from_ms(int(ours.start_ms[0])), alignment) if len(ours.start_ms) else None


def _recording_began(store: Store, session: Session, stage: Stage, camera_id: str | None) -> datetime:
    recordings = [one for one in store.recordings(session.session_id) if one.stage_id == stage.stage_id]
    if camera_id is not None:
        recordings = [one for one in recordings if one.camera_id == camera_id]
        if not recordings:
            raise InvalidValue(f"no recording of camera {camera_id!r} was scored on stage {stage.stage_id!r}")
    began = {one.started_ms for one in recordings}
    if len(began) > 1:
        cameras = ", ".join(one.camera_id for one in recordings)
        raise InvalidValue(f"the recordings of {cameras} began at different instants: say with --camera which it is")
    return from_ms(began.pop()) if began else session.started_at


def _windows(store: Store, session: Session, stage: Stage) -> StageWindows:
    cameras = store.cameras(session.session_id, stage.stage_id)
    return stage_windows(session, stage, cameras, store.windows(session.session_id, stage.stage_id))


def _along_timeline(windows: StageWindows) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The share by second of what was shown, from its second 0 on; NaN where there is no figure."""
    share = reaction_curve(windows, EXPRESSION).share
    known = np.isfinite(windows.timeline_s) & np.isfinite(share)
    place = np.round(windows.timeline_s[known] * 1000 / windows.width_ms).astype(int)
    along = np.full(place.max(initial=-1) + 1, np.nan)
    along[place] = share[known]
    return along


def _proposal(began_at: datetime, alignment: Alignment | None) -> Proposal | None:
    if alignment is None:
        return None
    return Proposal(zero_at=began_at + timedelta(seconds=alignment.offset_s), alignment=alignment)
