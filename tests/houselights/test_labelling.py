"""Labels, splits, checks and packs of data sets, without photos."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from houselights.labelling import FORMATS
from houselights.labelling.alike import NEARLY_SAME, nearly_same_faces, picture_hash
from houselights.labelling.check import Check, check_faces
from houselights.labelling.dataset import DataSet, JsonLines, Source, person_file_name
from houselights.labelling.labels import (
    EXPRESSIONS,
    VERDICTS,
    PersonLine,
    agreements,
    disputed_faces,
    kappa,
    labels_of,
    machine_lines,
    said_by,
    said_by_people,
    scored_by,
)
from houselights.labelling.machine import label_by_expressionnet, label_by_rekognition, without_label
from houselights.labelling.pack import COLUMNS, choose_faces, pack
from houselights.labelling.rating import Rating
from houselights.labelling.split import (
    PARTS,
    Split,
    SplitReport,
    hashed_part,
    names_people,
    people_by_folder,
    people_by_table,
    read_split,
    split_people,
    write_split,
)
from tests.houselights.labelled import a_data_set, a_face, pattern, say, score
from tests.portraits import portrait
from training.corpus import EXPRESSIONS as TRAINED
from training.corpus import read

PEOPLE = [f"person-{number}" for number in range(40)]
FILES = [f"{person}/{number}.jpg" for person in PEOPLE for number in range(3)]


def split_of(
    dataset: DataSet, people: dict[str, str] | None = None, *, before: Split | None = None, labelled: bool = True
) -> SplitReport:
    faces = dataset.faces()
    shown = {face: label.expression for face, label in labels_of(dataset).items()} if labelled else {}
    by_file = people_by_folder(faces) if people is None else people
    return split_people(faces, nearly_same_faces(faces), by_file, shown, people_from="folders", before=before)


def checked(dataset: DataSet, split: Split | None) -> Check:
    faces, said = dataset.faces(), said_by_people(dataset)
    scored = scored_by(dataset, "expressionnet")
    return check_faces(faces, nearly_same_faces(faces), labels_of(dataset), scored, said, split)


# What was said


def test_what_was_said_last_counts_and_can_be_taken_back(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg", "b.jpg"])
    rating = Rating(dataset, "ada", [face.id for face in dataset.faces()])
    first, second = rating.next_faces(5)
    rating.say(first, "happy")
    rating.say(second, "calm")
    assert (rating.done, rating.next_faces(5)) == (2, [])
    assert Rating(dataset, "ada", [first, second]).undo() == second, "also by a later run"
    assert said_by(dataset, "ada") == {first: "happy"}
    assert Rating(dataset, "ada", [first, second]).next_faces(5) == [second]


def test_undo_goes_back_to_the_first_and_no_further(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg", "b.jpg"])
    rating = Rating(dataset, "ada", [face.id for face in dataset.faces()])
    for face in rating.next_faces(5):
        rating.say(face, "sad")
    assert [rating.undo() is None for _ in range(3)] == [False, False, True]
    assert said_by(dataset, "ada") == {}


def test_two_raters_see_the_same_faces_in_the_same_order_and_nothing_of_each_other(tmp_path):
    dataset = a_data_set(tmp_path, FILES)
    ids = [face.id for face in dataset.faces()]
    ada = Rating(dataset, "ada", ids)
    for face in ada.next_faces(3):
        ada.say(face, "happy")
    bob = Rating(dataset, "bob", ids)
    assert bob.next_faces(3) == Rating(dataset, "cleo", ids).next_faces(3) == ids[:3]
    assert (bob.done, bob.agreements()) == (0, [])


def test_agreement_is_shown_once_all_faces_are_labelled(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg", "b.jpg"])
    first, second = (face.id for face in dataset.faces())
    say(dataset, "ada", {"a.jpg": "happy", "b.jpg": "calm"})
    bob = Rating(dataset, "bob", [first, second])
    bob.say(first, "happy")
    assert bob.agreements() == []
    bob.say(second, "happy")
    (one,) = bob.agreements()
    assert (one.raters, one.faces, one.same) == (("ada", "bob"), 2, 1)


@pytest.mark.parametrize("says", ["", "smiling", "HAPPY", None])
def test_only_a_known_expression_can_be_said_of_a_face_that_is_there(tmp_path, says):
    dataset = a_data_set(tmp_path, ["a.jpg"])
    rating = Rating(dataset, "ada", [face.id for face in dataset.faces()])
    with pytest.raises(InvalidValue, match="cannot be said"):
        rating.say(rating.next_faces(1)[0], says)
    with pytest.raises(InvalidValue, match="not one of those"):
        rating.say("f" * 16, "happy")
    assert rating.done == 0


@pytest.mark.parametrize("name", ["", "Ada", "ada/../bob", "a" * 33, "-a", "ädä", "a\n"])
def test_a_rater_has_a_name_that_any_file_can_have(name):
    with pytest.raises(InvalidValue, match="--rater"):
        person_file_name(name)


def test_kappa_is_that_of_a_worked_example():
    """50 grants judged by two readers: 20 both yes, 15 both no, 5 and 10 apart (the usual textbook table): .4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(first, second) == pytest.approx(0.4)


