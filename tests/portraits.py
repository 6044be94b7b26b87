"""Small videos of a real, smiling face: NASA's portrait of Eileen Collins, which scikit-image ships."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from tests.videos import write_video

Image = NDArray[np.uint8]


def portrait(side: int = 200) -> Image:
    """The portrait, head and shoulders, BGR."""
    image = cv2.cvtColor(skimage.data.astronaut()[0:300, 70:370], cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def people_video(
    path: Path,
    faces: Sequence[int],
    *,
    fps: int = 5,
    side: int = 160,
    created_at: str | None = None,
    quarters: int = 0,
) -> Path:
    """Writes a video in which, in second n, `faces[n]` copies of the portrait stand side by side on a plain ground, all
    of it turned counterclockwise by so many quarters."""
    across = max(*faces, 1)
    copy = portrait(side)

    def picture(number: int) -> Image:
        image = np.full((side, across * side, 3), 60, np.uint8)
        for place in range(faces[number // fps]):
            image[:, place * side : (place + 1) * side] = copy
        return np.asarray(np.rot90(image, quarters), dtype=np.uint8)

    return write_video(
        path,
        at_ms=[frame * 1000 // fps for frame in range(len(faces) * fps)],
        fps=fps,
        size=(side, across * side) if quarters % 2 else (across * side, side),
        created_at=created_at,
        picture=picture,
    )
