"""The Store port: where sessions, their time series, and their rules and alerts are kept.

Every put is a plain put under a key made from the content: the same thing put twice, late or out of order changes
nothing. What belongs to a session is taken only while the session is there. `audience.stores` implements it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Literal, Protocol, Self, get_args

from audience.alerts import Alert, AlertBook, AlertMark, AlertRule, AlertWatcher
from audience.errors import InvalidValue
from audience.faces import WindowFaces
from audience.ids import check_id
from audience.sessions import Camera, Session, Stage
from audience.window_table import WindowTable
from audience.windows import LATEST_MS, WindowRecord

AlertDocument = AlertRule | Alert | AlertMark | AlertWatcher


class Alerting(Protocol):
    """Keeps documents under keys made from their content, by session; deleting a session takes them with it.

    All methods raise `StoreUnavailable` where the store cannot be reached, read or written.
    """

    def put(self, session_id: str, document: AlertDocument) -> None:
        """Writes a document, over one already there of the same rule, alert, mark or watcher.

        Raises:
            SessionNotFound: the session is not there (any more).
        """
        ...

    def drop(self, session_id: str, document: AlertDocument) -> None:
        """Removes a document; one that is not there is no error."""
        ...

    def book(self, session_id: str) -> AlertBook:
        """All there is of a session; empty where there is nothing."""
        ...


CameraState = Literal["starting", "ready", "running", "waiting", "failed", "stopped", "finished"]
CAMERA_STATES: tuple[str, ...] = get_args(CameraState)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerRecord:
    """What a scorer's name in a record stands for.

    Attributes:
        name: name and version, as records carry it.
        thresholds: by expression, the confidence from which a face shows it.
        experimental: expressions whose accuracy is not established; shown only with that word beside them.
        model_sha256: of the model file; "" where there is none to look at.
    """

    name: str
    thresholds: Mapping[str, float]
    experimental: frozenset[str] = frozenset()
    model_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingProgress:
    """How far a recording was scored for one camera, so that scoring goes on where it stopped.

    Attributes:
        session_id, stage_id, camera_id: the key.
        fingerprint: tells one recording from another (made from its size and content, not from its name).
        started_ms: instant of the recording's first frame, milliseconds since the epoch.
        every_s: seconds between samples.
        detector, scorer: name and version; the scorer is "" where only heads are counted.
        done_s, finished: recording seconds that are scored and stored, and whether the end was reached.
        frames, faces, tracks: looked at, scored, and told apart so far.
        started_from, start_certainty: where that instant comes from, and "sure", "likely" or "doubtful"; "" if unknown.
        lost_s, remarks: seconds of which no picture could be decoded; what else was found of the recording, in lines.
        clock_steps: how often the recording's own clock left its line; over 0, it is read from its beginning.
    """

    session_id: str
    stage_id: str
    camera_id: str
    fingerprint: str
    started_ms: int
    every_s: float
    detector: str
    scorer: str
    done_s: float
    finished: bool
    frames: int
    faces: int
    tracks: int
    started_from: str = ""
    start_certainty: str = ""
    lost_s: float = 0.0
    clock_steps: int = 0
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_key(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How a camera is, as it last said itself.

    Attributes:
        session_id, stage_id, camera_id: the key; only the newest is kept.
        at_ms: when, milliseconds since the epoch, by the camera's own clock.
        state: "starting", "ready" (its models are loaded), "running", "waiting" (the camera is away), "failed" (the
            detail says why; it starts again by itself), "stopped" or "finished".
        frames_per_s: frames looked at per second of late.
        faces: faces in view at the last look.
        last_window_ms: start of the newest window stored; None before the first.
        lag_s: seconds from the end of the newest window to the heartbeat that follows its being stored; negative where
            the clock the frames are stamped by is ahead.
        detail: one line in words; "" where there is nothing to say.
        sent: deliveries that were taken since the camera started; 0 where it writes to the store itself, as for the
            next two.
        waiting: deliveries in its outbox.
        dropped: deliveries its outbox dropped for lack of room since the camera started.
        detector, scorer: name and version; "" where not said, or where only heads are counted.
        received_ms: when the heartbeat arrived, milliseconds since the epoch, by a clock that is not the camera's;
            None where it came no such way. Less `at_ms` it is the error of the camera's clock and the time on the way.
        brightness, sharpness: of the picture, 0..1 (`edge_lambda.picture_quality`); None where it was not measured.
        preview_port: where on its own machine (127.0.0.1) the camera shows what it sees; None where it does not.
        preview_blurred: whether faces are made unrecognisable there.
    """

    session_id: str
    stage_id: str
    camera_id: str
    at_ms: int
    state: CameraState
    frames_per_s: float
    faces: int
    last_window_ms: int | None
    lag_s: float
    detail: str = ""
    sent: int = 0
    waiting: int = 0
    dropped: int = 0
    detector: str = ""
    scorer: str = ""
    received_ms: int | None = None
    brightness: float | None = None
    sharpness: float | None = None
    preview_port: int | None = None
    preview_blurred: bool = False

    def __post_init__(self) -> None:
        _check_key(self)
        if self.state not in CAMERA_STATES:
            raise InvalidValue(f"camera state {self.state!r} is unknown: use one of {', '.join(CAMERA_STATES)}")
        for instant in (self.at_ms, self.last_window_ms, self.received_ms):
            if instant is not None and not 0 <= instant <= LATEST_MS:
                raise InvalidValue(f"a heartbeat at {instant} ms is not within the years 1970 to 2286")
        if min(self.sent, self.waiting, self.dropped) < 0:
            raise InvalidValue(f"a camera cannot send {self.sent}, keep {self.waiting} and drop {self.dropped}")
        if not (0 <= self.frames_per_s < math.inf and math.isfinite(self.lag_s) and self.faces >= 0):
            raise InvalidValue(
                f"a camera cannot look at {self.frames_per_s:g} frames per second, see {self.faces} faces and lag by "
                f"{self.lag_s:g} s"
            )
        for what in ("brightness", "sharpness"):
            value = getattr(self, what)
            if value is not None and not 0 <= value <= 1:
                raise InvalidValue(f"a picture cannot have a {what} of {value:g}: it lies between 0 and 1")
        if self.preview_port is not None and not 1 <= self.preview_port <= 65535:
            raise InvalidValue(f"a preview cannot be at port {self.preview_port}: ports run from 1 to 65535")


