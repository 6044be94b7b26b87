"""Which face of this frame is which face of the last: costs, gates and the best assignment of all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from audience.errors import InvalidValue
from edge_lambda.detectors.boxes import Boxes, overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How far from where it is expected a face may be found.

    Attributes:
        deviations: standard deviations of the expected place.
        least: reach even where the place is known well, box heights; people jerk.
        most: reach even where nothing is known, box heights; further off sits the neighbour.
        resize: largest factor between the expected height and the one found, over 1.
    """

    deviations: float = 3.0
    least: float = 1.0
    most: float = 1.5
    resize: float = 2.0

    def __post_init__(self) -> None:
        """Raises InvalidValue where a value makes no gate."""
        if not (self.deviations > 0 and 0 < self.least <= self.most and self.resize > 1):
            raise InvalidValue(f"a gate needs deviations over 0, 0 < least <= most and resize over 1, got {self}")


def matched(expected: Boxes, spreads: Sequence[float], found: Boxes, gate: Gate) -> list[tuple[int, int]]:
    """Pairs expected boxes with found ones so that the sum of all costs is least.

    The cost of a pair is its centre distance in box heights plus what is missing to full overlap (1 - IoU): at one
    frame a second boxes of one face often no longer overlap, so overlap alone says nothing about which is nearer, and
    distance alone does not see size. A pair outside the gate costs what the worst pair inside could, the same as two
    faces left alone: so one face that stayed outweighs two that would both have had to jump.

    Args:
        expected: n x 4 (left, top, width, height), pixels.
        spreads: n standard deviations of the expected places, box heights.
        found: m x 4, pixels.
        gate: what is a possible pair.

    Returns:
        (row of `expected`, row of `found`), each row at most once.
    """
    if not len(expected) or not len(found):
        return []
    reach = np.clip(gate.deviations * np.asarray(spreads), gate.least, gate.most)
    distance = _distance(expected, found)
    ratio = found[None, :, 3] / expected[:, None, 3]
    possible = (distance <= reach[:, None]) & (ratio <= gate.resize) & (ratio >= 1 / gate.resize)
    cost = np.where(possible, distance + 1 - overlap(expected, found), gate.most + 1)
    rows, columns = linear_sum_assignment(cost)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if possible[row, column]]


def _distance(expected: Boxes, found: Boxes) -> NDArray[np.float64]:
    """n x m distances between centres, in the geometric mean of the two boxes' heights."""
    between = (expected[:, None, :2] + expected[:, None, 2:] / 2) - (found[None, :, :2] + found[None, :, 2:] / 2)
    height = np.sqrt(expected[:, None, 3] * found[None, :, 3])
    distance: NDArray[np.float64] = np.hypot(between[..., 0], between[..., 1]) / height
    return distance
