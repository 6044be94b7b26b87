"""Tracks: the single faces behind a stage's windows, on its time axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.faces import FaceRecord, WindowFaces
from audience.reaction.curve import StageWindows
from audience.sessions import Camera, overlapping

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


COARSE_MS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSummary:
    """A summary of a track: when, how often and how well it was seen.

    Attributes:
        first_ms, last_ms: first and last instant, milliseconds since the epoch.
        windows: number of windows it was in.
        height: mean height of the face, as a fraction of the image.
        quality: mean quality of its crops, 0..1.
    """

    first_ms: int
    last_ms: int
    windows: int
    height: float
    quality: float


def track_summary(faces: Sequence[FaceRecord], coarse_width_ms: int | None) -> TrackSummary:
    """Summarises a track.

    Args:
        faces: one per window, at least one.
        coarse_width_ms: width of the windows if values must be coarse: exact times and rows would help to separate one
            person's figures from another's. Instants are then rounded down to five minutes, and longer durations to
            multiples of that. None for exact values.
    """
    first_ms, last_ms = min(face.at_ms for face in faces), max(face.at_ms for face in faces)
    windows = len(faces)
    height, quality = (
        sum(values) / windows for values in ([face.box.height for face in faces], [face.quality for face in faces])
    )
    if coarse_width_ms is not None:
        first_ms, last_ms = first_ms - first_ms % COARSE_MS, last_ms - last_ms % COARSE_MS
        step = max(1, COARSE_MS // coarse_width_ms)
        windows = windows - windows % step if windows > step else windows
        height, quality = round(height, 1), round(quality, 1)
    return TrackSummary(first_ms=first_ms, last_ms=last_ms, windows=windows, height=height, quality=quality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """One expression of every track; every array is (m,), with one value per track and window.

    Attributes:
        count: number of tracks.
        track: index of the track, 0 to `count` - 1.
        place: index of the window on the axis of the `StageWindows`.
        confidence: 0..1.
    """

    count: int
    track: Ints
    place: Ints
    confidence: Floats

    def at(self, places: Ints) -> Floats:
        """(tracks, len(places)) confidences in some windows; NaN where a track was not in view.

        Tracks that were in view in none of them are dropped.

        Args:
            places: indices on the axis, ascending.
        """
        column = np.searchsorted(places, self.place)
        inside = column < len(places)
        inside[inside] = places[column[inside]] == self.place[inside]
        ids, row = np.unique(self.track[inside], return_inverse=True)
        matrix = np.full((len(ids), len(places)), np.nan)
        matrix[row, column[inside]] = self.confidence[inside]
        return matrix


def tracks_of(
    windows: StageWindows, faces: Iterable[WindowFaces], cameras: Sequence[Camera], expression: str
) -> Tracks:
    """The tracks of a stage in windows with figures.

    Of overlapping cameras only those with the most faces over the whole session count, so that nobody is counted twice.

    Args:
        windows: the stage's windows; withheld and excluded ones are dropped here too.
        faces: the stage's faces from the store.
        cameras: the stage's cameras.
        expression: the expression.
    """
    faces = list(faces)
    superseded = _superseded(faces, cameras)
    shown = np.zeros(len(windows.start_ms), dtype=bool)
    if expression in windows.expressions:
        shown[windows.place] = windows.table.scored[:, windows.expressions.index(expression)] > 0
    first_ms = int(windows.start_ms[0]) if len(windows.start_ms) else 0
    number: dict[tuple[str, str], int] = {}
    sums: dict[tuple[int, int], tuple[float, int]] = {}
    for window in faces:
        place = (window.start_ms - first_ms) // windows.width_ms
        if window.camera_id in superseded or not 0 <= place < len(shown) or not shown[place]:
            continue
        for face in window.faces:
            if expression in face.confidences:
                track = number.setdefault((window.camera_id, face.track_id), len(number))
                total, count = sums.get((track, place), (0.0, 0))
                sums[track, place] = total + face.confidences[expression], count + 1
    at = np.array(list(sums), dtype=np.int64).reshape(-1, 2)
    means = np.array([total / count for total, count in sums.values()])
    return Tracks(count=len(number), track=at[:, 0], place=at[:, 1], confidence=means)


def _superseded(faces: Sequence[WindowFaces], cameras: Sequence[Camera]) -> set[str]:
    """Cameras that overlap a counted camera with more faces."""
    seen: Counter[str] = Counter()
    for window in faces:
        seen[window.camera_id] += len(window.faces)
    pairs = overlapping(cameras)
    counted: set[str] = set()
    superseded: set[str] = set()
    for camera_id in sorted(seen, key=lambda name: (-seen[name], name)):
        overlapped = any(frozenset({camera_id, other}) in pairs for other in counted)
        (superseded if overlapped else counted).add(camera_id)
    return superseded
