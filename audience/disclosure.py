"""Disclosure control: which figures may be shown without revealing what one person's face did.

A figure is withheld if it covers fewer than five faces, or if another figure, shown beside it, earlier or later, covers
the same people except one to four: subtracting the sums would reveal those few. Sums are therefore built from cells
(the faces of one camera in one window), and whether a cell is shown depends on its own camera only:

- No record of fewer than five faces enters a sum. So an added camera, a late window or a late part of a window changes
  any sum by at least five faces.
- A camera that sees twenty faces or fewer watches a small room. Its cells are shown at one number of faces only, the
  first that lasted for half a minute, so that a person who comes or goes makes no visible difference.
- Of overlapping cameras in a small room none is shown, because switching between them would change a figure by a few
  people.

docs/privacy.md states the remaining risk.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.language import gettext
from audience.percents import percent, percent_text
from audience.privacy import Setting
from audience.window_table import WindowTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Number = Floats | float

MIN_FACES = 5

SMALL_ROOM = 20
"""The most faces of a small room, in which one face is a large part of every sum."""

SETTLED_MS = 30_000
"""How long, in total, a number of faces must be seen to become a small room's usual number."""

LEAST_SHARE, LEAST_LONG_SHARE = 1 / 5, 1 / 20
"""Limits for shares of small rooms: of an instant, and over a minute or more. A share below the limit is shown as
"under" it, a share above 1 minus the limit as "over" that."""

_MINUTE_MS = 60_000
_LONG_S = 60.0
_ROUNDING = 1e-9


def default_min_faces(audience_size: int | None, setting: Setting, most_faces: int) -> int:
    """The default for the fewest faces of a figure: 5, or 1 for an audience of one.

    One visible face does not make an audience of one: the audience size must be given, or the setting be "home".

    Args:
        audience_size: number of people present; None if unknown.
        setting: the kind of place they watch in.
        most_faces: the most faces in any window of the stage.
    """
    alone = audience_size == 1 if audience_size is not None else setting == "home" and most_faces <= 1
    return 1 if alone else MIN_FACES


def withheld(table: WindowTable, min_faces: int) -> WindowTable:
    """Removes the figures of rows with fewer than `min_faces` faces; the number of faces stays.

    Args:
        table: windows that are not widened: single records, or rows summed over cameras.
        min_faces: 1 or more; 1 withholds nothing.

    Raises:
        InvalidValue: the rows are already widened: three people counted in ten windows would look like thirty.
    """
    if table.width_ms != table.record_width_ms:
        raise InvalidValue("small windows must be withheld before windows are widened")
    # `scored`, because cameras that only count heads add faces without figures.
    return table.without_figures(table.scored < min_faces)


