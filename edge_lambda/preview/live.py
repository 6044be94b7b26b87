"""A live preview of a camera's frames, with every face marked by its score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from audience.faces import LEAD_EXPRESSION
from edge_lambda.detectors import Image
from edge_lambda.pipeline import ScoredWindow, TrackedFrame
from edge_lambda.preview.overlay import Marked, draw_overlay
from edge_lambda.preview.page import PreviewPage


class Smile(NamedTuple):
    """One track's smile: its confidence, 0..1, and whether it reaches the threshold."""

    confidence: float
    smiling: bool


def smiles_in(window: ScoredWindow, thresholds: Mapping[str, float]) -> dict[str, Smile]:
    """The smiles of a window by track; empty in head-count mode.

    Args:
        window: the scored window.
        thresholds: the scorer's thresholds by expression.
    """
    scored = {face.track_id: face.confidences.get(LEAD_EXPRESSION) for face in window.faces.faces}
    return {
        track: Smile(confidence, confidence >= thresholds[LEAD_EXPRESSION])
        for track, confidence in scored.items()
        if confidence is not None
    }


def marked_frames(
    kept: Iterable[TrackedFrame], smiles: Mapping[str, Smile], *, blur: bool
) -> Iterator[tuple[int, Image]]:
    """Draws the faces on a window's frames.

    Args:
        kept: the frames.
        smiles: by track; a track without one is marked as not measured.
        blur: whether faces are made unrecognisable.

    Yields:
        Time (milliseconds since the epoch) and picture of every frame; a face shows its track's smile in the window,
        which may come from another frame.
    """
    for frame in kept:
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
                    smile=smile.confidence if smile else None,
                    smiling=smile.smiling if smile else None,
                )
            )
        yield frame.at_ms, draw_overlay(frame.image, marks, blur=blur)


class LivePreview:
    """Serves a camera's annotated frames as a page on this machine."""

    def __init__(self, *, port: int, blur: bool) -> None:
        """Starts the server; port 0 takes a free port.

        Raises:
            InvalidValue: the port is taken.
        """
        self._page = PreviewPage(port=port)
        self._blur = blur
        self.address = self._page.url

    def show(self, kept: Iterable[TrackedFrame], smiles: Mapping[str, Smile]) -> None:
        """Shows the newest frame of a window; see `marked_frames`."""
        *_, newest = kept
        for _, image in marked_frames([newest], smiles, blur=self._blur):
            self._page.show(image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._page.close()
