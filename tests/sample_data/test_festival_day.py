"""The simulated festival day: the same for the same seed, true to its truth, with the faults it tells of."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from audience.board.board import board
from audience.board.liveliness import stage_sums
from audience.errors import InvalidValue
from audience.time import to_ms
from audience.window_table import WindowTable
from sample_data.crowd import largest_confidence
from sample_data.festival_day.deliveries import Arrival, arrivals, chunk_arrivals
from sample_data.festival_day.plan import CameraPlan, DayPlan, plan_day
from sample_data.festival_day.truth_file import truth_document

BEGINS = datetime(2026, 7, 11, 10, tzinfo=UTC)
BEGINS_MS = to_ms(BEGINS)


def a_day(*, stages: int = 3, cameras: int = 3, hours: float = 0.5, seed: int = 1) -> DayPlan:
    return plan_day(begins_at=BEGINS, stages=stages, cameras=cameras, hours=hours, seed=seed)


def with_fault(day: DayPlan, **fault) -> DayPlan:
    """The day with one stage and one camera, sound but for one fault."""
    sound = {
        "dead": (),
        "cut_off": (),
        "delay_s": 1.0,
        "sent_twice": 0.0,
        "clock_error_s": 0.0,
        "clock_gain_s": 0.0,
        "people": 12,
    }
    stage = max(day.stages, key=lambda planned: planned.people)
    camera: CameraPlan = replace(stage.cameras[0], **(sound | fault))
    return replace(day, stages=(replace(stage, cameras=(camera,)),))


def windows_of(day: DayPlan) -> list[Arrival]:
    return [arrival for arrival in arrivals(day) if arrival.window is not None]


@pytest.fixture(scope="module")
def one() -> DayPlan:
    return a_day()


def test_the_same_seed_makes_the_same_day_and_another_one_another():
    assert truth_document(a_day()) == truth_document(a_day())
    assert truth_document(a_day()) != truth_document(a_day(seed=2))
    assert list(chunk_arrivals(a_day(), 1, 0)) == list(chunk_arrivals(a_day(), 1, 0))


def test_a_session_is_labelled_as_simulated(one):
    assert one.session.simulated
    assert "simulated" in one.session.title
    assert json.loads(truth_document(one))["simulated"] is True


def test_crowds_reach_from_3_to_3000_and_a_camera_sees_a_part():
    day = a_day(stages=10)
    people = sorted(planned.people for planned in day.stages)
    assert (people[0], people[-1]) == (3, 3000)
    for planned in day.stages:
        assert sum(camera.people for camera in planned.cameras) <= planned.people
        assert all(1 <= camera.people < 80 for camera in planned.cameras)


def test_things_arrive_in_order_and_every_second_of_a_sound_camera_once(one):
    day = with_fault(one)
    found = windows_of(day)
    assert [arrival.at_ms for arrival in found] == sorted(arrival.at_ms for arrival in found)
    starts = [arrival.window.start_ms for arrival in found]
    assert starts == list(range(BEGINS_MS, BEGINS_MS + 1_800_000, 1000))
    assert all(arrival.at_ms == arrival.window.start_ms + 2000 for arrival in found)


def test_a_dead_camera_says_nothing(one):
    arrived = list(arrivals(with_fault(one, dead=((300.0, 400.0),))))
    assert not [arrival for arrival in arrived if BEGINS_MS + 302_000 <= arrival.at_ms < BEGINS_MS + 400_000]


def test_what_a_camera_saw_while_cut_off_arrives_when_the_network_is_back(one):
    found = windows_of(with_fault(one, cut_off=((300.0, 400.0),)))
    assert len(found) == 1800
    late = [arrival for arrival in found if arrival.at_ms == BEGINS_MS + 400_000]
    assert len(late) == pytest.approx(100, abs=2)


def test_what_is_sent_twice_is_the_same_both_times(one):
    found = windows_of(with_fault(one, sent_twice=0.3))
    times = Counter(arrival.window.start_ms for arrival in found)
    assert 400 < sum(count == 2 for count in times.values()) < 700
    assert len({(arrival.window.start_ms, arrival.window.faces) for arrival in found}) == 1800


def test_a_wrong_clock_moves_the_windows_and_says_so_in_the_heartbeat(one):
    arrived = list(arrivals(with_fault(one, clock_error_s=5.0, clock_gain_s=6.0)))
    starts = [arrival.window.start_ms for arrival in arrived if arrival.window]
    assert starts[0] == BEGINS_MS + 5000
    # Three seconds gained in half an hour, so three labels are missing.
    assert starts[-1] - starts[0] == pytest.approx(1_802_000, abs=1000)
    assert len(set(starts)) == len(starts)
    (beat, *_) = [arrival.heartbeat for arrival in arrived if arrival.heartbeat]
    assert beat.at_ms - beat.received_ms == 5000


def test_the_true_liveliness_is_the_mean_of_each_faces_largest_confidence(one):
    nobody, everybody = (largest_confidence(smiles=shown, surprised=False) for shown in (False, True))
    assert 0 < nobody < everybody < largest_confidence(smiles=True, surprised=True) < 1
    seconds = np.arange(0, 1800.0, 10)
    for planned in one.stages:
        share, lively = planned.curves.share(seconds), planned.curves.liveliness(seconds)
        assert ((share >= 0) & (share <= 1)).all()
        assert np.corrcoef(share, lively)[0, 1] > 0.99
        assert ((lively > nobody) & (lively < 1)).all()


def test_a_board_of_the_day_follows_its_truth():
    day = plan_day(begins_at=BEGINS, stages=4, cameras=2, hours=1.2, seed=5)
    sums = []
    for number, planned in enumerate(day.stages):
        chunks = [0, *range(number * 60 or 600, day.length_s, 600)]
        found = [one.window for chunk in chunks for one in chunk_arrivals(day, number, chunk) if one.window]
        kept = {(window.camera_id, window.start_ms): window for window in found}
        sums.append(stage_sums(planned.stage, [c.camera for c in planned.cameras], WindowTable.of(kept.values())))
    shown, true = [], []
    for at_s in range(1900, day.length_s, 60):
        rows = board(day.session, sums, BEGINS_MS + at_s * 1000).rows
        for row in rows:
            if row.figure is not None and row.faces >= 20:
                planned = next(one for one in day.stages if one.stage.stage_id == row.stage_id)
                shown.append(row.figure)
                true.append(float(planned.curves.liveliness(np.array([at_s - 30.0]))[0]))
    assert len(shown) > 50
    assert np.corrcoef(shown, true)[0, 1] > 0.9


@pytest.mark.parametrize(
    "told",
    [{"stages": 0}, {"stages": 41}, {"cameras": 6}, {"hours": 0.0}, {"hours": 25.0}, {"seed": -1}],
)
def test_a_day_that_cannot_be_is_refused(told):
    with pytest.raises(InvalidValue):
        a_day(**told)
    with pytest.raises(InvalidValue):
        plan_day(begins_at=BEGINS + timedelta(milliseconds=5), stages=1, cameras=1, hours=1, seed=1)
