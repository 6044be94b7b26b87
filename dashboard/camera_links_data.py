"""Links that let one phone be one camera: who makes them, what they open, and what ends them.

A link is signed and carries what it opens and its end. Beside the store lies one small file with the secret and with
which cameras' links were ended, so that links outlive a restart and every process that serves the pages knows them.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from audience.errors import AccessRefused, InvalidValue, SessionNotFound, StoreUnavailable
from audience.ids import check_id
from audience.language import gettext
from audience.private_files import private_folder, write_private
from audience.sessions import Session
from audience.stores import recordings_folder
from audience.time import to_ms
from dashboard.access.data import open_store
from dashboard.access.identity import asked_as, permit
from dashboard.access.permits import Permit
from dashboard.access.share_links import check_not_over, signed, verified
from dashboard.data import store_url

LASTS: Final = timedelta(hours=24)
"""How long a link is good; the end of its session ends it too."""

_PURPOSE = b"houselights camera link 1\n"
_READ_EVERY_S: Final = 2.0
_writing = threading.Lock()
_sessions: dict[str, tuple[float, Session | None]] = {}


class SessionOver(AccessRefused):
    """The session has ended or was deleted; the line is for whoever holds the phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraLink:
    """What a link opens.

    Attributes:
        session_id, stage_id, camera_id: the camera that the phone is.
        made_ms: when it was made; what was made before its camera's links were ended is not good any more.
        until_s: good before this, seconds since the epoch.
    """

    session_id: str
    stage_id: str
    camera_id: str
    made_ms: int
    until_s: int

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        check_id("stage id", self.stage_id)
        check_id("camera id", self.camera_id)
        if not (0 < self.until_s < 1 << 33 and 0 < self.made_ms < 1 << 43):
            raise InvalidValue("these are no times of a link")

    @property
    def place(self) -> tuple[str, str, str]:
        """Ids of the session, stage and camera."""
        return self.session_id, self.stage_id, self.camera_id


def make_link(session_id: str, stage_id: str, camera_id: str) -> str:
    """Makes a link for a phone, good for `LASTS`; returns what stands in its address.

    Raises:
        AccessRefused: whoever asks does not operate sessions.
        StoreUnavailable: the file of links cannot be written.
    """
    _check_operates()
    now = datetime.now(UTC)
    until_s = round((now + LASTS).timestamp())
    with _writing:
        kept = _read()
        if not kept.get("secret"):
            kept["secret"] = secrets.token_hex(32)
            _write(kept)
    # Later than the end of earlier ones, also within the same millisecond.
    made_ms = max(to_ms(now), kept["ended_ms"].get(_key((session_id, stage_id, camera_id)), 0) + 1)
    link = CameraLink(session_id=session_id, stage_id=stage_id, camera_id=camera_id, made_ms=made_ms, until_s=until_s)
    return signed([*link.place, link.made_ms, link.until_s], kept["secret"], _PURPOSE)


def end_links(session_id: str, stage_id: str, camera_id: str) -> None:
    """Ends every link of a camera that was made so far.

    Raises:
        AccessRefused: whoever asks does not operate sessions.
        StoreUnavailable: the file of links cannot be written.
    """
    _check_operates()
    with _writing:
        kept = _read()
        kept["ended_ms"][_key((session_id, stage_id, camera_id))] = to_ms(datetime.now(UTC))
        # What ended so long ago has expired by itself.
        past_ms = to_ms(datetime.now(UTC) - 2 * LASTS)
        kept["ended_ms"] = {key: at_ms for key, at_ms in kept["ended_ms"].items() if at_ms > past_ms}
        _write(kept)


def open_link(token: str) -> CameraLink:
    """The camera that a token opens.

    Raises:
        AccessRefused: the link is not valid, or is not any more; the line is for whoever holds it.
    """
    kept = _read()
    if not kept.get("secret"):
        raise AccessRefused(gettext("This link is not valid. Ask whoever gave it to you for another."))
    content = verified(token, kept["secret"], _PURPOSE)
    try:
        session_id, stage_id, camera_id, made_ms, until_s = content
        link = CameraLink(
            session_id=session_id, stage_id=stage_id, camera_id=camera_id, made_ms=made_ms, until_s=until_s
        )
    except (InvalidValue, TypeError, ValueError):
        raise AccessRefused(gettext("This link was made by another Houselights. Ask for another.")) from None
    if link.made_ms <= kept["ended_ms"].get(_key(link.place), 0):
        raise AccessRefused(gettext("This link was ended. Ask whoever gave it to you for another."))
    check_not_over(link.until_s, datetime.now(UTC))
    return link


def session_of(link: CameraLink) -> Session:
    """The session that a phone films, as it was up to two seconds ago.

    Raises:
        SessionOver: it has ended, or is not there any more.
        StoreUnavailable: the store cannot be read.
    """
    at_s, session = _sessions.get(link.session_id, (-_READ_EVERY_S, None))
    if time.monotonic() - at_s >= _READ_EVERY_S:
        session = asked_as(Permit(linked=frozenset({link.session_id})), _session)(link.session_id)
        _sessions[link.session_id] = time.monotonic(), session
    if session is None or session.ended_at is not None:
        raise SessionOver(gettext("This session has ended. Thank you: you can put the phone away."))
    return session


def _session(session_id: str) -> Session | None:
    with open_store(store_url()) as store:
        try:
            return store.session(session_id)
        except SessionNotFound:
            return None


def _check_operates() -> None:
    if not permit().is_at_least("operator"):
        raise AccessRefused(gettext("phones are let in by people whose access settings name them operator or more"))


def _key(place: tuple[str, str, str]) -> str:
    return "/".join(place)


def _file() -> Path:
    folder = recordings_folder(store_url())
    return folder.with_name(f"{folder.name.removesuffix('recordings')}camera-links.json")


def _read() -> dict[str, Any]:
    try:
        kept = json.loads(_file().read_text("utf-8"))
        return {"secret": str(kept["secret"]), "ended_ms": {str(k): int(v) for k, v in kept["ended_ms"].items()}}
    except FileNotFoundError:
        return {"secret": "", "ended_ms": {}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StoreUnavailable(f"{_file()} cannot be read: delete it, and make new links for phones") from None


def _write(kept: dict[str, Any]) -> None:
    try:
        private_folder(_file().parent)
        write_private(_file(), json.dumps(kept).encode())
    except OSError as problem:
        raise StoreUnavailable(f"{_file()} cannot be written: {problem.strerror}") from None
