"""Thresholds of similarity from which a track is a person: measured, never one number.

More photos of a person and more crops of a track make templates steadier, so that strangers are less often alike by
accident, and the larger the roster, the more chances a stranger has to be like somebody on it. Each number of the table
is the similarity that of 1,000 strangers one passes to anybody on the roster.

`python -m bench.people.calibrate` measures them on the half of the people of its corpus that no figure is measured on,
and prints this table; `python -m bench people` measures what they do to the other half.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from audience.errors import InvalidValue

VERSION: Final = "2"
"""Version of the table, of the margin and of the means over strangers; bundles for devices name it."""

ROSTERS: Final = (1, 10, 50, 200, 1000)
"""People on a roster, of the columns of the table."""

LARGEST_ROSTER: Final = 5000
"""People on a roster, at most; beyond the last column thresholds rise on as they do before it."""

MARGIN: Final = 2
"""The threshold is that of a roster so many times as large: of people whom nobody tuned on, up to twice as many
strangers pass as of those that the table was measured on (decision 0040)."""

Row = tuple[int, int, int]
"""At least so many photos, so many crops, and a face so many pixels high."""

TABLE: Final[Mapping[str, Mapping[Row, tuple[float, ...]]]] = {
    "dlib-resnet-1+4860883b": {
        (1, 1, 40): (0.9278, 0.9386, 0.9447, 0.9492, 0.9547),
        (1, 3, 40): (0.9327, 0.9423, 0.9475, 0.9526, 0.9562),
        (2, 1, 40): (0.9310, 0.9410, 0.9470, 0.9508, 0.9547),
        (2, 3, 40): (0.9366, 0.9461, 0.9511, 0.9550, 0.9561),
        (3, 1, 40): (0.9318, 0.9417, 0.9476, 0.9523, 0.9538),
        (3, 3, 40): (0.9383, 0.9479, 0.9533, 0.9560, 0.9580),
        (1, 1, 160): (0.9274, 0.9386, 0.9453, 0.9497, 0.9545),
        (1, 3, 160): (0.9324, 0.9424, 0.9478, 0.9528, 0.9584),
        (2, 1, 160): (0.9305, 0.9408, 0.9470, 0.9522, 0.9563),
        (2, 3, 160): (0.9364, 0.9463, 0.9542, 0.9584, 0.9608),
        (3, 1, 160): (0.9314, 0.9415, 0.9470, 0.9513, 0.9542),
        (3, 3, 160): (0.9377, 0.9476, 0.9545, 0.9579, 0.9601),
    },
}
"""By recogniser and row, the threshold for each of `ROSTERS`."""


def check_measured(recogniser: str) -> None:
    """Checks that thresholds of a recogniser were measured.

    Raises:
        InvalidValue: they were not.
    """
    if recogniser not in TABLE:
        raise InvalidValue(
            f"nobody measured thresholds for {recogniser}: use {', '.join(TABLE)}, or measure them with "
            "python -m bench.people.calibrate"
        )


def measured_name(kind: str) -> str:
    """The full name, with version and hash, of the recogniser of a kind whose thresholds were measured.

    Args:
        kind: such as "dlib".

    Raises:
        InvalidValue: none of that kind was.
    """
    found = next((name for name in TABLE if name.partition("-")[0] == kind), kind)
    check_measured(found)
    return found


def threshold(recogniser: str, *, photos: int, crops: int, height_px: float, roster: int) -> float:
    """The least similarity at which a track is a person.

    Args:
        recogniser: its name, with version and hash.
        photos: photos that the person's template is the mean of, at least 1.
        crops: crops that the track's template is the mean of, at least 1.
        height_px: height of the smallest of the faces, pixels; at least that of the table's smallest row.
        roster: people on the roster, 1..LARGEST_ROSTER.

    Returns:
        A similarity as `audience.identity.matching` defines it: that of the nearest row that asks for no more than
        there is, for a roster `MARGIN` times as large, between columns linear in the logarithm of its size.

    Raises:
        InvalidValue: nobody measured thresholds for this recogniser, or for so small faces.
    """
    check_measured(recogniser)
    rows = [row for row in TABLE[recogniser] if row[0] <= photos and row[1] <= crops and row[2] <= height_px]
    if not rows:
        raise InvalidValue(f"thresholds for faces {height_px:g} pixels high were not measured")
    values = TABLE[recogniser][max(rows)]
    roster *= MARGIN
    column = min(max(bisect_right(ROSTERS, roster), 1), len(ROSTERS) - 1)
    low, high = math.log(ROSTERS[column - 1]), math.log(ROSTERS[column])
    part = (math.log(roster) - low) / (high - low)
    return values[column - 1] + part * (values[column] - values[column - 1])
