"""Recordings that somebody brings to be scored: what was asked for, what has arrived, and how far scoring is.

All of it lies on disk, in a folder beside the store. So a queue outlives the server, an upload continues after a cut,
and the process that scores needs no connection to the pages:

    houselights.db-recordings/
        3f2a9c…/               a folder for each recording
            request.json       what was asked for
            received.json      which bytes have arrived; gone once all have
            state.json         how far scoring is; written by the process that scores
            stop               a person stopped it
        receiving          locked by the process that receives bytes
            talk.mp4           the recording, where it was uploaded and not named

The beginning of a file arrives first, then its end, then what is between. What identifies a recording
(`recording_files.fingerprint`) and the index of most containers are in those two: scoring need not wait for the rest.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args

from audience.errors import InvalidValue, StoreUnavailable
from audience.ids import check_id, check_title
from audience.privacy import Setting, decide
from audience.private_files import new_private_file, private_folder, write_private
from audience.session_setup import SessionSetup
from audience.sessions import KINDS, Kind
from audience.windows import LATEST_MS

FRONT: Final = 1 << 20
"""Bytes of the beginning, which say whether it is a recording at all."""

TAIL: Final = 8 << 20
"""Bytes of the end, which arrive second: the index of an hour's MP4 has about five million."""

PART: Final = 1 << 20
"""Bytes that are asked for at a time: as many as nginx lets through unless told otherwise, and the most a cut loses."""

MOST_ATTEMPTS: Final = 3
"""A recording at which scoring broke off so many times without getting on is left alone."""

DAY_MS: Final = 86_400_000

UNFINISHED_MS: Final = 2 * DAY_MS
"""An upload that stood still for so long is removed, where nobody says otherwise."""

Keep = Literal["session", "month", "scoring"]
KEEPS: Final[tuple[Keep, ...]] = get_args(Keep)
"""How long an uploaded recording is kept: as long as its session, for 30 days, or until it is scored."""

Step = Literal["waiting", "scoring", "stopped", "failed", "done"]

