"""Finds out how a camera's pictures lie, from the faces in them, and puts them right.

1. Faces say how they lie by their landmarks, in every picture and at no cost. While most of them stand upright, nothing
   else is looked at and nothing is changed.
2. Where most of them lie on their side or upside down, the picture is looked at in all four ways. It is turned once one
   way shows more upright faces than any other; until then nothing of it is scored. Where they seem to stand upright and
   are not clear, it is looked at in all ways too, three times and then once in 150 frames.
3. Where the faces lean to one side together, the picture is straightened by as much.
4. Where no face is found at all, the other ways are tried now and then.

Before that, interlaced pictures are mended and noisy ones smoothed. A camera that is turned later is noticed by the
same signs. Without landmarks nothing is known of how a picture lies, and it is left so.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge_lambda.correction.interlacing import deinterlaced, is_combed
from edge_lambda.correction.leaning import (
    ENOUGH_FRAMES,
    LYING,
    are_plainly_upright,
    eye_lines_of,
    leans_of,
    tilt,
    uprightness,
)
from edge_lambda.correction.turn import QUARTERS, Turn
from edge_lambda.detectors import CLEAR, SURE, Detection, Detector, Image
from edge_lambda.expected_faces import recall

NOISY_FROM: Final = 6.0
"""Standard deviation of the noise, gray levels, from which a picture is smoothed. In enough light it is 3 at most."""

_SMOOTHED_BY = 1.0  # standard deviation of the smoothing, pixels
_EVERY = 8  # a pixel in so many each way is measured
_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
_OF_MASK = 6.0  # standard deviation of the mask's answer to noise of 1
_OF_MEDIAN = 0.6745  # median of the absolute value of a standard normal


def noise_of(image: Image) -> float:
    """Standard deviation of a picture's noise, gray levels, in a quarter of a millisecond for 1280 x 720.

    The mask of J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64, 1996, is
    blind to slopes, and the median of its answers to edges.

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
    """The picture with less noise, and a little less sharp."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), _SMOOTHED_BY), dtype=np.uint8)


ENOUGH: Final = 2.0
"""Uprightness, summed over looks, that decides which way is up: three faces, or one face seen three times."""

MARGIN: Final = 1.3
"""Factor by which the best way has to exceed the second best."""

_JUDGED_TOGETHER = 5  # of fewer faces in a frame, those of the frames before it count too
_LOOKS_AT_ONCE = 8  # looks in all ways in a row, before they get rarer
_RAREST = 64  # frames between two such looks at most, and between two tries to straighten that made nothing better
_FREE_CHECKS = 3  # looks in all ways at faces that seem to stand upright and are not clear
_FRAMES_A_CHECK = 150  # ... and then one in so many frames: 2 % of the time
_FREE_TRIES = 3  # other ways tried at once where no face is found
_FRAMES_A_TRY = 50  # ... and then one in so many frames: 2 % of the time
_STILL_SEEN = 0.95  # part of the uprightness that straightening has to leave: it costs a little sharpness
_FOUND_AT_LEAST = 0.5  # part of the faces that has to be found in noise for a share to be one of the audience
_LEAST_ROLL = 5  # a picture is not straightened by less, degrees


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectedFrame:
    """A picture as it is looked at.

    Attributes:
        image: the picture put right; the very one that was given where nothing was wrong.
        detections: its faces, in pixels of `image`, most certain first.
        moved: whether it is turned otherwise than the picture before, so that no track goes on.
        unusable: whether nothing is to be scored: its faces lie and it is not known how, or noise hides most of them.
    """

    image: Image
    detections: list[Detection]
    moved: bool = False
    unusable: bool = False


class PictureCorrector:
    """Puts the pictures of one camera right, in the order they were taken."""

    def __init__(self, detector: Detector) -> None:
        """Takes the pictures for upright until they show otherwise.

        Args:
            detector: finds the faces.
        """
        self._detector = detector
        self._turn = Turn()
        self._recent: deque[tuple[float, float]] = deque(maxlen=_JUDGED_TOGETHER)  # leans and confidences
        self._lines: deque[list[float]] = deque(maxlen=ENOUGH_FRAMES)
        self._evidence = np.zeros(QUARTERS)
        self._frames = self._looks = self._checks = self._tries = 0
        self._next_look = self._next_tilt = 0
        self._lying = self._scored = self._deinterlaced = self._smoothed = 0
        self._hidden = 0
        self._doubts: deque[tuple[int, int]] = deque(maxlen=ENOUGH_FRAMES)  # faces found in noise, and doubted ones
        self._turned: dict[int, Turn] = {}

    def correct(self, image: Image, *, interlaced: bool = False) -> CorrectedFrame:
        """Puts a picture right and finds its faces.

        Args:
            image: height x width x 3, BGR, 0..255.
            interlaced: whether its source says that it is; else it is looked at.
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
        frame = self._looked_at(image)
        leans = leans_of(frame.detections)
        if self._lie_wrong(leans):
            frame = self._find_the_way(image, frame)
        elif leans:
            frame = self._checked(image, frame)
        elif not frame.detections:
            frame = self._try_another_way(image, frame)
        if not frame.unusable:
            frame = self._straightened(image, frame)
        too_noisy = noisy and self._hides_most(frame.detections)
        self._note(frame, too_noisy)
        return CorrectedFrame(
            image=frame.image,
            detections=frame.detections,
            moved=self._turn != before,
            unusable=frame.unusable or too_noisy,
        )

    @property
    def unusable(self) -> int:
        """Pictures so far of which nothing was scored though they show faces."""
        return self._lying + self._hidden

    def notes(self) -> tuple[str, ...]:
        """What was done to the pictures so far, a line each; empty where they are as they came."""
        lines = [f"Picture {turn}." for turn in self._turned.values()]
        if self._deinterlaced:
            lines.append("Picture deinterlaced.")
        if self._smoothed:
            lines.append("Picture smoothed, because it is noisy.")
        for count, why in (
            (self._lying, "faces lie on their side or upside down, and which way is up cannot be told"),
            (self._hidden, "noise hides most of the faces; more light helps"),
        ):
            if count and not self._scored:
                lines.append(f"Nothing scored: {why}.")
            elif count:
                lines.append(f"Of {count} picture{'' if count == 1 else 's'} nothing was scored: {why}.")
        return tuple(lines)

    def _looked_at(self, image: Image) -> CorrectedFrame:
        """The picture turned as it is known to be, and its faces."""
        turned = self._turn.applied(image)
        return CorrectedFrame(image=turned, detections=self._detector.detect(turned))

    def _lie_wrong(self, leans: list[tuple[float, float]]) -> bool:
        """Whether most faces of a frame lie another way; of few faces, those of the frames before count too."""
        if not leans:
            return False
        together = (*leans, *list(self._recent)[: max(0, _JUDGED_TOGETHER - len(leans))])
        self._recent.extendleft(leans)
        wrong = sum(confidence for lean, confidence in together if abs(lean) > LYING)
        return 2 * wrong > sum(confidence for _, confidence in together)

    def _find_the_way(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame:
        """A picture whose faces lie, turned; until it is known how, as it is, and nothing of it is to be scored."""
        # Doubtful faces alone are scored in no case: they may as well be the backs of chairs.
        sure = any(face.confidence >= SURE for face in frame.detections)
        unknown = CorrectedFrame(image=frame.image, detections=frame.detections, unusable=sure)
        if self._frames < self._next_look:
            return unknown if self._evidence.any() else frame
        self._looks += 1
        if self._looks >= _LOOKS_AT_ONCE:
            self._next_look = self._frames + min(_RAREST, 2 ** (self._looks - _LOOKS_AT_ONCE + 1))
        return self._looked_at_all_ways(image, frame) or unknown

    def _checked(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame:
        """A picture whose faces seem to stand upright, looked at in all ways where that may be wrong, but seldom."""
        if self._detector.landmarks_turn and are_plainly_upright(frame.detections):
            self._evidence /= 2  # what spoke against it gets old
            return frame
        if self._checks >= _FREE_CHECKS + self._frames // _FRAMES_A_CHECK:
            return frame
        self._checks += 1
        found = self._looked_at_all_ways(image, frame)
        if found is not None:
            self._checks = max(self._checks, _FREE_CHECKS)
        return found or frame

    def _looked_at_all_ways(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame | None:
        """The picture turned the way in which its faces stand clearly best; None where none is clearly the best yet."""
        seen = {self._turn.quarters: frame}
        for quarters in range(QUARTERS):
            if quarters not in seen:
                turned = Turn(quarters).applied(image)
                seen[quarters] = CorrectedFrame(image=turned, detections=self._detector.detect(turned))
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

    def _try_another_way(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame:
        """Where no face is found, looks at the picture another way, seldom enough to cost nothing."""
        if self._tries >= _FREE_TRIES + self._frames // _FRAMES_A_TRY:
            return frame
        self._tries += 1
        other = self._turn.by(quarters=1 + self._tries % (QUARTERS - 1))
        if not uprightness(self._detector.detect(other.applied(image))):
            return frame
        return self._looked_at_all_ways(image, frame) or frame

    def _straightened(self, image: Image, frame: CorrectedFrame) -> CorrectedFrame:
        """Turns a picture by the degrees that its faces lean together."""
        lines = eye_lines_of(frame.detections)
        if not lines:
            return frame
        self._lines.append(lines)
        lean = tilt(self._lines)
        if lean is None:
            return frame
        if self._frames < self._next_tilt:
            return frame
        better = self._rolled(image, frame, lean)
        if better is frame:
            self._next_tilt = self._frames + _RAREST
            return frame
        self._forget()
        # Landmarks follow a face that lies far over by a little too little.
        left = eye_lines_of(better.detections)
        if left and abs(still := float(np.median(left))) >= _LEAST_ROLL:
            better = self._rolled(image, better, still)
        return better

    def _rolled(self, image: Image, frame: CorrectedFrame, lean: float) -> CorrectedFrame:
        """The picture turned by so much more, unless its faces are seen worse then."""
        before = self._turn
        self._turn = before.by(roll=round(lean))
        if abs(self._turn.roll) < _LEAST_ROLL:
            self._turn = Turn(self._turn.quarters)
        better = self._looked_at(image) if self._turn != before else frame
        if better is frame or uprightness(better.detections) < _STILL_SEEN * uprightness(frame.detections):
            self._turn = before
            return frame
        return better

    def _forget(self) -> None:
        """What was seen so far lay another way."""
        self._recent.clear()
        self._lines.clear()
        self._looks = self._next_look = self._next_tilt = 0

    def _hides_most(self, faces: list[Detection]) -> bool:
        """Whether noise hides most faces, as those that are found tell: the others are none to take a share of."""
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
