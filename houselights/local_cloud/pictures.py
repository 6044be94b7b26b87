"""Which pictures Amazon Rekognition takes, and decoding them.

Limits: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html. The words of refusals that are known are used:
a picture that is too small is told of as invalid parameters (https://github.com/boto/botocore/issues/1366).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from edge_lambda.detectors import Image
from houselights.local_cloud.rekognition_errors import Refusal

LARGEST_INLINE: Final = 5 * 1024 * 1024
"""Bytes of a picture within the request."""

LARGEST_IN_S3: Final = 15 * 1024 * 1024
"""Bytes of a picture in S3."""

LEAST_SIDE: Final = 80
MOST_SIDE: Final = 10_000
"""Pixels a side. The upper bound is documented for other operations, and taken to hold for DetectFaces too."""

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


def check_size(size: int, most: int) -> None:
    """Refuses a picture of too many bytes."""
    if size > most:
        raise Refusal("ImageTooLargeException", f"the image has {size} bytes, and at most {most} are allowed")


def decoded(data: bytes) -> Image:
    """The picture, turned upright where a JPEG says how it was held.

    Args:
        data: a JPEG or a PNG.

    Raises:
        Refusal: it is neither, or too small or too large.
    """
    if not data.startswith((_JPEG, _PNG)):
        raise Refusal("InvalidImageFormatException", "Request has invalid image format")
    try:
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # more pixels than OpenCV takes
        raise Refusal("ImageTooLargeException", f"a side of the image is over {MOST_SIDE} pixels") from None
    if picture is None:
        raise Refusal("InvalidImageFormatException", "Request has invalid image format")
    height, width = picture.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise Refusal("InvalidParameterException", "Request has invalid parameters")
    if max(height, width) > MOST_SIDE:
        raise Refusal("ImageTooLargeException", f"a side of the image is over {MOST_SIDE} pixels")
    return np.asarray(picture, dtype=np.uint8)
