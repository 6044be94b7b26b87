"""A recording in, windows in the store: what `houselights score` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audience.camera_owner import check_not_watched
from audience.errors import RecordingUnreadable, ScoringRefused
from audience.fingerprint import fingerprint
from audience.instants import clock_text, from_ms, to_ms
from audience.occasions import Occasion, plan_recording, store_session
from audience.session_end import note_camera_end
from audience.sessions import Session
from audience.store import RecordingProgress, Store
from edge_lambda.detectors import Detector
from edge_lambda.pipeline import CameraKey, TimedFrame, scored_windows
from edge_lambda.recording import Recording, open_recording
from edge_lambda.scorers import Scorer, scorer_record
from edge_lambda.tracking import Tracker
from edge_lambda.tracking.run_name import run_name
from houselights.preview import RecordingPreview
from houselights.recording_run import RecordingRun


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPlan:
    """How a recording is to be scored.

    Attributes:
        started_at: instant of the first frame; None takes it from the recording.
        every_s: seconds between samples, over 0.
        again: whether what was scored before is thrown away first.
        preview: where the overlay video goes; None for none.
        blur: whether faces in the preview are made unrecognisable.
        windows_kept_days, faces_kept_days: how long records are kept.
    """

    started_at: datetime | None = None
    every_s: float = 1.0
    again: bool = False
    preview: Path | None = None
    blur: bool = False
    windows_kept_days: int = 730
    faces_kept_days: int = 30


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
    finished: bool
    mode_reason: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where scoring stands: recording seconds done, of how many (None where unknown), and faces in view."""

    done_s: float
    duration_s: float | None
    faces: int


def score_recording(
    video: Path,
    occasion: Occasion,
    plan: ScoringPlan,
    *,
    store: Store,
    load_detector: Callable[[], Detector],
    load_scorer: Callable[[], Scorer],
    on_plan: Callable[[Session], None] = lambda session: None,
    on_position: Callable[[Position], None] = lambda position: None,
) -> Summary:
    """Scores a recording into the store, going on where an earlier run stopped.

    Ctrl-C (KeyboardInterrupt) stores every finished window before it goes further up.

    Args:
        video: the recording.
        occasion: the session, stage and camera its windows belong to.
        plan: how to score it.
        store: where they go.
        load_detector, load_scorer: called once the recording is known to be readable; the scorer is not loaded where
            only heads are counted.
        on_plan: told what the session will measure, before anything is written.
        on_position: told after every window.

    Raises:
        HouselightsError: with the one line that says why; nothing half-written is left.
    """
    recording = open_recording(video)
    with video.open("rb") as file:
        known_by = fingerprint(file)
    before = store.progress(occasion.session_id, occasion.stage_id, occasion.camera_id)
    if plan.again:
        before = None
    if before is not None and before.fingerprint != known_by:
        raise ScoringRefused(
            f"camera {occasion.camera_id!r} of session {occasion.session_id!r} holds another recording: give this one "
            "its own --camera or --session, or throw the other's scores away with --again"
        )
    if before is not None and plan.started_at is not None and to_ms(plan.started_at) != before.started_ms:
        raise ScoringRefused(
            f"this recording was scored as starting at {from_ms(before.started_ms).isoformat()}: leave --started-at "
            "out, or score it anew with --again"
        )
    started_at, started_from = (
        (from_ms(before.started_ms), "the earlier run") if before else _start_of(recording, video, plan.started_at)
    )
    session = plan_recording(store, occasion, started_at)
    if before is None and not plan.again:
        check_not_watched(store, occasion.place)
    if before is not None and before.finished:
        return _summary(store, occasion, before, started_from, session.mode_reason, realtime_factor=None)

    on_plan(session)
    detector = load_detector()
    scorer = load_scorer() if session.mode == "expressions" else None
    progress = before or RecordingProgress(
        session_id=occasion.session_id,
        stage_id=occasion.stage_id,
        camera_id=occasion.camera_id,
        fingerprint=known_by,
        started_ms=to_ms(started_at),
        every_s=plan.every_s,
        detector=detector.name,
        scorer=scorer.name if scorer else "",
        done_s=0.0,
        finished=False,
        frames=0,
        faces=0,
        tracks=0,
    )
    _check_unchanged(progress, plan, detector, scorer)

    notes = [f"Went on at {clock_text(progress.done_s)}."] if progress.done_s else []
    camera = CameraKey(
        session_id=occasion.session_id,
        stage_id=occasion.stage_id,
        camera_id=occasion.camera_id,
        written_ms=to_ms(datetime.now(UTC)),
        windows_kept_ms=plan.windows_kept_days * 86_400_000,
        faces_kept_ms=plan.faces_kept_days * 86_400_000,
    )
    tracker = Tracker(run=run_name(progress.started_ms + round(progress.done_s * 1000)))
    with ExitStack() as stack:
        preview = None
        if plan.preview is not None:
            preview = stack.enter_context(
                RecordingPreview(
                    plan.preview,
                    started_ms=progress.started_ms,
                    thresholds=scorer.thresholds if scorer else {},
                    blur=plan.blur,
                )
            )
            if progress.done_s:
                notes.append(f"The preview begins at {clock_text(progress.done_s)}, where scoring went on.")
        frames = _frames(recording, progress, plan.every_s)
        windows = scored_windows(
            frames, camera=camera, detector=detector, tracker=tracker, scorer=scorer, keep_frames=preview is not None
        )
        stack.callback(windows.close)

        def set_up() -> Session:
            known = store.progress(occasion.session_id, occasion.stage_id, occasion.camera_id)
            if before is not None and known is None:
                raise ScoringRefused(
                    f"session {occasion.session_id!r} was deleted since this began: the same command scores it anew"
                )
            if plan.again:
                store.delete_camera_records(occasion.session_id, occasion.stage_id, occasion.camera_id)
            # Planned anew: another camera of the session may have set it up meanwhile.
            planned = plan_recording(store, occasion, started_at, now=datetime.now(UTC))
            if scorer is not None:
                store.put_scorer(scorer_record(scorer))
            return store_session(store, planned, occasion)

        run = RecordingRun(store=store, progress=progress, tracker=tracker, set_up=set_up)
        try:
            for window in windows:
                run.add(window)
                if preview is not None:
                    preview.add(window)
                on_position(
                    Position(done_s=run.progress.done_s, duration_s=recording.duration_s, faces=window.record.faces)
                )
            if not run.progress.frames:
                raise RecordingUnreadable(
                    f"{video} holds no picture that can be decoded; copy it from the camera again"
                )
            run.finish(recording.duration_s)
        finally:
            run.flush()
    end_ms = progress.started_ms + round(run.progress.done_s * 1000)
    if not note_camera_end(store, occasion, end_ms=end_ms, now_ms=to_ms(datetime.now(UTC))):
        notes.append("The session is not ended by this: end it on the page Operate once it is over.")
    if recording.ended_early:
        notes.append(str(recording.ended_early))
    summary = _summary(
        store, occasion, run.progress, started_from, session.mode_reason, realtime_factor=run.realtime_factor
    )
    if not summary.faces:
        notes.append("No face was found in the whole recording: look at it with --preview, or try --detector yunet.")
    return replace(summary, notes=tuple(notes))


