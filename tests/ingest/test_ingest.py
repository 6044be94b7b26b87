"""From deliveries to records: what is recorded, what is not, and that order and repetition change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audience.deliveries.delivery import Delivery, read_key
from audience.deliveries.sheet import Sheet, seal_sheet
from audience.deliveries.window_file import WindowFile
from audience.errors import DeliveryRefused, FacesRefused, HouselightsError, ScorerUnavailable, SheetRejected
from audience.faces import FACING, FACING_THRESHOLD, WindowFaces
from audience.sessions import Camera
from audience.store import Store
from audience.stores import open_store
from audience.windows import tallies_of
from ingest_lambda.ingest import DAY_MS, Ingest, IngestResult, Keep
from tests.builders import a_face, a_heartbeat, a_scorer, a_session, a_window, after_ms
from tests.examples import examples
from tests.ingest.conftest import MadeUpScorer, set_up
from tests.ingest.sheets import a_head_count_file, a_sheet, a_window_file, gray_picture

DELIVERED_MS = after_ms(30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/houselights.db") as opened:
        set_up(opened)
        yield opened


@pytest.fixture
def ingest(store: Store, scorer: MadeUpScorer) -> Ingest:
    return Ingest(store, scorer, Keep())


def deliver(ingest: Ingest, delivery: Delivery, *, now_ms: int = DELIVERED_MS) -> IngestResult:
    return ingest.record(delivery.key, delivery.data, delivered_ms=DELIVERED_MS, now_ms=now_ms)


def facing_sheet(*facing: float | None) -> Sheet:
    """A sheet of one window, whose faces are turned to the front with these probabilities."""
    plain = a_sheet(len(facing)).manifest
    tiles = tuple(replace(tile, facing=value) for tile, value in zip(plain.tiles, facing, strict=True))
    return seal_sheet(replace(plain, tiles=tiles), gray_picture(len(facing)))


def recorded(store: Store, session_id: str = "talk-1") -> tuple[list[tuple[object, ...]], list[WindowFaces]]:
    """Everything the store holds of a session's stage, comparable."""
    table = store.windows(session_id, "main")
    rows = [
        (int(start), table.cameras[camera], int(faces), int(expected), total.tolist(), over.tolist())
        for start, camera, faces, expected, total, over in zip(
            table.start_ms, table.camera, table.faces, table.expected, table.total, table.over, strict=True
        )
    ]
    return sorted(rows), store.faces(session_id, "main")


