"""Scores a recording into the store: the work of `houselights score`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from audience.errors import RecordingUnreadable, ScoringRefused
from audience.privacy import measures_facing
from audience.recording_files import fingerprint
from audience.session_setup import SessionSetup, check_not_watched, end_with_last_camera, plan_recording, store_session
from audience.sessions import Session
from audience.store import RecordingProgress, Store
from audience.time import clock_text, from_ms, to_ms
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import Detector
from edge_lambda.facing import HeadPose, RoomAxis
from edge_lambda.pipeline import CameraKey, TimedFrame, scored_windows
from edge_lambda.recording import Recording, Start, open_recording
from edge_lambda.recording.container import Opener, open_unbuffered
from edge_lambda.scorers import Scorer, scorer_record
from edge_lambda.tracking import Tracker
from edge_lambda.tracking.tracker import run_name
from houselights.scoring.preview import RecordingPreview, check_preview_place
from houselights.scoring.run import RecordingRun, ScoringNotes
from houselights.scoring.second_pass import windows_estimated_again
from houselights.scoring.shared_time import add_overlaps, check_shared_time, other_sessions_with
from houselights.scoring.start import recording_start
from houselights.scoring.summary import Summary, remarks_of, summary_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPlan:
    """Settings for scoring a recording.

    Attributes:
        started_at: time of the first frame; None takes it from the recording.
        every_s: seconds between samples, over 0.
        facing_axis: where the room looks, as the camera sees it; None to learn it from the faces.
        again: whether to delete earlier scores first.
        preview: path of the preview video; None for none.
        blur: whether faces in the preview are made unrecognisable.
        replace_preview: whether the preview may overwrite a file that is not a preview.
        zone: time zone of the camera's clock; None if not given.
        frame_rate: frames per second of a file without timestamps; None uses the stated rate.
        overlaps: cameras of the stage that see some of the same people.
        different_people: whether the cameras of the stage see different people.
        windows_kept_days, faces_kept_days: how long records are kept.
        written: when the recording was written, where this file is a copy; None takes the file's own date.
        opener: opens the recording.
    """

    started_at: datetime | None = None
    every_s: float = 1.0
    facing_axis: HeadPose | None = None
    again: bool = False
    preview: Path | None = None
    blur: bool = False
    replace_preview: bool = False
    zone: tzinfo | None = None
    frame_rate: float | None = None
    overlaps: frozenset[str] = frozenset()
    different_people: bool = False
    windows_kept_days: int = 730
    faces_kept_days: int = 30
    written: datetime | None = None
    opener: Opener = open_unbuffered


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Progress of scoring: recording seconds done, total seconds (None if unknown), and faces in view."""

    done_s: float
    duration_s: float | None
    faces: int


