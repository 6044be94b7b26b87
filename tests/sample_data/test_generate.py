"""What the sample sessions promise: marked as simulated, the same every time, and true to their scripts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audience.comparing.comparison import Comparison, compare, screenings
from audience.comparing.cuts import SharedAxis, edits_by_title
from audience.reaction.curve import StageWindows, overall_share, reaction_curve, stage_windows
from audience.reaction.moments import moments
from audience.store import Store
from audience.stores import open_store
from sample_data.films import planted_difference
from sample_data.generate import SCORER, load_samples
from sample_data.scripts import SCRIPTS as FOLDER
from sample_data.scripts import Script, read_scripts, true_share

CUTS = ("Festival cut", "Director's cut")
FERRY = tomllib.loads((FOLDER / "two_cuts.toml").read_text(encoding="utf-8"))
SCRIPTS = {script.session.session_id: script for script in read_scripts()}
SCORED = [
    (session_id, scripted.stage.stage_id)
    for session_id, script in SCRIPTS.items()
    if script.session.mode == "expressions"
    # Twelve screenings of one cut are acted out alike: one of each cut stands for them.
    and (not script.session.cut or session_id in ("sample-ferry-07", "sample-ferry-19"))
    for scripted in script.stages
    if scripted.people >= 5
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("samples") / "samples.db"
    with open_store(f"sqlite:///{path}") as store:
        load_samples(store)
        yield store


def laid_out(store: Store, session_id: str, stage_id: str) -> StageWindows:
    stage = next(stage for stage in store.stages(session_id) if stage.stage_id == stage_id)
    cameras = store.cameras(session_id, stage_id)
    return stage_windows(store.session(session_id), stage, cameras, store.windows(session_id, stage_id))


def script_of(store: Store, session_id: str) -> Script:
    assert store.session(session_id) == SCRIPTS[session_id].session
    return SCRIPTS[session_id]


def test_every_sample_session_is_marked_as_simulated_and_says_so_in_its_title(store: Store) -> None:
    sessions = store.sessions()
    assert {session.session_id for session in sessions} == set(SCRIPTS)
    assert all(session.simulated and "simulated" in session.title for session in sessions)


def test_there_is_a_talk_a_screening_a_festival_and_a_head_count(store: Store) -> None:
    kinds = {session.kind for session in store.sessions()}
    assert {"talk", "screening", "festival"} <= kinds
    assert {session.mode for session in store.sessions()} == {"expressions", "head count"}


def test_the_scorer_of_the_records_is_on_record(store: Store) -> None:
    assert store.scorers() == {SCORER.name: SCORER}
    assert store.windows("sample-talk", "hall").scorers == (SCORER.name,)


@pytest.mark.parametrize(("session_id", "stage_id"), SCORED)
def test_the_curve_follows_the_true_share_of_the_script(store: Store, session_id: str, stage_id: str) -> None:
    windows = laid_out(store, session_id, stage_id)
    share = reaction_curve(windows, "smile").share
    truth = true_share(script_of(store, session_id), windows.session_s + 0.5, stage_id)
    known = ~np.isnan(share)
    # Both smoothed alike, over half a minute: a handful of people says little in a single second.
    box = np.ones(31)
    whole = np.convolve(known, box, "same") == len(box)
    measured = np.convolve(np.where(known, share, 0.0), box, "same")[whole]
    expected = np.convolve(truth, box, "same")[whole]
    assert np.corrcoef(measured, expected)[0, 1] > 0.9
    assert abs(overall_share(windows, "smile") - truth[known].mean()) < 0.08


def test_a_town_hall_in_the_eu_holds_heads_and_no_expression(store: Store) -> None:
    windows = laid_out(store, "sample-town-hall", "canteen")
    assert np.nanmax(windows.faces) > 30
    assert windows.expressions == ()
    assert "AI Act" in windows.session.mode_reason


def test_a_stage_with_three_people_has_no_figure_at_all(store: Store) -> None:
    windows = laid_out(store, "sample-festival", "workshop")
    assert np.nanmax(windows.faces) == 3
    assert np.isnan(reaction_curve(windows, "smile").share).all()


def test_a_coffee_break_is_windows_without_faces_and_a_dark_camera_is_no_windows(store: Store) -> None:
    talk = laid_out(store, "sample-talk", "hall")
    assert (talk.faces[1440:1815] == 0).all()
    screening = laid_out(store, "sample-screening", "screen-1")
    assert np.isnan(screening.faces[3120:3141]).all()


def test_loading_twice_changes_nothing(store: Store) -> None:
    before = store.windows("sample-talk", "hall")
    load_samples(store)
    after = store.windows("sample-talk", "hall")
    assert len(before) == len(after)
    assert np.array_equal(before.over, after.over)
    assert np.array_equal(before.total, after.total)
    assert len(store.sessions()) == len(SCRIPTS)


def test_single_faces_are_kept_for_short_sessions_alone_and_add_up_to_their_windows(store: Store) -> None:
    kept = [script for script in SCRIPTS.values() if script.keep_faces]
    assert "sample-short-film" in {script.session.session_id for script in kept}
    assert {script.session.cut for script in kept} == {"", *CUTS}
    assert all(script.length_s < 900 for script in kept)
    assert store.faces("sample-talk", "hall") == []
    faces = store.faces("sample-short-film", "studio")
    table = store.windows("sample-short-film", "studio")
    assert [len(window.faces) for window in faces] == table.faces.tolist()
    smiles = [sum(face.confidences["smile"] for face in window.faces) for window in faces]
    assert smiles == pytest.approx(table.total[:, table.expressions.index("smile")], abs=0.001)


def ferry(store: Store, cut: str) -> list[StageWindows]:
    """The screenings of one cut of the film, in the order they were held."""
    of_cut = sorted(session_id for session_id, script in SCRIPTS.items() if script.session.cut == cut)
    return [laid_out(store, session_id, "screen") for session_id in of_cut]


def compared(store: Store) -> Comparison:
    a, b = ferry(store, CUTS[0]), ferry(store, CUTS[1])
    axis = SharedAxis.of(edits_by_title(a[0].stage.timelines[0], b[0].stage.timelines[0]))
    return compare(screenings(a, "smile", axis, "A"), screenings(b, "smile", axis, "B"), axis, seed=1)


def test_each_cut_of_the_film_has_twelve_screenings_told_apart_by_name(store: Store) -> None:
    stages = [windows for cut in CUTS for windows in ferry(store, cut)]
    assert [len(ferry(store, cut)) for cut in CUTS] == [12, 12]
    assert {windows.session.film for windows in stages} == {"The Last Ferry (simulated)"}
    assert len({windows.session.name for windows in stages}) == 24
    assert len({windows.session.city for windows in stages}) == 4
    assert {tag for windows in stages for tag in windows.session.tags} == {"members", "recruited", "students"}


def test_the_difference_that_was_planted_between_the_cuts_is_found_where_it_is_and_nowhere_else(store: Store) -> None:
    comparison = compared(store)
    (found,) = [cluster for cluster in comparison.clusters if cluster.p_value <= 0.05]
    scene = next(edit for edit in comparison.axis.edits if edit.length_s == FERRY["scenes"]["dog"]["length_s"])
    first_s, last_s = comparison.axis.start_a_s[[found.first, found.last]]
    assert scene.start_a_s + 25 <= first_s <= last_s < scene.start_a_s + scene.length_s
    planted = planted_difference(FERRY, "The captain's dog", *CUTS)[30:].mean()
    assert planted == pytest.approx(0.23, abs=0.005)
    assert found.difference == pytest.approx(planted, abs=0.05)


def test_the_film_s_two_cuts_are_received_alike_but_for_one_scene() -> None:
    both = set(FERRY["cuts"][CUTS[0]]) | set(FERRY["cuts"][CUTS[1]])
    titles = {FERRY["scenes"][name]["title"] for name in both} - {"Fog"}
    differ = {title for title in titles if np.abs(planted_difference(FERRY, title, *CUTS)).max() > 1e-9}
    assert differ == {"The captain's dog"}


def test_a_screening_of_four_people_has_no_figure_and_the_others_are_still_enough(store: Store) -> None:
    unseen = [
        windows.session.session_id for windows in ferry(store, CUTS[0]) if np.isnan(overall_share(windows, "smile"))
    ]
    assert unseen == ["sample-ferry-16"]
    assert laid_out(store, "sample-ferry-06", "screen").withheld.mean() > 0.3
    comparison = compared(store)
    assert (comparison.units_a, comparison.units_b) == (11, 12)


def test_what_was_laughed_at_while_the_projector_failed_is_left_out(store: Store) -> None:
    windows = laid_out(store, "sample-ferry-08", "screen")
    (exclusion,) = windows.stage.exclusions
    assert exclusion.title == "Projector failed"
    assert windows.excluded.sum() == 70
    assert np.isnan(reaction_curve(windows, "smile").share[windows.excluded]).all()
    stage = replace(windows.stage, exclusions=())
    told = stage_windows(windows.session, stage, [], store.windows("sample-ferry-08", "screen"))
    assert reaction_curve(told, "smile").share[windows.excluded][5:55].mean() > 0.6


def test_what_made_people_laugh_in_the_talk_is_its_moments_each_once(store: Store) -> None:
    laughs = [(155, 195), (700, 750), (1332, 1378), (1735, 1800), (1950, 1990)]
    found = moments(laid_out(store, "sample-talk", "hall"), "smile")
    # What else there is lies where the script has people smile twice as much as before: in the welcome.
    later = [moment for moment in found if moment.timeline_s > 90]
    assert [moment.kind for moment in later] == ["peak"] * len(laughs)
    for moment, (first, last) in zip(later, laughs, strict=True):
        assert first <= moment.timeline_s <= last
    assert len(found) <= len(laughs) + 1


def test_the_talk_is_there_as_it_was_given_before(store: Store) -> None:
    given = [session for session in store.sessions() if session.film == "Why bridges hum (simulated)"]
    assert [session.city for session in given] == ["London", "Bristol"]
    now, before = (
        laid_out(store, session.session_id, store.stages(session.session_id)[0].stage_id) for session in given
    )
    shared = edits_by_title(now.stage.timelines[0], before.stage.timelines[0])
    assert len(shared) == 10
