"""How much a camera can see: what is beyond it is set aside where it arrives, before any figure moves by it.

These are the only limits of their kind. They bound what one camera can do to a stage, and are far from what any camera
was seen to do. What is refused here is never right later, so each fault is a `SheetRejected`.
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
from audience.faces import Box, FaceRecord, WindowFaces
from audience.ids import check_id
from audience.store import Heartbeat, ScorerRecord
from audience.window_table import WindowTable
from audience.windows import Tally, WindowRecord

MOST_FACES: Final = 5_000
"""Faces of one camera in one window, and faces it may expect there. A 4K picture of nothing but faces of 32 px, each
with half its width around it, holds 3,600; the largest crowd that was measured had some hundreds."""

MOST_PARTS: Final = 64
"""Parts of one window of one camera: `MOST_FACES` on sheets of a hundred make fifty."""

MOST_FRAMES_PER_S: Final = 1_000.0
"""The fastest cameras for machines; a webcam gives 30 to 120."""

MOST_SPAN_MS: Final = 2 * 3_600_000
"""From the first window of a delivery to its last: one is sent after ten minutes, or after two looks an hour apart."""

MOST_LAG_S: Final = 4 * 86_400.0
"""Seconds from a window to the word of it: nobody waits longer than the longest session."""

MOST_DELIVERIES: Final = 10**8
"""Deliveries a camera may count: at ten a second, four months."""

_ROUNDING = 1.5 / 65_535  # single faces travel with confidences in steps of 1/65535, sums do not
_TINIEST = (
    sys.float_info.min
)  # what is smaller has lost digits; confidences are single precision, squares of them larger
_SLACK = 1e-6


def check_manifest(manifest: Manifest) -> None:
    """Checks a contact sheet's windows.

    Raises:
        SheetRejected: one says more faces than a camera can see.
    """
    for window in manifest.windows:
        _check_count("expects", window.expected)


def check_windows(file: WindowFile) -> None:
    """Checks windows that were scored on a device, and the faces behind them.

    Raises:
        SheetRejected: no camera can have seen this, or the sums cannot be those of any faces.
    """
    windows, thresholds = file.windows, file.scorer.thresholds if file.scorer else {}
    seen, parts = Counter[int](), Counter[int]()
    for window in windows:
        seen[window.start_ms] += window.faces
        parts[window.start_ms] += 1
        _check_count("holds", seen[window.start_ms])
        _check_count("expects", window.expected)
        if parts[window.start_ms] > MOST_PARTS:
            raise SheetRejected(f"a window has more than {MOST_PARTS} parts: no camera needs as many")
        for expression, tally in window.tallies.items():
            _check_tally(expression, tally, window.faces, thresholds[expression])
    by_key = {(window.start_ms, window.part): window for window in windows}
    tracks: defaultdict[int, set[str]] = defaultdict(set)
    for one in file.faces:
        window = by_key[one.start_ms, one.part]
        _check_faces(one, window, thresholds)
        ids = {face.track_id for face in one.faces}
        if twice := ids & tracks[one.start_ms]:
            raise SheetRejected(f"track {min(twice)!r} stands in two parts of one window: nobody is in two places")
        tracks[one.start_ms] |= ids


def check_span(first_ms: int, last_ms: int) -> None:
    """Checks that the windows of one delivery lie near each other.

    Raises:
        SheetRejected: they do not.
    """
    if last_ms - first_ms > MOST_SPAN_MS:
        raise SheetRejected(f"its windows are {(last_ms - first_ms) // 1000} s apart: no device waits so long")


def check_room(there: WindowTable, camera_id: str, start_ms: Iterable[int]) -> None:
    """Checks that windows have room for one more part of a camera.

    A part that comes again finds itself there: so a window is full only where its parts hold more than a camera can
    see, and what fits comes again as often as it likes.

    Args:
        there: the records of the stage that are in the store, of all of these windows at least.
        camera_id: whose windows.
        start_ms: starts of the windows.

    Raises:
        SheetRejected: one is full.
    """
    if camera_id not in there.cameras:
        return
    own = there.rows(there.camera == there.cameras.index(camera_id))
    for start in set(start_ms):
        same = own.start_ms == start
        if int(same.sum()) > MOST_PARTS or max(int(own.faces[same].sum()), int(own.expected[same].sum())) > MOST_FACES:
            raise SheetRejected(
                f"the window at {start} ms holds as much as a camera can see already: {int(own.faces[same].sum())} "
                f"faces in {int(same.sum())} parts"
            )


def check_status(beat: Heartbeat) -> None:
    """Checks what a camera says of itself.

    Raises:
        SheetRejected: no camera can be so.
    """
    _check_count("sees", beat.faces)
    if not beat.frames_per_s <= MOST_FRAMES_PER_S:
        raise SheetRejected(f"no camera looks at {beat.frames_per_s:g} frames per second")
    if not abs(beat.lag_s) <= MOST_LAG_S:
        raise SheetRejected(f"no figure comes {beat.lag_s:g} s after its capture")
    if max(beat.sent, beat.waiting, beat.dropped) > MOST_DELIVERIES:
        raise SheetRejected(f"no camera sends {beat.sent} deliveries, keeps {beat.waiting} and drops {beat.dropped}")


def check_scorer(scorer: ScorerRecord) -> None:
    """Checks what a device says of its scorer.

    Raises:
        SheetRejected: the name could be taken for another's by eye, or a threshold or the hash is none.
    """
    name = scorer.name
    if not name.isascii() or name != " ".join(name.split()) or "~" in name:
        raise SheetRejected(f"the scorer's name {name[:40]!r} is not plain letters, digits and signs")
    for expression, threshold in scorer.thresholds.items():
        if not 0 < threshold <= 1:
            raise SheetRejected(f"a threshold of {threshold:g} for {expression} is not within 0..1")
    if scorer.model_sha256 and not (
        len(scorer.model_sha256) == 64 and set(scorer.model_sha256) <= set("0123456789abcdef")
    ):
        raise SheetRejected("the model's SHA-256 is none")


def _check_count(does: str, faces: int) -> None:
    if faces > MOST_FACES:
        raise SheetRejected(f"a window {does} {faces} faces: a camera sees {MOST_FACES} at most")


def _check_tally(expression: str, tally: Tally, faces: int, threshold: float) -> None:
    """Whether some confidences of so many faces, each 0..1, can have these sums."""
    n, total, squares, over = faces, tally.total, tally.squares, tally.over
    slack = _SLACK * (1 + n)
    possible = (
        all(value == 0 or value >= _TINIEST for value in (total, squares))
        and total <= n
        and squares <= total + slack
        # By Cauchy and Schwarz: (Σ c)² <= n Σ c².
        and total * total <= n * squares + slack
        and over * threshold <= total + slack
        and total <= over + (n - over) * threshold + slack
    )
    if not possible:
        raise SheetRejected(
            f"{expression} of {over} and {total:g}, its squares {squares:g}, cannot come from {faces} faces"
        )


def _check_faces(one: WindowFaces, window: WindowRecord, thresholds: Mapping[str, float]) -> None:
    for face in one.faces:
        _check_face(face, window)
        if face.confidences.keys() != window.tallies.keys():
            raise SheetRejected("a window and the faces beside it were scored for different expressions")
    for expression, tally in window.tallies.items():
        values = [face.confidences[expression] for face in one.faces]
        off = _ROUNDING * len(values)
        sums = math.fsum(values), math.fsum(value * value for value in values)
        sure = sum(value >= thresholds[expression] + _ROUNDING for value in values)
        likely = sum(value >= thresholds[expression] - _ROUNDING for value in values)
        near = abs(sums[0] - tally.total) <= off and abs(sums[1] - tally.squares) <= 2 * off
        if not (near and sure <= tally.over <= likely):
            raise SheetRejected(f"the sums of {expression} are not those of the faces beside them")


def _check_face(face: FaceRecord, window: WindowRecord) -> None:
    try:
        check_id("track id", face.track_id)
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
    if not window.start_ms <= face.at_ms < window.start_ms + window.width_ms:
        raise SheetRejected(f"a face at {face.at_ms} ms is not of the window at {window.start_ms} ms")
    if _furthest(face.box) > FURTHEST:
        raise SheetRejected(f"box of track {face.track_id!r} lies more than {FURTHEST:g} images from the image")


def _furthest(box: Box) -> float:
    return max(abs(box.left), abs(box.top), box.width, box.height)