def score_recording(
    video: Path,
    setup: SessionSetup,
    plan: ScoringPlan,
    *,
    store: Store,
    load_detector: Callable[[], Detector],
    load_scorer: Callable[[], Scorer],
    on_plan: Callable[[Session], None] = lambda session: None,
    on_position: Callable[[Position], None] = lambda position: None,
) -> Summary:
    """Scores a recording into the store, continuing where an earlier run stopped.

    Once all of it is stored, its shares are estimated again over the whole (`houselights.scoring.second_pass`).
    On Ctrl-C (KeyboardInterrupt), finished windows are stored before the exception is passed on.

    Args:
        video: the recording.
        setup: the session, stage and camera of its windows.
        plan: the settings.
        store: where the windows go.
        load_detector, load_scorer: called once the recording is known to be readable; the scorer is not loaded in
            head-count mode.
        on_plan: called with the planned session before anything is written.
        on_position: called after every window.

    Raises:
        HouselightsError: the recording cannot be scored, with a one-line reason; the store has no partial data.
    """
    recording = open_recording(video, frame_rate=plan.frame_rate, opener=plan.opener)
    with plan.opener(video) as file:
        known_by = fingerprint(file)
    if plan.preview is not None:
        check_preview_place(plan.preview, video, store, replace=plan.replace_preview)
    before = store.progress(setup.session_id, setup.stage_id, setup.camera_id)
    if plan.again:
        before = None
    if before is not None and before.fingerprint != known_by:
        raise ScoringRefused(
            f"camera {setup.camera_id!r} of session {setup.session_id!r} has another recording",
            "give this one its own --camera or --session, or delete the other's scores with --again",
        )
    if before is not None and plan.started_at is not None and to_ms(plan.started_at) != before.started_ms:
        raise ScoringRefused(
            f"this recording was scored as starting at {from_ms(before.started_ms).isoformat()}",
            "leave out --started-at, or score it again with --again",
        )
    if before is not None:
        start = Start(at=from_ms(before.started_ms), rule=before.started_from, certainty="doubtful")
    else:
        start = recording_start(recording, given=plan.started_at, zone=plan.zone, written=plan.written)
    started_at = start.at
    session = plan_recording(store, setup, started_at)
    if before is None and not plan.again:
        check_not_watched(store, setup.place)
    if before is not None and before.finished:
        return summary_of(store, setup, before, session.mode_reason, realtime_factor=None)
    if before is None:
        check_shared_time(
            store,
            setup,
            known_by,
            started_ms=to_ms(started_at),
            length_s=recording.duration_s,
            overlaps=plan.overlaps,
            different_people=plan.different_people,
        )

    on_plan(session)
    detector = load_detector()
    scorer = load_scorer() if session.mode == "expressions" else None
    progress = before or RecordingProgress(
        session_id=setup.session_id,
        stage_id=setup.stage_id,
        camera_id=setup.camera_id,
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
        started_from=start.rule,
        start_certainty=start.certainty,
        remarks=start.remarks,
    )
    _check_unchanged(progress, plan, detector, scorer)

    notes = [f"Continued at {clock_text(progress.done_s)}."] if progress.done_s else []
    camera = CameraKey(
        session_id=setup.session_id,
        stage_id=setup.stage_id,
        camera_id=setup.camera_id,
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
                notes.append(f"The preview begins at {clock_text(progress.done_s)}, where scoring continued.")
        frames = _frames(recording, progress, plan.every_s)
        corrector = PictureCorrector(detector)
        windows = scored_windows(
            frames,
            camera=camera,
            corrector=corrector,
            tracker=tracker,
            scorer=scorer,
            room=RoomAxis(detector.name, plan.facing_axis) if measures_facing(session.setting) else None,
            keep_frames=preview is not None,
        )
        stack.callback(windows.close)

        def set_up() -> Session:
            known = store.progress(setup.session_id, setup.stage_id, setup.camera_id)
            if before is not None and known is None:
                raise ScoringRefused(
                    f"session {setup.session_id!r} was deleted during scoring", "run the same command to score it again"
                )
            if plan.again:
                store.delete_camera_records(setup.session_id, setup.stage_id, setup.camera_id)
            # Planned again, as another camera may have set up the session meanwhile.
            planned = plan_recording(store, setup, started_at, now=datetime.now(UTC))
            if scorer is not None:
                store.put_scorer(scorer_record(scorer))
            stored = store_session(store, planned, setup)
            add_overlaps(store, setup, plan.overlaps)
            return stored

        def found(done_s: float) -> ScoringNotes:
            remarks = (*progress.remarks, *remarks_of(recording, until_s=done_s), *corrector.notes())
            return ScoringNotes(
                lost_s=progress.lost_s + recording.tally.lost_s(done_s),
                clock_steps=max(progress.clock_steps, len(recording.tally.steps)),
                remarks=tuple(dict.fromkeys(remarks)),
            )

        run = RecordingRun(store=store, progress=progress, tracker=tracker, set_up=set_up, found=found)
        position = Position(done_s=progress.done_s, duration_s=recording.duration_s, faces=0)
        try:
            for window in windows:
                run.add(window)
                if preview is not None:
                    preview.add(window)
                position = replace(position, done_s=run.progress.done_s, faces=window.record.faces)
                on_position(position)
            if not run.progress.frames:
                raise RecordingUnreadable(f"{video} has no picture that can be decoded; copy it from the camera again")
            run.flush()
            # Before the recording is marked as finished, so that a run that is killed here does it when it continues.
            for records in windows_estimated_again(store, run.progress, camera, scorer.score_tables if scorer else {}):
                run.replace(records)
                on_position(position)
            run.finish(recording.tally.end_s or recording.duration_s)
        finally:
            run.flush()
    end_ms = progress.started_ms + round(run.progress.done_s * 1000)
    if not end_with_last_camera(store, setup, end_ms=end_ms, now_ms=to_ms(datetime.now(UTC))):
        notes.append("The session is still open: end it on the page Operate when it is over.")
    notes += other_sessions_with(store, setup, known_by)
    summary = summary_of(store, setup, run.progress, session.mode_reason, realtime_factor=run.realtime_factor)
    if not summary.faces and not corrector.unusable:
        notes.append(
            "No face was found in the whole recording: was the camera on the audience, with faces turned to it?"
        )
    return replace(summary, notes=(*summary.notes, *notes))


def _frames(recording: Recording, progress: RecordingProgress, every_s: float) -> Iterator[TimedFrame]:
    # Slots are aligned with wall-clock windows, so that all windows have the same number of samples.
    offset_s = (progress.started_ms % max(1, round(every_s * 1000))) / 1000.0
    for frame in recording.sample(
        every_s, start_s=progress.done_s, grid_offset_s=offset_s, seek=not progress.clock_steps
    ):
        at_ms = progress.started_ms + round(frame.at_s * 1000)
        yield TimedFrame(at_ms=at_ms, image=frame.image, interlaced=frame.interlaced)


def _check_unchanged(progress: RecordingProgress, plan: ScoringPlan, detector: Detector, scorer: Scorer | None) -> None:
    """Refuses to continue with another interval, detector or scorer, as the curve would mix both."""
    for what, earlier, now in (
        ("an interval of", progress.every_s, plan.every_s),
        ("detector", progress.detector, detector.name),
        ("scorer", progress.scorer, scorer.name if scorer else ""),
    ):
        if earlier != now:
            raise ScoringRefused(
                f"this recording is scored up to {clock_text(progress.done_s)} with {what} {earlier}, not {now}",
                "continue with the same, or score it again with --again",
            )
