"""A simulated crowd: people arrive, look away and smile as scripted, and a simulated scorer with errors scores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sample_data.scripts import Script, ScriptedStage, true_share

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

# Mean duration of a state, seconds: a smile, another expression, facing the camera or looking away.
_SMILE_LASTS_S = 4.0
_OTHERS_LAST_S = 6.0
_FACING_LASTS_S = 15.0
# Overall shares of expressions that are not scripted.
_OTHER_SHARES = {"sad": 0.03, "angry": 0.02, "disgusted": 0.015, "fear": 0.01}
# Mean and standard deviation of the confidence for faces without and with an expression. They overlap, so that about
# one face in twelve is scored wrongly, as by a real scorer.
_ABSENT = (0.24, 0.15)
_PRESENT = (0.76, 0.18)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraView:
    """The simulated view of one camera; T windows of one second, m people.

    Attributes:
        camera_id: the camera.
        in_view: (T, m) who faces the camera.
        recording: (T,) whether the camera records.
        confidences: (T, m) by expression, 0..1; meaningless for people not in view. Empty in a head count.
    """

    camera_id: str
    in_view: Bools
    recording: Bools
    confidences: Mapping[str, NDArray[np.float32]]


def act_out(script: Script, scripted: ScriptedStage, rng: np.random.Generator) -> Iterator[CameraView]:
    """Simulates one stage of a script, and yields the view of each camera."""
    seconds: Floats = np.arange(script.length_s, dtype=np.float64) + 0.5
    smiling = true_share(script, seconds, scripted.stage.stage_id)
    surprised = true_share(script, seconds, scripted.stage.stage_id, "surprise")
    away, dark = _within(seconds, scripted.away), _within(seconds, scripted.dark)
    for camera_id, share in scripted.cameras.items():
        people = round(scripted.people * share)
        present = looking(np.full(script.length_s, scripted.glances), people, rng)
        present &= seconds[:, None] >= rng.uniform(0, scripted.arriving_s + 1e-9, people)
        present &= ~away[:, None]
        scored = script.session.mode == "expressions"
        yield CameraView(
            camera_id=camera_id,
            in_view=present,
            recording=~dark,
            confidences=confidences_of(smiling, surprised, people, rng) if scored else {},
        )


def looking(probability: Floats, people: int, rng: np.random.Generator) -> Bools:
    """(T, people) who faces the camera, with `probability` (T,)."""
    return _states(probability[:, None], people, _FACING_LASTS_S, rng)


def confidences_of(
    smiling: Floats, surprised: Floats, people: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """Simulates a crowd's expressions, and the confidences of a scorer with errors.

    Args:
        smiling, surprised: (T,) the share of people who smile, and look surprised, in each second.
        people: number of people.
        rng: random generator.

    Returns:
        (T, people) by expression, 0..1.
    """
    # Some people smile more easily. The shift is in log-odds, so that probabilities stay within 0..1.
    ease = rng.normal(0, 0.4, people)
    odds = np.clip(smiling, 0.01, 0.99)
    odds = odds / (1 - odds)
    lifted = odds[:, None] * np.exp(ease)
    smile = _states(lifted / (1 + lifted), people, _SMILE_LASTS_S, rng)
    surprise = _states(np.clip(surprised, 0.02, 0.98)[:, None], people, _SMILE_LASTS_S, rng)
    states = {"smile": smile, "happy": smile, "surprised": surprise, "calm": ~smile & ~surprise}
    for name, share in _OTHER_SHARES.items():
        states[name] = _states(np.full((len(smiling), 1), share), people, _OTHERS_LAST_S, rng)
    return {name: _confidence(state, rng) for name, state in states.items()}


def largest_confidence(*, smiles: bool, surprised: bool) -> float:
    """The expected largest confidence in smile, happy and surprised, 0..1.

    Args:
        smiles, surprised: what the face shows.
    """
    modes = [_PRESENT if shown else _ABSENT for shown in (smiles, smiles, surprised)]
    below = np.linspace(0, 1, 1001)
    none_above = np.prod([ndtr((below - mean) / spread) for mean, spread in modes], axis=0)
    return float(np.trapezoid(1 - none_above, below))


def _states(probability: Floats, people: int, lasts_s: float, rng: np.random.Generator) -> Bools:
    """A two-state Markov chain per person, with stationary `probability` (T, 1 or m).

    At random times a person's state is drawn again from the probability of that second, and kept until the next draw.
    """
    shape = (len(probability), people)
    resampled = rng.random(shape, dtype=np.float32) < 1 / lasts_s
    resampled[0] = True
    drawn = rng.random(shape, dtype=np.float32) < probability
    since = np.maximum.accumulate(np.where(resampled, np.arange(shape[0], dtype=np.int32)[:, None], 0), axis=0)
    return np.take_along_axis(drawn, since, axis=0)


def _confidence(state: Bools, rng: np.random.Generator) -> NDArray[np.float32]:
    noise = rng.standard_normal(state.shape, dtype=np.float32)
    mean = np.where(state, np.float32(_PRESENT[0]), np.float32(_ABSENT[0]))
    spread = np.where(state, np.float32(_PRESENT[1]), np.float32(_ABSENT[1]))
    return np.clip(mean + spread * noise, 0, 1)


def _within(seconds: Floats, spans: tuple[tuple[float, float], ...]) -> Bools:
    inside = np.zeros(len(seconds), dtype=bool)
    for start, end in spans:
        inside |= (seconds >= start) & (seconds < end)
    return inside
