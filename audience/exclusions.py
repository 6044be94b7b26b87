"""Notes on a stage, and exclusions: stretches that are left out of every figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.faces import WindowFaces
from audience.ids import check_title
from audience.time import to_ms

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A stretch [from_at, until_at) without figures, because the audience reacted to something else.

    Attributes:
        title: what happened ("Projector failed").
        from_at: its beginning, aware UTC.
        until_at: its end, after `from_at`.
        by: the name of the person who excluded it.
        reason: why it is excluded; "" where the title says it.
    """

    title: str
    from_at: datetime
    until_at: datetime
    by: str
    reason: str = ""

    def __post_init__(self) -> None:
        _check_filled("title of an exclusion", self.title)
        _check_filled("name of the person who excluded it", self.by)
        check_title("reason of an exclusion", self.reason)
        if to_ms(self.until_at) <= to_ms(self.from_at):
            raise InvalidValue(
                f"exclusion {self.title!r} ends at {self.until_at:%H:%M:%S}, not after it begins at "
                f"{self.from_at:%H:%M:%S}: give a later end"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A note at an instant. It changes no figure.

    Attributes:
        title: the note.
        at: the instant it refers to, aware UTC.
        by: the name of the author.
    """

    title: str
    at: datetime
    by: str

    def __post_init__(self) -> None:
        to_ms(self.at)
        _check_filled("text of a note", self.title)
        _check_filled("name of the author of a note", self.by)


def excluded_windows(start_ms: Ints, width_ms: int, exclusions: Iterable[Exclusion]) -> Bools:
    """Returns a mask (n,): whether any part of each window lies in an exclusion.

    Args:
        start_ms: (n,) starts of the windows, milliseconds since the epoch.
        width_ms: their width.
        exclusions: in any order; they may overlap.
    """
    excluded = np.zeros(len(start_ms), dtype=bool)
    for exclusion in exclusions:
        excluded |= (start_ms + width_ms > to_ms(exclusion.from_at)) & (start_ms < to_ms(exclusion.until_at))
    return excluded


def included_faces(faces: Iterable[WindowFaces], width_ms: int, exclusions: Iterable[Exclusion]) -> list[WindowFaces]:
    """The faces of the windows that are not excluded.

    Args:
        faces: by window.
        width_ms: width of the windows.
        exclusions: those of their stage.
    """
    faces = list(faces)
    starts = np.array([window.start_ms for window in faces], dtype=np.int64)
    excluded = excluded_windows(starts, width_ms, exclusions).tolist()
    return [window for window, left_out in zip(faces, excluded, strict=True) if not left_out]


def _check_filled(what: str, value: str) -> None:
    if not check_title(what, value).strip():
        raise InvalidValue(f"the {what} is empty: write it, so that others know")
