"""Converts a decoded frame to the picture a viewer sees: BGR, upright, with square pixels."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

import numpy as np
from av import VideoFrame
from av.buffer import Buffer

from edge_lambda.detectors import Image

# A wider or narrower pixel shape means a damaged header, not a special lens.
WIDEST_PIXEL = 4
# A display matrix is 3 x 3 numbers of 4 bytes.
MATRIX_BYTES = 36
# Display matrices by quarter turns, counterclockwise.
MATRICES = {1: [0, -1, 0, 1, 0], 2: [-1, 0, 0, 0, -1], 3: [0, 1, 0, -1, 0]}


def upright_image(frame: VideoFrame, pixel_aspect: Fraction | None) -> Image:
    """Turns a decoded frame into an image.

    Args:
        frame: from the decoder; any pixel format, depth, or orientation.
        pixel_aspect: ratio of a pixel's width to its height; None if the file does not state it.

    Returns:
        height x width x 3, BGR, 0..255, contiguous.
    """
    width = frame.width
    if pixel_aspect and Fraction(1, WIDEST_PIXEL) <= pixel_aspect <= WIDEST_PIXEL:
        width = max(1, round(width * pixel_aspect))
    image = np.asarray(frame.reformat(width=width, format="bgr24").to_ndarray(), dtype=np.uint8)
    return np.ascontiguousarray(_as_displayed(image, frame))


def _as_displayed(image: Image, frame: VideoFrame) -> Image:
    """Applies the frame's display matrix, rounded to one of the eight orientations."""
    matrix = _display_matrix(frame)
    if matrix is None:
        return image
    # x' = a x + c y, y' = b x + d y in 16.16 fixed point (libavutil/display.h).
    a, b, _, c, d = matrix
    if abs(b) + abs(c) > abs(a) + abs(d):
        image = image.transpose(1, 0, 2)
        across, down = c, b
    else:
        across, down = a, d
    if across < 0:
        image = image[:, ::-1]
    if down < 0:
        image = image[::-1]
    return image


def _display_matrix(frame: VideoFrame) -> list[int] | None:
    """The first five numbers of a frame's display matrix; None if it has none."""
    try:
        found = cast(Mapping[str, Buffer], frame.side_data).get("DISPLAYMATRIX")
    except ValueError:
        # If a frame has side data that PyAV does not know (such as EXIF), PyAV only gives this angle.
        return MATRICES.get(round(frame.rotation / 90) % 4)
    if found is None or len(content := bytes(found)) < MATRIX_BYTES:
        return None
    return [int(number) for number in np.frombuffer(content, dtype=np.int32)[:5]]
