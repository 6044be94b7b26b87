"""`houselights calibrate-sheets`: faces on sheets against the same faces alone, asked over real HTTP of a Rekognition
that really looks."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from audience.deliveries.grid import CROP_PX
from audience.errors import RecordingUnreadable
from edge_lambda.delivery.contact_sheet import crop_for_sheet, draw_sheet
from edge_lambda.detectors import Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.recording import open_recording
from houselights.calibrating_sheets import Calibration, Comparison
from houselights.cli import run
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack
from houselights.sampled_faces import AROUND_PX, SampledFaces, sample_faces
from tests.ingest.sheets import a_sheet
from tests.portraits import people_video, portrait
from tests.videos import write_video

PEOPLE, SECONDS = 3, 4


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud(Stack(name="calibration-tests")) as running:
        yield running


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return people_video(tmp_path_factory.mktemp("video") / "people.mp4", [PEOPLE] * SECONDS)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(doubtful=True)


@pytest.fixture
def account(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """Directs boto3 to the local cloud; failures set by a test are reset."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    yield cloud
    cloud.rekognition.allow(None)


def _decoded(jpeg: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def _light(face: Any) -> float:
    """The mean gray of the middle of a picture."""
    height, width = face.shape[:2]
    return float(face[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3].mean())


class BothWays:
    """Scores faces by their number: `ways(number)` gives the confidence on the sheet and alone."""

    def __init__(self, ways: Callable[[int], tuple[float | None, float | None]]) -> None:
        self.thresholds = {"smile": 0.5}
        self._ways = ways
        self._asked = 0

    def score(self, sheet: Any) -> list[dict[str, float] | None]:
        return [self._score(self._ways(tile.place)[0]) for tile in sheet.manifest.tiles]

    def score_alone(self, picture: bytes) -> dict[str, float] | None:
        self._asked += 1
        return self._score(self._ways(self._asked - 1)[1])

    @staticmethod
    def _score(smile: float | None) -> dict[str, float] | None:
        return None if smile is None else {"smile": smile}


def compared(faces: int, ways: Callable[[int], tuple[float | None, float | None]]) -> Comparison:
    """A whole calibration on one sheet."""
    calibration = Calibration(SampledFaces(sheets=(a_sheet(faces),), pictures=(b"jpeg",) * faces), BothWays(ways))
    calibration.run()
    return calibration.compared()


# What is sent


def test_the_faces_sent_are_those_a_camera_would_have_put_on_a_sheet(video, detector):
    sampled = sample_faces(video, most=PEOPLE * SECONDS, detector=detector)
    (sheet,) = sampled.sheets
    assert len(sheet.manifest.tiles) == len(sampled.pictures) == PEOPLE * SECONDS
    assert [window.faces for window in sheet.manifest.windows] == [PEOPLE] * SECONDS
    crops = []
    for frame in open_recording(video).sample(1.0):
        boxes = [tile.box for tile in sheet.manifest.tiles if tile.at_ms == round(frame.at_s * 1000)]
        width = frame.image.shape[1]
        for box in boxes:
            found = min(detector.detect(frame.image), key=lambda face: abs(face.left / width - box.left))
            crops.append(crop_for_sheet(frame.image, found))
    assert np.array_equal(_decoded(sheet.jpeg), _decoded(draw_sheet(crops)))


def test_each_picture_shows_the_face_of_its_tile(tmp_path, detector):
    """Three people, each in a light of their own."""
    side, lights = 160, (1.0, 0.75, 0.5)
    row = np.hstack([(portrait(side) * light).astype(np.uint8) for light in lights])
    video = write_video(
        tmp_path / "lights.mp4",
        at_ms=[200 * frame for frame in range(20)],
        size=(side * len(lights), side),
        picture=lambda number: row,
    )
    sampled = sample_faces(video, most=12, detector=detector)
    (sheet,) = sampled.sheets
    whole, recording = _decoded(sheet.jpeg), open_recording(video)
    seen = set()
    for tile, jpeg in zip(sheet.manifest.tiles, sampled.pictures, strict=True):
        left, top = sheet.manifest.grid.corner_px(tile.place)
        picture = _decoded(jpeg)
        assert _light(picture) == pytest.approx(_light(whole[top : top + CROP_PX, left : left + CROP_PX]), abs=8)
        seen.add(round(_light(picture), -1))
        width = recording.width
        begins = max(0, int(tile.box.left * width) - AROUND_PX)
        ends = min(width, int((tile.box.left + tile.box.width) * width) + AROUND_PX)
        assert picture.shape[1] == pytest.approx(ends - begins, abs=1)
    assert len(seen) == len(lights)


def test_fewer_faces_than_there_are_come_from_all_over_the_recording(tmp_path, detector):
    video = people_video(tmp_path / "long.mp4", [4] * 10)
    sampled = sample_faces(video, most=10, detector=detector)
    tiles = [tile for sheet in sampled.sheets for tile in sheet.manifest.tiles]
    assert sorted(tile.at_ms // 1000 for tile in tiles) == list(range(10))
    assert len({round(tile.box.left, 1) for tile in tiles}) > 1, "not always the same seat"
    again = sample_faces(video, most=10, detector=detector)
    assert again == sampled


def test_faces_that_do_not_fit_on_one_sheet_go_on_the_next(tmp_path, detector):
    video = people_video(tmp_path / "many.mp4", [8] * 14, side=96)
    sampled = sample_faces(video, most=112, detector=detector)
    assert len(sampled.sheets) == 2
    assert sum(len(sheet.manifest.tiles) for sheet in sampled.sheets) == len(sampled.pictures) == 112


def test_a_recording_without_a_face_is_reported(tmp_path, detector):
    video = write_video(tmp_path / "nobody.mp4", at_ms=[0, 500, 1000])
    with pytest.raises(RecordingUnreadable, match="no face was found"):
        sample_faces(video, most=10, detector=detector)


# What is said of it


def test_a_planted_difference_is_found():
    """Every face .1 surer on the sheet: one of ten crosses the threshold."""
    told = compared(10, lambda face: (0.05 + 0.1 * face, 0.05 + 0.1 * face - 0.1 * (face > 0)))
    smile = told.differences["smile"]
    assert (told.compared, told.on_sheets.calls, told.alone.calls) == (10, 1, 10)
    assert smile.mean == smile.mean_absolute == pytest.approx(0.09)
    assert (smile.agreement, smile.share_on_sheets, smile.share_alone) == pytest.approx((0.9, 0.5, 0.4))
    assert smile.correlation == pytest.approx(0.9946, abs=1e-3)


def test_positive_and_negative_differences_cancel_in_the_mean_only():
    smile = compared(10, lambda face: (0.5 + 0.1 * (-1) ** face, 0.5 + 0.05 * (face % 3))).differences["smile"]
    assert abs(smile.mean) < smile.mean_absolute


def test_a_face_found_by_one_method_only_is_counted_and_not_compared():
    told = compared(10, lambda face: (None if face == 3 else 0.2, None if face in (4, 5) else 0.2))
    assert (told.on_sheets.found, told.alone.found, told.compared) == (9, 8, 7)
    assert told.differences["smile"].correlation is None, "all the same: there is nothing to correlate"


def test_figures_over_few_faces_are_not_shown():
    told = compared(10, lambda face: (0.2, 0.3 if face < 4 else None))
    assert told.compared == 4
    assert told.differences == {}


# The command


def test_both_methods_are_measured_and_nothing_is_kept(account, video, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = account.rekognition.counts()
    assert run(["calibrate-sheets", str(video), "--faces", "12", "--yes", "--json"]) == 0
    after = account.rekognition.counts()
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["account"], told["region"], told["scorer"]) == ("123456789012", account.stack.region, "rekognition-1")
    assert (told["faces"], told["compared"]) == (12, 12)
    assert (told["on_sheets"]["calls"], told["alone"]["calls"]) == (1, 12)
    assert after.calls - before.calls == 13
    assert told["on_sheets"]["bytes"] + told["alone"]["bytes"] == after.picture_bytes - before.picture_bytes
    assert (told["on_sheets"]["dollars"], told["alone"]["dollars"]) == pytest.approx((0.001, 0.012))
    smile = told["differences"]["smile"]
    assert smile["agreement"] == smile["share_on_sheets"] == smile["share_alone"] == 1
    assert smile["mean_absolute"] < 0.1
    assert "12 faces will be sent to Amazon Rekognition in" in err
    assert "account 123456789012: on 1 contact sheet, and each as a separate picture" in err
    assert "13 calls of DetectFaces, $0.013 at the list price" in err
    assert list(tmp_path.iterdir()) == []


def test_a_table_says_the_same_in_words(account, video, capsys):
    assert run(["calibrate-sheets", str(video), "--faces", "6", "--yes"]) == 0
    out = capsys.readouterr().out
    assert "On sheets: 6 of 6 faces found; " in out
    assert "calls of DetectFaces: 6 ($0.006)" in out
    assert "6 faces were scored both on sheets and alone" in out
    assert out.count("100.0%") >= 3
    assert "not feeling" in out


def test_faces_too_small_for_a_picture_of_their_own_are_not_found_alone(account, tmp_path, capsys):
    """Rekognition takes no picture of under 80 pixels; on a sheet every face is as large as the others."""
    video = people_video(tmp_path / "far.mp4", [PEOPLE] * 2, side=64)
    assert run(["calibrate-sheets", str(video), "--faces", "6", "--yes"]) == 0
    out = capsys.readouterr().out
    assert "On sheets: 6 of 6 faces found" in out
    assert "Alone: 0 of 6 faces found" in out
    assert "0 faces were scored both on sheets and alone: too few to compare." in out


def test_nothing_is_sent_without_a_yes(account, video, monkeypatch, capsys):
    before = account.rekognition.counts().calls
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["calibrate-sheets", str(video), "--faces", "5"]) == 1
    assert "Nothing was sent." in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(["calibrate-sheets", str(video), "--faces", "5"]) == 130, "nobody is there to be asked"
    assert account.rekognition.counts().calls == before


@pytest.mark.parametrize("place", [["--setting", "workplace"], ["--setting", "education", "--country", "FR"]])
def test_where_only_heads_may_be_counted_no_face_is_sent(account, video, capsys, place):
    before = account.rekognition.counts().calls
    assert run(["calibrate-sheets", str(video), "--yes", *place]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("houselights: faces of this recording must not be sent: Only heads are counted")
    assert account.rekognition.counts().calls == before


def test_ctrl_c_prints_what_was_measured_so_far(account, video, monkeypatch, capsys):
    run_all = Calibration.run

    def interrupted(self: Calibration, on_progress: Callable[[int], None]) -> None:
        def answered(calls: int) -> None:
            on_progress(calls)
            if calls == 8:
                raise KeyboardInterrupt

        run_all(self, answered)

    monkeypatch.setattr(Calibration, "run", interrupted)
    assert run(["calibrate-sheets", str(video), "--faces", "12", "--yes", "--json"]) == 130
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["compared"], told["alone"]["faces"], told["on_sheets"]["faces"]) == (7, 7, 12)
    assert "Ended after 7 of 12 faces." in err


def test_a_service_that_fails_is_reported_after_what_was_measured(account, video, monkeypatch, capsys):
    run_all = Calibration.run

    def running_out(self: Calibration, on_progress: Callable[[int], None]) -> None:
        def answered(calls: int) -> None:
            if calls == 7:
                account.rekognition.fail_next(3, "AccessDeniedException")

        run_all(self, answered)

    monkeypatch.setattr(Calibration, "run", running_out)
    assert run(["calibrate-sheets", str(video), "--faces", "12", "--yes", "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["compared"] == 6
    assert "allow rekognition:DetectFaces" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS cannot be used: Could not connect"),
        ({"AWS_ENDPOINT_URL_REKOGNITION": "http://127.0.0.1:1"}, "Rekognition cannot be reached"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no credentials, so name a profile"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "no AWS region"),
        ({"AWS_PROFILE": "nobodys"}, "The config profile (nobodys) could not be found"),
    ],
)
def test_an_account_that_cannot_be_asked_is_reported_in_one_line(account, video, monkeypatch, capsys, settings, said):
    monkeypatch.setattr("time.sleep", lambda _: None)
    nothing = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"}
    for name, value in (nothing | {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null"} | settings).items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    assert run(["calibrate-sheets", str(video), "--faces", "5", "--yes"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    complaints = [line for line in err.splitlines() if line.startswith("houselights: ")]
    assert len(complaints) == 1
    assert said in complaints[0]
