"""Recognises people who enrolled, among the faces that a camera's pipeline tracks.

Each track is matched once, from its best crops. Whoever matches nobody leaves nothing: the crops and the mean template
are dropped, and only that the track was looked at is remembered, until the roster changes or the track is gone. Without
a roster a camera creates none of this (`edge_lambda.pipeline`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from audience.identity.matching import CropFacts, Gallery, Match, TrackMatcher
from audience.identity.records import Sighting, new_id
from edge_lambda.crops import frontality, head_and_shoulders, sharpness
from edge_lambda.detectors import Detection, Image
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognisers.alignment import aligned

FORGOTTEN_MS: Final = 10_000
"""How long after its last face a track is forgotten; the tracker itself waits for half of it."""

PICTURE_PX: Final = 200
"""Side of the picture of a sighting, for those who confirm it."""

_JPEG_QUALITY: Final = 85


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recognised:
    """A track that matched somebody.

    Attributes:
        match: whom, and how well.
        track_id: the track.
        at_ms: capture time of the frame that completed it, milliseconds since the epoch.
        frame, detection: where the face is, for a picture of it.
    """

    match: Match
    track_id: str
    at_ms: int
    frame: Image
    detection: Detection

    def picture(self) -> bytes:
        """The face with its surroundings, as a JPEG."""
        return head_and_shoulders(self.frame, self.detection, side=PICTURE_PX, quality=_JPEG_QUALITY)

    def sighting(self, roster_id: str, camera: tuple[str, str, str], recogniser: str) -> Sighting:
        """The record of it, with a new id.

        Args:
            roster_id: the roster that the track was compared with.
            camera: ids of session, stage and camera.
            recogniser: name of the model.
        """
        session_id, stage_id, camera_id = camera
        assert self.match.subject_id is not None
        assert self.match.similarity is not None
        return Sighting(
            roster_id=roster_id,
            subject_id=self.match.subject_id,
            sighting_id=new_id("s"),
            session_id=session_id,
            stage_id=stage_id,
            camera_id=camera_id,
            at_ms=self.at_ms,
            similarity=self.match.similarity,
            runner_up=self.match.runner_up,
            crops=self.match.crops,
            recogniser=recogniser,
        )


class Roster(Protocol):
    """Whom to recognise now."""

    def gallery(self) -> Gallery | None:
        """The gallery; another object whenever it has changed, None while nobody may be recognised."""
        ...


@dataclass(slots=True)
class _Track:
    matcher: TrackMatcher[Image]
    seen_ms: int = field(default=0)


class Recognition:
    """Follows the tracks of one camera against one roster."""

    def __init__(self, recogniser: Recogniser, roster: Roster, *, on_recognised: Callable[[Recognised], None]) -> None:
        """Creates the object without I/O.

        Args:
            recogniser: makes templates.
            roster: whom to look for; asked before each frame.
            on_recognised: called once for each track that matched; of all others nothing is said.
        """
        self._recogniser, self._roster, self._on_recognised = recogniser, roster, on_recognised
        self._gallery: Gallery | None = None
        self._tracks: dict[str, _Track] = {}

    def see(self, frame: TrackedFrame) -> None:
        """Takes a frame and its tracked faces."""
        gallery = self._roster.gallery()
        if gallery is not self._gallery:
            # Somebody may be on the roster now who was not when a track was compared, or the other way round.
            self._gallery = gallery
            if gallery is None:
                self._tracks.clear()
            else:
                for track in self._tracks.values():
                    track.matcher.compare_with(gallery)
        if gallery is None or len(gallery) == 0:
            return
        for face in frame.tracked:
            track = self._tracks.setdefault(face.track, _Track(TrackMatcher(gallery)))
            track.seen_ms = frame.at_ms
            if track.matcher.result is None and face.detection.landmarks is not None:
                self._offer(track.matcher, frame, face.track, face.detection)
        for name in [name for name, one in self._tracks.items() if frame.at_ms - one.seen_ms > FORGOTTEN_MS]:
            del self._tracks[name]

    def clear(self) -> None:
        """Drops the gallery, and every track with its crops; the next frame begins anew."""
        self._gallery = None
        self._tracks.clear()

    def _offer(self, matcher: TrackMatcher[Image], frame: TrackedFrame, track_id: str, face: Detection) -> None:
        facts = CropFacts(
            at_s=frame.at_ms / 1000,
            height_px=face.height,
            sharpness=sharpness(frame.image, face),
            frontality=frontality(face),
        )
        if facts.problem is None:
            matcher.offer(aligned(frame.image, face, self._recogniser.geometry), facts)
        if not matcher.ready:
            return
        match = matcher.match(self._templates)
        if match.outcome == "matched":
            self._on_recognised(
                Recognised(match=match, track_id=track_id, at_ms=frame.at_ms, frame=frame.image, detection=face)
            )

    def _templates(self, crops: list[Image]) -> NDArray[np.float32]:
        return self._recogniser.templates(crops)
