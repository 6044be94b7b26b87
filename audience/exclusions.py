"""What people set down about a stage: notes, and stretches that are left out of every figure."""

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
    """A stretch [from_at, until_at) whose figures are left out, as the audience reacted to something else.

    Attributes:
        title: what happened ("Projector failed").
        from_at: where it begins, aware UTC.
        until_at: where it ends, past `from_at`.
        by: the name of whoever left it out.
        reason: why it is left out; "" where the title says it.
    """

    title: str
    from_at: datetime
    until_at: datetime
    by: str
    reason: str = ""

    def __post_init__(self) -> None:
        _check_said("title of an exclusion", self.title)
        _check_said("name of who left something out", self.by)
        check_title("reason of an exclusion", self.reason)
        if to_ms(self.until_at) <= to_ms(self.from_at):
            raise InvalidValue(
                f"exclusion {self.title!r} ends at {self.until_at:%H:%M:%S}, not after it begins at "
                f"{self.from_at:%H:%M:%S}: give a later end"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A note at an instant; no figure changes by it.

    Attributes:
        title: the note.
        at: what it is about, aware UTC.
        by: the name of whoever wrote it.
    """

    title: str
    at: datetime
    by: str

    def __post_init__(self) -> None:
        to_ms(self.at)
        _check_said("text of a note", self.title)
        _check_said("name of who wrote a note", self.by)


def excluded_windows(start_ms: Ints, width_ms: int, exclusions: Iterable[Exclusion]) -> Bools:
    """(n,) whether any part of each window lies in an exclusion.

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
    """The faces of the windows that `excluded_windows` leaves in.

    Args:
        faces: of windows `width_ms` wide.
        width_ms: their width.
        exclusions: those of their stage.
    """
    faces = list(faces)
    starts = np.array([window.start_ms for window in faces], dtype=np.int64)
    excluded = excluded_windows(starts, width_ms, exclusions).tolist()
    return [window for window, left_out in zip(faces, excluded, strict=True) if not left_out]


def _check_said(what: str, value: str) -> None:
    if not check_title(what, value).strip():
        raise InvalidValue(f"the {what} is empty: write it, so that others know")
