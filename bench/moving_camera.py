"""Pictures of the seat clip as a moving camera would see it, with every face's seat known: what `bench.track` follows.

The clip lies on a wall that reaches further than any motion, so that all seats stay in view and a change of a track is
the tracker's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Detection, Image

SEATS_ACROSS, SEATS_DOWN = 6, 4
ELSEWHERE: Final = "elsewhere"
"""All the people of another view, who are none of those in the seats."""

MARGIN: Final = (200, 120)  # of the wall around the clip, pixels

Transform = NDArray[np.float64]
Person = tuple[int, int] | str
Scene = Callable[[int, Sequence[Image]], Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a camera sees second by second.

    Attributes:
        name: what happens.
        camera: second to 2 x 3 transform, from the wall to the picture.
        scene: second and the clip's pictures to the picture that hangs on the wall.
        swapped_from: second from which the people of the first two columns have changed places; None if they stay.
        elsewhere: seconds in which the picture shows other people.
    """

    name: str
    camera: Callable[[int], Transform]
    scene: Scene
    swapped_from: int | None = None
    elsewhere: range = range(0)

    def pictures(self, clip: Sequence[Image]) -> Iterator[Image]:
        """The camera's pictures, one a second.

        Args:
            clip: the clip's pictures, one a second, of one size.
        """
        height, width = clip[0].shape[:2]
        wall = _wall(width + 2 * MARGIN[0], height + 2 * MARGIN[1])
        for second in range(len(clip)):
            picture = wall.copy()
            picture[MARGIN[1] : MARGIN[1] + height, MARGIN[0] : MARGIN[0] + width] = self.scene(second, clip)
            size = picture.shape[1], picture.shape[0]
            moved = cv2.warpAffine(picture, self.camera(second), size, borderMode=cv2.BORDER_REPLICATE)
            yield np.asarray(moved, dtype=np.uint8)

    def person(self, face: Detection, second: int, clip_size: tuple[int, int]) -> Person:
        """Who a face is: column and row of the seat, by the camera's true motion; or `ELSEWHERE`."""
        if second in self.elsewhere:
            return ELSEWHERE
        x, y = cv2.invertAffineTransform(self.camera(second)) @ (
            face.left + face.width / 2,
            face.top + face.height / 2,
            1,
        )
        column = int((x - MARGIN[0]) * SEATS_ACROSS // clip_size[0])
        row = int((y - MARGIN[1]) * SEATS_DOWN // clip_size[1])
        if self.swapped_from is not None and second >= self.swapped_from and column < 2:
            column = 1 - column
        return column, row


def pages(size: tuple[int, int], elsewhere: Image) -> list[Page]:
    """Everything that happens to a camera.

    Args:
        size: width and height of the clip.
        elsewhere: another picture with other people, of the clip's size.
    """
    width, height = size[0] + 2 * MARGIN[0], size[1] + 2 * MARGIN[1]
    shaken = np.random.default_rng(1).normal(0, 14, (600, 2))

    def moved(x: float = 0, y: float = 0, *, roll: float = 0, zoom: float = 1) -> Transform:
        matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), roll, zoom), dtype=np.float64)
        matrix[:, 2] += (x, y)
        return matrix

    def still(_: int) -> Transform:
        return moved()

    def seats(second: int, clip: Sequence[Image]) -> Image:
        return clip[second]

    def dark(second: int, clip: Sequence[Image]) -> Image:
        return np.zeros_like(clip[second]) if 20 <= second < 23 else clip[second]

    def hidden(second: int, clip: Sequence[Image]) -> Image:
        picture = clip[second].copy()
        if 20 <= second < 24:
            picture[:, size[0] // 3 : 2 * size[0] // 3] = (40, 60, 80)
        return picture

    def cut(second: int, clip: Sequence[Image]) -> Image:
        return elsewhere if 20 <= second < 24 else clip[second]

    def swapped(second: int, clip: Sequence[Image]) -> Image:
        # The clip's photographs are gray and end at the chin: without shirts there is nothing to tell people by.
        picture, column = _in_shirts(clip[second]), size[0] // SEATS_ACROSS
        if second >= 20:
            first = picture[:, :column].copy()
            picture[:, :column], picture[:, column : 2 * column] = picture[:, column : 2 * column], first
        if 20 <= second < 28:
            picture[:, : 2 * column] = (60, 60, 60)
        return picture

    def screen(second: int, clip: Sequence[Image]) -> Image:
        picture = clip[second].copy()
        text = np.full((size[1] // 4, size[0], 3), 230, np.uint8)
        for line in range(-1, 6):
            y = line * 40 + (second * 60) % 40
            cv2.putText(text, f"line {line - second * 60 // 40} of the film", (20, y), 0, 1.3, (20, 20, 20), 3)
        picture[: size[1] // 4] = text
        return picture

    def swing(second: int) -> Transform:
        way = (second * 120 / 320) % 2
        return moved(320 * (1 - abs(1 - way)) - 160)

    def bump(second: int) -> Transform:
        return moved(0 if second < 20 else -150, 0 if second < 20 else 80, roll=0 if second < 20 else 4)

    return [
        Page(name="still", camera=still, scene=seats),
        Page(name="shaken by 14 px", camera=lambda second: moved(*shaken[second]), scene=seats),
        Page(name="swinging at 120 px/s", camera=swing, scene=seats),
        Page(name="slow pan", camera=lambda second: moved(6 * second - 180), scene=seats),
        Page(name="zoom", camera=lambda second: moved(zoom=1 + 0.12 * np.sin(0.8 * second)), scene=seats),
        Page(name="roll", camera=lambda second: moved(roll=6 * np.sin(1.1 * second)), scene=seats),
        Page(name="bumped", camera=bump, scene=seats),
        Page(name="dark for 3 s", camera=still, scene=dark),
        Page(name="hidden for 4 s", camera=still, scene=hidden),
        Page(name="film on a screen in view", camera=still, scene=screen),
        Page(name="cut away for 4 s", camera=still, scene=cut, elsewhere=range(20, 24)),
        Page(name="eight changed seats in 8 s", camera=still, scene=swapped, swapped_from=20),
    ]


def _in_shirts(picture: Image) -> Image:
    """Everybody in a shirt of a muted colour of their own, below the chin."""
    dressed, colours = picture.copy(), np.random.default_rng(7).integers(30, 190, (SEATS_DOWN, SEATS_ACROSS, 3))
    down, across = picture.shape[0] // SEATS_DOWN, picture.shape[1] // SEATS_ACROSS
    for row, column in np.ndindex(SEATS_DOWN, SEATS_ACROSS):
        top, left = round((row + 0.84) * down), column * across
        dressed[top : (row + 1) * down, left + across // 5 : left + 4 * across // 5] = colours[row, column]
    return dressed


def _wall(width: int, height: int) -> Image:
    noise = np.random.default_rng(5).normal(60, 25, (height // 8, width // 8, 3)).clip(0, 255).astype(np.uint8)
    wall = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 3), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wall, dtype=np.uint8)
