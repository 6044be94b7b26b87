"""Finds the orientation of a camera's pictures from the faces in them, and corrects it.

1. Landmarks show the orientation of every face. While most faces are upright, nothing
   is changed.
2. If most faces lie on their side or upside down, faces are detected in all four orientations. The picture is turned
   once one orientation has clearly more upright faces than the others; until then its faces are not scored. If faces
   seem upright but are not clear, all orientations are checked too, three times and then once in 150 frames.
3. If the faces lean to one side together, the picture is straightened by that angle.
4. If no face is found, the other orientations are tried now and then.

Where the detector's landmarks stay upright in a tilted face, a second detector, the compass, finds the faces for these
steps: in every picture until the orientation is known, then in one of ten.

Before that, interlaced pictures are deinterlaced and noisy ones smoothed. A camera that is turned later is noticed in
the same way. Without landmarks the orientation is unknown, and the picture is left as it is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from edge_lambda.correction.interlacing import deinterlaced, is_combed
from edge_lambda.correction.leaning import (
    ENOUGH_FACES,
    ENOUGH_FRAMES,
    LYING,
    are_clearly_upright,
    eye_lines_of,
    leans_of,
    tilt,
    uprightness,
)
from edge_lambda.correction.turn import QUARTERS, Turn
from edge_lambda.detectors import CLEAR, SURE, Detection, Detector, Image
from edge_lambda.detectors.load import load_compass
from edge_lambda.expected_faces import recall

NOISY_FROM: Final = 6.0
"""Noise (standard deviation, gray levels) from which a picture is smoothed. In enough light it is at most 3."""

_SMOOTHED_BY = 1.0  # standard deviation of the smoothing, pixels
_EVERY = 8  # every n-th pixel in each direction is measured
_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
_OF_MASK = 6.0  # standard deviation of the mask's output for noise of 1
_OF_MEDIAN = 0.6745  # median of the absolute value of a standard normal


def noise_of(image: Image) -> float:
    """Standard deviation of a picture's noise, gray levels; takes a quarter of a millisecond for 1280 x 720.

    The mask of J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64, 1996, ignores
    slopes, and the median of its output ignores edges.

    Args:
        image: height x width x 3, BGR, 0..255.
    """
    height, width = image.shape[:2]
    if height < _EVERY or width < _EVERY:
        return 0.0
    answer = sum(
        weight * image[down : height - 2 + down : _EVERY, across : width - 2 + across : _EVERY, 1].astype(np.int16)
        for (down, across), weight in np.ndenumerate(_MASK)
    )
    return float(np.median(np.abs(answer))) / (_OF_MASK * _OF_MEDIAN)


def smoothed(image: Image) -> Image:
    """Smooths a picture with a Gaussian, which reduces noise and a little sharpness."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), _SMOOTHED_BY), dtype=np.uint8)


ENOUGH: Final = 2.0
"""Total uprightness needed to decide an orientation: three faces, or one face seen three times."""

MARGIN: Final = 1.3
"""Factor by which the best orientation has to exceed the second best."""

_JUDGED_TOGETHER = 5  # with fewer faces in a frame, those of earlier frames count too
_LOOKS_AT_ONCE = 8  # checks of all orientations in a row, before they get rarer
_RAREST = 64  # most frames between two such checks, and between two failed tries to straighten
_FREE_CHECKS = 3  # first checks of all orientations for faces that seem upright but are not clear
_FRAMES_A_CHECK = 150  # ... then one check per this many frames: 2 % of the time
_FREE_TRIES = 3  # first tries of other orientations if no face is found
_FRAMES_A_TRY = 50  # ... then one try per this many frames: 2 % of the time
_STILL_SEEN = 0.93  # share of the uprightness that must remain after straightening, which costs a little sharpness
_FOUND_AT_LEAST = 0.5  # share of the faces that must be found despite noise, or none is scored
_COMPASS_EVERY = 10  # pictures from one look of the compass to the next, once the orientation is known
_LEAST_ROLL = 5  # smallest angle by which a picture is straightened, degrees


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectedFrame:
    """A corrected picture and its faces.

    Attributes:
        image: the corrected picture; the input itself if nothing was wrong.
        detections: its faces, in pixels of `image`, most certain first.
        moved: whether its orientation differs from the previous picture's, so that tracks must end.
        unusable: whether its faces must not be scored: their orientation is unknown, or noise hides most of them.
    """

    image: Image
    detections: list[Detection]
    moved: bool = False
    unusable: bool = False


