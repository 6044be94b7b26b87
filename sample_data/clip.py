"""Generates a demo clip from real faces that scikit-image ships: 24 seats whose smiles follow a script.

The faces are the small gray ones of `skimage.data.lfw_subset()` (Labeled Faces in the Wild; the first 100 are faces)
and, in one seat, NASA's portrait of Eileen Collins, `skimage.data.astronaut()`. Which of them smile was judged by eye.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SECONDS = 60
FPS = 10
WIDTH, HEIGHT = 1280, 720
COLUMNS, ROWS = 6, 4
SEATS = COLUMNS * ROWS
FACE_PX = 104
EVERYONE_OUT_S = range(38, 41)
LAUGHS = ((10.0, 0.85, 2.5), (26.0, 0.7, 3.5), (50.0, 0.97, 3.0))
"""Second, height of the smiling share, and width in seconds of each laugh."""

SMILING = (1, 11, 18, 19, 21, 27, 31, 37, 38, 45, 52, 53, 61, 69, 74, 75, 79, 81, 82, 84, 85, 91, 93)
UNSMILING = (2, 3, 6, 14, 15, 17, 20, 25, 35, 42, 43, 44, 46, 54, 57, 60, 62, 66, 72, 73, 80, 87, 88, 90)
"""Indices into `lfw_subset()`, judged by eye; the portrait is the last smiling face."""


def smiling_share(second: float) -> float:
    """The scripted share of smiling seats at a second of the clip, 0..1; repeats every minute."""
    within = second % SECONDS
    share = 0.06 + sum(height * np.exp(-(((within - at) / width) ** 2)) for at, height, width in LAUGHS)
    return float(min(share, 1.0))


def make_clip(
    path: Path,
    *,
    created_at: datetime,
    seconds: int = SECONDS,
    fps: int = FPS,
    seed: int = 1,
    on_second: Callable[[int], None] = lambda second: None,
) -> list[tuple[int, int]]:
    """Writes the clip as H.264.

    Args:
        path: the output file; an existing file is replaced.
        created_at: the creation time in the container.
        seconds: length of the clip.
        fps: frame rate.
        seed: seed of who smiles when.
        on_second: callback after each second of the clip is written.

    Returns:
        The ground truth: faces in view and faces smiling, per second.
    """
    smiling, unsmiling = _faces()
    rng = np.random.default_rng(seed)
    ease = rng.random(SEATS)  # the share of laughter from which each seat joins in
    ground = np.full((HEIGHT, WIDTH, 3), (58, 52, 48), np.uint8)
    # A few noise images, used in turn, because generating noise for each frame would dominate the run time.
    grains = rng.normal(0, 2, (7, HEIGHT, WIDTH, 1)).round().astype(np.int16)
    truth = []
    with av.open(str(path), "w", format="mp4") as container:
        container.metadata["creation_time"] = created_at.astimezone(UTC).isoformat()
        stream = container.add_stream("h264", rate=fps, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, fps)
        for second in range(seconds):
            ease = np.where(rng.random(SEATS) < 0.1, rng.random(SEATS), ease)
            smiles = ease < smiling_share(second + 0.5)
            out = second % SECONDS in EVERYONE_OUT_S
            truth.append((0, 0) if out else (SEATS, int(smiles.sum())))
            for index in range(second * fps, (second + 1) * fps):
                image = ground.copy()
                for seat in range(0 if out else SEATS):
                    _seat(image, seat, (smiling if smiles[seat] else unsmiling)[seat], index / fps)
                grained = (image + grains[index % len(grains)]).clip(0, 255).astype(np.uint8)
                frame = av.VideoFrame.from_ndarray(grained, format="bgr24")
                frame.pts = index
                container.mux(stream.encode(frame))
            on_second(second)
        container.mux(stream.encode(None))
    return truth


def _faces() -> tuple[list[Image], list[Image]]:
    import skimage.data

    small = (skimage.data.lfw_subset()[:100] * 255).astype(np.uint8)
    astronaut = skimage.data.astronaut()
    portrait = cv2.cvtColor(astronaut[5:215, 115:325], cv2.COLOR_RGB2BGR)

    def enlarged(index: int) -> Image:
        face = cv2.resize(small[index], (FACE_PX, FACE_PX), interpolation=cv2.INTER_CUBIC)
        return np.asarray(cv2.cvtColor(face, cv2.COLOR_GRAY2BGR), dtype=np.uint8)

    smiling = [enlarged(index) for index in SMILING]
    smiling.append(np.asarray(cv2.resize(portrait, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8))
    return smiling, [enlarged(index) for index in UNSMILING]


def _seat(image: Image, seat: int, face: Image, at_s: float) -> None:
    """Draws a face on its seat, swaying slightly."""
    x = int((seat % COLUMNS + 0.5) * WIDTH / COLUMNS) - FACE_PX // 2 + round(3 * np.sin(1.1 * at_s + seat))
    y = int((seat // COLUMNS + 0.5) * HEIGHT / ROWS) - FACE_PX // 2 + round(2 * np.cos(0.9 * at_s + seat))
    image[y : y + FACE_PX, x : x + FACE_PX] = face
