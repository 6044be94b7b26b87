"""Draws a minute of a film for viewers to watch: a ball that wants to jump over three walls, each higher than the last.

It is drawn for this purpose, so that a remote audience has something to watch that nobody else's rights are in.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import cos, pi, sin
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Point = tuple[int, int]

SECONDS: Final = 60
FPS: Final = 12
WIDTH, HEIGHT = 640, 360
FLOOR: Final = 300
RADIUS: Final = 26
# At which second each wall is tried for the first time, its height, and after how many tries the ball is over it.
WALLS: Final = ((6.0, 50, 1), (20.0, 90, 2), (38.0, 150, 3))
_TRY_S: Final = 4.0
_GROUND, _SKY, _BALL, _WALL = (96, 120, 84), (232, 214, 190), (60, 120, 230), (88, 84, 110)  # blue, green, red


def make_film(path: Path, *, seconds: int = SECONDS, on_second: Callable[[int], None] = lambda second: None) -> None:
    """Writes the film as H.264.

    Args:
        path: the output file; an existing file is replaced.
        seconds: how much of it is written.
        on_second: callback after each second is written.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("h264", rate=FPS, options={"preset": "veryfast", "crf": "24"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for index in range(seconds * FPS):
            frame = av.VideoFrame.from_ndarray(drawn_at(index / FPS), format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
            if index % FPS == FPS - 1:
                on_second(index // FPS)
        container.mux(stream.encode(None))


def drawn_at(second: float) -> Image:
    """The picture at a second of the film: (HEIGHT, WIDTH, 3), blue, green, red."""
    image = np.full((HEIGHT, WIDTH, 3), _SKY, np.uint8)
    image[FLOOR:] = _GROUND
    at, height, part, over = _now(second)
    if height:
        cv2.rectangle(image, (WIDTH // 2 - 12, FLOOR - height), (WIDTH // 2 + 12, FLOOR), _WALL, -1)
    if at is None:  # between walls it rolls on, and the wall comes next
        x, y, turned = WIDTH // 4, FLOOR - RADIUS, 3 * second
    else:
        x, y, turned = _jump(part, height, over)
    squeezed = 0.75 if at is not None and not over and 0.42 < part < 0.5 else 1.0
    cv2.ellipse(image, (x, y), (round(RADIUS * squeezed), round(RADIUS / squeezed)), 0, 0, 360, _BALL, -1, cv2.LINE_AA)
    _face(image, (x, y), turned if part > 0.5 and not over else 0.2 * sin(turned), glad=over and part > 0.5)
    return image


def _now(second: float) -> tuple[float | None, int, float, bool]:
    """When the wall in view was first tried, its height; how far the try has come, 0..1; whether it is the good one."""
    for at, height, tries in reversed(WALLS):
        if second >= at:
            number = int((second - at) / _TRY_S)
            if number >= tries:
                return None, 0, 0.0, False
            return at, height, (second - at) / _TRY_S % 1, number == tries - 1
    return None, 0, 0.0, False


def _jump(part: float, height: int, over: bool) -> tuple[int, int, float]:
    """Where the ball is in a try, and how far it has turned, radians."""
    wall = WIDTH // 2 - 12 - RADIUS
    if over:
        x = WIDTH // 4 + part * WIDTH / 2
        return round(x), round(FLOOR - RADIUS - (height + 60) * max(0.0, sin(pi * part))), 0.0
    if part < 0.45:  # up to the wall
        way = part / 0.45
        return round(WIDTH // 4 + way * (wall - WIDTH // 4)), round(FLOOR - RADIUS - 0.7 * height * sin(pi * way)), 0.0
    way = (part - 0.45) / 0.55  # and back again, over and over itself
    return round(wall - way * (wall - WIDTH // 4)), round(FLOOR - RADIUS - 20 * abs(sin(3 * pi * way))), -4 * pi * way


def _face(image: Image, middle: Point, turned: float, *, glad: bool) -> None:
    def at(right: float, up: float) -> Point:
        return (
            round(middle[0] + right * cos(turned) + up * sin(turned)),
            round(middle[1] + right * sin(turned) - up * cos(turned)),
        )

    for side in (-9, 9):
        cv2.circle(image, at(side, 6), 7, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(image, at(side + 2, 6), 3, (30, 20, 20), -1, cv2.LINE_AA)
    mouth = (0, 180) if glad else (200, 340)
    turn = turned * 180 / pi
    cv2.ellipse(image, at(0, -8 if glad else -14), (11, 8), turn, *mouth, (30, 20, 20), 2, cv2.LINE_AA)