def test_kappa_of_nothing_and_of_one_answer_alone_is_none():
    assert kappa([], []) is None
    assert kappa(["calm"] * 9, ["calm"] * 9) is None


@given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS)), min_size=1))
def test_kappa_lies_between_minus_one_and_one_and_is_one_only_for_full_agreement(pairs):
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    found = kappa(first, second)
    assert found == kappa(second, first)
    if found is not None:
        assert -1 <= found <= 1
        assert (found == pytest.approx(1)) == (first == second)


def test_raters_agree_on_faces_that_are_still_there(tmp_path):
    made = a_data_set(tmp_path, ["a.jpg", "b.jpg"])
    for rater, says in (("ada", "happy"), ("bob", "calm")):
        say(made, rater, {"a.jpg": says, "b.jpg": "happy"})
    made.add_source(Source(file="a.jpg", size=0, modified_ns=0, gone=True))
    (one,) = agreements(said_by_people(made))
    assert (one.faces, one.same, one.disputed) == (1, 1, ())


def test_what_two_raters_confuse_most_often_comes_first():
    ada = {"a": "calm", "b": "calm", "c": "sad", "d": "happy"}
    bob = {"a": "sad", "b": "happy", "c": "calm", "d": "happy", "e": "fear"}
    (one,) = agreements({"ada": ada, "bob": bob})
    assert (one.faces, one.same) == (4, 1)
    assert one.disputed == (("a", "calm", "sad"), ("c", "sad", "calm"), ("b", "calm", "happy"))
    assert disputed_faces({"ada": ada, "bob": bob}) == ["a", "b", "c"]
    assert disputed_faces({"ada": ada, "bob": bob, "cleo": {"a": "sad", "b": "fear"}}) == ["b", "c"]


