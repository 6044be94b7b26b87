"""Plausibility limits of deliveries: implausible ones are rejected on arrival, before they affect any figure.

The limits bound how much one camera can affect a stage, and are far above any camera observed. A delivery that breaks
one will never be valid, so each raises `SheetRejected`.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from audience.deliveries.manifest import FURTHEST, Manifest
from audience.deliveries.window_file import WindowFile
from audience.errors import InvalidValue, SheetRejected
from audience.faces import FACING, FACING_THRESHOLD, Box, FaceRecord, WindowFaces
from audience.ids import check_id
from audience.store import Heartbeat, ScorerRecord
from audience.window_table import WindowTable
from audience.windows import Tally, WindowRecord

MOST_FACES: Final = 5_000
"""The most faces, seen or expected, of one camera in one window. A 4K picture full of faces of 32 px, spaced by half
their width, holds 3,600; the largest measured crowd had some hundreds."""

MOST_PARTS: Final = 64
"""The most parts of one window of one camera: `MOST_FACES` on sheets of a hundred are fifty parts."""

MOST_FRAMES_PER_S: Final = 1_000.0
"""The fastest industrial cameras; webcams have 30 to 120."""

MOST_SPAN_MS: Final = 2 * 3_600_000
"""The longest time from the first window of a delivery to its last: usually ten minutes, or two frames an hour
apart."""

MOST_LAG_S: Final = 4 * 86_400.0
"""The longest delay from a window to its heartbeat, seconds: the length of the longest session."""

MOST_DELIVERIES: Final = 10**8
"""The most deliveries a camera may count: four months at ten per second."""

_ROUNDING = 1.5 / 65_535  # confidences of single faces are sent in steps of 1/65535, sums are exact
_TINIEST = sys.float_info.min  # smaller numbers have lost digits
_SLACK = 1e-6


def check_manifest(manifest: Manifest) -> None:
    """Checks a contact sheet's windows.

    Raises:
        SheetRejected: a window has more faces than a camera can see.
    """
    for window in manifest.windows:
        _check_count("expects", window.expected)


def check_windows(file: WindowFile) -> None:
    """Checks windows that were scored on a device, and the faces behind them.

    Raises:
        SheetRejected: the numbers are implausible, or no faces can have these sums.
    """
    windows = file.windows
    thresholds = {FACING: FACING_THRESHOLD, **(file.scorer.thresholds if file.scorer else {})}
    seen, parts = Counter[int](), Counter[int]()
    for window in windows:
        seen[window.start_ms] += window.faces
        parts[window.start_ms] += 1
        _check_count("holds", seen[window.start_ms])
        _check_count("expects", window.expected)
        if parts[window.start_ms] > MOST_PARTS:
            raise SheetRejected(f"a window has more than {MOST_PARTS} parts: no camera needs as many")
        for measure, tally in window.tallies.items():
            _check_tally(measure, tally, thresholds[measure])
    by_key = {(window.start_ms, window.part): window for window in windows}
    tracks: defaultdict[int, set[str]] = defaultdict(set)
    for one in file.faces:
        window = by_key[one.start_ms, one.part]
        _check_faces(one, window, thresholds)
        ids = {face.track_id for face in one.faces}
        if twice := ids & tracks[one.start_ms]:
            raise SheetRejected(
                f"track {min(twice)!r} is in two parts of one window: each part must have its own tracks"
            )
        tracks[one.start_ms] |= ids


def check_span(first_ms: int, last_ms: int) -> None:
    """Checks that the windows of one delivery are close together in time.

    Raises:
        SheetRejected: they are more than `MOST_SPAN_MS` apart.
    """
    if last_ms - first_ms > MOST_SPAN_MS:
        raise SheetRejected(
            f"its windows are {(last_ms - first_ms) // 1000} s apart: at most {MOST_SPAN_MS // 1000} s are allowed"
        )


def check_room(stored: WindowTable, camera_id: str, start_ms: Iterable[int]) -> None:
    """Checks that the stored parts of a camera's windows are within the limits.

    A repeated part is already stored, so it never makes a window exceed the limits: a delivery that fits may be
    repeated any number of times.

    Args:
        stored: the stage's stored records, including all of these windows.
        camera_id: the camera.
        start_ms: starts of the windows.

    Raises:
        SheetRejected: a window exceeds the limits.
    """
    if camera_id not in stored.cameras:
        return
    own = stored.rows(stored.camera == stored.cameras.index(camera_id))
    for start in set(start_ms):
        same = own.start_ms == start
        if int(same.sum()) > MOST_PARTS or max(int(own.faces[same].sum()), int(own.expected[same].sum())) > MOST_FACES:
            raise SheetRejected(
                f"the window at {start} ms already holds more than a camera can see: {int(own.faces[same].sum())} "
                f"faces in {int(same.sum())} parts"
            )


def check_status(beat: Heartbeat) -> None:
    """Checks a camera's heartbeat.

    Raises:
        SheetRejected: a number is implausible.
    """
    _check_count("sees", beat.faces)
    if not beat.frames_per_s <= MOST_FRAMES_PER_S:
        raise SheetRejected(f"{beat.frames_per_s:g} frames per second are implausible")
    if not abs(beat.lag_s) <= MOST_LAG_S:
        raise SheetRejected(f"a lag of {beat.lag_s:g} s is implausible")
    if max(beat.sent, beat.waiting, beat.dropped) > MOST_DELIVERIES:
        raise SheetRejected(
            f"{beat.sent} deliveries sent, {beat.waiting} waiting and {beat.dropped} dropped are implausible"
        )


def check_scorer(scorer: ScorerRecord) -> None:
    """Checks the scorer that a device declares.

    Raises:
        SheetRejected: the name could look like another's, or a threshold or the hash is not valid.
    """
    name = scorer.name
    if not name.isascii() or name != " ".join(name.split()) or "~" in name:
        raise SheetRejected(
            f"the scorer's name {name[:40]!r} must have ASCII letters, digits and signs only, and no '~'"
        )
    for expression, threshold in scorer.thresholds.items():
        if not 0 < threshold <= 1:
            raise SheetRejected(f"a threshold of {threshold:g} for {expression} is not within 0..1")
    if scorer.model_sha256 and not (
        len(scorer.model_sha256) == 64 and set(scorer.model_sha256) <= set("0123456789abcdef")
    ):
        raise SheetRejected("the model's SHA-256 is not 64 hexadecimal digits")


def _check_count(does: str, faces: int) -> None:
    if faces > MOST_FACES:
        raise SheetRejected(f"a window {does} {faces} faces: a camera sees at most {MOST_FACES}")


def _check_tally(measure: str, tally: Tally, threshold: float) -> None:
    """Checks that some confidences of a tally's faces, each 0..1, can have its sums."""
    n, total, squares, over = tally.faces, tally.total, tally.squares, tally.over
    slack = _SLACK * (1 + n)
    possible = (
        all(value == 0 or value >= _TINIEST for value in (total, squares))
        and total <= n
        and squares <= total + slack
        # Cauchy-Schwarz: (Σ c)² <= n Σ c².
        and total * total <= n * squares + slack
        and over * threshold <= total + slack
        and total <= over + (n - over) * threshold + slack
    )
    if not possible:
        raise SheetRejected(
            f"{measure}: {over} over the threshold, a sum of {total:g} and squares of {squares:g} cannot come from "
            f"{n} faces"
        )


