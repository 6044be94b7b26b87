"""Text in pictures: captions in a clip, in the typeface of the pages."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dashboard.report.typefaces import BOLD, TEXT, typeface_file

# Letters are a twentieth of the picture's shorter side: legible on a phone.
_LETTER, _LEAST_LETTER_PX = 1 / 20, 11
_GROUND = 0.68  # how dark the ground of a caption is, 0..1


@lru_cache(maxsize=16)
def typeface(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Source Sans: Latin, Greek and Cyrillic letters.

    Args:
        size: pixels.
        bold: whether it is semibold.
    """
    return ImageFont.truetype(typeface_file(BOLD if bold else TEXT), size)


def fitted(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, shortened with “…” where it is wider than so many pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def with_caption(image: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """A copy of a picture with a caption near its lower edge, the first line in bold.

    Args:
        image: height x width x 3, 0..255.
        text: one or two lines; each is shortened to fit.
    """
    caption = _caption(text, image.shape[1], image.shape[0])
    height, width = caption.white.shape
    top = max(0, image.shape[0] - height - image.shape[0] // 20)
    left = (image.shape[1] - width) // 2
    drawn = image.copy()
    under = drawn[top : top + height, left : left + width].astype(np.float32)
    mixed = under * (1 - caption.dark[:, :, None]) * (1 - caption.white[:, :, None]) + 255 * caption.white[:, :, None]
    drawn[top : top + height, left : left + width] = mixed.astype(np.uint8)
    return drawn


class _Caption:
    """How dark the ground of a caption is at each pixel, and how white its letters; (height, width), 0..1."""

    def __init__(self, dark: Image.Image, white: Image.Image) -> None:
        self.dark = np.asarray(dark, dtype=np.float32) / 255 * _GROUND
        self.white = np.asarray(white, dtype=np.float32) / 255


@lru_cache(maxsize=8)
def _caption(text: str, width: int, height: int) -> _Caption:
    size = max(_LEAST_LETTER_PX, round(min(width, height) * _LETTER))
    pad = size // 2
    fonts = [typeface(size, bold=number == 0) for number, _ in enumerate(text.splitlines())]
    lines = [fitted(line, font, width - 4 * pad) for line, font in zip(text.splitlines(), fonts, strict=True)]
    across = round(max(font.getlength(line) for line, font in zip(lines, fonts, strict=True))) + 2 * pad
    step = round(1.25 * size)
    shape = (min(width, across), min(height, step * len(lines) + pad))
    dark, white = Image.new("L", shape), Image.new("L", shape)
    ImageDraw.Draw(dark).rounded_rectangle((0, 0, shape[0] - 1, shape[1] - 1), radius=pad, fill=255)
    letters = ImageDraw.Draw(white)
    for number, (line, font) in enumerate(zip(lines, fonts, strict=True)):
        letters.text((pad, pad // 3 + number * step), line, font=font, fill=255)
    return _Caption(dark, white)
