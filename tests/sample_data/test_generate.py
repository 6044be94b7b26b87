"""What the sample sessions promise: marked as simulated, the same every time, and true to their scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audience.curve import StageWindows, overall_share, reaction_curve, stage_windows
from audience.store import Store
from audience.stores import open_store
from sample_data.generate import SCORER, load_samples
from sample_data.scripts import Script, read_scripts, true_share

SCRIPTS = {script.session.session_id: script for script in read_scripts()}
SCORED = [
    (session_id, scripted.stage.stage_id)
    for session_id, script in SCRIPTS.items()
    if script.session.mode == "expressions"
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


def test_single_faces_are_kept_for_one_short_session_and_add_up_to_its_windows(store: Store) -> None:
    kept = {script.session.session_id for script in SCRIPTS.values() if script.keep_faces}
    assert kept == {"sample-short-film"}
    assert store.faces("sample-talk", "hall") == []
    faces = store.faces("sample-short-film", "studio")
    table = store.windows("sample-short-film", "studio")
    assert [len(window.faces) for window in faces] == table.faces.tolist()
    smiles = [sum(face.confidences["smile"] for face in window.faces) for window in faces]
    assert smiles == pytest.approx(table.total[:, table.expressions.index("smile")], abs=0.001)
