"""What a person checks the scoring of a recording with: its frames, with every face marked as it was scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_lambda.live_preview import marked_frames, smiles_in
from edge_lambda.pipeline import ScoredWindow
from edge_lambda.preview_file import PreviewFile


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
