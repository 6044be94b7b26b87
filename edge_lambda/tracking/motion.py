"""Predicts where a face will be next: a Kalman filter whose velocity decays, because heads come to rest.

Sampling ranges from one to thirty frames a second, so all times are in seconds, not frames. The model is an integrated
Ornstein-Uhlenbeck process: over a short step it equals constant velocity; over a gap of seconds the velocity decays, so
that a head that moved suddenly before it was hidden is searched for nearby. Transition and noise are exact for a step
of any length; see Gillespie, "Exact numerical simulation of the Ornstein-Uhlenbeck process and its integral", Physical
Review E 54 (1996), equations 3.1 to 3.4.

The state holds the centre's x and y in pixels and the logarithms of width and height, so that sizes stay positive. All
noise is in box heights: a near face moves more pixels than a far one. A step of 5 % of the height in the centre and one
of 5 % in the size are taken as equally likely, so the four share one 2x2 covariance (in heights squared).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from edge_lambda.detectors import Detection

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Parameters of the motion and measurement noise.

    Attributes:
        speed: standard deviation of a head's velocity, box heights per second, over 0.
        rest_s: time in which a velocity decays to 37 %, seconds, over 0.
        blur: standard deviation of a detector's boxes around the face, box heights, over 0.
    """

    speed: float = 0.5
    rest_s: float = 1.0
    blur: float = 0.08

    def __post_init__(self) -> None:
        """Raises InvalidValue if a value is not over 0."""
        if min(self.speed, self.rest_s, self.blur) <= 0:
            raise InvalidValue(f"speed, rest_s and blur must be over 0, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Estimated position, size and velocity of one face at one instant.

    Attributes:
        mean: 4 x 2: value and change per second of centre x, centre y (pixels), ln width, ln height.
        covariance: 2 x 2 of (value, change per second), in box heights.
    """

    mean: Vector
    covariance: Vector

    @property
    def box(self) -> Vector:
        """(left, top, width, height), pixels."""
        centre, size = self.mean[:2, 0], np.exp(self.mean[2:, 0])
        return np.concatenate([centre - size / 2, size])


def first_state(face: Detection, motion: Motion) -> State:
    """The state of a new track: at the face's box, with unknown velocity of mean 0."""
    mean = np.zeros((4, 2))
    mean[:, 0] = _measured(face)
    return State(mean=mean, covariance=np.diag([motion.blur**2, motion.speed**2]))


def predicted(state: State, seconds: float, motion: Motion) -> State:
    """The state some seconds (over 0) later."""
    left = np.exp(-seconds / motion.rest_s)  # share of the velocity that is left
    step = np.array([[1, motion.rest_s * (1 - left)], [0, left]])
    noise = motion.speed**2 * np.array(
        [
            [
                motion.rest_s**2 * (2 * seconds / motion.rest_s - 3 + 4 * left - left**2),
                motion.rest_s * (1 - left) ** 2,
            ],
            [motion.rest_s * (1 - left) ** 2, 1 - left**2],
        ]
    )
    return State(mean=state.mean @ step.T, covariance=step @ state.covariance @ step.T + noise)


def corrected(state: State, face: Detection, motion: Motion) -> State:
    """The state updated with a detection at the same instant."""
    gain = state.covariance[:, 0] / (state.covariance[0, 0] + motion.blur**2)
    mean = state.mean + np.outer(_measured(face) - state.mean[:, 0], gain)
    return State(mean=mean, covariance=state.covariance - np.outer(gain, state.covariance[0]))


def carried(state: State, camera: Vector) -> State:
    """The state after the whole picture was shifted, rolled or zoomed.

    Args:
        state: in pixels of the earlier picture.
        camera: 2 x 3 matrix of a similarity transform, from the earlier picture to the later one.
    """
    mean = state.mean.copy()
    mean[:2] = camera[:, :2] @ mean[:2]
    mean[:2, 0] += camera[:, 2]
    mean[2:, 0] += np.log(np.hypot(camera[0, 0], camera[1, 0]))
    return State(mean=mean, covariance=state.covariance)


def spread(state: State, motion: Motion) -> float:
    """Standard deviation of the predicted measurement along one axis, box heights."""
    return float(np.sqrt(state.covariance[0, 0] + motion.blur**2))


def _measured(face: Detection) -> Vector:
    return np.array([face.left + face.width / 2, face.top + face.height / 2, np.log(face.width), np.log(face.height)])