def test_a_person_counts_before_rekognition_and_that_before_expressionnet(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg", "b.jpg", "c.jpg"])
    score(dataset, "expressionnet", {file: {"happy": 0.7, "calm": 0.3, "smile": 0.7} for file in ("a.jpg", "b.jpg")})
    score(dataset, "rekognition", {"a.jpg": {"happy": 0.2, "sad": 0.8, "smile": 0.1}})
    shown = {face.file: face.id for face in dataset.faces()}
    labels = labels_of(dataset)
    assert labels[shown["a.jpg"]].expression == "sad"
    assert labels[shown["a.jpg"]].smile == 0.1
    assert labels[shown["b.jpg"]].by == "expressionnet"
    assert shown["c.jpg"] not in labels
    say(dataset, "ada", {"a.jpg": "fear"})
    assert labels_of(dataset)[shown["a.jpg"]].expression == "fear"
    assert labels_of(dataset, "rekognition")[shown["a.jpg"]].expression == "sad"


def test_the_answers_of_people_are_votes_and_two_apart_decide_nothing(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg"])
    (face,) = dataset.faces()
    say(dataset, "ada", {"a.jpg": "happy"})
    say(dataset, "bob", {"a.jpg": "calm"})
    assert labels_of(dataset)[face.id].expression == ""
    say(dataset, "cleo", {"a.jpg": "calm"})
    label = labels_of(dataset)[face.id]
    assert label.expression == "calm"
    assert label.scores == pytest.approx({"happy": 1 / 3, "calm": 2 / 3})


# What machines say


class Service:
    """Answers every face with the same `FaceDetails`."""

    name = "service-1"

    def __init__(self, answer):
        self.answer = answer

    def faces(self, _picture):
        return self.answer


def detail(x: float, y: float, size: float, smile: float) -> dict:
    box = {"Left": x - size / 2, "Top": y - size / 2, "Width": size, "Height": size}
    return {"BoundingBox": box, "Smile": {"Value": smile > 0.5, "Confidence": 100 * smile}}


def read_smile(face):
    return {"smile": face["Smile"]["Confidence"] / 100, "happy": face["Smile"]["Confidence"] / 100}


def test_rekognitions_answer_is_about_the_face_in_the_middle_not_a_larger_neighbour(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg"])
    answer = [detail(0.1, 0.1, 0.9, 0.2), detail(0.5, 0.47, 0.5, 0.9)]
    label_by_rekognition(dataset, dataset.faces(), Service(answer), read_smile)
    (label,) = scored_by(dataset, "rekognition").values()
    assert label.smile == 0.9
    (line,) = machine_lines(dataset, "rekognition").read()
    assert line.answer == {"FaceDetails": answer}


@pytest.mark.parametrize("answer", [[], [detail(0.9, 0.9, 0.2, 0.9)]])
def test_a_face_that_rekognition_does_not_find_gets_no_label_and_is_not_paid_for_again(tmp_path, answer):
    dataset = a_data_set(tmp_path, ["a.jpg"])
    label_by_rekognition(dataset, dataset.faces(), Service(answer), read_smile)
    assert scored_by(dataset, "rekognition") == {}
    assert without_label(dataset, "rekognition", "service-1") == []
    assert len(without_label(dataset, "rekognition", "service-2")) == 1


class Abstaining:
    """Scores the first face, and abstains from the others."""

    name = "abstaining-1"
    expressions = ("happy", "calm", "smile")

    def score(self, crops):
        scores = np.full((len(crops), 3), np.nan, np.float32)
        scores[0] = 0.75, 0.25, 0.75
        return scores


def test_a_face_from_which_the_scorer_abstains_gets_no_label(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg", "b.jpg"])
    faces = dataset.faces()
    label_by_expressionnet(dataset, faces, Abstaining())  # type: ignore[arg-type]
    labels = scored_by(dataset, "expressionnet")
    assert {face: label.expression for face, label in labels.items()} == {faces[0].id: "happy"}
    assert without_label(dataset, "expressionnet", "abstaining-1") == []


# Files that were cut off


@given(cut=st.integers(1, 40))
def test_a_file_that_was_cut_off_loses_its_last_line_alone(tmp_path_factory, cut):
    lines = JsonLines(tmp_path_factory.mktemp("cut") / "labels" / "x.jsonl", PersonLine)
    for number in range(3):
        lines.append(PersonLine(face=str(number), says="calm"))
    content = lines.file.read_bytes()
    last = len(content) // 3
    lines.file.write_bytes(content[: -min(cut, last)])
    again = JsonLines(lines.file, PersonLine)
    assert [line.face for line in again.read()] == ["0", "1"]
    again.append(PersonLine(face="9", says=None))
    assert [line.face for line in again.read()] == ["0", "1", "9"]


@pytest.mark.parametrize("line", [b"{}", b"[1]", b'{"face": 1, "says": "calm"}', b"\xff\xfe", b"", b'{"face":"a"}'])
def test_a_damaged_line_is_named(tmp_path, line):
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'{"face":"a","says":"calm"}\n' + line + b"\n")
    with pytest.raises(InvalidValue, match=r"line 2 of .*x\.jsonl"):
        JsonLines(file, PersonLine).read()


def test_files_of_a_data_set_are_their_owners(tmp_path):
    dataset = a_data_set(tmp_path / "set", ["a.jpg"])
    say(dataset, "ada", {"a.jpg": "calm"})
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "set").rglob("*")}
    assert modes == {0}


# Nearly the same pictures


def _saved_again(image):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    "change",
    [
        _saved_again,
        lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        lambda image: np.clip(image * 1.2 + 10, 0, 255).astype(np.uint8),
    ],
)
def test_a_picture_that_was_saved_again_made_smaller_or_brighter_is_nearly_the_same(change):
    image = portrait(400)
    assert _bits(image, change(image)) <= NEARLY_SAME


