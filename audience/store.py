"""The Store port: keeps sessions, their time series, alert rules and alerts.

Every put is idempotent, under a key made from the content: the same record put twice, late or out of order changes
nothing. Records of a session are accepted only while the session exists. `audience.stores` implements the port.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Literal, Protocol, Self, get_args

from audience.alerts import Alert, AlertBook, AlertMark, AlertRule, AlertSilence, AlertWatcher, ReportMark
from audience.errors import InvalidValue
from audience.faces import WindowFaces
from audience.ids import check_id
from audience.rollups import RollupWidth
from audience.sessions import DAY_MS, Camera, Session, Stage
from audience.transcripts import Transcript
from audience.window_table import WindowTable
from audience.windows import LATEST_MS, WindowRecord

AlertDocument = AlertRule | Alert | AlertMark | AlertWatcher | ReportMark | AlertSilence


class Alerting(Protocol):
    """Keeps alert documents of sessions, under keys made from their content; deleting a session deletes them.

    All methods raise `StoreUnavailable` if the store cannot be reached, read or written.
    """

    def put(self, session_id: str, document: AlertDocument) -> None:
        """Writes a document, replacing one of the same rule, alert, mark, watcher or silenced place.

        Raises:
            SessionNotFound: the session does not exist, or was deleted.
        """
        ...

    def drop(self, session_id: str, document: AlertDocument) -> None:
        """Removes a document; a missing one is not an error."""
        ...

    def book(self, session_id: str) -> AlertBook:
        """All alert documents of a session; empty if there are none."""
        ...

    def sessions(self, since_ms: int) -> list[str]:
        """Ids of the sessions that have rules or alerts, the latest start first.

        Costs grow with their number, and not with that of other sessions. Some may have none any more.

        Args:
            since_ms: only sessions that begin at this instant or later, milliseconds since the epoch.
        """
        ...


CameraState = Literal["starting", "ready", "running", "waiting", "failed", "stopped", "finished"]
CAMERA_STATES: tuple[str, ...] = get_args(CameraState)

DeliveryStep = Literal["live", "thrifty", "device"]
"""How a camera delivers: as it is set, or, while the cloud lags, every 12 s, or scored on the device."""
DELIVERY_STEPS: tuple[str, ...] = get_args(DeliveryStep)

LONGEST_STATUS_S = 60.0
"""The most seconds between two heartbeats of a running camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerRecord:
    """A scorer, as named in records.

    Attributes:
        name: name and version, as in records.
        thresholds: threshold by expression.
        experimental: expressions whose accuracy is not established; always shown with that word.
        model_sha256: hash of the model file; "" if there is no file.
    """

    name: str
    thresholds: Mapping[str, float]
    experimental: frozenset[str] = frozenset()
    model_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingProgress:
    """How far a recording was scored for one camera, so that scoring can resume.

    Attributes:
        session_id, stage_id, camera_id: the key.
        fingerprint: identifies the recording by its size and content, not its name.
        started_ms: instant of the recording's first frame, milliseconds since the epoch.
        every_s: seconds between samples.
        detector, scorer: name and version; the scorer is "" where only heads are counted.
        done_s, finished: recording seconds scored and stored, and whether the end was reached.
        frames, faces, tracks: frames examined, faces scored, and distinct tracks so far.
        started_from, start_certainty: source of `started_ms`, and "sure", "likely" or "doubtful"; "" if unknown.
        lost_s, remarks: seconds without a decodable picture, and other findings on the recording, one line each.
        clock_steps: number of jumps in the recording's timestamps; if over 0, resuming reads it from its beginning.
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
    """A camera's latest report on its own state.

    Attributes:
        session_id, stage_id, camera_id: the key; only the newest is kept.
        at_ms: when it was made, milliseconds since the epoch, by the camera's own clock.
        state: "starting", "ready" (its models are loaded), "running", "waiting" (the camera is not connected), "failed"
            (see `detail`; it restarts by itself), "stopped" or "finished".
        frames_per_s: recent rate of examined frames.
        faces: faces in view in the last frame.
        last_window_ms: start of the newest window stored; None before the first.
        lag_s: seconds from the end of the newest window to the first heartbeat after it was stored; negative if the
            clock that stamps the frames is ahead.
        detail: one line of text; "" for none.
        sent: deliveries accepted since the camera started; 0 if it writes to the store itself, as for the next two.
        waiting: deliveries in its outbox.
        dropped: deliveries its outbox dropped for lack of space since the camera started.
        detector, scorer: name and version; "" if unknown, or if only heads are counted.
        received_ms: when it arrived, milliseconds since the epoch, by the receiver's clock; None if it was not
            delivered. Its difference from `at_ms` is the camera's clock error plus the transfer time.
        brightness, sharpness: of the picture, 0..1 (`edge_lambda.picture_quality`); None if not measured.
        preview_port: port on the device's own machine (127.0.0.1) of the camera's preview; None for no preview.
        preview_blurred: whether faces are blurred in the preview.
        bundle: number of the newest bundle of people who enrolled that it took (`audience.identity.bundle`); None
            where it recognises nobody.
        step: how it delivers; None if it does not say.
        every_s: seconds between its heartbeats while it runs; None for the usual two.
        version: of the program that runs on it; "" if it does not say.
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
    bundle: int | None = None
    step: DeliveryStep | None = None
    every_s: float | None = None
    version: str = ""

    def __post_init__(self) -> None:
        _check_key(self)
        if self.step is not None and self.step not in DELIVERY_STEPS:
            raise InvalidValue(f"a camera cannot deliver {self.step!r}: use one of {', '.join(DELIVERY_STEPS)}")
        if self.every_s is not None and not 0 < self.every_s <= LONGEST_STATUS_S:
            raise InvalidValue(f"a heartbeat every {self.every_s:g} s is not allowed: use up to {LONGEST_STATUS_S:g} s")
        if self.state not in CAMERA_STATES:
            raise InvalidValue(f"camera state {self.state!r} is unknown: use one of {', '.join(CAMERA_STATES)}")
        for instant in (self.at_ms, self.last_window_ms, self.received_ms):
            if instant is not None and not 0 <= instant <= LATEST_MS:
                raise InvalidValue(f"a heartbeat at {instant} ms is not within the years 1970 to 2286")
        if min(self.sent, self.waiting, self.dropped) < 0:
            raise InvalidValue(f"a camera cannot send {self.sent}, keep {self.waiting} and drop {self.dropped}")
        if not (0 <= self.frames_per_s < math.inf and math.isfinite(self.lag_s) and self.faces >= 0):
            raise InvalidValue(
                f"a camera cannot have {self.frames_per_s:g} frames per second, {self.faces} faces and a lag of "
                f"{self.lag_s:g} s"
            )
        for what in ("brightness", "sharpness"):
            value = getattr(self, what)
            if value is not None and not 0 <= value <= 1:
                raise InvalidValue(f"a picture cannot have a {what} of {value:g}: it must be between 0 and 1")
        if self.preview_port is not None and not 1 <= self.preview_port <= 65535:
            raise InvalidValue(f"a preview cannot be at port {self.preview_port}: ports run from 1 to 65535")
        if self.bundle is not None and self.bundle < 1:
            raise InvalidValue(f"a bundle cannot have the number {self.bundle}")


