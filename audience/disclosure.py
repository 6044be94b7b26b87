"""Which figures may be shown, so that none of them tells what one person's face did.

A figure is withheld where it rests on fewer than five faces, and where another figure, shown beside it, earlier or
later, rests on the same people but one to four of them: taking one sum from the other would leave those few. Sums are
therefore made of cells, the faces of one camera in one window, and a cell is shown or not by what its camera saw alone:

- No record of fewer than five faces enters a sum. A camera that is added, a late window and a late part of a window
  change any sum by five faces or more.
- A camera that sees twenty faces or fewer looks at a small room. Its cells are shown at one number of faces only, the
  first it saw for half a minute, so that nobody who comes or goes makes a difference that can be told.
- Where cameras of a small room overlap, which of them counts would change who is in a figure by a few: none is shown.

docs/privacy.md says who can still learn what, and how well.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.percents import percent, percent_text
from audience.privacy import Setting
from audience.window_table import WindowTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Number = Floats | float

MIN_FACES = 5

SMALL_ROOM = 20
"""So many faces or fewer are a small room, in which one face is a good part of every sum."""

SETTLED_MS = 30_000
"""A small room's number of faces counts as its usual one once it was seen for so long altogether."""

LEAST_SHARE, LEAST_LONG_SHARE = 1 / 5, 1 / 20
"""Of a small room, a share below the first at an instant, or the second over a minute, is told as "under" that; one as
near to all of them as "over" the rest."""

_MINUTE_MS = 60_000
_LONG_S = 60.0
_ROUNDING = 1e-9


def default_min_faces(audience_size: int | None, setting: Setting, most_faces: int) -> int:
    """The fewest faces a figure is shown for, where nobody chose: 5, or 1 for an audience of one.

    Nobody becomes an audience of one by being the only face a camera could see: that there is one person must have
    been said, or be at home.

    Args:
        audience_size: people present, where it is known.
        setting: the kind of place they watch in.
        most_faces: the most faces any window of the stage holds.
    """
    alone = audience_size == 1 if audience_size is not None else setting == "home" and most_faces <= 1
    return 1 if alone else MIN_FACES


def withheld(table: WindowTable, min_faces: int) -> WindowTable:
    """The table with the figures of rows over fewer than `min_faces` faces taken out; the number of faces stays.

    Args:
        table: windows of the records' width: single records, or rows summed over cameras.
        min_faces: 1 or more; 1 withholds nothing.

    Raises:
        InvalidValue: the rows were widened already: three people, counted in each of ten windows, are no thirty.
    """
    if table.width_ms != table.record_width_ms:
        raise InvalidValue("small windows must be withheld before windows are widened")
    # Where some cameras only count heads, a window has more faces than its figures are over.
    return table.without_figures(table.scored < min_faces)


def shown_cells(
    table: WindowTable, min_faces: int, overlaps: Iterable[frozenset[str]] = (), *, since_ms: int = 0
) -> WindowTable:
    """One row a window and camera, with figures where they may be shown; the number of faces stays everywhere.

    Args:
        table: a stage's records, all of them: a small room's usual number of faces is found in them.
        min_faces: figures over fewer faces are withheld; 1 withholds nothing.
        overlaps: pairs of cameras that see some of the same people.
        since_ms: when the session began, milliseconds since the epoch. The people who come in before are not taken for
            the usual number, unless nothing was seen later.

    Raises:
        InvalidValue: the rows were widened.
    """
    cells = withheld(table, min_faces).by_camera()
    if min_faces <= 1:
        return cells
    overlapping = {
        cells.cameras.index(camera)
        for pair in overlaps
        if pair <= set(cells.cameras) and len(pair) > 1
        for camera in pair
    }
    shown = np.zeros(cells.scored.shape, dtype=bool)
    for camera in np.unique(cells.camera).tolist():
        own = np.flatnonzero(cells.camera == camera)
        faces, scored = cells.faces[own], cells.scored[own]
        most, settled = _in_the_minute(cells.start_ms[own], faces, min_faces)
        # In a second in which somebody was missed, others are summed than usual.
        settled &= (faces == most) & (faces >= min_faces)
        # A room that was just larger first has no usual number just below: both would be shown.
        near = settled & (faces <= SMALL_ROOM + min_faces)
        usual = _usual_number(cells.start_ms[own], cells.width_ms, faces, near, since_ms)
        small = usual <= SMALL_ROOM
        shown[own] = scored >= max(SMALL_ROOM + 1, min_faces, usual + min_faces if small else 0)
        if small and camera not in overlapping:
            shown[own] |= (settled & (faces == usual))[:, None] & (scored == faces[:, None])
    return cells.without_figures(~shown)