class TestASheet:
    def test_becomes_windows_and_the_faces_behind_them(self, ingest, store):
        sheet = a_sheet(3, 2)
        result = deliver(ingest, sheet.delivery())
        assert (result.kind, result.windows, result.faces, result.unmatched) == ("sheet", 2, 5, 0)
        assert result.captured_ms == after_ms(0) + 40
        table = store.windows("talk-1", "main")
        assert table.start_ms.tolist() == [after_ms(0), after_ms(1)]
        assert table.faces.tolist() == [3, 2]
        assert table.scorers == ("made-up-1",)
        smile = table.expressions.index("smile")
        assert table.total[:, smile].tolist() == pytest.approx([0 + 1 / 3 + 2 / 3, 1 + 0])
        assert table.over[:, smile].tolist() == [1, 1]
        first, second = store.faces("talk-1", "main")
        assert first.part == second.part == sheet.sheet_id
        assert [face.track_id for face in first.faces] == ["run-0", "run-1", "run-2"]

    def test_whose_tile_has_no_face_still_expects_it(self, ingest, store, scorer):
        scorer.without_a_face = {1}
        result = deliver(ingest, a_sheet(3).delivery())
        assert (result.faces, result.unmatched) == (2, 1)
        table = store.windows("talk-1", "main")
        assert (table.faces.tolist(), table.expected.tolist()) == ([2], [3])

    def test_on_which_no_face_was_found_again_is_a_window_without_faces(self, ingest, store, scorer):
        scorer.without_a_face = {0, 1, 2}
        deliver(ingest, a_sheet(3).delivery())
        table = store.windows("talk-1", "main")
        assert (table.faces.tolist(), table.expected.tolist(), table.expressions) == ([0], [3], ())

    def test_counts_who_was_turned_to_the_front_among_the_faces_found_again(self, ingest, store, scorer):
        scorer.without_a_face = {0}
        deliver(ingest, facing_sheet(0.9, 0.8, 0.2, None).delivery())
        table = store.windows("talk-1", "main")
        facing = table.measures.index("facing")
        assert (table.faces.tolist(), table.scored[:, facing].tolist(), table.over[:, facing].tolist()) == (
            [3],
            [2],
            [1],
        )

    def test_of_a_workplace_says_nothing_of_it(self, ingest, store):
        store.put_session(a_session(setting="workplace", country="CH"))
        deliver(ingest, facing_sheet(0.9, 0.8, 0.2).delivery())
        table = store.windows("talk-1", "main")
        assert table.faces.tolist() == [3]
        assert "facing" not in table.measures
        assert all("facing" not in face.confidences for one in store.faces("talk-1", "main") for face in one.faces)

    def test_records_a_window_with_nobody_in_view(self, ingest, store):
        deliver(ingest, a_sheet(2, 0, expected=(2, 2)).delivery())
        table = store.windows("talk-1", "main")
        assert (table.faces.tolist(), table.expected.tolist()) == ([2, 0], [2, 2])

    def test_and_its_siblings_add_up_to_their_window(self, ingest, store):
        sheets = [a_sheet(100, expected=(250,)), a_sheet(99, expected=(99,)), a_sheet(51, expected=(51,))]
        for sheet in sheets:
            deliver(ingest, sheet.delivery())
        table = store.windows("talk-1", "main").over_cameras()
        assert (table.faces.tolist(), table.expected.tolist()) == ([250], [400])

    def test_is_kept_from_its_delivery_on_whatever_the_cameras_clock_says(self, ingest, store):
        deliver(ingest, a_sheet(1, at_s=300).delivery())
        (faces,) = store.faces("talk-1", "main")
        assert faces.expires_ms == DELIVERED_MS + 30 * DAY_MS
        assert store.prune(DELIVERED_MS + 30 * DAY_MS + 1) == 1
        assert store.prune(DELIVERED_MS + 730 * DAY_MS + 1) == 1

    def test_makes_its_scorer_known_once(self, ingest, store, monkeypatch):
        deliver(ingest, a_sheet(1).delivery())
        assert store.scorers()["made-up-1"].experimental == {"fear"}
        monkeypatch.setattr(store, "put_scorer", lambda _: pytest.fail("told twice"))
        deliver(ingest, a_sheet(2).delivery())
        deliver(Ingest(store, MadeUpScorer(), Keep()), a_sheet(3).delivery())

    def test_shares_are_over_windows_of_large_rooms(self, ingest):
        assert deliver(ingest, a_sheet(20, 4).delivery()).shares == {}
        assert deliver(ingest, a_sheet(24, 4).delivery()).shares == {"smile": 0.5, "fear": 0.0}

    def test_that_could_not_be_scored_now_leaves_no_record(self, ingest, store, scorer):
        scorer.fails = [ScorerUnavailable("busy")]
        with pytest.raises(ScorerUnavailable):
            deliver(ingest, a_sheet().delivery())
        assert len(store.windows("talk-1", "main")) == 0


