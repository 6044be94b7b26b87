"""What a person checks the scoring with: the frames of a window with every face marked as it was scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from audience.expressions import LEAD_EXPRESSION
from edge_lambda.detectors import Image
from edge_lambda.overlay import Marked, draw_overlay
from edge_lambda.pipeline import ScoredWindow
from edge_lambda.preview_file import PreviewFile
from edge_lambda.preview_page import PreviewPage
from edge_lambda.scorers import Scorer


def marked_frames(window: ScoredWindow, scorer: Scorer | None, *, blur: bool) -> Iterator[tuple[int, Image]]:
    """Draws the frames a window kept.

    Args:
        window: with its frames.
        scorer: what scored it; None where only heads are counted.
        blur: whether faces are made unrecognisable.

    Yields:
        Instant (milliseconds since the epoch) and picture of every frame; a face is marked by its track's score in the
        window, which may be of another frame of it.
    """
    smiles = {face.track_id: face.confidences.get(LEAD_EXPRESSION) for face in window.faces.faces}
    for frame in window.kept:
        marks = []
        for seen in frame.tracked:
            smile = smiles.get(seen.track)
            marks.append(
                Marked(
                    left=seen.detection.left,
                    top=seen.detection.top,
                    width=seen.detection.width,
                    height=seen.detection.height,
                    track_id=seen.track.rpartition("-")[2],
                    smile=smile,
                    smiling=None if smile is None or scorer is None else smile >= scorer.thresholds[LEAD_EXPRESSION],
                )
            )
        yield frame.at_ms, draw_overlay(frame.image, marks, blur=blur)


class RecordingPreview:
    """The overlay of a recording as a video file. Ctrl-C keeps what was written; any other error leaves nothing."""

    def __init__(self, path: Path, *, started_ms: int, scorer: Scorer | None, blur: bool) -> None:
        """Begins the file.

        Args:
            path: the file.
            started_ms: the instant of the recording's first frame, milliseconds since the epoch.
            scorer: what scores the recording; None where only heads are counted.
            blur: whether faces are made unrecognisable.

        Raises:
            ExportFailed: nothing can be written there.
        """
        self._file = PreviewFile(path)
        self._started_ms = started_ms
        self._scorer = scorer
        self._blur = blur

    def add(self, window: ScoredWindow) -> None:
        """Adds the frames of a window."""
        for at_ms, image in marked_frames(window, self._scorer, blur=self._blur):
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


class LivePreview:
    """The overlay of a camera as a page on this machine."""

    def __init__(self, *, port: int, scorer: Scorer, blur: bool) -> None:
        """Begins to serve; port 0 takes a free one.

        Raises:
            InvalidValue: the port is taken.
        """
        self._page = PreviewPage(port=port)
        self._scorer = scorer
        self._blur = blur
        self.address = self._page.url

    def show(self, window: ScoredWindow) -> None:
        """Shows the newest frame of a window."""
        *_, (_, image) = marked_frames(window, self._scorer, blur=self._blur)
        self._page.show(image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._page.close()
