"""When what was shown began, told from recordings or from another audience: proposed, for the user to decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audience.alignment import SOUND_RATE, Alignment, align_reactions, align_sound, sound_features
from audience.curve import StageWindows, reaction_curve
from audience.errors import InvalidValue
from audience.instants import clock_text, from_ms
from audience.sessions import Session, Stage
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


def stage_to_compare(stages: Sequence[Stage], stage_id: str, session_id: str) -> Stage:
    """Which stage of another session to hold one against: that of the same id, or its only.

    Args:
        stages: the other session's.
        stage_id: of the stage whose beginning is looked for.
        session_id: the other session's.

    Raises:
        InvalidValue: there is no such stage.
    """
    there = next((one for one in stages if one.stage_id == stage_id), stages[0] if len(stages) == 1 else None)
    if there is None:
        raise InvalidValue(f"session {session_id!r} has no stage {stage_id!r} to align with")
    return there


def propose_from_sound(
    audience: Path,
    original: Path,
    *,
    began_at: datetime,
    on_position: Callable[[str, float, float | None], None],
) -> Proposal | None:
    """Aligns the sound of an audience's recording with that of what was shown.

    Args:
        audience: the recording of the audience.
        original: the film's or talk's own recording.
        began_at: when the recording of the audience began.
        on_position: told which file is read, how far, and its length in seconds; None where that is not stated.

    Returns:
        What fits best; None where there is too little sound to tell.

    Raises:
        RecordingUnreadable: a file cannot be read, or has no sound.
    """
    features = [
        sound_features(read_sound(path, SOUND_RATE, on_position=partial(on_position, path.name)))
        for path in (audience, original)
    ]
    return _proposal(began_at, align_sound(*features))


def propose_from_reaction(ours: StageWindows, theirs: StageWindows) -> Proposal | None:
    """Aligns a stage's smiles with those of another session of the same film.

    Args:
        ours: windows of the stage whose beginning is looked for.
        theirs: windows of a stage of which it is known.

    Returns:
        What fits best; None where there are too few figures to tell.

    Raises:
        InvalidValue: it is not known where the film stood in the other session, or the widths differ.
    """
    other_id = theirs.session.session_id
    if not np.isfinite(theirs.timeline_s).any():
        raise InvalidValue(f"session {other_id!r} has no timeline to align with: give it one first")
    if ours.width_ms != theirs.width_ms:
        raise InvalidValue(f"sessions {ours.session.session_id!r} and {other_id!r} have windows of different widths")
    if not len(ours.start_ms):
        return None
    share = reaction_curve(ours, EXPRESSION).share
    alignment = align_reactions(share, _along_timeline(theirs), ours.width_ms / 1000)
    return _proposal(from_ms(int(ours.start_ms[0])), alignment)


def proposal_says(session: Session, proposal: Proposal | None) -> str:
    """What was found and how well it fits, or why it cannot be told, in one sentence."""
    if proposal is None:
        return "Cannot tell when it began: there is too little to compare."
    found = proposal.alignment
    late_s = (proposal.zero_at - session.started_at).total_seconds()
    fit = f"fits {found.margin:.1f} times as well as any other over {clock_text(found.overlap_s)}"
    if not found.sure:
        return f"Cannot tell when it began: the best offset, {late_s:.1f} s, only {fit}."
    at = proposal.zero_at.isoformat(sep=" ", timespec="milliseconds")
    return f"It began {late_s:.2f} s after the session, at {at}: this {fit}."


def _along_timeline(windows: StageWindows) -> NDArray[np.float64]:
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
