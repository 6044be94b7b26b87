"""The summary of a scored recording that `houselights score` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audience.session_setup import SessionSetup
from audience.store import RecordingProgress, Store
from audience.time import clock_text, from_ms
from edge_lambda.recording import Recording
from edge_lambda.recording.opening import ASSUMED_FPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Summary of a scored recording, over all runs unless stated otherwise.

    Attributes:
        session: the session's id.
        frames, faces, tracks, windows: frames processed, faces scored, distinct tracks, windows stored.
        seconds: length of the scored part, recording seconds.
        realtime_factor: recording seconds per second of this run; None if nothing was left to do.
        detector, scorer: names and versions; scorer "" in head-count mode.
        coverage: faces / faces expected, 0..1; None if nobody was seen.
        started_at: time of the first frame.
        started_from: source of that time, as text.
        start_certainty: "sure", "likely", "doubtful", or "" if unknown.
        lost_s: recording seconds of which no picture could be decoded.
        finished: whether the recording's end was reached.
        mode_reason: what is measured, and why.
        notes: further notes for the user, one line each.
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
    setup: SessionSetup,
    progress: RecordingProgress,
    mode_reason: str,
    *,
    realtime_factor: float | None,
) -> Summary:
    """Creates the summary from the store.

    Args:
        store, setup, progress: the recording's store, camera and progress.
        mode_reason: what is measured, and why.
        realtime_factor: recording seconds per second of this run; None if nothing was left to do.
    """
    table = store.windows(setup.session_id, setup.stage_id)
    if setup.camera_id in table.cameras:
        table = table.rows(table.camera == table.cameras.index(setup.camera_id))
    expected = int(table.expected.sum())
    return Summary(
        session=setup.session_id,
        frames=progress.frames,
        faces=progress.faces,
        tracks=progress.tracks,
        windows=len(table),
        seconds=progress.done_s,
        realtime_factor=realtime_factor,
        detector=progress.detector,
        scorer=progress.scorer,
        coverage=int(table.covered.sum()) / expected if expected else None,
        started_at=from_ms(progress.started_ms),
        started_from=progress.started_from or "the earlier run",
        start_certainty=progress.start_certainty,
        lost_s=progress.lost_s,
        finished=progress.finished,
        mode_reason=mode_reason,
        notes=progress.remarks,
    )


# Shorter pauses are not reported.
_PAUSE_S = 10
# Number of events of each kind that are listed one by one.
_ONE_BY_ONE = 3


def remarks_of(recording: Recording, *, until_s: float) -> list[str]:
    """Notes on a recording's timestamps and lost pictures, one line each.

    Args:
        recording: the recording, sampled so far.
        until_s: recording seconds scored so far.
    """
    tally, lines = recording.tally, []
    if recording.timed_by == "frame rate":
        rate = f"{recording.fps or ASSUMED_FPS:g} frames per second"
        by = f"an assumed rate of {rate}" if recording.rate_is_assumed else f"a rate of {rate}"
        lines.append(f"The file has no timestamps: they follow from {by}.")
    listed = [step for step in tally.steps if step.kind != "pause" or step.by_s >= _PAUSE_S]
    for step in listed[:_ONE_BY_ONE]:
        if step.kind == "pause":
            lines.append(
                f"Between {clock_text(step.at_s - step.by_s)} and {clock_text(step.at_s)} there is no picture "
                f"({step.by_s:.0f} s)."
            )
        else:
            direction = "back" if step.by_s < 0 else "forward"
            lines.append(
                f"At {clock_text(step.at_s)} the recording's clock was set {direction} by "
                f"{clock_text(abs(step.by_s))}: its time continues without a gap."
            )
    if more := len(listed[_ONE_BY_ONE:]):
        lines.append(f"Its clock was set, or it paused, {more} more times.")
    if tally.wrong_stamps:
        pictures = "1 picture" if tally.wrong_stamps == 1 else f"{tally.wrong_stamps} pictures"
        lines.append(f"The timestamps of {pictures} were wrong and were repaired.")
    if lost_s := tally.lost_s(until_s):
        where = ", ".join(f"{clock_text(begin)} to {clock_text(until)}" for begin, until in tally.lost[:_ONE_BY_ONE])
        more = len(tally.lost) - _ONE_BY_ONE
        where = f"{where} and {more} more" if more > 0 else where
        why = "encrypted" if tally.encrypted else "damaged or missing"
        lines.append(f"For {lost_s:.0f} s no picture could be decoded ({where}): they are {why}.")
    if recording.ended_early:
        lines.append(str(recording.ended_early))
    return lines
