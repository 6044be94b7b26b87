"""`houselights score` on real small videos, through the real decoder, detector and scorer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from audience.reaction.curve import reaction_curve, stage_windows
from audience.scorers import SHIPPED
from audience.store import Store
from houselights.scoring import score as scoring
from tests.houselights.conftest import Houselights
from tests.own_model import own_model
from tests.portraits import people_video
from tests.ticking import last_words
from tests.videos import cut, packets_of, write_video

STARTED_AT = "2026-05-04T19:30:00+00:00"


@pytest.fixture(scope="module")
def portrait_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One smiling face for four seconds, nobody for two, two faces for two."""
    return people_video(tmp_path_factory.mktemp("videos") / "people.mp4", [1, 1, 1, 1, 0, 0, 2, 2])


def curve_of(store: Store, session_id: str, *, stage_id: str = "main", min_faces: int = 1):
    session = store.session(session_id)
    stage = next(stage for stage in store.stages(session_id) if stage.stage_id == stage_id)
    windows = stage_windows(
        session, stage, store.cameras(session_id, stage_id), store.windows(session_id, stage_id), min_faces=min_faces
    )
    return windows, reaction_curve(windows, "smile")


def test_a_recording_becomes_a_reaction_curve(houselights: Houselights, store: Store, portrait_video: Path) -> None:
    ended = houselights("score", portrait_video, "--session", "talk", "--started-at", STARTED_AT)
    assert ended.code == 0, ended.err
    assert f"houselights dashboard --store {houselights.store_url}" in ended.out, "the command that opens this store"
    windows, curve = curve_of(store, "talk")
    assert windows.faces.tolist() == [1, 1, 1, 1, 0, 0, 2, 2]
    assert curve.share[:4].tolist() == [1, 1, 1, 1]
    assert np.isnan(curve.share[4:6]).all()
    assert curve.share[6:].tolist() == [1, 1]


def test_a_model_of_ones_own_scores_under_its_own_name(
    houselights: Houselights, portrait_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSELIGHTS_MODEL", str(own_model(tmp_path / "own.onnx")))
    said = houselights("score", portrait_video, "--session", "talk", "--started-at", STARTED_AT, "--json").json
    assert said["scorer"] not in SHIPPED
    refused = houselights("score", portrait_video, "--session", "other", "--model", tmp_path / "absent.onnx")
    assert "absent.onnx" in refused.complaint


def test_the_json_says_what_was_done(houselights: Houselights, portrait_video: Path) -> None:
    said = houselights("score", portrait_video, "--session", "talk", "--started-at", STARTED_AT, "--json").json
    assert said["session"] == "talk"
    assert (said["frames"], said["windows"], said["faces"]) == (8, 8, 8)
    assert said["seconds"] == pytest.approx(8, abs=0.3)
    assert said["tracks"] in (2, 3)
    assert said["coverage"] == pytest.approx(8 / (4 + 2 + 4))
    assert said["realtime_factor"] > 0
    assert said["detector"].startswith("libfacedetection-")
    assert said["scorer"].startswith("expressionnet-")


def test_a_session_without_one_face_is_stored_with_a_warning(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "empty.mp4", at_ms=range(0, 3000, 200), fps=5)
    ended = houselights("score", video, "--session", "empty")
    assert ended.code == 0
    assert "No face was found" in ended.out
    windows, curve = curve_of(store, "empty")
    assert set(windows.faces[~np.isnan(windows.faces)]) == {0}
    assert np.isnan(curve.share).all()


def test_a_single_frame_is_a_session_of_one_window(houselights: Houselights, store: Store, tmp_path: Path) -> None:
    video = write_video(tmp_path / "one.mp4", at_ms=[0])
    assert houselights("score", video, "--session", "one").code == 0
    assert len(store.windows("one", "main")) == 1


def test_the_start_is_the_containers_creation_time(houselights: Houselights, store: Store, tmp_path: Path) -> None:
    video = people_video(tmp_path / "made.mp4", [1, 1], created_at="2026-03-01T18:00:00Z")
    ended = houselights("score", video, "--session", "made")
    assert store.session("made").started_at == datetime(2026, 3, 1, 18, tzinfo=UTC)
    assert "creation time" in ended.out


def test_without_a_creation_time_the_start_is_the_files_date_less_its_length(
    houselights: Houselights, store: Store, portrait_video: Path
) -> None:
    ended = houselights("score", portrait_video, "--session", "dated")
    written = datetime.fromtimestamp(portrait_video.stat().st_mtime, UTC)
    assert 7 <= (written - store.session("dated").started_at).total_seconds() <= 9
    assert "the file's date minus its length" in ended.out


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    houselights: Houselights, store: Store, portrait_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("score", portrait_video, "--session", "talk", "--started-at", STARTED_AT)

    class Interrupted(scoring.RecordingRun):
        def add(self, window) -> None:
            super().add(window)
            if self.progress.frames == 3:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scoring, "RecordingRun", Interrupted)
        stopped = houselights(*command)
    assert stopped.code == 130
    assert "continue" in stopped.err
    assert len(store.windows("talk", "main")) == 3
    assert store.progress("talk", "main", "cam-1").finished is False

    went_on = houselights(*command)
    assert went_on.code == 0
    assert "Continued at 0:03" in went_on.out
    windows, _ = curve_of(store, "talk")
    assert windows.faces.tolist() == [1, 1, 1, 1, 0, 0, 2, 2]
    tracks = [face.track_id for window in store.faces("talk", "main") for face in window.faces]
    assert len({track.split("-")[0] for track in tracks}) == 2, "each run names its tracks apart"


