"""The contract of every store. A store joins with a line in `url`, which makes the URL of an empty one."""

from __future__ import annotations

import random
import string
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from audience.alerts import AlertBook, AlertMark, AlertRule, AlertSilence, AlertWatcher, ReportMark
from audience.errors import HouselightsError, InvalidValue, SessionNotFound, StoreUnavailable
from audience.faces import Box
from audience.scorers import REKOGNITION
from audience.sessions import Camera, RoomNotice, Session
from audience.slide_pictures import LARGEST_PICTURE
from audience.store import Store
from audience.stores import open_store
from audience.timelines import LONGEST_NOTES, MOST_NOTES, Segment, Timeline
from audience.window_table import WindowTable
from tests.builders import (
    BEGAN,
    a_camera,
    a_cue,
    a_face,
    a_head_count,
    a_heartbeat,
    a_progress,
    a_scorer,
    a_session,
    a_stage,
    a_timeline,
    a_transcript,
    a_window,
    after,
    after_ms,
    an_alert,
    an_annotation,
    an_exclusion,
    faces,
    window_faces,
)
from tests.contracts.conftest import PRESENCE_TTL_S
from tests.ticking import last_words

ROOT = Path(__file__).resolve().parents[2]


STORES = ("sqlite", "dynamodb on moto", "dynamodb on dynalite")


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    kind, _, engine = request.param.partition(" on ")
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/houselights.db"
    new_table: Callable[[str], str] = request.getfixturevalue("new_table")
    return new_table(request.getfixturevalue(engine))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def set_up(store: Store) -> None:
    """Sessions to write under."""
    for session_id in ("talk-1", "talk-2"):
        store.put_session(a_session(session_id))


def everything(store: Store, session_id: str = "talk-1") -> dict[str, object]:
    """All that a store has of a session, for comparison."""
    stages = store.stages(session_id)
    return {
        "session": [session for session in store.sessions() if session.session_id == session_id],
        "stages": stages,
        "cameras": [store.cameras(session_id, stage.stage_id) for stage in stages],
        "windows": [rows(store.windows(session_id, stage.stage_id)) for stage in stages],
        "faces": [store.faces(session_id, stage.stage_id) for stage in stages],
        "recordings": store.recordings(session_id),
        "heartbeats": store.heartbeats(session_id),
        "alerts": store.alerting.book(session_id).alerts,
        "transcripts": [store.transcript(session_id, stage.stage_id) for stage in stages],
        "pictures": [store.slide_pictures(session_id, stage.stage_id) for stage in stages],
    }


def rows(table: WindowTable) -> list[object]:
    """A table as plain values."""
    columns = ("start_ms", "camera", "faces", "expected", "scored", "total", "squares", "over")
    return [table.width_ms, table.cameras, table.expressions, table.scorers] + [
        getattr(table, column).tolist() for column in columns
    ]


def refused_within(put: Callable[[], None]) -> None:
    """Expects that a put is refused, at once or when the store's cached check of the session expires."""
    first_s = time.monotonic()
    while True:
        began_s = time.monotonic()
        try:
            put()
        except SessionNotFound:
            return
        assert began_s - first_s < 2 * PRESENCE_TTL_S, "it was taken again and again"
        time.sleep(PRESENCE_TTL_S / 10)


def fill(store: Store, session_id: str = "talk-1", stage_id: str = "main") -> None:
    """Puts one of everything into a session."""
    store.put_session(a_session(session_id))
    store.put_stage(session_id, a_stage(stage_id))
    store.put_camera(session_id, stage_id, a_camera())
    store.put_windows(
        [a_window(second, smiling=2, of=3, session_id=session_id, stage_id=stage_id) for second in range(3)],
        [window_faces(second, session_id=session_id, stage_id=stage_id) for second in range(3)],
        a_progress(session_id, stage_id),
    )
    store.put_heartbeat(a_heartbeat(session_id, stage_id))
    store.alerting.put(session_id, an_alert())
    store.put_transcript(session_id, stage_id, a_transcript((0, 2, "Welcome.")))
    store.put_slide_pictures(session_id, stage_id, {"a" * 32: b"\xff\xd8 a slide"})


