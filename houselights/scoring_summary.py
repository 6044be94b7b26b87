"""What `houselights score` has to say once a recording is scored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audience.session_setup import Occasion
from audience.store import RecordingProgress, Store
from audience.time import from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was scored, of the whole recording and, where it says so, of this run.

    Attributes:
        session: the session's id.
        frames, faces, tracks, windows: looked at, scored, told apart, stored.
        seconds: length of what is scored, recording seconds.
        realtime_factor: recording seconds of this run per second it took; None where nothing was left to do.
        detector, scorer: names and versions; scorer "" where only heads were counted.
        coverage: faces / faces expected, 0..1; None where nobody was seen.
        started_at: instant of the first frame.
        started_from: where that instant comes from, in words.
        start_certainty: how sure it is: "sure", "likely", "doubtful", or "" where nobody said.
        lost_s: recording seconds of which no picture could be decoded.
        finished: whether the recording's end was reached.
        mode_reason: what is measured, and why.
        notes: further things the user should know, a line each.
    """

    session: str
    frames: int
    faces: int
    tracks: int
    windows: int
    seconds: float
    realtime_factor: float | None
    detector: str
    scorer: str
    coverage: float | None
    started_at: datetime
    started_from: str
    start_certainty: str
    lost_s: float
    finished: bool
    mode_reason: str
    notes: tuple[str, ...] = ()


def summary_of(
    store: Store,
    occasion: Occasion,
    progress: RecordingProgress,
    mode_reason: str,
    *,
    realtime_factor: float | None,
) -> Summary:
    """What was scored of a recording, as the store has it.

    Args:
        store, occasion, progress: whose recording, and how far it was scored.
        mode_reason: what is measured, and why.
        realtime_factor: recording seconds of this run per second it took; None where nothing was left to do.
    """
    table = store.windows(occasion.session_id, occasion.stage_id)
    if occasion.camera_id in table.cameras:
        table = table.rows(table.camera == table.cameras.index(occasion.camera_id))
    expected = int(table.expected.sum())
    return Summary(
        session=occasion.session_id,
        frames=progress.frames,
        faces=progress.faces,
        tracks=progress.tracks,
        windows=len(table),
        seconds=progress.done_s,
        realtime_factor=realtime_factor,
        detector=progress.detector,
        scorer=progress.scorer,
        coverage=int(table.faces.sum()) / expected if expected else None,
        started_at=from_ms(progress.started_ms),
        started_from=progress.started_from or "the earlier run",
        start_certainty=progress.start_certainty,
        lost_s=progress.lost_s,
        finished=progress.finished,
        mode_reason=mode_reason,
        notes=progress.remarks,
    )
