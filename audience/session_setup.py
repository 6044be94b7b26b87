"""Setting up a session before its first window is stored, adding cameras to it, and ending it.

A camera's records have one owner: a device, a recording scored on this machine, or a live camera of this machine. A
second owner would overwrite the first one's windows and is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from audience.admission import check_joins
from audience.alerts import default_rules
from audience.countries import country_code
from audience.errors import InvalidValue, ScoringRefused, SessionNotFound
from audience.ids import check_id
from audience.privacy import Setting, decide
from audience.sessions import LONGEST_MS, Camera, Kind, RoomNotice, Session, Stage
from audience.store import Heartbeat, RecordingProgress, Store
from audience.time import from_ms, to_ms


def end_with_last_camera(
    store: Store, setup: SessionSetup, *, end_ms: int, now_ms: int, began_ms: int | None = None
) -> bool:
    """Ends the session if the camera that has stopped was its last.

    The session continues while another camera runs, is silent, or is set up but has not started, because its deliveries
    need an open session. A festival continues until a person ends it. A recording older than `LONGEST_MS` ends any
    session.

    Args:
        store: holds the camera's last records and heartbeat.
        setup: the camera that has stopped.
        end_ms: end of its last window, milliseconds since the epoch.
        now_ms: now, milliseconds since the epoch.
        began_ms: when a live camera started: an end that a person set since then is kept. None for a recording.

    Returns:
        Whether the session is ended now.
    """
    session = store.session(setup.session_id)
    if session.ended_at is None:
        beats, recordings = store.heartbeats(session.session_id), store.recordings(session.session_id)
        is_of_the_past = now_ms - end_ms > LONGEST_MS
        if not is_of_the_past and (
            session.kind == "festival" or _other_cameras_pending(store, setup, beats, recordings)
        ):
            return False
        ends = [one.started_ms + round(one.done_s * 1000) for one in recordings]
        ends += [beat.last_window_ms for beat in beats if beat.last_window_ms is not None]
        end_ms = max([end_ms, *ends])
    elif began_ms is not None and to_ms(session.ended_at) >= began_ms:
        return True
    end_session(store, session.session_id, end_ms)
    return True


def _other_cameras_pending(
    store: Store, setup: SessionSetup, beats: Collection[Heartbeat], recordings: Collection[RecordingProgress]
) -> bool:
    """Whether another camera of the session may still deliver something."""
    known = {
        (stage.stage_id, camera.camera_id)
        for stage in store.stages(setup.session_id)
        for camera in store.cameras(setup.session_id, stage.stage_id)
    }
    known |= {(beat.stage_id, beat.camera_id) for beat in beats}
    ended = {(beat.stage_id, beat.camera_id) for beat in beats if beat.state in ("stopped", "finished")}
    ended |= {(one.stage_id, one.camera_id) for one in recordings if one.finished}
    return bool(known - ended - {(setup.stage_id, setup.camera_id)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetup:
    """The details of a camera's session, stage and camera, as requested. None keeps the stored value, or the default.

    Attributes:
        session_id, stage_id, camera_id: where the camera's records go.
        title: of the session.
        kind: of the session; "talk" by default.
        setting: the kind of place; "event" by default.
        country: name or ISO 3166-1 code.
        heads_only: whether to count heads only.
        notice_given: whether the people in view were informed.
        audience_size: number of people present on the stage.
        film, cut, city: see `Session`.
        tags: see `Session`; empty keeps the stored tags.
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
        """Ids of the session, stage and camera."""
        return self.session_id, self.stage_id, self.camera_id