def _check_key(record: RecordingProgress | Heartbeat) -> None:
    check_id("session id", record.session_id)
    check_id("stage id", record.stage_id)
    check_id("camera id", record.camera_id)


DELETIONS_KNOWN_MS: Final = 30 * DAY_MS
"""How long a store can tell that a session was deleted; ids say who spoke and when, so they are not kept for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The figures of a session's row in a list.

    Attributes:
        stages: number of its stages.
        stage: the name of its only stage; "" for several, or none.
        length_s: how long it was, or has been recorded so far.
        recorded: whether any camera has recorded anything yet.
        faces: the most faces in view at once, all stages together; of a long session the highest mean of ten minutes.
        shape: some dozens of values along the session, the highest 1; None where there is no figure. The share of
            smiling faces, or the number of faces where only heads were counted.
    """

    stages: int = 0
    stage: str = ""
    length_s: float = 0.0
    recorded: bool = False
    faces: int = 0
    shape: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A session and what a list shows of it; the overview is None where a store has not made it yet."""

    session: Session
    overview: Overview | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """One page of a list of sessions.

    Attributes:
        sessions: the latest start first.
        after: where the next page begins, for `session_page`; None where there is none. A page may be shorter than
            asked for, or empty, before the last one.
    """

    sessions: tuple[ListedSession, ...]
    after: str | None


class Store(Protocol):
    """Keeps sessions and what belongs to them: stages, transcripts, slide pictures, cameras, their records, and alerts.

    All methods raise `StoreUnavailable` if the store cannot be reached, read or written. Methods that write records of
    a session raise `SessionNotFound`, and write nothing, if the session does not exist or was deleted; `put_windows`
    and `put_heartbeat` also if its `set_up_at` is not the one given.
    """

    url: str

    @property
    def alerting(self) -> Alerting:
        """The store of rules and alerts."""
        ...

    @property
    def has_pending_erasure(self) -> bool:
        """Whether deleted rows still exist in the store's files because an open reader sees the earlier state. They are
        overwritten at the first use of the store, by any process, after that."""
        ...

    def put_session(self, session: Session) -> None:
        """Writes the session, or replaces the one with its id and keeps that one's `set_up_at`.

        Refused while a session with that id is being deleted.
        """
        ...

    def change_session(self, session: Session) -> None:
        """Replaces a session, which must still exist."""
        ...

    def session(self, session_id: str) -> Session:
        """The session.

        Raises:
            SessionNotFound: there is none with that id.
        """
        ...

    def sessions(self) -> list[Session]:
        """All sessions, sorted by start, latest first; reads every page of the list."""
        ...

    def session_page(
        self,
        *,
        words: str = "",
        film: str = "",
        among: Collection[str] | None = None,
        after: str | None = None,
        limit: int = 15,
    ) -> SessionPage:
        """One page of the list of sessions, the latest start first, with their overviews.

        Args:
            words: each must begin a word of a session's title, id, film, cut, city, tags or kind; "" for all. Where a
                word begins several, sessions may be grouped by these over the pages.
            film: only sessions of this film; not together with `words`.
            among: only sessions with these ids, each of which is read; None for all.
            after: of the page before; None for the first.
            limit: the most sessions.

        Raises:
            InvalidValue: `after` is not of such a page.
        """
        ...

    def changed_sessions(self, since_ms: int) -> list[str]:
        """Ids of sessions that were written or deleted, or whose records or documents were, since an instant; sorted.

        Without heartbeats and alerts. Some may have changed a little earlier, or not at all. Costs grow with what
        changed, not with what exists. Deletions are known for `DELETIONS_KNOWN_MS`; what expired is no change.

        Args:
            since_ms: milliseconds since the epoch, by the clock of who wrote.
        """
        ...

    def delete_session(self, session_id: str) -> bool:
        """Deletes the session and all its records, including concurrent writes; returns whether it existed.

        The session stays listed until it is completely deleted; calling this again completes an interrupted deletion.
        """
        ...

    def put_stage(self, session_id: str, stage: Stage) -> None:
        """Writes a stage of a session, replacing one with its id."""
        ...

    def stages(self, session_id: str) -> list[Stage]:
        """The session's stages, sorted by id."""
        ...

    def put_transcript(self, session_id: str, stage_id: str, transcript: Transcript) -> None:
        """Writes what was said on a stage, replacing what was written before.

        Raises:
            InvalidValue: it is too long for a store.
        """
        ...

    def transcript(self, session_id: str, stage_id: str) -> Transcript | None:
        """What was said on a stage; None if nobody wrote it."""
        ...

    def delete_transcript(self, session_id: str, stage_id: str) -> bool:
        """Deletes what was said on a stage; returns whether there was any."""
        ...

    def put_slide_pictures(self, session_id: str, stage_id: str, pictures: Mapping[str, bytes]) -> None:
        """Writes the pictures of what was shown on a stage, in the place of all that were written before.

        Args:
            session_id, stage_id: whose.
            pictures: JPEG files by their ids (`Segment.picture`), each of at most `LARGEST_PICTURE` bytes.
        """
        ...

    def slide_pictures(self, session_id: str, stage_id: str) -> dict[str, bytes]:
        """The pictures of what was shown on a stage, by id."""
        ...

    def put_camera(self, session_id: str, stage_id: str, camera: Camera) -> None:
        """Writes a camera of a stage, replacing one with its id."""
        ...

    def cameras(self, session_id: str, stage_id: str) -> list[Camera]:
        """The stage's cameras, sorted by id."""
        ...

    def put_windows(
        self,
        windows: Sequence[WindowRecord],
        faces: Sequence[WindowFaces] = (),
        progress: RecordingProgress | None = None,
        *,
        set_up_at: datetime | None = None,
    ) -> None:
        """Writes windows, the faces behind them, and a recording's progress.

        In one transaction if the store has them; else the progress last, so that it never claims missing windows.
        """
        ...

    def windows(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> WindowTable:
        """The stage's windows that start in [from_ms, until_ms), sorted by start; may be empty."""
        ...

    def rollups(
        self,
        session_id: str,
        stage_id: str,
        *,
        width_ms: RollupWidth,
        from_ms: int | None = None,
        until_ms: int | None = None,
    ) -> WindowTable:
        """The stage's roll-ups (`audience.rollups`) that start in [from_ms, until_ms), sorted by start.

        In DynamoDB a function makes them within minutes of the windows; until then they are as before.
        """
        ...

    def window_count(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> int:
        """The number of records that `windows` would return, as a cheap check for late ones."""
        ...

    def faces(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> list[WindowFaces]:
        """The single faces of windows that start in [from_ms, until_ms), sorted by start."""
        ...

    def delete_camera_records(self, session_id: str, stage_id: str, camera_id: str) -> None:
        """Deletes the windows, faces and progress of one camera, but not the session, stage and camera."""
        ...

    def progress(self, session_id: str, stage_id: str, camera_id: str) -> RecordingProgress | None:
        """How far this camera's recording was scored; None if scoring never started."""
        ...

    def recordings(self, session_id: str) -> list[RecordingProgress]:
        """The progress of all recordings of a session, sorted by stage and camera."""
        ...

    def put_scorer(self, scorer: ScorerRecord, session_id: str | None = None) -> None:
        """Writes a scorer to the shared list, or to one session whose camera declares it."""
        ...

    def scorers(self, session_id: str | None = None) -> dict[str, ScorerRecord]:
        """The shared scorers by name, together with those of one session if given.

        Scorers that ship with Houselights are returned as `audience.scorers` defines them.
        """
        ...

    def put_heartbeat(self, heartbeat: Heartbeat, *, set_up_at: datetime | None = None) -> None:
        """Writes a camera's newest heartbeat, replacing an older one."""
        ...

    def heartbeats(self, session_id: str) -> list[Heartbeat]:
        """The newest heartbeat of every camera of a session, sorted by stage and camera."""
        ...

    def prune(self, now_ms: int) -> int:
        """Deletes windows and faces that expired before `now_ms`; returns how many."""
        ...

    def close(self) -> None:
        """Closes the store; it cannot be used afterwards."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
