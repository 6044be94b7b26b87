"""From faces each second to minutes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.identity.households import Seen
from audience.identity.minutes import BRIDGE_S, FaceNow, MinuteCounter
from tests.audience.identity.panel import BEGAN_MS, MINUTE_MS, a_household

TWINS = ("ann", "bea")


def counted(by_second: dict[int, list[FaceNow]], seconds: int = 60, *, dark: range = range(0)):
    counter = MinuteCounter(a_household(TWINS))
    minutes = []
    for second in range(seconds):
        if second not in dark:
            minutes += counter.add(BEGAN_MS + second * 1000, by_second.get(second, []))
    return minutes + counter.finish()


def only(minutes) -> tuple[Seen, ...]:
    (minute,) = minutes
    return minute.seen


def test_faces_are_summed_with_what_they_show():
    faces = {second: [FaceNow(person_id="cem", facing=second < 5, smiling=second == 0)] for second in range(10)}
    assert only(counted(faces)) == (Seen(people=("cem",), seconds=10, in_view_s=10, facing_s=5, smiling_s=1),)


def test_between_two_sightings_somebody_was_there():
    faces = {second: [FaceNow(person_id="cem", facing=True)] for second in (0, 30)}
    assert only(counted(faces)) == (Seen(people=("cem",), seconds=31, in_view_s=2, facing_s=2),)
    late = int(BRIDGE_S) + 1
    assert only(counted({0: faces[0], late: faces[30]}))[0].seconds == 2


def test_a_sighting_after_the_minute_counts_for_its_end():
    faces = {second: [FaceNow(person_id="cem")] for second in (50, 80)}
    first, second = counted(faces, 200)[:2]
    assert (first.seen[0].seconds, first.seen[0].in_view_s) == (10, 1)
    assert (second.seen[0].seconds, second.seen[0].in_view_s) == (21, 1)


def test_look_alikes_are_never_told_apart_and_two_of_them_are_both():
    one, other = FaceNow(person_id="ann", smiling=True), FaceNow(person_id="bea", smiling=True)
    faces = {second: [one, other] if second < 20 else [one] for second in range(60)}
    assert only(counted(faces)) == (
        Seen(people=TWINS, at_once=1, seconds=40, in_view_s=40),
        Seen(people=TWINS, at_once=2, seconds=20, in_view_s=20),
    )


def test_of_strangers_only_their_number_is_kept():
    assert only(counted({3: [FaceNow(), FaceNow(smiling=True)]})) == (
        Seen(people=(), at_once=2, seconds=1, in_view_s=1),
    )


def test_an_unsure_match_may_be_either():
    assert only(counted({3: [FaceNow(person_id="cem", instead=("ann",))]}))[0].people == ("ann", "bea", "cem")


def test_where_no_camera_looked_nothing_is_counted():
    faces = {second: [FaceNow(person_id="cem")] for second in (0, 40)}
    (minute,) = counted(faces, dark=range(10, 35))
    assert (minute.looked_s, minute.seen[0].seconds) == (35, 16)


def test_time_does_not_run_backwards():
    counter = MinuteCounter(a_household())
    counter.add(BEGAN_MS + 5000, [])
    with pytest.raises(InvalidValue):
        counter.add(BEGAN_MS + 4000, [])


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.lists(st.sampled_from(["", "ann", "bea", "cem"]), max_size=4)), max_size=60
    )
)
def test_however_it_looks_each_minute_comes_once_whole_and_in_order(looks):
    counter, minutes = MinuteCounter(a_household(TWINS)), []
    for second, people in sorted(looks, key=lambda look: look[0]):
        minutes += counter.add(BEGAN_MS + second * 1000, [FaceNow(person_id=one) for one in people])
    minutes += counter.finish()
    starts = [minute.minute_ms for minute in minutes]
    assert starts == sorted({BEGAN_MS + second // 60 * MINUTE_MS for second, _ in looks})
    assert sum(minute.looked_s for minute in minutes) == len(looks)
