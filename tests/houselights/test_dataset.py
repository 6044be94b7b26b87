"""`houselights dataset`: real photos and videos, the real detector, and a Rekognition that really looks."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.errors import InvalidValue
from edge_lambda.detectors import Detection, Image
from houselights.cli import run
from houselights.labelling.cutting import cut_faces
from houselights.labelling.dataset import DataSet
from houselights.labelling.labels import labels_of, machine_lines
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack
from tests.examples import examples
from tests.houselights.labelled import pattern, say
from tests.portraits import people_video, portrait

PHOTOS = 9
GOOD = cv2.imencode(".jpg", pattern("good"))[1].tobytes()


class OneFace:
    """Finds one face in the middle of every picture."""

    name = "one-face-1"
    landmarks_turn = False

    def detect(self, image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        return [
            Detection(left=width / 4, top=height / 4, width=width / 2.5, height=height / 2, confidence=0.9),
        ]


def a_photo(number: int, side: int = 240) -> bytes:
    """The portrait, tilted and mirrored in its own way behind a faint pattern: as of another person, to the hash."""
    image = portrait(side) if number % 2 else np.ascontiguousarray(portrait(side)[:, ::-1])
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), 5.0 * (number % 5 - 2), 1.0)
    turned = cv2.warpAffine(image, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
    faint = cv2.resize(pattern(str(number)), (side, side))
    return cv2.imencode(".jpg", cv2.addWeighted(turned, 0.75, faint, 0.25, 0))[1].tobytes()


@pytest.fixture(scope="module")
def made_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "photos"
    for number in range(PHOTOS):
        (folder / f"person {number % 5}").mkdir(parents=True, exist_ok=True)
        (folder / f"person {number % 5}" / f"{number}.jpg").write_bytes(a_photo(number))
    return folder


@pytest.fixture
def photos(made_photos: Path, tmp_path: Path) -> Path:
    """A folder of photos of one's own, each with one face."""
    return Path(shutil.copytree(made_photos, tmp_path / "photos"))


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud(Stack(name="data-set-tests")) as running:
        yield running