def _in_the_minute(start_ms: Ints, faces: Ints, min_faces: int) -> tuple[Ints, Bools]:
    """How many faces one camera sees in the minute around each window.

    Who looks down for a second is still there: the number of people is the highest that a tenth of the minute's
    windows reach. A face that is found in fewer windows is a mistake of the detector.

    Args:
        start_ms: (n,) starts of the windows.
        faces: (n,) in each.
        min_faces: of a figure.

    Returns:
        (n,) that number, and whether at least half of the minute's windows with anybody in view hold `min_faces`.
    """
    minutes, minute = np.unique(start_ms // _MINUTE_MS, return_inverse=True)
    windows = np.bincount(minute, minlength=len(minutes))
    ordered = faces[np.lexsort((faces, minute))]
    most = ordered[np.cumsum(windows) - (windows + 9) // 10]
    somebody, enough = (
        np.bincount(minute, weights=some, minlength=len(minutes)) for some in (faces > 0, faces >= min_faces)
    )
    return most[minute], (2 * enough >= somebody)[minute]


def _usual_number(start_ms: Ints, width_ms: int, faces: Ints, settled: Bools, since_ms: int) -> int:
    """The one number of faces at which a small room's figures are shown; 0 where there is none.

    It is the first that was seen for `SETTLED_MS` altogether, so that an export of a running session and a later one
    use the same. A shorter recording has the number seen longest.

    Args:
        start_ms: (n,) starts of one camera's windows, rising.
        width_ms: of each.
        faces: (n,) in view.
        settled: (n,) whether the number of faces is that of the minute, and one to choose from.
        since_ms: the session's beginning.
    """
    later = settled & (start_ms >= since_ms)
    numbers = faces[later if later.any() else settled]
    if not len(numbers):
        return 0
    needed = -(-SETTLED_MS // width_ms)
    kinds, first, count = np.unique(numbers, return_index=True, return_counts=True)
    if count.max() < needed:
        return int(kinds[np.lexsort((first, -count))[0]])
    reached = [
        np.flatnonzero(numbers == kind)[needed - 1] if often >= needed else len(numbers)
        for kind, often in zip(kinds.tolist(), count.tolist(), strict=True)
    ]
    return int(kinds[int(np.argmin(reached))])


def withheld_text(min_faces: int, *, as_usual: bool) -> str:
    """What number of faces figures are withheld of, as in "there is no figure over fewer than 5".

    Args:
        min_faces: figures over fewer are withheld.
        as_usual: whether all of them hold fewer, so that none is withheld for its number being another than usual.
    """
    few = f"fewer than {min_faces}"
    return few if as_usual else f"{few}, or in a room of at most {SMALL_ROOM} another number than usual"


def bounded(
    share: Number, low: Number, high: Number, *, faces: Number, min_faces: int, seconds: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """Shares of small rooms brought to the nearest that may be told: "0 % of six" would say what each of them did.

    Of a small room, a share below 1 in 5 becomes 1 in 5, with a range from 0 up to it; one above 4 in 5 becomes 4 in
    5, with a range up to 1. Of a minute and more, how often somebody smiled tells no one second: 5 % and 95 % do there.

    Args:
        share, low, high: (n,) shares and their intervals, or one; NaN where there is none.
        faces: (n,) at once, behind each, or behind all.
        min_faces: figures over fewer are withheld; 1 leaves every share as it is.
        seconds: of figures that each rests on; 0 for a point of a curve, however smoothed.

    Returns:
        (n,) each, () of one share. A share that was brought there equals the end of its range, which no interval of
        another does.
    """
    least = LEAST_SHARE if seconds < _LONG_S else LEAST_LONG_SHARE
    with np.errstate(invalid="ignore"):
        few = (faces <= SMALL_ROOM) & (min_faces > 1)
        under, over = few & (share < least - _ROUNDING), few & (share > 1 - least + _ROUNDING)
    ends = ((least, 1 - least), (0.0, 1 - least), (least, 1.0))
    shown_share, shown_low, shown_high = (
        np.where(under, bottom, np.where(over, top, values))
        for values, (bottom, top) in zip((share, low, high), ends, strict=True)
    )
    return shown_share, shown_low, shown_high


def is_bounded(share: Number, low: Number, high: Number) -> Bools:
    """(n,) whether `bounded` changed a share, () of one: it is a range's end, and no figure."""
    at_least = np.isin(share, (LEAST_SHARE, LEAST_LONG_SHARE)) & (low == 0) & (high == share)
    at_most = np.isin(share, (1 - LEAST_SHARE, 1 - LEAST_LONG_SHARE)) & (high == 1) & (low == share)
    return np.asarray(at_least | at_most, dtype=bool)


def exact_share(share: float, low: float, high: float) -> float:
    """A share for a table of numbers: NaN where it was brought to the end of a range, which its bounds then say."""
    return float("nan") if is_bounded(share, low, high) else share


def share_text(share: float, low: float, high: float) -> str:
    """A share as people read it: "37 %"; where it was brought to the end of a range, "under 1 in 5" or "over 95 %"."""
    if not is_bounded(share, low, high):
        return percent_text(share)
    if share in (LEAST_SHARE, 1 - LEAST_SHARE):
        return "under 1 in 5" if low == 0 else "over 4 in 5"
    return f"{'under' if low == 0 else 'over'} {percent_text(share)}"


def interval_text(share: float, low: float, high: float, *, unit: str = "") -> str:
    """The interval of a share in whole percents, "31 to 44"; empty where there is none or the share is itself a range.

    Args:
        share, low, high: the share and its interval; NaN bounds for none.
        unit: follows the upper end.
    """
    if np.isnan(low) or is_bounded(share, low, high):
        return ""
    return f"{percent(low)} to {percent(high)}{unit}"
