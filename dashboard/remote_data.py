"""Remote audiences of this server: opened and closed on pages, fed by viewers' browsers, written to the store.

The figures of viewers are in this process alone: a remote audience is served by one process, and what is not written
when it ends is lost. Pages and routes share `recorder()`.
"""

from __future__ import annotations

import hmac
import logging
import math
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from audience.errors import AccessRefused, HouselightsError, InvalidValue, SessionNotFound, StoreUnavailable
from audience.language import gettext
from audience.recording_files import fingerprint
from audience.remote_audience import CAMERA_ID, STAGE_ID, RemoteAudience, RemoteAudiences
from audience.remote_figures import RemoteCount, RemoteFigures
from audience.scorers import EXPRESSIONNET
from audience.sessions import Camera, Session, Stage
from audience.store import Heartbeat, Store
from audience.stores import remote_folder
from audience.time import from_ms, to_ms
from audience.timelines import start_cues
from audience.windows import WindowRecord
from dashboard.access.data import open_store
from dashboard.access.identity import asked_as, permit
from dashboard.access.permits import EVERYTHING
from dashboard.data import store_url
from dashboard.recordings import RecordingFile, library

TITLE: Final = "Remote"
"""What the stage of a remote audience is called."""

WRITE_EVERY_S: Final = 0.25
_REPORT_EVERY_S: Final = 5.0


def now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


def audiences() -> RemoteAudiences:
    """Those of the store that the pages show; whoever calls decides who may know of them."""
    return RemoteAudiences(remote_folder(store_url()))


def check_session(session: Session) -> None:
    """Checks that a session may have a remote audience.

    Raises:
        InvalidValue: only heads are counted in it.
    """
    if session.mode != "expressions":
        raise InvalidValue(gettext("This session counts heads only, so its viewers' faces may not be scored."))


def open_audience(
    session_id: str, *, valid_for: timedelta, film: Path | None = None, delay_s: int = 0
) -> RemoteAudience:
    """Opens a session's remote audience, as the page's viewer; a link made before ends.

    Args:
        session_id: the session.
        valid_for: how long the link opens.
        film: one of `films`, which viewers are shown; None where they watch a stream elsewhere.
        delay_s: how far a stream runs behind the room, seconds.

    Raises:
        AccessRefused: they are no operator.
        InvalidValue: only heads are counted in the session, the film shows an audience, or a value is not allowed.
    """
    _check_operator()
    with open_store(store_url()) as store:
        session = store.session(session_id)
        check_session(session)
        stages = {stage.stage_id: stage for stage in store.stages(session_id)}
        there = stages.pop(STAGE_ID, Stage(stage_id=STAGE_ID, title=TITLE))
        room = next(iter(stages.values()), None)
        opened = audiences().open(
            session_id,
            now=now(),
            valid_for=valid_for,
            starts_at=now() if film is None else _film_start(session, room),
            film="" if film is None else _checked_film(store, film),
            film_name="" if film is None else film.stem,
            delay_s=0 if film is not None else delay_s,
        )
        if room is not None and room.timelines:
            cues = start_cues(from_ms(opened.starts_ms)) if film is not None else room.cues
            there = replace(there, timelines=room.timelines, cues=cues)
        store.put_stage(session_id, there)
        # Without a device that delivers: deliveries under its name are refused.
        store.put_camera(session_id, STAGE_ID, Camera(camera_id=CAMERA_ID, delivered_by=""))
    return opened


def close_audience(session_id: str) -> None:
    """Ends a session's remote audience, as the page's viewer. What was written stays.

    Raises:
        AccessRefused: they are no operator.
    """
    _check_operator()
    audiences().close(session_id)


def audience_of(session_id: str) -> tuple[RemoteAudience | None, RemoteCount]:
    """A session's remote audience, and how many viewers there are."""
    found = audiences().of_session(session_id, now())
    return found, recorder().count(found) if found is not None else NOBODY


def session_of(audience: RemoteAudience) -> Session:
    """The session that viewers were invited to.

    Raises:
        SessionNotFound: it was deleted.
    """
    with _whole_store() as store:
        session = store.session(audience.session_id)
    if session.set_up_at is not None and to_ms(session.set_up_at) > audience.opened_ms:
        raise SessionNotFound("the session that viewers were invited to was deleted, and another has its id")
    return session


def film_of(audience: RemoteAudience) -> RecordingFile | None:
    """The film that viewers are shown; None where there is none, or it is no longer in its folder."""
    return library().find(audience.film) if audience.film else None


def films() -> list[Path]:
    """Files that may be shown to viewers: those in the folders that the server was started with."""
    return library().files()


def _checked_film(store: Store, film: Path) -> str:
    """The fingerprint of a film.

    Raises:
        InvalidValue: it is not there any more, or people can be seen in it who watched something.
    """
    try:
        with film.open("rb") as file:
            found = fingerprint(file)
    except OSError:
        raise InvalidValue(gettext("{file} cannot be read.", file=film.name)) from None
    if library().find(found) is None:
        raise InvalidValue(gettext("{file} is not in the folders that this server was started with.", file=film.name))
    scored = (one for session in store.sessions() for one in store.recordings(session.session_id))
    if any(one.fingerprint == found for one in scored):
        raise InvalidValue(
            gettext(
                "{file} shows an audience, and was scored: choose the film that viewers are to watch.", file=film.name
            )
        )
    return found


def _check_operator() -> None:
    if not permit().is_at_least("operator"):
        raise AccessRefused(gettext("Opening a remote audience takes the role of operator."))


def _film_start(session: Session, room: Stage | None) -> datetime:
    """When the film began in the room, as far as its cues say; else with the session."""
    if room is None or not room.cues:
        return session.started_at
    first = min(room.cues, key=lambda cue: cue.at)
    return first.at - timedelta(seconds=first.timeline_s)


