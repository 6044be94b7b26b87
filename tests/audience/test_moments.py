"""Moments: planted ones are found in their places, and none where nothing happens."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audience.reaction.curve import StageWindows
from audience.reaction.moments import MOST, moments, no_moments_reason
from tests.builders import a_cue, a_stage, a_timeline, an_exclusion
from tests.crowds import Floats, crowds, from_counts, planted, uneventful, wandering

AT_S = 1860  # 31:00


def acted_out(share: Floats, people: int = 46, *, seed: int = 1, looked=None, stage=None) -> StageWindows:
    smiling, faces = crowds(share, np.array([people]), lasts_s=np.array([4.0]), seed=seed)
    return from_counts(smiling[:, 0], faces[:, 0], looked=looked, stage=stage)


@pytest.mark.parametrize(("people", "lasts_s", "height"), [(46, 25, 0.6), (120, 20, 0.45), (24, 30, 0.7)])
def test_a_moment_planted_at_31_00_is_found_within_seconds(people, lasts_s, height):
    """In at least 95 of 100 sessions of 51 minutes, and with next to nothing elsewhere."""
    share = np.repeat(planted(3060, (AT_S, lasts_s, height)), 100, axis=1)
    smiling, faces = crowds(share, np.full(100, people), lasts_s=np.full(100, 4.0), seed=people)
    found = [moments(from_counts(smiling[:, i], faces[:, i]), "smile") for i in range(100)]
    peaks = [[one for one in of if one.kind == "peak"] for of in found]
    # People go on smiling for some seconds after what they smile at.
    hits = sum(any(abs(one.session_s - AT_S) <= 12 for one in of) for of in peaks)
    elsewhere = sum(any(abs(one.session_s - AT_S) > 60 for one in of) for of in found)
    assert hits >= 95
    assert elsewhere <= 5


def test_of_1000_sessions_in_which_nothing_happens_at_most_50_show_a_moment():
    """5 minutes to 3 hours, 24 to 300 people who keep their faces for 3 to 10 s, slow drift, gaps."""
    shown = 0
    for length_s, sessions in ((300, 500), (1200, 300), (3600, 160), (10_800, 40)):
        for windows in uneventful(length_s, sessions):
            shown += bool(moments(windows, "smile"))
    assert shown <= 50


@pytest.mark.parametrize(
    ("people", "share", "lasts_s"),
    [
        (6, 0.03, 4),
        (10, 0.01, 4),
        (24, 0.005, 4),
        (24, 0.005, 60),
        (6, 0.1, 60),
        (5, 0.5, 30),
        (46, 0.2, 60),
        (300, 0.5, 30),
    ],
)
@pytest.mark.parametrize("every_s", [0.0, 600.0])
def test_few_faces_rare_faces_and_long_faces_make_no_moments(people, share, lasts_s, every_s):
    """Of 20 sessions of an hour in which nothing happens, unless the share wanders there and back in ten minutes."""
    true = wandering(np.full(20, share), 3600, every_s=np.full(20, every_s), seed=people)
    smiling, faces = crowds(
        true, np.full(20, people), lasts_s=np.full(20, float(lasts_s)), in_view=1 - 1e-9, seed=people
    )
    found = [moments(from_counts(smiling[:, i], faces[:, i]), "smile") for i in range(20)]
    assert sum(map(bool, found)) <= 3, "5 % and two standard errors"
    assert sum(any(one.sure == "very sure" for one in of) for of in found) <= 1


def test_a_rare_face_that_is_kept_for_a_minute_makes_no_moment():
    """About two of 300 show it at a time; what is usual in five minutes hangs on who they are."""
    smiling, faces = crowds(
        np.full((10_800, 60), 0.005), np.full(60, 300), lasts_s=np.full(60, 60.0), in_view=1 - 1e-9, seed=77
    )
    shown = sum(bool(moments(from_counts(smiling[:, i], faces[:, i]), "smile")) for i in range(60))
    assert shown <= 3


def test_a_large_crowd_whose_share_wanders_on_all_scales_makes_no_moments():
    """Of 300 faces a share is so well measured that all that stands out is the wandering itself."""
    true = wandering(np.full(60, 0.5), 3600, every_s=np.full(60, 600.0), swing=1.0, rough=True, seed=5)
    smiling, faces = crowds(true, np.full(60, 300), lasts_s=np.full(60, 10.0), in_view=1 - 1e-9, seed=5)
    found = [moments(from_counts(smiling[:, i], faces[:, i]), "smile") for i in range(60)]
    assert sum(map(bool, found)) <= 7, "5 % and two standard errors"
    assert sum(any(one.sure == "very sure" for one in of) for of in found) <= 2


def test_one_laugh_is_one_moment():
    """Whether it lasts for eight seconds or for eighty, whichever way it rises and falls."""
    for lasts_s in (8, 30, 80):
        share = np.repeat(planted(1800, (900, lasts_s, 0.75)), 20, axis=1)
        smiling, faces = crowds(share, np.full(20, 80), lasts_s=np.full(20, 4.0), seed=lasts_s)
        told = [[one.kind for one in moments(from_counts(smiling[:, i], faces[:, i]), "smile")] for i in range(20)]
        assert sum(kinds == ["peak"] for kinds in told) >= 18


def test_a_clip_of_a_minute_with_three_laughs_shows_them():
    """24 faces, about 4 of whom smile all along, as the demo's clip has been scored; everybody is out for 3 s."""
    laughs = ((10, 0.85, 2.5), (26, 0.7, 3.5), (50, 0.97, 3.0))
    seconds = np.arange(60) + 0.5
    share = 0.17 + 0.83 * sum(height * np.exp(-(((seconds - at) / width) ** 2)) for at, height, width in laughs)
    smiling, faces = np.round(24 * np.minimum(share, 1)).astype(int), np.full(60, 24)
    faces[38:41] = smiling[38:41] = 0
    found = moments(from_counts(smiling, faces), "smile")
    assert [one.kind for one in found] == ["peak"] * 3
    assert [one.session_s for one in found] == pytest.approx([10, 26, 50], abs=2)
    assert {one.stretch_s for one in found} == {5}


