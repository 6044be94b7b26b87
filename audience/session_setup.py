"""Setting up a session before a camera's first window is stored, joining one that is there, and ending it.

A camera's records belong to one owner: a device, a recording scored on this machine, or a live camera of this machine.
Two owners under one camera would overwrite each other's windows, so the second is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from audience.admission import check_joins
from audience.alerts import usual_rules
from audience.countries import country_code
from audience.errors import ScoringRefused, SessionNotFound
from audience.ids import check_id
from audience.privacy import Setting, decide
from audience.sessions import LONGEST_MS, Camera, Kind, Session, Stage
from audience.store import Heartbeat, RecordingProgress, Store
from audience.time import from_ms, to_ms


def note_camera_end(store: Store, occasion: Occasion, *, end_ms: int, now_ms: int, began_ms: int | None = None) -> bool:
    """Ends the session where the camera that has ended was the last of it.

    While another camera is at work, has fallen silent or was set up and is still to come, the session goes on: what
    such a camera delivers later must find it open. A festival goes on whatever its cameras do; a person ends it. Only a
    recording of a day that is over, `admission.LONGEST_MS` ago, ends any session.

    Args:
        store: where; what the camera recorded and said last is in it.
        occasion: which camera has ended.
        end_ms: end of its last window, milliseconds since the epoch.
        now_ms: the wall clock.
        began_ms: when it began, where it was live: an end that a person noted since then stays as it is.

    Returns:
        Whether the session has ended.
    """
    session = store.session(occasion.session_id)
    if session.ended_at is None:
        beats, recordings = store.heartbeats(session.session_id), store.recordings(session.session_id)
        is_of_the_past = now_ms - end_ms > LONGEST_MS
        if not is_of_the_past and (session.kind == "festival" or _others_to_come(store, occasion, beats, recordings)):
            return False
        ends = [one.started_ms + round(one.done_s * 1000) for one in recordings]
        ends += [beat.last_window_ms for beat in beats if beat.last_window_ms is not None]
        end_ms = max([end_ms, *ends])
    elif began_ms is not None and to_ms(session.ended_at) >= began_ms:
        return True
    end_session(store, session.session_id, end_ms)
    return True


def _others_to_come(
    store: Store, occasion: Occasion, beats: Collection[Heartbeat], recordings: Collection[RecordingProgress]
) -> bool:
    """Whether a camera of the session other than the occasion's may still deliver something."""
    known = {
        (stage.stage_id, camera.camera_id)
        for stage in store.stages(occasion.session_id)
        for camera in store.cameras(occasion.session_id, stage.stage_id)
    }
    known |= {(beat.stage_id, beat.camera_id) for beat in beats}
    ended = {(beat.stage_id, beat.camera_id) for beat in beats if beat.state in ("stopped", "finished")}
    ended |= {(one.stage_id, one.camera_id) for one in recordings if one.finished}
    return bool(known - ended - {(occasion.stage_id, occasion.camera_id)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What somebody says of the session a camera belongs to. None keeps what is stored, or takes the usual value.

    Attributes:
        session_id, stage_id, camera_id: where the camera's records go.
        title: of the session.
        kind: of the session; "talk" where nothing was said.
        setting: the kind of place; "event" where nothing was said.
        country: by its name or its ISO 3166-1 code.
        heads_only: whether only heads shall be counted.
        notice_given: whether the people in view were told.
        audience_size: people present on the stage.
        film, cut, city: as the session has them.
        tags: what is said of the audience; empty where nothing was said.
    """

    session_id: str
    stage_id: str = "main"
    camera_id: str = "cam-1"
    title: str | None = None
    kind: Kind | None = None
    setting: Setting | None = None
    country: str | None = None
    heads_only: bool = False
    notice_given: bool = False
    audience_size: int | None = None
    film: str | None = None
    cut: str | None = None
    city: str | None = None
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        check_id("stage id", self.stage_id)
        check_id("camera id", self.camera_id)

    @property
    def place(self) -> Place:
        """Of the camera."""
        return self.session_id, self.stage_id, self.camera_id


def plan_session(store: Store, occasion: Occasion, started_at: datetime, *, now: datetime | None = None) -> Session:
    """The session as it will be stored; nothing is written yet.

    What a session measures is decided when it is first set up and never widened: a second camera may say the same
    or nothing.

    Args:
        store: where it is, or will be.
        occasion: what is said of it.
        started_at: when it begins; one that is there began no later.
        now: the wall clock: a new one is set up now; None where that is not to be known.

    Raises:
        ScoringRefused: the session is there, and measures something else than was asked for now.
        InvalidValue: a value is not allowed.
    """
    try:
        there = store.session(occasion.session_id)
    except SessionNotFound:
        decision = decide(occasion.setting or "event", occasion.country, heads_only=occasion.heads_only)
        return Session(
            session_id=occasion.session_id,
            title=occasion.title or "",
            kind=occasion.kind or "talk",
            started_at=started_at,
            setting=occasion.setting or "event",
            country=country_code(occasion.country) if occasion.country else None,
            notice_given=occasion.notice_given,
            mode=decision.mode,
            mode_reason=decision.reason,
            film=occasion.film or "",
            cut=occasion.cut or "",
            city=occasion.city or "",
            tags=occasion.tags,
            set_up_at=now,
        )
    if occasion.heads_only or occasion.setting or occasion.country:
        decision = decide(
            occasion.setting or there.setting, occasion.country or there.country, heads_only=occasion.heads_only
        )
        if decision.mode != there.mode:
            raise ScoringRefused(
                f"session {there.session_id!r} was set up to measure {there.mode}, and this asks for {decision.mode}: "
                "leave --setting, --country and --heads-only out, or choose another --session"
            )
    described = described_as(
        there,
        title=occasion.title,
        film=occasion.film,
        cut=occasion.cut,
        city=occasion.city,
        tags=occasion.tags or None,
    )
    return replace(
        described,
        kind=occasion.kind or there.kind,
        started_at=min(there.started_at, started_at),
        notice_given=there.notice_given or occasion.notice_given,
    )


def plan_recording(store: Store, occasion: Occasion, started_at: datetime, *, now: datetime | None = None) -> Session:
    """The session as it will be stored for what is recorded on this machine; nothing is written yet.

    A session that ended before goes on. For the rest see `plan_session`.

    Raises:
        ScoringRefused: as `plan_session`; or the recording is of another time than the session, or a device delivers
            for the camera.
        InvalidValue: a value is not allowed.
    """
    check_not_delivered(store, occasion.place)
    with suppress(SessionNotFound):
        check_joins(store.session(occasion.session_id), to_ms(started_at))
    session = plan_session(store, occasion, started_at, now=now)
    goes_on = session.ended_at is not None and session.ended_at < started_at
    return replace(session, ended_at=None) if goes_on else session


def described_as(
    session: Session,
    *,
    title: str | None = None,
    film: str | None = None,
    cut: str | None = None,
    city: str | None = None,
    tags: Sequence[str] | None = None,
) -> Session:
    """The session with what is said of it now; None keeps what was said before, an empty text or no tags take it away.

    Raises:
        InvalidValue: a text is too long, or a tag is empty.
    """
    return replace(
        session,
        title=session.title if title is None else title,
        film=session.film if film is None else film,
        cut=session.cut if cut is None else cut,
        city=session.city if city is None else city,
        tags=session.tags if tags is None else tuple(tags),
    )


def store_session(store: Store, session: Session, occasion: Occasion, *, delivered_by: str | None = "") -> Session:
    """Writes the session, its stage and its camera, keeping what was said of the stage and the camera before.

    Args:
        store: where.
        session: the session.
        occasion: names its stage and camera.
        delivered_by: as `Camera` has it, unless it was said before; usually that records are written here.

    Returns:
        The session as it is stored: another may have set it up a moment earlier.

    Raises:
        SessionNotFound: it was deleted meanwhile.
    """
    store.put_session(session)
    stages = {stage.stage_id: stage for stage in store.stages(session.session_id)}
    stage = stages.get(occasion.stage_id, Stage(stage_id=occasion.stage_id))
    if occasion.audience_size is not None:
        stage = replace(stage, audience_size=occasion.audience_size)
    if stage != stages.get(occasion.stage_id):
        store.put_stage(session.session_id, stage)
    there = camera_at(store, occasion.place)
    camera = there or Camera(camera_id=occasion.camera_id)
    if camera.delivered_by is None:
        camera = replace(camera, delivered_by=delivered_by)
    if camera != there:
        store.put_camera(session.session_id, stage.stage_id, camera)
    return store.session(session.session_id)


def end_session(store: Store, session_id: str, end_ms: int) -> None:
    """Notes that the session lasted until `end_ms` at least.

    Raises:
        SessionNotFound: it is not there (any more).
    """
    session = store.session(session_id)
    ended_at = from_ms(end_ms)
    if session.ended_at is None or session.ended_at < ended_at:
        store.change_session(replace(session, ended_at=ended_at))


def prepared(
    store: Store, occasion: Occasion, begins_at: datetime | None, now: datetime, *, device: bool = True
) -> Session:
    """Sets a session, its stage and a camera up before the camera delivers, or adds to those there are.

    A new session gets the usual rules, so that somebody is told when its cameras fail.

    Args:
        store: where.
        occasion: what is said of it.
        begins_at: when it begins; None leaves it as it is, or takes `now` for a new one.
        now: the wall clock.
        device: whether it is known that a device delivers for the camera; else the first to record is believed.

    Raises:
        ScoringRefused: the session is there, and measures something else than was asked for now; or the camera was
            recorded on a machine of one's own.
        InvalidValue: a value is not allowed.
    """
    if device:
        check_not_recorded_here(store, occasion.place)
    is_new = False
    try:
        before = store.session(occasion.session_id)
        begins_at = begins_at or before.started_at
    except SessionNotFound:
        begins_at, is_new = begins_at or now, True
    session = replace(plan_session(store, occasion, begins_at, now=now), started_at=begins_at)
    session = store_session(store, session, occasion, delivered_by=occasion.camera_id if device else None)
    for rule in usual_rules() if is_new else ():
        store.alerting.put(session.session_id, rule)
    return session


def device_environment(session: Session, stage_id: str, camera_id: str) -> dict[str, str]:
    """What a camera's device is to be told by its environment, so that it measures what the session does."""
    environment = {
        "HOUSELIGHTS_SESSION": session.session_id,
        "HOUSELIGHTS_STAGE": stage_id,
        "HOUSELIGHTS_CAMERA": camera_id,
        "HOUSELIGHTS_SETTING": session.setting,
    }
    if session.country is not None:
        environment["HOUSELIGHTS_COUNTRY"] = session.country
    if session.mode == "head count":
        environment["HOUSELIGHTS_HEADS_ONLY"] = "yes"
    return environment


Place = tuple[str, str, str]  # session, stage and camera, by their ids


def camera_at(store: Store, place: Place) -> Camera | None:
    """The camera as it is set up, if it is."""
    session_id, stage_id, camera_id = place
    return next((camera for camera in store.cameras(session_id, stage_id) if camera.camera_id == camera_id), None)


def check_not_delivered(store: Store, place: Place) -> None:
    """Checks that no device delivers for a camera under which something is to be recorded here.

    Raises:
        ScoringRefused: one does.
    """
    camera = camera_at(store, place)
    if camera is None or camera.delivered_by == "":
        return
    # Where nobody said who delivers, a status that came from a device tells.
    if camera.delivered_by or any(beat.received_ms is not None for beat in _beats(store, place)):
        raise ScoringRefused(f"{_called(place)} is one that a device delivers for: give this a --camera of its own")


def check_not_recorded_here(store: Store, place: Place) -> None:
    """Checks that nothing was recorded here under a camera that a device is to deliver for.

    Raises:
        ScoringRefused: something was.
    """
    camera = camera_at(store, place)
    if camera is None or camera.delivered_by:
        return
    if camera.delivered_by == "" or store.progress(*place) is not None:
        raise ScoringRefused(
            f"{_called(place)} was recorded on a computer of one's own: give the device a --camera of its own"
        )


def check_not_watched(store: Store, place: Place) -> None:
    """Checks that a recording does not write over what was watched live under its camera, nor mixes with it.

    Raises:
        ScoringRefused: it would.
    """
    if _beats(store, place):
        raise ScoringRefused(
            f"{_called(place)} was watched live: give this recording its own --camera, or throw away what was seen "
            "live with --again"
        )


def check_not_scored(store: Store, place: Place) -> None:
    """Checks that a live camera does not write over a recording that was scored under its camera.

    Raises:
        ScoringRefused: it would.
    """
    if store.progress(*place) is not None:
        raise ScoringRefused(f"{_called(place)} holds a recording that was scored: give this camera its own --camera")


def _beats(store: Store, place: Place) -> list[Heartbeat]:
    session_id, *camera = place
    return [beat for beat in store.heartbeats(session_id) if [beat.stage_id, beat.camera_id] == camera]


def _called(place: Place) -> str:
    session_id, stage_id, camera_id = place
    return f"camera {camera_id!r} of stage {stage_id!r} of session {session_id!r}"
