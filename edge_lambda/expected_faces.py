"""How many faces are likely to be there, those that were not found included: what coverage is measured against."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audience.deliveries.plausibility import MOST_FACES
from audience.windows import EXPECTED_OVER_MS
from edge_lambda.detectors import CLEAR, SURE

STEEPNESS: Final = 1.1
"""Measured on faces of training people, see `recall`."""

LEAST_RECALL: Final = 0.2
"""Of what is seen worse than this, nobody can say how much of it there is."""


def recall(doubted: float) -> float:
    """Part of the faces that a detector finds surely in a frame: 1 - doubted^STEEPNESS.

    Small faces, little light, noise and blur all lower a detector's confidence before they hide a face: where many of
    the faces found are just over the limit, many others are just under it. Measured on scenes of training people with
    faces of 32 to 60 pixels, light down to a tenth, noise and blur (docs/decisions/0032-which-way-is-up.md).

    Args:
        doubted: part of the faces found whose confidence is under `CLEAR`, 0..1.

    Returns:
        `LEAST_RECALL`..1.
    """
    return max(LEAST_RECALL, 1 - float(doubted**STEEPNESS))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a window showed: tracks; frames, and the faces found in all of these together: sure ones, doubted ones."""

    start_ms: int
    tracks: int
    frames: int
    found: int
    sure: int
    doubted: int


class ExpectedFaces:
    """Faces to be expected in front of one camera, by the windows of the last 60 s."""

    def __init__(self) -> None:
        """Has seen nobody yet."""
        self._recent: deque[_Seen] = deque()

    def of(self, start_ms: int, *, tracks: int, frames: int, found: Sequence[float]) -> int:
        """Takes the next window.

        Args:
            start_ms: its start, milliseconds since the epoch, later than those before.
            tracks: distinct ones in it.
            frames: how many were looked at, 1 or more.
            found: confidences of all faces found in them, those that belong to no track included.

        Returns:
            Faces expected in it: the most tracks of a window of the last 60 s, this one included, or the sure faces of
            a frame of these windows divided by the `recall` in them, whichever is more.
        """
        sure = sum(confidence >= SURE for confidence in found)
        doubted = sum(confidence < CLEAR for confidence in found)
        self._recent.append(_Seen(start_ms, tracks, frames, len(found), sure, doubted))
        while self._recent[0].start_ms <= start_ms - EXPECTED_OVER_MS:
            self._recent.popleft()
        in_a_frame = sum(window.sure for window in self._recent) / sum(window.frames for window in self._recent)
        doubted_part = sum(window.doubted for window in self._recent) / max(1, sum(w.found for w in self._recent))
        there = round(in_a_frame / recall(doubted_part))
        return max(max(window.tracks for window in self._recent), min(there, MOST_FACES))