def test_a_clip_in_which_nothing_happens_shows_nothing():
    shown = 0
    for people, share, lasts_s in ((6, 0.03, 4), (24, 0.2, 10), (300, 0.3, 3), (46, 0.5, 60)):
        true = wandering(np.full(25, share), 100, every_s=np.full(25, 600.0), seed=people)
        smiling, faces = crowds(true, np.full(25, people), lasts_s=np.full(25, float(lasts_s)), seed=people)
        shown += sum(bool(moments(from_counts(smiling[:, i], faces[:, i]), "smile")) for i in range(25))
    assert shown <= 5


def test_the_reason_is_given_where_no_moment_can_be_detected():
    assert no_moments_reason(from_counts(np.full(40, 3), np.full(40, 30)), "smile") == "too short"
    assert no_moments_reason(acted_out(planted(600)), "smile") == ""
    assert no_moments_reason(from_counts(np.full(600, 10), np.full(600, 40)), "smile") == "", "nothing moves"
    few, faces = crowds(np.full((3600, 1), 0.5), np.array([5]), lasts_s=np.array([60.0]), in_view=1 - 1e-9, seed=1)
    assert no_moments_reason(from_counts(few[:, 0], faces[:, 0]), "smile") == "too few faces"


def test_an_audience_that_arrives_and_leaves_makes_no_moment_by_its_size():
    smiling, faces = crowds(np.full((1800, 60), 0.25), np.full(60, 200), lasts_s=np.full(60, 4.0), seed=3)
    there = np.clip(np.minimum(np.arange(1800) / 600, (1800 - np.arange(1800)) / 300), 0.05, 1)[:, None]
    rng = np.random.default_rng(3)
    kept_smiling, kept_plain = rng.binomial(smiling, there), rng.binomial(faces - smiling, there)
    shown = [
        bool(moments(from_counts(kept_smiling[:, i], (kept_smiling + kept_plain)[:, i]), "smile")) for i in range(60)
    ]
    assert sum(shown) <= 3


def test_moments_are_numbered_in_time_each_with_its_place_and_segment():
    stage = a_stage(timelines=[a_timeline(("Opening", 0, 900), ("Demo", 900, 2900))], cues=[a_cue(100, 0)])
    share = planted(3000, (500, 30, 0.7), (1500, 40, 0.8), (2500, 30, 0.75))
    found = moments(acted_out(share, 80, stage=stage), "smile")
    peaks = [one for one in found if one.kind == "peak"]
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert [one.session_s for one in peaks] == pytest.approx([500, 1500, 2500], abs=12)
    assert [one.timeline_s for one in peaks] == pytest.approx([400, 1400, 2400], abs=12)
    assert [one.segment for one in peaks] == ["Opening", "Demo", "Demo"]
    for one in peaks:
        assert one.first <= one.place <= one.last
        assert 20 <= one.last - one.first <= 70
        assert one.share_low < one.share < one.share_high
        assert one.change == pytest.approx(one.share - 0.2, abs=0.06)
        assert one.sure == "very sure"