class TestAWindowFile:
    def test_is_recorded_as_it_is_but_for_its_expiry(self, ingest, store):
        file = a_window_file(smiles=[0.9, 0.1])
        result = deliver(ingest, file.delivery())
        assert (result.kind, result.windows, result.faces, result.unmatched) == ("windows", 1, 2, 0)
        table = store.windows("talk-1", "main")
        assert table.total.tolist() == [[1.0]]
        (faces,) = store.faces("talk-1", "main")
        assert faces.expires_ms == DELIVERED_MS + 30 * DAY_MS
        assert store.prune(DELIVERED_MS) == 0
        (scorer,) = store.scorers("talk-1").values()
        assert table.scorers == (scorer.name,)
        assert (scorer.thresholds, scorer.model_sha256) == (a_scorer().thresholds, a_scorer().model_sha256)

    def test_of_a_workplace_loses_who_was_turned_to_the_front(self, ingest, store):
        store.put_session(a_session(setting="workplace", country="CH", mode="head count"))
        heads = [a_face(f"t{index}", confidences={"facing": 0.9}) for index in range(4)]
        counted = a_window(0, seen=[replace(head, confidences={}) for head in heads], scorer="")
        window = replace(counted, tallies=tallies_of(heads, {FACING: FACING_THRESHOLD}))
        deliver(ingest, WindowFile(windows=(window,)).delivery())
        table = store.windows("talk-1", "main")
        assert (table.faces.tolist(), table.measures) == ([4], ())

    def test_with_a_known_scorers_name_for_another_is_refused(self, ingest, store):
        store.put_scorer(a_scorer())
        other = a_scorer(thresholds={"smile": 0.01, "happy": 0.5, "surprised": 0.5, "sad": 0.5})
        with pytest.raises(DeliveryRefused, match="known with other thresholds"):
            deliver(ingest, a_window_file(scorer=other).delivery())
        assert store.scorers() == {a_scorer().name: a_scorer()}
        assert len(store.windows("talk-1", "main")) == 0

    def test_of_a_scorer_that_was_let_in_lets_in_no_other_of_its_name(self, ingest):
        deliver(ingest, a_window_file().delivery())
        other = a_scorer(thresholds={"smile": 0.01, "happy": 0.5, "surprised": 0.5, "sad": 0.5})
        with pytest.raises(DeliveryRefused, match="known with other thresholds"):
            deliver(ingest, a_window_file(1, scorer=other).delivery())


def test_windows_of_another_width_would_make_a_stage_unreadable_and_are_rejected(ingest, store):
    delivery = a_window_file(width_ms=500).delivery()
    with pytest.raises(SheetRejected, match="500 ms wide"):
        deliver(ingest, delivery)
    assert len(store.windows("talk-1", "main")) == 0