def test_a_finished_recording_is_not_scored_twice(houselights: Houselights, store: Store, portrait_video: Path) -> None:
    command = ("score", portrait_video, "--session", "talk", "--started-at", STARTED_AT)
    houselights(*command)
    before = store.windows("talk", "main").total.tolist()
    ended = houselights(*command)
    assert ended.code == 0
    assert "already scored" in ended.out
    assert store.windows("talk", "main").total.tolist() == before


def test_again_replaces_the_earlier_scores(houselights: Houselights, store: Store, portrait_video: Path) -> None:
    houselights("score", portrait_video, "--session", "talk", "--started-at", STARTED_AT)
    later = "2026-05-04T20:00:00+00:00"
    assert houselights("score", portrait_video, "--session", "talk", "--started-at", later, "--again").code == 0
    assert len(store.windows("talk", "main")) == 8


def test_another_recording_under_the_same_camera_is_refused(
    houselights: Houselights, portrait_video: Path, tmp_path: Path
) -> None:
    houselights("score", portrait_video, "--session", "talk")
    other = people_video(tmp_path / "other.mp4", [2, 2])
    assert "another recording" in houselights("score", other, "--session", "talk").complaint


def test_two_cameras_that_look_at_different_people_add_up(
    houselights: Houselights, store: Store, portrait_video: Path, tmp_path: Path
) -> None:
    other = people_video(tmp_path / "other.mp4", [2, 2, 2, 2, 0, 0, 1, 1])
    words = ("--session", "talk", "--started-at", STARTED_AT)
    assert houselights("score", portrait_video, *words).code == 0
    asked = houselights("score", other, *words, "--camera", "right").complaint
    assert "--overlaps" in asked
    assert "--different-people" in asked
    assert len(store.cameras("talk", "main")) == 1
    assert houselights("score", other, *words, "--camera", "right", "--different-people").code == 0
    windows, _ = curve_of(store, "talk")
    assert windows.faces.tolist() == [3, 3, 3, 3, 0, 0, 3, 3]


def test_people_that_two_cameras_see_count_once(
    houselights: Houselights, store: Store, portrait_video: Path, tmp_path: Path
) -> None:
    other = people_video(tmp_path / "other.mp4", [2, 2, 2, 2, 0, 0, 1, 1])
    words = ("--session", "talk", "--started-at", STARTED_AT)
    houselights("score", portrait_video, *words)
    assert houselights("score", other, *words, "--camera", "wide", "--overlaps", "cam-1").code == 0
    windows, _ = curve_of(store, "talk")
    assert windows.faces.tolist() == [2, 2, 2, 2, 0, 0, 2, 2]


@pytest.mark.parametrize("words", [(), ("--different-people",)])
def test_the_same_recording_is_not_scored_as_a_second_camera(
    houselights: Houselights, store: Store, portrait_video: Path, words: tuple[str, ...]
) -> None:
    houselights("score", portrait_video, "--session", "talk", "--started-at", STARTED_AT)
    later = ("--camera", "two", "--started-at", "2026-05-04T21:00:00+00:00")
    assert "'cam-1'" in houselights("score", portrait_video, "--session", "talk", *later, *words).complaint
    assert len(store.windows("talk", "main")) == 8
    said = houselights("score", portrait_video, "--session", "elsewhere", "--json").json
    assert any("talk" in note for note in said["notes"])


