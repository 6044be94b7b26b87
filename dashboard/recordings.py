"""Finds the recording that belongs to a curve in the folders an operator named, and among those that were brought.

The operator names places (`houselights dashboard --videos DIR`), and people bring recordings (`audience.incoming`); a
session's recording is the file in them whose fingerprint stands with the session's scores. So no path is kept in a
store or taken from an address, a recording that was moved or renamed is found again, and a file that was changed is not
taken for it.
"""

from __future__ import annotations

import os
import shlex
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from audience.incoming import is_arriving
from audience.language import gettext
from audience.recording_files import fingerprint
from audience.sessions import Session
from audience.store import RecordingProgress
from audience.time import to_ms
from dashboard.access.identity import permit
from dashboard.access.permits import EVERYTHING
from dashboard.incoming_data import incoming
from dashboard.video import NoVideo, Video

ROUTE = "/recordings"
_COPY = ".browser.mp4"
# What recordings are called; nothing else is looked into.
_ENDINGS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mts", ".ts", ".webm", ".wmv"})
_Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFile:
    """A recording on this machine.

    Attributes:
        path: where it lies; no part of it is a link.
        status: as the system gave it when it was looked at.
        media_type: what browsers call its kind; None where no browser plays it.
    """

    path: Path
    status: os.stat_result
    media_type: str | None


class RecordingLibrary:
    """The recordings in the folders an operator named. Safe to use from several threads."""

    def __init__(self, places: Sequence[Path], brought: Callable[[], Sequence[Path]] = tuple) -> None:
        """Creates the object without I/O.

        Args:
            places: folders, with all that lies under them, and single files. Links to other places are not followed.
            brought: more of them, which change.
        """
        self.places = tuple(place.resolve() for place in places)
        self._brought = brought
        self._known: dict[Path, tuple[_Signature, str]] = {}
        self._searching = threading.Lock()

    def find(self, wanted: str) -> RecordingFile | None:
        """The recording with a fingerprint, searched in all folders; two megabytes of each new file are read."""
        if (held := self.held(wanted)) is not None:
            return held
        with self._searching:
            for path in self._files():
                status = _regular(path)
                if status is None or (path in self._known and self._known[path][0] == _signature(status)):
                    continue
                try:
                    with path.open("rb") as file:
                        found = fingerprint(file)
                except OSError:
                    continue  # one that may not be read is none of ours
                self._known[path] = (_signature(status), found)
                if found == wanted:
                    break
        return self.held(wanted)

    def held(self, wanted: str) -> RecordingFile | None:
        """The recording with a fingerprint, if it was found before and has not changed; without searching."""
        for path, (signature, known) in self._known.copy().items():
            status = _regular(path) if known == wanted else None
            if status is not None and _signature(status) == signature:
                return RecordingFile(path=path, status=status, media_type=_media_type(path))
        return None

    def shown(self, wanted: str) -> RecordingFile | None:
        """As `held`, but the copy that browsers play where there is one beside the recording that is not older."""
        held = self.held(wanted)
        if held is None:
            return None
        copy = browser_copy(held.path)
        status = _regular(copy)
        if status is None or status.st_mtime_ns < held.status.st_mtime_ns:
            return held
        return RecordingFile(path=copy, status=status, media_type=_media_type(copy))

    def files(self) -> list[Path]:
        """All recordings, in the order of their paths."""
        return sorted(path for path in self._files() if _regular(path) is not None)

    def _files(self) -> Iterator[Path]:
        for place in (*self.places, *(place.resolve() for place in self._brought())):
            if place.is_file():
                yield place
            for folder, _, names in os.walk(place):
                if is_arriving(Path(folder)):
                    continue
                yield from (Path(folder, name) for name in names if _is_recording(name))


def browser_copy(recording: Path) -> Path:
    """Where the copy of a recording lies that every browser plays, if there is one (`houselights convert`)."""
    return recording.with_name(recording.name + _COPY)


def library() -> RecordingLibrary:
    """The folders of `houselights dashboard --videos` or the environment; none where neither names any."""
    return _library(os.environ.get("HOUSELIGHTS_VIDEOS", ""))


def video_of(session: Session, recordings: Sequence[RecordingProgress]) -> Video | NoVideo:
    """The recording of one stage of a session, or why there is none.

    Args:
        session: the session.
        recordings: those of the stage's cameras that were scored; the first that can be shown is.
    """
    places = library()
    if not recordings:
        return NoVideo(reason=gettext("No recording was scored on this stage."))
    if not permit().plays(session.session_id):
        return NoVideo(reason=gettext("The link that opened this session does not show its recording."))
    found = [(progress, places.find(progress.fingerprint)) for progress in recordings]
    for progress, file in found:
        shown = places.shown(progress.fingerprint)
        if file is not None and shown is not None and shown.media_type is not None:
            starts_s = (progress.started_ms - to_ms(session.started_at)) / 1000
            return Video(
                url=f"{ROUTE}/{progress.fingerprint}",
                starts_s=starts_s,
                length_s=progress.done_s,
                convert=_how_to_convert(file.path),
            )
    if (file := next((file for _, file in found if file is not None), None)) is not None:
        reason = gettext("Browsers do not play recordings of this kind: they play MP4 (H.264) and WebM.")
        return NoVideo(reason=reason, convert=_how_to_convert(file.path))
    if not places.places:
        return NoVideo(
            reason=gettext(
                "To see the recording here, name the folder it lies in: {command}",
                command="houselights dashboard --videos DIR",
            )
        )
    return NoVideo(reason=gettext("The recording is not, or no longer, in the folders that were named with --videos."))


def _how_to_convert(recording: Path) -> str:
    """The command that makes the copy; where its path is only shown to who sits at this machine, without the path."""
    return f"houselights convert {shlex.quote(str(recording)) if permit() is EVERYTHING else 'FILE'}"


@lru_cache(maxsize=1)
def _library(places: str) -> RecordingLibrary:
    return RecordingLibrary([Path(place) for place in places.split(os.pathsep) if place], lambda: incoming().places())


def _is_recording(name: str) -> bool:
    return Path(name).suffix.lower() in _ENDINGS and not name.endswith(_COPY)


def _regular(path: Path) -> os.stat_result | None:
    """The file's status; None where it is gone, is no file, or is reached by a link."""
    try:
        if os.path.realpath(path) != str(path):
            return None
        status = path.lstat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) and status.st_size else None


def _signature(status: os.stat_result) -> _Signature:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _media_type(path: Path) -> str | None:
    """The kind of file by its first bytes, if browsers play such; whether they know its codec is theirs to say."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return None
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head:
        return "video/webm"
    return None