class TestSessions:
    def test_a_session_comes_back_as_it_was(self, store):
        session = Session(
            session_id="talk-1",
            title="Größe & 大きさ: „Bühne“ 🎬",
            kind="screening",
            started_at=after(0.123456),
            ended_at=after(3600),
            setting="workplace",
            country="DE",
            notice_given=True,
            mode="head count",
            mode_reason="Only heads are counted, because that was asked for.",
            simulated=True,
            film="Schöne Welt",
            cut="B, shorter ending",
            city="Zürich",
            tags=("recruited", "students"),
            notice=RoomNotice(sheet_at=after(1), languages=("de", "en"), up_at=after(2), up_by="Ada"),
        )
        store.put_session(session)
        assert store.session("talk-1") == session

    def test_a_session_that_still_runs_has_no_end(self, store):
        store.put_session(a_session())
        assert store.session("talk-1").ended_at is None

    def test_a_session_written_again_replaces_itself(self, store):
        store.put_session(a_session(title="First title"))
        store.put_session(a_session(title="Second title", ended_at=after(60)))
        assert [session.title for session in store.sessions()] == ["Second title"]
        assert store.session("talk-1").ended_at == after(60)

    def test_a_session_that_is_not_there_is_named(self, store):
        with pytest.raises(SessionNotFound, match="'nowhere'"):
            store.session("nowhere")

    def test_an_empty_store_has_nothing(self, store):
        assert store.sessions() == []
        assert store.scorers() == {}
        assert store.stages("talk-1") == store.recordings("talk-1") == store.heartbeats("talk-1") == []
        assert store.cameras("talk-1", "main") == store.faces("talk-1", "main") == []
        assert len(store.windows("talk-1", "main")) == 0
        assert store.progress("talk-1", "main", "cam-1") is None

    def test_the_latest_session_comes_first_and_equal_starts_go_by_id(self, store):
        for name, start_s in [("b", 0), ("old", -9), ("a", 0), ("new", 9)]:
            store.put_session(a_session(name, started_at=after(start_s)))
        assert [session.session_id for session in store.sessions()] == ["new", "a", "b", "old"]

    def test_a_session_whose_start_is_corrected_moves(self, store):
        store.put_session(a_session("a", started_at=after(0)))
        store.put_session(a_session("b", started_at=after(1)))
        store.put_session(a_session("a", started_at=after(2)))
        assert [session.session_id for session in store.sessions()] == ["a", "b"]