NOBODY: Final = RemoteCount(joined=0, watching=0, measured=0)


@dataclass(slots=True)
class _Running:
    figures: RemoteFigures
    session: Session
    unwritten: dict[int, WindowRecord] = field(default_factory=dict)
    reported_s: float = -math.inf
    newest_ms: int | None = None

    def is_over(self) -> bool:
        """Whether nothing of it is held any more, and its link opens nothing."""
        audience = self.figures.audience
        if self.unwritten or self.figures.count(time.monotonic()).joined:
            return False
        return audiences().of_session(audience.session_id, now()) != audience


class RemoteRecorder:
    """Takes the figures of viewers and writes them to the store. Safe to use from several threads."""

    def __init__(self) -> None:
        """Creates the object without I/O. A thread writes once there are viewers."""
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._thread: threading.Thread | None = None
        self._part = f"r{secrets.token_hex(4)}"

    def join(self, audience: RemoteAudience, name: str = "") -> str:
        """Takes a viewer in and gives their signed name.

        Args:
            audience: what they were invited to.
            name: the one they were given before, by the same link; "" for none.

        Raises:
            AccessRefused: there are too many, or the name is not of this link.
        """
        name = name or audience.new_viewer()
        viewer_id = audience.viewer_id(name)
        with self._of(audience) as running:
            running.figures.join(viewer_id, time.monotonic())
        return name

    def add(self, audience: RemoteAudience, name: str, rows: Sequence[tuple[int, Sequence[float]]]) -> int:
        """Takes rows of a viewer; see `RemoteFigures.add`."""
        viewer_id, second = audience.viewer_id(name), _second_now(audience)
        with self._of(audience) as running:
            return running.figures.add(viewer_id, rows, now_s=time.monotonic(), second_now=second)

    def withdraw(self, audience: RemoteAudience, name: str) -> int:
        """Takes out what a viewer sent, and writes the sums without it."""
        viewer_id = audience.viewer_id(name)
        with self._of(audience) as running:
            count = running.figures.withdraw(viewer_id)
        self.write()
        return count

    def held(self, token: str) -> RemoteAudience:
        """The audience of a link that has ended, while what its viewers sent can be taken back.

        Raises:
            AccessRefused: there is none.
        """
        with self._lock:
            for running in self._running.values():
                if hmac.compare_digest(running.figures.audience.token.encode(), token.encode("utf-8", "replace")):
                    return running.figures.audience
        raise AccessRefused(gettext("This link is not valid any more, and what was sent by it is in sums alone."))

    def count(self, audience: RemoteAudience) -> RemoteCount:
        """How many viewers there are."""
        with self._lock:
            running = self._running.get(audience.audience_id)
            return running.figures.count(time.monotonic()) if running is not None else NOBODY

    def write(self) -> None:
        """Writes what is due, and how the viewers are."""
        with self._lock:
            for audience_id, running in [*self._running.items()]:
                try:
                    self._write(running)
                except SessionNotFound:
                    del self._running[audience_id]
                    audiences().close(running.session.session_id)
                except StoreUnavailable as problem:
                    logging.getLogger("houselights").error("figures of viewers wait: %s", problem)
                else:
                    if running.is_over():
                        del self._running[audience_id]

    @contextmanager
    def _of(self, audience: RemoteAudience) -> Iterator[_Running]:
        with self._lock:
            running = self._running.get(audience.audience_id)
            if running is None:
                figures = RemoteFigures(audience, EXPRESSIONNET, part=self._part)
                running = self._running[audience.audience_id] = _Running(figures, session_of(audience))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="remote audience", daemon=True)
                self._thread.start()
            yield running

    def _run(self) -> None:
        while True:
            time.sleep(WRITE_EVERY_S)
            try:
                self.write()
            except HouselightsError as problem:  # the thread goes on whatever one write meets
                logging.getLogger("houselights").error("figures of viewers could not be written: %s", problem)
            with self._lock:
                if not self._running:
                    self._thread = None
                    return

    def _write(self, running: _Running) -> None:
        audience, now_s = running.figures.audience, time.monotonic()
        for window in running.figures.due(now_s, second_now=_second_now(audience)):
            running.unwritten[window.start_ms] = window
        report = now_s - running.reported_s >= _REPORT_EVERY_S
        if not running.unwritten and not report:
            return
        count = running.figures.count(now_s)
        set_up_at = running.session.set_up_at
        with _whole_store() as store:
            if running.unwritten:
                store.put_windows([*running.unwritten.values()], set_up_at=set_up_at)
                running.newest_ms = max((running.newest_ms or 0, *running.unwritten))
                running.unwritten.clear()
            if report and count.watching:
                store.put_heartbeat(_heartbeat(running, count), set_up_at=set_up_at)
            running.reported_s = now_s if report else running.reported_s


def _heartbeat(running: _Running, count: RemoteCount) -> Heartbeat:
    return Heartbeat(
        session_id=running.session.session_id,
        stage_id=STAGE_ID,
        camera_id=CAMERA_ID,
        at_ms=to_ms(now()),
        state="running",
        frames_per_s=1.0,
        faces=count.measured,
        last_window_ms=running.newest_ms,
        lag_s=0.0,
        scorer=EXPRESSIONNET.name,
    )


@cache
def recorder() -> RemoteRecorder:
    """The one of this server."""
    return RemoteRecorder()


def _second_now(audience: RemoteAudience) -> int | None:
    """The second that it is in a stream; None for a film."""
    return None if audience.film else (to_ms(now()) - audience.starts_ms) // 1000


def _whole_store() -> Store:
    """The store as the server itself writes to it: viewers have no role, and are let in by their link."""
    return asked_as(EVERYTHING, open_store)(store_url())
