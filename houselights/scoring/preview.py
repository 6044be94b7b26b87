"""What a person checks the scoring of a recording with: its frames, with every face marked as it was scored."""

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

# Bytes; a file that is smaller holds no picture, and may be what is left of an earlier preview.
LEAST_RECORDING = 1024


def check_preview_place(place: Path, video: Path, store: Store, *, replace: bool) -> None:
    """Refuses to write a preview where something lies that must not be lost.

    Args:
        place: where the preview is to go.
        video: the recording it is made of.
        store: knows the recordings that were scored.
        replace: whether it may take the place of a file that is no preview.

    Raises:
        InvalidValue: it is the recording itself, by whatever name, another recording, or another file.
    """
    if not place.exists():
        return
    if place.samefile(video):
        raise InvalidValue(f"--preview {place} is the recording itself: give the preview a name of its own")
    is_remains = place.suffix == ".mp4" and place.stat().st_size < LEAST_RECORDING
    if place.is_dir() or is_remains or is_preview(place):
        return
    if not replace:
        raise InvalidValue(
            f"--preview {place} is there already and is no preview: give another name, or write over it with "
            "--replace-preview"
        )
    with place.open("rb") as file:
        known_by = fingerprint(file)
    for session in store.sessions():
        if any(one.fingerprint == known_by for one in store.recordings(session.session_id)):
            raise InvalidValue(
                f"--preview {place} is a recording of session {session.session_id!r}: give the preview another name"
            )


class RecordingPreview:
    """The overlay of a recording as a video file. Ctrl-C keeps what was written; any other error leaves nothing."""

    def __init__(self, path: Path, *, started_ms: int, thresholds: Mapping[str, float], blur: bool) -> None:
        """Begins the file.

        Args:
            path: the file.
            started_ms: the instant of the recording's first frame, milliseconds since the epoch.
            thresholds: of what scores the recording, by expression; empty where only heads are counted.
            blur: whether faces are made unrecognisable.

        Raises:
            ExportFailed: nothing can be written there.
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