class TestWhatIsSetUp:
    @pytest.mark.parametrize(
        ("sheet", "what"),
        [
            (a_sheet(session_id="talk-2"), "session 'talk-2' is not set up"),
            (a_sheet(stage_id="tent"), "stage 'tent' of session 'talk-1' is not set up"),
            (a_sheet(camera_id="cam-2"), "camera 'cam-2' of stage 'main' of session 'talk-1' is not set up"),
        ],
    )
    def test_must_be_so_before_a_camera_delivers(self, ingest, scorer, sheet, what):
        with pytest.raises(DeliveryRefused, match=rf"^{what}: .*`houselights prepare --session \S+ --stage \S+ --cam"):
            deliver(ingest, sheet.delivery())
        assert scorer.sheets == []

    def test_is_known_at_once(self, ingest, store):
        delivery = a_sheet(session_id="talk-2").delivery()
        with pytest.raises(DeliveryRefused):
            deliver(ingest, delivery)
        set_up(store, "talk-2")
        assert deliver(ingest, delivery).faces == 3

    def test_is_looked_up_once_for_all_cameras_of_a_stage(self, store, monkeypatch):
        cameras = [f"cam-{number}" for number in range(1, 6)]
        for camera_id in cameras:
            store.put_camera("talk-1", "main", Camera(camera_id=camera_id, delivered_by=camera_id))
        asked: list[str] = []
        for method in ("session", "cameras"):
            read = getattr(store, method)
            monkeypatch.setattr(store, method, lambda *key, m=method, read=read: asked.append(m) or read(*key))
        ingest = Ingest(store, MadeUpScorer(), Keep())
        for at_s in (0, 2):
            for camera_id in cameras:
                deliver(ingest, a_sheet(at_s=at_s, camera_id=camera_id).delivery())
        assert sorted(asked) == ["cameras", "session"]

    def test_a_camera_that_another_device_took_over_is_refused_after_ten_seconds(self, ingest, store):
        deliver(ingest, a_sheet().delivery())
        store.put_camera("talk-1", "main", Camera(camera_id="cam-1", delivered_by="other"))
        with pytest.raises(DeliveryRefused, match="another device"):
            deliver(ingest, a_sheet(at_s=2).delivery(), now_ms=DELIVERED_MS + 10_000)
        store.put_camera("talk-1", "main", Camera(camera_id="cam-1", delivered_by="cam-1"))
        deliver(ingest, a_sheet(at_s=2).delivery(), now_ms=DELIVERED_MS + 10_001)

    def test_is_cached_for_ten_seconds(self, ingest, store):
        deliver(ingest, a_sheet().delivery())
        store.put_session(a_session(mode="head count"))
        deliver(ingest, a_sheet(at_s=2).delivery(), now_ms=DELIVERED_MS + 9_999)
        with pytest.raises(DeliveryRefused):
            deliver(ingest, a_sheet(at_s=4).delivery(), now_ms=DELIVERED_MS + 10_000)

    def test_deliveries_for_a_deleted_session_are_refused_and_must_be_deleted(self, ingest, store):
        """At once, and when it is looked up again: nobody will ever want those pictures."""
        deliver(ingest, a_sheet().delivery())
        store.delete_session("talk-1")
        for at_s, later_ms in ((2, 0), (4, 0), (6, 60_000)):
            with pytest.raises(FacesRefused, match="'talk-1' was deleted"):
                deliver(ingest, a_sheet(at_s=at_s).delivery(), now_ms=DELIVERED_MS + later_ms)
        with pytest.raises(DeliveryRefused, match="'talk-1' was deleted"):
            ingest.record_status(replace(a_heartbeat(), received_ms=DELIVERED_MS), now_ms=DELIVERED_MS)
        assert not store.delete_session("talk-1"), "nothing of it came back"
        set_up(store)
        deliver(ingest, a_sheet(at_s=8).delivery(), now_ms=DELIVERED_MS + 60_000)

    def test_scorers_of_a_deleted_session_are_forgotten(self, ingest, store):
        for at_s in (0, 1):
            deliver(ingest, a_window_file(at_s).delivery())
        declared = store.scorers("talk-1")
        assert declared
        store.delete_session("talk-1")
        with pytest.raises(FacesRefused):
            deliver(ingest, a_window_file(2).delivery())
        set_up(store)
        deliver(ingest, a_window_file(3).delivery())
        assert store.scorers("talk-1") == declared

    def test_is_looked_up_again_when_the_clock_is_set_back(self, ingest, store):
        deliver(ingest, a_sheet().delivery())
        store.delete_session("talk-1")
        with pytest.raises(DeliveryRefused):
            deliver(ingest, a_sheet(at_s=2).delivery(), now_ms=DELIVERED_MS - 1)


class TestASessionThatCountsHeads:
    @pytest.fixture(autouse=True)
    def _set_up(self, store: Store) -> None:
        store.put_session(a_session(mode="head count"))

    def test_refuses_sheets_unread(self, ingest, scorer):
        with pytest.raises(FacesRefused, match="only counts heads"):
            deliver(ingest, a_sheet().delivery())
        with pytest.raises(FacesRefused):
            ingest.record(a_sheet().delivery().key, b"anything", delivered_ms=DELIVERED_MS, now_ms=DELIVERED_MS)
        assert scorer.sheets == []

    def test_refuses_windows_in_which_expressions_were_scored(self, ingest, store):
        with pytest.raises(FacesRefused, match="this file holds expressions"):
            deliver(ingest, a_window_file().delivery())
        assert len(store.windows("talk-1", "main")) == 0
        assert store.scorers() == {}

    def test_takes_head_counts(self, ingest, store):
        result = deliver(ingest, a_head_count_file(heads=7).delivery())
        assert (result.faces, result.shares) == (7, {})
        assert store.windows("talk-1", "main").faces.tolist() == [7]


def test_a_status_is_recorded_where_its_camera_is_set_up(ingest, store):
    ingest.record_status(a_heartbeat(), now_ms=DELIVERED_MS)
    assert store.heartbeats("talk-1") == [a_heartbeat()]
    with pytest.raises(DeliveryRefused):
        ingest.record_status(a_heartbeat(camera_id="cam-9"), now_ms=DELIVERED_MS)