def _frames(recording: Recording, progress: RecordingProgress, every_s: float) -> Iterator[TimedFrame]:
    # Slots begin where wall-clock windows do, so that a window holds as many samples as the next.
    offset_s = (progress.started_ms % max(1, round(every_s * 1000))) / 1000.0
    for frame in recording.sample(every_s, start_s=progress.done_s, grid_offset_s=offset_s):
        yield TimedFrame(at_ms=progress.started_ms + round(frame.at_s * 1000), image=frame.image)


def _start_of(recording: Recording, video: Path, given: datetime | None) -> tuple[datetime, str]:
    if given is not None:
        return given, "given"
    if recording.created_at is not None:
        return recording.created_at, "the recording's creation time"
    written = datetime.fromtimestamp(video.stat().st_mtime, UTC)
    if recording.duration_s is None:
        return written, "the file's date (its length is unknown)"
    return written - timedelta(seconds=recording.duration_s), "the file's date less its length"


def _check_unchanged(progress: RecordingProgress, plan: ScoringPlan, detector: Detector, scorer: Scorer | None) -> None:
    """Half a session of one scorer and half of another would be a curve of neither."""
    for what, earlier, now in (
        ("--every", progress.every_s, plan.every_s),
        ("detector", progress.detector, detector.name),
        ("scorer", progress.scorer, scorer.name if scorer else ""),
    ):
        if earlier != now:
            raise ScoringRefused(
                f"this recording is scored up to {clock_text(progress.done_s)} with {what} {earlier}, not {now}: go on "
                "with the same, or score it anew with --again"
            )


def _summary(
    store: Store,
    occasion: Occasion,
    progress: RecordingProgress,
    started_from: str,
    mode_reason: str,
    *,
    realtime_factor: float | None,
) -> Summary:
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
        started_from=started_from,
        finished=progress.finished,
        mode_reason=mode_reason,
    )
