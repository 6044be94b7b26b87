"""Matching a track with a roster: who is named, who never is, and that no template of a stranger is kept."""

from __future__ import annotations

import gc
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pytest

from audience.errors import InvalidValue
from audience.identity import matching, thresholds
from audience.identity.matching import CropFacts, Gallery, Match, TrackMatcher, Vectors, mean_template
from audience.identity.people import KnownFace
from audience.identity.thresholds import LARGEST_ROSTER, ROSTERS, TABLE, threshold

MODEL = "tiny-1+00000000"
SIZE = 64
STRANGERS = np.eye(SIZE, dtype=np.float32)[-4:]
"""Far from everybody below, who have 0 there."""


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds of the tiny model: .5 for 1 photo, .4 for 2, whatever the roster's size; a margin of .05."""
    rows = {(1, 1, 40): (0.5,) * len(ROSTERS), (2, 1, 40): (0.4,) * len(ROSTERS)}
    monkeypatch.setattr(thresholds, "TABLE", MappingProxyType({MODEL: rows}))
    monkeypatch.setattr(matching, "MARGIN", 0.05)


def vector(*values: float) -> Vectors:
    """A template of length 1 that begins with these values; the rest of its length lies in a direction of its own."""
    result = np.zeros(SIZE, np.float32)
    result[: len(values)] = values
    result[len(values)] = np.sqrt(max(0.0, 1 - sum(value**2 for value in values)))
    return result


def face(subject: str, where: Vectors, *, photos: int = 1, recogniser: str = MODEL) -> KnownFace:
    return KnownFace(roster_id="club", subject_id=subject, vector=where, recogniser=recogniser, photos=photos)


def gallery(*faces: KnownFace, alike: tuple[tuple[str, str], ...] = ()) -> Gallery:
    return Gallery(faces, recogniser=MODEL, strangers=STRANGERS, alike=alike)


ADA, BOB = face("ada", vector(1)), face("bob", vector(0, 1))
TWO = (ADA, BOB)


class TestGallery:
    def test_who_is_alike_enough_is_named_with_the_runner_up(self) -> None:
        match = gallery(*TWO).match(vector(0.8, 0.3), crops=3, height_px=60)
        assert (match.outcome, match.subject_id, match.crops) == ("matched", "ada", 3)
        assert (match.similarity, match.runner_up) == pytest.approx((0.8, 0.3))

    def test_a_stranger_gets_no_name_and_nothing_is_said_of_them(self) -> None:
        assert gallery(*TWO).match(vector(0.49, 0.45), crops=3, height_px=60) == Match(outcome="nobody", crops=3)
        assert gallery().match(vector(1), crops=3, height_px=60) == Match(outcome="nobody", crops=3)

    def test_two_who_are_both_alike_enough_make_it_unsure(self) -> None:
        near = gallery(*TWO).match(vector(0.62, 0.6), crops=3, height_px=60)
        assert near == Match(outcome="unsure", between=("ada", "bob"), crops=3)
        assert gallery(*TWO).match(vector(0.62, 0.5), crops=3, height_px=60).subject_id == "ada"

    def test_people_marked_as_alike_are_never_told_apart(self) -> None:
        cleo = face("cleo", vector(0, 0, 1))
        family = gallery(*TWO, cleo, alike=(("ada", "bob"),))
        assert family.match(vector(0.9), crops=3, height_px=60) == Match(
            outcome="unsure", between=("ada", "bob"), crops=3
        )
        assert family.match(vector(0, 0, 0.9), crops=3, height_px=60).subject_id == "cleo"

    def test_each_is_held_against_the_threshold_of_their_own_photos(self) -> None:
        """.45 is too little for ada, who gave one photo, and enough for bob, who gave two."""
        bob = face("bob", vector(0, 1), photos=2)
        match = gallery(ADA, bob).match(vector(0.48, 0.45), crops=3, height_px=60)
        assert (match.outcome, match.subject_id) == ("matched", "bob")
        assert (match.similarity, match.runner_up) == pytest.approx((0.45, 0.48))

    def test_what_is_alike_for_strangers_too_counts_for_less(self) -> None:
        near_strangers = np.zeros((1, SIZE), np.float32)
        near_strangers[0, 0] = 1  # where ada's template lies
        crowded = Gallery(TWO, recogniser=MODEL, strangers=near_strangers)
        seen = vector(0.7, 0.7)
        alone, among = gallery(*TWO).similarities(seen), crowded.similarities(seen)
        assert alone == pytest.approx([0.7, 0.7], abs=1e-3)
        assert among == pytest.approx([0.7 - matching.CROWDING * 1.7, 0.7 - matching.CROWDING * 0.7], abs=1e-3)

    @pytest.mark.parametrize("height_px", [0, 12, 23.9, 39.9])
    def test_a_small_face_is_never_named(self, height_px: float) -> None:
        assert gallery(*TWO).match(vector(1), crops=9, height_px=height_px) == Match(outcome="too small")

    def test_a_template_of_another_model_asks_to_enrol_anew(self) -> None:
        with pytest.raises(InvalidValue, match=r"ada is of tiny-2\+1.*enrol anew") as error:
            gallery(face("ada", vector(1), recogniser="tiny-2+11111111"))
        assert "\n" not in str(error.value)
        with pytest.raises(InvalidValue, match="64 numbers: enrol anew"):
            gallery(face("ada", np.ones(1, np.float32)))

    def test_a_person_twice_and_too_many_people_are_refused(self) -> None:
        with pytest.raises(InvalidValue, match="ada is on the roster twice"):
            gallery(ADA, BOB, ADA)
        with pytest.raises(InvalidValue, match="too large"):
            gallery(*(face(f"p{number}", vector(1)) for number in range(LARGEST_ROSTER + 1)))

    def test_a_model_without_measured_thresholds_is_refused(self) -> None:
        with pytest.raises(InvalidValue, match=r"sface-1\+0"):
            Gallery([], recogniser="sface-1+0ba9fbfa", strangers=STRANGERS)


