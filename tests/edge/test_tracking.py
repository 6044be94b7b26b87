"""Tracking: each person gets one track, and each track is one person."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.errors import InvalidValue
from edge_lambda.detectors import SURE, Detection
from edge_lambda.tracking import Following, TrackedFace, Tracker
from edge_lambda.tracking.matching import Gate, matched
from edge_lambda.tracking.motion import Motion, corrected, first_state, predicted, spread
from tests.examples import examples

FRAME = (1280, 720)
STARTED_MS = 1_700_000_000_000


def a_face(x: float, y: float, *, height: float = 80, confidence: float = 0.9) -> Detection:
    """A face with its centre at x, y."""
    width = 0.8 * height
    return Detection(left=x - width / 2, top=y - height / 2, width=width, height=height, confidence=confidence)


class Camera:
    """Hands a tracker one frame after another, a second apart unless said otherwise."""

    def __init__(self, *, run: str = "run", following: Following | None = None) -> None:
        self.tracker = Tracker(run=run, following=following)
        self.at_ms = STARTED_MS

    def sees(self, *faces: Detection, after_s: float = 1.0) -> list[str]:
        """The tracks of the faces that have one, in the order given."""
        return [tracked.track for tracked in self.follows(faces, after_s=after_s)]

    def follows(self, faces: Iterable[Detection], *, after_s: float = 1.0) -> list[TrackedFace]:
        self.at_ms += round(after_s * 1000)
        return self.tracker.update(list(faces), self.at_ms, FRAME)


class TestFollowing:
    def test_a_face_is_a_track_from_its_first_sighting_on(self) -> None:
        assert Camera().sees(a_face(300, 300)) == ["run-1"]

    def test_a_face_that_stays_keeps_its_track(self) -> None:
        camera = Camera()
        assert {*camera.sees(a_face(300, 300)), *camera.sees(a_face(310, 295)), *camera.sees(a_face(302, 304))} == {
            "run-1"
        }

    def test_a_face_is_found_again_though_its_boxes_no_longer_overlap(self) -> None:
        camera = Camera()
        assert camera.sees(a_face(300, 300)) == camera.sees(a_face(390, 300))

    def test_a_face_that_leaps_across_the_room_is_another(self) -> None:
        camera = Camera()
        assert camera.sees(a_face(300, 300)) != camera.sees(a_face(600, 300))

    def test_a_face_of_another_size_is_another(self) -> None:
        camera = Camera()
        assert camera.sees(a_face(300, 300, height=40)) != camera.sees(a_face(300, 300, height=100))

    def test_a_hidden_face_is_not_reported(self) -> None:
        camera = Camera()
        camera.sees(a_face(300, 300), a_face(600, 300))
        assert camera.sees(a_face(300, 300)) == ["run-1"]

    @pytest.mark.parametrize("fps", [1, 10, 30])
    def test_a_face_hidden_for_two_seconds_keeps_its_track(self, fps: int) -> None:
        camera = Camera()
        for _ in range(5 * fps):
            camera.sees(a_face(300, 300), a_face(500, 300), after_s=1 / fps)
        for _ in range(2 * fps):
            camera.sees(a_face(500, 300), after_s=1 / fps)
        assert camera.sees(a_face(320, 300), a_face(500, 300), after_s=1 / fps) == ["run-1", "run-2"]

    @pytest.mark.parametrize("fps", [1, 10])
    def test_a_seat_empty_for_longer_than_a_track_waits_gets_a_new_track(self, fps: int) -> None:
        camera = Camera(following=Following(survival_s=3))
        camera.sees(a_face(300, 300))
        for _ in range(4 * fps):
            assert camera.sees(after_s=1 / fps) == []
        assert camera.sees(a_face(300, 300), after_s=1 / fps) == ["run-2"]

    def test_a_long_gap_between_frames_ends_all_tracks(self) -> None:
        camera = Camera()
        camera.sees(a_face(300, 300))
        assert camera.sees(a_face(300, 300), after_s=3600) == ["run-2"]

    def test_whoever_walks_out_of_the_picture_comes_back_as_somebody_else(self) -> None:
        camera = Camera()
        for step in range(6):
            camera.sees(a_face(1080 + 40 * step, 300), after_s=0.2)
        camera.sees(after_s=0.2)
        assert camera.sees(a_face(1270, 300), after_s=0.2) == ["run-2"]

    def test_a_neighbour_who_appears_when_somebody_leaves_moves_nobody(self) -> None:
        camera = Camera()
        camera.sees(a_face(400, 300), a_face(500, 300))
        assert camera.sees(a_face(300, 300), a_face(400, 300)) == ["run-3", "run-1"]

    @pytest.mark.parametrize("fps", [2, 5, 10, 30])
    def test_two_people_who_cross_keep_their_tracks(self, fps: int) -> None:
        camera = Camera()
        for frame in range(4 * fps):
            walked = 100 * frame / fps  # 1.25 face heights a second
            tracks = camera.sees(a_face(200 + walked, 300), a_face(560 - walked, 330), after_s=1 / fps)
            assert tracks == ["run-1", "run-2"]

    @pytest.mark.parametrize("fps", [5, 10, 30])
    def test_two_people_who_hide_one_another_in_crossing_keep_their_tracks(self, fps: int) -> None:
        camera = Camera()
        for frame in range(4 * fps):
            walked = 100 * frame / fps
            near, far = a_face(200 + walked, 300), a_face(560 - walked, 310)
            hidden = abs(near.left - far.left) < 40
            tracks = camera.sees(*([near] if hidden else [near, far]), after_s=1 / fps)
            assert tracks == (["run-1"] if hidden else ["run-1", "run-2"])


class TestDoubtfulFaces:
    def test_a_doubtful_face_starts_no_track(self) -> None:
        camera = Camera()
        assert camera.sees(a_face(300, 300, confidence=SURE - 0.01)) == []
        assert camera.sees(a_face(300, 300, confidence=SURE)) == ["run-1"]

    def test_a_doubtful_face_continues_its_track(self) -> None:
        camera = Camera()
        camera.sees(a_face(300, 300))
        assert camera.sees(a_face(305, 300, confidence=0.35)) == ["run-1"]

    def test_a_doubtful_face_takes_no_track_from_a_sure_one(self) -> None:
        camera = Camera()
        camera.sees(a_face(300, 300))
        assert camera.follows([a_face(300, 300, confidence=0.35), a_face(330, 300)])[0].detection.confidence == 0.9

    def test_a_doubtful_face_beside_a_hidden_one_is_not_taken_for_it(self) -> None:
        camera = Camera()
        camera.sees(a_face(300, 300))
        assert camera.sees(a_face(360, 300, confidence=0.35)) == []


class TestIds:
    def test_a_run_names_its_tracks(self) -> None:
        assert Camera(run="20260301T190000").sees(a_face(300, 300)) == ["20260301T190000-1"]

    def test_no_track_of_a_restarted_run_is_one_of_the_run_before(self) -> None:
        before, after = Camera(run="a"), Camera(run="b")
        assert not set(before.sees(a_face(300, 300))) & set(after.sees(a_face(300, 300)))

    def test_a_run_without_a_name_is_refused(self) -> None:
        with pytest.raises(InvalidValue, match="needs a run"):
            Tracker(run="")


class TestTime:
    @pytest.mark.parametrize("step_ms", [0, -1, -1000])
    def test_a_frame_not_later_than_the_one_before_is_refused(self, step_ms: int) -> None:
        tracker = Tracker(run="run")
        tracker.update([a_face(300, 300)], STARTED_MS, FRAME)
        with pytest.raises(InvalidValue, match="chronological order"):
            tracker.update([a_face(300, 300)], STARTED_MS + step_ms, FRAME)

    def test_a_refused_frame_leaves_the_tracks_as_they_were(self) -> None:
        camera = Camera()
        camera.sees(a_face(300, 300))
        with pytest.raises(InvalidValue):
            camera.tracker.update([], camera.at_ms, FRAME)
        assert camera.sees(a_face(300, 300)) == ["run-1"]

    @pytest.mark.parametrize("at_ms", [0, -5_000])
    def test_any_instant_may_be_the_first(self, at_ms: int) -> None:
        assert len(Tracker(run="run").update([a_face(300, 300)], at_ms, FRAME)) == 1

    def test_memory_does_not_grow_with_the_length_of_a_recording(self) -> None:
        camera = Camera()
        held = []
        for second in range(60):
            camera.sees(*(a_face(100 + 230 * place, 100 + 37 * (second * 5 % 17)) for place in range(5)))
            held.append(camera.tracker.tracks_in_memory)
        assert max(held) <= 5 * (1 + 5)  # five faces a frame, each held for five seconds


faces = st.builds(
    a_face,
    st.floats(-50, 1330),
    st.floats(-50, 770),
    height=st.floats(8, 400),
    confidence=st.floats(0, 1),
)
frames = st.lists(st.lists(faces, max_size=6), max_size=8)


class TestWhateverIsSeen:
    @given(frames=frames, after_s=st.sampled_from([0.03, 0.5, 1.0, 4.0, 60.0]))
    def test_a_face_has_one_track_and_a_track_one_face_in_a_frame(
        self, frames: list[list[Detection]], after_s: float
    ) -> None:
        camera = Camera()
        for seen in frames:
            tracked = camera.follows(seen, after_s=after_s)
            assert len({one.track for one in tracked}) == len(tracked)
            left = list(seen)
            for one in tracked:
                left.remove(one.detection)
            assert all(face.confidence < SURE for face in left), "every sure face has a track"

    @given(frames=frames, seed=st.integers(0, 1000))
    def test_the_order_of_the_faces_does_not_matter(self, frames: list[list[Detection]], seed: int) -> None:
        as_given, shuffled = Camera(), Camera()
        order = random.Random(seed)
        for seen in frames:
            mixed = order.sample(seen, len(seen))
            assert sorted(map(repr, as_given.follows(seen))) == sorted(map(repr, shuffled.follows(mixed)))

    @given(frames=frames)
    def test_the_faces_come_back_in_the_order_given(self, frames: list[list[Detection]]) -> None:
        camera = Camera()
        for seen in frames:
            places = [next(i for i, face in enumerate(seen) if face is one.detection) for one in camera.follows(seen)]
            assert places == sorted(places)

    @given(frames=frames)
    def test_the_same_frames_make_the_same_tracks(self, frames: list[list[Detection]]) -> None:
        first, second = Camera(), Camera()
        assert [first.follows(seen) for seen in frames] == [second.follows(seen) for seen in frames]

    @settings(max_examples=examples(25))
    @given(seed=st.integers(0, 10_000), fps=st.sampled_from([1, 2, 10]))
    def test_a_seated_audience_is_never_mixed_up(self, seed: int, fps: int) -> None:
        """Twelve seats one and a half face heights apart; heads sway by up to a quarter, some look away.

        All are seen at first: somebody who comes as a neighbour goes may as well be that neighbour, who walked.
        """
        chance = np.random.default_rng(seed)
        seats = [(200.0 + 120 * (n % 6), 200.0 + 170 * (n // 6)) for n in range(12)]
        camera = Camera()
        track_of: dict[int, str] = {}
        for frame in range(12 * min(fps, 3)):
            here = [n for n in range(12) if chance.random() > 0.05 or frame == 0]
            sway = np.clip(chance.normal(0, 10, (12, 2)), -20, 20)
            seen = [
                a_face(seats[n][0] + sway[n, 0], seats[n][1] + sway[n, 1], height=80 * chance.uniform(0.93, 1.07))
                for n in here
            ]
            for n, track in zip(here, camera.sees(*seen, after_s=1 / fps), strict=True):
                assert track_of.setdefault(n, track) == track
        assert len(set(track_of.values())) == len(track_of)


class TestMotion:
    def test_a_steady_walk_is_predicted(self) -> None:
        motion = Motion()
        state = first_state(a_face(100, 300), motion)
        for step in range(1, 20):
            state = corrected(predicted(state, 0.1, motion), a_face(100 + 4 * step, 300), motion)
        expected = predicted(state, 0.1, motion)
        assert expected.mean[0, 0] == pytest.approx(100 + 4 * 20, abs=2)

    def test_a_speed_fades_while_a_face_is_hidden(self) -> None:
        motion = Motion(rest_s=1.0)
        state = first_state(a_face(100, 300), motion)
        state.mean[0, 1] = 50
        assert predicted(state, 60, motion).mean[0] == pytest.approx([150, 0])

    @given(whole=st.floats(0.02, 20), part=st.floats(0.01, 0.99))
    def test_two_steps_foresee_the_same_as_one(self, whole: float, part: float) -> None:
        motion = Motion()
        state = first_state(a_face(100, 300), motion)
        state.mean[:2, 1] = 30, -20
        once = predicted(state, whole, motion)
        twice = predicted(predicted(state, whole * part, motion), whole * (1 - part), motion)
        assert twice.mean == pytest.approx(once.mean)
        assert twice.covariance == pytest.approx(once.covariance)

    def test_the_longer_a_face_is_hidden_the_less_is_known_of_its_place(self) -> None:
        motion = Motion()
        state = first_state(a_face(100, 300), motion)
        spreads = [spread(predicted(state, seconds, motion), motion) for seconds in (0.1, 0.5, 1, 2, 5)]
        assert spreads == sorted(spreads)

    def test_sizes_stay_positive_however_long_a_face_shrinks(self) -> None:
        motion = Motion()
        state = first_state(a_face(100, 300, height=400), motion)
        for height in (200, 100, 50, 25):
            state = corrected(predicted(state, 0.1, motion), a_face(100, 300, height=height), motion)
        assert (predicted(state, 5, motion).box[2:] > 0).all()


class TestMatching:
    def test_nobody_expected_or_nobody_found_makes_no_pair(self) -> None:
        box, nothing = np.array([[0.0, 0.0, 80.0, 100.0]]), np.empty((0, 4))
        assert matched(nothing, [], box, Gate()) == []
        assert matched(box, [0.1], nothing, Gate()) == []

    def test_two_who_stayed_outweigh_one_pair_nearer(self) -> None:
        expected = np.array([[0.0, 0, 80, 100], [100, 0, 80, 100]])
        found = np.array([[90.0, 0, 80, 100], [5, 0, 80, 100]])
        assert sorted(matched(expected, [0.3, 0.3], found, Gate())) == [(0, 1), (1, 0)]

    @pytest.mark.parametrize(
        "wrong", [{"deviations": 0.0}, {"least": 0.0}, {"least": 2.0, "most": 1.0}, {"resize": 1.0}]
    )
    def test_a_gate_that_lets_nothing_through_is_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(InvalidValue, match="a gate needs"):
            Gate(**wrong)

    @pytest.mark.parametrize("wrong", [{"speed": 0.0}, {"rest_s": -1.0}, {"blur": 0.0}])
    def test_a_motion_without_noise_is_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(InvalidValue, match="must be over 0"):
            Motion(**wrong)

    @pytest.mark.parametrize("wrong", [{"sure": 1.5}, {"survival_s": 0.0}])
    def test_parameters_out_of_range_are_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(InvalidValue, match="must be within"):
            Following(**wrong)
