"""Reading labelled photographs and keeping people apart."""

import csv
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from training.corpus import (
    ALWAYS_TRAINING,
    EXPRESSIONS,
    CorpusUnreadable,
    Photo,
    data_folder,
    default_corpus,
    part_of,
    read,
)

ROWS = [("happy/a.jpg", "happy", "ann"), ("calm/b.jpg", "calm", "bob"), ("calm/a.jpg", "calm", "ann")]


def write_corpus(folder: Path, rows: list[tuple[str, str, str]] = ROWS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "expression", "person"), *rows])
    for name, _, _ in rows:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def zipped(folder: Path, under: str = "") -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as file:
        for path in sorted(folder.rglob("*.*")):
            file.write(path, under + str(path.relative_to(folder)))
    return target


def test_a_folder_is_read_in_the_order_of_its_labels(tmp_path: Path) -> None:
    photos = read(write_corpus(tmp_path / "faces"))
    assert [(photo.file, photo.expression, photo.person) for photo in photos] == ROWS
    assert photos[1].jpeg == b"calm/b.jpg"


def test_a_zip_holds_the_same_as_the_folder_it_was_made_from(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "faces")
    assert read(zipped(folder)) == read(folder)


def test_the_photographs_may_lie_in_a_folder_inside_the_zip(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "faces")
    assert read(zipped(folder, under="faces-2024/")) == read(folder)


@pytest.mark.parametrize("make", [lambda folder: folder / "absent", lambda folder: folder])
def test_where_there_is_no_corpus_the_path_is_named(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CorpusUnreadable, match=tmp_path.name):
        read(make(tmp_path))


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "faces.zip"
    damaged.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(CorpusUnreadable, match=r"faces\.zip"):
        read(damaged)


def test_a_label_without_its_photograph_is_refused(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "faces")
    (folder / "calm" / "b.jpg").unlink()
    with pytest.raises(CorpusUnreadable, match=r"b\.jpg"):
        read(folder)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("file,expression,person\na.jpg,happy,J\xf6rg\n".encode("latin-1"), "UTF-8"),
        (b"expression,person,file\nhappy,ann\n", "line 2"),
    ],
)
def test_labels_that_cannot_be_read_are_refused(tmp_path: Path, labels: bytes, said: str) -> None:
    (tmp_path / "labels.csv").write_bytes(labels)
    with pytest.raises(CorpusUnreadable, match=said):
        read(tmp_path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = zipped(write_corpus(tmp_path / "faces"))
    content = bytearray(archive.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # of each file, and of its entry in the list
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 1)
    archive.write_bytes(content)
    with pytest.raises(CorpusUnreadable, match="encrypted"):
        read(archive)


def test_labels_without_people_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,expression\na.jpg,happy\n")
    with pytest.raises(CorpusUnreadable, match="person"):
        read(tmp_path)


def test_an_unknown_expression_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusUnreadable, match="bored"):
        read(write_corpus(tmp_path / "faces", [("a.jpg", "bored", "ann")]))


def test_a_photograph_of_nobody_is_refused_since_it_could_be_on_both_sides(tmp_path: Path) -> None:
    with pytest.raises(CorpusUnreadable, match="no person"):
        read(write_corpus(tmp_path / "faces", [("a.jpg", "happy", "")]))


def voted(folder: Path, head: str, *rows: str) -> list[Photo]:
    """What is read of a corpus of votes, whose photographs are named in the first column."""
    folder.mkdir()
    (folder / "labels.csv").write_text("\n".join([head, *rows]))
    for row in rows:
        (folder / row.split(",")[0]).write_bytes(b"x")
    return read(folder)


FERPLUS = "file,part,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def test_votes_become_shares_without_single_votes(tmp_path: Path) -> None:
    (photo,) = voted(tmp_path / "faces", FERPLUS, "a.webp,train,4,0,0,1,3,2,0,0,0,0")
    shares = dict(zip(EXPRESSIONS, photo.shares, strict=True))
    assert shares == pytest.approx(
        {"calm": 4 / 9, "angry": 3 / 9, "disgusted": 2 / 9, "sad": 0}
        | dict.fromkeys(("happy", "surprised", "fear", "contempt"), 0)
    )
    assert photo.is_voted
    assert photo.expression == ""


