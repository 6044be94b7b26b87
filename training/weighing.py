"""How often each photograph is drawn in training, so that no corpus, person, class or sex decides alone."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.corpus import EXPRESSIONS, Photo, data_folder
from training.covering import Gray

SEXES: Final = "people-sex.csv"

CLASS_POWER: Final = 0.3
"""A class is drawn by its frequency to the power of 1 less this: rare ones more often than they are, not as often as
common ones."""

MANY: Final = 20
"""From this many photographs of one person on, each is drawn less often, by the root of the excess."""

STRONGEST: Final = 4.0
"""A photograph is drawn at most this many times as often for the sex of whoever is on it."""

COPY_SIMILARITY: Final = 0.97
"""Correlation of two photographs, shrunk to 16 x 16 pixels, from which one counts as a copy of the other."""

_SMALL_PX: Final = 16


def sampling_weights(corpora: Sequence[Sequence[Photo]], sexes: Mapping[str, str]) -> NDArray[np.float64]:
    """The weight of every photograph, corpus after corpus, in the order given.

    A corpus of n photographs has a total weight of √n. Within it, weights fall with the frequency of the class
    (`CLASS_POWER`) and with the photographs of the person (`MANY`). Of people whose sex is listed, women and men then
    weigh the same, and as many of either smile: otherwise a network learns that women smile, because photographers of
    the press took more of those who did (65 % of the women in these photographs, 35 % of the men).

    Args:
        corpora: the training photographs of each corpus.
        sexes: "f" or "m" by person, where known.
    """
    weights = []
    for photos in corpora:
        of_class = Counter(_class(photo) for photo in photos)
        of_person = Counter(photo.person for photo in photos)
        weight = np.array(
            [
                of_class[_class(photo)] ** -CLASS_POWER * (max(of_person[photo.person], MANY) / MANY) ** -0.5
                for photo in photos
            ]
        )
        weight *= _evened(photos, weight, sexes)
        weights.append(weight / weight.sum() * np.sqrt(len(photos)) if len(photos) else weight)
    return np.concatenate(weights)


def _evened(photos: Sequence[Photo], weight: NDArray[np.float64], sexes: Mapping[str, str]) -> NDArray[np.float64]:
    sex = np.array([sexes.get(photo.person, "") for photo in photos])
    smiles = np.array([_class(photo) == "happy" for photo in photos])
    known = sex != ""
    factor = np.ones(len(photos))
    for group in ("f", "m"):
        for smiling in (True, False):
            chosen = (sex == group) & (smiles == smiling)
            share = weight[known & (smiles == smiling)].sum() / 2
            if chosen.any():
                factor[chosen] = min(share / weight[chosen].sum(), STRONGEST)
    return factor


def _class(photo: Photo) -> str:
    return EXPRESSIONS[int(np.argmax(photo.shares))]


def listed_sexes(file: Path | None = None) -> dict[str, str]:
    """ "f" or "m" by person from a CSV (person, sex); empty if it does not exist."""
    file = file or data_folder() / SEXES
    if not file.exists():
        return {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    return {row[0]: row[1] for row in rows[1:] if len(row) > 1}


def copies(photos: Sequence[Gray], of: Sequence[Gray]) -> NDArray[np.bool_]:
    """Which photographs are near-copies of one in `of`: web collections hold the same picture many times over.

    Args:
        photos: n photographs.
        of: m photographs.

    Returns:
        n, whether it correlates by COPY_SIMILARITY or more with one of `of`.
    """
    if not photos or not of:
        return np.zeros(len(photos), dtype=bool)
    others = _shrunk(of).T
    found = [(_shrunk(photos[at : at + 1000]) @ others).max(axis=1) for at in range(0, len(photos), 1000)]
    return np.asarray(np.concatenate(found) >= COPY_SIMILARITY)


def _shrunk(photos: Sequence[Gray]) -> NDArray[np.float32]:
    small = [cv2.resize(photo, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA) for photo in photos]
    flat = np.stack(small).reshape(len(photos), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6), dtype=np.float32)
