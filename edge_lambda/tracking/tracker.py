"""Tracks faces through the frames of one camera.

Matching is done twice a frame, as in ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every
Detection Box", ECCV 2022): sure faces first, against all tracks, then doubtful ones against the remaining tracks. A
doubtful face can thus continue a track but never start one.

Given the picture, the camera's own motion is taken out first (`camera_motion`), and whoever was lost continues their
track when a face appears where they were, in the same colours (`returning`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audience.errors import InvalidValue
from edge_lambda.detectors import SURE, Detection, Image
from edge_lambda.tracking.camera_motion import CameraMotion
from edge_lambda.tracking.matching import Gate, matched
from edge_lambda.tracking.motion import Motion, State, carried, corrected, first_state, predicted, spread
from edge_lambda.tracking.returning import Returning


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """The parameters of a tracker.

    Attributes:
        sure: confidence from which a face starts a track and is matched first, 0..1.
        survival_s: how long a track waits for a hidden face, seconds.
        return_s: how long after that, or after somebody left the picture, a face at the same place and in the same
            colours continues the track, seconds; 0 for never.
        motion: the motion model.
        gate: how far from its expected position a sure face may be.
        doubtful_gate: the same for a doubtful face; narrow, because a hand beside a hidden face also looks like a
            doubtful face.
    """

    sure: float = SURE
    survival_s: float = 5.0
    return_s: float = 60.0
    motion: Motion = field(default_factory=Motion)
    gate: Gate = field(default_factory=Gate)
    doubtful_gate: Gate = field(default_factory=lambda: Gate(least=0.5, most=0.5))

    def __post_init__(self) -> None:
        """Raises InvalidValue if a value is out of range."""
        if not (0 <= self.sure <= 1 and self.survival_s > 0 and self.return_s >= 0):
            raise InvalidValue(f"sure must be within 0..1, survival_s over 0 and return_s not below, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFace:
    """One detected face and its track.

    Attributes:
        track: the track's id, "<run>-<number>", never used for another face.
        detection: the face as detected.
    """

    track: str
    detection: Detection


@dataclass(slots=True, kw_only=True)
class _Followed:
    """An open track; `state` is for the instant of the latest frame."""

    track: str
    state: State
    seen_at_ms: int


class Tracker:
    """Tracks the faces of one camera.

    Tracks seen within the survival time are followed; of lost ones the place and the colours are kept for the return
    time. Nothing of a face is kept.

    Attributes:
        started: number of tracks started so far.
    """

    started: int

    def __init__(self, *, run: str, following: Following | None = None) -> None:
        """Starts with no tracks.

        Args:
            run: prefix of every track id, unique among runs whose records may be combined (such as the start time of
                a recording), so that a restart never continues another person's track.
            following: the parameters.

        Raises:
            InvalidValue: `run` is empty.
        """
        if not run:
            raise InvalidValue("a tracker needs a run name as prefix of its track ids, got an empty one")
        self._run = run
        self._following = following or Following()
        self.started = 0
        self._followed: list[_Followed] = []
        self._at_ms: int | None = None
        self._camera = CameraMotion()
        self._returning = Returning(self._following.return_s)

    @property
    def tracks_in_memory(self) -> int:
        """Number of tracks in memory, including hidden and lost faces."""
        return len(self._followed) + len(self._returning)

    def update(
        self,
        detections: Sequence[Detection],
        at_ms: int,
        frame_size: tuple[int, int],
        image: Image | None = None,
    ) -> list[TrackedFace]:
        """Matches the faces of the next frame with tracks.

        Args:
            detections: the faces of one frame, in any order.
            at_ms: the instant of the frame, milliseconds since the epoch, later than that of the frame before.
            frame_size: width and height of the frame, pixels.
            image: the frame, height x width x 3, BGR; None to follow by boxes alone, as if the camera stood still and
                nobody came back.

        Returns:
            The faces that belong to a track, in the order given. Doubtful faces that continue no track are left out,
            and so are tracks not seen in this frame.

        Raises:
            InvalidValue: `at_ms` is not later than before.
        """
        self._predict(at_ms)
        if image is not None:
            self._take_out_camera_motion(image, at_ms)
        # Sorted, so that the result does not depend on the order of the detections.
        ordered = sorted(enumerate(detections), key=lambda item: _place(item[1]))
        sure = {index: face for index, face in ordered if face.confidence >= self._following.sure}
        doubtful = {index: face for index, face in ordered if index not in sure}
        tracks: dict[int, str] = {}
        left_over = self._continue(self._followed, sure, self._following.gate, at_ms, tracks)
        left_over = self._continue(left_over, doubtful, self._following.doubtful_gate, at_ms, tracks)
        # Left the picture: a face that enters there later is another person.
        gone = {one.track for one in left_over if _outside(one.state, frame_size)}
        self._lose([one for one in left_over if one.track in gone])
        new = {index: face for index, face in sure.items() if index not in tracks}
        if image is not None:
            for index, track in self._returning.matched(image, new, at_ms).items():
                self._follow(track, new.pop(index), at_ms)
                tracks[index] = track
        for index, face in new.items():
            self.started += 1
            tracks[index] = f"{self._run}-{self.started}"
            self._follow(tracks[index], face, at_ms)
        if image is not None:
            self._returning.note(image, {tracks[index]: detections[index] for index in tracks}, at_ms)
        return [TrackedFace(track=tracks[index], detection=detections[index]) for index in sorted(tracks)]

    def forget(self) -> None:
        """Ends every track, because the same people will appear at other positions."""
        self._followed = []
        self._camera.forget()
        self._returning.forget()

    def forbid_returns(self) -> None:
        """From now on no lost track is continued, for cameras whose tracks stand for recognised people."""
        self._returning = Returning(0)

    def _predict(self, at_ms: int) -> None:
        """Gives up tracks not seen for too long, and predicts the others to the time of the new frame."""
        before = at_ms - 1 if self._at_ms is None else self._at_ms
        if at_ms <= before:
            raise InvalidValue(f"frames must be in chronological order: one at {at_ms} ms follows one at {before} ms")
        self._at_ms = at_ms
        oldest = at_ms - self._following.survival_s * 1000
        self._lose([followed for followed in self._followed if followed.seen_at_ms < oldest])
        for followed in self._followed:
            followed.state = predicted(followed.state, (at_ms - before) / 1000, self._following.motion)

    def _take_out_camera_motion(self, image: Image, at_ms: int) -> None:
        """Moves what is known of places as the camera moved; in another view places tell nothing without colours."""
        motion = self._camera.update(image, at_ms)
        if motion is None:
            self._lose(list(self._followed))
            return
        for followed in self._followed:
            followed.state = carried(followed.state, motion)
        self._returning.carry(motion)

    def _lose(self, lost: list[_Followed]) -> None:
        """Stops following tracks; those whose colours are known may come back."""
        names = {one.track for one in lost}
        self._followed = [one for one in self._followed if one.track not in names]
        for one in lost:
            self._returning.lose(one.track, one.state, one.seen_at_ms)

    def _continue(
        self,
        followed: list[_Followed],
        faces: dict[int, Detection],
        gate: Gate,
        at_ms: int,
        tracks: dict[int, str],
    ) -> list[_Followed]:
        """Matches faces with tracks, adds them to `tracks`, and returns the unmatched tracks."""
        indexes = list(faces)
        expected = np.array([one.state.box for one in followed]).reshape(-1, 4)
        spreads = [spread(one.state, self._following.motion) for one in followed]
        found = np.array([_place(face)[:4] for face in faces.values()]).reshape(-1, 4)
        pairs = dict(matched(expected, spreads, found, gate))
        for row, column in pairs.items():
            one, index = followed[row], indexes[column]
            one.state = corrected(one.state, faces[index], self._following.motion)
            one.seen_at_ms = at_ms
            tracks[index] = one.track
        return [one for row, one in enumerate(followed) if row not in pairs]

    def _follow(self, track: str, face: Detection, at_ms: int) -> None:
        state = first_state(face, self._following.motion)
        self._followed.append(_Followed(track=track, state=state, seen_at_ms=at_ms))


def _place(face: Detection) -> tuple[float, float, float, float, float]:
    return face.left, face.top, face.width, face.height, face.confidence


def _outside(state: State, frame_size: tuple[int, int]) -> bool:
    x, y = state.mean[:2, 0]
    return not (0 <= x < frame_size[0] and 0 <= y < frame_size[1])


def run_name(began_ms: int) -> str:
    """A short name from the start time of a run, in base 36: `mnq3k2d1`."""
    return np.base_repr(began_ms, 36).lower()