def test_other_pictures_are_not_nearly_the_same():
    image = portrait(400)
    assert _bits(image, np.ascontiguousarray(image[:, ::-1])) > NEARLY_SAME
    assert _bits(image, pattern("another")) > NEARLY_SAME


def _bits(one, other) -> int:
    return (int(picture_hash(one), 16) ^ int(picture_hash(other), 16)).bit_count()


def test_faces_at_one_place_of_a_photo_that_is_twice_there_are_found_though_they_were_cut_otherwise(tmp_path):
    here, there = (0.2, 0.5), (0.8, 0.5)
    files = {
        file: [a_face(file, photo="group", centre=here), a_face(file, photo="group", number=1, centre=there)]
        for file in ("a.jpg", "copy.jpg")
    }
    faces = a_data_set(tmp_path, files).faces()
    found = nearly_same_faces(faces)
    assert len(found) == 2
    for one, other, bits in found:
        assert (faces[one].found.centre, bits) == (faces[other].found.centre, 0)
        assert faces[one].file != faces[other].file


def test_pictures_of_one_video_are_not_compared(tmp_path):
    faces = [a_face("talk.mp4", photo="stage", looks="ada", at_ms=ms) for ms in (0, 2000)]
    dataset = a_data_set(tmp_path, {"talk.mp4": faces, "still.jpg": [a_face("still.jpg", looks="ada")]})
    every = dataset.faces()
    files = [{every[one].file, every[other].file} for one, other, _ in nearly_same_faces(every)]
    assert files == [{"talk.mp4", "still.jpg"}] * 2


# The split


def test_nobody_is_in_two_parts_and_every_part_has_people(tmp_path):
    report = split_of(a_data_set(tmp_path, FILES))
    assert set(report.split.part_of) == set(PEOPLE)
    assert set(report.split.part_of.values()) == set(PARTS)


def test_a_split_is_the_same_everywhere_whatever_the_order_of_the_photos(tmp_path):
    one = split_of(a_data_set(tmp_path / "one", FILES))
    other = split_of(a_data_set(tmp_path / "other", list(reversed(FILES))))
    assert one == other


def test_the_hash_never_changes_and_is_that_of_expressionnets_own_training():
    held_out = {name: hashed_part(name, 88) == "held out" for name in ("ann", "bob", "cleo", "dan")}
    assert held_out == {"ann": True, "bob": False, "cleo": False, "dan": True}
    parts = [hashed_part(f"person {number}", 0) for number in range(10_000)]
    shares = [parts.count(part) / 10_000 for part in PARTS]
    assert shares == pytest.approx([0.8 * 0.86, 0.8 * 0.14, 0.2], abs=0.01)


def test_who_is_in_a_part_stays_there_when_photos_are_added(tmp_path):
    dataset = a_data_set(tmp_path, FILES)
    before = split_of(dataset).split
    a_data_set(tmp_path, [f"new-{number}/1.jpg" for number in range(30)])
    after = split_of(dataset, before=before).split
    assert {person: part for person, part in after.part_of.items() if person in before.part_of} == before.part_of
    assert len(after.part_of) == 70


