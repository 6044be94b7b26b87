"""How well each page of a deck fits a picture of a talk, wherever in the picture the screen is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from timeline_files.slide_views import Homography, ScreenFinder

if TYPE_CHECKING:
    from timeline_files.talk_frames import Grey

Floats = NDArray[np.float32]

PAGE_WIDTH: Final = 640
"""Pixels of the pages that are looked for."""

GOOD: Final = 0.6
"""A page that fits as well as this is shown; the screen need not be looked for anew."""

_FINE: Final = (384, 216)
_COARSE: Final = (192, 108)
_BLOCKS: Final = (8, 6)
_FLATTENED_PX: Final = 6.0
_FLAT: Final = 3.0  # standard deviation below which a block holds nothing but noise, of 255
_COVERED: Final = 0.15  # part of the slide that somebody may stand before
_MISSING: Final = 0.5  # what a slide may lack while it is being built up, against what it must not have
_MOST_VIEWS: Final = 12
_ALIKE: Final = 0.9
_TELLS: Final = 0.2
_SAME_DIFFERENCE: Final = 0.1  # mean square difference of pages that nobody can tell apart, of 255²
_PATIENCE: Final = 32


class SlideScores:
    """Scores pictures against the pages of a deck; remembers where it found the screen."""

    def __init__(self, pages: Sequence[Grey]) -> None:
        """Prepares the pages.

        Args:
            pages: the deck's pages, grey, `PAGE_WIDTH` wide and all of one size.
        """
        import cv2

        self._finder = ScreenFinder(pages)
        self._size = (pages[0].shape[1], pages[0].shape[0])
        self._fine = np.stack([_flattened(cv2.resize(page, _FINE, interpolation=cv2.INTER_AREA)) for page in pages])
        coarse = np.stack([_flattened(cv2.resize(page, _COARSE, interpolation=cv2.INTER_AREA)) for page in pages])
        self._blocks = np.stack([_in_blocks(page) for page in coarse])
        self._energy = np.sqrt((self._blocks**2).mean(axis=2))
        # What all slides have in common, such as a logo, tells nothing.
        differs = np.sqrt(((self._blocks - self._blocks.mean(axis=0)) ** 2).mean(axis=(0, 2)))
        self._telling = 0.1 + differs / max(float(differs.max()), 1e-6) if len(pages) > 1 else np.ones(len(differs))
        flat = self._fine.reshape(len(pages), -1)
        norms = np.linalg.norm(flat, axis=1) + 1e-6
        self._alike = flat @ flat.T / norms[:, None] / norms
        square = (flat**2).mean(axis=1)
        distance = square[:, None] + square - 2 * flat @ flat.T / flat.shape[1]
        self.is_same = distance < _SAME_DIFFERENCE
        """(n, n) whether two pages look the same."""
        self._views: list[Homography] = []
        self._misses = self._skips = 0

    def of(self, frame: Grey) -> Floats:
        """(n,) how well each page fits a picture: about 0 for what is not shown, 1 for the page itself."""
        scores = self._best([*self._views, *self._usual_views(frame)], frame)
        if scores.max() >= GOOD:
            self._misses = self._skips = 0
            return scores
        # Looking for the screen is dear, and a speaker may be in the picture for long.
        if self._skips:
            self._skips -= 1
            return scores
        found = self._finder.find(frame)
        if not found:
            self._misses += 1
            self._skips = min(_PATIENCE, 2**self._misses // 4)
            return scores
        found_scores = self._best(found, frame, keep=True)
        if found_scores.max() < GOOD - 0.1:
            self._misses += 1
        return np.maximum(scores, found_scores) if found_scores.max() < GOOD - 0.1 else found_scores

    def _usual_views(self, frame: Grey) -> list[Homography]:
        """The slide as the whole picture, and as large as fits in it."""
        import cv2

        high, wide = frame.shape
        page_wide, page_high = self._size
        source = np.array([[0, 0], [page_wide, 0], [page_wide, page_high], [0, page_high]], np.float32)
        scale = min(wide / page_wide, high / page_high)
        x, y = (wide - scale * page_wide) / 2, (high - scale * page_high) / 2
        boxes = {(0.0, 0.0, float(wide), float(high)), (x, y, wide - x, high - y)}
        return [
            cv2.getPerspectiveTransform(
                source, np.array([[left, top], [right, top], [right, low], [left, low]], np.float32)
            )
            for left, top, right, low in boxes
        ]

    def _best(self, views: Sequence[Homography], frame: Grey, *, keep: bool = False) -> Floats:
        """The scores in the view in which a page fits best; keeps that view if asked and it is good."""
        best = np.zeros(len(self._blocks), np.float32)
        chosen = None
        for view in views:
            scores = self._in_view(view, frame)
            if chosen is None or scores.max() > best.max():
                best, chosen = scores, view
        if chosen is not None and best.max() >= GOOD - 0.1:
            if keep:
                self._views = [chosen, *self._views][:_MOST_VIEWS]
            elif any(chosen is view for view in self._views):
                self._views = [chosen, *(view for view in self._views if view is not chosen)]
        return best

    def _in_view(self, view: Homography, frame: Grey) -> Floats:
        import cv2

        scale = np.diag([self._size[0] / _FINE[0], self._size[1] / _FINE[1], 1.0])
        fine = cv2.warpPerspective(
            frame, view @ scale, _FINE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        blocks = _in_blocks(_flattened(cv2.resize(fine, _COARSE, interpolation=cv2.INTER_AREA)))
        energy = np.sqrt((blocks**2).mean(axis=1))
        if energy.mean() < _FLAT / 2:
            return np.zeros(len(self._blocks), np.float32)
        common = np.einsum("bp,nbp->nb", blocks, self._blocks) / blocks.shape[1]
        # Brightness and contrast of a screen that was filmed differ from the file's.
        gain = np.clip(common.sum(axis=1) / ((self._energy**2).sum(axis=1) + 1e-6), 0.2, 2.0)[:, None]
        fit = common / ((energy + _FLAT * 0.5) * (self._energy + _FLAT * 0.5))
        weight = np.maximum(energy / gain, _MISSING * self._energy) * self._telling
        scores = _without_the_worst(fit.astype(np.float32), weight.astype(np.float32))
        return self._told_apart(scores, _flattened(fine), gain[:, 0])

    def _told_apart(self, scores: Floats, fine: Floats, gain: NDArray[np.float64]) -> Floats:
        """Moves pages that are nearly alike apart by the pixels in which they differ."""
        best = int(scores.argmax())
        rivals = np.flatnonzero((self._alike[best] > _ALIKE) & ~self.is_same[best] & (scores > scores[best] - 0.25))
        if not len(rivals) or scores[best] < GOOD - 0.2:
            return scores
        scores = scores.copy()
        picture = fine / gain[best]
        lead = 1.0
        for rival in rivals:
            difference = self._fine[best] - self._fine[rival]
            clear = np.abs(difference) > 0.25 * np.abs(difference).max()
            middle = (self._fine[best] + self._fine[rival]) / 2
            # 1 where the picture is the best page, -1 where it is the rival.
            towards = 2 * float(((picture - middle) * difference)[clear].sum() / (difference[clear] ** 2).sum())
            towards = float(np.clip(towards, -1, 1))
            lead = min(lead, towards)
            scores[rival] = scores[best] - _TELLS * towards
        return scores


def _flattened(picture: NDArray[Any]) -> Floats:
    """Brightness against the surroundings, so that light across a screen does not count."""
    import cv2

    bright = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.7)
    return bright - cv2.GaussianBlur(bright, (0, 0), _FLATTENED_PX * picture.shape[1] / _COARSE[0])


def _in_blocks(picture: Floats) -> Floats:
    """(blocks, pixels of a block)."""
    columns, rows = _BLOCKS
    high, wide = picture.shape[0] // rows, picture.shape[1] // columns
    return picture.reshape(rows, high, columns, wide).transpose(0, 2, 1, 3).reshape(rows * columns, high * wide)


def _without_the_worst(fit: Floats, weight: Floats) -> Floats:
    """Mean fit by weight, (n,), without the blocks that fit worst, in which somebody may stand."""
    order = np.argsort(fit, axis=1)
    fit, weight = np.take_along_axis(fit, order, axis=1), np.take_along_axis(weight, order, axis=1)
    total = weight.sum(axis=1, keepdims=True)
    left = np.clip(np.cumsum(weight, axis=1) - _COVERED * total, 0, weight)
    means: Floats = (fit * left).sum(axis=1) / np.maximum(left.sum(axis=1), 1e-6)
    return means
