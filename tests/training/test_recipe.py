"""The whole recipe on a tiny corpus: it ends in a model the scorer takes, and goes on where it was cut off."""

import csv
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("onnx", reason="training needs the extra `train`")

import torch

from edge_lambda.crops import SCORING
from edge_lambda.detectors import Detection, Image
from edge_lambda.scorers.expressionnet import ExpressionNet
from training import fit, recipe
from training.corpus import EXPRESSIONS, CorpusUnreadable, part_of
from training.fit import Settings, plain_crops
from training.recipe import Recipe, experimental, finish, load_corpora, taught_by, train, train_network

TINY = Recipe(settings=Settings(epochs=2, batch=16))


class WholePhoto:
    """Takes every photograph for a face."""

    name = "whole-photo"

    def __init__(self, *, threads: int = 1) -> None:
        pass

    def detect(self, image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        return [Detection(left=0, top=0, width=width, height=height, confidence=1.0)]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hundred small real faces with labels that mean nothing, on all three sides of the split."""
    monkeypatch.setattr(recipe, "CenterFace", WholePhoto)
    folder = tmp_path / "faces"
    folder.mkdir()
    rows = []
    for number, face in enumerate(skimage.data.lfw_subset()[:100]):
        name = f"{number}.png"
        cv2.imwrite(str(folder / name), cv2.resize((face * 255).astype(np.uint8), (80, 80)))
        rows.append((name, EXPRESSIONS[number % len(EXPRESSIONS)], f"person {number}"))
    assert {part_of(person) for _, _, person in rows} == {"training", "validation", "held out"}
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "expression", "person"), *rows])
    return folder


@pytest.fixture
def votes(tmp_path: Path, corpus: Path) -> Path:
    """The same faces as another corpus, of votes, with parts of its own."""
    folder = tmp_path / "votes"
    folder.mkdir()
    rows = []
    for number in range(100):
        (folder / f"{number}.png").write_bytes((corpus / f"{number}.png").read_bytes())
        rows.append((f"{number}.png", "valid" if number % 5 == 0 else "train", 6, 3, number % 7))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "part", "neutral", "happiness", "fear"), *rows])
    return folder


def test_training_ends_in_a_model_the_scorer_takes(corpus: Path, votes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    train([corpus, votes], out, tmp_path / "work", TINY)
    scorer = ExpressionNet(model=out)
    assert scorer.expressions[:-1] == EXPRESSIONS
    assert scorer.experimental == set(EXPRESSIONS)
    assert out.stat().st_size < 4_000_000
    crops = list(np.random.default_rng(0).integers(0, 256, (3, SCORING.size, SCORING.size, 3), dtype=np.uint8))
    confidences, covered = scorer.read(crops)
    assert confidences.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert ((covered >= 0) & (covered <= 1)).all()


def test_a_corpus_with_nobody_held_out_ends_in_a_model_whose_expressions_are_all_experimental(
    corpus: Path, tmp_path: Path
) -> None:
    labels = corpus / "labels.csv"
    head, *rows = labels.read_text().splitlines()
    labels.write_text("\n".join([head, *(row for row in rows if part_of(row.rpartition(",")[2]) != "held out")]))
    out = tmp_path / "out.onnx"
    train([corpus], out, tmp_path / "work", replace(TINY, settings=Settings(epochs=1, batch=16)))
    assert ExpressionNet(model=out).experimental == set(EXPRESSIONS)


def test_a_share_is_corrected_only_where_enough_faces_and_not_sizes_of_one_are_behind_it(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, out = load_corpora([corpus], tmp_path, TINY), tmp_path / "out.onnx"
    network = train_network(tmp_path, TINY, rows)
    number = Counter(rows.photos[row].expression for row in rows.rows["validation"])
    ((_, faces),) = number.most_common(1)
    for needed, corrected in ((faces + 1, set()), (1, set(number))):
        monkeypatch.setattr(recipe, "NEEDED_FACES", needed)
        finish(network, rows, TINY, out)
        assert ExpressionNet(model=out).score_tables.keys() - {"smile"} == corrected


def test_corpora_of_one_name_and_other_pictures_share_neither_boxes_nor_networks(corpus: Path, tmp_path: Path) -> None:
    work, there = tmp_path / "work", tmp_path / "there" / corpus.name
    work.mkdir()
    shutil.copytree(corpus, there)
    picture = cv2.imread(str(there / "0.png"))
    cv2.imwrite(str(there / "0.png"), 255 - picture)
    for folder in (corpus, there, corpus):
        train_network(work, TINY, load_corpora([folder], work, TINY))
    assert len(list(work.glob("boxes-*.npz"))) == len(list(work.glob("network-*.pt"))) == 2


def centred(table: np.ndarray) -> np.ndarray:
    """A table with rows and columns of mean 0."""
    return table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()


def test_the_file_says_what_the_network_says(corpus: Path, tmp_path: Path) -> None:
    rows = load_corpora([corpus], tmp_path, TINY)
    network, out = train_network(tmp_path, TINY, rows), tmp_path / "out.onnx"
    finish(network, rows, TINY, out)
    seen = plain_crops(rows.data, rows.rows["training"])
    written = ExpressionNet(model=out).read([np.repeat(crop[:, :, None], 3, axis=2) for crop in seen])
    said = fit.logits(network, seen)
    assert written[1] == pytest.approx(1 / (1 + np.exp(-said[:, -1])), abs=0.01)
    # Calibration multiplies all logits and adds to each expression, and a softmax adds to each face.
    assert np.corrcoef(centred(np.log(written[0])).ravel(), centred(said[:, :-1]).ravel())[0, 1] > 0.999


def test_a_run_that_was_cut_off_ends_in_the_same_network(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, in_parts = tmp_path / "at once", tmp_path / "in parts"
    at_once.mkdir()
    in_parts.mkdir()
    rows = load_corpora([corpus], at_once, TINY)
    whole = train_network(at_once, TINY, rows).state_dict()
    save = fit._save

    def save_then_stop(*state: object) -> None:
        save(*state)
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "_save", save_then_stop)
    with pytest.raises(KeyboardInterrupt):
        train_network(in_parts, TINY, rows)
    monkeypatch.setattr(fit, "_save", save)
    resumed = train_network(in_parts, TINY, rows).state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_second_network_learns_from_the_labels_and_from_the_first(corpus: Path, tmp_path: Path) -> None:
    rows = load_corpora([corpus], tmp_path, TINY)
    first = train_network(tmp_path, TINY, rows)
    alone, half = (taught_by(first, rows, replace(TINY, learnt=share)).data.targets for share in (1, 0.5))
    training, held_out = rows.rows["training"], rows.rows["held out"]
    assert half[training] == pytest.approx((alone[training] + rows.data.targets[training]) / 2, abs=1e-6)
    assert (half[held_out] == rows.data.targets[held_out]).all()
    assert alone.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(alone[training], rows.data.targets[training], atol=0.05)


def test_fewer_faces_than_a_step_takes_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusUnreadable, match="too few"):
        load_corpora([corpus], tmp_path, Recipe(settings=Settings(epochs=1, batch=128)))


def test_validation_people_of_whom_nobody_agrees_what_they_show_are_refused_before_training(
    votes: Path, tmp_path: Path
) -> None:
    labels = votes / "labels.csv"
    with labels.open(newline="") as file:
        head, *rows = csv.reader(file)
    split = [
        [name, "validation", 5, 5, 0] if part == "valid" else [name, part, *counts] for name, part, *counts in rows
    ]
    with labels.open("w", newline="") as file:
        csv.writer(file).writerows([head, *split])
    with pytest.raises(CorpusUnreadable, match="calibrate"):
        load_corpora([votes], tmp_path, TINY)


def test_two_seeds_are_two_networks(corpus: Path, tmp_path: Path) -> None:
    rows = load_corpora([corpus], tmp_path, TINY)
    first, second = (train_network(tmp_path, replace(TINY, seed=seed), rows).head.weight for seed in (1, 2))
    assert not torch.equal(first, second)


def test_an_expression_ranked_badly_or_on_few_faces_is_experimental() -> None:
    number = np.repeat([0, 1, 2], [60, 60, 10])
    label = np.array(EXPRESSIONS)[number]
    confidences = np.zeros((130, len(EXPRESSIONS)))
    confidences[np.arange(130), number] = 1  # perfect
    assert set(EXPRESSIONS) - set(experimental(label, confidences)) == {"happy", "surprised"}
    confidences[:, 1] = np.random.default_rng(0).random(130)
    assert set(EXPRESSIONS) - set(experimental(label, confidences)) == {"happy"}