def test_rare_expressions_get_into_every_part(tmp_path):
    dataset = a_data_set(tmp_path, FILES)
    say(dataset, "ada", {file: "fear" if file.startswith(tuple(PEOPLE[:4])) else "calm" for file in FILES})
    report = split_of(dataset)
    shown = {face: label.expression for face, label in labels_of(dataset).items()}
    assert {report.split.part(face) for face, name in shown.items() if name == "fear"} == set(PARTS)
    assert report.missing == ()


def test_people_with_nearly_the_same_picture_are_kept_together(tmp_path):
    files = {file: [a_face(file)] for file in FILES}
    for number in range(0, 20, 2):
        for person in (PEOPLE[number], PEOPLE[number + 1]):
            files[f"{person}/shared.jpg"] = [a_face(f"{person}/shared.jpg", looks=f"shared {number}")]
    dataset = a_data_set(tmp_path, files)
    report = split_of(dataset)
    assert len(report.joined) == 10
    for one, other in report.joined:
        assert report.split.part_of[one] == report.split.part_of[other]
    assert checked(dataset, report.split).leak_count == 0


def test_without_names_the_faces_of_a_video_stay_together_and_so_do_pictures_of_one_photo(tmp_path):
    files = {f"{number}.mp4": [a_face(f"{number}.mp4", at_ms=ms) for ms in range(3)] for number in range(20)}
    files |= {f"{number}{again}.jpg": [a_face(f"{number}{again}.jpg", photo=f"photo {number}")]
              for number in range(20) for again in "ab"}  # fmt: skip
    dataset = a_data_set(tmp_path, files)
    split = split_of(dataset, {}).split
    assert len(split.part_of) == 40
    by_file: dict[str, set[str]] = {}
    for face in dataset.faces():
        by_file.setdefault(face.file.split(".")[0].rstrip("ab"), set()).add(split.person_of[face.id])
    assert {len(persons) for persons in by_file.values()} <= {1, 2}
    assert checked(dataset, split).leak_count == 0


def test_only_the_largest_face_of_a_photo_is_the_person_it_is_filed_under(tmp_path):
    files = {file: [a_face(file), a_face(file, number=1, centre=(0.1, 0.1))] for file in FILES}
    dataset = a_data_set(tmp_path, files)
    split = split_of(dataset).split
    names = {face.found.number: split.person_of[face.id] for face in dataset.faces() if face.file == FILES[0]}
    assert names[0] == PEOPLE[0]
    assert names[1] not in PEOPLE


def test_fewer_people_than_parts_are_refused(tmp_path):
    with pytest.raises(InvalidValue, match="these faces are of 2"):
        split_of(a_data_set(tmp_path, ["ada/1.jpg", "ada/2.jpg", "bob/1.jpg"]))


@given(st.dictionaries(st.sampled_from([*FILES, "x.jpg"]), st.sampled_from(["ada", "bob", "cleo", "dan"])), st.data())
def test_however_people_and_pictures_are_joined_no_picture_is_in_two_parts(tmp_path_factory, people, data):
    looks = data.draw(st.lists(st.sampled_from("abcdefghij"), min_size=12, max_size=12))
    files = {file: [a_face(file, looks=look)] for file, look in zip(FILES, looks, strict=False)}
    dataset = a_data_set(tmp_path_factory.mktemp("joined"), files)
    try:
        report = split_of(dataset, people)
    except InvalidValue:
        return
    assert report.split.person_of.keys() == {face.id for face in dataset.faces()}
    assert checked(dataset, report.split).leak_count == 0
    named = {face.file: report.split.person_of[face.id] for face in dataset.faces()}
    assert {named[file] for file in named if file in people} == {people[file] for file in named if file in people}


