"""Checks of the photos that somebody enrols with: that they show one person, who is not on the roster yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from audience.errors import InvalidValue
from audience.identity.matching import Gallery, Vectors, mean_template
from audience.identity.people import KnownFace

_NEAR_PX: Final = 160.0
"""Faces of photos are at least half as high; the thresholds for the largest faces are those of good pictures."""


def checked_template(
    templates: Vectors, known: Sequence[KnownFace], *, recogniser: str, strangers: Vectors, person_id: str = ""
) -> Vectors:
    """The mean template of some photos, once it is sure that they can be enrolled with.

    Photos of one sitting are far more alike than the pairs of photos that thresholds were measured on, so that hardly
    anybody is refused who is right.

    Args:
        templates: n x size, one for each photo, each of length 1.
        known: templates on the roster; those of another model are not compared.
        recogniser, strangers: of the model.
        person_id: who enrols, whose own earlier template is no other person; "" for somebody new.

    Raises:
        InvalidValue: two photos show different people, or the person is on the roster already.
    """
    first = KnownFace(roster_id="photos", subject_id="first", vector=templates[0], recogniser=recogniser, photos=1)
    of_first = Gallery([first], recogniser=recogniser, strangers=strangers)
    for number, template in enumerate(templates[1:], start=2):
        if of_first.match(np.asarray(template), crops=1, height_px=_NEAR_PX).outcome != "matched":
            raise InvalidValue(f"photo {number} does not seem to show the same person as photo 1: take it again")
    mean = mean_template(templates)
    others = [face for face in known if face.recogniser == recogniser and face.subject_id != person_id]
    match = Gallery(others, recogniser=recogniser, strangers=strangers).match(
        mean, crops=len(templates), height_px=_NEAR_PX
    )
    if match.outcome in ("matched", "unsure"):
        raise InvalidValue(
            "somebody with this face, or one very much like it, is on this roster already: withdraw them first, or ask "
            "whoever keeps the roster"
        )
    return mean