@pytest.fixture
def account(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return cloud


def cut(photos: Path, dataset: DataSet, **how):
    return cut_faces(photos, dataset, OneFace, every_s=how.get("every_s", 2.0), least_px=how.get("least_px", 32))


# From photos to a folder for training


def test_a_folder_of_photos_becomes_a_folder_for_training(photos, capsys):
    (photos / "notes.txt").write_text("not a photo")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    (photos / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (photos / "phone.jpg").write_bytes(b"\0\0\0\x18ftypheic")
    shutil.copy(photos / "person 0" / "0.jpg", photos / "person 1" / "copy.jpg")
    people_video(photos / "person 4" / "clip.mp4", [1] * 3)
    made = photos.with_name("photos-faces")
    assert run(["dataset", "label", str(photos), "--by", "expressionnet"]) == 0
    err = capsys.readouterr().err
    assert "personal data" in err
    assert "11 faces found" in err
    assert "1 HEIC photo left out" in err
    assert "broken.jpg: is damaged" in err
    assert "phone.jpg: is a HEIC photo" in err
    assert "person 1/copy.jpg of person 0/0.jpg" in err
    labels = labels_of(DataSet(made))
    assert len(labels) == 11
    assert {label.expression for label in labels.values()} == {"happy"}, "astronaut Collins smiles"
    assert run(["dataset", "check", str(made)]) == 1, "it is not split yet"
    assert run(["dataset", "split", str(made)]) == 0
    out = capsys.readouterr().out
    assert "folders" in out
    assert run(["dataset", "check", str(made), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["faces"], found["labelled"], found["leak_count"], found["spoilt"]) == (11, 11, 0, False)
    assert run(["dataset", "pack", str(made), "--to", str(photos.with_name("packed"))]) == 0
    assert "11 faces" in capsys.readouterr().out
    assert len(list(photos.with_name("packed").glob("faces/*.jpg"))) == 11


def test_what_was_read_is_not_read_again(photos, tmp_path):
    dataset = DataSet(tmp_path / "set")
    assert cut(photos, dataset).looked_at == PHOTOS
    pictures = {face.id: dataset.picture(face.id) for face in dataset.faces()}
    (photos / "new.jpg").write_bytes(a_photo(20))
    again = cut(photos, DataSet(tmp_path / "set"))
    assert (again.looked_at, again.faces) == (1, PHOTOS + 1)
    assert {id: dataset.picture(id) for id in pictures} == pictures


def test_ctrl_c_keeps_what_is_done(photos, tmp_path, monkeypatch, capsys):
    looked: list[int] = []

    class Stopped(OneFace):
        def detect(self, image: Image) -> list[Detection]:
            looked.append(1)
            if len(looked) == 5:
                raise KeyboardInterrupt
            return super().detect(image)

    monkeypatch.setattr("edge_lambda.detectors.load.load_detector", Stopped)
    words = ["dataset", "label", str(photos), "--by", "expressionnet", "--to", str(tmp_path / "set")]
    assert run(words) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert len(DataSet(tmp_path / "set").faces()) == 4
    assert run(words) == 0
    assert len(looked) == PHOTOS + 1
    assert len(DataSet(tmp_path / "set").faces()) == PHOTOS


def test_labels_follow_a_photo_that_is_moved_and_go_with_one_that_is_deleted(photos, tmp_path):
    dataset = DataSet(tmp_path / "set")
    cut(photos, dataset)
    say(dataset, "ada", {"person 0/0.jpg": "happy", "person 1/1.jpg": "calm"})
    kept = next(face.id for face in dataset.faces() if face.file == "person 0/0.jpg")
    gone = next(face.id for face in dataset.faces() if face.file == "person 1/1.jpg")
    (photos / "person 0" / "0.jpg").rename(photos / "elsewhere.jpg")
    (photos / "person 1" / "1.jpg").unlink()
    result = cut(photos, dataset)
    assert set(result.gone) == {"person 0/0.jpg", "person 1/1.jpg"}
    (moved,) = [face for face in dataset.faces() if face.file == "elsewhere.jpg"]
    assert moved.id == kept
    assert labels_of(dataset)[kept].expression == "happy"
    assert not dataset.picture_file(gone).exists(), "whoever takes consent back is in no picture any more"
    assert dataset.picture_file(kept).exists()


def test_a_photo_that_was_changed_is_read_anew(photos, tmp_path):
    dataset = DataSet(tmp_path / "set")
    cut(photos, dataset)
    before = {face.id for face in dataset.faces()}
    (photos / "person 0" / "0.jpg").write_bytes(a_photo(30))
    assert cut(photos, dataset).looked_at == 1
    after = {face.id for face in dataset.faces()}
    assert (len(before - after), len(after - before)) == (1, 1)
    assert {path.stem for path in (tmp_path / "set" / "faces").iterdir()} == after


@pytest.mark.parametrize("change", [Path.unlink, lambda photo: photo.write_bytes(a_photo(30))], ids=["gone", "changed"])
def test_the_copy_of_a_photo_that_is_gone_or_changed_takes_its_place(photos, tmp_path, change):
    dataset = DataSet(tmp_path / "set")
    original = photos / "person 1" / "1.jpg"
    shutil.copy(original, photos / "a copy.jpg")
    cut(photos, dataset)  # files in the folder itself come first, so that the copy is what is added next
    shutil.copy(original, photos / "person 0" / "late copy.jpg")
    cut(photos, dataset)
    (kept,) = [face for face in dataset.faces() if face.file == "a copy.jpg"]
    change(photos / "a copy.jpg")
    result = cut(photos, dataset)
    (now,) = [face.file for face in dataset.faces() if face.id == kept.id]
    assert now == "person 0/late copy.jpg"
    assert result.copies == {"person 1/1.jpg": now}
    assert dataset.picture_file(kept.id).exists()


def test_faces_of_a_video_are_taken_every_so_often(tmp_path):
    (tmp_path / "videos").mkdir()
    people_video(tmp_path / "videos" / "clip.mp4", [1] * 7)
    dataset = DataSet(tmp_path / "set")
    cut(tmp_path / "videos", dataset, every_s=2.0)
    assert sorted(face.found.at_ms // 1000 for face in dataset.faces()) == [0, 2, 4, 6]


def test_small_faces_are_left_out(photos, tmp_path):
    dataset = DataSet(tmp_path / "set")
    assert cut(photos, dataset, least_px=121).faces == 0
    assert cut(photos, DataSet(tmp_path / "other"), least_px=120).faces == PHOTOS


def test_the_folder_of_a_data_set_is_not_looked_into_for_photos(photos, tmp_path):
    dataset = DataSet(photos / "set")
    assert cut(photos, dataset).faces == PHOTOS
    assert cut(photos, dataset).faces == PHOTOS
    assert cut(photos, DataSet(tmp_path / "other")).faces == PHOTOS


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 200
)


@settings(max_examples=examples(30))
@given(
    names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    raw=st.binary(max_size=8),
    content=st.binary(max_size=64),
)
def test_whatever_files_are_called_and_hold_the_others_are_cut(tmp_path_factory, names, raw, content):
    folder = tmp_path_factory.mktemp("wild") / "photos"
    folder.mkdir()
    (folder / "good.jpg").write_bytes(GOOD)
    for number, name in enumerate(names):
        (folder / f"{name}.jpg").write_bytes(GOOD + bytes([number]) if not name.startswith(".") else content)
    odd = bytes(byte for byte in raw if byte not in b"/\0")
    Path(os.fsdecode(os.fsencode(folder) + b"/_" + odd + b".png")).write_bytes(content)
    dataset = DataSet(folder.parent / "set")
    result = cut(folder, dataset)
    shown = {name for name in names if not name.startswith(".") and f"{name}.jpg" != "good.jpg"}
    assert len(dataset.faces()) == result.faces == 1 + len(shown)
    assert len(result.unread) == 1
    assert cut(folder, DataSet(folder.parent / "set")).looked_at == 0


# What cannot be used


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "is not a folder"),
        (lambda folder: folder.write_text(""), "is not a folder"),
        (lambda folder: folder.mkdir(), "holds no photos or videos"),
        (lambda folder: (folder.mkdir(), (folder / "a.HEIC").write_text("")), "save HEIC photos as JPEG"),
        (lambda folder: (folder.mkdir(), (folder / "a.jpg").write_text("x")), "no face of 32 pixels"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_in_one_line(tmp_path, capsys, make, said):
    make(tmp_path / "photos")
    assert run(["dataset", "label", str(tmp_path / "photos"), "--by", "person"]) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("houselights: ")
    assert said in line


def test_nothing_is_said_of_consent_before_there_is_a_folder(tmp_path, capsys):
    assert run(["dataset", "label", str(tmp_path / "nowhere"), "--by", "person"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_data_set_lies_beside_the_photos_however_their_folder_is_named(photos, monkeypatch, capsys):
    monkeypatch.chdir(photos / "person 0")
    assert run(["dataset", "label", "..", "--by", "expressionnet"]) == 0
    assert (photos.parent / "photos-faces" / "sources.jsonl").exists()
    assert run(["dataset", "label", photos.anchor, "--by", "person"]) == 2
    assert "--to" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("command", ["split", "check", "pack"])
@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_other_folders_are_no_data_sets(tmp_path, capsys, command, folder):
    (tmp_path / "empty").mkdir()
    words = ["dataset", command, str(tmp_path / folder)]
    assert run([*words, "--to", str(tmp_path / "out")] if command == "pack" else words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is not a data set" in line


def test_a_data_set_is_packed_after_it_was_split(photos, tmp_path, capsys):
    cut(photos, DataSet(tmp_path / "set"))
    assert run(["dataset", "pack", str(tmp_path / "set"), "--to", str(tmp_path / "out")]) == 2
    assert "dataset split" in capsys.readouterr().err
    assert run(["dataset", "split", str(tmp_path / "set")]) == 0
    assert run(["dataset", "pack", str(tmp_path / "set"), "--to", str(tmp_path / "out")]) == 2
    assert "9 left out: without a label" in capsys.readouterr().err


def test_a_table_says_who_is_who(photos, tmp_path, capsys):
    made = DataSet(tmp_path / "set")
    cut(photos, made)
    table = tmp_path / "people.csv"
    lines = [f"{face.file},{'ada' if index < 3 else f'p{index}'}" for index, face in enumerate(made.faces())]
    table.write_text("file,person\n" + "\n".join(lines))
    assert run(["dataset", "split", str(made.folder), "--people", str(table)]) == 0
    assert "7 people" not in capsys.readouterr().out
    table.write_text("file,person\nelsewhere.jpg,ada\n")
    assert run(["dataset", "split", str(made.folder), "--people", str(table)]) == 2
    assert "names none of the photos" in capsys.readouterr().err


def test_a_disk_that_cannot_be_written_is_one_line(photos, tmp_path):
    (tmp_path / "set").write_text("a file")
    with pytest.raises(InvalidValue, match="Not a directory"):
        cut(photos, DataSet(tmp_path / "set"))


# By Rekognition


def test_rekognition_labels_each_face_once_and_its_answers_are_kept(account, photos, tmp_path, capsys):
    words = ["dataset", "label", str(photos), "--by", "rekognition", "--to", str(tmp_path / "set"), "--yes"]
    before = account.rekognition.counts().calls
    assert run(words) == 0
    err = capsys.readouterr().err
    assert "9 faces will be sent to Amazon Rekognition" in err
    assert "9 calls of DetectFaces, $0.01" in err
    dataset = DataSet(tmp_path / "set")
    lines = machine_lines(dataset, "rekognition").read()
    assert account.rekognition.counts().calls - before == len(lines) == PHOTOS
    for line in lines:
        (face,) = line.answer["FaceDetails"]
        assert face["Smile"]["Value"] is True
        assert len(face["Emotions"]) == 8
    assert {label.expression for label in labels_of(dataset).values()} == {"happy"}
    assert all(label.smile > 0.5 for label in labels_of(dataset).values())
    assert run(words) == 0
    assert account.rekognition.counts().calls - before == PHOTOS, "what was paid for is not asked again"


def test_nothing_is_sent_without_a_yes(account, photos, monkeypatch, capsys):
    before = account.rekognition.counts().calls
    for answer, code in (("n\n", 1), ("", 130)):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert run(["dataset", "label", str(photos), "--by", "rekognition"]) == code
    assert account.rekognition.counts().calls == before


def test_a_run_that_was_stopped_goes_on_and_pays_for_nothing_twice(account, photos, tmp_path, capsys):
    words = ["dataset", "label", str(photos), "--by", "rekognition", "--to", str(tmp_path / "set"), "--yes"]
    cut(photos, DataSet(tmp_path / "set"))
    ids = [face.id for face in DataSet(tmp_path / "set").faces()]
    before = account.rekognition.counts().calls
    account.rekognition.fail_next(1, "AccessDeniedException")
    assert run(words) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "0 of 9 faces were labelled" in line
    assert "allow rekognition:DetectFaces" in line
    assert run(words) == 0
    assert [entry.face for entry in machine_lines(DataSet(tmp_path / "set"), "rekognition").read()] == ids
    assert account.rekognition.counts().calls - before == PHOTOS + 1


def test_where_expressions_are_not_measured_no_face_is_sent_or_scored(account, photos, capsys):
    before = account.rekognition.counts().calls
    for by in ("rekognition", "expressionnet"):
        assert run(["dataset", "label", str(photos), "--by", by, "--yes", "--setting", "workplace"]) == 2
        assert "must not be scored" in capsys.readouterr().err
    assert account.rekognition.counts().calls == before
    assert not photos.with_name("photos-faces").exists()