@pytest.mark.parametrize(
    ("folders", "are_people"),
    [(["ada", "bob"], True), (["ada"], False), (["happy", "calm"], False), (["Happy", "ada"], False), ([], False)],
)
def test_folders_of_expressions_are_not_taken_for_people(folders, are_people):
    assert names_people(folders) is are_people


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"file,who\na,b\n", "no column `person`"),
        (b"", "no column `file`"),
        (b"file,person\na.jpg,\n", "names nobody for a.jpg"),
        (b"file,person\na.jpg\n", "names nobody for a.jpg"),
        (b"file,person\n\xff,x\n", "line 2: is not UTF-8"),
        (b'file,person\n"a.jpg,x\n', "line 2: unexpected end"),
    ],
)
def test_a_table_of_people_that_cannot_be_used_is_refused_in_one_line(tmp_path, table, said):
    file = tmp_path / "people.csv"
    file.write_bytes(table)
    with pytest.raises(InvalidValue, match=said):
        people_by_table(file)


def test_a_damaged_split_is_refused(tmp_path):
    dataset = a_data_set(tmp_path, FILES)
    assert read_split(dataset) is None
    write_split(dataset, split_of(dataset).split)
    assert read_split(dataset) == split_of(dataset).split
    (tmp_path / "split.json").write_text('{"people_from":"x","salt":0,"part_of":{},"person_of":{"a":"b"}}')
    with pytest.raises(InvalidValue, match="damaged"):
        read_split(dataset)


# The check


def test_leakage_and_duplicates_are_told_apart(tmp_path):
    files = {file: [a_face(file)] for file in FILES[:6]}
    files |= {file: [a_face(file, looks="same")] for file in ("person-0/x.jpg", "person-0/y.jpg", "person-1/z.jpg")}
    dataset = a_data_set(tmp_path, files)
    persons = {face.id: face.file.split("/")[0] for face in dataset.faces()}
    split = Split(
        people_from="folders",
        salt=0,
        part_of={"person-0": "training", "person-1": "held out"},
        person_of=persons,
    )
    result = checked(dataset, split)
    assert (result.leak_count, result.duplicate_count, result.spoilt) == (2, 1, True)
    assert {*result.duplicates[0].files} == {"person-0/x.jpg", "person-0/y.jpg"}
    assert checked(dataset, None).duplicate_count == 3


def test_one_picture_with_two_labels_is_counted(tmp_path):
    dataset = a_data_set(tmp_path, {file: [a_face(file, looks="same")] for file in ("a.jpg", "b.jpg")})
    say(dataset, "ada", {"a.jpg": "happy", "b.jpg": "calm"})
    assert checked(dataset, None).contradicting == 1


def test_labels_that_expressionnet_contradicts_come_the_surest_first(tmp_path):
    dataset = a_data_set(tmp_path, ["a.jpg", "b.jpg", "c.jpg"])
    say(dataset, "ada", {"a.jpg": "happy", "b.jpg": "happy", "c.jpg": "calm"})
    score(
        dataset,
        "expressionnet",
        {
            "a.jpg": {"happy": 0.4, "calm": 0.6, "smile": 0.4},
            "b.jpg": {"happy": 0.1, "calm": 0.9, "smile": 0.1},
            "c.jpg": {"happy": 0.2, "calm": 0.8, "smile": 0.2},
        },
    )
    result = checked(dataset, None)
    assert (result.compared, result.doubt_count) == (3, 2)
    assert [(doubt.file, doubt.scored, doubt.sure) for doubt in result.doubts] == [
        ("b.jpg", "calm", 0.8),
        ("a.jpg", "calm", 0.2),
    ]


def test_expressions_with_too_few_faces_are_named_by_part(tmp_path):
    dataset = a_data_set(tmp_path, FILES)
    say(dataset, "ada", dict.fromkeys(FILES, "calm") | {FILES[0]: "fear"})
    split = split_of(dataset).split
    result = checked(dataset, split)
    assert result.counts["calm"].keys() == set(PARTS)
    assert sum(result.counts["calm"].values()) == len(FILES) - 1
    small = {(name, part) for name, part, _ in result.too_small}
    assert {("fear", part) for part in PARTS} <= small
    assert not any(name == "angry" for name, _ in small), "nobody shows it at all"


def test_faces_that_came_after_the_split_spoil_it(tmp_path):
    dataset = a_data_set(tmp_path, FILES)
    split = split_of(dataset).split
    a_data_set(tmp_path, ["late.jpg"])
    assert (checked(dataset, split).not_split, checked(dataset, split).spoilt) == (1, True)