def shown_cells(
    table: WindowTable, min_faces: int, overlaps: Iterable[frozenset[str]] = (), *, since_ms: int = 0
) -> WindowTable:
    """Removes figures that may not be shown: one row per window and camera; the number of faces always stays.

    Args:
        table: all records of a stage; they determine a small room's usual number of faces.
        min_faces: figures over fewer faces are withheld; 1 withholds nothing.
        overlaps: pairs of cameras that see some of the same people.
        since_ms: when the session began, milliseconds since the epoch. Windows before it do not determine the usual
            number, unless there are no later ones.

    Raises:
        InvalidValue: the rows are already widened.
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
    seen = table.by_camera().scored  # also what single records withhold
    shown = np.zeros(cells.scored.shape, dtype=bool)
    # Expressions are mostly measured on the same faces, so that their columns are alike.
    alike: dict[tuple[bytes, bytes], list[int]] = {}
    for column in range(seen.shape[1]):
        alike.setdefault((seen[:, column].tobytes(), cells.scored[:, column].tobytes()), []).append(column)
    for columns in map(np.array, alike.values()):
        faces, scored = seen[:, columns[0]], cells.scored[:, columns[0]]
        for camera in np.unique(cells.camera).tolist():
            own = np.flatnonzero(cells.camera == camera)
            cell_shown = _shown_of_camera(
                cells, own, faces[own], scored[own], min_faces, since_ms, camera in overlapping
            )
            shown[np.ix_(own, columns)] = cell_shown[:, None]
    return cells.without_figures(~shown)


def _shown_of_camera(
    cells: WindowTable, own: Ints, faces: Ints, scored: Ints, min_faces: int, since_ms: int, overlaps: bool
) -> Bools:
    """Which windows of one camera may show the figure of a measure.

    Args:
        cells: one row per window and camera.
        own: (n,) the camera's rows.
        faces: (n,) faces that the measure was taken of.
        scored: (n,) the same without records of fewer than `min_faces`.
        min_faces, since_ms: see `shown_cells`.
        overlaps: whether the camera sees some of the same people as another.
    """
    start_ms = cells.start_ms[own]
    most, settled = _in_the_minute(start_ms, faces, min_faces)
    # If somebody was not detected, the sum would be over other people than usual.
    settled &= (faces == most) & (faces >= min_faces)
    # A room that was slightly too large at first gets no usual number just below: both would be shown.
    near = settled & (faces <= SMALL_ROOM + min_faces)
    usual = _usual_number(start_ms, cells.width_ms, faces, near, since_ms)
    small = usual <= SMALL_ROOM
    shown: Bools = scored >= max(SMALL_ROOM + 1, min_faces, usual + min_faces if small else 0)
    if small and not overlaps:
        shown |= settled & (faces == usual) & (scored == faces)
    return shown


def _in_the_minute(start_ms: Ints, faces: Ints, min_faces: int) -> tuple[Ints, Bools]:
    """How many people one camera sees in the minute of each window.

    A person who looks down for a second is still there, so this is the highest number that a tenth of the minute's
    windows reach. Higher numbers are taken for detector errors.

    Args:
        start_ms: (n,) starts of the windows.
        faces: (n,) faces measured in each.
        min_faces: the fewest faces of a figure.

    Returns:
        (n,) that number, and whether at least half of the minute's windows with anybody in view have `min_faces`.
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
    """The number of faces at which a small room's figures are shown; 0 if there is none.

    It is the first number seen for `SETTLED_MS` in total, so that exports during and after a session agree. In a
    shorter recording it is the number seen longest.

    Args:
        start_ms: (n,) starts of one camera's windows, ascending.
        width_ms: width of each.
        faces: (n,) in view.
        settled: (n,) whether the number of faces equals that of the minute and may be chosen.
        since_ms: when the session began.
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
    """The numbers of faces for which figures are withheld, as in "there is no figure over fewer than 5".

    Args:
        min_faces: figures over fewer faces are withheld.
        as_usual: whether too few faces is the only reason; else also numbers other than the usual one.
    """
    if as_usual:
        return gettext("fewer than {min_faces}", min_faces=min_faces)
    return gettext(
        "fewer than {min_faces}, or in a room of at most {small_room} another number than usual",
        min_faces=min_faces,
        small_room=SMALL_ROOM,
    )


def bounded(
    share: Number, low: Number, high: Number, *, faces: Number, min_faces: int, seconds: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """Clips shares of small rooms to a safe range: "0 % of six" would reveal what each person did.

    In a small room a share below 1 in 5 becomes 1 in 5, with the range from 0 to it; one above 4 in 5 becomes 4 in 5,
    with the range from it to 1. Over a minute or more a share reveals no single second, so the limits are 5 % and 95 %.

    Args:
        share, low, high: (n,) shares and their intervals, or scalars; NaN where there is no figure.
        faces: (n,) or scalar, number of faces at once behind each share.
        min_faces: the fewest faces of a figure; 1 leaves every share unchanged.
        seconds: length of the figures that each share averages; 0 for a point of a curve, however smoothed.

    Returns:
        Share, low and high, (n,) each or (). A clipped share equals one end of its range, which no other interval does.
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
    """Whether `bounded` clipped each share, (n,) or (): then it is the end of a range, not a figure."""
    at_least = np.isin(share, (LEAST_SHARE, LEAST_LONG_SHARE)) & (low == 0) & (high == share)
    at_most = np.isin(share, (1 - LEAST_SHARE, 1 - LEAST_LONG_SHARE)) & (high == 1) & (low == share)
    return np.asarray(at_least | at_most, dtype=bool)


def exact_share(share: float, low: float, high: float) -> float:
    """The share for a table of numbers: NaN if it was clipped to a range, which its bounds then give."""
    return float("nan") if is_bounded(share, low, high) else share


def share_text(share: float, low: float, high: float) -> str:
    """Formats a share: "37 %", or if it was clipped, "under 1 in 5" or "over 95 %"."""
    if not is_bounded(share, low, high):
        return percent_text(share)
    if share in (LEAST_SHARE, 1 - LEAST_SHARE):
        return gettext("under 1 in 5") if low == 0 else gettext("over 4 in 5")
    if low == 0:
        return gettext("under {share}", share=percent_text(share))
    return gettext("over {share}", share=percent_text(share))


def interval_text(share: float, low: float, high: float, *, unit: str = "") -> str:
    """Formats the interval of a share in whole percents, "31 to 44"; "" if there is none or the share was clipped.

    Args:
        share, low, high: the share and its interval; NaN bounds for none.
        unit: text after the upper bound.
    """
    if np.isnan(low) or is_bounded(share, low, high):
        return ""
    return gettext("{low} to {high}", low=percent(low), high=percent(high)) + unit