def test_a_dip_is_found_too():
    found = moments(acted_out(planted(1800, (900, 40, 0.03), usual=0.6), 100), "smile")
    (dip,) = [one for one in found if one.kind == "dip"]
    assert dip.session_s == pytest.approx(900, abs=12)
    assert dip.change < -0.4
    assert dip.sentence.startswith("Dip at 1")
    assert "below the minutes around it" in dip.sentence


def test_a_place_at_which_nobody_could_see_a_difference_is_no_moment():
    """Where the share stands still, chance is nothing, and any step stands out of it."""
    smiling = np.full(300, 10)
    smiling[120:150] = 32
    found = moments(from_counts(smiling, np.full(300, 40)), "smile")
    assert [one.kind for one in found] == ["peak"]


def test_a_change_that_lasts_is_a_turn_and_no_peak():
    share = np.repeat([0.15, 0.5], [900, 900])[:, None]
    (turn,) = moments(acted_out(share, 80), "smile")
    assert turn.kind == "turn"
    assert turn.session_s == pytest.approx(900, abs=9)
    assert turn.share == pytest.approx(0.5, abs=0.12)
    assert turn.change == pytest.approx(0.35, abs=0.12)
    assert turn.sentence.startswith("Steepest rise at ")


def test_many_moments_do_not_hide_each_other_and_the_clearest_are_kept():
    events = [(200 + 300 * i, 25, 0.55 + 0.03 * i) for i in range(9)]
    found = moments(acted_out(planted(3000, *events), 100), "smile")
    assert len(found) == MOST
    late = [one.session_s for one in found if one.kind == "peak"]
    assert all(any(abs(at - middle) <= 12 for middle, _, _ in events) for at in late)
    assert len(late) >= MOST - 1


def test_the_sentence_says_what_was_seen_where_and_against_what():
    found = moments(acted_out(planted(3060, (AT_S, 30, 0.7)), 46), "smile")
    (peak,) = [one for one in found if one.kind == "peak"]
    shown = round(100 * peak.share)
    assert peak.sentence.startswith("Peak at 3")
    assert f"about {shown} % (between " in peak.sentence
    assert "faces smiled" in peak.sentence
    assert peak.sentence.endswith(f"{round(100 * peak.change)} points above the minutes around it.")


def test_the_same_seed_finds_the_same_moments():
    windows = acted_out(planted(1800, (900, 30, 0.6)))
    assert repr(moments(windows, "smile")) == repr(moments(windows, "smile"))


def test_what_somebody_left_out_is_no_moment():
    share = planted(1800, (900, 40, 0.8))
    assert moments(acted_out(share), "smile")
    stage = a_stage(exclusions=[an_exclusion(860, 940)])
    assert moments(acted_out(share, stage=stage), "smile") == ()


def test_a_peak_at_the_edge_of_a_gap_uses_the_known_windows():
    looked = np.ones(1800, dtype=bool)
    looked[905:1000] = False
    found = moments(acted_out(planted(1800, (900, 40, 0.85)), 100, looked=looked), "smile")
    assert found
    assert not any(math.isnan(value) for one in found for value in (one.share, one.change, one.faces))


def test_nothing_is_found_without_figures():
    still = from_counts(np.full(600, 3), np.full(600, 30))
    assert moments(still, "smile") == ()
    assert moments(still, "fear") == ()
    assert moments(from_counts(np.full(40, 3), np.full(40, 30)), "smile") == ()
    assert moments(from_counts(np.arange(600) % 3, np.full(600, 3)), "smile") == (), "withheld"


def test_a_session_of_which_little_is_known_here_and_there_has_no_moments_and_no_error():
    """Of most seconds nothing is known: no stretch of 15 s is half known, or hardly one is."""
    for known_in_a_hundred in (20, 35, 50):
        rng = np.random.default_rng(known_in_a_hundred)
        of = np.where(rng.integers(0, 100, 900) < known_in_a_hundred, 20, 0)
        assert moments(from_counts(rng.binomial(of, 0.3), of), "smile") == ()
