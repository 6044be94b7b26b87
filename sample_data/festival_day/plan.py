"""Generates the plan of a festival day: sets, crowds, cameras and their faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from audience.errors import InvalidValue
from audience.privacy import decide
from audience.sessions import Camera, Session, Stage
from audience.timelines import Cue, Timeline
from sample_data.festival_day.truth import TrueCurves, act_titles, true_curves

Span = tuple[float, float]

FEWEST_PEOPLE, MOST_PEOPLE = 3, 3000
MOST_STAGES, MOST_CAMERAS, LONGEST_H = 40, 5, 24.0
_IN_SIGHT = (25, 80)  # range of the number of people that a camera can see
_PEOPLE_A_CAMERA = 8  # people per camera
_NAMES = (
    "River stage",
    "Comedy tent",
    "Orchard",
    "Boathouse",
    "Old mill",
    "Hilltop",
    "Barn",
    "Clearing",
    "Circus ring",
    "Main stage",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPlan:
    """A camera and its faults, in seconds of the day.

    Attributes:
        camera: as stored.
        people: number of the stage's people that it sees.
        dead: stretches without records and heartbeats.
        cut_off: stretches without network; their windows arrive at the end.
        delay_s: seconds from the end of a window to its arrival.
        sent_twice: fraction of its windows that arrive twice.
        clock_error_s: how far its clock is ahead at the start of the day.
        clock_gain_s: how much its clock gains per hour.
    """

    camera: Camera
    people: int
    dead: tuple[Span, ...]
    cut_off: tuple[Span, ...]
    delay_s: float
    sent_twice: float
    clock_error_s: float
    clock_gain_s: float

    def clock_ahead_s(self, day_s: float) -> float:
        """How far its clock is ahead at a second of the day."""
        return self.clock_error_s + self.clock_gain_s * day_s / 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """A stage, its crowd and its cameras.

    Attributes:
        stage: as stored, with its sets as segments of a timeline.
        people: number of people during a set.
        curves: their true behaviour.
        cameras: the cameras.
    """

    stage: Stage
    people: int
    curves: TrueCurves
    cameras: tuple[CameraPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """A festival day.

    Attributes:
        session: as stored.
        seed: seed of all randomness.
        length_s: length of the day.
        stages: sorted by id.
    """

    session: Session
    seed: int
    length_s: int
    stages: tuple[StagePlan, ...]


def plan_day(
    *, begins_at: datetime, stages: int, cameras: int, hours: float, seed: int, session_id: str | None = None
) -> DayPlan:
    """Generates the plan of a day, deterministically.

    Crowd sizes are spaced geometrically from 3 to 3,000 people, and assigned to stages at random.

    Args:
        begins_at: its first second; aware, a whole second.
        stages: 1 to 40.
        cameras: per stage, 1 to 5; a small crowd has fewer.
        hours: 1/60 to 24.
        seed: 0 or more.
        session_id: None for "simulated-festival-SEED".

    Raises:
        InvalidValue: a value is out of its range.
    """
    if not 1 <= stages <= MOST_STAGES or not 1 <= cameras <= MOST_CAMERAS or seed < 0:
        raise InvalidValue(
            f"{stages} stages with {cameras} cameras by seed {seed} cannot be simulated: use 1 to {MOST_STAGES} "
            f"stages, 1 to {MOST_CAMERAS} cameras and a seed of 0 or more"
        )
    if not 60 <= hours * 3600 <= LONGEST_H * 3600:
        raise InvalidValue(
            f"a day of {hours:g} hours cannot be simulated: use a minute (0.0167) to {LONGEST_H:g} hours"
        )
    if begins_at.microsecond:
        raise InvalidValue(f"a day cannot begin at {begins_at.isoformat()}: use a whole second")
    rng = np.random.default_rng(seed)
    length_s = round(hours * 3600)
    decision = decide("event", "NL")
    session = Session(
        session_id=session_id or f"simulated-festival-{seed}",
        title=f"Festival day {seed} (simulated)",
        kind="festival",
        started_at=begins_at,
        ended_at=begins_at + timedelta(seconds=length_s),
        setting="event",
        country="NL",
        notice_given=True,
        mode=decision.mode,
        mode_reason=decision.reason,
        simulated=True,
    )
    crowds = np.geomspace(FEWEST_PEOPLE, MOST_PEOPLE, stages) if stages > 1 else np.array([100.0])
    titles = act_titles(rng)
    planned = []
    for number, crowd in enumerate(rng.permutation(crowds).tolist()):
        people = round(crowd)
        curves = true_curves(length_s, comedy=number % len(_NAMES) == 1, titles=titles, rng=rng)
        planned.append(
            StagePlan(
                stage=_stage(number, curves, begins_at),
                people=people,
                curves=curves,
                cameras=tuple(_cameras(people, cameras, length_s, rng)),
            )
        )
    return DayPlan(session=session, seed=seed, length_s=length_s, stages=tuple(planned))


def _stage(number: int, curves: TrueCurves, begins_at: datetime) -> Stage:
    again, name = divmod(number, len(_NAMES))
    return Stage(
        stage_id=f"stage-{number + 1:02d}",
        title=f"{_NAMES[name]} {again + 1}" if again else _NAMES[name],
        timelines=(Timeline(title="Sets", segments=curves.sets),),
        cues=(Cue(at=begins_at, timeline_s=0.0),),
        directions=f"{2 + 3 * number % 8} min from the gate",
    )


def _cameras(people: int, most: int, length_s: int, rng: np.random.Generator) -> Iterator[CameraPlan]:
    """The cameras of one crowd. Half of them have a fault, and every clock has an error."""
    count = max(1, min(most, people // _PEOPLE_A_CAMERA))
    for number in range(count):
        # The third camera overlaps the first.
        overlaps = frozenset({"cam-1"}) if number == 2 else frozenset()
        fault = rng.choice(["none", "none", "none", "none", "dies", "cut off", "twice", "clock"])
        slow = rng.random() < 0.15
        yield CameraPlan(
            camera=Camera(camera_id=f"cam-{number + 1}", overlaps=overlaps, delivered_by=""),
            people=min(people // count, int(rng.integers(*_IN_SIGHT))),
            dead=_spans(length_s, 2, (180, 2400), rng) if fault == "dies" else (),
            cut_off=_spans(length_s, 4, (20, 600), rng) if fault == "cut off" else (),
            delay_s=float(rng.uniform(6, 13) if slow else rng.uniform(0.8, 2.5)),
            sent_twice=0.3 if fault == "twice" else 0.0,
            clock_error_s=float(rng.choice([-1, 1]) * rng.uniform(3, 8) if fault == "clock" else rng.normal(0, 0.3)),
            clock_gain_s=float(rng.normal(0, 0.07)),  # 20 ppm, typical of quartz crystals
        )


def _spans(length_s: int, most: int, lasts_s: Span, rng: np.random.Generator) -> tuple[Span, ...]:
    """Up to `most` stretches of the day, without overlaps."""
    begins = np.sort(rng.uniform(0, length_s, int(rng.integers(1, most + 1))))
    ends = np.minimum(begins + rng.uniform(*lasts_s, len(begins)), np.append(begins[1:], length_s))
    return tuple(zip(begins.tolist(), ends.tolist(), strict=True))
