"""False claims of a camera are refused with a reason, and change nothing that was recorded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.admission import AFTER_MS, AHEAD_MS, LATE_MS
from audience.comparing.cuts import one_scorer
from audience.deliveries.plausibility import MOST_FACES, MOST_PARTS
from audience.deliveries.window_file import WindowFile
from audience.errors import DeliveryRefused, InvalidValue, SheetRejected
from audience.monitoring.status import read_status
from audience.reaction.curve import stage_windows
from audience.scorers import EXPRESSIONNET, MOST_DECLARED
from audience.sessions import BEFORE_MS, LONGEST_MS, Camera
from audience.store import ScorerRecord, Store
from audience.stores import open_store
from audience.time import from_ms
from ingest_lambda.ingest import Ingest, Keep
from tests.builders import BEGAN_MS, a_camera, a_heartbeat, a_progress, a_scorer, a_session, a_stage, a_window, after_ms
from tests.ingest.conftest import MadeUpScorer, set_up
from tests.ingest.lies import (
    HEADS,
    LIES,
    NOW_MS,
    OVER,
    OVER_ENDED_MS,
    SCORED,
    Said,
    delivered,
    drawn,
    sheet,
    window_file,
)
from tests.ingest.lies import status as a_status
from tests.ingest.sheets import a_sheet, a_window_file

SECOND_MS = 1000


def hears(ingest: Ingest, said: Said) -> None:
    if said.key:
        ingest.record(said.key, said.data, delivered_ms=NOW_MS, now_ms=NOW_MS, sent_ms=said.sent_ms)
    else:
        ingest.record_status(read_status(said.data), now_ms=NOW_MS)


def held(store: Store) -> Any:
    """Everything in the store."""
    return [
        (
            (table := store.windows(one.session_id, "main")).start_ms.tolist(),
            table.faces.tolist(),
            table.over.tolist(),
            store.faces(one.session_id, "main"),
            store.heartbeats(one.session_id),
            store.scorers(one.session_id),
            store.cameras(one.session_id, "main"),
        )
        for one in store.sessions()
    ]


@pytest.fixture(scope="module")
def lied_to(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ingest, Store]]:
    """An ingest that has recorded honest deliveries, and its store."""
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('lies')}/a.db") as store:
        set_up(store)
        for session in (
            a_session(OVER, started_at=from_ms(OVER_ENDED_MS - 3_600_000), ended_at=from_ms(OVER_ENDED_MS)),
            a_session(SCORED),
            a_session(HEADS, mode="head count"),
        ):
            store.put_session(session)
            store.put_stage(session.session_id, a_stage())
            store.put_camera(session.session_id, "main", a_camera())
        store.put_scorer(a_scorer())
        store.put_windows([a_window(0, smiling=9, of=9, session_id=SCORED)], progress=a_progress(SCORED))
        ingest, chance = Ingest(store, MadeUpScorer(), Keep()), random.Random(1)
        for said in (delivered(window_file(chance)), drawn(sheet(chance)), a_status()):
            hears(ingest, said)
        yield ingest, store


@given(kind=st.sampled_from(sorted(LIES)), seed=st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_no_lie_is_taken_and_each_has_its_reason(lied_to, kind, seed):
    ingest, store = lied_to
    before = held(store)
    with pytest.raises((SheetRejected, DeliveryRefused)) as refusal:
        hears(ingest, LIES[kind](random.Random(seed)))
    assert str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert held(store) == before


@pytest.mark.parametrize("seed", range(10))
def test_the_same_without_the_lie_is_taken(lied_to, seed):
    ingest, _ = lied_to
    chance = random.Random(seed)
    for said in (delivered(window_file(chance)), drawn(sheet(chance)), a_status()):
        hears(ingest, said)


@pytest.fixture
def store(tmp_path: Any) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/a.db") as opened:
        set_up(opened)
        yield opened


@pytest.fixture
def ingest(store: Store) -> Ingest:
    return Ingest(store, MadeUpScorer(), Keep())


def take(ingest: Ingest, file: Any, *, at_ms: int, now_ms: int | None = None) -> int:
    delivery = file.delivery()
    return ingest.record(delivery.key, delivery.data, delivered_ms=at_ms, now_ms=now_ms or at_ms).windows


def of_second(ms: int, session_id: str = "talk-1") -> WindowFile:
    return a_window_file((ms - BEGAN_MS) // SECOND_MS, session_id=session_id)


class TestWhenAWindowMayLie:
    @pytest.mark.parametrize(
        ("start_ms", "delivered_ms"),
        [
            (BEGAN_MS - BEFORE_MS, BEGAN_MS),
            (BEGAN_MS + AHEAD_MS, BEGAN_MS),
            (BEGAN_MS + LONGEST_MS - SECOND_MS, BEGAN_MS + LONGEST_MS),
            (BEGAN_MS, BEGAN_MS + 300 * 86_400_000),
        ],
    )
    def test_from_before_people_take_their_seats_on_and_no_further_ahead_than_clocks_differ(
        self, ingest, start_ms, delivered_ms
    ):
        assert take(ingest, of_second(start_ms), at_ms=delivered_ms) == 1

    @pytest.mark.parametrize(
        ("start_ms", "delivered_ms"),
        [
            (BEGAN_MS - BEFORE_MS - SECOND_MS, BEGAN_MS),
            (BEGAN_MS + AHEAD_MS + SECOND_MS, BEGAN_MS),
            (BEGAN_MS + LONGEST_MS, BEGAN_MS + LONGEST_MS),
        ],
    )
    def test_and_not_beyond(self, ingest, store, start_ms, delivered_ms):
        with pytest.raises((DeliveryRefused, SheetRejected)):
            take(ingest, of_second(start_ms), at_ms=delivered_ms)
        assert len(store.windows("talk-1", "main")) == 0

    def test_what_was_still_to_come_when_it_was_delivered_is_not_taken_once_it_has_come(self, ingest):
        late_ms = BEGAN_MS + 3_600_000
        with pytest.raises(SheetRejected):
            take(ingest, of_second(late_ms), at_ms=BEGAN_MS, now_ms=late_ms)

    @pytest.mark.parametrize("file", [a_sheet(2, at_s=30), a_window_file(30)])
    def test_late_ones_of_a_session_that_ended_are_taken_for_two_weeks(self, ingest, store, file):
        store.put_session(a_session(ended_at=from_ms(after_ms(60))))
        assert take(ingest, file, at_ms=after_ms(60) + LATE_MS) == 1
        assert take(ingest, file, at_ms=after_ms(60) + LATE_MS) == 1  # and twice changes nothing
        assert len(store.windows("talk-1", "main")) == 1
        with pytest.raises(DeliveryRefused):
            take(ingest, a_window_file(31), at_ms=after_ms(60) + LATE_MS + 1)

    def test_and_after_its_end_no_new_ones(self, ingest, store):
        store.put_session(a_session(ended_at=from_ms(after_ms(60))))
        assert take(ingest, of_second(after_ms(60) + AFTER_MS), at_ms=after_ms(5000)) == 1
        with pytest.raises(DeliveryRefused):
            take(ingest, of_second(after_ms(60) + AFTER_MS + SECOND_MS), at_ms=after_ms(5000))

    def test_what_is_taken_can_be_shown(self, ingest, store):
        for start_ms in (BEGAN_MS - BEFORE_MS, BEGAN_MS, BEGAN_MS + LONGEST_MS - SECOND_MS):
            take(ingest, of_second(start_ms), at_ms=BEGAN_MS + LONGEST_MS)
        shown = stage_windows(store.session("talk-1"), a_stage(), [a_camera()], store.windows("talk-1", "main"))
        assert (len(shown.place), shown.outside) == (3, {})


class TestWhoseAWindowIs:
    def test_a_camera_with_records_made_on_a_computer_accepts_no_deliveries(self, ingest, store):
        store.put_camera("talk-1", "main", Camera(camera_id="cam-1", delivered_by=""))
        with pytest.raises(DeliveryRefused, match="no deliveries"):
            take(ingest, a_window_file(), at_ms=after_ms(5))
        with pytest.raises(DeliveryRefused, match="no deliveries"):
            ingest.record_status(a_heartbeat(), now_ms=after_ms(0))

    def test_nor_does_one_without_a_known_device_once_it_has_windows(self, ingest, store):
        store.put_windows([a_window(0, smiling=5, of=5)])
        with pytest.raises(DeliveryRefused, match="no deliveries"):
            take(ingest, a_window_file(3), at_ms=after_ms(5))

    def test_unless_its_device_sent_a_heartbeat(self, ingest, store):
        store.put_windows([a_window(0, smiling=5, of=5)])
        store.put_heartbeat(replace(a_heartbeat(), received_ms=after_ms(0)))
        assert take(ingest, a_window_file(3), at_ms=after_ms(5)) == 1

    def test_the_first_delivery_claims_the_camera(self, ingest, store):
        take(ingest, a_window_file(), at_ms=after_ms(5))
        assert store.cameras("talk-1", "main") == [Camera(camera_id="cam-1", delivered_by="cam-1")]
        another = Ingest(store, MadeUpScorer(), Keep())
        assert take(another, a_window_file(3), at_ms=after_ms(5)) == 1

    def test_setting_a_camera_up_for_the_device_takes_effect_at_once(self, ingest, store):
        store.put_windows([a_window(0, of=1)])
        with pytest.raises(DeliveryRefused):
            take(ingest, a_window_file(3), at_ms=after_ms(5))
        store.put_camera("talk-1", "main", Camera(camera_id="cam-1", delivered_by="cam-1"))
        assert take(ingest, a_window_file(3), at_ms=after_ms(5)) == 1


class TestHowMuchACameraSees:
    def test_many_sheets_of_one_window_add_up_to_no_more(self, ingest, store):
        for number in range(MOST_PARTS + 1):
            take(ingest, a_sheet(2, expected=(2 + number,)), at_ms=after_ms(5))
        with pytest.raises(SheetRejected, match="more than a camera can see"):
            take(ingest, a_sheet(2, expected=(1000,)), at_ms=after_ms(5))
        assert store.windows("talk-1", "main").faces.sum() <= MOST_FACES
        # What was taken comes again where there is room in its window.
        assert take(ingest, a_sheet(3, at_s=9), at_ms=after_ms(15)) == 1
        assert take(ingest, a_sheet(3, at_s=9), at_ms=after_ms(15)) == 1

    def test_a_hundred_faces_on_each_of_three_sheets_are_nothing_unusual(self, ingest, store):
        for number in range(3):
            take(ingest, a_sheet(100, expected=(100 + number,)), at_ms=after_ms(5))
        assert store.windows("talk-1", "main").faces.sum() == 300


def declared(session_id: str, scorer: ScorerRecord) -> WindowFile:
    window = a_window(0, smiling=6, of=10, session_id=session_id, scorer=scorer.name)
    only = {name: tally for name, tally in window.tallies.items() if name in scorer.thresholds}
    return WindowFile(windows=(replace(window, tallies=only),), scorer=scorer)


class TestWhoseAScorersNameIs:
    mine = a_scorer("mine 1", thresholds={"smile": 0.5})
    other = a_scorer("mine 1", thresholds={"smile": 0.3})

    @pytest.fixture(autouse=True)
    def _two_sessions(self, store: Store) -> None:
        set_up(store, "talk-2")

    def test_two_sessions_may_mean_two_things_by_it_and_are_not_compared(self, ingest, store):
        for session_id, scorer in (("talk-1", self.mine), ("talk-2", self.other)):
            take(ingest, declared(session_id, scorer), at_ms=after_ms(5))
        assert store.scorers() == {}
        found = []
        for session_id, threshold in (("talk-1", 0.5), ("talk-2", 0.3)):
            table = store.windows(session_id, "main")
            assert store.scorers(session_id)[table.scorers[0]].thresholds == {"smile": threshold}
            found.append(stage_windows(a_session(session_id), a_stage(), [a_camera()], table))
        with pytest.raises(InvalidValue):
            one_scorer(found)

    def test_what_is_declared_alike_is_one_scorer(self, ingest, store):
        for session_id in ("talk-1", "talk-2"):
            take(ingest, declared(session_id, self.mine), at_ms=after_ms(5))
        assert store.windows("talk-1", "main").scorers == store.windows("talk-2", "main").scorers

    def test_all_its_expressions_are_experimental_whatever_it_declares(self, ingest, store):
        take(ingest, declared("talk-1", replace(self.mine, experimental=frozenset())), at_ms=after_ms(5))
        (scorer,) = store.scorers("talk-1").values()
        assert scorer.experimental == {"smile"}

    def test_the_one_that_ships_is_known_and_nobody_elses(self, ingest, store):
        false = replace(EXPRESSIONNET, thresholds={"smile": 0.0001}, experimental=frozenset())
        with pytest.raises(SheetRejected):
            take(ingest, declared("talk-2", false), at_ms=after_ms(5))
        take(ingest, declared("talk-1", EXPRESSIONNET), at_ms=after_ms(5))
        assert store.scorers()[EXPRESSIONNET.name] == EXPRESSIONNET
        assert store.windows("talk-1", "main").scorers == (EXPRESSIONNET.name,)

    def test_one_that_was_not_heard_of_yet_is_taken_from_nobody(self, ingest, store):
        for number in range(3):
            name = f"expressionnet-2+{number}"
            take(ingest, declared("talk-2", replace(self.other, name=name)), at_ms=after_ms(5))
            take(ingest, declared("talk-1", replace(self.mine, name=name)), at_ms=after_ms(5))

    def test_a_session_has_only_so_many(self, ingest, store):
        for number in range(MOST_DECLARED):
            take(ingest, declared("talk-1", replace(self.mine, name=f"mine {number}")), at_ms=after_ms(5))
        with pytest.raises(DeliveryRefused, match="scorers already"):
            take(ingest, declared("talk-1", replace(self.mine, name="one more")), at_ms=after_ms(5))

    def test_a_rejected_delivery_makes_no_scorer_known(self, ingest, store):
        (window,) = declared("talk-1", self.mine).windows
        with pytest.raises(SheetRejected):
            take(
                ingest,
                WindowFile(windows=(replace(window, faces=10_000, expected=10_000),), scorer=self.mine),
                at_ms=after_ms(5),
            )
        assert store.scorers("talk-1") == {}


class TestAStatus:
    def test_of_a_camera_that_waits_for_its_clock_is_heard(self, ingest, store):
        waits = replace(a_heartbeat(), at_ms=5000, state="waiting", last_window_ms=None, received_ms=after_ms(3))
        ingest.record_status(waits, now_ms=after_ms(3))
        assert store.heartbeats("talk-1") == [waits]

    def test_the_day_before_is_heard_and_counts_as_no_record(self, ingest, store):
        early = replace(a_heartbeat(at_s=-86_400), received_ms=after_ms(-86_400))
        ingest.record_status(early, now_ms=after_ms(-86_400))
        assert store.heartbeats("talk-1") == [replace(early, last_window_ms=None)]

    def test_of_a_session_that_ended_long_ago_is_not(self, ingest, store):
        store.put_session(a_session(ended_at=from_ms(after_ms(60))))
        late_ms = after_ms(61) + LATE_MS
        with pytest.raises(DeliveryRefused):
            ingest.record_status(replace(a_heartbeat(), at_ms=late_ms, received_ms=late_ms), now_ms=late_ms)
