"""Turns pictures: by quarter turns, which are lossless, and by the degrees a camera is tilted."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge_lambda.detectors import Image

QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """The rotation that makes the people in a camera's picture upright.

    Attributes:
        quarters: quarter turns counterclockwise, 0..3.
        roll: further degrees counterclockwise, -45..45.
    """

    quarters: int = 0
    roll: int = 0

    def by(self, *, quarters: int = 0, roll: int = 0) -> Turn:
        """This turn followed by a further turn."""
        degrees = self.roll + roll
        more = round(degrees / 90)
        return Turn((self.quarters + quarters + more) % QUARTERS, degrees - 90 * more)

    def applied(self, image: Image) -> Image:
        """Turns a picture.

        Args:
            image: height x width x 3, BGR.

        Returns:
            `image` itself if there is nothing to turn; else a picture that contains all of it, with black corners if it
            is turned by degrees.
        """
        if self.quarters:
            image = np.ascontiguousarray(np.rot90(image, self.quarters))
        return _rolled(image, self.roll) if self.roll else image

    def __str__(self) -> str:
        """As text, such as "turned by 180°" or "straightened by 17°"; "" if nothing is turned.

        Degrees are counterclockwise; a quarter turn to the right is 90°, not 270°."""
        names = {1: "turned by 90° to the left", 2: "turned by 180°", 3: "turned by 90° to the right"}
        parts = [names[self.quarters]] if self.quarters else []
        if self.roll:
            parts.append(f"straightened by {abs(self.roll)}°")
        return " and ".join(parts)


def _rolled(image: Image, degrees: float) -> Image:
    """Rotates a picture counterclockwise, on a canvas large enough for all of it."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, high = round(width * cosine + height * sine), round(width * sine + height * cosine)
    matrix[:, 2] += ((wide - width) / 2, (high - height) / 2)
    return np.asarray(cv2.warpAffine(image, matrix, (wide, high), flags=cv2.INTER_CUBIC), dtype=np.uint8)