@pytest.mark.parametrize(
    ("setting", "country", "reason"), [("workplace", "DE", "AI Act"), ("education", None, "AI Act")]
)
def test_where_it_is_prohibited_only_heads_are_counted(
    houselights: Houselights,
    store: Store,
    portrait_video: Path,
    tmp_path: Path,
    setting: str,
    country: str | None,
    reason: str,
) -> None:
    words = ["score", portrait_video, "--session", "office", "--setting", setting, "--started-at", STARTED_AT]
    ended = houselights(*words, *(["--country", country] if country else []))
    assert ended.code == 0
    assert reason in ended.out
    assert "not legal advice" in ended.out
    table = store.windows("office", "main")
    assert table.faces.sum() == 8
    assert table.expressions == ()
    assert all(face.confidences == {} for window in store.faces("office", "main") for face in window.faces)
    houselights("export", "office", "--out", tmp_path / "out")
    assert "smile" not in (tmp_path / "out" / "curve.csv").read_text()


def test_a_session_that_counts_heads_is_not_widened_by_a_second_camera(
    houselights: Houselights, store: Store, portrait_video: Path, tmp_path: Path
) -> None:
    houselights("score", portrait_video, "--session", "office", "--heads-only")
    other = people_video(tmp_path / "other.mp4", [1, 1])
    assert houselights("score", other, "--session", "office", "--camera", "two", "--different-people").code == 0
    assert store.windows("office", "main").expressions == ()
    complaint = houselights("score", portrait_video, "--session", "office", "--camera", "three", "--setting", "cinema")
    assert "head count" in complaint.complaint


@pytest.mark.parametrize("session_id", ["a/b", "a#b", "a b", "🎭", "x" * 300, "", "-a"])
def test_a_session_id_that_could_not_be_a_key_is_refused(
    houselights: Houselights, portrait_video: Path, session_id: str
) -> None:
    complaint = houselights("score", portrait_video, f"--session={session_id}").complaint
    assert "letters, digits" in complaint


@pytest.mark.parametrize("started_at", ["2026-05-04T19:30:00", "yesterday"])
def test_a_start_without_its_zone_is_refused(houselights: Houselights, portrait_video: Path, started_at: str) -> None:
    complaint = houselights("score", portrait_video, "--session", "a", "--started-at", started_at).complaint
    assert repr(started_at) in complaint


def _no_such_file(folder: Path) -> Path:
    return folder / "nowhere.mp4"


def _a_folder(folder: Path) -> Path:
    return folder


def _empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def _text(folder: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("this is no video\n" * 100)
    return path


def _truncated(folder: Path) -> Path:
    return cut(people_video(folder / "whole.mp4", [1, 1]), 0.5, folder / "half.mp4")


@pytest.mark.parametrize("make", [_no_such_file, _a_folder, _empty, _text, _truncated])
def test_a_file_that_is_no_recording_is_refused_and_leaves_nothing_behind(
    houselights: Houselights, store: Store, tmp_path: Path, make
) -> None:
    houselights("score", make(tmp_path), "--session", "bad").complaint  # noqa: B018 - asserts that it is one line
    assert store.sessions() == []


def test_a_store_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], portrait_video: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    complaint = Houselights(store_path=blocked / "houselights.db", capsys=capsys)(
        "score", portrait_video, "--session", "a"
    ).complaint
    assert "--store" in complaint


def test_an_unknown_option_is_one_line(houselights: Houselights) -> None:
    assert "--help" in houselights("score", "x.mp4", "--sessoin", "a").complaint


def test_the_preview_shows_every_sample_and_can_be_played(
    houselights: Houselights, portrait_video: Path, tmp_path: Path
) -> None:
    import av

    preview = tmp_path / "check.mp4"
    words = ("--session", "talk", "--started-at", STARTED_AT, "--preview", preview, "--blur")
    assert houselights("score", portrait_video, *words).code == 0
    with av.open(str(preview)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in container.decode(video=0)) == 8