def test_a_photograph_shows_what_more_than_half_saw(tmp_path: Path) -> None:
    clear, torn = voted(tmp_path / "faces", FERPLUS, "a,train,0,7,0,3,0,0,0,0,0,0", "b,train,5,5,0,0,0,0,0,0,0,0")
    assert (clear.expression, torn.expression) == ("happy", "")


def test_a_photograph_on_which_most_saw_no_face_is_left_out(tmp_path: Path) -> None:
    rows = ("a,train,4,0,0,0,0,0,0,0,2,4", "b,train,1,1,1,1,1,1,1,1,1,1", "c,train,9,0,0,0,0,0,0,0,0,0")
    photos = voted(tmp_path / "faces", FERPLUS, *rows)
    assert [photo.file for photo in photos] == ["c"]


def test_probabilities_are_read_as_they_stand(tmp_path: Path) -> None:
    (photo,) = voted(tmp_path / "faces", "file,happy,calm,person", "a,0.8,0.2,ann")
    assert photo.shares[:3] == pytest.approx((0.8, 0, 0.2))
    assert photo.person == "ann"
    assert photo.part == part_of("ann")


def test_a_corpus_keeps_its_own_parts(tmp_path: Path) -> None:
    rows = [f"{number},train,9,0,0,0,0,0,0,0,0,0" for number in range(400)]
    photos = voted(tmp_path / "faces", FERPLUS, *rows, "v,valid,9,0,0,0,0,0,0,0,0,0", "t,test,9,0,0,0,0,0,0,0,0,0")
    parts = Counter(photo.part for photo in photos)
    assert parts["held out"] == 2
    assert 5 <= parts["validation"] <= 40


def test_a_corpus_with_validation_of_its_own_trains_on_all_that_is_to_train_on(tmp_path: Path) -> None:
    rows = [f"{number},training,1,0" for number in range(200)]
    photos = voted(tmp_path / "faces", "file,part,happy,calm", *rows, "v,validation,0.5,0.5")
    assert Counter(photo.part for photo in photos) == {"training": 200, "validation": 1}
    assert len({photo.shares for photo in photos}) == 2  # halves are no single votes


@pytest.mark.parametrize("number", ["many", "-1", "nan", "inf"])
def test_votes_that_are_no_number_are_refused_with_the_file(tmp_path: Path, number: str) -> None:
    with pytest.raises(CorpusUnreadable, match="odd"):
        voted(tmp_path / "faces", "file,happy,calm", f"odd,{number},1")


def test_the_side_of_a_person_never_changes() -> None:
    sides = {name: part_of(name) for name in ("ann", "bob", "cleo", "dan", "tony_blair")}
    assert sides == {
        "ann": "held out",
        "bob": "training",
        "cleo": "training",
        "dan": "held out",
        "tony_blair": "training",
    }


def test_about_a_fifth_of_the_people_are_held_out_and_a_seventh_of_the_rest_validate() -> None:
    parts = Counter(part_of(f"person {number}") for number in range(20_000))
    assert parts["held out"] / 20_000 == pytest.approx(0.2, abs=0.01)
    assert parts["validation"] / (parts["validation"] + parts["training"]) == pytest.approx(0.14, abs=0.01)


def test_people_who_would_be_the_whole_test_are_always_trained_on() -> None:
    assert {part_of(person) for person in ALWAYS_TRAINING} == {"training"}


def test_the_data_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOUSELIGHTS_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    assert default_corpus().parent == tmp_path


def test_the_data_lies_beside_the_repository_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUSELIGHTS_DATA", raising=False)
    assert data_folder().parts[-2:] == ("shared", "data")


@pytest.mark.real
def test_no_person_of_the_real_corpus_is_on_two_sides_and_every_side_is_large_enough_to_measure() -> None:
    if not default_corpus().exists():
        pytest.skip(f"{default_corpus()} is absent")
    photos = read(default_corpus())
    sides: dict[str, set[str]] = {}
    for photo in photos:
        sides.setdefault(photo.part, set()).add(photo.person)
    assert not sides["held out"] & sides["training"]
    assert not sides["held out"] & sides["validation"]
    assert not sides["validation"] & sides["training"]
    held_out = Counter(photo.expression for photo in photos if photo.part == "held out")
    assert all(held_out[name] >= 50 for name in EXPRESSIONS if name not in ("disgusted", "fear", "contempt"))
    people = Counter(photo.person for photo in photos if photo.part == "held out")
    assert people.most_common(1)[0][1] <= 100