_ID: Final = re.compile(r"[0-9a-f]{32}")
_REQUEST, _RECEIVED, _STATE, _STOP = "request.json", "received.json", "state.json", "stop"
_RECEIVING: Final = "receiving"
_SCORING: Final = "scoring"

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRequest:
    """What somebody asked for.

    Attributes:
        recording_id: 32 hexadecimal digits, made at random.
        session_id: the session that it is scored into.
        title, kind, setting, country, heads_only, notice_given: of that session; the country as a code, "" if unknown.
        file_name: what the file is called, without folders.
        size: bytes.
        modified_ms: when the file was written, by the clock of whoever brings it.
        named: path of the file where it lies on this machine; "" where it is uploaded.
        started_ms: when the recording begins; None takes it from the file.
        keep: how long an uploaded file is kept.
        account: who asked.
        asked_ms: when.
    """

    recording_id: str
    session_id: str
    title: str
    kind: Kind
    setting: Setting
    country: str
    heads_only: bool
    notice_given: bool
    file_name: str
    size: int
    modified_ms: int
    named: str = ""
    started_ms: int | None = None
    keep: Keep = "session"
    account: str
    asked_ms: int

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        check_title("title", self.title)
        if self.kind not in KINDS or self.keep not in KEEPS:
            raise InvalidValue("say which kind of session it is, and how long the recording is kept")
        decide(self.setting, self.country or None)  # refuses unknown ones
        if not 0 <= self.modified_ms <= LATEST_MS or not 0 <= (self.started_ms or 0) <= LATEST_MS:
            raise InvalidValue("say when the recording began: a time after 1970")
        if not 0 < self.size < 1 << 50:
            raise InvalidValue(f"“{self.file_name}” is empty: choose the recording itself")

    @property
    def setup(self) -> SessionSetup:
        """The session as it is set up."""
        return SessionSetup(
            session_id=self.session_id,
            title=self.title or None,
            kind=self.kind,
            setting=self.setting,
            country=self.country or None,
            heads_only=self.heads_only,
            notice_given=self.notice_given,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Which bytes of a file have arrived.

    Attributes:
        size: of the whole file.
        front: so many from its beginning on.
        back: so many from `tail_from` on.
    """

    size: int
    front: int = 0
    back: int = 0

    @property
    def tail_from(self) -> int:
        """Where the end begins that arrives second."""
        return max(min(FRONT, self.size), self.size - TAIL)

    @property
    def count(self) -> int:
        """How many bytes there are."""
        return self.front + self.back

    @property
    def both_ends(self) -> bool:
        """Whether beginning and end are there, so that scoring may begin."""
        return self.front >= min(FRONT, self.size) and self.tail_from + self.back == self.size

    @property
    def wanted(self) -> tuple[int, int] | None:
        """The bytes to send next, from and until; None where all are there."""
        if self.front < min(FRONT, self.size):
            return self.front, min(FRONT, self.size)
        if (at := self.tail_from + self.back) < self.size:
            return at, min(self.size, at + PART)
        if self.front < self.tail_from:
            return self.front, min(self.tail_from, self.front + PART)
        return None

    def readable(self, at: int) -> int:
        """How many bytes may be read from a place on."""
        if at >= self.tail_from:
            return max(0, self.tail_from + self.back - at)
        joined = self.back if self.front == self.tail_from else 0
        return max(0, self.front + joined - at)

    def with_bytes(self, at: int, count: int) -> Received:
        """What is there once so many bytes came, at the place that is wanted."""
        assert self.wanted is not None
        assert at == self.wanted[0]
        if at == self.front and at < self.tail_from:
            return Received(size=self.size, front=at + count, back=self.back)
        return Received(size=self.size, front=self.front, back=self.back + count)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringState:
    """How far scoring is, as the process that scores writes it.

    Attributes:
        step: where it stands.
        done_s: seconds of the recording that are scored.
        length_s: of the recording, None if unknown.
        faces: in view at `done_s`; None before the first window.
        speed: as a multiple of real time; 0 before it is known.
        measured: what is measured, and why.
        line: why it failed; "" otherwise.
        wants_start: whether it failed because nobody knows when the recording began.
        notes: on the finished recording, one line each.
        starts_ms: when the recording begins; None before it is known.
        starts_by: what that was taken from.
        start_certainty: how sure that is: "sure", "likely", "doubtful", or "" if unknown.
        attempts: how often scoring began since it last got on.
        at_ms: when this was written.
    """

    step: Step = "waiting"
    done_s: float = 0.0
    length_s: float | None = None
    faces: int | None = None
    speed: float = 0.0
    measured: str = ""
    line: str = ""
    wants_start: bool = False
    notes: tuple[str, ...] = ()
    starts_ms: int | None = None
    starts_by: str = ""
    start_certainty: str = ""
    attempts: int = 0
    at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRecording:
    """One recording as it is now.

    Attributes:
        request: what was asked for.
        received: which bytes have arrived; None where all of it is there.
        state: how far scoring is.
        stop: whether a person stopped it.
        path: where the file is.
        arrived_ms: when bytes arrived last; None where all of it is there.
    """

    request: RecordingRequest
    received: Received | None
    state: ScoringState
    stop: bool
    path: Path
    arrived_ms: int | None = None

    @property
    def step(self) -> Step:
        """Where it stands."""
        if self.state.step in ("done", "failed"):
            return self.state.step
        if self.stop:
            return "stopped"
        return "scoring" if self.state.step == "scoring" else "waiting"

    @property
    def may_be_scored(self) -> bool:
        """Whether scoring may begin or continue."""
        return self.step in ("waiting", "scoring") and (self.received is None or self.received.both_ends)


class IncomingRecordings:
    """The recordings that were brought to a store, in a folder of files. Safe to use from several processes."""

    def __init__(self, folder: Path) -> None:
        """Creates the object without I/O.

        Args:
            folder: the one beside the store; made with the first recording.
        """
        self.folder = folder
        self._known: dict[Path, tuple[tuple[int, int, int], Any]] = {}

    def all(self) -> list[IncomingRecording]:
        """All of them, those asked for first in front."""
        found = [one for name in self._ids() if (one := self.find(name)) is not None]
        return sorted(found, key=lambda one: (one.request.asked_ms, one.request.recording_id))

    def find(self, recording_id: str) -> IncomingRecording | None:
        """One of them; None where there is none of that id, or no longer."""
        if not _ID.fullmatch(recording_id):
            return None
        folder = self.folder / recording_id
        request = self._read(folder / _REQUEST, RecordingRequest)
        if request is None:
            return None
        received = None if request.named else self._read(folder / _RECEIVED, Received)
        arrived_ms = None
        if received is not None:
            with suppress(OSError):
                arrived_ms = (folder / _RECEIVED).stat().st_mtime_ns // 10**6
        return IncomingRecording(
            request=request,
            received=received,
            arrived_ms=arrived_ms,
            state=self._read(folder / _STATE, ScoringState) or ScoringState(),
            stop=(folder / _STOP).exists(),
            path=Path(request.named) if request.named else folder / request.file_name,
        )

    def add(self, request: RecordingRequest) -> IncomingRecording:
        """Takes a request in; of an uploaded file nothing has arrived yet.

        Raises:
            StoreUnavailable: the folder cannot be written.
        """
        folder = self.folder / request.recording_id
        try:
            private_folder(folder)
            if not request.named:
                with os.fdopen(new_private_file(folder / request.file_name), "wb") as file:
                    file.truncate(request.size)
                self._put(folder / _RECEIVED, Received(size=request.size))
            self._put(folder / _REQUEST, request)  # last: without it there is none
        except OSError as problem:
            shutil.rmtree(folder, ignore_errors=True)
            raise _unwritten(problem) from None
        return cast("IncomingRecording", self.find(request.recording_id))

    def write(self, recording: IncomingRecording, at: int, content: bytes, *, settle: bool) -> Received | None:
        """Writes bytes that arrived, at the place that is wanted.

        Args:
            recording: as it was read after the last bytes.
            at: where they belong.
            content: at most those that are wanted.
            settle: whether to wait until they are on the disk.

        Returns:
            What is there now; None where all is.

        Raises:
            StoreUnavailable: they cannot be written, as on a full disk; what came before them is kept.
        """
        assert recording.received is not None
        folder = self.folder / recording.request.recording_id
        try:
            # Not created here: what was removed meanwhile stays removed.
            file = os.open(recording.path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0))
            try:
                done = 0
                while done < len(content):
                    done += os.pwrite(file, content[done:], at + done)
                now = recording.received.with_bytes(at, len(content))
                if settle or now.wanted is None:
                    os.fsync(file)
            finally:
                os.close(file)
            if now.wanted is not None:
                self._put(folder / _RECEIVED, now)
                return now
            (folder / _RECEIVED).unlink(missing_ok=True)
        except OSError as problem:
            raise _unwritten(problem) from None
        return None

    @contextmanager
    def receiving(self, recording_id: str) -> Iterator[bool]:
        """Whether no other process receives bytes of a recording, and keeps others from it meanwhile."""
        with locked(self.folder / (recording_id if _ID.fullmatch(recording_id) else "") / _RECEIVING) as alone:
            yield alone

    @contextmanager
    def scoring(self) -> Iterator[bool]:
        """Whether no other process scores what is here, and keeps others from it; false where nothing ever came."""
        with locked(self.folder / _SCORING) as alone:
            yield alone and self.folder.exists()

    def put_state(self, recording_id: str, state: ScoringState) -> None:
        """Writes how far scoring is; nothing where the recording was removed meanwhile."""
        with suppress(OSError):
            self._put(self.folder / recording_id / _STATE, state)

    def stop(self, recording_id: str) -> None:
        """Stops scoring; what is scored is kept, and `go_on` continues from there."""
        if (recording := self.find(recording_id)) is not None:
            with suppress(FileNotFoundError):
                (self.folder / recording.request.recording_id / _STOP).touch(mode=0o600)

    def go_on(self, recording_id: str, started_ms: int | None = None) -> None:
        """Continues what was stopped, and tries again what failed.

        Args:
            recording_id: which.
            started_ms: when the recording begins; None for what was said before.

        Raises:
            InvalidValue: nothing begins then.
            StoreUnavailable: it cannot be written.
        """
        recording = self.find(recording_id)
        if recording is None:
            return
        folder = self.folder / recording.request.recording_id
        if started_ms is not None:
            request = replace(recording.request, started_ms=started_ms)
            try:
                self._put(folder / _REQUEST, request)
            except OSError as problem:
                raise _unwritten(problem) from None
        if recording.state.step == "failed":
            (folder / _STATE).unlink(missing_ok=True)
        (folder / _STOP).unlink(missing_ok=True)

    def remove(self, recording_id: str) -> None:
        """Removes a recording and its place in the queue, not its session; of a named file only the place."""
        if _ID.fullmatch(recording_id):
            # The request first, so that whatever is left after a crash is no recording any more.
            (self.folder / recording_id / _REQUEST).unlink(missing_ok=True)
            shutil.rmtree(self.folder / recording_id, ignore_errors=True)

    def remove_session(self, session_id: str) -> int:
        """Removes the recordings of a deleted session; returns how many."""
        found = [one for one in self.all() if one.request.session_id == session_id]
        for one in found:
            self.remove(one.request.recording_id)
        return len(found)

    def next(self) -> IncomingRecording | None:
        """The recording to score next: one that is all there before one that is still arriving; None for none."""
        ready = [one for one in self.all() if one.may_be_scored]
        return min(ready, key=lambda one: one.received is not None, default=None)

    def has_work(self) -> bool:
        """Whether there is a recording to score."""
        return self.next() is not None

    def tidy(self, now_ms: int, unfinished_ms: int) -> None:
        """Removes uploads that were not finished, recordings whose time is over, and remains of a crash.

        Args:
            now_ms: the wall clock, milliseconds since the epoch.
            unfinished_ms: for how long an upload may stand still.
        """
        for name in self._ids():
            recording = self.find(name)
            try:
                touched_ms = (self.folder / name / (_RECEIVED if recording else "")).stat().st_mtime * 1000
            except OSError:
                touched_ms = now_ms
            if recording is None or recording.received is not None:
                over = now_ms - touched_ms > unfinished_ms
            elif recording.state.step == "done" and not recording.request.named:
                keep, since_ms = recording.request.keep, now_ms - recording.state.at_ms
                over = keep == "scoring" or (keep == "month" and since_ms > 30 * DAY_MS)
            else:
                over = False
            if over:
                self.remove(name)

    def places(self) -> tuple[Path, ...]:
        """Where recordings lie that can be shown beside their curves: the folder, and files that were named."""
        named = {one.request.named for one in self.all() if one.request.named}
        return (self.folder, *map(Path, sorted(named)))

    def _ids(self) -> Iterator[str]:
        try:
            yield from sorted(entry.name for entry in os.scandir(self.folder) if _ID.fullmatch(entry.name))
        except OSError:
            return  # there is no folder yet

    def _read(self, file: Path, kind: type[Record]) -> Record | None:
        """A record of a file, read anew where the file changed; None where there is none, or one that is damaged."""
        try:
            status = file.stat()
            # Each write makes a new file, so that one in the same tick of the clock has another number.
            signature = status.st_mtime_ns, status.st_ino, status.st_size
            held = self._known.get(file)
            if held is not None and held[0] == signature:
                return cast("Record", held[1])
            fields = json.loads(file.read_bytes())
            if "notes" in fields:
                fields["notes"] = tuple(fields["notes"])
            record = kind(**fields)
        except (OSError, ValueError, TypeError):
            self._known.pop(file, None)
            return None
        self._known[file] = signature, record
        return record

    @staticmethod
    def _put(file: Path, record: Any) -> None:
        write_private(file, json.dumps(asdict(record)).encode())


@contextmanager
def locked(file: Path) -> Iterator[bool]:
    """Whether a file could be locked for as long as the context lasts; true where its folder is gone.

    The file is opened for writing, as network file systems ask for where a lock is to hold on all machines.
    """
    try:
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(opened)


def is_arriving(folder: Path) -> bool:
    """Whether a folder holds a recording of which some bytes are missing still."""
    return (folder / _RECEIVED).exists()


def new_id() -> str:
    """The id of a recording: nobody guesses it."""
    return secrets.token_hex(16)


def _unwritten(problem: OSError) -> StoreUnavailable:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreUnavailable("The disk is full: what has arrived is kept. Free some space, then continue.")
    if problem.errno == errno.ENOENT:
        return StoreUnavailable("This recording was removed meanwhile.")
    return StoreUnavailable(
        f"The recording cannot be written ({problem.strerror}): see to the folder beside the store."
    )
