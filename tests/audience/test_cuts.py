"""Two cuts on one axis: by titles or by an edit list, and the units that are compared on it."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.comparing.comparison import people, screenings
from audience.comparing.cuts import Edit, SharedAxis, edits_by_title, one_scorer
from audience.comparing.tracks import tracks_of
from audience.errors import InvalidValue
from audience.reaction.curve import stage_windows
from audience.window_table import WindowTable
from tests.builders import a_camera, a_face, a_session, a_stage, a_timeline, a_window, an_exclusion, window_faces
from tests.crowds import from_counts


def edit(start_a_s: float, start_b_s: float, length_s: float) -> Edit:
    return Edit(start_a_s=start_a_s, start_b_s=start_b_s, length_s=length_s)


def test_segments_of_one_title_are_the_same_scene_as_long_as_the_shorter():
    a = a_timeline(("Titles", 0, 30), ("Chase", 30, 90), ("Credits", 90, 100))
    b = a_timeline(("Chase", 0, 50), ("Alternative end", 50, 70), ("Credits", 70, 90))
    assert edits_by_title(a, b) == (edit(30, 0, 50), edit(90, 70, 10))


def test_a_title_that_comes_twice_is_matched_in_order():
    a = a_timeline(("Kitchen", 0, 10), ("Street", 10, 20), ("Kitchen", 20, 30))
    b = a_timeline(("Kitchen", 0, 10), ("Kitchen", 10, 20))
    assert edits_by_title(a, b) == (edit(0, 0, 10), edit(20, 10, 10))


def test_cuts_without_a_common_title_are_one_line():
    with pytest.raises(InvalidValue, match="edit list"):
        edits_by_title(a_timeline(("One", 0, 10)), a_timeline(("Two", 0, 10)))


def test_instants_of_either_cut_find_their_cell():
    axis = SharedAxis.of([edit(100, 0, 10), edit(20, 30, 12)])
    assert axis.start_a_s.tolist() == [20, 25, 30, 100, 105]
    assert axis.start_b_s.tolist() == [30, 35, 40, 0, 5]
    assert axis.edit.tolist() == [0, 0, 0, 1, 1]
    seconds = np.array([19.9, 20, 31.9, 32, 100, 109.9, 110, np.nan])
    assert axis.cells(seconds, "A").tolist() == [-1, 0, 2, -1, 3, 4, -1, -1]
    assert axis.cells(np.array([0.0, 30, 29]), "B").tolist() == [3, 0, -1]


def test_all_of_one_cut_stands_in_the_cells_of_what_is_shared():
    shared = SharedAxis.of([edit(20, 30, 12), edit(100, 0, 10)])
    own = SharedAxis.of_one(shared.edits, 112.0)
    assert own.start_a_s.tolist() == [0, 5, 10, 15, 20, 25, 30, *range(32, 100, 5), 100, 105, 110]
    assert set(shared.start_a_s) < set(own.start_a_s)
    assert own.length_s[4:8].tolist() == [5, 5, 2, 5]
    assert own.length_s[-2:].tolist() == [5, 2]
    assert own.start_b_s.tolist() == own.start_a_s.tolist()
    assert len(SharedAxis.of_one([], 10.0)) == 2
    assert len(SharedAxis.of_one([edit(0, 3, 10)], 10.0)) == 2


def test_edits_that_overlap_in_either_cut_are_named():
    with pytest.raises(InvalidValue, match="overlap in A"):
        SharedAxis.of([edit(0, 0, 10), edit(9, 20, 10)])
    with pytest.raises(InvalidValue, match="overlap in B: one begins at 5 s"):
        SharedAxis.of([edit(0, 0, 10), edit(20, 5, 10)])
    with pytest.raises(InvalidValue, match="at least one"):
        SharedAxis.of([])
    with pytest.raises(InvalidValue, match="length"):
        edit(0, 0, 0)


@pytest.mark.parametrize("cut", ["A", "B"])
def test_successive_edits_do_not_overlap_by_a_rounding_error(cut):
    """380.48 + 55.04 is 435.52000000000004 to a computer."""
    assert 380.48 + 55.04 > 435.52
    places = [(380.48, 0, 55.04), (435.52, 100, 10)] if cut == "A" else [(0, 380.48, 55.04), (100, 435.52, 10)]
    edits = [edit(*place) for place in places]
    assert len(SharedAxis.of(edits)) == 12 + 2
    ends = [one.start_s(cut) for one in edits] + [445.52]
    assert SharedAxis.of(edits).cells(np.array(ends), cut).tolist() == [0, 12, -1]


@given(st.lists(st.integers(0, 7_200_000), min_size=2, max_size=60, unique=True))
def test_scenes_cut_anywhere_align_with_themselves(cuts_ms):
    """Milliseconds, as shot detection gives them: neither refused, nor with a cell that holds nothing."""
    seconds = [ms / 1000 for ms in sorted(cuts_ms)]
    film = a_timeline(*((f"Scene {at}", start, end) for at, (start, end) in enumerate(pairwise(seconds))))
    axis = SharedAxis.of(edits_by_title(film, film))
    assert (axis.length_s >= 0.0009).all()
    own = SharedAxis.of_one(axis.edits, seconds[-1] + 1)
    assert len(own) == len(axis) + math.ceil(seconds[0] / 5) + 1
    assert len(set(own.start_a_s)) == len(own)
    assert set(axis.start_a_s) <= set(own.start_a_s)


def a_screening(shares, *, faces=10, exclusions=(), session_id="one", scorer="expression-net 1"):
    stage = a_stage(timelines=[a_timeline(("Film", 0, 1000))], exclusions=exclusions)
    return from_counts(np.array(shares), np.full(len(shares), faces), stage=stage, session_id=session_id, scorer=scorer)


def test_a_screening_is_its_share_in_each_cell_and_what_was_left_out_a_gap():
    axis = SharedAxis.of([edit(5, 0, 10)])
    one = a_screening([0] * 5 + [2] * 5 + [4] * 5)
    other = a_screening([10] * 15, exclusions=[an_exclusion(5, 10)])
    rows = screenings([one, other], "smile", axis, "A")
    assert rows.tolist() == [[0.2, 0.4], [pytest.approx(np.nan, nan_ok=True), 1.0]]
    assert screenings([one], "smile", axis, "B").tolist() == [[0, 0.2]]
    assert np.isnan(screenings([one], "fear", axis, "A")).all()


def test_people_are_the_tracks_that_were_in_view_of_what_the_cuts_share():
    windows = replace(a_screening([3] * 20, faces=6), min_faces=1)
    here = [a_face("here", smile=0.5)]
    seen = [window_faces(at, seen=[*here, a_face("late", smile=0.25)] if at >= 10 else here) for at in range(20)]
    rows = people(tracks_of(windows, seen, [], "smile"), windows, SharedAxis.of([edit(5, 0, 10)]), "A")
    assert rows[0].tolist() == [0.5, 0.5]
    assert np.isnan(rows[1]).tolist() == [True, False]
    early = people(tracks_of(windows, seen, [], "smile"), windows, SharedAxis.of([edit(0, 0, 10)]), "A")
    assert len(early) == 1, "who came later saw nothing of it"


def test_where_fewer_people_were_followed_than_a_figure_takes_there_is_none_of_any():
    """Windows are kept longer than faces: of one that is shown, four people may be left to compare."""
    six = [a_face(f"t{one}", smile=0.5) for one in range(6)]
    records = [a_window(at, seen=six) for at in range(15)]
    seen = [window_faces(at, seen=six[: 4 if at < 5 else 6]) for at in range(15)]
    stage = a_stage(timelines=[a_timeline(("Film", 0, 1000))])
    windows = stage_windows(a_session(), stage, [], WindowTable.of(records))
    assert not windows.withheld.any()
    rows = people(tracks_of(windows, seen, [], "smile"), windows, SharedAxis.of([edit(0, 0, 15)]), "A")
    assert np.count_nonzero(~np.isnan(rows), axis=0).tolist() == [0, 6, 6]


def test_tracks_are_distinguished_by_camera_and_dropped_where_figures_are():
    windows = from_counts(
        np.array([3, 3, 3, 3]), np.array([6, 6, 4, 6]), stage=a_stage(exclusions=[an_exclusion(3, 4)])
    )
    seen = [window_faces(at, camera_id=camera) for at in range(4) for camera in ("cam-1", "cam-2")]
    tracks = tracks_of(windows, seen, [], "smile")
    assert tracks.count == 2
    assert sorted(zip(tracks.track.tolist(), tracks.place.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_nobody_is_followed_by_two_cameras_that_overlap():
    windows = from_counts(np.full(3, 3), np.full(3, 6))
    seen = [window_faces(at, camera_id="wide", seen=[a_face("a"), a_face("b")]) for at in range(3)]
    seen += [window_faces(at, camera_id="close") for at in range(3)]
    assert tracks_of(windows, seen, [a_camera("close", overlaps=["wide"])], "smile").count == 2
    assert tracks_of(windows, seen, [], "smile").count == 3


def test_parts_of_a_window_that_hold_one_track_count_it_once():
    windows = from_counts(np.full(1, 3), np.full(1, 6))
    seen = [window_faces(0, part=part, seen=[a_face("a", smile=smile)]) for part, smile in (("0", 0.2), ("1", 0.4))]
    assert tracks_of(windows, seen, [], "smile").confidence.tolist() == pytest.approx([0.3])


def test_several_scorers_are_refused_by_name():
    one, other = a_screening([1] * 5, scorer="net 1"), a_screening([1] * 5, scorer="net 2")
    assert one_scorer([one, one]) == "net 1"
    with pytest.raises(InvalidValue, match="net 1 and net 2, which are not calibrated"):
        one_scorer([one, other])
