"""One person labels faces, one after the other: what comes next, what was said, and taking it back."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from audience.errors import InvalidValue
from houselights.labelling.dataset import DataSet
from houselights.labelling.labels import (
    VERDICTS,
    Agreement,
    PersonLine,
    agreements,
    person_lines,
    said_by,
    said_by_people,
)


class Rating:
    """The faces of one rater, who sees nothing of what others said before all are done. Thread-safe.

    Attributes:
        rater: the rater's name.
    """

    def __init__(self, dataset: DataSet, rater: str, faces: Sequence[str]) -> None:
        """Reads what the rater said earlier.

        Args:
            dataset: where it is kept.
            rater: the rater's name.
            faces: ids of the faces to label, in the order in which they are shown.

        Raises:
            InvalidValue: the name cannot be used, or the rater's labels are damaged.
        """
        self.rater = rater
        self._dataset, self._faces = dataset, dict.fromkeys(faces)
        self._lines = person_lines(dataset, rater)
        self._said = {face: says for face, says in said_by(dataset, rater).items() if face in self._faces}
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """Number of faces to label."""
        return len(self._faces)

    @property
    def done(self) -> int:
        """Number of those that are labelled."""
        return len(self._said)

    def has(self, face: str) -> bool:
        """Whether a face is one of them."""
        return face in self._faces

    def next_faces(self, most: int) -> list[str]:
        """The faces that come next, at most so many."""
        with self._lock:
            waiting = (face for face in self._faces if face not in self._said)
            return [face for face, _ in zip(waiting, range(most), strict=False)]

    def say(self, face: str, verdict: str) -> None:
        """Labels a face.

        Raises:
            InvalidValue: it is none of them, there is no such verdict, or the label cannot be written.
        """
        if verdict not in VERDICTS:
            raise InvalidValue(f"{verdict!r} cannot be said of a face: use one of {', '.join(VERDICTS)}")
        with self._lock:
            if face not in self._faces:
                raise InvalidValue("this face is not one of those to label")
            self._lines.append(PersonLine(face=face, says=verdict))
            self._said.pop(face, None)  # what was said last is taken back first
            self._said[face] = verdict

    def undo(self) -> str | None:
        """Takes back what was said last, also by an earlier run.

        Returns:
            The face, which comes next again; None where nothing was said.

        Raises:
            InvalidValue: it cannot be written.
        """
        with self._lock:
            if not self._said:
                return None
            face = next(reversed(self._said))
            self._lines.append(PersonLine(face=face, says=None))
            del self._said[face]
            return face

    def agreements(self) -> list[Agreement]:
        """The agreement with each other rater; none before all faces are labelled, so that nobody is led by it."""
        if self.done < self.total:
            return []
        return [one for one in agreements(said_by_people(self._dataset)) if self.rater in one.raters]
