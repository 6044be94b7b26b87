"""Windows and heartbeats of a simulated day's cameras in order of arrival: on time, late, twice, or never."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.monitoring.cost import STATUS_EVERY_S
from audience.sessions import Stage
from audience.store import Heartbeat
from audience.time import to_ms
from audience.windows import DEFAULT_WIDTH_MS, Tally, WindowRecord
from sample_data.crowd import confidences_of, looking
from sample_data.festival_day.plan import CameraPlan, DayPlan, Span
from sample_data.generate import SCORER, recent_maximum, tallies

CHUNK_S = 600
"""How long the same people stay at a stage; stages change at different times."""

_STEP_S = 60
_FACING = 0.85  # share of the people present who face the camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A window or heartbeat that arrives.

    Attributes:
        at_ms: arrival time by a correct clock, milliseconds since the epoch.
        window: a window, or None.
        heartbeat: a heartbeat, or None.
    """

    at_ms: int
    window: WindowRecord | None = None
    heartbeat: Heartbeat | None = None


def arrivals(day: DayPlan) -> Iterator[Arrival]:
    """Yields all arrivals in order.

    They are generated a minute at a time, so that a day can be played back while it is generated.
    """
    begins_ms = to_ms(day.session.started_at)
    waiting: list[Arrival] = []
    for from_s in range(0, day.length_s, _STEP_S):
        for number in range(len(day.stages)):
            if from_s == 0 or _offset_s(number) == from_s % CHUNK_S:
                waiting += chunk_arrivals(day, number, from_s)
        waiting.sort(key=lambda arrival: arrival.at_ms)
        until_ms = begins_ms + (from_s + _STEP_S) * 1000
        due = bisect_left(waiting, until_ms, key=lambda arrival: arrival.at_ms)
        yield from waiting[:due]
        del waiting[:due]
    yield from waiting


def chunk_arrivals(day: DayPlan, number: int, from_s: int) -> Iterator[Arrival]:
    """Yields the arrivals of one stage while the same people are there, by camera.

    Args:
        day: the day.
        number: index of the stage, from 0.
        from_s: when these people came: 0, or a second at which people of this stage change.
    """
    planned = day.stages[number]
    until_s = min(from_s + CHUNK_S - (from_s - _offset_s(number)) % CHUNK_S, day.length_s)
    rng = np.random.default_rng([day.seed, number, from_s])
    seconds = np.arange(from_s, until_s) + 0.5
    curves = planned.curves
    smiling = np.interp(seconds, curves.at_s, curves.smiling)
    surprised = np.interp(seconds, curves.at_s, curves.surprised)
    present = _FACING * np.interp(seconds, curves.at_s, curves.presence)
    for camera in planned.cameras:
        in_view = looking(present, camera.people, rng)
        confidences = confidences_of(smiling, surprised, camera.people, rng)
        columns = {name: tallies(values, in_view) for name, values in confidences.items()}
        yield from _sent(day, planned.stage, camera, in_view.sum(axis=1), columns, from_s, rng)


def _sent(
    day: DayPlan,
    stage: Stage,
    camera: CameraPlan,
    faces: NDArray[np.int64],
    columns: Mapping[str, Sequence[Tally]],
    from_s: int,
    rng: np.random.Generator,
) -> Iterator[Arrival]:
    begins_ms = to_ms(day.session.started_at)
    expected = recent_maximum(faces).tolist()
    again = rng.random(len(faces)) < camera.sent_twice
    session_id, stage_id, camera_id = day.session.session_id, stage.stage_id, camera.camera.camera_id
    before_ms = -1
    for second, count in enumerate(faces.tolist()):
        day_s = from_s + second
        if _within(day_s, camera.dead) is not None:
            continue
        ahead_ms = round(camera.clock_ahead_s(day_s) * 1000)
        own_ms = begins_ms + day_s * 1000 + ahead_ms
        start_ms = own_ms - own_ms % DEFAULT_WIDTH_MS
        true_end_ms = begins_ms + (day_s + 1) * 1000
        cut_off = _within(day_s + 1, camera.cut_off)
        arrives_ms = true_end_ms + round(camera.delay_s * 1000)
        if cut_off is not None:
            arrives_ms = max(arrives_ms, begins_ms + round(cut_off[1] * 1000))
        if start_ms > before_ms:  # a slow clock may give two seconds the same start: keep one
            window = WindowRecord(
                session_id=session_id,
                stage_id=stage_id,
                camera_id=camera_id,
                start_ms=start_ms,
                faces=count,
                expected=expected[second],
                tallies={name: sums[second] for name, sums in columns.items()} if count else {},
                scorer=SCORER.name,
            )
            yield Arrival(at_ms=arrives_ms, window=window)
            if again[second]:
                yield Arrival(at_ms=arrives_ms + 20_000, window=window)
            before_ms = start_ms
        if day_s % STATUS_EVERY_S == 0 and cut_off is None:
            yield Arrival(
                at_ms=true_end_ms,
                heartbeat=Heartbeat(
                    session_id=session_id,
                    stage_id=stage_id,
                    camera_id=camera_id,
                    at_ms=true_end_ms + ahead_ms,
                    state="running",
                    frames_per_s=5.0,
                    faces=count,
                    last_window_ms=before_ms,
                    lag_s=camera.delay_s,
                    scorer=SCORER.name,
                    received_ms=true_end_ms,
                ),
            )


def _offset_s(number: int) -> int:
    """When people of a stage first change, seconds of the day."""
    return number * _STEP_S % CHUNK_S


def _within(day_s: float, spans: tuple[Span, ...]) -> Span | None:
    return next((span for span in spans if span[0] <= day_s < span[1]), None)