def test_what_was_lost_is_reported_kept_and_exported(houselights: Houselights, store: Store, tmp_path: Path) -> None:
    video = write_video(tmp_path / "scratched.avi", at_ms=range(0, 12_000, 100), codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(video.read_bytes())
    for position, size in packets_of(video)[40:100]:
        content[position : position + size] = bytes(size)
    video.write_bytes(content)
    said = houselights("score", video, "--session", "talk", "--started-at", STARTED_AT, "--json").json
    assert (said["lost_s"], said["start_certainty"]) == (6.0, "sure")
    assert any("6 s" in note for note in said["notes"])
    assert store.progress("talk", "main", "cam-1").lost_s == 6.0
    houselights("export", "talk", "--out", tmp_path / "out")
    [recording] = json.loads((tmp_path / "out" / "manifest.json").read_text())["recordings"]
    assert (recording["lost_s"], recording["started_from"]) == (6.0, "given")
    assert recording["remarks"] == list(store.progress("talk", "main", "cam-1").remarks)


def test_a_camera_hung_upside_down_gives_the_same_figures_and_that_is_reported_kept_and_exported(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    hung = people_video(tmp_path / "hung.mp4", [3] * 5, quarters=2)
    said = houselights("score", hung, "--session", "talk", "--started-at", STARTED_AT, "--json").json
    windows, curve = curve_of(store, "talk")
    assert windows.faces.tolist() == [3] * 5
    assert curve.share.tolist() == [1] * 5
    assert sum("180°" in note for note in said["notes"]) == 1
    houselights("export", "talk", "--out", tmp_path / "out")
    [recording] = json.loads((tmp_path / "out" / "manifest.json").read_text())["recordings"]
    assert any("180°" in remark for remark in recording["remarks"])


def test_faces_are_kept_from_when_they_were_written_whatever_the_cameras_clock_said(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    video = people_video(tmp_path / "ahead.mp4", [1, 1], created_at="2036-02-07T06:00:00Z")
    for session, words in (("ahead", ()), ("told", ("--started-at", "2036-02-07T06:00:00Z"))):
        assert houselights("score", video, "--session", session, *words).code == 0
        latest = datetime.now(UTC).timestamp() * 1000 + 30 * 86_400_000
        assert all(window.expires_ms <= latest for window in store.faces(session, "main"))
    assert store.session("ahead").started_at < datetime.now(UTC)


def recordings_that_must_not_be_lost(folder: Path, video: Path) -> dict[str, Path]:
    (folder / "hard.mp4").hardlink_to(video)
    (folder / "soft.mp4").symlink_to(video)
    write_video(folder / "other.mp4", at_ms=[0, 100])
    return {"itself": video, "hard": folder / "hard.mp4", "soft": folder / "soft.mp4", "other": folder / "other.mp4"}


@pytest.mark.parametrize("which", ["itself", "hard", "soft", "other"])
def test_a_preview_takes_no_recordings_place(houselights: Houselights, tmp_path: Path, which: str) -> None:
    video = people_video(tmp_path / "talk.mp4", [1, 1])
    place = recordings_that_must_not_be_lost(tmp_path, video)[which]
    before = place.read_bytes()
    houselights("score", video, "--session", "talk", "--preview", place).complaint  # noqa: B018 - asserts one line
    assert place.read_bytes() == before


def test_a_preview_replaces_previews_and_other_files_on_request_but_never_a_recording(
    houselights: Houselights, tmp_path: Path
) -> None:
    video = people_video(tmp_path / "talk.mp4", [1, 1])
    scored = people_video(tmp_path / "scored.mp4", [1, 2])
    notes = tmp_path / "notes.mp4"
    notes.write_text("not a video\n" * 100)
    assert houselights("score", scored, "--session", "earlier", "--preview", tmp_path / "check.mp4").code == 0
    again = ("score", video, "--session", "talk", "--again")
    assert houselights(*again, "--preview", tmp_path / "check.mp4").code == 0
    assert "--replace-preview" in houselights(*again, "--preview", notes).complaint
    assert houselights(*again, "--preview", notes, "--replace-preview").code == 0
    assert "earlier" in houselights(*again, "--preview", scored, "--replace-preview").complaint


def test_two_processes_score_into_one_store_at_once(portrait_video: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    from audience.stores import open_store

    url = f"sqlite:///{tmp_path / 'both.db'}"
    other = people_video(tmp_path / "other.mp4", [1, 1, 1, 1, 0, 0, 2, 2], fps=4)
    program = [sys.executable, "-m", "houselights", "score"]
    common = ["--session", "both", "--different-people", "--started-at", STARTED_AT, "--store", url]
    commands = [
        [*program, str(video), "--camera", camera, *common]
        for video, camera in ((portrait_video, "left"), (other, "right"))
    ]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) for command in commands]
    for process in running:
        _, complaint = last_words(process)
        assert process.returncode == 0, complaint.decode()
    with open_store(url) as store:
        assert store.windows("both", "main").over_cameras().faces.tolist() == [2, 2, 2, 2, 0, 0, 4, 4]
