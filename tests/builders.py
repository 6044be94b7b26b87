"""Builders: whole, valid things of the domain, where a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from audience.alerts import Alert
from audience.exclusions import Annotation, Exclusion
from audience.faces import Box, FaceRecord, WindowFaces
from audience.sessions import Camera, Mode, Session, Setting, Stage
from audience.store import Heartbeat, RecordingProgress, ScorerRecord
from audience.time import to_ms
from audience.timelines import Cue, Segment, Timeline
from audience.transcripts import Line, Transcript
from audience.windows import Tally, WindowRecord, tallies_of

BEGAN = datetime(2026, 5, 4, 19, 30, tzinfo=UTC)
BEGAN_MS = to_ms(BEGAN)
SCORER = "expression-net 1"
THRESHOLDS = {"smile": 0.5, "happy": 0.5, "surprised": 0.5, "sad": 0.5}


def after(seconds: float) -> datetime:
    """The instant so many seconds after the built sessions begin."""
    return BEGAN + timedelta(seconds=seconds)


def after_ms(seconds: float) -> int:
    """`after`, in milliseconds since the epoch."""
    return BEGAN_MS + round(seconds * 1000)


def a_session(
    session_id: str = "talk-1",
    *,
    title: str = "",
    started_at: datetime = BEGAN,
    ended_at: datetime | None = None,
    setting: Setting = "event",
    country: str | None = None,
    mode: Mode = "expressions",
) -> Session:
    """A talk that began at `BEGAN`."""
    return Session(
        session_id=session_id,
        title=title,
        started_at=started_at,
        ended_at=ended_at,
        setting=setting,
        country=country,
        mode=mode,
    )


def a_stage(
    stage_id: str = "main",
    *,
    title: str = "",
    audience_size: int | None = None,
    timelines: Sequence[Timeline] = (),
    cues: Sequence[Cue] = (),
    exclusions: Sequence[Exclusion] = (),
    annotations: Sequence[Annotation] = (),
) -> Stage:
    """A stage where nothing is known of what was shown."""
    return Stage(
        stage_id=stage_id,
        title=title,
        audience_size=audience_size,
        timelines=tuple(timelines),
        cues=tuple(cues),
        exclusions=tuple(exclusions),
        annotations=tuple(annotations),
    )


def a_camera(camera_id: str = "cam-1", *, overlaps: Iterable[str] = ()) -> Camera:
    """A camera that overlaps no other."""
    return Camera(camera_id=camera_id, overlaps=frozenset(overlaps))


def a_timeline(*segments: tuple[str, float, float], title: str = "slides") -> Timeline:
    """A timeline of (title, start_s, end_s)."""
    return Timeline(
        title=title, segments=tuple(Segment(title=name, start_s=start, end_s=end) for name, start, end in segments)
    )


def a_transcript(*lines: tuple[float, float, str], title: str = "talk") -> Transcript:
    """A transcript of (start_s, end_s, text)."""
    return Transcript(title=title, lines=tuple(Line(start_s=start, end_s=end, text=text) for start, end, text in lines))


def a_cue(at_s: float, timeline_s: float) -> Cue:
    """A pin: so many seconds after the session began the timeline stood at `timeline_s`."""
    return Cue(at=after(at_s), timeline_s=timeline_s)


def an_exclusion(from_s: float, until_s: float, *, title: str = "Projector failed") -> Exclusion:
    """A stretch that Ada left out, in seconds after the session began."""
    return Exclusion(title=title, from_at=after(from_s), until_at=after(until_s), by="Ada", reason="Nothing to see")


def an_annotation(at_s: float, title: str = "Door slammed") -> Annotation:
    """Ada's note, so many seconds after the session began."""
    return Annotation(title=title, at=after(at_s), by="Ada")


def a_face(
    track_id: str = "t1",
    *,
    at_ms: int = BEGAN_MS,
    box: Box | None = None,
    quality: float = 0.9,
    smile: float | None = None,
    confidences: Mapping[str, float] | None = None,
) -> FaceRecord:
    """A face that smiles with confidence .8, unless `smile` or all `confidences` are given."""
    if confidences is None:
        confidences = {"smile": 0.8 if smile is None else smile}
    return FaceRecord(
        track_id=track_id,
        at_ms=at_ms,
        box=box or Box(left=0.25, top=0.25, width=0.1, height=0.2),
        quality=quality,
        confidences=confidences,
    )


def faces(*smiles: float, first: int = 1) -> list[FaceRecord]:
    """One face for each confidence of a smile; their tracks are numbered on from `first`."""
    return [a_face(f"t{first + index}", smile=smile) for index, smile in enumerate(smiles)]