def _check_key(record: RecordingProgress | Heartbeat) -> None:
    check_id("session id", record.session_id)
    check_id("stage id", record.stage_id)
    check_id("camera id", record.camera_id)


class Store(Protocol):
    """Keeps sessions, stages, cameras, windows, faces, scorers, progress, heartbeats and alerts.

    All methods raise `StoreUnavailable` where the store cannot be reached, read or written. What puts something under
    a session raises `SessionNotFound`, and keeps nothing, where the session is not there (any more); `put_windows` and
    `put_heartbeat` also where it was set up at another instant than `set_up_at`, which is as the writer knows it.
    """

    url: str

    @property
    def alerting(self) -> Alerting:
        """Keeps rules and alerts."""
        ...

    @property
    def forgetting(self) -> bool:
        """Whether deleted rows can still be read from the store's files, as somebody reads what was there before. They
        go at the first use of the store, by whatever process, after that."""
        ...

    def put_session(self, session: Session) -> None:
        """Writes the session under its id, over one already there, whose `set_up_at` stays; refused while one of that
        id is being deleted."""
        ...

    def change_session(self, session: Session) -> None:
        """Writes a session over the one it was made from, which must be there still."""
        ...

    def session(self, session_id: str) -> Session:
        """The session.

        Raises:
            SessionNotFound: there is none of that id.
        """
        ...

    def sessions(self) -> list[Session]:
        """All sessions, the latest start first."""
        ...

    def delete_session(self, session_id: str) -> bool:
        """Removes the session and everything recorded under it, what others write meanwhile included, and returns
        whether there was anything. One that was interrupted is completed by another, and the session listed till then.
        """
        ...

    def put_stage(self, session_id: str, stage: Stage) -> None:
        """Writes a stage of a session under its id, over one already there."""
        ...

    def stages(self, session_id: str) -> list[Stage]:
        """The session's stages in the order of their ids."""
        ...

    def put_camera(self, session_id: str, stage_id: str, camera: Camera) -> None:
        """Writes a camera of a stage under its id, over one already there."""
        ...

    def cameras(self, session_id: str, stage_id: str) -> list[Camera]:
        """The stage's cameras in the order of their ids."""
        ...

    def put_windows(
        self,
        windows: Sequence[WindowRecord],
        faces: Sequence[WindowFaces] = (),
        progress: RecordingProgress | None = None,
        *,
        set_up_at: datetime | None = None,
    ) -> None:
        """Writes windows, the faces behind them, and how far a recording has come.

        Where the store can, all of it or none; else the progress last, so that what it claims is there.
        """
        ...

    def windows(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> WindowTable:
        """The stage's windows that start in [from_ms, until_ms), in order of their start; may be empty."""
        ...

    def window_count(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> int:
        """How many records `windows` would give, sooner than by reading them: another number once one came late."""
        ...

    def faces(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> list[WindowFaces]:
        """The single faces of windows that start in [from_ms, until_ms), in order of their start."""
        ...

    def delete_camera_records(self, session_id: str, stage_id: str, camera_id: str) -> None:
        """Removes the windows, faces and progress of one camera; session, stage and camera stay."""
        ...

    def progress(self, session_id: str, stage_id: str, camera_id: str) -> RecordingProgress | None:
        """How far this camera's recording was scored; None where none was begun."""
        ...

    def recordings(self, session_id: str) -> list[RecordingProgress]:
        """The progress of all recordings of a session, in the order of stage and camera."""
        ...

    def put_scorer(self, scorer: ScorerRecord, session_id: str | None = None) -> None:
        """Writes what a scorer's name stands for: everywhere, or in one session, whose camera declares it."""
        ...

    def scorers(self, session_id: str | None = None) -> dict[str, ScorerRecord]:
        """The scorers that all sessions share, by name; with those of one session where it is named.

        What is said of scorers that ship with Houselights is what `audience.scorers` says of them.
        """
        ...

    def put_heartbeat(self, heartbeat: Heartbeat, *, set_up_at: datetime | None = None) -> None:
        """Writes a camera's newest heartbeat, over an older one."""
        ...

    def heartbeats(self, session_id: str) -> list[Heartbeat]:
        """The newest heartbeat of every camera of a session, in the order of stage and camera."""
        ...

    def prune(self, now_ms: int) -> int:
        """Removes windows and faces that expired before `now_ms`; returns how many."""
        ...

    def close(self) -> None:
        """Lets go of the store; it cannot be used afterwards."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