def _check_faces(one: WindowFaces, window: WindowRecord, thresholds: Mapping[str, float]) -> None:
    for face in one.faces:
        _check_face(face, window)
        if face.confidences.keys() - window.tallies.keys():
            raise SheetRejected("a window has no tally of what its single faces were scored for")
    for measure, tally in window.tallies.items():
        values = [face.confidences[measure] for face in one.faces if measure in face.confidences]
        if len(values) != tally.faces:
            raise SheetRejected(
                f"{measure} was measured on {tally.faces} faces, but {len(values)} of the window's have it"
            )
        off = _ROUNDING * len(values)
        sums = math.fsum(values), math.fsum(value * value for value in values)
        sure = sum(value >= thresholds[measure] + _ROUNDING for value in values)
        likely = sum(value >= thresholds[measure] - _ROUNDING for value in values)
        near = abs(sums[0] - tally.total) <= off and abs(sums[1] - tally.squares) <= 2 * off
        if not (near and sure <= tally.over <= likely):
            raise SheetRejected(f"the sums of {measure} are not those of its single faces")


def _check_face(face: FaceRecord, window: WindowRecord) -> None:
    try:
        check_id("track id", face.track_id)
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
    if not window.start_ms <= face.at_ms < window.start_ms + window.width_ms:
        raise SheetRejected(f"a face at {face.at_ms} ms is not within its window at {window.start_ms} ms")
    if _furthest(face.box) > FURTHEST:
        raise SheetRejected(f"box of track {face.track_id!r} lies more than {FURTHEST:g} images from the image")


def _furthest(box: Box) -> float:
    return max(abs(box.left), abs(box.top), box.width, box.height)