# The pack


@pytest.fixture
def labelled(tmp_path: Path) -> DataSet:
    dataset = a_data_set(tmp_path / "set", FILES)
    answers = {file: EXPRESSIONS[number % 8] for number, file in enumerate(FILES)}
    say(dataset, "ada", answers | {FILES[0]: "unclear", FILES[1]: "no face", FILES[2]: "happy"})
    say(dataset, "bob", {FILES[2]: "calm", FILES[3]: answers[FILES[3]], FILES[4]: "unclear"})
    write_split(dataset, split_of(dataset, labelled=False).split)
    return dataset


def packed(dataset: DataSet, target: Path, kind) -> Path:
    split = read_split(dataset)
    assert split is not None
    pack(dataset, choose_faces(dataset.faces(), labels_of(dataset), split).faces, target, kind)
    return target


def test_what_cannot_be_trained_on_is_left_out_and_counted(labelled):
    split = read_split(labelled)
    assert split is not None
    packing = choose_faces(labelled.faces(), labels_of(labelled), split)
    assert packing.left_out == {"unclear": 1, "not a face": 1, "with two answers that were given as often": 2}
    assert len(packing.faces) == len(FILES) - 4


def test_an_expression_that_is_not_trained_is_left_out(tmp_path):
    dataset = a_data_set(tmp_path, FILES)
    score(
        dataset, "rekognition", {file: {"happy": 0.9, "smile": 0.9} for file in FILES} | {FILES[0]: {"confused": 0.8}}
    )
    packing = choose_faces(dataset.faces(), labels_of(dataset), split_of(dataset).split)
    assert sum(packing.left_out.values()) == 1
    assert "confused" in next(iter(packing.left_out))


