"""A preview of a scored recording: its frames, with every face marked by its score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from audience.errors import InvalidValue
from audience.recording_files import fingerprint
from audience.store import Store
from edge_lambda.pipeline import ScoredWindow
from edge_lambda.preview.file import PreviewFile, is_preview
from edge_lambda.preview.live import marked_frames, smiles_in

# Bytes; a smaller file has no picture, and may be the rest of an earlier preview.
MIN_RECORDING_BYTES = 1024


def check_preview_place(place: Path, video: Path, store: Store, *, replace: bool) -> None:
    """Refuses to overwrite a recording or another file with a preview.

    Args:
        place: path of the preview.
        video: the recording it is made from.
        store: contains the fingerprints of scored recordings.
        replace: whether it may overwrite a file that is not a preview.

    Raises:
        InvalidValue: the path is the recording itself (under any name), another recording, or another file.
    """
    if not place.exists():
        return
    if place.samefile(video):
        raise InvalidValue(f"--preview {place} is the recording itself: give the preview a name of its own")
    is_remains = place.suffix == ".mp4" and place.stat().st_size < MIN_RECORDING_BYTES
    if place.is_dir() or is_remains or is_preview(place):
        return
    if not replace:
        raise InvalidValue(
            f"--preview {place} exists and is not a preview: give another name, or overwrite it with --replace-preview"
        )
    with place.open("rb") as file:
        known_by = fingerprint(file)
    for session in store.sessions():
        if any(one.fingerprint == known_by for one in store.recordings(session.session_id)):
            raise InvalidValue(
                f"--preview {place} is a recording of session {session.session_id!r}: give the preview another name"
            )


class RecordingPreview:
    """Writes a recording's annotated frames as a video file. Ctrl-C keeps the file; any other error removes it."""

    def __init__(self, path: Path, *, started_ms: int, thresholds: Mapping[str, float], blur: bool) -> None:
        """Creates the file.

        Args:
            path: the file.
            started_ms: time of the recording's first frame, milliseconds since the epoch.
            thresholds: the scorer's thresholds by expression; empty in head-count mode.
            blur: whether faces are made unrecognisable.

        Raises:
            ExportFailed: the file cannot be written.
        """
        self._file = PreviewFile(path)
        self._started_ms = started_ms
        self._thresholds = thresholds
        self._blur = blur

    def add(self, window: ScoredWindow) -> None:
        """Adds the frames of a window."""
        for at_ms, image in marked_frames(window.kept, smiles_in(window, self._thresholds), blur=self._blur):
            self._file.add((at_ms - self._started_ms) / 1000, image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or kind is KeyboardInterrupt:
            self._file.close()
        else:
            self._file.abort()
