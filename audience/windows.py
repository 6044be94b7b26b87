"""Windows: the records of one camera in one stretch of wall-clock time, as sums.

A window is half open, aligned to the epoch, one second wide unless set otherwise. A track has at most one score in a
window. Records of the same window add up over cameras and parts, and over time into wider windows, so every view is a
sum of records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from audience.errors import InvalidValue
from audience.faces import CODES, EXPRESSIONS, FaceRecord
from audience.ids import check_id

DEFAULT_WIDTH_MS = 1000
# The period whose most faces are expected in a camera's next window.
EXPECTED_OVER_MS = 60_000
LATEST_MS = 10**13 - 1  # stores write starts with 13 digits, so that they sort as text

# The stored form of one expression of one window.
TALLY_TYPE = np.dtype([("code", "u1"), ("over", "<u4"), ("total", "<f8"), ("squares", "<f8")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One expression over the tracks of a window: Σ confidence, Σ confidence², and tracks over the threshold."""

    total: float
    squares: float
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRecord:
    """What one camera saw of one stage in one window.

    Attributes:
        session_id, stage_id, camera_id, start_ms, part: the key; `start_ms` is in milliseconds since the epoch and a
            multiple of `width_ms`. Several parts of one window (several contact sheets, say) add up.
        width_ms: width of the window.
        faces: distinct tracks in the window; 0 means that the camera recorded and nobody was in view.
        expected: estimated faces in front of this camera, including those that were not detected: at least the most
            seen in any window of the last 60 s, this one included. Parts add up: each has its own faces, and one of
            them also the undetected ones.
        tallies: by expression; empty where only heads are counted.
        scorer: name and version; "" where only heads are counted.
        expires_ms: when the store deletes the record, milliseconds since the epoch; None for never.
    """

    session_id: str
    stage_id: str
    camera_id: str
    start_ms: int
    part: str = "0"
    width_ms: int = DEFAULT_WIDTH_MS
    faces: int
    expected: int
    tallies: Mapping[str, Tally]
    scorer: str
    expires_ms: int | None = None

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        check_id("stage id", self.stage_id)
        check_id("camera id", self.camera_id)
        check_id("part", self.part)
        if not 0 <= self.start_ms <= LATEST_MS:
            raise InvalidValue(f"window at {self.start_ms} ms is not within the years 1970 to 2286")
        if self.width_ms < 1 or self.start_ms % self.width_ms:
            raise InvalidValue(f"window at {self.start_ms} ms is not aligned to its width of {self.width_ms} ms")
        if self.faces < 0 or self.expected < self.faces:
            raise InvalidValue(
                f"a window of {self.faces} faces cannot expect {self.expected}: expected faces include those found"
            )
        for name, tally in self.tallies.items():
            if name not in CODES:
                raise InvalidValue(f"expression {name!r} is unknown: use one of {', '.join(EXPRESSIONS)}")
            if not (0 <= tally.over <= self.faces and -1e-9 <= tally.total <= self.faces + 1e-9):
                raise InvalidValue(
                    f"{name} cannot have {tally.over} over the threshold and a sum of {tally.total:g} "
                    f"from {self.faces} faces"
                )
            if not -1e-9 <= tally.squares <= tally.total + 1e-9:
                raise InvalidValue(
                    f"{name} has a sum of {tally.total:g} and squares of {tally.squares:g}, which cannot both hold"
                )


def window_start(at_ms: int, width_ms: int = DEFAULT_WIDTH_MS) -> int:
    """Start of the window that `at_ms` falls into."""
    return at_ms - at_ms % width_ms


def tallies_of(faces: Iterable[FaceRecord], thresholds: Mapping[str, float]) -> dict[str, Tally]:
    """Sums the scores of one window.

    Args:
        faces: at most one score per track.
        thresholds: threshold by expression.

    Returns:
        A tally per scored expression; empty if nobody was in view or only heads are counted.

    Raises:
        InvalidValue: a track has two scores, the faces were scored for different expressions, or a threshold is
            missing.
    """
    faces = list(faces)
    if len({face.track_id for face in faces}) != len(faces):
        raise InvalidValue("a track has more than one score in a window")
    if len({frozenset(face.confidences) for face in faces}) > 1:
        # A tally always covers all faces of its record.
        raise InvalidValue("faces of one window were scored for different expressions")
    tallies = {}
    for name in sorted(faces[0].confidences, key=CODES.__getitem__) if faces else ():
        if name not in thresholds:
            raise InvalidValue(f"the scorer has no threshold for {name!r}")
        values = [face.confidences[name] for face in faces]
        tallies[name] = Tally(
            total=sum(values),
            squares=sum(value * value for value in values),
            over=sum(value >= thresholds[name] for value in values),
        )
    return tallies


def pack_tallies(tallies: Mapping[str, Tally]) -> bytes:
    """Packs tallies for a store: 21 bytes per expression (`TALLY_TYPE`), sorted by code."""
    rows = [
        (CODES[name], tally.over, tally.total, tally.squares)
        for name, tally in sorted(tallies.items(), key=lambda item: CODES[item[0]])
    ]
    return np.array(rows, dtype=TALLY_TYPE).tobytes()
