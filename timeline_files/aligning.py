"""Proposes when a film or talk began, from its sound or from another audience's reactions. The user decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audience.alignment import SOUND_RATE, Alignment, align_reactions, align_sound, sound_features
from audience.errors import InvalidValue
from audience.reaction.curve import StageWindows, reaction_curve
from audience.sessions import Session, Stage
from audience.time import clock_text, from_ms
from timeline_files.sound import read_sound

# Laughter is what audiences share most.
EXPRESSION = "smile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed start.

    Attributes:
        zero_at: the instant of second 0 of the film or talk.
        alignment: the offset and how well it fits.
    """

    zero_at: datetime
    alignment: Alignment


def stage_to_compare(stages: Sequence[Stage], stage_id: str, session_id: str) -> Stage:
    """Picks the stage of another session to align with: the one with the same id, or its only one.

    Args:
        stages: stages of the other session.
        stage_id: the stage whose start is unknown.
        session_id: id of the other session, for the message.

    Raises:
        InvalidValue: there is no such stage.
    """
    match = next((one for one in stages if one.stage_id == stage_id), stages[0] if len(stages) == 1 else None)
    if match is None:
        raise InvalidValue(f"session {session_id!r} has no stage {stage_id!r} to align with")
    return match


def propose_from_sound(
    audience: Path,
    original: Path,
    *,
    began_at: datetime,
    on_position: Callable[[str, float, float | None], None],
) -> Proposal | None:
    """Aligns the sound of an audience's recording with the sound of the film or talk.

    Args:
        audience: the recording of the audience.
        original: the film itself, or the talk's own recording.
        began_at: when the recording of the audience began.
        on_position: called with the name of the file being read, the position in it, and its length (None if the file
            does not state it), in seconds.

    Returns:
        The best fit; None where there is too little sound.

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
        ours: windows of the stage whose start is unknown.
        theirs: windows of a stage with a known start.

    Returns:
        The best fit; None where there are too few figures.

    Raises:
        InvalidValue: the other session has no timeline, or the window widths differ.
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


def describe_proposal(session: Session, proposal: Proposal | None) -> str:
    """One sentence for the user: the proposed start and how well it fits, or why there is none."""
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
    """(n,) shares by window of the timeline, from its second 0 on; NaN where there is no figure."""
    share = reaction_curve(windows, EXPRESSION).share
    known = np.isfinite(windows.timeline_s) & np.isfinite(share)
    index = np.round(windows.timeline_s[known] * 1000 / windows.width_ms).astype(int)
    along = np.full(index.max(initial=-1) + 1, np.nan)
    along[index] = share[known]
    return along


def _proposal(began_at: datetime, alignment: Alignment | None) -> Proposal | None:
    if alignment is None:
        return None
    return Proposal(zero_at=began_at + timedelta(seconds=alignment.offset_s), alignment=alignment)
