"""Finds the screen in a picture of a talk: where the corners of a slide lie, by features that both have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from timeline_files.talk_frames import Grey

Homography = NDArray[Any]
"""(3, 3), from pixels of a page to pixels of a picture."""

_FEATURES_OF_A_PAGE: Final = 300
_FEATURES_OF_A_FRAME: Final = 900
_CANDIDATES: Final = 4
_RATIO: Final = 0.82
_LEAST_INLIERS: Final = 10
_WITHIN_PX: Final = 3.0
_LEAST_AREA: Final = 0.03


class ScreenFinder:
    """Looks for any page of a deck in pictures (SIFT features, RANSAC homography)."""

    def __init__(self, pages: Sequence[Grey]) -> None:
        """Extracts the features of the pages.

        Args:
            pages: the deck's pages, grey, all of one size.
        """
        import cv2

        self._sift = cv2.SIFT.create(_FEATURES_OF_A_FRAME)
        page_sift = cv2.SIFT.create(_FEATURES_OF_A_PAGE)
        found = [page_sift.detectAndCompute(page, None) for page in pages]
        self._points = [np.array([one.pt for one in points], dtype=np.float32).reshape(-1, 2) for points, _ in found]
        self._features = [np.zeros((0, 128), np.float32) if features is None else features for _, features in found]
        self._page_of = np.concatenate([np.full(len(one), place) for place, one in enumerate(self._features)])
        everything = np.concatenate(self._features)
        self._index: Any = None
        if len(everything) >= _LEAST_INLIERS:
            self._index = cv2.FlannBasedMatcher({"algorithm": 1, "trees": 4}, {"checks": 48})
            self._index.add([everything])
            self._index.train()
        self._corners = np.array(
            [[0, 0], [pages[0].shape[1], 0], [pages[0].shape[1], pages[0].shape[0]], [0, pages[0].shape[0]]], np.float64
        )

    def find(self, frame: Grey) -> list[Homography]:
        """Where pages may lie: maps from pixels of a page to pixels of the picture, the likeliest first."""
        import cv2

        points, features = self._sift.detectAndCompute(frame, None)
        if self._index is None or features is None or len(features) < _LEAST_INLIERS:
            return []
        places = np.array([one.pt for one in points], dtype=np.float32)
        nearest = self._index.match(features)
        votes = np.bincount(self._page_of[[one.trainIdx for one in nearest]], minlength=len(self._features))
        found = []
        for page in np.argsort(-votes)[:_CANDIDATES]:
            if len(self._features[page]) < _LEAST_INLIERS:
                continue
            pairs = cv2.BFMatcher().knnMatch(features, self._features[page], k=2)
            good = [one for one, *other in pairs if other and one.distance < _RATIO * other[0].distance]
            if len(good) < _LEAST_INLIERS:
                continue
            homography, inliers = cv2.findHomography(
                self._points[page][[one.trainIdx for one in good]],
                places[[one.queryIdx for one in good]],
                cv2.RANSAC,
                _WITHIN_PX,
                maxIters=1000,
            )
            if homography is not None and inliers.sum() >= _LEAST_INLIERS and self._is_screen(homography, frame):
                found.append((int(inliers.sum()), homography))
        return [homography for _, homography in sorted(found, key=lambda one: -one[0])]

    def _is_screen(self, homography: Homography, frame: Grey) -> bool:
        """Whether the corners make a convex figure of a size and shape that a screen can have."""
        import cv2

        corners = cv2.perspectiveTransform(self._corners[None], homography)[0]
        if not np.isfinite(corners).all() or not cv2.isContourConvex(corners.astype(np.float32)):
            return False
        area = abs(cv2.contourArea(corners.astype(np.float32))) / frame.size
        sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
        return bool(area >= _LEAST_AREA and area < 4 and sides.max() < 6 * sides.min())
