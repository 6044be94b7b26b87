"""The shares of a stored recording, estimated again once all of it is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audience.reaction.corrected_share import ShareEstimator
from audience.store import Store
from edge_lambda.pipeline import CameraKey
from houselights.scoring import score as scoring
from houselights.scoring.second_pass import windows_estimated_again
from tests.audience.test_corrected_share import TABLE
from tests.builders import a_face, a_progress, a_session, a_window, after_ms, window_faces
from tests.houselights.conftest import Houselights
from tests.portraits import people_video

DAY_MS = 86_400_000
CAMERA = CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=0)
TABLES = {"smile": TABLE}


@pytest.fixture
def recorded(store: Store) -> Store:
    """Two minutes of two cameras, estimated live: three of twelve faces half smile for three seconds at the start."""
    store.put_session(a_session())
    for camera_id in ("cam-1", "cam-2"):
        live, windows, single = ShareEstimator(TABLES), [], []
        for second in range(130):
            smiles = [0.6 if face < 3 and second < 3 else 0.02 for face in range(12)]
            seen = [a_face(f"t{at}", smile=smile, at_ms=after_ms(second)) for at, smile in enumerate(smiles)]
            record = a_window(
                second, seen=seen, camera_id=camera_id, expected=14, expires_ms=after_ms(0) + 730 * DAY_MS
            )
            tallies = live.corrected(record.tallies, seen, record.start_ms)
            windows.append(replace(record, tallies=tallies))
            single.append(window_faces(second, seen=seen, camera_id=camera_id, expires_ms=after_ms(0) + 30 * DAY_MS))
        store.put_windows(windows, single, a_progress(camera_id=camera_id, done_s=130))
    return store


def estimate_again(store: Store) -> int:
    """Does it, and returns how many windows changed."""
    changed = 0
    for records in windows_estimated_again(store, a_progress(done_s=130), CAMERA, TABLES):
        store.put_windows(records)
        changed += len(records)
    return changed


def test_the_start_is_known_better_afterwards_and_nothing_else_changes(recorded: Store) -> None:
    before = recorded.windows("talk-1", "main")
    faces = recorded.faces("talk-1", "main")
    assert estimate_again(recorded)
    after = recorded.windows("talk-1", "main")
    mine = before.camera == 0
    assert (before.estimate[mine][:3] < 2).all()
    assert after.estimate[mine][:3, 0] == pytest.approx([3] * 3, abs=0.5)
    assert np.array_equal(after.estimate[~mine], before.estimate[~mine]), "the other camera's are its own"
    for column in ("start_ms", "camera", "faces", "expected", "scored", "total", "squares", "over", "scorer"):
        assert np.array_equal(getattr(after, column), getattr(before, column)), column
    assert recorded.faces("talk-1", "main") == faces
    assert recorded.prune(after_ms(0) + 730 * DAY_MS) == 260, "only faces, as windows are kept as long as they were"
    assert recorded.prune(after_ms(0) + 730 * DAY_MS + 1) == 260


def test_doing_it_twice_changes_nothing(recorded: Store) -> None:
    assert estimate_again(recorded)
    assert estimate_again(recorded) == 0


def test_windows_whose_faces_have_expired_keep_the_estimate_that_they_have(recorded: Store) -> None:
    before = recorded.windows("talk-1", "main").estimate
    recorded.prune(after_ms(0) + 31 * DAY_MS)
    assert estimate_again(recorded) == 0
    assert np.array_equal(recorded.windows("talk-1", "main").estimate, before)


def test_a_run_that_is_killed_meanwhile_is_made_good_when_it_continues(
    houselights: Houselights, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = people_video(tmp_path / "people.mp4", [2, 2, 1, 2, 2])
    started = ("--started-at", "2026-05-04T19:30:00+00:00")
    assert houselights("score", video, "--session", "whole", *started).code == 0

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scoring.RecordingRun, "replace", killed)
        assert houselights("score", video, "--session", "talk", *started).code == 130
    stopped = store.windows("talk", "main")
    assert len(stopped) == 5
    assert not store.progress("talk", "main", "cam-1").finished
    assert not np.array_equal(stopped.estimate, store.windows("whole", "main").estimate, equal_nan=True)

    assert houselights("score", video, "--session", "talk", *started).code == 0
    assert store.progress("talk", "main", "cam-1").finished
    assert store.session("talk").ended_at is not None
    again = store.windows("talk", "main").estimate
    assert np.array_equal(again, store.windows("whole", "main").estimate, equal_nan=True)