def test_training_reads_the_folder_and_its_parts_are_those_of_the_split(labelled, tmp_path):
    folder = packed(labelled, tmp_path / "packed", "folder")
    photos = read(folder)
    assert len(photos) == len(FILES) - 4
    assert all(photo.jpeg.startswith(b"\xff\xd8") for photo in photos)
    assert set(EXPRESSIONS) == set(TRAINED)
    split = read_split(labelled)
    assert split is not None
    for photo in photos:
        part = split.part_of[photo.person]
        assert photo.part == part or (part, photo.part) == ("training", "validation"), "training validates on some"
    with (folder / "labels.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert tuple(rows[0]) == COLUMNS
    for row in rows:
        assert row["part"] == split.part_of[row["person"]]
        assert float(row[row["expression"]]) == 1
        assert sum(float(row[name]) for name in EXPRESSIONS) == pytest.approx(1)


SHARES = st.dictionaries(st.sampled_from([*EXPRESSIONS, "confused"]), st.floats(0, 1), min_size=1, max_size=9)


@given(st.lists(SHARES.filter(lambda shares: sum(shares.values()) > 0.01), min_size=1, max_size=6))
def test_training_reads_the_scores_of_every_face_whatever_they_are(tmp_path_factory, scores):
    """Scores that sum to a hair over 1 would be taken for counts of votes, and be dropped as slips."""
    folder = tmp_path_factory.mktemp("soft")
    dataset = a_data_set(folder / "set", FILES)
    whole = [{name: share / sum(shares.values()) for name, share in shares.items()} for shares in scores]
    score(dataset, "rekognition", dict(zip(FILES, whole, strict=False)))
    split = split_of(dataset, labelled=False).split
    packing = choose_faces(dataset.faces(), labels_of(dataset), split)
    if packing.faces:
        pack(dataset, packing.faces, folder / "packed", "folder")
        photos = read(folder / "packed")
        assert len(photos) == len(packing.faces)
        for photo, face in zip(photos, packing.faces, strict=True):
            given_ones = labels_of(dataset)[face.face.id].scores
            known = sum(share for name, share in given_ones.items() if name != "confused")
            shares = {name: share for name, share in zip(TRAINED, photo.shares, strict=True) if share}
            assert shares == pytest.approx(
                {name: share / known for name, share in given_ones.items() if name in shares}, abs=1e-3 / known
            )


def test_soft_labels_are_kept_beside_the_one(tmp_path):
    dataset = a_data_set(tmp_path / "set", FILES)
    soft = {"happy": 0.55, "calm": 0.25, "confused": 0.2, "smile": 0.75}
    score(dataset, "rekognition", dict.fromkeys(FILES, soft))
    write_split(dataset, split_of(dataset).split)
    with (packed(dataset, tmp_path / "packed", "folder") / "labels.csv").open(newline="") as text:
        row = next(csv.DictReader(text))
    assert (row["labelled_by"], row["expression"]) == ("rekognition", "happy")
    assert {name: float(row[name]) for name in soft} == soft
    assert row["fear"] == "", "it was not scored"


def test_parquet_and_webdataset_hold_the_same_as_the_folder(labelled, tmp_path):
    folder = packed(labelled, tmp_path / "folder", "folder")
    with (folder / "labels.csv").open(newline="") as text:
        rows = {row["file"]: row for row in csv.DictReader(text)}
    tables = [pq.read_table(file).to_pylist() for file in packed(labelled, tmp_path / "pq", "parquet").iterdir()]
    from_parquet = {row["file"]: row for table in tables for row in table}
    assert from_parquet.keys() == rows.keys()
    shards = packed(labelled, tmp_path / "shards", "webdataset")
    from_shards = {}
    for shard in shards.iterdir():
        with tarfile.open(shard) as tar:
            content = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
        for name in {name.split(".")[0] for name in content}:
            from_shards[f"faces/{name}.jpg"] = (content[f"{name}.jpg"], json.loads(content[f"{name}.json"]))
            assert json.loads(content[f"{name}.json"])["part"].replace(" ", "-") in shard.name
    assert from_shards.keys() == rows.keys()
    for file, row in rows.items():
        jpeg = (folder / file).read_bytes()
        assert from_parquet[file]["image"] == {"bytes": jpeg, "path": file}
        assert from_shards[file][0] == jpeg
        for name in ("expression", "person", "part"):
            assert row[name] == from_parquet[file][name] == from_shards[file][1][name]
        assert float(row["happy"]) == from_parquet[file]["happy"] == from_shards[file][1]["happy"]


@pytest.mark.parametrize("kind", FORMATS)
def test_packing_twice_gives_the_same_bytes(labelled, tmp_path, kind):
    first, second = (packed(labelled, tmp_path / name, kind) for name in ("one", "two"))
    assert {path.name: path.read_bytes() for path in first.rglob("*") if path.is_file()} == {
        path.name: path.read_bytes() for path in second.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_a_pack_that_is_interrupted_leaves_nothing_behind(labelled, tmp_path, kind):
    split = read_split(labelled)
    assert split is not None
    faces = choose_faces(labelled.faces(), labels_of(labelled), split).faces

    def stop(done: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(labelled, faces, tmp_path / "out", kind, on_progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    pack(labelled, faces, tmp_path / "out", kind)


def test_a_folder_with_something_in_it_is_not_packed_into(labelled, tmp_path):
    with pytest.raises(InvalidValue, match="not empty"):
        packed(labelled, labelled.folder, "folder")
    (tmp_path / "empty").mkdir()
    assert packed(labelled, tmp_path / "empty", "folder").is_dir()


def test_a_shard_can_be_read_by_any_reader_of_tars_in_order(labelled, tmp_path):
    """WebDataset takes files that follow each other and share a name up to the first dot for one sample."""
    for shard in packed(labelled, tmp_path / "shards", "webdataset").iterdir():
        with tarfile.open(fileobj=io.BytesIO(shard.read_bytes()), mode="r|") as tar:
            names = [entry.name for entry in tar]
        assert [name.split(".", 1)[1] for name in names] == ["jpg", "json"] * (len(names) // 2)
        assert [name.split(".")[0] for name in names[::2]] == [name.split(".")[0] for name in names[1::2]]