class PictureCorrector:
    """Corrects the pictures of one camera, in chronological order."""

    def __init__(self, detector: Detector, *, compass: Detector | None = None) -> None:
        """Assumes upright pictures until faces show otherwise.

        Args:
            detector: finds the faces.
            compass: finds the faces that show the orientation; None for the one that `load_compass` gives.

        Raises:
            ModelUnavailable: the compass cannot be loaded.
        """
        self._detector = detector
        self._compass = compass or load_compass(detector) or detector
        self._compass_looks = self._next_compass = 0
        self._turn = Turn()
        self._recent: deque[tuple[float, float]] = deque(maxlen=_JUDGED_TOGETHER)  # lean and confidence of each face
        self._lines: deque[list[float]] = deque(maxlen=ENOUGH_FRAMES)
        self._evidence = np.zeros(QUARTERS)
        self._frames = self._looks = self._checks = self._tries = 0
        self._next_look = self._next_tilt = 0
        self._lying = self._scored = self._deinterlaced = self._smoothed = 0
        self._hidden = 0
        self._doubts: deque[tuple[int, int]] = deque(maxlen=ENOUGH_FRAMES)  # faces found, doubtful faces
        self._turned: dict[int, Turn] = {}

    def correct(self, image: Image, *, interlaced: bool = False) -> CorrectedFrame:
        """Corrects a picture and finds its faces.

        Args:
            image: height x width x 3, BGR, 0..255.
            interlaced: whether the source declares it interlaced; if not, the picture is checked.
        """
        self._frames += 1
        if interlaced or is_combed(image):
            image = deinterlaced(image)
            self._deinterlaced += 1
        noisy = noise_of(image) >= NOISY_FROM
        if noisy:
            image = smoothed(image)
            self._smoothed += 1
        before = self._turn
        frame = self._upright(image)
        too_noisy = noisy and self._noise_hides_most(frame.detections)
        self._note(frame, too_noisy)
        return CorrectedFrame(
            image=frame.image,
            detections=frame.detections,
            moved=self._turn != before,
            unusable=frame.unusable or too_noisy,
        )

    @property
    def unusable(self) -> int:
        """Number of pictures so far whose faces could not be scored."""
        return self._lying + self._hidden

    def notes(self) -> tuple[str, ...]:
        """Corrections made so far, one line each; empty if none."""
        lines = [f"Picture {turn}." for turn in self._turned.values()]
        if self._deinterlaced:
            lines.append("Picture deinterlaced.")
        if self._smoothed:
            lines.append("Picture smoothed, because it is noisy.")
        for count, why in (
            (self._lying, "faces lie on their side or upside down, and the orientation is not clear"),
            (self._hidden, "noise hides most faces; more light helps"),
        ):
            if count and not self._scored:
                lines.append(f"No picture was scored: {why}.")
            elif count:
                lines.append(f"{count} picture{' was' if count == 1 else 's were'} not scored: {why}.")
        return tuple(lines)

    def _upright(self, image: Image) -> CorrectedFrame:
        """Turns a picture upright and finds its faces."""
        turned = self._turn.applied(image)
        frame = CorrectedFrame(image=turned, detections=self._detector.detect(turned))
        # Doubtful faces alone are never scored: they may as well be the backs of chairs.
        sure = any(face.confidence >= SURE for face in frame.detections)
        if self._compass is self._detector or not frame.detections:
            oriented = self._oriented(image, frame, sure)
        elif self._frames < self._next_compass:
            return frame
        else:
            oriented = self._oriented(image, replace(frame, detections=self._compass.detect(turned)), sure)
            self._compass_looks += 1
            known = self._compass_looks >= ENOUGH_FRAMES or sum(map(len, self._lines)) >= ENOUGH_FACES
            self._next_compass = self._frames + (_COMPASS_EVERY if known and not oriented.unusable else 1)
        if self._compass is self._detector:
            return oriented
        if oriented.image is turned:
            return replace(frame, unusable=oriented.unusable)
        return replace(oriented, detections=self._detector.detect(oriented.image))

    def _oriented(self, image: Image, frame: CorrectedFrame, sure: bool) -> CorrectedFrame:
        """Turns a picture upright, by the faces that the compass found in it as it is turned now.

        Args:
            image: the picture as it came.
            frame: the picture as it is turned now, and those faces.
            sure: whether the detector is sure of a face in it.
        """
        leans = leans_of(frame.detections)
        if self._most_faces_lie(leans):
            frame = self._find_orientation(image, frame, sure)
        elif leans:
            frame = self._check_upright(image, frame)
        elif not frame.detections:
            frame = self._try_other_orientation(image, frame)
        return frame if frame.unusable else self._straighten(image, frame)

    def _detect_turned(self, image: Image) -> CorrectedFrame:
        """Applies the current turn to a picture and finds its faces with the compass."""
        turned = self._turn.applied(image)
        return CorrectedFrame(image=turned, detections=self._compass.detect(turned))

    def _most_faces_lie(self, leans: list[tuple[float, float]]) -> bool:
        """Whether most faces of a frame are not upright; with few faces, those of earlier frames count too."""
        if not leans:
            return False
        together = (*leans, *list(self._recent)[: max(0, _JUDGED_TOGETHER - len(leans))])
        self._recent.extendleft(leans)
        wrong = sum(confidence for lean, confidence in together if abs(lean) > LYING)
        return 2 * wrong > sum(confidence for _, confidence in together)

    def _find_orientation(self, image: Image, frame: CorrectedFrame, sure: bool) -> CorrectedFrame:
        """Finds the orientation of a picture with lying faces; unusable until it is known, if a face is sure."""
        unknown = CorrectedFrame(image=frame.image, detections=frame.detections, unusable=sure)
        if self._frames < self._next_look:
            return unknown if self._evidence.any() else frame
        self._looks += 1
        if self._looks >= _LOOKS_AT_ONCE:
            self._next_look = self._frames + min(_RAREST, 2 ** (self._looks - _LOOKS_AT_ONCE + 1))
        return self._compare_orientations(image, frame) or unknown

    def _check_upright(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame:
        """Checks now and then whether faces that seem upright are so, unless they clearly are."""
        if self._compass.landmarks_turn and are_clearly_upright(frame.detections):
            self._evidence /= 2  # earlier evidence against it loses weight
            return frame
        if self._checks >= _FREE_CHECKS + self._frames // _FRAMES_A_CHECK:
            return frame
        self._checks += 1
        found = self._compare_orientations(image, frame)
        if found is not None:
            self._checks = max(self._checks, _FREE_CHECKS)
        return found or frame

    def _compare_orientations(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame | None:
        """Detects faces in all four orientations; returns the clearly best one, or None if there is none yet."""
        seen = {self._turn.quarters: frame}
        for quarters in range(QUARTERS):
            if quarters not in seen:
                turned = Turn(quarters).applied(image)
                seen[quarters] = CorrectedFrame(image=turned, detections=self._compass.detect(turned))
        self._evidence += [uprightness(seen[quarters].detections) for quarters in range(QUARTERS)]
        second, best = np.sort(self._evidence)[-2:]
        if best < ENOUGH or best < MARGIN * second:
            return None
        quarters = int(np.argmax(self._evidence))
        self._evidence[:] = 0
        if quarters != self._turn.quarters:
            self._turn = Turn(quarters)
            self._forget()
        return seen[quarters]

    def _try_other_orientation(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame:
        """Tries another orientation if no face is found, rarely enough to cost little."""
        if self._tries >= _FREE_TRIES + self._frames // _FRAMES_A_TRY:
            return frame
        self._tries += 1
        other = self._turn.by(quarters=1 + self._tries % (QUARTERS - 1))
        if not uprightness(self._compass.detect(other.applied(image))):
            return frame
        return self._compare_orientations(image, frame) or frame

    def _straighten(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame:
        """Straightens a picture by the angle at which its faces lean together."""
        lines = eye_lines_of(frame.detections)
        if not lines:
            return frame
        self._lines.append(lines)
        lean = tilt(self._lines)
        if lean is None:
            return frame
        if self._frames < self._next_tilt:
            return frame
        better = self._try_roll(image, frame, lean)
        if better is frame:
            self._next_tilt = self._frames + _RAREST
            return frame
        self._forget()
        # Landmarks slightly underestimate the angle of a strongly tilted face, so correct the rest.
        left = eye_lines_of(better.detections)
        if left and abs(still := float(np.median(left))) >= _LEAST_ROLL:
            better = self._try_roll(image, better, still)
        return better

    def _try_roll(self, image: Image, frame: CorrectedFrame, lean: float) -> CorrectedFrame:
        """Turns the picture by `lean` degrees more, unless its faces are then detected less well."""
        before = self._turn
        self._turn = before.by(roll=round(lean))
        if abs(self._turn.roll) < _LEAST_ROLL:
            self._turn = Turn(self._turn.quarters)
        better = self._detect_turned(image) if self._turn != before else frame
        if better is frame or uprightness(better.detections) < _STILL_SEEN * uprightness(frame.detections):
            self._turn = before
            return frame
        return better

    def _forget(self) -> None:
        """Clears what was measured in the previous orientation."""
        self._recent.clear()
        self._lines.clear()
        self._looks = self._next_look = self._next_tilt = self._compass_looks = self._next_compass = 0

    def _noise_hides_most(self, faces: list[Detection]) -> bool:
        """Whether noise hides most faces, estimated from the share of doubtful ones among those found."""
        self._doubts.append((len(faces), sum(face.confidence < CLEAR for face in faces)))
        found, doubted = (sum(counts) for counts in zip(*self._doubts, strict=True))
        return found > 0 and recall(doubted / found) < _FOUND_AT_LEAST

    def _note(self, frame: CorrectedFrame, too_noisy: bool) -> None:
        if frame.unusable:
            self._lying += 1
        elif too_noisy:
            self._hidden += 1
        elif frame.detections:
            self._scored += 1
            if self._turn != Turn():
                self._turned[self._turn.quarters] = self._turn