@pytest.mark.usefixtures("set_up")
class TestStagesAndCameras:
    def test_a_stage_comes_back_as_it_was(self, store):
        stage = a_stage(
            title="Große Bühne",
            audience_size=300,
            timelines=[a_timeline(("Intro", 0, 9.5), ("日本", 10, 20), title="slides"), a_timeline(title="empty")],
            cues=[a_cue(0.25, 0), a_cue(60, 60), a_cue(60, 0)],
            exclusions=[an_exclusion(31.25, 60, title="Projektor ausgefallen"), an_exclusion(10, 12)],
            annotations=[an_annotation(12.5, "Tür schlug zu")],
        )
        store.put_stage("talk-1", stage)
        assert store.stages("talk-1") == [stage]

    def test_the_most_notes_there_may_be_come_back_with_the_timeline(self, store):
        said = Segment(title="A", start_s=0, end_s=1, notes="日\n" * (LONGEST_NOTES // 2), guessed=True)
        most = MOST_NOTES // LONGEST_NOTES
        segments = tuple(replace(said, start_s=float(place), end_s=place + 1.0) for place in range(most))
        stage = a_stage(timelines=[Timeline(title="T", segments=segments)])
        store.put_stage("talk-1", stage)
        assert store.stages("talk-1") == [stage]

    def test_stages_are_sorted_by_id_and_replace_themselves(self, store):
        for name in ("b", "a", "B", "a10", "a9"):
            store.put_stage("talk-1", a_stage(name))
        store.put_stage("talk-1", a_stage("b", title="new"))
        stages = store.stages("talk-1")
        assert [stage.stage_id for stage in stages] == ["B", "a", "a10", "a9", "b"]
        assert stages[-1].title == "new"

    @pytest.mark.parametrize("delivered_by", [None, "", "left"])
    def test_a_camera_comes_back_with_who_delivers_for_it(self, store, delivered_by):
        store.put_camera("talk-1", "main", Camera(camera_id="left", delivered_by=delivered_by))
        assert store.cameras("talk-1", "main") == [Camera(camera_id="left", delivered_by=delivered_by)]

    def test_a_camera_comes_back_with_its_overlaps(self, store):
        cameras = [a_camera("left", overlaps=["right", "wide"]), a_camera("right")]
        for camera in reversed(cameras):
            store.put_camera("talk-1", "main", camera)
        store.put_camera("talk-1", "main", a_camera("right"))
        assert store.cameras("talk-1", "main") == cameras

    def test_stages_and_cameras_belong_to_one_session_and_stage(self, store):
        store.put_stage("talk-1", a_stage("main"))
        store.put_camera("talk-1", "main", a_camera())
        assert store.stages("talk-2") == store.stages("talk") == store.stages("talk-11") == []
        assert store.cameras("talk-1", "other") == store.cameras("talk-1", "mai") == []
        assert store.cameras("talk-2", "main") == []


@pytest.mark.usefixtures("set_up")
class TestTranscripts:
    def test_pictures_of_slides_come_back_until_others_take_their_place(self, store):
        pictures = {f"{number:032x}": bytes([number]) * LARGEST_PICTURE for number in range(30)}
        assert store.slide_pictures("talk-1", "main") == {}
        store.put_slide_pictures("talk-1", "main", pictures)
        assert store.slide_pictures("talk-1", "main") == pictures
        assert store.slide_pictures("talk-1", "mai") == store.slide_pictures("talk-2", "main") == {}
        fewer = {key: pictures[key] for key in [*pictures][:2]}
        store.put_slide_pictures("talk-1", "main", fewer)
        assert store.slide_pictures("talk-1", "main") == fewer
        store.put_slide_pictures("talk-1", "main", {})
        assert store.slide_pictures("talk-1", "main") == {}

    def test_a_transcript_comes_back_as_it_was_until_it_is_replaced_or_deleted(self, store):
        transcript = a_transcript((0.25, 2, "Grüß Gott! 大きさ 🎬"), (1.5, 9, "Nächste Folie."))
        assert store.transcript("talk-1", "main") is None
        store.put_transcript("talk-1", "main", transcript)
        assert store.transcript("talk-1", "main") == transcript
        assert store.transcript("talk-1", "mai") is store.transcript("talk-2", "main") is None
        store.put_transcript("talk-1", "main", a_transcript((0, 1, "New.")))
        assert store.transcript("talk-1", "main") == a_transcript((0, 1, "New."))
        assert store.delete_transcript("talk-1", "main")
        assert store.transcript("talk-1", "main") is None
        assert not store.delete_transcript("talk-1", "main")

    def test_eight_hours_of_speech_fit_and_what_is_too_long_is_refused(self, store):
        dice = random.Random(1)
        words = ["".join(dice.choices(string.ascii_lowercase, k=dice.randint(2, 9))) for _ in range(3000)]
        lines = [(4 * at, 4 * at + 4, " ".join(dice.choices(words, k=10))) for at in range(7200)]
        store.put_transcript("talk-1", "main", a_transcript(*lines))
        assert len(store.transcript("talk-1", "main").lines) == 7200
        lines = [(at, at + 1, " ".join(dice.choices(words, k=100))) for at in range(7200)]
        with pytest.raises(InvalidValue, match="room"):
            store.put_transcript("talk-1", "main", a_transcript(*lines))


@pytest.mark.usefixtures("set_up")
class TestWindows:
    def test_windows_come_back_as_the_sums_they_were(self, store):
        windows = [
            a_window(0, seen=faces(0.1, 0.5, 0.9), expected=4),
            a_window(0, seen=faces(0.3), camera_id="cam-2"),
            a_window(1, seen=[a_face(confidences={"sad": 0.7, "happy": 1 / 3})]),
            a_head_count(2, heads=7),
            a_window(3, of=0),
        ]
        store.put_windows(windows)
        assert rows(store.windows("talk-1", "main")) == rows(WindowTable.of(windows))

    def test_delivering_a_window_twice_counts_its_faces_once(self, store):
        for _ in range(3):
            store.put_windows([a_window(smiling=2, of=3)], [window_faces(seen=faces(1, 1, 0))])
        assert store.windows("talk-1", "main").faces.tolist() == [3]
        assert len(store.faces("talk-1", "main")) == 1

    def test_the_same_window_twice_in_one_delivery_counts_once(self, store):
        store.put_windows([a_window(of=3), a_window(of=3)], [window_faces(), window_faces()])
        assert store.windows("talk-1", "main").faces.tolist() == [3]

    def test_a_rewritten_window_replaces_the_earlier_one(self, store):
        store.put_windows([a_window(smiling=2, of=3)])
        store.put_windows([a_window(smiling=1, of=4)])
        table = store.windows("talk-1", "main")
        assert (table.faces.tolist(), table.over.tolist()) == ([4], [[1]])

    def test_parts_of_a_window_add_up(self, store):
        store.put_windows([a_window(smiling=1, of=2, part="0")])
        store.put_windows([a_window(smiling=2, of=3, part="sheet-2")])
        table = store.windows("talk-1", "main").over_cameras()
        assert (table.faces.tolist(), table.over.tolist()) == ([5], [[3]])

    def test_the_order_of_delivery_changes_nothing(self, url, tmp_path_factory):
        windows = [
            a_window(second, smiling=1, of=2, camera_id=camera, part=part)
            for second in range(6)
            for camera in ("left", "right")
            for part in ("0", "1")
        ]
        tables = []
        for seed in range(3):
            shuffled = random.Random(seed).sample(windows, len(windows)) if seed else windows
            session = f"talk-{seed}"
            with open_store(url) as store:
                store.put_session(a_session(session))
                for window in shuffled + shuffled[:5]:
                    store.put_windows([replace(window, session_id=session)], [])
                tables.append(rows(store.windows(session, "main")))
        assert tables[0] == tables[1] == tables[2]

    def test_windows_may_arrive_before_their_stage_and_camera(self, store):
        store.put_windows([a_window(of=3)], [window_faces()], a_progress())
        store.put_stage("talk-1", a_stage())
        assert len(store.windows("talk-1", "main")) == 1
        assert len(store.faces("talk-1", "main")) == 1

    def test_a_range_holds_its_start_and_not_its_end(self, store):
        store.put_windows([a_window(s, of=1) for s in range(5)], [window_faces(s) for s in range(5)])

        def seconds(**limits: int) -> list[int]:
            table = store.windows("talk-1", "main", **limits)
            single = store.faces("talk-1", "main", **limits)
            assert [window.start_ms for window in single] == table.start_ms.tolist()
            assert store.window_count("talk-1", "main", **limits) == len(table)
            return [(start - after_ms(0)) // 1000 for start in table.start_ms.tolist()]

        assert seconds(from_ms=after_ms(1), until_ms=after_ms(3)) == [1, 2]
        assert seconds(from_ms=after_ms(1) + 1, until_ms=after_ms(3) + 1) == [2, 3]
        assert seconds(from_ms=after_ms(3)) == [3, 4]
        assert seconds(until_ms=after_ms(2)) == [0, 1]
        assert seconds(from_ms=after_ms(2), until_ms=after_ms(2)) == []
        assert seconds(from_ms=after_ms(9)) == seconds(until_ms=0) == []
        assert seconds(from_ms=0) == seconds() == [0, 1, 2, 3, 4]

    def test_windows_are_sorted_by_time_however_many_digits_it_has(self, store):
        store.put_windows([a_window(start_ms=start, of=1) for start in (10**12, 1000, 9000, 999_999_999_000, 0)])
        assert store.windows("talk-1", "main").start_ms.tolist() == [0, 1000, 9000, 999_999_999_000, 10**12]

    def test_windows_belong_to_one_session_and_stage(self, store):
        for session_id in ("a", "a-b"):
            store.put_session(a_session(session_id))
        store.put_windows(
            [a_window(of=1, session_id="a", stage_id="b-c"), a_window(of=2, session_id="a-b", stage_id="c")]
        )
        assert store.windows("a", "b-c").faces.tolist() == [1]
        assert store.windows("a-b", "c").faces.tolist() == [2]
        for session, stage in [("a", "b"), ("a", "c"), ("a-b", "b-c"), ("A", "b-c")]:
            assert len(store.windows(session, stage)) == 0

    def test_more_windows_than_one_page_of_any_store_come_back_whole(self, store):
        many = 1200
        store.put_windows([a_window(second, smiling=3, of=9) for second in range(many)])
        table = store.windows("talk-1", "main")
        assert np.array_equal(table.start_ms, after_ms(0) + 1000 * np.arange(many))
        assert store.window_count("talk-1", "main") == many

    def test_putting_nothing_is_allowed(self, store):
        store.put_windows([])
        assert len(store.windows("talk-1", "main")) == 0


@pytest.mark.usefixtures("set_up")
class TestFaces:
    def test_single_faces_come_back_as_they_were(self, store):
        box = Box(left=-1 / 65535, top=0, width=0.2, height=1)
        seen = window_faces(
            seen=[
                a_face("täck-1", at_ms=after_ms(0.25), box=box, quality=1, confidences={"smile": 1, "sad": 0}),
                a_face("t2", at_ms=after_ms(0.5), confidences={"smile": 0.2, "sad": 0.4}),
            ],
            expires_ms=after_ms(99),
        )
        store.put_windows([], [seen])
        (back,) = store.faces("talk-1", "main")
        assert replace(back, faces=()) == replace(seen, faces=())
        assert [face.track_id for face in back.faces] == ["täck-1", "t2"]
        assert [face.at_ms for face in back.faces] == [after_ms(0.25), after_ms(0.5)]
        assert back.faces[0].box.left == pytest.approx(box.left)
        assert back.faces[1].confidences == pytest.approx({"smile": 0.2, "sad": 0.4}, abs=1 / 65535)

    def test_faces_are_sorted_by_time_then_camera_then_part(self, store):
        keys = [(second, camera, part) for second in (0, 1) for camera in ("a", "b") for part in ("0", "1")]
        store.put_windows([], [window_faces(s, camera_id=c, part=p) for s, c, p in reversed(keys)])
        back = store.faces("talk-1", "main")
        assert [(seen.start_ms, seen.camera_id, seen.part) for seen in back] == [
            (after_ms(s), c, p) for s, c, p in keys
        ]

    def test_a_window_in_which_nobody_was_seen_is_kept_too(self, store):
        store.put_windows([], [window_faces(seen=[])])
        assert [seen.faces for seen in store.faces("talk-1", "main")] == [()]

    def test_faces_that_cannot_be_kept_take_their_windows_with_them(self, store):
        """All of a delivery or none of it."""
        far_outside = Box(left=1e6, top=0.25, width=0.1, height=0.2)
        odd = window_faces(seen=[a_face("t1"), a_face("t2", box=far_outside)])
        with pytest.raises(InvalidValue, match="packed"):
            store.put_windows([a_window(of=2)], [odd], a_progress())
        assert len(store.windows("talk-1", "main")) == 0
        assert store.recordings("talk-1") == []


@pytest.mark.usefixtures("set_up")
class TestProgressScorersAndHeartbeats:
    def test_progress_comes_back_and_only_the_newest(self, store):
        store.put_windows([], [], a_progress(done_s=10))
        store.put_windows([a_window(of=1)], [], a_progress(done_s=20.5, finished=True))
        assert store.progress("talk-1", "main", "cam-1") == a_progress(done_s=20.5, finished=True)
        assert store.progress("talk-1", "main", "cam-2") is None
        assert store.progress("talk-1", "other", "cam-1") is None

    def test_recordings_are_sorted_by_stage_and_camera(self, store):
        keys = [("a", "1"), ("a", "2"), ("b", "1")]
        for stage, camera in reversed(keys):
            store.put_windows([], [], a_progress("talk-1", stage, camera))
        store.put_windows([], [], a_progress("talk-2", "a", "1"))
        assert [(one.stage_id, one.camera_id) for one in store.recordings("talk-1")] == keys

    def test_scorers_are_known_by_name(self, store):
        store.put_scorer(a_scorer("net 1", thresholds={"smile": 0.4}))
        store.put_scorer(a_scorer("net 2"))
        store.put_scorer(a_scorer("net 1", thresholds={"smile": 0.6}))
        assert store.scorers() == {"net 1": a_scorer("net 1", thresholds={"smile": 0.6}), "net 2": a_scorer("net 2")}

    def test_a_scorer_may_give_its_thresholds_read_only_and_from_numpy(self, store):
        """As the scorer on the device does."""
        store.put_scorer(replace(a_scorer("net 1"), thresholds=MappingProxyType({"smile": np.float64(0.5)})))
        assert store.scorers() == {"net 1": a_scorer("net 1", thresholds={"smile": 0.5})}

    def test_a_sessions_cameras_declare_scorers_for_it_alone(self, store):
        for session_id in ("talk-1", "talk-11"):
            store.put_session(a_session(session_id))
        store.put_scorer(a_scorer("net 1"))
        store.put_scorer(a_scorer("mine", thresholds={"smile": 0.4}), "talk-1")
        store.put_scorer(a_scorer("mine", thresholds={"smile": 0.6}), "talk-11")
        assert store.scorers() == {"net 1": a_scorer("net 1")}
        assert store.scorers("talk-2") == {"net 1": a_scorer("net 1")}
        assert store.scorers("talk-1") == store.scorers() | {"mine": a_scorer("mine", thresholds={"smile": 0.4})}
        store.delete_session("talk-1")
        assert store.scorers("talk-1") == store.scorers()
        assert store.scorers("talk-11")["mine"].thresholds == {"smile": 0.6}
        with pytest.raises(SessionNotFound):
            store.put_scorer(a_scorer("mine"), "talk-1")

    def test_shipped_scorers_are_returned_as_defined(self, store):
        store.put_scorer(replace(REKOGNITION, experimental=frozenset(), thresholds={"smile": 0.01}))
        assert store.scorers() == {REKOGNITION.name: REKOGNITION}

    def test_only_the_newest_heartbeat_of_a_camera_is_kept(self, store):
        for second in range(3):
            store.put_heartbeat(a_heartbeat(at_s=second, detail=f"beat {second}"))
        assert store.heartbeats("talk-1") == [a_heartbeat(at_s=2, detail="beat 2")]

    def test_heartbeats_are_sorted_by_stage_and_camera(self, store):
        keys = [("a", "1"), ("a", "2"), ("b", "1")]
        for stage, camera in reversed(keys):
            store.put_heartbeat(a_heartbeat("talk-1", stage, camera))
        store.put_heartbeat(a_heartbeat("talk-2", "a", "1"))
        assert [(one.stage_id, one.camera_id) for one in store.heartbeats("talk-1")] == keys

    def test_a_camera_whose_clock_is_ahead_says_so(self, store):
        store.put_heartbeat(a_heartbeat(lag_s=-3.5))
        assert store.heartbeats("talk-1")[0].lag_s == -3.5

    def test_a_heartbeat_says_how_its_deliveries_fare(self, store):
        beat = replace(
            a_heartbeat(detail="S3 is busy (SlowDown): waiting"),
            state="failed",
            sent=120,
            waiting=3,
            dropped=1,
            detector="centerface-1",
            scorer="expressionnet-1",
            received_ms=after_ms(0.25),
            brightness=0.4,
            sharpness=0.7,
            preview_port=8600,
            preview_blurred=True,
        )
        store.put_heartbeat(beat)
        assert store.heartbeats("talk-1") == [beat]

    def test_a_detail_may_quote_a_file_name_that_is_not_text(self, store):
        """File names are bytes; Python hands those that are no UTF-8 on as lone surrogates."""
        detail = b"caf\xe9.mp4 cannot be read".decode("utf-8", "surrogateescape")
        store.put_heartbeat(a_heartbeat(detail=detail))
        assert store.heartbeats("talk-1")[0].detail == detail


@pytest.mark.usefixtures("set_up")
class TestAlerting:
    def test_there_is_nothing_where_nothing_was_put(self, store):
        assert store.alerting.book("talk-1") == AlertBook()

    def test_rules_alerts_marks_and_the_watcher_come_back_as_they_were(self, store):
        rules = (
            AlertRule(rule_id="a", what="camera"),
            AlertRule(rule_id="b", what="share", stage_id="main", limit=0.2),
        )
        alerts = (an_alert(), replace(an_alert(), since_ms=after_ms(9), well_ms=after_ms(99), ended_ms=after_ms(100)))
        marks = (
            AlertMark(
                alert_id=alerts[0].alert_id, kind="acknowledged", by="Ada #1 „Größe“", at_ms=after_ms(70), note="lens"
            ),
            AlertMark(alert_id=alerts[0].alert_id, kind="told over", by="sns", at_ms=after_ms(80)),
            AlertMark(alert_id=alerts[0].alert_id, kind="told", by="sns", at_ms=after_ms(61)),
        )
        watcher = AlertWatcher(name="laptop", at_ms=after_ms(100))
        silences = (
            AlertSilence(stage_id="main", camera_id="", by="Ada", at_ms=after_ms(9), until_ms=None, note="by design"),
            AlertSilence(stage_id="main", camera_id="cam-1", by="Ada", at_ms=after_ms(9), until_ms=after_ms(99)),
        )
        for document in (*reversed(rules), *reversed(alerts), *reversed(marks), *reversed(silences), watcher):
            store.alerting.put("talk-1", document)
        assert store.alerting.book("talk-1") == AlertBook(
            rules=rules, alerts=alerts, marks=marks, watcher=watcher, silences=silences
        )
        assert store.alerting.book("talk-11") == AlertBook()

    def test_a_document_written_again_replaces_itself_and_two_notifiers_do_not_replace_each_other(self, store):
        store.alerting.put("talk-1", AlertRule(rule_id="a", what="camera"))
        store.alerting.put("talk-1", AlertRule(rule_id="a", what="delay", limit=10))
        alert = an_alert()
        store.alerting.put("talk-1", replace(alert, began_ms=None))
        store.alerting.put("talk-1", alert)
        for by in ("Ada", "Grace"):
            store.alerting.put(
                "talk-1", AlertMark(alert_id=alert.alert_id, kind="acknowledged", by=by, at_ms=after_ms(70))
            )
        for by in ("sns", "web"):
            store.alerting.put("talk-1", AlertMark(alert_id=alert.alert_id, kind="told", by=by, at_ms=after_ms(70)))
        book = store.alerting.book("talk-1")
        assert [rule.what for rule in book.rules] == ["delay"]
        assert book.alerts == (alert,)
        assert [mark.by for mark in book.marks] == ["Grace", "sns", "web"]

    def test_a_document_is_dropped_alone_and_dropping_it_twice_is_allowed(self, store):
        store.alerting.put("talk-1", AlertRule(rule_id="a", what="camera"))
        store.alerting.put("talk-1", AlertRule(rule_id="ab", what="camera"))
        for _ in range(2):
            store.alerting.drop("talk-1", AlertRule(rule_id="a", what="camera"))
        assert [rule.rule_id for rule in store.alerting.book("talk-1").rules] == ["ab"]

    def test_sessions_with_rules_or_alerts_are_found_the_latest_start_first(self, store):
        for name, began_s in (("early", -90), ("late", 90), ("without", 60), ("watched", 70)):
            store.put_session(a_session(name, started_at=after(began_s)))
        store.alerting.put("early", AlertRule(rule_id="a", what="camera"))
        for session_id in ("late", "talk-1"):
            store.alerting.put(session_id, an_alert())
        store.alerting.put("watched", AlertWatcher(name="laptop", at_ms=after_ms(100)))
        assert store.alerting.sessions(0) == ["late", "talk-1", "early"]
        assert store.alerting.sessions(after_ms(0)) == ["late", "talk-1"]
        store.change_session(replace(store.session("early"), started_at=after(10)))
        assert store.alerting.sessions(after_ms(0)) == ["late", "early", "talk-1"]
        store.delete_session("late")
        assert store.alerting.sessions(0) == ["early", "talk-1"]

    def test_alerts_are_not_listed_as_stages_or_cameras(self, store):
        fill(store)
        assert store.stages("talk-1") == [a_stage()]
        assert store.cameras("talk-1", "main") == [a_camera()]


class TestForgetting:
    def test_deleting_a_session_takes_everything_of_it_and_nothing_of_another(self, store):
        sessions = ["talk", "talk-1", "talk-11", "Talk-1"]
        for session in sessions:
            fill(store, session)
        store.put_scorer(a_scorer())
        before = {session: everything(store, session) for session in sessions}
        store.delete_session("talk-1")
        assert [session.session_id for session in store.sessions()] == ["Talk-1", "talk", "talk-11"]
        assert all(len(part) == 0 for part in everything(store, "talk-1").values())
        assert len(store.windows("talk-1", "main")) == 0
        assert store.faces("talk-1", "main") == store.cameras("talk-1", "main") == []
        for session in set(sessions) - {"talk-1"}:
            assert everything(store, session) == before[session]
        assert store.scorers() == {"expression-net 1": a_scorer()}

    def test_deleting_takes_every_stage(self, store):
        fill(store, "talk-1", "main")
        fill(store, "talk-1", "tent")
        store.delete_session("talk-1")
        for stage in ("main", "tent"):
            assert len(store.windows("talk-1", stage)) == 0
            assert store.faces("talk-1", stage) == []

    def test_deleting_takes_cameras_of_a_stage_that_nobody_described(self, store):
        store.put_session(a_session())
        store.put_camera("talk-1", "attic", a_camera())
        store.put_heartbeat(replace(a_heartbeat(), stage_id="attic"))
        store.delete_session("talk-1")
        store.put_session(a_session())
        assert store.cameras("talk-1", "attic") == store.heartbeats("talk-1") == []

    def test_deleting_says_whether_there_was_anything_and_may_be_done_twice(self, store):
        fill(store)
        assert store.delete_session("talk-1")
        assert not store.delete_session("talk-1")
        assert not store.delete_session("nowhere")

    def test_a_deleted_session_can_be_written_again(self, store):
        fill(store)
        before = everything(store)
        store.delete_session("talk-1")
        fill(store)
        assert everything(store) == before

    def test_the_records_of_one_camera_can_be_removed_alone(self, store):
        fill(store)
        store.put_windows(
            [a_window(of=9, camera_id="cam-2"), a_window(of=8, stage_id="tent")],
            [window_faces(camera_id="cam-2")],
            a_progress(camera_id="cam-2"),
        )
        store.delete_camera_records("talk-1", "main", "cam-1")
        assert store.windows("talk-1", "main").faces.tolist() == [9]
        assert [seen.camera_id for seen in store.faces("talk-1", "main")] == ["cam-2"]
        assert store.progress("talk-1", "main", "cam-1") is None
        assert store.progress("talk-1", "main", "cam-2") is not None
        assert store.windows("talk-1", "tent").faces.tolist() == [8]
        assert store.session("talk-1") == a_session()
        assert store.stages("talk-1") == [a_stage()]
        assert store.cameras("talk-1", "main") == [a_camera()]

    def test_pruning_removes_what_expired_before_now_and_says_how_many(self, store):
        store.put_session(a_session())
        store.put_windows(
            [
                a_window(second, of=1, expires_ms=expires)
                for second, expires in [(0, 999), (1, 1000), (2, 5000), (3, None)]
            ],
            [window_faces(second, expires_ms=expires) for second, expires in [(0, 500), (1, 999), (2, None)]],
        )
        assert store.prune(1000) == 3
        assert store.windows("talk-1", "main").start_ms.tolist() == [after_ms(1), after_ms(2), after_ms(3)]
        assert [seen.start_ms for seen in store.faces("talk-1", "main")] == [after_ms(2)]
        assert store.prune(1000) == 0

    def test_single_faces_expire_and_their_windows_stay(self, store):
        store.put_session(a_session())
        store.put_windows([a_window(of=1, expires_ms=9000)], [window_faces(expires_ms=1000)])
        assert store.prune(5000) == 1
        assert len(store.windows("talk-1", "main")) == 1
        assert store.faces("talk-1", "main") == []
        assert store.session("talk-1") == a_session()


def every_put(store: Store) -> list[Callable[[], None]]:
    """Everything that puts something under the session talk-1, but setting it up."""
    return [
        lambda: store.put_stage("talk-1", a_stage(annotations=[an_annotation(1)], exclusions=[an_exclusion(1, 2)])),
        lambda: store.put_slide_pictures("talk-1", "main", {"a" * 32: b"jpeg"}),
        lambda: store.put_transcript("talk-1", "main", a_transcript((0, 2, "Welcome."))),
        lambda: store.put_camera("talk-1", "main", a_camera()),
        lambda: store.put_windows([a_window(of=3)]),
        lambda: store.put_windows([], [window_faces()]),
        lambda: store.put_windows([], [], a_progress()),
        lambda: store.put_windows([a_window(of=3, session_id="talk-2"), a_window(of=3)]),
        lambda: store.put_heartbeat(a_heartbeat()),
        lambda: store.change_session(a_session(title="Renamed")),
        lambda: store.alerting.put("talk-1", AlertRule(rule_id="a", what="camera")),
        lambda: store.alerting.put("talk-1", an_alert()),
        lambda: store.alerting.put("talk-1", AlertMark(alert_id="a", kind="acknowledged", by="Ada", at_ms=1)),
        lambda: store.alerting.put("talk-1", AlertWatcher(name="laptop", at_ms=1)),
        lambda: store.alerting.put("talk-1", ReportMark(by="mail 1a", at_ms=1, sent=True)),
    ]


class TestWritingUnderASession:
    def test_nothing_is_written_under_a_session_that_was_never_set_up(self, store):
        store.put_session(a_session("talk-2"))
        for put in every_put(store):
            with pytest.raises(SessionNotFound, match="'talk-1'"):
                put()
        assert store.sessions() == [a_session("talk-2")]
        assert not store.delete_session("talk-1")
        assert len(store.windows("talk-2", "main")) == 0, "a delivery is refused whole"

    def test_nothing_is_written_under_a_session_that_somebody_else_deleted(self, url, store):
        fill(store)
        store.put_session(a_session("talk-2"))
        with open_store(url) as desk:
            desk.delete_session("talk-1")
        for put in every_put(store):
            with pytest.raises(SessionNotFound, match="'talk-1'"):
                put()
        assert not store.delete_session("talk-1")

    def test_a_session_keeps_the_instant_at_which_it_was_first_set_up(self, store):
        first, later = after(-60), after(60)
        store.put_session(replace(a_session(), set_up_at=first))
        store.put_session(replace(a_session(title="By another camera"), set_up_at=later))
        assert store.session("talk-1") == replace(a_session(title="By another camera"), set_up_at=first)
        store.delete_session("talk-1")
        store.put_session(replace(a_session(), set_up_at=later))
        assert store.session("talk-1").set_up_at == later

    def test_a_writer_of_a_deleted_session_cannot_write_into_a_new_one_with_its_id(self, url, store):
        old, new = after(0), after(60)
        store.put_session(replace(a_session(), set_up_at=old))
        store.put_windows([a_window(0, of=3)], set_up_at=old)
        with open_store(url) as desk:
            desk.delete_session("talk-1")
            desk.put_session(replace(a_session(), set_up_at=new))
        for put in (
            lambda: store.put_windows([a_window(1, of=3)], [window_faces(1)], a_progress(), set_up_at=old),
            lambda: store.put_heartbeat(a_heartbeat(), set_up_at=old),
            lambda: store.change_session(replace(a_session(ended_at=after(9)), set_up_at=old)),
        ):
            # A store may cache for a while that the session exists.
            refused_within(put)
        store.put_heartbeat(a_heartbeat(at_s=70), set_up_at=new)
        assert len(store.windows("talk-1", "main")) == 0
        assert store.faces("talk-1", "main") == store.recordings("talk-1") == []
        assert store.heartbeats("talk-1") == [a_heartbeat(at_s=70)]
        assert store.session("talk-1").ended_at is None

    def test_deleting_while_four_processes_write_leaves_nothing(self, url):
        with open_store(url) as store:
            store.put_session(a_session())
            store.put_stage("talk-1", a_stage())
            writers = [
                subprocess.Popen(
                    [sys.executable, "-m", "tests.contracts.endless_writer", url, f"cam-{number}", str(PRESENCE_TTL_S)],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                for number in range(4)
            ]
            assert [writer.stdout.readline() for writer in writers] == ["writing\n"] * 4
            store.delete_session("talk-1")
            for writer in writers:
                _, complaints = last_words(writer)
                assert (writer.returncode, complaints) == (3, "")
            assert len(store.windows("talk-1", "main")) == 0
            assert store.faces("talk-1", "main") == store.heartbeats("talk-1") == store.stages("talk-1") == []
            assert not store.delete_session("talk-1"), "nothing was left to remove"


class TestManyAtOnce:
    def test_two_processes_with_three_threads_each_lose_nothing(self, url):
        each, threads = 25, 3
        with open_store(url) as store:
            store.put_session(a_session())
        writers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.contracts.writers", url, camera, str(threads), str(each)],
                cwd=ROOT,
                stderr=subprocess.PIPE,
                text=True,
            )
            for camera in ("left", "right")
        ]
        # The store is read all the while; a window that was seen once never goes away again.
        seen = 0
        with open_store(url) as store:
            while any(writer.poll() is None for writer in writers):
                now = len(store.windows("talk-1", "main"))
                assert now >= seen
                seen = now
            for writer in writers:
                _, complaints = writer.communicate()
                assert (writer.returncode, complaints) == (0, "")
            table = store.windows("talk-1", "main")
            assert len(table) == len(store.faces("talk-1", "main")) == 2 * threads * each
            assert table.over_cameras().faces.tolist() == [6] * (threads * each)

    @pytest.mark.usefixtures("set_up")
    def test_many_threads_write_and_read_through_one_store(self, store):
        def work(number: int) -> int:
            for second in range(10):
                store.put_windows([a_window(second, of=2, camera_id=f"cam-{number}")])
                store.put_heartbeat(a_heartbeat(camera_id=f"cam-{number}", at_s=second))
                assert len(store.windows("talk-1", "main")) >= second
            return number

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == list(range(8))
        assert len(store.windows("talk-1", "main")) == 80
        assert len(store.heartbeats("talk-1")) == 8

    @pytest.mark.usefixtures("set_up")
    def test_a_delivery_is_seen_whole_or_not_at_all(self, store):
        """A reader that comes in between never sees the progress without the windows it claims."""
        over = threading.Event()
        torn: list[object] = []

        def read() -> None:
            while not over.is_set():
                progress = store.progress("talk-1", "main", "cam-1")
                if progress is not None and len(store.windows("talk-1", "main")) < progress.done_s:
                    torn.append(progress)

        reader = threading.Thread(target=read)
        reader.start()
        for second in range(40):
            store.put_windows([a_window(second, of=1)], [], a_progress(done_s=second + 1))
        over.set()
        reader.join()
        assert torn == []

    def test_two_stores_of_one_url_see_each_others_writes(self, url):
        with open_store(url) as writer, open_store(url) as reader:
            writer.put_session(a_session())
            assert reader.session("talk-1") == a_session()
            writer.put_windows([a_window(of=3)])
            assert len(reader.windows("talk-1", "main")) == 1


class TestOpeningAndClosing:
    def test_what_was_written_is_there_when_the_store_is_opened_again(self, url):
        with open_store(url) as store:
            fill(store)
            before = everything(store)
        with open_store(url) as store:
            assert everything(store) == before

    def test_a_closed_store_raises_a_clear_error(self, url):
        store = open_store(url)
        store.put_session(a_session())
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            store.sessions()
        with pytest.raises(StoreUnavailable, match="closed"):
            store.put_session(a_session())

    def test_closing_twice_is_allowed(self, url):
        store = open_store(url)
        store.close()
        store.close()

    def test_the_url_of_a_store_opens_the_same_store(self, store):
        store.put_session(a_session())
        with open_store(store.url) as again:
            assert again.session("talk-1") == a_session()
            assert again.url == store.url

    @pytest.mark.parametrize("url", ["", "houselights.db", "sqlite://", "sqlite:///", "mysql://db", "file:///x.db"])
    def test_a_url_of_no_known_store_is_refused_with_an_example(self, url):
        with pytest.raises(HouselightsError, match="sqlite:///path"):
            open_store(url)


def test_started_sessions_are_ordered_by_instant_and_not_by_the_zone_they_are_written_in(store):
    west = timezone(timedelta(hours=-7))
    store.put_session(a_session("a", started_at=BEGAN.astimezone(west)))
    store.put_session(a_session("b", started_at=after(60)))
    assert [session.session_id for session in store.sessions()] == ["b", "a"]