def a_window(
    at_s: float = 0,
    *,
    seen: Sequence[FaceRecord] | None = None,
    smiling: int = 0,
    of: int = 0,
    start_ms: int | None = None,
    session_id: str = "talk-1",
    stage_id: str = "main",
    camera_id: str = "cam-1",
    part: str = "0",
    width_ms: int = 1000,
    expected: int | None = None,
    expires_ms: int | None = None,
    scorer: str = SCORER,
) -> WindowRecord:
    """A window of the faces `seen`, or else of `of` faces of which `smiling` smile (confidence 1 against 0)."""
    count = max(smiling, of) if seen is None else len(seen)
    return WindowRecord(
        session_id=session_id,
        stage_id=stage_id,
        camera_id=camera_id,
        start_ms=after_ms(at_s) if start_ms is None else start_ms,
        part=part,
        width_ms=width_ms,
        faces=count,
        expected=count if expected is None else expected,
        tallies=dict(_tallies(smiling, of)) if seen is None else tallies_of(seen, THRESHOLDS),
        scorer=scorer,
        expires_ms=expires_ms,
    )


@cache
def _tallies(smiling: int, of: int) -> Mapping[str, Tally]:
    """Tallies of faces of which some smile. Sessions have thousands of such windows, and few that differ."""
    return tallies_of(faces(*([1.0] * smiling + [0.0] * (of - smiling))), THRESHOLDS)


def a_head_count(
    at_s: float = 0, *, heads: int, camera_id: str = "cam-1", part: str = "0", expected: int | None = None
) -> WindowRecord:
    """A window in which only heads were counted."""
    return WindowRecord(
        session_id="talk-1",
        stage_id="main",
        camera_id=camera_id,
        start_ms=after_ms(at_s),
        part=part,
        faces=heads,
        expected=heads if expected is None else expected,
        tallies={},
        scorer="",
    )


def window_faces(
    at_s: float = 0,
    *,
    seen: Sequence[FaceRecord] | None = None,
    session_id: str = "talk-1",
    stage_id: str = "main",
    camera_id: str = "cam-1",
    part: str = "0",
    expires_ms: int | None = None,
) -> WindowFaces:
    """The single faces behind a window; one smiling face unless others are given."""
    start_ms = after_ms(at_s)
    return WindowFaces(
        session_id=session_id,
        stage_id=stage_id,
        camera_id=camera_id,
        start_ms=start_ms,
        part=part,
        scorer=SCORER,
        faces=tuple([a_face(at_ms=start_ms)] if seen is None else seen),
        expires_ms=expires_ms,
    )


def a_progress(
    session_id: str = "talk-1",
    stage_id: str = "main",
    camera_id: str = "cam-1",
    *,
    done_s: float = 10.0,
    finished: bool = False,
) -> RecordingProgress:
    """How far a recording was scored: ten seconds."""
    return RecordingProgress(
        session_id=session_id,
        stage_id=stage_id,
        camera_id=camera_id,
        fingerprint="f00d",
        started_ms=BEGAN_MS,
        every_s=1.0,
        detector="centerface 1",
        scorer=SCORER,
        done_s=done_s,
        finished=finished,
        frames=10,
        faces=40,
        tracks=5,
    )


def a_heartbeat(
    session_id: str = "talk-1",
    stage_id: str = "main",
    camera_id: str = "cam-1",
    *,
    at_s: float = 0,
    detail: str = "",
    lag_s: float = 0.2,
) -> Heartbeat:
    """A camera that is running."""
    return Heartbeat(
        session_id=session_id,
        stage_id=stage_id,
        camera_id=camera_id,
        at_ms=after_ms(at_s),
        state="running",
        frames_per_s=5.0,
        faces=12,
        last_window_ms=after_ms(at_s),
        lag_s=lag_s,
        detail=detail,
    )


def an_alert(since_s: float = 0, *, camera_id: str = "cam-1", began_s: float | None = 60) -> Alert:
    """A camera's alert that is on."""
    return Alert(
        rule_id="camera-1",
        what="camera",
        stage_id="main",
        camera_id=camera_id,
        since_ms=after_ms(since_s),
        began_ms=None if began_s is None else after_ms(since_s + began_s),
        told=f"camera {camera_id} of stage main is dark",
    )


def a_scorer(name: str = SCORER, *, thresholds: Mapping[str, float] | None = None) -> ScorerRecord:
    """A scorer whose word on fear is not established."""
    return ScorerRecord(
        name=name,
        thresholds=dict(THRESHOLDS if thresholds is None else thresholds),
        experimental=frozenset({"fear"}),
        model_sha256="ab" * 32,
    )


def counted(smiling: int, of: int) -> Tally:
    """The tally of `of` faces of which `smiling` smile with confidence 1 and the others with 0."""
    return Tally(faces=of, total=float(smiling), squares=float(smiling), over=smiling)