def plan_session(store: Store, setup: SessionSetup, started_at: datetime, *, now: datetime | None = None) -> Session:
    """Returns the session as it would be stored, without writing it.

    What a session measures is decided when it is first set up and never widened: a second camera may request the same
    or nothing.

    Args:
        store: where the session is, or will be.
        setup: the requested details.
        started_at: when it begins; an existing session keeps an earlier start.
        now: becomes `set_up_at` of a new session; None to leave it out.

    Raises:
        ScoringRefused: the session exists and measures something else than requested.
        InvalidValue: a value is not allowed.
    """
    try:
        stored = store.session(setup.session_id)
    except SessionNotFound:
        decision = decide(setup.setting or "event", setup.country, heads_only=setup.heads_only)
        return Session(
            session_id=setup.session_id,
            title=setup.title or "",
            kind=setup.kind or "talk",
            started_at=started_at,
            setting=setup.setting or "event",
            country=country_code(setup.country) if setup.country else None,
            notice_given=setup.notice_given,
            mode=decision.mode,
            mode_reason=decision.reason,
            film=setup.film or "",
            cut=setup.cut or "",
            city=setup.city or "",
            tags=setup.tags,
            set_up_at=now,
        )
    if setup.heads_only or setup.setting or setup.country:
        decision = decide(setup.setting or stored.setting, setup.country or stored.country, heads_only=setup.heads_only)
        if decision.mode != stored.mode:
            raise ScoringRefused(
                f"session {stored.session_id!r} was set up to measure {stored.mode}, not {decision.mode} as requested",
                "leave --setting, --country and --heads-only out, or choose another --session",
            )
    described = with_description(
        stored,
        title=setup.title,
        film=setup.film,
        cut=setup.cut,
        city=setup.city,
        tags=setup.tags or None,
    )
    return replace(
        described,
        kind=setup.kind or stored.kind,
        started_at=min(stored.started_at, started_at),
        notice_given=stored.notice_given or setup.notice_given,
    )


def plan_recording(store: Store, setup: SessionSetup, started_at: datetime, *, now: datetime | None = None) -> Session:
    """Returns the session as it would be stored for a recording on this machine, without writing it.

    A session that has ended is reopened. Otherwise like `plan_session`.

    Raises:
        ScoringRefused: as `plan_session`; or the recording's time does not fit the session, or a device delivers for
            the camera.
        InvalidValue: a value is not allowed.
    """
    check_not_delivered(store, setup.place)
    with suppress(SessionNotFound):
        check_joins(store.session(setup.session_id), to_ms(started_at))
    session = plan_session(store, setup, started_at, now=now)
    goes_on = session.ended_at is not None and session.ended_at < started_at
    return replace(session, ended_at=None) if goes_on else session


def with_description(
    session: Session,
    *,
    title: str | None = None,
    film: str | None = None,
    cut: str | None = None,
    city: str | None = None,
    tags: Sequence[str] | None = None,
) -> Session:
    """Returns the session with new details. None keeps a value; an empty text or empty tags remove it.

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


def store_session(store: Store, session: Session, setup: SessionSetup, *, delivered_by: str | None = "") -> Session:
    """Writes the session, its stage and its camera, keeping stored details of the stage and camera.

    Args:
        store: where to write.
        session: the session.
        setup: names its stage and camera.
        delivered_by: see `Camera`; used if the camera has none yet. The default means that this machine writes.

    Returns:
        The session as stored: another process may have set it up a moment earlier.

    Raises:
        SessionNotFound: it was deleted meanwhile.
    """
    store.put_session(session)
    stages = {stage.stage_id: stage for stage in store.stages(session.session_id)}
    stage = stages.get(setup.stage_id, Stage(stage_id=setup.stage_id))
    if setup.audience_size is not None:
        stage = replace(stage, audience_size=setup.audience_size)
    if stage != stages.get(setup.stage_id):
        store.put_stage(session.session_id, stage)
    stored = camera_at(store, setup.place)
    camera = stored or Camera(camera_id=setup.camera_id)
    if camera.delivered_by is None:
        camera = replace(camera, delivered_by=delivered_by)
    if camera != stored:
        store.put_camera(session.session_id, stage.stage_id, camera)
    return store.session(session.session_id)


def record_sheet(store: Store, session_id: str, languages: Sequence[str], now: datetime) -> Session:
    """Records that a room notice was made for a session. Whether it is up is for somebody to say.

    Args:
        store: where the session is.
        session_id: its id.
        languages: of the sheet, as ISO 639-1 codes.
        now: the current time.

    Raises:
        SessionNotFound: it does not exist, or was deleted.
    """
    session = store.session(session_id)
    notice = replace(session.notice or RoomNotice(), sheet_at=now, languages=tuple(languages))
    changed = replace(session, notice=notice)
    store.change_session(changed)
    return changed


def record_notice_up(store: Store, session_id: str, by: str, now: datetime) -> Session:
    """Records that the people in view are informed: somebody put the room notice up.

    Args:
        store: where the session is.
        session_id: its id.
        by: who did.
        now: the current time.

    Raises:
        SessionNotFound: it does not exist, or was deleted.
        InvalidValue: nobody is named.
    """
    if not by.strip():
        raise InvalidValue("nobody is named: say who put the notice up")
    session = store.session(session_id)
    notice = replace(session.notice or RoomNotice(), up_at=now, up_by=by.strip())
    changed = replace(session, notice=notice, notice_given=True)
    store.change_session(changed)
    return changed


def end_session(store: Store, session_id: str, end_ms: int) -> None:
    """Ends the session at `end_ms`, unless it has a later end.

    Raises:
        SessionNotFound: it does not exist, or was deleted.
    """
    session = store.session(session_id)
    ended_at = from_ms(end_ms)
    if session.ended_at is None or session.ended_at < ended_at:
        store.change_session(replace(session, ended_at=ended_at))


def prepare_session(
    store: Store, setup: SessionSetup, begins_at: datetime | None, now: datetime, *, device: bool = True
) -> Session:
    """Sets up a session, its stage and a camera before the camera delivers, or adds to an existing session.

    A new session gets the default alert rules, so that somebody is notified when its cameras fail.

    Args:
        store: where to write.
        setup: the requested details.
        begins_at: when it begins; None keeps the stored start, or takes `now` for a new session.
        now: the current time.
        device: whether a device will deliver for the camera; else the first to record becomes its owner.

    Raises:
        ScoringRefused: the session exists and measures something else than requested, or the camera was recorded on
            this machine.
        InvalidValue: a value is not allowed.
    """
    if device:
        check_not_recorded_here(store, setup.place)
    is_new = False
    try:
        before = store.session(setup.session_id)
        begins_at = begins_at or before.started_at
    except SessionNotFound:
        begins_at, is_new = begins_at or now, True
    session = replace(plan_session(store, setup, begins_at, now=now), started_at=begins_at)
    session = store_session(store, session, setup, delivered_by=setup.camera_id if device else None)
    for rule in default_rules() if is_new else ():
        store.alerting.put(session.session_id, rule)
    return session


def device_environment(session: Session, stage_id: str, camera_id: str) -> dict[str, str]:
    """The environment variables of a camera's device, so that it measures what the session does."""
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


