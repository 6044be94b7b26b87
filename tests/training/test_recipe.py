"""The whole recipe on a tiny corpus: it ends in a model the scorer takes, and goes on where it was cut off."""

import csv
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
from training.corpus import EXPRESSIONS, part_of
from training.fit import Settings
from training.recipe import Recipe, experimental, load_corpus, train, train_one

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
    monkeypatch.setattr(recipe, "CenterFace", WholePhoto)  # the processes that train find its boxes kept
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


def test_training_ends_in_a_model_the_scorer_takes(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    train(corpus, out, tmp_path / "work", TINY)
    scorer = ExpressionNet(model=out)
    assert scorer.expressions[:-1] == EXPRESSIONS
    assert scorer.experimental == set(EXPRESSIONS)
    assert out.stat().st_size < 4_000_000
    crops = list(np.random.default_rng(0).integers(0, 256, (3, SCORING.size, SCORING.size, 3), dtype=np.uint8))
    assert scorer.score(crops)[:, :-1].sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_a_run_that_was_cut_off_ends_in_the_same_network(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, in_parts = tmp_path / "at once", tmp_path / "in parts"
    at_once.mkdir()
    in_parts.mkdir()
    rows = load_corpus(corpus, at_once, TINY)
    whole = train_one(corpus, at_once, TINY, 0, rows).state_dict()
    save = fit._save

    def save_then_stop(*state: object) -> None:
        save(*state)
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "_save", save_then_stop)
    with pytest.raises(KeyboardInterrupt):
        train_one(corpus, in_parts, TINY, 0, rows)
    monkeypatch.setattr(fit, "_save", save)
    resumed = train_one(corpus, in_parts, TINY, 0, rows).state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_two_seeds_are_two_networks(corpus: Path, tmp_path: Path) -> None:
    rows = load_corpus(corpus, tmp_path, TINY)
    first, second = (train_one(corpus, tmp_path, TINY, number, rows).head.weight for number in (0, 1))
    assert not torch.equal(first, second)


def test_an_expression_ranked_badly_or_on_few_faces_is_experimental() -> None:
    label = np.repeat([0, 1, 2], [60, 60, 10])
    confidences = np.zeros((130, len(EXPRESSIONS)))
    confidences[np.arange(130), label] = 1  # perfect
    assert set(EXPRESSIONS) - set(experimental(label, confidences)) == {"happy", "surprised"}
    confidences[:, 1] = np.random.default_rng(0).random(130)
    assert set(EXPRESSIONS) - set(experimental(label, confidences)) == {"happy"}
