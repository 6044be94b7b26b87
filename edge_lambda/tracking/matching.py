"""Matches the faces of a frame with tracks: costs, gates and the optimal assignment."""

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
    """Maximum distance between a face and its expected position.

    Attributes:
        deviations: standard deviations of the expected position.
        least: minimum reach, box heights, even if the position is known well; people make sudden moves.
        most: maximum reach, box heights, even if nothing is known; beyond it sits the neighbour.
        resize: largest ratio between the expected and the found height, over 1.
    """

    deviations: float = 3.0
    least: float = 1.0
    most: float = 1.5
    resize: float = 2.0

    def __post_init__(self) -> None:
        """Raises InvalidValue if a value is out of range."""
        if not (self.deviations > 0 and 0 < self.least <= self.most and self.resize > 1):
            raise InvalidValue(f"a gate needs deviations over 0, 0 < least <= most and resize over 1, got {self}")


def matched(expected: Boxes, spreads: Sequence[float], found: Boxes, gate: Gate) -> list[tuple[int, int]]:
    """Pairs expected boxes with found ones, minimising the total cost.

    The cost of a pair is its centre distance in box heights plus 1 - IoU: at one frame a second, boxes of one face
    often no longer overlap, so overlap alone cannot rank distances, and distance alone ignores size. A pair outside
    the gate costs as much as the worst pair inside, the same as leaving both unmatched: so one face that stayed
    outweighs two that would both have had to jump.

    Args:
        expected: n x 4 (left, top, width, height), pixels.
        spreads: n standard deviations of the expected positions, box heights.
        found: m x 4, pixels.
        gate: limits the possible pairs.

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
    """n x m distances between centres, in units of the geometric mean of the two boxes' heights."""
    between = (expected[:, None, :2] + expected[:, None, 2:] / 2) - (found[None, :, :2] + found[None, :, 2:] / 2)
    height = np.sqrt(expected[:, None, 3] * found[None, :, 3])
    distance: NDArray[np.float64] = np.hypot(between[..., 0], between[..., 1]) / height
    return distance
