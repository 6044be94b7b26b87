"""Takes recordings in, and reads and changes the queue, as far as whoever asks may."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec

from audience.countries import country_code
from audience.errors import AccessRefused, InvalidValue, SessionNotFound
from audience.ids import free_id, id_of
from audience.incoming import IncomingRecording, Keep, RecordingRequest, new_id
from audience.language import N_, gettext
from audience.privacy import Setting
from audience.recording_files import file_name_of, named_recordings, refusal_of
from audience.sessions import Kind
from audience.time import to_ms
from audience.timelines import with_timeline
from dashboard.access.data import open_store
from dashboard.access.identity import account, permit, settings
from dashboard.access.upload_room import check_room, upload_rules
from dashboard.data import change_stage, sessions, store_url
from dashboard.incoming_data import incoming
from dashboard.scoring_process import scoring
from timeline_files.reading import read_file

_HEAD_BYTES = 4096
_GONE = N_("This recording is not here any more.")
_NOT_OPEN = N_("Bringing recordings is not open to you here.")
# Two who bring recordings of one title at once get a session each, and room is not promised twice.
_adding = threading.Lock()


class SessionFields(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of the sessions of recordings that are brought together.

    Attributes:
        title: of the session; "" for what the file is called.
        kind, setting, country, heads_only, notice_given: see `SessionSetup`.
        started_ms: when the recording begins; None takes it from the file.
        keep: how long an uploaded recording is kept.
    """

    title: str = ""
    kind: str = "talk"
    setting: str
    country: str = ""
    heads_only: bool = False
    notice_given: bool = False
    started_ms: int | None = None
    keep: str = "session"


