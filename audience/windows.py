"""Windows: the records of one camera in one stretch of wall-clock time, as sums.

A window is half open, aligned to the epoch, one second wide unless set otherwise. A track has at most one score in a
window. Records of the same window add up over cameras and parts, and over time into wider windows, so every view is a
sum of records.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.faces import CODES, MEASURE_OF_CODE, MEASURES, FaceRecord
from audience.ids import check_id

DEFAULT_WIDTH_MS = 1000
ONLY_PART = "0"
"""The part of a window that its camera sums by itself; contact sheets have parts of their own."""

# The period whose most faces are expected in a camera's next window.
EXPECTED_OVER_MS = 60_000
LATEST_MS = 10**13 - 1  # stores write starts with 13 digits, so that they sort as text

# The stored form of one measure of one window; `estimate` and `variance` are NaN where nothing was estimated.
TALLY_TYPE = np.dtype(
    [
        ("code", "u1"),
        ("faces", "<u4"),
        ("over", "<u4"),
        ("total", "<f8"),
        ("squares", "<f8"),
        ("estimate", "<f8"),
        ("variance", "<f8"),
    ]
)
# Earlier versions stored neither `faces`, which were all of the window, nor an estimate.
EARLIER_TALLY_TYPE = np.dtype([("code", "u1"), ("over", "<u4"), ("total", "<f8"), ("squares", "<f8")])
_TALLY = struct.Struct("<BIIdddd")  # as `TALLY_TYPE`
# First byte of packed tallies; a code in those of earlier versions, which began with one.
_PACKED_TALLIES = b"\x82"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One measure over the tracks of a window.

    Attributes:
        faces: tracks that it was measured on; fewer than the window's where some were not scored.
        total, squares: Σ confidence and Σ confidence².
        over: tracks at or over the threshold.
        estimate: number of these tracks that show it, corrected for the scorer's errors; None if not estimated.
        variance: of that estimate, faces²; None if not estimated.
    """

    faces: int
    total: float
    squares: float
    over: int
    estimate: float | None = None
    variance: float | None = None

    def __post_init__(self) -> None:
        n = self.faces
        if not (0 <= self.over <= n and -1e-9 <= self.total <= n + 1e-9):
            raise InvalidValue(f"{self.over} over the threshold and a sum of {self.total:g} cannot come from {n} faces")
        if not -1e-9 <= self.squares <= self.total + 1e-9:
            raise InvalidValue(
                f"a sum of {self.total:g} cannot have squares of {self.squares:g}: confidences are within 0..1"
            )
        if (self.estimate is None) != (self.variance is None):
            raise InvalidValue("an estimate and its variance must be given together")
        if self.estimate is None or self.variance is None:
            return
        # A number within 0..n has a variance of at most n²/4 (Popoviciu 1935).
        if not (0 <= self.estimate <= n + 1e-9 and 0 <= self.variance <= n * n / 4 + 1e-9):
            raise InvalidValue(
                f"an estimate of {self.estimate:g} with variance {self.variance:g} cannot come from {n} faces"
            )


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
        tallies: by measure; without expressions where only heads are counted.
        scorer: name and version; "" where only heads are counted.
        expires_ms: when the store deletes the record, milliseconds since the epoch; None for never.
    """

    session_id: str
    stage_id: str
    camera_id: str
    start_ms: int
    part: str = ONLY_PART
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
                raise InvalidValue(f"measure {name!r} is unknown: use one of {', '.join(MEASURES)}")
            if tally.faces > self.faces:
                raise InvalidValue(f"{name} cannot be measured on {tally.faces} of {self.faces} faces")


def window_start(at_ms: int, width_ms: int = DEFAULT_WIDTH_MS) -> int:
    """Start of the window that `at_ms` falls into."""
    return at_ms - at_ms % width_ms


def tallies_of(faces: Iterable[FaceRecord], thresholds: Mapping[str, float]) -> dict[str, Tally]:
    """Sums the measures of one window.

    Args:
        faces: at most one record per track; each measure is summed over those that have it.
        thresholds: threshold by measure.

    Returns:
        A tally per measure that any face has; empty if nobody was in view or only heads are counted.

    Raises:
        InvalidValue: a track has two records, or a threshold is missing.
    """
    faces = list(faces)
    if len({face.track_id for face in faces}) != len(faces):
        raise InvalidValue("a track has more than one score in a window")
    tallies = {}
    for name in sorted({name for face in faces for name in face.confidences}, key=CODES.__getitem__):
        if name not in thresholds:
            raise InvalidValue(f"the scorer has no threshold for {name!r}")
        values = [face.confidences[name] for face in faces if name in face.confidences]
        tallies[name] = Tally(
            faces=len(values),
            total=sum(values),
            squares=sum(value * value for value in values),
            over=sum(value >= thresholds[name] for value in values),
        )
    return tallies


def pack_tallies(tallies: Mapping[str, Tally]) -> bytes:
    """Packs tallies for a store: a byte for the version and 41 bytes per measure (`TALLY_TYPE`), sorted by code."""
    return pack_numbers(
        (CODES[name], tally.faces, tally.over, tally.total, tally.squares, tally.estimate, tally.variance)
        for name, tally in tallies.items()
    )


def pack_numbers(numbers: Iterable[tuple[int, int, int, float, float, float | None, float | None]]) -> bytes:
    """Packs the numbers of tallies, in the order of `TALLY_TYPE`; None for an estimate that was not made.

    Raises:
        struct.error: a count is negative or over 2^32.
    """
    rows = [
        _TALLY.pack(*counts, math.nan if estimate is None else estimate, math.nan if variance is None else variance)
        for *counts, estimate, variance in sorted(numbers, key=lambda row: row[0])
    ]
    return _PACKED_TALLIES + b"".join(rows) if rows else b""


def unpack_tallies(packed: Sequence[bytes], faces: NDArray[np.int64]) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Unpacks what `pack_tallies` packed, in this version or an earlier one.

    Args:
        packed: tallies of each window.
        faces: (n,) faces of each window, for tallies of earlier versions.

    Returns:
        The tallies of all windows, (k,) of `TALLY_TYPE`; and (k,) the place of each one's window.

    Raises:
        InvalidValue: they are damaged.
    """
    lengths = np.fromiter(map(len, packed), dtype=np.int64, count=len(packed))
    whole = np.frombuffer(b"".join(packed), dtype=np.uint8)
    begins = np.cumsum(lengths) - lengths
    is_current = np.zeros(len(packed), dtype=bool)
    some = lengths > 0
    is_current[some] = whole[begins[some]] == _PACKED_TALLIES[0]
    read, windows = [], []
    for current, dtype in ((False, EARLIER_TALLY_TYPE), (True, TALLY_TYPE)):
        place = np.flatnonzero(some & (is_current == current))
        count, rest = np.divmod(lengths[place] - current, dtype.itemsize)  # a byte says the version
        if rest.any():
            raise InvalidValue("tallies of a window are damaged: they are truncated")
        kept = np.repeat(is_current == current, lengths)
        kept[begins[is_current]] = False
        found = whole[kept].view(dtype)
        window = np.repeat(place, count)
        if not current:
            same = np.zeros(len(found), dtype=TALLY_TYPE)
            for name in EARLIER_TALLY_TYPE.names or ():
                same[name] = found[name]
            same["faces"], same["estimate"], same["variance"] = faces[window], np.nan, np.nan
            found = same
        read.append(found)
        windows.append(window)
    tallies = np.concatenate(read)
    if unknown := sorted(set(np.unique(tallies["code"]).tolist()) - MEASURE_OF_CODE.keys()):
        raise InvalidValue(f"tallies of a window are damaged: no measure has code {unknown[0]}")
    return tallies, np.concatenate(windows)