Place = tuple[str, str, str]  # ids of session, stage and camera


def camera_at(store: Store, place: Place) -> Camera | None:
    """The camera as set up, or None."""
    session_id, stage_id, camera_id = place
    return next((camera for camera in store.cameras(session_id, stage_id) if camera.camera_id == camera_id), None)


def check_not_delivered(store: Store, place: Place) -> None:
    """Checks that no device delivers for a camera that is to be recorded on this machine.

    Raises:
        ScoringRefused: a device does.
    """
    camera = camera_at(store, place)
    if camera is None or camera.delivered_by == "":
        return
    # Where the owner is unknown, a received status shows that a device delivers.
    if camera.delivered_by or any(beat.received_ms is not None for beat in _beats(store, place)):
        raise ScoringRefused(
            f"{_label(place)} belongs to a device that delivers for it", "give this a --camera of its own"
        )


def check_not_recorded_here(store: Store, place: Place) -> None:
    """Checks that nothing was recorded on this machine for a camera that a device will deliver for.

    Raises:
        ScoringRefused: something was recorded.
    """
    camera = camera_at(store, place)
    if camera is None or camera.delivered_by:
        return
    if camera.delivered_by == "" or store.progress(*place) is not None:
        raise ScoringRefused(f"{_label(place)} was recorded on this computer", "give the device a --camera of its own")


def check_not_watched(store: Store, place: Place) -> None:
    """Checks that a recording would not overwrite or mix with what was watched live under its camera.

    Raises:
        ScoringRefused: the camera was watched live.
    """
    if _beats(store, place):
        raise ScoringRefused(
            f"{_label(place)} was watched live: give this recording its own --camera, or delete the live records "
            "with --again"
        )


def check_not_scored(store: Store, place: Place) -> None:
    """Checks that a live camera would not overwrite a recording that was scored under its camera.

    Raises:
        ScoringRefused: a recording was scored.
    """
    if store.progress(*place) is not None:
        raise ScoringRefused(f"{_label(place)} holds a recording that was scored: give this camera its own --camera")


def _beats(store: Store, place: Place) -> list[Heartbeat]:
    session_id, *camera = place
    return [beat for beat in store.heartbeats(session_id) if [beat.stage_id, beat.camera_id] == camera]


def _label(place: Place) -> str:
    session_id, stage_id, camera_id = place
    return f"camera {camera_id!r} of stage {stage_id!r} of session {session_id!r}"