def test_a_status_older_than_the_recorded_one_is_ignored(ingest, store):
    first = replace(a_heartbeat(at_s=9), received_ms=after_ms(1))  # its clock is set back meanwhile
    last = replace(a_heartbeat(at_s=3), received_ms=after_ms(3))
    for heartbeat in (last, first):
        ingest.record_status(heartbeat, now_ms=DELIVERED_MS)
    assert store.heartbeats("talk-1") == [last]


def test_single_faces_are_not_recorded_where_they_are_kept_for_no_day(store, scorer):
    ingest = Ingest(store, scorer, Keep(faces_days=0))
    sheet, file = a_sheet(3).delivery(), a_window_file(9).delivery()
    for one in (sheet, file):
        deliver(ingest, one)
        assert ingest.is_recorded(read_key(one.key)), "by its window, as no face says so"
    assert store.windows("talk-1", "main").faces.tolist() == [3, 2]
    assert store.faces("talk-1", "main") == []


def test_sums_are_recorded_to_the_millionth(ingest, store):
    """More digits make DynamoDB charge a second unit for a window of nine expressions."""
    seen = [a_face(f"t{face}", confidences={"smile": 1 / (face + 3)}) for face in range(7)]
    deliver(ingest, WindowFile(windows=(a_window(seen=seen),), scorer=a_scorer()).delivery())
    total = float(store.windows("talk-1", "main").total.sum())
    assert total == round(total, 6) == pytest.approx(sum(1 / (face + 3) for face in range(7)), abs=1e-6)


def test_a_recorded_delivery_is_recognised(ingest):
    one, other, file = a_sheet(3).delivery(), a_sheet(4).delivery(), a_window_file(9).delivery()
    deliver(ingest, one)
    assert [ingest.is_recorded(read_key(delivery.key)) for delivery in (one, other, file)] == [True, False, False]
    deliver(ingest, file)
    assert ingest.is_recorded(read_key(file.key))


@pytest.mark.parametrize("days", [{"windows_days": 0}, {"faces_days": -1}])
def test_records_cannot_be_kept_for_no_time(days):
    with pytest.raises(ValueError, match="use 1 or more"):
        Keep(**days)


PARTS = [
    *(a_sheet(count, at_s=at_s) for at_s, count in enumerate((1, 4, 7, 2, 9))),
    *(a_sheet(count, at_s=1, camera_id="cam-2") for count in (3, 5)),
    a_sheet(2, 3, at_s=6),
]
DELIVERIES = [part.delivery() for part in PARTS] + [a_window_file(at_s).delivery() for at_s in (0, 20)]
BROKEN = [
    Delivery(key=DELIVERIES[0].key, data=DELIVERIES[0].data[:-9], start_ms=0),
    Delivery(key=DELIVERIES[1].key, data=DELIVERIES[2].data, start_ms=0),
    Delivery(key="sheets/x.jpg", data=b"", start_ms=0),
    a_sheet(session_id="nobodys").delivery(),
]


@given(order=st.permutations(range(len(DELIVERIES))), again=st.lists(st.integers(0, 9), max_size=8), data=st.data())
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
def test_in_any_order_twice_and_with_broken_ones_between_the_same_is_recorded(order, again, data):
    with TemporaryDirectory() as folder:
        with open_store(f"sqlite:///{folder}/straight.db") as straight:
            set_up(straight, cameras=("cam-1", "cam-2"))
            ingest = Ingest(straight, MadeUpScorer(2), Keep())
            for delivery in DELIVERIES:
                deliver(ingest, delivery)
            expected = recorded(straight)
        with open_store(f"sqlite:///{folder}/shuffled.db") as shuffled:
            set_up(shuffled, cameras=("cam-1", "cam-2"))
            ingest = Ingest(shuffled, MadeUpScorer(2), Keep())
            coming = [DELIVERIES[index] for index in order]
            for delivery in [*BROKEN, *(DELIVERIES[index] for index in again)]:
                coming.insert(data.draw(st.integers(0, len(coming))), delivery)
            refused = 0
            for delivery in coming:
                try:
                    deliver(ingest, delivery)
                except HouselightsError:
                    refused += 1
            assert refused == len(BROKEN)
            assert recorded(shuffled) == expected
