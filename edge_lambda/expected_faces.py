"""Estimates how many faces are present, including those not detected; coverage is measured against this."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audience.deliveries.plausibility import MOST_FACES
from audience.windows import EXPECTED_OVER_MS
from edge_lambda.detectors import CLEAR, SURE

STEEPNESS: Final = 1.1
"""Exponent fitted on faces of training people; see `recall`."""

MIN_RECALL: Final = 0.2
"""Lower bound of `recall`: below it the number of missed faces cannot be estimated."""


def recall(doubted: float) -> float:
    """Estimated share of the faces in a frame that a detector finds with confidence: 1 - doubted^STEEPNESS.

    Small faces, low light, noise and blur lower a detector's confidence before they hide a face: if many of the faces
    found are just over the limit, many others are just under it. Measured on scenes of training people with faces of
    32 to 60 pixels, light down to a tenth, noise and blur (docs/decisions/0032-which-way-is-up.md).

    Args:
        doubted: share of the faces found whose confidence is under `CLEAR`, 0..1.

    Returns:
        `MIN_RECALL`..1.
    """
    return max(MIN_RECALL, 1 - float(doubted**STEEPNESS))


@dataclass(frozen=True, slots=True)
class _WindowCounts:
    """Counts of one window: tracks, frames, and faces found in all frames (all, sure, doubted)."""

    start_ms: int
    tracks: int
    frames: int
    found: int
    sure: int
    doubted: int


class ExpectedFaces:
    """Expected faces in front of one camera, estimated from the windows of the last 60 s."""

    def __init__(self) -> None:
        """Starts with no windows."""
        self._recent: deque[_WindowCounts] = deque()

    def update(self, start_ms: int, *, tracks: int, frames: int, found: Sequence[float]) -> int:
        """Adds the next window and estimates its faces.

        Args:
            start_ms: its start, milliseconds since the epoch, later than those before.
            tracks: distinct tracks in it.
            frames: frames processed, 1 or more.
            found: confidences of all faces found in them, including faces without a track.

        Returns:
            Faces expected in it: the largest number of tracks in a window of the last 60 s (this one included), or the
            mean number of sure faces per frame divided by `recall`, whichever is larger.
        """
        sure = sum(confidence >= SURE for confidence in found)
        doubted = sum(confidence < CLEAR for confidence in found)
        self._recent.append(_WindowCounts(start_ms, tracks, frames, len(found), sure, doubted))
        while self._recent[0].start_ms <= start_ms - EXPECTED_OVER_MS:
            self._recent.popleft()
        in_a_frame = sum(window.sure for window in self._recent) / sum(window.frames for window in self._recent)
        doubted_part = sum(window.doubted for window in self._recent) / max(1, sum(w.found for w in self._recent))
        there = round(in_a_frame / recall(doubted_part))
        return max(max(window.tracks for window in self._recent), min(there, MOST_FACES))
