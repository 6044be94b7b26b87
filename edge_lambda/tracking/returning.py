"""People who were lost and come back: their place in the scene, and the colours of what they wear.

Somebody who bends down for longer than a track waits, who is covered by a passer-by, or whom a swinging camera leaves
behind, is the same person when a face appears where they were. It is never looked at whose face it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from edge_lambda.detectors import Detection, Image
from edge_lambda.tracking.camera_motion import Transform
from edge_lambda.tracking.clothing import Colours, clothing_colours, unlikeness
from edge_lambda.tracking.motion import State, carried

REACH: Final = 1.5
"""How far from where somebody was lost a face may be theirs, box heights; a neighbour's seat is about as far."""

COLOURS_APART: Final = 0.05
"""Unlikeness of colours up to which they may be those of one person. Measured of one person, seconds apart: .04 at the
most in seats, .08 at half of the times in a street, where others walk before them."""

RESIZE: Final = 1.5
"""Ratio of the heights up to which two boxes may be of one face."""

CLEARER_BY: Final = 0.3
"""How much worse any other pair must fit, or nobody knows who of two it is."""

MOST_LOST: Final = 500
"""Lost tracks that are kept at most, whatever a camera shows; the first one lost goes first."""

_LOOKED_AT_EVERY_MS = 5_000  # colours of a followed face


@dataclass(slots=True)
class _Lost:
    state: State
    seen_at_ms: int
    colours: Colours


class Returning:
    """The lost tracks of one camera."""

    def __init__(self, return_s: float) -> None:
        """Starts with nobody.

        Args:
            return_s: how long a lost track may come back, seconds; 0 to keep nothing.
        """
        self._return_ms = return_s * 1000
        self._lost: dict[str, _Lost] = {}
        self._colours: dict[str, tuple[int, Colours | None]] = {}  # of followed tracks, and when they were looked at

    def __len__(self) -> int:
        return len(self._lost)

    def note(self, image: Image, followed: Mapping[str, Detection], at_ms: int) -> None:
        """Looks at the colours of followed faces, each once in five seconds.

        Args:
            image: the frame.
            followed: the faces in it, by track.
            at_ms: its instant.
        """
        if not self._return_ms:
            return
        for track, face in followed.items():
            looked_at_ms, before = self._colours.get(track, (None, None))
            if looked_at_ms is None or at_ms - looked_at_ms >= _LOOKED_AT_EVERY_MS:
                colours = clothing_colours(image, face)
                self._colours[track] = (at_ms, before if colours is None else colours)

    def lose(self, track: str, state: State, seen_at_ms: int) -> None:
        """Keeps a track that is no longer followed; drops it if its colours were never seen."""
        _, colours = self._colours.pop(track, (0, None))
        if colours is None:
            return
        at_rest = State(mean=state.mean * (1, 0), covariance=state.covariance)
        self._lost[track] = _Lost(at_rest, seen_at_ms, colours)
        if len(self._lost) > MOST_LOST:
            del self._lost[next(iter(self._lost))]

    def carry(self, camera: Transform) -> None:
        """Moves the places of lost tracks as the camera moved."""
        for lost in self._lost.values():
            lost.state = carried(lost.state, camera)

    def matched(self, image: Image, faces: Mapping[int, Detection], at_ms: int) -> dict[int, str]:
        """Finds out which faces are of lost tracks, and hands those over.

        A face fits a track by (d / `REACH`)² + (u / `COLOURS_APART`)², d their distance in box heights and u how
        unlike their colours are: up to 1, and by `CLEARER_BY` better than any other face or lost track does.

        Args:
            image: the frame.
            faces: its faces that continue no followed track, by index.
            at_ms: its instant; tracks lost too long before are dropped.

        Returns:
            Track by index of the face.
        """
        self._lost = {track: one for track, one in self._lost.items() if at_ms - one.seen_at_ms <= self._return_ms}
        if not self._lost or not faces:
            return {}
        tracks, indexes = list(self._lost), list(faces)
        misfit = np.array([self._misfits(self._lost[track], image, faces) for track in tracks])
        found = {}
        for row, column in zip(*linear_sum_assignment(np.minimum(misfit, 2.0)), strict=True):
            others = np.concatenate([np.delete(misfit[row], column), np.delete(misfit[:, column], row)])
            if misfit[row, column] <= 1 and (others >= misfit[row, column] + CLEARER_BY).all():
                found[indexes[column]] = tracks[row]
        for track in found.values():
            del self._lost[track]
        return found

    def forget(self) -> None:
        """Drops everybody."""
        self._lost.clear()
        self._colours.clear()

    def _misfits(self, lost: _Lost, image: Image, faces: Mapping[int, Detection]) -> NDArray[np.float64]:
        left, top, width, height = lost.state.box
        misfits = []
        for face in faces.values():
            away = np.hypot(
                face.left + face.width / 2 - left - width / 2, face.top + face.height / 2 - top - height / 2
            ) / np.sqrt(face.height * height)
            misfit = np.inf
            if away <= REACH and 1 / RESIZE <= face.height / height <= RESIZE:
                colours = clothing_colours(image, face)
                if colours is not None:
                    misfit = (away / REACH) ** 2 + (unlikeness(lost.colours, colours) / COLOURS_APART) ** 2
            misfits.append(misfit)
        return np.array(misfits)
