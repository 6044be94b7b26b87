"""Photos that somebody enrols with or is searched by: whether they can be used, and their templates.

The rules are stricter than for crops of a camera, because a poor photo spoils every comparison after it. Nothing tells
a photo of a photo from a person: whoever enrols others has to look (docs/method.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from audience.identity.records import PhotoQuality
from audience.language import N_
from edge_lambda.crops import crop_for_scoring, frontality, head_and_shoulders, sharpness
from edge_lambda.detectors import CLEAR, Detection, Detector, Image

if TYPE_CHECKING:
    from edge_lambda.recognisers import Recogniser

LEAST_FACE_PX: Final = 80
"""Height of a face in a photo, forehead to chin."""

LEAST_SHARPNESS: Final = 0.35
LEAST_FRONTALITY: Final = 0.55
BRIGHTNESS: Final = (0.18, 0.9)
"""Mean gray level of a face, 0 to 1."""

LEAST_CONFIDENCE: Final = 0.75
"""Of the detector: a face whose mouth or eyes are covered has less."""

BYSTANDER: Final = 0.5
"""Faces of this part of the largest one's height count as a second person."""

MOST_PIXELS: Final = 50_000_000
WORKED_ON_PX: Final = 1600
"""Longer side that photos are reduced to."""

FACE_PX: Final = 240
"""Side of the picture of the face that may be kept."""

_JPEG_QUALITY: Final = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """What was found on a photo.

    Attributes:
        problem: one sentence on what to do better, in English; "" where it can be used.
        quality: of the one face; None where there is none, or more than one.
        template: size numbers, length 1; None where it was not asked for, or the photo cannot be used.
        face: head and shoulders as a JPEG; b"" where the photo cannot be used.
    """

    problem: str
    quality: PhotoQuality | None = None
    template: NDArray[np.float32] | None = None
    face: bytes = b""


def measure_photo(content: bytes, detector: Detector, recogniser: Recogniser | None = None) -> Photo:
    """Measures one photo.

    Args:
        content: JPEG, PNG or WebP, or anything else.
        detector: finds the face; it has to give landmarks.
        recogniser: makes the template; None for none.
    """
    image = _decoded(content)
    if image is None:
        return Photo(problem=N_("This is no photo that can be read."))
    faces = sorted(
        (face for face in detector.detect(image) if face.landmarks is not None),
        key=lambda face: face.height,
        reverse=True,
    )
    if not faces:
        return Photo(problem=N_("No face is in view: look at the camera, with nothing over your face."))
    face = faces[0]
    if any(other.height >= BYSTANDER * face.height for other in faces[1:]):
        return Photo(problem=N_("Two faces are in view: be alone in the picture."))
    quality = PhotoQuality(
        face_px=round(face.height),
        sharpness=round(sharpness(image, face), 3),
        brightness=round(float(cv2.cvtColor(crop_for_scoring(image, face), cv2.COLOR_BGR2GRAY).mean()) / 255, 3),
        turn=round(1 - frontality(face), 3),
    )
    if problem := _problem(quality, face):
        return Photo(problem=problem, quality=quality)
    template = None
    if recogniser is not None:
        from edge_lambda.recognisers.alignment import aligned

        template = recogniser.templates([aligned(image, face, recogniser.geometry)], carefully=True)[0]
    portrait = head_and_shoulders(image, face, side=FACE_PX, quality=_JPEG_QUALITY)
    return Photo(problem="", quality=quality, template=template, face=portrait)


def _problem(quality: PhotoQuality, face: Detection) -> str:
    darkest, brightest = BRIGHTNESS
    for is_bad, line in (
        (quality.face_px < LEAST_FACE_PX, N_("The face is too small: come closer.")),
        (quality.brightness < darkest, N_("It is too dark: turn to the light.")),
        (quality.brightness > brightest, N_("It is too bright: turn away from the light.")),
        (1 - quality.turn < LEAST_FRONTALITY, N_("The face is turned away: look at the camera, head upright.")),
        (face.confidence < max(CLEAR, LEAST_CONFIDENCE), N_("The face is covered or unclear: show all of it.")),
        (quality.sharpness < LEAST_SHARPNESS, N_("The face is blurred: hold still, and wipe the lens.")),
    ):
        if is_bad:
            return line
    return ""


def _decoded(content: bytes) -> Image | None:
    """The photo, turned as its camera noted, at most `WORKED_ON_PX` a side; None if it cannot be read."""
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error:
        return None
    if image is None or image.shape[0] * image.shape[1] > MOST_PIXELS:
        return None
    height, width = image.shape[:2]
    scale = WORKED_ON_PX / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(image, dtype=np.uint8)