class FileFields(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a browser names it: name, bytes, and when it was written."""

    name: str
    size: int
    modified_ms: int


def take(file: FileFields, fields: SessionFields) -> IncomingRecording:
    """Makes a place for an upload; the same file brought again continues the upload that is there.

    Raises:
        AccessRefused: whoever asks may not bring anything.
        InvalidValue: there is no room, or something that is said is not allowed.
        StoreUnavailable: it cannot be written down.
    """
    _check_may()
    name = file_name_of(file.name)
    known_by = account(), name, file.size, max(0, file.modified_ms)
    with _adding:
        for one in incoming().all():
            asked = one.request
            if one.received is not None and known_by == (
                asked.account,
                asked.file_name,
                asked.size,
                asked.modified_ms,
            ):
                return one
        return _add(fields, name=name, size=file.size, modified_ms=file.modified_ms)


def take_named(place: str, fields: SessionFields) -> int:
    """Has recordings scored where they lie on this machine; returns how many.

    Raises:
        AccessRefused: the pages are served to others.
        InvalidValue: there is no recording there.
        StoreUnavailable: it cannot be written down.
    """
    _check_may()
    if not names_files():
        raise AccessRefused(gettext("Files of this machine can be named by the person at it alone."))
    found = [(path, _checked(path)) for path in named_recordings(place)]
    one = fields if len(found) == 1 else msgspec.structs.replace(fields, title="", started_ms=None)
    with _adding:
        for path, status in found:
            _add(one, name=path.name, size=status.st_size, modified_ms=status.st_mtime_ns // 10**6, named=path)
    return len(found)


def _checked(path: Path) -> os.stat_result:
    """The status of a recording on this machine.

    Raises:
        InvalidValue: it is none, or cannot be read.
    """
    try:
        status = path.stat()
        with path.open("rb") as file:
            refusal = refusal_of(file.read(_HEAD_BYTES))
    except OSError as problem:
        raise InvalidValue(f"{path} cannot be read: {problem.strerror}") from None
    if refusal or not status.st_size:
        raise InvalidValue(f"{path.name}: {refusal or 'it is empty'}")
    return status


def names_files() -> bool:
    """Whether files of this machine may be named: at one's own machine alone."""
    return settings() is None and permit().brings


def own(recording_id: str) -> IncomingRecording:
    """An upload of whoever asks.

    Raises:
        AccessRefused: there is none of that id that is theirs.
    """
    _check_may()
    found = incoming().find(recording_id)
    if found is None or found.request.account != account():
        raise AccessRefused(gettext(_GONE))
    return found


def queue() -> list[IncomingRecording]:
    """All recordings that were brought, those asked for first in front; none for whom this is not open."""
    return incoming().all() if permit().brings else []


def opened_sessions(session_ids: Sequence[str]) -> dict[str, bool]:
    """Those of the sessions that can be opened, as something of them is scored; and whether each has slides."""
    found = {}
    with open_store(store_url()) as store:
        for session_id in session_ids:
            with suppress(SessionNotFound):
                store.session(session_id)
                found[session_id] = any(stage.timelines for stage in store.stages(session_id))
    return found


def put_slides(recording_id: str, name: str, content: bytes) -> None:
    """Lays a deck along the session of a recording: as a draft, where it has no rehearsed times.

    Args:
        recording_id: which.
        name: the deck's file name.
        content: the deck.

    Raises:
        AccessRefused: whoever asks may not.
        InvalidValue: it is no deck that can be read, or the recording is not here any more.
        StoreUnavailable: it cannot be written.
    """
    _check_may()
    recording = incoming().find(recording_id)
    if recording is None:
        raise InvalidValue(gettext(_GONE))
    read = read_file(name, content, length_s=recording.state.length_s)
    session_id = recording.request.session_id
    with open_store(store_url()) as store:
        stage = next(iter(store.stages(session_id)), None)
    if stage is None:
        raise InvalidValue(gettext("Nothing of this recording is scored yet: wait a little."))
    change_stage(
        session_id,
        stage.stage_id,
        lambda now: replace(now, timelines=with_timeline(now.timelines, read.timeline)),
        read.pictures,
    )


def stop(recording_id: str) -> None:
    """Stops scoring a recording."""
    _check_may()
    incoming().stop(recording_id)


def go_on(recording_id: str, started_ms: int | None = None) -> None:
    """Continues with a recording, or tries again.

    Args:
        recording_id: which.
        started_ms: when it begins; None for what was said before.

    Raises:
        AccessRefused: whoever asks may not.
        InvalidValue, StoreUnavailable: see `IncomingRecordings.go_on`.
    """
    _check_may()
    incoming().go_on(recording_id, started_ms)
    scoring().wake()


def remove(recording_id: str) -> None:
    """Removes a recording and its place in the queue; its session stays."""
    _check_may()
    incoming().remove(recording_id)


def folder() -> Path | None:
    """Where recordings are kept, for the person at this machine; None for everybody else."""
    return incoming().folder if names_files() else None


def is_taken() -> bool:
    """Whether whoever asks may bring recordings."""
    return permit().brings


def _check_may() -> None:
    if not permit().brings:
        raise AccessRefused(gettext(_NOT_OPEN))


def _add(
    fields: SessionFields, *, name: str, size: int, modified_ms: int, named: Path | None = None
) -> IncomingRecording:
    title = fields.title.strip() or Path(name).stem
    brought, there = incoming(), incoming().all()
    rules = upload_rules()
    if rules is None:
        raise AccessRefused(gettext(_NOT_OPEN))
    taken = {session.session_id for session in sessions()} | {one.request.session_id for one in there}
    request = RecordingRequest(
        recording_id=new_id(),
        session_id=free_id(id_of(title) or id_of(Path(name).stem) or "recording", taken),
        title=title,
        kind=cast("Kind", fields.kind),
        setting=cast("Setting", fields.setting),
        country=country_code(fields.country) if fields.country else "",
        heads_only=fields.heads_only,
        notice_given=fields.notice_given,
        file_name=name,
        size=size,
        modified_ms=max(0, modified_ms),
        named=str(named) if named is not None else "",
        started_ms=fields.started_ms,
        keep=cast("Keep", fields.keep),
        account=account(),
        asked_ms=to_ms(datetime.now(UTC)),
    )
    check_room(rules, size, request.account, there, brought.folder, upload=named is None)
    added = brought.add(request)
    scoring().wake()
    return added
