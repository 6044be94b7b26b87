"""Putting a camera's pictures right before anything is scored: upright, straight, and without interlacing.

corrector = PictureCorrector(detector)
seen = corrector.correct(image)
track(seen.image, seen.detections)
print(corrector.notes())
"""

from edge_lambda.correction.corrector import CorrectedFrame, PictureCorrector

__all__ = ["CorrectedFrame", "PictureCorrector"]
