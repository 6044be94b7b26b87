"""Corrects a camera's pictures before faces are scored: upright, straight, and deinterlaced.

corrector = PictureCorrector(detector)
corrected = corrector.correct(image)
track(corrected.image, corrected.detections)
print(corrector.notes())
"""

from edge_lambda.correction.corrector import CorrectedFrame, PictureCorrector

__all__ = ["CorrectedFrame", "PictureCorrector"]