def facts(at_s: float, *, height_px: float = 60, sharpness: float = 0.8, frontality: float = 0.9) -> CropFacts:
    return CropFacts(at_s=at_s, height_px=height_px, sharpness=sharpness, frontality=frontality)


class TestACropsQuality:
    @pytest.mark.parametrize(
        ("better", "problem"),
        [
            ({}, None),
            ({"height_px": 39.0}, "too small"),
            ({"sharpness": 0.1}, "blurred"),
            ({"frontality": 0.2}, "turned"),
        ],
    )
    def test_says_what_is_wrong_with_it(self, better: dict[str, float], problem: str | None) -> None:
        assert facts(0, **better).problem == problem


class Recognising:
    """Computes templates of crops that are templates already, and counts the calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, crops: list[Vectors]) -> Vectors:
        self.calls += 1
        return np.stack(crops)


def track(*offers: tuple[CropFacts, Vectors], faces: tuple[KnownFace, ...] = TWO) -> TrackMatcher[Vectors]:
    matcher = TrackMatcher[Vectors](gallery(*faces))
    for crop_facts, crop in offers:
        matcher.offer(crop, crop_facts)
    return matcher


class TestATrack:
    def test_is_matched_from_the_mean_of_three_crops(self) -> None:
        crops = [vector(0.45, 0.5), vector(0.9), vector(0.6, 0.1)]
        matcher = track(*((facts(second), crop) for second, crop in enumerate(crops)))
        assert matcher.ready
        match = matcher.match(Recognising())
        assert (match.subject_id, match.crops) == ("ada", 3)
        assert match.similarity == pytest.approx(float(mean_template(np.stack(crops))[0]))

    def test_crops_of_one_moment_count_once_and_the_better_one_stays(self) -> None:
        matcher = track(
            (facts(0.0, sharpness=0.6), vector(0, 0.9)),
            (facts(0.1, sharpness=0.9), vector(0.9)),
            (facts(0.2, sharpness=0.7), vector(0, 0.9)),
            (facts(0.3), vector(0, 0.9)),
            (facts(0.59, sharpness=0.6), vector(0, 0.9)),
        )
        assert not matcher.ready
        matcher.offer(vector(0.9), facts(0.65, sharpness=0.9))
        matcher.offer(vector(0.9), facts(1.2))
        assert matcher.ready
        assert matcher.match(Recognising()).similarity == pytest.approx(0.9)

    @pytest.mark.parametrize("every_s", [0.04, 0.2, 0.5, 1.0])
    def test_its_crops_are_spread_over_a_second_at_any_frame_rate(self, every_s: float) -> None:
        matcher = TrackMatcher[int](gallery(*TWO))
        seen: list[int] = []
        for number in range(100):
            if matcher.ready:
                break
            matcher.offer(number, facts(number * every_s))
        matcher.match(lambda crops: (seen.extend(crops), np.stack([vector(1)] * len(crops)))[1])
        assert len(seen) == 3
        assert all(later - earlier >= 0.5 / every_s - 1e-9 for earlier, later in pairwise(seen))

    def test_without_enough_good_crops_nothing_is_computed(self) -> None:
        recognising = Recognising()
        few = track((facts(0), vector(1)), (facts(1), vector(1)), (facts(2, sharpness=0.1), vector(1)))
        small = track(*((facts(second, height_px=23), vector(1)) for second in range(9)))
        assert few.match(recognising) == Match(outcome="too few crops")
        assert small.match(recognising) == Match(outcome="too small")
        assert track().match(recognising).outcome == "too few crops"
        assert recognising.calls == 0

    def test_is_matched_once_whatever_comes_later(self) -> None:
        recognising = Recognising()
        matcher = track(*((facts(second), vector(0.9)) for second in range(3)))
        first = matcher.match(recognising)
        for second in range(3, 9):
            matcher.offer(vector(0, 0.9), facts(second))
        assert matcher.match(recognising) is first
        assert recognising.calls == 1

    @pytest.mark.parametrize("where", [(0.3, 0.3), (0.62, 0.6), (0.9,)])
    def test_keeps_no_template_and_no_crop_once_it_has_matched(self, where: tuple[float, ...]) -> None:
        """Of strangers least of all: nothing that can be reached from it holds numbers of theirs."""
        matcher = track(*((facts(second), vector(*where)) for second in range(3)))
        match = matcher.match(Recognising())
        enrolled = matcher._gallery
        reached: list[object] = [matcher, match]
        seen: set[int] = {id(enrolled)}
        while reached:
            one = reached.pop()
            if id(one) in seen or isinstance(one, type):
                continue
            seen.add(id(one))
            assert not isinstance(one, np.ndarray)
            reached += gc.get_referents(one)
        assert match.outcome != "nobody" or (match.similarity, match.runner_up, match.between) == (None, None, ())

    def test_a_mean_of_nothing_is_refused(self) -> None:
        with pytest.raises(InvalidValue):
            mean_template(np.empty((0, SIZE), np.float32))
        with pytest.raises(InvalidValue):
            mean_template(np.stack([vector(1), -vector(1)]))


@pytest.mark.usefixtures("_shipped")
class TestTheShippedTable:
    @pytest.fixture(name="_shipped")
    def _shipped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(thresholds, "TABLE", TABLE)

    @pytest.mark.parametrize("recogniser", TABLE)
    @pytest.mark.parametrize("crops", [1, 3, 5])
    @pytest.mark.parametrize("photos", [1, 2, 3, 9])
    def test_a_larger_roster_asks_for_more(self, recogniser: str, photos: int, crops: int) -> None:
        limits = [
            threshold(recogniser, photos=photos, crops=crops, height_px=40, roster=roster)
            for roster in (1, 2, 10, 30, 50, 120, 200, 700, 1000, LARGEST_ROSTER)
        ]
        assert limits == sorted(limits)
        assert limits[0] < limits[-1] < 1

    @pytest.mark.parametrize("recogniser", TABLE)
    def test_a_roster_is_matched_by_the_threshold_measured_for_one_twice_as_large(self, recogniser: str) -> None:
        for (photos, crops, height_px), values in TABLE[recogniser].items():
            for roster, value in zip(ROSTERS[1:], values[1:], strict=True):
                given = threshold(recogniser, photos=photos, crops=crops, height_px=height_px, roster=roster // 2)
                assert given == pytest.approx(value)

    def test_no_face_under_40_pixels_has_a_threshold(self) -> None:
        for recogniser, rows in TABLE.items():
            assert min(height_px for _, _, height_px in rows) == 40
            with pytest.raises(InvalidValue, match="39 pixels"):
                threshold(recogniser, photos=9, crops=9, height_px=39, roster=5)
