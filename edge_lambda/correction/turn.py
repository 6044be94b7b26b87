"""Turning a picture: by quarters of a turn, which loses nothing, and by the degrees a camera is tilted."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge_lambda.detectors import Image

QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """How far a camera's picture is turned so that the people in it stand upright.

    Attributes:
        quarters: quarters of a turn counterclockwise, 0..3.
        roll: degrees counterclockwise after these, -45..45.
    """

    quarters: int = 0
    roll: int = 0

    def by(self, *, quarters: int = 0, roll: int = 0) -> Turn:
        """This turn and then so much more."""
        degrees = self.roll + roll
        more = round(degrees / 90)
        return Turn((self.quarters + quarters + more) % QUARTERS, degrees - 90 * more)

    def applied(self, image: Image) -> Image:
        """Turns a picture.

        Args:
            image: height x width x 3, BGR.

        Returns:
            `image` itself where there is nothing to turn; else a picture that holds all of it, with black corners where
            it is turned by degrees.
        """
        if self.quarters:
            image = np.ascontiguousarray(np.rot90(image, self.quarters))
        return _rolled(image, self.roll) if self.roll else image

    def __str__(self) -> str:
        """In words, as "turned by 180°" or "straightened by 17°"; "" where nothing is turned.

        Degrees are counterclockwise, except that a quarter to the right is 90° clockwise and not 270°."""
        said = {1: "turned by 90° to the left", 2: "turned by 180°", 3: "turned by 90° to the right"}
        parts = [said[self.quarters]] if self.quarters else []
        if self.roll:
            parts.append(f"straightened by {abs(self.roll)}°")
        return " and ".join(parts)


def _rolled(image: Image, degrees: float) -> Image:
    """The picture turned counterclockwise, on a ground large enough for all of it."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, high = round(width * cosine + height * sine), round(width * sine + height * cosine)
    matrix[:, 2] += ((wide - width) / 2, (high - height) / 2)
    return np.asarray(cv2.warpAffine(image, matrix, (wide, high), flags=cv2.INTER_CUBIC), dtype=np.uint8)
